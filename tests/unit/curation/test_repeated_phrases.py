from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.repeated_phrases import LENGTH, Phrases, least_of, pieces_of_code, spell

SIGNATURE = "May the fork be with you"


def collected(*texts: tuple[int, str]) -> Phrases:
    phrases = Phrases()
    for author, text in texts:
        phrases.add(author, [text])
    return phrases


def filler(n: int) -> str:
    return " ".join(f"word{n}x{k}" for k in range(9))


def others(count: int) -> list[tuple[int, str]]:
    """Texts of another author, so that the first one wrote a small share."""
    return [(2, filler(100 + n)) for n in range(count)]


def test_a_signature_of_one_author_is_found_and_spelt_as_it_stands_there():
    texts = [(1, f"{filler(n)}. {SIGNATURE}! {filler(n + 50)}") for n in range(3)]

    (found,) = collected(*others(40), *texts).repeated()

    assert (found.author, found.texts) == (1, (40, 41, 42))
    assert spell([texts[0][1]], found) == SIGNATURE


def test_case_and_signs_between_words_do_not_hide_it():
    texts = [(1, f"{filler(1)} May the fork be with you"), (1, "may THE fork, be with you"), (1, SIGNATURE)]

    assert [one.texts for one in collected(*others(40), *texts).repeated()] == [(40, 41, 42)]


def test_what_somebody_else_writes_too_is_no_signature():
    texts = [(1, SIGNATURE)] * 3 + [(2, f"He said: {SIGNATURE}.")]

    assert collected(*others(40), *texts).repeated() == []


def test_a_phrase_does_not_reach_from_one_piece_into_the_next():
    phrases = Phrases()
    for author, text in others(40):
        phrases.add(author, [text])
    for _ in range(3):
        phrases.add(1, ["May the fork", "be with you"])

    assert phrases.repeated() == []


def test_near_duplicates_count_once():
    phrases = collected(*others(40), *[(1, SIGNATURE)] * 3)

    assert phrases.repeated(groups=[*range(40), 40, 40, 40]) == []
    assert len(phrases.repeated(groups=range(43))) == 1


def test_of_one_author_alone_nothing_is_peculiar():
    assert collected(*[(1, SIGNATURE)] * 30).repeated() == []


@pytest.mark.parametrize(("share", "least"), [(0.01, 3), (0.1, 3), (1 / 3, 7), (0.9, 66)])
def test_who_wrote_much_has_to_repeat_it_often(share, least):
    assert least - 1 < least_of(share) <= least


def test_prose_in_code_is_its_strings_and_comments():
    code = '10 rem Opens it\nlet a$ = "Hello world", remote = 1; rem and more\nprint "x"\n'

    assert [piece.strip() for piece in pieces_of_code(code)] == ["Opens it", "Hello world", "and more", "x"]


@given(st.lists(st.tuples(st.integers(1, 3), st.lists(st.sampled_from("abc"), max_size=14)), max_size=40))
def test_it_is_what_comparing_every_phrase_with_every_other_finds(texts):
    """Against the plain way: a dictionary of all phrases."""
    holders: dict[tuple[str, ...], set[int]] = {}
    for number, (_, words) in enumerate(texts):
        for start in range(len(words) - LENGTH + 1):
            holders.setdefault(tuple(words[start : start + LENGTH]), set()).add(number)
    count = {author: sum(one == author for one, _ in texts) for author, _ in texts}
    wanted = {
        tuple(sorted(some))
        for some in holders.values()
        if len(by := {texts[n][0] for n in some}) == 1
        and len(some) >= least_of(count[next(iter(by))] / len(texts))
    }

    found = collected(*((author, " ".join(words)) for author, words in texts)).repeated()

    assert {one.texts for one in found} == wanted
