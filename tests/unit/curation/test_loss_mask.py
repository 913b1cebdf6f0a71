from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curation.domain.loss_mask import Mask, mask, pieces
from curation.domain.mask_audit import MOST_NAMED, Tally, percentile

END = 9


def a_mask(asked: int = 3, answer: int = 4, limit: int = 100) -> Mask:
    """A prompt, an answer, and behind it the end token and a line end."""
    prompt = list(range(100, 100 + asked))
    return mask(prompt, [*prompt, *range(200, 200 + answer), END, 1], limit=limit, end_token=END)


def test_the_answer_and_its_end_are_trained_and_the_prompt_is_not():
    found = a_mask(asked=3, answer=4)

    assert (found.tokens, found.start, found.trained, found.lost) == (9, 3, 6, 0)
    assert found.ends
    assert [found.kind(place) for place in (0, 2, 3, 8)] == ["prompt", "prompt", "trained", "trained"]


def test_a_cut_takes_the_end_first():
    assert a_mask(limit=9).ends
    one_short = a_mask(limit=8)
    assert (one_short.ends, one_short.lost) == (True, 1)  # the line end behind the end token
    two_short = a_mask(limit=7)
    assert (two_short.ends, two_short.lost, two_short.trained) == (False, 2, 4)
    assert [two_short.kind(place) for place in (6, 7)] == ["trained", "cut"]


def test_a_prompt_that_fills_the_limit_is_refused():
    assert not a_mask(asked=3, limit=4).refused
    assert a_mask(asked=3, limit=3).refused
    assert a_mask(asked=3, limit=2).trained == 0


def test_a_line_end_that_melts_into_the_prompts_last_token_is_learnt():
    found = mask([1, 2, 10], [1, 2, 11, 12, END, 10], limit=50, end_token=END)

    assert (found.start, found.trained) == (2, 4)


def test_the_end_of_the_system_message_is_no_end_of_the_answer():
    found = mask([1, END, 2], [1, END, 2, 3], limit=50, end_token=END)

    assert (found.end, found.ends) == (-1, False)


def test_tokens_of_one_character_are_one_piece():
    text = "a é"
    found = list(pieces(text, [(0, 1), (1, 3), (2, 3), (2, 3)], Mask(4, 1, 4, -1, False)))

    assert found == [("a", 1, "prompt"), (" é", 3, "trained")]


@given(st.text(max_size=30), st.data())
def test_the_pieces_are_the_text_and_all_tokens_are_counted(text, data):
    places = st.tuples(*[st.integers(0, len(text))] * 2).map(sorted).map(tuple)
    offsets = sorted(data.draw(st.lists(places, max_size=20)))
    found = list(pieces(text, offsets, Mask(len(offsets), 3, 7, -1, False)))

    assert "".join(piece.text for piece in found) == text
    assert sum(piece.tokens for piece in found) == len(offsets)
    order = [piece.kind for piece in found]
    assert order == sorted(order, key=["prompt", "trained", "cut"].index)


def test_an_audit_counts_all_and_names_the_worst():
    tally = Tally()
    for n in range(300):
        tally.add(f"gui/fine-{n:03d}.md", a_mask(limit=50))
    tally.add("gui/silent.md", a_mask(asked=60, limit=50))
    tally.add("gui/endless.md", a_mask(answer=60, limit=50))
    tally.add("gui/only-the-line-end.md", a_mask(answer=46, limit=50))

    found = tally.summary()

    assert (found["rows"], found["cut"], found["silent"], found["endless"]) == (303, 3, 1, 1)
    assert found["silent_rows"] == ["gui/silent.md"]
    assert found["cut_rows"] == [["gui/endless.md", 15], ["gui/silent.md", 16]][::-1] + [
        ["gui/only-the-line-end.md", 1]
    ]
    assert found["endless_rows"] == [["gui/endless.md", 15]]
    assert (found["p50"], found["p95"], found["longest"]) == (9, 9, 66)
    assert found["trained"] == 300 * 6 + 47 + 47
    assert found["kept"] == 300 * 9 + 150
    assert found["tokens"] == found["kept"] + found["lost"]


def test_an_audit_names_only_so_many():
    tally = Tally()
    for n in range(MOST_NAMED + 50):
        tally.add(f"{n:04d}", a_mask(answer=20 + n, limit=10))

    found = tally.summary()

    assert found["cut"] == found["endless"] == MOST_NAMED + 50
    assert len(found["cut_rows"]) == len(found["endless_rows"]) == MOST_NAMED
    assert found["cut_rows"][0] == [f"{MOST_NAMED + 49:04d}", MOST_NAMED + 49 + 20 + 5 - 10]


def test_percentiles_are_values_that_occur():
    assert percentile([], 0.5) == 0
    assert percentile([5], 0.95) == 5
    assert percentile(range(1, 101), 0.95) == 95
    assert Tally().summary()["rows"] == 0
