"""What all of them do: take a few steps, stand still where a test wants it, and tell of company."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import IO, Any

from training.domain.run_folder import RunFolder, values_digest
from training.recipes import fake

# A folder of the test (tests/faults/engine.py): what a stage is to wait for, and what it has seen.
AT = Path(os.environ["FAULTS_AT"])
STEPS = 5  # of a stage whose recipe does not say
_held: list[IO[str]] = []  # for as long as this process lives


def pretend(stage: str, folder: RunFolder, *, steps: int = 0) -> dict[str, Any]:
    """Take the steps of a stage, with a checkpoint at every second one; the result for result.json."""
    _be_alone(os.environ.get("CUDA_VISIBLE_DEVICES") or "all", "trainers on one GPU")
    _be_alone(values_digest({"folder": str(folder.path)}), f"processes in {folder.path}")
    recipe = fake.FakeRecipe(
        stage=stage, steps=steps or STEPS, step_s=0.02, save_steps=2, hold=str(AT / f"hold-{stage}")
    )
    return fake.run(recipe, folder) | {"files": []}


def _be_alone(what: str, of: str) -> None:
    """Write it down when another process is where only one may be. More exact than looking at /proc."""
    lock = (AT / f"alone-{what}").open("a")
    _held.append(lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with (AT / "violations").open("a") as seen:
            seen.write(f"two {of}\n")


def leave(folder: RunFolder, result: dict[str, Any], name: str, files: dict[str, str]) -> dict[str, Any]:
    """Put a folder of these files there, whole or not at all, as the real recipes do."""
    part, target = folder.path / f"{name}.part", folder.path / name
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for file, text in files.items():
        (part / file).write_text(text)
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
    return result | {"files": [name]}


def leave_file(folder: RunFolder, result: dict[str, Any], name: str, text: str) -> dict[str, Any]:
    part = folder.path / f"{name}.part"
    part.write_text(text)
    part.replace(folder.path / name)
    return result | {"files": [name]}
