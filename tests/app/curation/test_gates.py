"""What speaks against freezing: each gate names its offenders, and a warning is waived with a reason."""

from __future__ import annotations

import json
import uuid
from hashlib import sha256

import pytest

from curation.models import AuditEntry, Example, PairJudgement, Review, SecretWaiver, Snapshot
from curation.services import comparing, importing, planning, snapshotting, standing, waiving
from curation.services.selecting import Selection
from tests import makers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def gate(code: str, **asked) -> dict:
    plan = planning.plan_snapshot(**asked)
    return next(one.as_dict() for one in plan.gates.gates if one.code == code)


# Waivers


def test_a_warning_that_nobody_waived_blocks_and_says_so(maintainer):
    makers.approved()

    with pytest.raises(snapshotting.WarningsOpen, match=r"2 warnings.*Coverage \(coverage\)"):
        snapshotting.freeze(name="v1", author=maintainer)
    with pytest.raises(snapshotting.WarningsOpen, match="1 warnings"):
        snapshotting.freeze(name="v1", author=maintainer, waivers={"coverage": "a first version"})

    assert not Snapshot.objects.exists()


def test_a_waiver_stands_in_report_and_log_and_not_in_the_digest(maintainer):
    makers.approved()
    plan = planning.plan_snapshot()

    frozen = snapshotting.freeze(
        name="v1",
        author=maintainer,
        seen=plan.digest,
        waivers={"coverage": "a first version", "split": "too few"},
    )

    waived = {one["code"]: one["waiver"] for one in frozen.report["gates"] if one["waiver"]}
    assert {code: (one["reason"], one["by"]) for code, one in waived.items()} == {
        "coverage": ("a first version", maintainer.username),
        "split": ("too few", maintainer.username),
    }
    assert all(one["at"] for one in waived.values())
    assert frozen.digest == plan.digest
    entry = AuditEntry.objects.get(action="snapshot.freeze")
    assert entry.detail["waived"] == {"coverage": "a first version", "split": "too few"}


@pytest.mark.parametrize(
    ("waivers", "says"),
    [
        ({"leak": "it is fine"}, "cannot be waived"),
        ({"nothing": "x"}, 'There is no check "nothing". There are: not-empty'),
        ({"coverage": "  "}, "Say in a sentence"),
        ({"coverage": "x" * 501}, "longer than 500"),
    ],
)
def test_only_a_warning_is_waived_and_only_with_a_reason(maintainer, waivers, says):
    makers.approved()

    with pytest.raises(snapshotting.FreezeRefused, match=says):
        snapshotting.freeze(name="v1", author=maintainer, waivers=waivers)


def test_the_same_content_asks_for_no_waiver_again(maintainer):
    first = makers.snapshot("v1")

    assert snapshotting.freeze(name="v2", author=maintainer) == first


def test_what_changed_since_somebody_looked_is_not_frozen(maintainer):
    makers.approved()
    seen = planning.plan_snapshot().digest
    makers.approved()

    with pytest.raises(snapshotting.PlanChanged):
        makers.freeze(name="v1", author=maintainer, seen=seen)


# Gates


def twins() -> tuple[Example, Example]:
    text = makers.example_text("Twin")
    one, other = (
        makers.approved(f"strings/twin-{n}.md", text.replace("## Explanation", f"## Explanation\n\n{n}."))
        for n in range(2)
    )
    return one, other


@pytest.mark.parametrize("compared", [True, False], ids=["a worker compared", "nobody compared yet"])
def test_near_duplicates_are_a_warning_until_somebody_decides(compared):
    one, other = twins()
    makers.approved()
    if compared:
        comparing.compare()
    before = gate("near-duplicates")

    PairJudgement.objects.create(
        first=one,
        second=other,
        first_hash=one.content_hash,
        second_hash=other.content_hash,
        verdict="distinct",
        judge=makers.user("reviewer"),
        action=uuid.uuid4(),
    )

    assert (before["passed"], before["blocking"]) == (False, False)
    assert before["offenders"] == ["strings/twin-0.md and strings/twin-1.md"]
    assert gate("near-duplicates")["passed"]


def test_stored_likeness_and_a_new_comparison_make_the_same_version():
    for _ in range(3):
        makers.approved()
    twins()
    makers.approved("gui/same.md", makers.example_text("Quite another", code=makers.program("Twin")))
    fresh = planning.plan_snapshot()

    comparing.compare()
    stored = planning.plan_snapshot()
    makers.approved()
    mixed, again = planning.plan_snapshot(), comparing.compare()

    assert again == 1
    assert (stored.digest, stored.leaks) == (fresh.digest, fresh.leaks)
    assert planning.plan_snapshot().digest == mixed.digest
    assert len(set(fresh.clusters)) == 4


