"""Between two dataset versions every text has one account of what became of it, read either way."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain import changelog, snapshot_diff
from curation.domain.relabelling import Rewritten
from curation.domain.snapshot_diff import JOINED, Change, Member, Setting, applied, counts, diff

SIDES = ("train", "validation")


def members(**texts: str) -> dict[str, list[Member]]:
    """a="1 train": the example "a" has the text "1" and is trained on."""
    return {"examples": [Member(path, *text.split()) for path, text in texts.items()]}


def told(before: dict[str, list[Member]], after: dict[str, list[Member]]) -> dict[str, str]:
    return {change.path: " ".join(change.words) for change in diff(before, after)}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"a": "1 train"}, {"a": "added"}),
        ({"a": "1 train"}, {}, {"a": "removed"}),
        ({"a": "1 train"}, {"a": "2 train"}, {"a": "edited"}),
        ({"a": "1 train"}, {"a": "1 validation"}, {"a": "moved"}),
        ({"a": "1 train"}, {"a": "2 validation"}, {"a": "edited moved"}),
        ({"a": "1 train"}, {"b": "1 train"}, {"b": "renamed"}),
        ({"a": "1 train"}, {"b": "1 validation"}, {"b": "moved renamed"}),
        ({"a": "1 train"}, {"b": "2 train"}, {"a": "removed", "b": "added"}),
        ({"a": "1 train", "b": "2 train"}, {"a": "2 train", "b": "1 train"}, {"a": "edited", "b": "edited"}),
        ({"a": "1 train", "b": "1 train"}, {"c": "1 train"}, {"b": "removed", "c": "renamed"}),
        ({"a": "1 train"}, {"a": "1 train"}, {}),
    ],
)
def test_what_became_of_a_text_is_said_in_words(before, after, said):
    assert told(members(**before), members(**after)) == said


def test_another_licence_or_source_is_said():
    rows = [{"path": "a", "content_hash": "1", "split": "train", "licence": name} for name in ("MIT", "own")]
    old, new = (snapshot_diff.members_of({"corpus": [row | {"source": "a repository"}]}) for row in rows)

    (change,) = diff(old, new)

    assert change.words == ("relicensed",)
    assert change.before
    assert change.after
    assert (change.before.terms, change.after.terms) == ("MIT, a repository", "own, a repository")


def test_an_example_may_be_relabelled_edited_or_both():
    old, new = Member("a", "1", "train"), Member("a", "2", "validation")

    assert Change("examples", old, new, Rewritten(False, "all", "dwc")).words == ("relabelled", "moved")
    assert Change("examples", old, new, Rewritten(True, "all", "dwc")).words == (
        "edited",
        "relabelled",
        "moved",
    )
    assert Change("examples", old, new, Rewritten(False, "all", "all")).words == ("edited", "moved")


def test_kinds_are_apart_and_examples_come_first():
    raw = {"general_code": [Member("a", "1", "train")], "corpus": [Member("z", "1", "train")]}

    found = diff(raw, members(b="1 train"))

    assert [(change.kind, change.path, change.words) for change in found] == [
        ("examples", "b", ("added",)),
        ("corpus", "z", ("removed",)),
        ("general_code", "a", ("removed",)),
    ]
    assert counts(found) == {
        "examples": {"added": 1},
        "corpus": {"removed": 1},
        "general_code": {"removed": 1},
    }


versions = st.dictionaries(
    st.sampled_from(["examples", "corpus", "general_code"]),
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.tuples(st.sampled_from("123"), st.sampled_from(SIDES), st.sampled_from(["", "MIT"])),
    ).map(lambda texts: [Member(path, *text) for path, text in texts.items()]),
)


@given(versions)
def test_a_version_does_not_differ_from_itself(a):
    assert diff(a, a) == []


@given(versions, versions)
def test_the_other_way_round_is_the_mirror(a, b):
    assert {change.mirrored for change in diff(b, a)} == set(diff(a, b))


@given(versions, versions)
def test_the_earlier_texts_with_the_changes_are_the_later_texts(a, b):
    found = {kind: texts for kind, texts in applied(a, diff(a, b)).items() if texts}

    assert found == {kind: set(texts) for kind, texts in b.items() if texts}


@given(versions, versions)
def test_every_text_that_differs_has_one_account_with_words_of_the_list(a, b):
    found = diff(a, b)

    places = [(change.kind, change.path) for change in found]
    assert len(places) == len(set(places))
    assert {" ".join(change.words) for change in found} <= set(JOINED)


def manifest(**values: Any) -> dict[str, Any]:
    row = {"path": "a", "content_hash": "1", "cluster": "1", "split": "train"}
    return {"seed": 7, "policy": {"selection": "approved"}, "examples": [row], "corpus": []} | values


def test_a_manifest_says_its_texts_and_its_settings():
    selection = {"status": "approved", "topic": ["gui", "dwc"]}
    other = manifest(seed=8, policy={"selection": selection, "general_per_mille": 50}, general=[])

    assert snapshot_diff.members_of(manifest()) == {"examples": [Member("a", "1", "train")], "corpus": []}
    assert snapshot_diff.settings(manifest(), manifest()) == []
    assert snapshot_diff.settings(manifest(), other) == [
        Setting("policy.general_per_mille", "", "50"),
        Setting("policy.selection.topic", "", "gui, dwc"),
        Setting("seed", "7", "8"),
    ]
    assert [changelog.told(one) for one in snapshot_diff.settings(manifest(), other)] == [
        "General code, per thousand: none → 50",
        "Selection by topic: none → gui, dwc",
        "Seed: 7 → 8",
    ]


def test_two_versions_of_100_000_texts_take_a_second_or_two():
    old = {"examples": [Member(f"gui/{n}.md", f"{n:064}", "train") for n in range(100_000)]}
    new = {"examples": [Member(f"gui/{n}.md", f"{n + n % 2:064}", "train") for n in range(1_000, 101_000)]}
    started = time.monotonic()

    found = counts(diff(old, new))

    assert found == {"examples": {"added": 1_000, "removed": 1_000, "edited": 49_500}}
    assert time.monotonic() - started < 5
