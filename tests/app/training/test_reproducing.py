"""A run is done again from its bundle."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from training.models import Run
from training.services import launching, leasing, reproducing, supervising

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def finished(run, fake_stages) -> Run:
    """A run whose two trainings left a file each."""
    fake_stages(pretrain={}, instruct={"steps": 5})
    claim = launching.claim(run.pk, leasing.this_process())
    assert claim is not None
    assert supervising.execute(claim) == "succeeded"
    run.refresh_from_db()
    return run


@pytest.fixture
def bundle(as_author, finished, tmp_path) -> Path:
    file = tmp_path / "run.zip"
    answer = as_author.get(reverse("run_bundle", args=[finished.pk]))
    file.write_bytes(b"".join(answer.streaming_content))
    return file


@pytest.fixture(autouse=True)
def compared_by_the_fakes_names(monkeypatch) -> None:
    monkeypatch.setattr(reproducing, "COMPARED", ("pretrain", "instruct"))


def test_a_bundle_holds_recipe_digests_seed_code_and_lock_list(bundle, finished):
    with zipfile.ZipFile(bundle) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    values = json.loads(held["bundle.json"])

    assert set(held) == {"bundle.json", "manifest.json", "requirements.txt", "README.txt"}
    assert values["recipe"] == finished.recipe
    assert (values["seed"], values["snapshot"]["digest"]) == (13, finished.snapshot.digest)
    assert values["code_version"] == finished.code_version
    assert b"--hash=sha256:" in held["requirements.txt"]
    assert held["manifest.json"].decode() == finished.snapshot.manifest
    assert values["stages"]["instruct.steps"] == 5


def test_the_same_run_is_said_to_be_the_same(bundle, maintainer, capsys):
    out = io.StringIO()

    call_command("reproduce", str(bundle), "--user", maintainer.username, "--json", stdout=out)

    told = json.loads(out.getvalue())
    assert told["same"] is True
    assert told["differences"] == told["changed"] == []
    assert Run.objects.get(pk=told["run"]).seed == 13


def test_what_comes_out_otherwise_is_named_with_what_was_changed(
    bundle, maintainer, fake_stages, monkeypatch
):
    fake_stages(pretrain={}, instruct={"steps": 6})
    monkeypatch.setattr("training.services.preflighting.code_version", lambda: "recipes-of-tomorrow")
    out = io.StringIO()

    with pytest.raises(CommandError, match="not the same"):
        call_command("reproduce", str(bundle), "--user", maintainer.username, stdout=out)

    assert "figure instruct.steps: 5 then, 6 now" in out.getvalue()
    assert "file instruct:" in out.getvalue()
    assert "file pretrain:" not in out.getvalue()
    assert "is recipes-of-tomorrow." in out.getvalue()


def test_without_the_dataset_version_nothing_is_started(bundle, finished, maintainer, tmp_path):
    values = reproducing.read_bundle(bundle)
    values["snapshot"] = {"name": "spring", "digest": "f" * 64}

    with pytest.raises(reproducing.CannotReproduce, match="no dataset version with the digest ffff"):
        reproducing.reproduce(values, by=maintainer)
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"bundle": 2}', b"PK\x05\x06" + b"\0" * 18]
)
def test_what_is_no_bundle_is_refused_in_a_sentence(tmp_path, content):
    file = tmp_path / "run.zip"
    file.write_bytes(content)

    with pytest.raises(reproducing.CannotReproduce, match="no reproduce bundle"):
        reproducing.read_bundle(file)
    with pytest.raises(reproducing.CannotReproduce, match="no reproduce bundle"):
        reproducing.read_bundle(tmp_path / "missing.zip")
