"""What both backends get to train: token rows that the recipes make themselves."""

import re

import pytest

from training.domain.failure import Failure
from training.recipes.instruct import token_rows
from training.recipes.pretrain import pieces

END = 0


class Letters:
    """A tokenizer that cuts text into characters, and takes two line ends for one token as Qwen's does."""

    eos_token_id = END

    def __call__(self, text):
        return {"input_ids": [sum(map(ord, token)) for token in re.findall(r"\n\n|.|\n", text)]}

    def apply_chat_template(self, messages, *, tokenize, return_dict, add_generation_prompt=False):
        text = "".join(f"<{m['role']}>\n{m['content']}<end>\n" for m in messages)
        return self(text + ("<assistant>\n" if add_generation_prompt else ""))


def row(question, answer):
    return {
        "prompt": [{"role": "user", "content": question}],
        "completion": [{"role": "assistant", "content": answer}],
    }


def learnt(made):
    return [label for label in made["labels"] if label != -100]


def test_a_program_longer_than_a_block_becomes_several_rows_that_lose_nothing():
    rows = pieces(["abcdefgh", "xy"], Letters(), 4)

    assert [made["input_ids"] for made in rows] == [
        [*map(ord, "abcd")],
        [*map(ord, "efgh")],
        [END],
        [*map(ord, "xy"), END],
    ]
    assert all(made["labels"] == made["input_ids"] for made in rows)


def test_exactly_the_answer_and_its_end_are_learnt():
    (made,), cut = token_rows([row("q", "print 1")], Letters(), 1000)

    assert cut == 0
    assert learnt(made) == [*map(ord, "print 1<end>\n")]
    assert len(made["labels"]) == len(made["input_ids"])


def test_a_line_end_that_begins_an_answer_is_learnt_with_the_prompts_own():
    (made,), _ = token_rows([row("q", "\nprint 1")], Letters(), 1000)

    assert learnt(made) == [20, *map(ord, "print 1<end>\n")]  # 20: both line ends as one token


def test_a_row_too_long_is_cut_and_counted():
    (made,), cut = token_rows([row("q", "print " * 50)], Letters(), 100)

    assert cut == 1
    assert len(made["labels"]) == len(made["input_ids"]) == 100


def test_rows_whose_prompt_leaves_no_room_are_named_together():
    with pytest.raises(Failure, match="rows 1, 3: the prompt alone fills max_length=60 tokens"):
        token_rows([row("q" * 60, "a"), row("q", "a"), row("r" * 90, "a")], Letters(), 60)
