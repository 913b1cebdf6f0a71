"""All that decides what a run made, in one file, and doing it again from that file."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import User

from curation.models import Snapshot
from curation.services import archiving
from training.models import Run
from training.services import launching, leasing, packaging, preflighting, supervising
from training.services.watching import Progress

BUNDLE = "bundle.json"
VERSION = 1
MOST_BYTES = 1024 * 1024  # of bundle.json: a recipe and some digests
LOCK = "requirements.txt"
# What the inputs alone decide. A Modelfile and a card name the run, so they are never the same twice.
COMPARED = ("adapter_pretrain", "adapter", "merged", "gguf_")
MEASURED = ("steps", "loss", "eval_loss", "trained_parameters")


class CannotReproduce(Exception):
    """Nothing was started; the message says why."""


@dataclass(frozen=True)
class Reproduction:
    """A run that was done again.

    Attributes:
        same: Whether every model file has the same bytes.
        differences: Sentences: which files and figures differ.
        changed: Sentences about what is not as it was: code, packages. They may be why.
    """

    run: Run
    same: bool
    differences: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def lock_list() -> bytes:
    """The pinned packages that runs here are made with, with their hashes."""
    return (Path(settings.ROOT) / "studio" / "requirements" / "run.txt").read_bytes()


def bundle_of(run: Run) -> dict[str, Any]:
    """What decides a run, and what it made of it. JSON values only."""
    newest = run.evaluations.filter(finished_at__isnull=False).order_by("-pk").first()
    return {
        "bundle": VERSION,
        "run": run.pk,
        "state": run.state,
        "snapshot": {"name": run.snapshot.name, "digest": run.snapshot.digest},
        "task_set": {"name": newest.task_set.name, "digest": newest.task_set.digest} if newest else None,
        "recipe_name": run.recipe_name,
        "recipe": run.recipe,
        "seed": run.seed,
        "code_version": run.code_version,
        "packages_sha256": hashlib.sha256(lock_list()).hexdigest(),
        "files": _files(run),
        "stages": _figures(run),
    }


def write_bundle(run: Run) -> tuple[IO[bytes], int]:
    """The bundle, the snapshot's manifest and the lock list as one .zip, open at its start, and its size."""
    parts = {
        BUNDLE: json.dumps(bundle_of(run), indent=1, sort_keys=True, ensure_ascii=False).encode(),
        "manifest.json": run.snapshot.manifest.encode(),
        LOCK: lock_list(),
        "README.txt": _README.format(run=run.pk).encode(),
    }
    file = archiving.scratch()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(archiving.entry(name, zipfile.ZIP_STORED), data)
    size = file.tell()
    file.seek(0)
    return file, size


_README = """Run {run} of a BBj Studio, to be done again:

    python3 manage.py reproduce run-{run}.zip

in a studio that holds the same dataset version (the digest in bundle.json; its texts are in manifest.json by
their SHA-256) and test tasks. It says whether the model files are the same, or what differs. On a CPU they
are the same to the byte; GPUs add in another order, so there compare the losses.
"""


def read_bundle(file: Path) -> dict[str, Any]:
    """The bundle of a .zip, or a bundle.json by itself.

    Raises:
        CannotReproduce: it is not there or is no bundle.
    """
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive, archive.open(BUNDLE) as member:
                text = member.read(MOST_BYTES + 1)
        else:
            with file.open("rb") as stream:
                text = stream.read(MOST_BYTES + 1)
        values = json.loads(text) if len(text) <= MOST_BYTES else None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise CannotReproduce(
            f"{file}: no reproduce bundle ({error}). Download it on a run's page."
        ) from error
    wanted = {"snapshot", "recipe_name", "recipe", "seed", "code_version", "files", "stages"}
    if not isinstance(values, dict) or values.get("bundle") != VERSION or not wanted <= values.keys():
        raise CannotReproduce(
            f"{file}: no reproduce bundle of version {VERSION}. Download it on a run's page."
        )
    return values


def reproduce(bundle: Mapping[str, Any], *, by: User, progress: Progress | None = None) -> Reproduction:
    """Do the run of a bundle again, here and now, and compare what comes out.

    Raises:
        CannotReproduce: the dataset version is not here, or a GPU is held by another run.
        PreflightRefused: something that a run needs is missing.
    """
    wanted = bundle["snapshot"]
    snapshot = Snapshot.objects.filter(digest=wanted["digest"]).first()
    if snapshot is None:
        raise CannotReproduce(
            f"This studio has no dataset version with the digest {wanted['digest']} (there it was called "
            f"{wanted['name']}). Import the same examples and freeze them with the same seed."
        )
    run = launching.launch(
        snapshot=snapshot,
        recipe_name=bundle["recipe_name"],
        author=by,
        seed=bundle["seed"],
        overrides={stage: values for stage, values in bundle["recipe"].items() if isinstance(values, dict)},
        wake_worker=False,
    )
    claim = launching.claim(run.pk, leasing.this_process())
    if claim is None:
        raise CannotReproduce(
            f"Run {run.pk} is queued, but another run trains on this machine. Repeat this when it has ended."
        )
    state = supervising.execute(claim, progress)
    run.refresh_from_db()
    if state != "succeeded" and bundle.get("state") == "succeeded":
        return Reproduction(run, False, [f"The run {run.get_state_display()}: {run.failure_message}"])
    differences = _differences(bundle["files"], _files(run), "file") + _differences(
        bundle["stages"], _figures(run), "figure"
    )
    return Reproduction(run, not differences, differences, _changed(bundle))


def _changed(bundle: Mapping[str, Any]) -> list[str]:
    found = []
    if bundle["code_version"] != preflighting.code_version():
        found.append(f"The code was {bundle['code_version']} and is {preflighting.code_version()}.")
    if bundle.get("packages_sha256") != hashlib.sha256(lock_list()).hexdigest():
        found.append(f"The pinned packages are others: compare {LOCK} with studio/requirements/run.txt.")
    return found


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], what: str) -> list[str]:
    return [
        f"{what} {name}: {before.get(name, 'missing')} then, {now.get(name, 'missing')} now"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]


def _files(run: Run) -> dict[str, str]:
    return {file.kind: file.sha256 for file in packaging.newest(run) if file.kind.startswith(COMPARED)}


def _figures(run: Run) -> dict[str, Any]:
    return {
        f"{stage.name}.{name}": stage.result[name]
        for stage in run.stages.all()
        for name in MEASURED
        if name in stage.result
    }