SECRET = 'rem connects\nurl$="https://user:Tr0ub4dor-and-3@db.example.com/"\nprint url$\n'


def test_a_secret_blocks_until_a_second_person_says_that_it_is_none():
    example = makers.example("gui/a.md", makers.example_text("A", code=SECRET))
    Review.objects.create(
        example=example,
        content_hash=example.content_hash,
        reviewer=makers.user("reviewer"),
        verdict="approve",
    )
    standing.refresh([example.pk])
    found = gate("secrets")

    (suspect,) = waiving.suspects(example)
    SecretWaiver.objects.create(
        example=example,
        content_hash=example.content_hash,
        rule=suspect.secret.rule,
        line=suspect.secret.line,
        reason="an example",
        waived_by=makers.user("reviewer"),
    )

    assert (found["passed"], found["blocking"]) == (False, True)
    assert found["offenders"] == [f"gui/a.md, line {suspect.secret.line}: {suspect.secret.says}"]
    assert gate("secrets")["passed"]


def test_who_wrote_an_example_does_not_count_as_the_second_person(author):
    example = makers.example("gui/a.md", author=author)
    Review.objects.create(
        example=example, content_hash=example.content_hash, reviewer=author, verdict="approve"
    )
    standing.refresh([example.pk])

    alone = gate("two-people")
    makers.review(example)

    assert (alone["passed"], alone["blocking"], alone["offenders"]) == (False, True, ["gui/a.md"])
    assert gate("two-people")["passed"]


def test_coverage_counts_what_is_for_every_generation_for_each_of_them():
    for n in range(5):
        makers.approved(f"gui/{n}.md", makers.example_text(f"For all {n}"))

    found = gate("coverage")

    assert (found["passed"], found["blocking"]) == (False, False)
    assert not [line for line in found["offenders"] if "completion" in line]
    assert "dwc, migration: 0 examples" in found["offenders"]
    assert gate("coverage", selection=Selection(type="completion"))["passed"]


def test_a_phrase_that_one_author_repeats_is_named_with_author_and_files():
    signature = "Cheers, your friend from the harbour."
    bob = makers.user(name="bob")
    for n in range(3):
        words = makers.example_text(f"Bob {n}")
        makers.approved(f"gui/bob-{n}.md", words + f"\n{signature}\n", author=bob)
    for n in range(30):
        makers.approved(f"strings/other-{n}.md")

    found = gate("repeated-phrases")

    assert (found["passed"], found["blocking"]) == (False, False)
    assert found["offenders"] == [
        '"Cheers your friend from the harbour", bob: gui/bob-0.md, gui/bob-1.md, gui/bob-2.md'
    ]


# The leak report


def test_the_leak_report_names_the_closest_pairs_and_where_each_kind_stands(tmp_path, maintainer):
    for n in range(8):
        makers.approved(f"strings/{n}.md", makers.example_text(f"Number {n}"))

    report = makers.freeze(name="v1", author=maintainer, validation_per_mille=500).report

    closest = report["leaks"]["across"]
    assert 0 < len(closest) <= 20
    assert [pair["score"] for pair in closest] == sorted((p["score"] for p in closest), reverse=True)
    assert closest[0]["score"] == report["counts"]["largest_similarity"]
    assert (closest[0]["rule"], report["leaks"]["sampled"]) == ("text", False)
    (row,) = report["strata"]
    assert (row["generation"], row["type"], row["train"] + row["validation"]) == ("all", "completion", 8)


def test_the_report_names_tasks_of_the_triage_pool_and_none_of_the_holdout(tmp_path, maintainer):
    for pool in ("holdout", "triage"):
        makers.put(tmp_path, f"tasks/{pool}/{pool}-task.md", makers.example_text(f"Task of {pool}"))
    importing.import_tasks(tmp_path)
    makers.approved()

    frozen = makers.freeze(name="v1", author=maintainer)

    assert {pair["b"] for pair in frozen.report["leaks"]["tasks"]} == {
        "a task of the holdout",
        "triage/triage-task.md",
    }
    assert "holdout-task" not in json.dumps(frozen.report)


def test_clusters_that_a_new_text_joins_are_told(maintainer):
    words = [sha256(str(n).encode()).hexdigest()[:7] for n in range(700)]

    def part(start: int) -> None:
        text = makers.example_text(f"From {start}", explanation=" ".join(words[start : start + 600]))
        makers.approved(f"strings/from-{start}.md", text)

    part(0)
    part(100)
    first = makers.freeze(name="v1", author=maintainer)
    part(50)  # near to both, which are not near to each other

    plan = planning.plan_snapshot()

    old = sorted(first.entries.values_list("cluster", flat=True))
    assert len(set(old)) == 2
    assert plan.report["leaks"]["grown_together"] == [old]
    assert set(plan.clusters) == {old[0]}
