"""Review, split, snapshot and check report: the small rules everything else leans on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.labels import DIFFICULTIES, GENERATION_NAMES, GENERATIONS, TYPES
from curation.domain.problems import Problem, check_report
from curation.domain.review import ReviewFact, blind_round, is_blind, status, writers
from curation.domain.schema import schema
from curation.domain.snapshot import Member, build_manifest, canonical, digest, split_counts
from curation.domain.split import cluster_id, known_ids, split_of

OLD, NEW = "a" * 64, "b" * 64


def test_editing_an_example_withdraws_its_approval():
    reviews = [ReviewFact("rey", "approve", OLD)]

    assert status(OLD, reviews) == "approved"
    assert status(NEW, reviews) == "needs_review"


def test_the_last_word_of_each_reviewer_counts_and_the_strictest_decides():
    reviews = [ReviewFact("rey", "reject", OLD), ReviewFact("kim", "approve", OLD)]

    assert status(OLD, []) == "needs_review"
    assert status(OLD, reviews) == "rejected"
    assert status(OLD, [*reviews, ReviewFact("rey", "request_changes", OLD)]) == "changes_requested"
    assert status(OLD, [*reviews, ReviewFact("rey", "approve", OLD)]) == "approved"


def test_whoever_takes_a_verdict_back_has_said_nothing():
    reviews = [ReviewFact("rey", "reject", OLD), ReviewFact("rey", "withdrawn", OLD)]

    assert status(OLD, reviews) == "needs_review"
    assert status(OLD, [ReviewFact("kim", "approve", OLD), *reviews]) == "approved"


def test_with_two_reviewers_nothing_is_decided_before_both_have_spoken():
    first = [ReviewFact("rey", "reject", OLD)]

    assert status(OLD, first, needed=2) == "needs_review"
    assert is_blind(1, needed=2)
    assert status(OLD, [*first, ReviewFact("rey", "approve", OLD)], needed=2) == "needs_review"
    assert status(OLD, [*first, ReviewFact("kim", "reject", OLD)], needed=2) == "rejected"


def test_reviewers_who_differ_need_somebody_who_settles_it():
    both = [ReviewFact("rey", "reject", OLD), ReviewFact("kim", "approve", OLD)]
    settled = ReviewFact("max", "approve", OLD, adjudicates=True)

    assert status(OLD, both, needed=2) == "disputed"
    assert not is_blind(2, needed=2)
    assert status(OLD, [*both, settled], needed=2) == "approved"
    assert status(OLD, [*both, settled, ReviewFact("max", "withdrawn", OLD)], needed=2) == "disputed"
    assert status(NEW, [*both, settled], needed=2) == "needs_review"


@pytest.mark.parametrize(
    ("history", "theirs"),
    [
        ("A1", "A"),
        ("A1 B2", "AB"),
        ("A1 B2 B1", "A"),
        ("A1 B2 C3 D2", "AB"),
        ("A1 B2 C1 C2", "ABC"),  # bringing a text back makes nobody else its only author
        ("A1 B2 C1 D3", "AD"),
        ("A1 B1", "A"),
    ],
)
def test_a_change_that_was_taken_back_is_nobodys_work(history, theirs):
    assert writers((step[0], step[1]) for step in history.split()) == set(theirs)


def test_growing_the_data_never_moves_an_old_cluster():
    before = cluster_id([OLD])

    after = cluster_id([OLD, "0" * 64], known={OLD: before})

    assert before == after


def test_two_old_clusters_that_grow_together_keep_the_smaller_id_and_show():
    known = {OLD: "c2", NEW: "c1"}

    assert cluster_id([OLD, NEW], known) == "c1"
    assert known_ids([OLD, NEW, "0" * 64], known) == ["c1", "c2"]


def test_the_side_of_a_cluster_is_the_same_on_every_machine():
    """These sides are written down: another answer would move examples of every dataset version there is."""
    assert [group for group in "abcdefghijklmnopqrstuvwxyz" if split_of(group, seed=13) == "validation"] == [
        "h"
    ]


def test_the_words_of_the_schema_are_those_of_the_studio():
    fields = schema()["properties"]

    assert tuple(fields["type"]["enum"]) == TYPES
    assert tuple(fields["difficulty"]["enum"]) == DIFFICULTIES
    assert tuple(schema()["definitions"]["generation"]["enum"]) == GENERATIONS
    assert tuple(GENERATION_NAMES) == ("all", *GENERATIONS)


def test_about_a_tenth_of_many_clusters_is_for_validation():
    sides = [split_of(str(n), seed=13) for n in range(5000)]

    assert 400 < sides.count("validation") < 600
    assert sides == [split_of(str(n), seed=13) for n in range(5000)]


@pytest.mark.parametrize(("per_mille", "side"), [(0, "train"), (1000, "validation")])
def test_the_ends_of_the_split_are_everything_or_nothing(per_mille: int, side: str):
    assert {split_of(str(n), seed=1, validation_per_mille=per_mille) for n in range(50)} == {side}


def test_a_share_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="1001"):
        split_of("x", seed=1, validation_per_mille=1001)
    with pytest.raises(ValueError, match="at least one"):
        cluster_id([])


def manifest(members: list[Member]) -> dict:
    return build_manifest(members, [], template_version="chatml-1", seed=13, policy={"whole": 0.85})


@given(st.permutations([Member(f"gui/{n}.md", f"{n}", f"{n}", "train") for n in range(4)]))
def test_the_order_of_rows_does_not_change_the_digest(members: list[Member]):
    assert digest(manifest(members)) == digest(manifest(sorted(members)))


def test_a_manifest_has_one_spelling_on_every_machine():
    built = manifest([Member("gui/ü.md", "1", "c", "validation")])

    assert canonical(built) == (
        '{"corpus":[],"examples":[{"cluster":"c","content_hash":"1","path":"gui/ü.md","split":"validation"}],'
        '"manifest_version":1,"policy":{"whole":0.85},"seed":13,"template_version":"chatml-1"}'
    )
    assert split_counts(built) == {"validation": 1}


def test_warnings_do_not_spoil_a_check():
    warning = Problem("a.md", 3, "no-rem", "warning", "The first line is not a REM.", "Add one.")

    assert check_report(1, [warning]) == {"ok": True, "files": 1, "problems": [warning.as_dict()]}
    assert str(warning) == "a.md:3: The first line is not a REM. Add one."


def said(*words: tuple[str, str]) -> list[ReviewFact]:
    return [ReviewFact(who, verdict, "h") for who, verdict in words]


@pytest.mark.parametrize(
    ("words", "needed", "round_"),
    [
        ([("a", "approve")], 2, []),
        ([("a", "approve"), ("b", "reject")], 1, []),
        ([("a", "approve"), ("b", "reject")], 2, ["approve", "reject"]),
        ([("a", "approve"), ("a", "reject"), ("b", "reject")], 2, ["reject", "reject"]),
        ([("a", "approve"), ("a", "withdrawn"), ("b", "reject")], 2, []),
        ([("a", "approve"), ("b", "reject"), ("b", "withdrawn"), ("b", "approve")], 2, ["approve", "reject"]),
    ],
)
def test_a_blind_round_ends_with_the_last_verdict_that_was_needed(words, needed, round_):
    assert [fact.verdict for fact in blind_round("h", said(*words), needed=needed)] == round_
    assert blind_round("another text", said(*words), needed=needed) == []
