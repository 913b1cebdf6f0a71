"""The check page and the API with a probe: asked for, under way, done."""

from __future__ import annotations

import pytest

from tests.app.api.conftest import program_of
from training.models import Probe
from training.services import probing

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

TIMES = {"steps_of": 62, "step_s": [2.9, 3.0, 3.4], "start_s": 20.0, "evaluation_s": 0.0}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr(probing.waking, "wake", lambda *_: True)


def chosen(snapshot, **values):
    sent = {"snapshot": snapshot.pk, "recipe_name": "rehearsal", "seed": 13, "replicates": 1}
    return {**sent, "idempotency_key": "k", "values_of": "rehearsal", **values}


def done(probe: Probe) -> None:
    Probe.objects.filter(pk=probe.pk).update(
        state="done",
        machine="gpu-1:0",
        finished_at="2026-11-26T01:00Z",
        result={
            "pretrain": {**TIMES, "gpu_used_bytes": 11_816_206_336},
            "instruct": {**TIMES, "rows": 58, "loss_mask": {"cut": 2, "trained_tokens": 9310}},
        },
    )


def test_asking_leads_back_to_the_page_with_all_that_was_typed(as_maintainer, snapshot):
    sent = chosen(snapshot, **{"instruct.batch_size": "3"})

    answer = as_maintainer.post("/train/measure/", sent)

    assert Probe.objects.get().recipe["instruct"]["batch_size"] == 3
    page = as_maintainer.get(answer.url).content.decode()
    assert 'name="instruct.batch_size" id="id_instruct.batch_size" value="3"' in page
    assert "waiting for a worker" in page
    assert f'hx-get="/train/measure/{Probe.objects.get().pk}/"' in page
    assert "Not measured yet" in as_maintainer.get("/train/").content.decode()


def test_what_was_measured_stands_on_the_page_with_its_spread(as_maintainer, snapshot, maintainer):
    done(probing.request(snapshot=snapshot, recipe_name="rehearsal", by=maintainer))

    page = as_maintainer.get("/train/").content.decode()

    assert "About <strong>7 min 04 s</strong>" in page
    assert "6 min 40 s to 7 min 42 s" in page
    assert '3.1 <span class="meta">(2.9 to 3.4, n 3)</span>' in page
    assert "11.8 GB" in page
    assert "9,310 tokens of 58 rows are learnt, and every whole answer with its end; 2 rows are cut" in page
    assert "gpu-1:0" in page
    assert "Measure again" in page


def test_bad_values_are_said_at_their_field_and_nothing_is_measured(as_maintainer, snapshot):
    answer = as_maintainer.post("/train/measure/", chosen(snapshot, **{"instruct.batch_size": "999"}))

    assert answer.status_code == 422
    assert "instruct.batch_size=999 is outside 1 to 256" in answer.content.decode()
    assert not Probe.objects.exists()


def test_one_under_way_tells_its_step_and_can_be_stopped(as_maintainer, as_author, snapshot, maintainer):
    probe = probing.request(snapshot=snapshot, recipe_name="rehearsal", by=maintainer)
    Probe.objects.update(state="running", stage="pretrain", done=2, total=6)

    part = as_author.get(f"/train/measure/{probe.pk}/").content.decode()
    assert "Stage 1, step 2 of 6" in part
    assert "Stop measuring" not in part

    answer = as_maintainer.post(f"/train/measure/{probe.pk}/cancel/", chosen(snapshot))
    assert "The measurement was stopped" in as_maintainer.get(answer.url).content.decode()


def test_the_api_asks_reads_and_stops(snapshot, maintainer):
    client = program_of(maintainer)

    asked = client.post("/probes", {"snapshot": snapshot.pk})
    other = client.post("/probes", {"snapshot": snapshot.pk, "values": {"instruct": {"batch_size": 2}}})
    wrong = client.post("/probes", {"snapshot": snapshot.pk, "values": {"instruct": {"batch_size": 0}}})

    assert asked.status_code == 202, asked.content
    probe = Probe.objects.get(pk=asked.json()["id"])
    assert other.json()["id"] != probe.pk
    assert (wrong.status_code, Probe.objects.count()) == (422, 2)
    assert asked["Location"].endswith(f"/probes/{probe.pk}")
    assert asked.json()["times"] == {}
    done(probe)
    told = client.get(f"/probes/{probe.pk}").json()["times"]
    assert told["pretrain"]["seconds"] == pytest.approx(20 + 62 * 3.1)
    assert (told["pretrain"]["gpu_used_bytes"], told["instruct"]["gpu_used_bytes"]) == (11_816_206_336, None)
    preflight = client.get(f"/run-preflight?snapshot={snapshot.pk}").json()
    assert preflight["probe"] == probe.pk
    assert preflight["sums"][-1]["what"] == "Disk"
    assert client.post(f"/probes/{probe.pk}/cancel").json()["state"] == "done"
