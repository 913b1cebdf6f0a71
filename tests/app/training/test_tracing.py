"""From an example to the scores it had a part in, and from a version back to the failures it learned from."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curation.models import Example, Snapshot
from studio import tokens
from tests import makers
from tests.loop import taught, trained
from training.models import Attempt, Run
from training.services import tracing

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@dataclass
class Loop:
    """v1 → a run that failed at a task → an example → v2 → a run that passed."""

    first: Snapshot
    second: Snapshot
    example: Example
    attempt: Attempt
    runs: tuple[Run, Run]


@pytest.fixture
def loop(maintainer) -> Loop:
    author = makers.user()
    first = makers.snapshot("v1", examples=2, author=maintainer)
    before = trained(first, "compile_error", "no_code")
    attempt = Attempt.objects.get(outcome="compile_error")
    example = taught(attempt, "gui/sibling.md", author=author)
    example = makers.edited(example, makers.example_text("A sibling", explanation="Mended."))
    makers.review(example)
    second = makers.freeze(name="v2", author=maintainer)
    after = trained(second, "compiled", "no_code")
    return Loop(first, second, example, attempt, (before, after))


def shown(client, name: str, *args, **query) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_an_example_leads_to_its_versions_runs_models_and_scores(loop):
    (standing,) = tracing.traced(list(tracing.standings_of(loop.example)))

    assert (standing.entry.snapshot, standing.entry.revision.number) == (loop.second, 2)
    (run,) = standing.runs
    assert run.run == loop.runs[1]
    assert [model.kind for model in run.models] == ["gguf_q4_k_m"]
    assert run.scored
    assert run.scored.pools[1].figures.startswith("offline check@1 50.0%, 95 % interval")


def test_an_example_leads_back_to_the_failure_it_was_drafted_from(loop):
    (behind,) = tracing.failures_behind(loop.example)

    assert (behind.attempt, behind.revision.number) == (loop.attempt, 1)
    assert tracing.failures_behind(makers.example()) == []


def test_a_version_leads_back_to_the_failures_behind_its_examples(loop):
    (found,) = tracing.taught(list(tracing.from_failures(loop.second)), loop.second)

    assert (found.attempt, found.revision.example, found.revision.number) == (
        loop.attempt,
        loop.example,
        1,
    )
    assert found.entry
    assert found.entry.revision.number == 2
    assert not tracing.from_failures(loop.first).exists()


def test_a_version_leads_on_to_what_its_failures_became(loop):
    (answered,) = tracing.answered(list(tracing.failures_of(loop.first)))

    assert (answered.attempt, answered.example, answered.first) == (loop.attempt, loop.example, loop.second)
    assert not tracing.failures_of(loop.second).exists()


def test_an_example_of_a_failure_that_no_version_holds_is_said_to_be_in_none(loop, maintainer):
    attempt = Attempt.objects.filter(outcome="no_code").first()
    assert attempt
    taught(attempt, "gui/new.md", author=makers.user())

    newest = tracing.answered(list(tracing.failures_of(loop.first)))[0]

    assert (newest.example.path, newest.first) == ("gui/new.md", None)


def test_of_many_runs_the_newest_are_shown_and_the_rest_counted(loop):
    more = [trained(loop.second, "compiled") for _ in range(tracing.RUNS_A_VERSION)]

    (standing,) = tracing.traced(list(tracing.standings_of(loop.example)))

    assert [run.run for run in standing.runs] == more[::-1]
    assert standing.more_runs == 1


def test_the_runs_of_a_version_are_a_list(as_author, loop):
    _, secret = tokens.create(owner=makers.user(), name="t", scopes=["runs:read"], days=1)
    newest = trained(loop.second, "compiled")

    page = as_author.get(reverse("run_list"), {"snapshot": loop.second.pk})
    unknown = as_author.get(reverse("run_list"), {"snapshot": 987})
    told = as_author.get(
        f"/api/v1/runs?snapshot={loop.second.pk}", headers={"Authorization": f"Bearer {secret}"}
    )

    assert [row["run"] for row in page.context["rows"]] == [newest, loop.runs[1]]
    assert [row["id"] for row in told.json()["items"]] == [newest.pk, loop.runs[1].pk]
    assert (unknown.status_code, "There is no such dataset version." in unknown.content.decode()) == (
        422,
        True,
    )


def test_no_page_reads_the_list_of_texts_of_a_version_to_name_it(as_author, loop):
    names = ("run_list", "model_list", "evaluation_list", "run_start", "dashboard")
    with CaptureQueriesContext(connection) as asked:
        for name in names:
            assert as_author.get(reverse(name)).status_code == 200

    reading = [query["sql"] for query in asked if '"curation_snapshot"."manifest"' in query["sql"]]
    assert len(reading) <= 1  # the check before a run reads the one that it is about


def test_the_pages_link_both_ways(as_author, loop):
    example = shown(as_author, "lineage_example", loop.example.pk)
    first = shown(as_author, "lineage_snapshot", loop.first.pk)
    second = shown(as_author, "lineage_snapshot", loop.second.pk)

    failure = f"#attempt-{loop.attempt.pk}"
    assert failure in example
    assert "offline check@1 50.0%" in example
    assert "A model of <a href" in example
    assert f"?after={loop.attempt.pk - 1}{failure}" in first
    assert "first in <a" in first
    assert "None of its examples was drafted" in first
    assert failure in second
    assert reverse("lineage_example", args=[loop.example.pk]) in first
    assert reverse("lineage_example", args=[loop.example.pk]) in second
    for name, key in (("example_page", loop.example.pk), ("snapshot_page", loop.second.pk)):
        assert "/lineage/" in shown(as_author, name, key)
    for name, key in (("run_page", loop.runs[1].pk), ("evaluation_page", loop.attempt.evaluation_id)):
        assert "/lineage/snapshots/" in shown(as_author, name, key)


def test_a_page_asks_the_same_number_of_questions_however_much_there_is(as_author, loop, maintainer):
    def questions() -> list[int]:
        found = []
        for name, key in (("lineage_example", loop.example.pk), ("lineage_snapshot", loop.first.pk)):
            with CaptureQueriesContext(connection) as asked:
                shown(as_author, name, key)
            found.append(len(asked))
        return found

    before = questions()
    for n in range(3):
        makers.approved()
        trained(makers.freeze(name=f"more-{n}", author=maintainer), "compiled", "no_code")
        trained(loop.first, "compile_error")

    assert questions() == before


def test_programs_read_the_same(loop):
    _, secret = tokens.create(owner=makers.user(), name="t", scopes=["runs:read"], days=1)

    def read(client, path: str):
        return client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {secret}"}).json()

    client = makers.signed_in(makers.user())
    example = read(client, f"/lineage/examples/{loop.example.pk}")
    first = read(client, f"/lineage/snapshots/{loop.first.pk}")
    second = read(client, f"/lineage/snapshots/{loop.second.pk}")

    assert example["came_from"][0]["attempt"] == loop.attempt.pk
    assert [(row["name"], row["revision"]) for row in example["items"]] == [("v2", 2)]
    assert example["items"][0]["runs"][0]["pools"][1]["value"] == 0.5
    assert first["answered"][0]["first_snapshot"] == loop.second.pk
    assert second["items"][0]["example"] == loop.example.pk
    assert second["runs"][0]["run"] == loop.runs[1].pk
