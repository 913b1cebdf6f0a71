"""Tokens of an example: counted by the base model's own tokenizer, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curation.adapters.tokenizer import training_tokenizer
from curation.domain import markdown
from curation.domain.chatml import chat_text, render
from curation.services import measuring
from tests import makers, tiny_tokenizer

pytestmark = pytest.mark.one_database


@pytest.fixture
def shelf(settings, tmp_path: Path) -> Path:
    settings.STUDIO_BASE_MODELS = tmp_path
    return tmp_path


def doc_of(text: str) -> markdown.ExampleDoc:
    doc = markdown.parse(text, path="gui/a.md").doc
    assert doc
    return doc


def test_prompt_and_answer_are_counted_with_the_signs_of_the_chat(shelf):
    tiny_tokenizer.write(shelf / "Qwen" / "Tiny", vocabulary=256)  # a token a byte
    doc = doc_of(makers.example_text(code='rem x\nprint "é"\n'))
    rendered = render(doc)

    length = measuring.length_of(doc)

    marks = {"<|im_start|>": "s", "<|im_end|>": "e"}
    asked, whole = (
        chat_text(rendered["prompt"], answer_next=True),
        chat_text(rendered["prompt"] + rendered["completion"]),
    )
    for mark, letter in marks.items():
        asked, whole = asked.replace(mark, letter), whole.replace(mark, letter)
    assert length.tokenizer == "Qwen/Tiny"
    assert (length.prompt, length.whole) == (len(asked.encode()), len(whole.encode()))
    assert [(cut.limit, cut.lost, cut.refused) for cut in length.cuts] == [(2048, 0, False), (4096, 0, False)]


def test_what_a_limit_cuts_from_the_answer_is_said(shelf):
    tiny_tokenizer.write(shelf / "tiny")
    doc = doc_of(makers.example_text(code="rem x\n" + "q" * 3000 + "\n"))

    length = measuring.length_of(doc)

    small, large = length.cuts
    assert (small.lost, small.refused) == (length.whole - 2048, False)
    assert (large.lost, large.refused) == (0, False)


def test_a_prompt_that_fills_the_limit_is_refused_by_training(shelf):
    tiny_tokenizer.write(shelf / "tiny")
    doc = doc_of(makers.example_text(type="comprehension", code="rem x\n" + "q" * 3000 + "\n"))

    length = measuring.length_of(doc)

    assert [(cut.lost, cut.refused) for cut in length.cuts] == [(length.answer, True), (0, False)]


def test_a_base_that_somebody_put_there_goes_before_the_rehearsals_and_the_newest_first(shelf):
    for age, name in ((30, "Qwen/Older"), (20, "Newer"), (10, "tiny/0123")):
        file = tiny_tokenizer.write(shelf / name)
        os.utime(file, (1_000_000_000 - age, 1_000_000_000 - age))
    (shelf / "tiny/0123/BUILT_FROM.json").write_text("{}")

    found = training_tokenizer(shelf)

    assert found
    assert (found.name, found.of_rehearsal) == ("Newer", False)


def test_without_a_tokenizer_nothing_is_counted_and_the_way_out_is_said(shelf):
    with pytest.raises(measuring.NotMeasured, match="Put the folder of the base model there"):
        measuring.length_of(doc_of(makers.example_text()))


def test_a_broken_tokenizer_is_named(shelf):
    (shelf / "tiny").mkdir()
    (shelf / "tiny/tokenizer.json").write_text("{}")

    with pytest.raises(measuring.NotMeasured, match=r"tiny/tokenizer\.json is no tokenizer"):
        measuring.length_of(doc_of(makers.example_text()))


def test_an_example_without_an_answer_is_not_counted(shelf):
    tiny_tokenizer.write(shelf / "tiny")
    text = makers.example_text(type="explanation").partition("## Explanation")[0]

    with pytest.raises(measuring.NotMeasured, match="without an answer"):
        measuring.length_of(doc_of(text))
