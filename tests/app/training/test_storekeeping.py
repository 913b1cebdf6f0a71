"""What fsck says of the artifact store, and what is collected."""

from __future__ import annotations

import io
import json
import os
import time

import pytest
from django.core.management import CommandError, call_command

from tests import makers
from training.adapters import storage
from training.models import Artifact
from training.services import storekeeping

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
DAY_S = 24 * 3600


def aged(path, days):
    os.utime(path, (time.time() - days * DAY_S,) * 2)


@pytest.fixture
def folder_artifact(run, tmp_path) -> Artifact:
    makers.put(tmp_path, "adapter/a.safetensors", "weights")
    kept = storage.put(tmp_path / "adapter")
    return Artifact.objects.create(
        run=run, kind="adapter", file_name="adapter", sha256=kept.sha256, size_bytes=kept.size_bytes
    )


def problems() -> list[str]:
    return [str(trouble) for trouble in storekeeping.files()]


def test_a_store_as_it_was_written_is_in_order(gguf, folder_artifact):
    assert problems() == []


def test_what_is_stored_again_counts_as_new(gguf, tmp_path):
    old = storage.put(makers.put(tmp_path, "old", "old"))
    aged(storage.path_of(old.sha256), 9)

    storage.put(tmp_path / "old")

    assert storekeeping.collect() == []


def test_a_file_that_is_gone_and_one_that_was_changed_are_named(gguf, folder_artifact, run):
    storage.path_of(gguf.sha256).unlink()
    changed = storage.path_of(folder_artifact.sha256) / "a.safetensors"
    changed.chmod(0o644)
    changed.write_text("other weights")
    out = io.StringIO()

    with pytest.raises(CommandError):
        call_command("fsck", "--json", stdout=out)

    told = json.loads(out.getvalue())
    assert told["found"]["artifacts"] == 2
    found = {row["place"]: row["says"] for row in told["problems"]}
    assert "is gone" in found[f"{run}, bbj.gguf"]
    assert "is not what was stored" in found[f"{run}, adapter"]


def test_only_what_nothing_refers_to_for_a_week_is_collected(gguf, tmp_path):
    old, new = (storage.put(makers.put(tmp_path, name, name)) for name in ("old", "new"))
    half = storage.path_of(old.sha256).parents[1] / "0123.part"
    half.write_text("half")
    for path in (storage.path_of(old.sha256), storage.path_of(gguf.sha256), half):
        aged(path, 9)
    assert len(problems()) == 2, "nothing collects: somebody should know"

    gone = storekeeping.collect()

    assert sorted(gone) == sorted([storage.path_of(old.sha256), half])
    assert storage.path_of(gguf.sha256).exists(), "a row names it"
    assert storage.path_of(new.sha256).exists(), "its row may be about to be written"
    assert problems() == []
