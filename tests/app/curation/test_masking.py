"""As the model sees it: the tokens of one example, and the loss mask of a whole version, counted once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from curation import tasks
from curation.models import AuditEntry, MaskAudit, Snapshot
from curation.services import inspecting, masking
from studio import tokens
from tests import makers, tiny_tokenizer

pytestmark = [pytest.mark.one_database, pytest.mark.django_db]


@pytest.fixture
def shelf(settings, tmp_path: Path) -> Path:
    settings.STUDIO_BASE_MODELS = tmp_path / "shelf"
    tiny_tokenizer.write(tmp_path / "shelf" / "Tiny", vocabulary=256)  # a token a byte
    return tmp_path / "shelf"


def tokens_page(client: Client, example, **query) -> str:
    address = reverse("revision_tokens", args=[example.pk, 1])
    return client.get(address, query).content.decode()


def text_of(page: str, kind: str) -> str:
    """What stands in a part of the page, without its elements and with the blanks back."""
    found = re.search(rf'<pre class="code tokens {kind}"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found, f"no part {kind}"
    shown = re.sub(r"<[^>]+>", "", found[1]).replace("↵", "").replace("·", " ")
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&#x27;", "'")


def test_the_page_shows_what_is_read_and_what_is_trained(as_author, shelf):
    example = makers.example("gui/a.md", makers.example_text(code='rem "é"\nprint "a"\n'))

    page = tokens_page(as_author, example)

    assert text_of(page, "prompt").startswith("<|im_start|>system\nYou are an expert BBj programmer.")
    assert text_of(page, "prompt").endswith("<|im_start|>assistant\n")
    assert text_of(page, "trained") == '```bbj\nrem "é"\nprint "a"\n```<|im_end|>\n'
    assert page.count("<mark>") == len('```bbj\nrem "é"\nprint "a"\n```e\n')  # a box a character, not a byte
    assert "chip good" in page
    assert "<del>" not in page


def test_the_page_shows_what_a_cut_takes_away(as_author, shelf):
    example = makers.example("gui/a.md", makers.example_text(code="rem x\n" + "q" * 500 + "\n"))

    page = tokens_page(as_author, example, length=400, tokenizer="Tiny")

    assert "end cut off" in page
    assert text_of(page, "cut").endswith("qqq\n```<|im_end|>\n")
    assert "Cut away: never seen" in page
    assert "refused" in tokens_page(as_author, example, length=64)


@pytest.mark.parametrize(
    "query", [{"length": "9"}, {"length": "x"}, {"tokenizer": "Nobody"}, {"length": "9" * 30}]
)
def test_what_cannot_be_asked_is_a_sentence(as_author, shelf, query):
    example = makers.example()

    response = as_author.get(reverse("revision_tokens", args=[example.pk, 1]), query)

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()


def test_without_a_tokenizer_the_way_out_is_said(as_author, settings, tmp_path):
    settings.STUDIO_BASE_MODELS = tmp_path

    page = tokens_page(as_author, makers.example())

    assert "Put the folder of the base model there" in page
    assert '<form method="get"' not in page


def test_markup_in_an_example_is_text(as_author, shelf):
    example = makers.example("gui/a.md", makers.example_text(code="rem <script>alert(1)</script>\nprint\n"))

    page = tokens_page(as_author, example)

    assert "<script>alert" not in page
    assert "<script>alert(1)</script>" in text_of(page, "trained")


def test_the_pages_of_an_example_and_of_a_version_lead_there(as_author, shelf):
    frozen = makers.snapshot(examples=1)
    example = frozen.entries.get().revision.example
    there = reverse("revision_tokens", args=[example.pk, 1])

    for page in (
        reverse("example_page", args=[example.pk]),
        reverse("revision_page", args=[example.pk, 1]),
        reverse("snapshot_page", args=[frozen.pk]),
    ):
        assert f'href="{there}"' in as_author.get(page).content.decode()


# A whole version


@pytest.fixture
def version(shelf) -> Snapshot:
    makers.approved("gui/short.md")
    makers.approved("gui/long.md", makers.example_text("Long", code="rem x\n" + "q" * 750 + "\n"))
    asked = makers.example_text("Asked", type="comprehension", code="rem y\n" + "z" * 900 + "\n")
    makers.approved("gui/asked.md", asked)
    return makers.snapshot("v1", examples=0)


def total(audit: MaskAudit, key: str) -> int:
    return sum(side[key] for side in audit.result.values())


def named(audit: MaskAudit, key: str) -> list:
    return sorted(row for side in audit.result.values() for row in side[key])


def test_an_audit_counts_every_row_and_names_those_that_are_cut(as_maintainer, version):
    response = as_maintainer.post(
        reverse("mask_request", args=[version.pk]), {"tokenizer": "Tiny", "length": 800}
    )

    audit = MaskAudit.objects.get()
    assert response["Location"] == reverse("mask_page", args=[audit.pk])
    assert audit.state == "done"
    assert (total(audit, "rows"), total(audit, "silent"), total(audit, "endless")) == (3, 1, 1)
    assert named(audit, "silent_rows") == ["gui/asked.md"]
    assert [path for path, _ in named(audit, "endless_rows")] == ["gui/long.md"]
    assert [path for path, _ in named(audit, "cut_rows")] == ["gui/asked.md", "gui/long.md"]
    page = as_maintainer.get(response["Location"]).content.decode()
    assert "1 of 3 rows teach nothing" in page
    assert (
        reverse("revision_tokens", args=[version.entries.get(path="gui/long.md").revision.example_id, 1])
        in page
    )
    assert AuditEntry.objects.get(action="snapshot.audit_mask").subject_id == version.pk


def test_what_fits_is_said_to_be_good(version, maintainer, as_author):
    audit = inspecting.request(snapshot=version, tokenizer=masking.chosen(), limit=4096, by=maintainer)

    page = as_author.get(reverse("mask_page", args=[audit.pk])).content.decode()

    assert "Each of the 3 rows trains its answer" in page
    assert (
        f'href="{reverse("mask_page", args=[audit.pk])}"'
        in as_author.get(reverse("snapshot_page", args=[version.pk])).content.decode()
    )


def test_the_same_is_counted_once_and_another_length_or_tokenizer_anew(version, maintainer, shelf):
    def ask(limit: int) -> MaskAudit:
        return inspecting.request(
            snapshot=version, tokenizer=masking.chosen("Tiny"), limit=limit, by=maintainer
        )

    first = ask(512)

    assert ask(512) == first
    assert ask(1024) != first
    tiny_tokenizer.write(shelf / "Tiny", vocabulary=280)
    assert ask(512) != first
    assert inspecting.finished(version, tokenizer_digest=first.tokenizer_digest, limit=512) == first


@pytest.fixture
def waiting(version, maintainer, monkeypatch) -> MaskAudit:
    """More rows than are counted at once; no worker is there."""
    monkeypatch.setattr(inspecting, "AT_ONCE", 2)
    return inspecting.request(snapshot=version, tokenizer=masking.chosen(), limit=512, by=maintainer)


def test_a_large_version_waits_for_a_worker_and_is_counted_once(waiting, as_author):
    live = reverse("mask_live", args=[waiting.pk])
    assert waiting.state == "queued"
    assert live in as_author.get(reverse("mask_page", args=[waiting.pk])).content.decode()

    tasks.audit_masks()
    tasks.audit_masks()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.done, waiting.attempt) == ("done", 3, 1)
    assert "every 1s" not in as_author.get(live).content.decode()


def test_an_audit_can_be_stopped_and_asked_for_again(waiting, as_maintainer, monkeypatch):
    monkeypatch.setattr(inspecting, "BATCH", 1)
    masks = masking.masks
    stopped: list[object] = []

    def stop_then_count(*arguments, **named):
        if not stopped:
            stopped.append(as_maintainer.post(reverse("mask_cancel", args=[waiting.pk])))
        return masks(*arguments, **named)

    monkeypatch.setattr(masking, "masks", stop_then_count)
    tasks.audit_masks()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.done, waiting.result) == ("cancelled", 0, {})
    page = as_maintainer.get(reverse("mask_page", args=[waiting.pk])).content.decode()
    assert "Count again" in page
    as_maintainer.post(
        reverse("mask_request", args=[waiting.snapshot_id]), {"tokenizer": waiting.tokenizer, "length": 512}
    )
    tasks.audit_masks()
    waiting.refresh_from_db()
    assert waiting.state == "done"


def test_a_worker_that_is_lost_is_replaced_three_times(waiting):
    for attempt in range(1, 6):
        MaskAudit.objects.update(state="running", lease_until="2020-01-01T00:00:00Z", attempt=attempt)
        if attempt >= inspecting.MOST_ATTEMPTS:
            assert inspecting.carry_out_waiting() == 0
            break
    waiting.refresh_from_db()

    assert waiting.state == "failed"
    assert "lost 3 times" in waiting.failure_message


def test_a_tokenizer_that_is_gone_is_named(waiting, shelf):
    (shelf / "Tiny" / "tokenizer.json").unlink()

    tasks.audit_masks()

    waiting.refresh_from_db()
    assert (waiting.state, "Tiny is not on this machine" in waiting.failure_message) == ("failed", True)


@pytest.mark.parametrize(
    "fields", [{}, {"tokenizer": "Tiny", "length": 1}, {"tokenizer": "No", "length": 512}]
)
def test_no_form_breaks_the_request(as_maintainer, version, fields):
    response = as_maintainer.post(reverse("mask_request", args=[version.pk]), fields, follow=True)

    assert "Nothing is counted" in response.content.decode()
    assert not MaskAudit.objects.exists()


def test_a_program_sees_and_asks_the_same(version, maintainer):
    secret = tokens.create(
        owner=maintainer, name="t", scopes=["snapshots:read", "snapshots:write", "examples:read"], days=1
    )[1]
    shown = {"Authorization": f"Bearer {secret}"}
    revision = version.entries.get(path="gui/short.md").revision
    root = "/api/v1"

    made = Client().post(
        f"{root}/snapshots/{version.pk}/mask-audits",
        {"length": 800},
        content_type="application/json",
        headers=shown,
    )
    listed = Client().get(f"{root}/snapshots/{version.pk}/mask-audits", headers=shown).json()
    seen = (
        Client()
        .get(f"{root}/examples/{revision.example_id}/revisions/1/tokens?length=300", headers=shown)
        .json()
    )

    assert (made.status_code, made.json()["state"]) == (202, "done")
    assert [row["id"] for row in listed["items"]] == [made.json()["id"]]
    assert "".join(piece["text"] for piece in seen["pieces"]).endswith("<|im_end|>\n")
    assert sum(piece["tokens"] for piece in seen["pieces"]) == seen["tokens"]
    assert seen["start"] + seen["trained"] + seen["lost"] == seen["tokens"]
