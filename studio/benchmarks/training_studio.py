"""A studio with one run, whose training stages are measured beside a bare script.

python -m studio.benchmarks.training_studio prepare 80 120    steps of stage 1 and 2; prints {}
python -m studio.benchmarks.training_studio pretrain          prints {"ours": {…}, "bare": {…}}; or instruct
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

OWNER = "bench"
# As a stage gets them from the studio: threads that spin while they wait would blur both sides.
QUIET = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}


def prepare(pretrain_steps: str, instruct_steps: str) -> dict[str, Any]:
    """Freeze the shipped examples, claim a rehearsal on them, and train both stages once.

    Stage 2 goes on from what stage 1 leaves here, and the bare script reads the recipes.
    """
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from studio import seeding
    from training.adapters import storage
    from training.models import Artifact, Stage
    from training.services import launching, staging

    call_command("migrate", verbosity=0)
    seeding.seed()
    run = launching.launch(
        snapshot=seeding.freeze_shipped(),
        recipe_name="rehearsal",
        author=User.objects.get(username=seeding.AUTHORS),
        overrides={
            "pretrain": {"max_steps": int(pretrain_steps)},
            "instruct": {"max_steps": int(instruct_steps), "save_steps": 50, "eval_steps": 50},
        },
        wake_worker=False,
    )
    launching.claim(run.pk, OWNER)
    exported = staging.plan(run, "export").perform(_watch(run, "export"))
    Stage.objects.filter(run=run, name="export").update(state="succeeded", result=exported.result)
    _ours(run, "pretrain")
    kept = storage.put(_folder(run, "pretrain") / "adapter")
    Artifact.objects.create(
        run=run, kind="adapter_pretrain", sha256=kept.sha256, size_bytes=kept.size_bytes, file_name="-"
    )
    _ours(run, "instruct")
    for stage in ("pretrain", "instruct"):
        shutil.copy(_folder(run, stage) / "recipe.json", _recipe_of_the_bare(stage))
    return {}


def measure(stage: str) -> dict[str, Any]:
    """Both sides at the same time: whatever else the machine does, it does to both."""
    from training.models import Run

    script = [sys.executable, "-m", "studio.benchmarks.bare_trl", stage, str(_recipe_of_the_bare(stage))]
    log = _recipe_of_the_bare(stage).with_suffix(".log")
    with log.open("wb") as out:
        started = time.time()
        bare = subprocess.Popen(script, env={**os.environ, **QUIET}, stdout=out, stderr=subprocess.STDOUT)
        ours = _ours(Run.objects.get(), stage)
    told = log.read_text(encoding="utf-8") if bare.wait() == 0 else ""
    if not told:
        sys.exit(f"the bare script of {stage} failed:\n{log.read_text(encoding='utf-8')[-2000:]}")
    return {"ours": ours, "bare": _side(json.loads(told.strip().rpartition("\n")[2]), started)}


def _ours(run: Any, stage: str) -> dict[str, Any]:
    """The stage as a worker's supervisor works on it, from a fresh folder."""
    from training.adapters import gpu_lock
    from training.services import staging

    shutil.rmtree(_folder(run, stage), ignore_errors=True)
    plan = staging.plan(run, stage)
    with gpu_lock.held(gpu_lock.this_gpu()) as lock:
        watch = _watch(run, stage, keep_open=(lock,))
        spent, started = time.process_time(), time.time()
        result = plan.perform(watch).result
        took = time.time() - started
    told = {**result["pace"], "loss": result["loss"], "peak_mb": round(result["peak_memory_bytes"] / 1e6)}
    return {**_side(told, started), "supervisor_percent": 100 * (time.process_time() - spent) / took}


def _side(told: dict[str, Any], started: float) -> dict[str, Any]:
    return {**told, "to_first_step_s": told["first_step_at"] - started}


def _recipe_of_the_bare(stage: str) -> Path:
    from django.conf import settings

    return Path(settings.VAR) / f"{stage}.json"


def _folder(run: Any, stage: str) -> Path:
    from training.services import staging

    return staging.stage_folder(run.pk, stage).path


def _watch(run: Any, stage: str, keep_open: tuple[int, ...] = ()) -> Any:
    from training.services import leasing, staging
    from training.services.watching import Lease, Watch

    run.refresh_from_db()
    claim = leasing.Claim(run_id=run.pk, owner=OWNER, fence=run.fence, attempt=run.attempt)
    leasing.renew(claim)
    folder = staging.stage_folder(run.pk, stage)
    folder.path.mkdir(parents=True, exist_ok=True)
    return Watch(Lease(claim), stage, folder, keep_open=keep_open)


if __name__ == "__main__":
    django.setup()
    what, *words = sys.argv[1:]
    work: Callable[..., dict[str, Any]] = prepare if what == "prepare" else lambda: measure(what)
    print(json.dumps(work(*words)))
