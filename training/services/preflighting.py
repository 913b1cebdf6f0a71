"""What would make a run fail, found before it is queued: what blocks it, and what is only worth knowing."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from curation.models import Snapshot
from curation.services import inspecting, masking, posing, snapshotting
from training.adapters import nvidia
from training.domain import budget, vram
from training.domain import recipe as recipes
from training.domain.budget import Part, Sum, gigabytes
from training.domain.failure import Failure
from training.domain.lifecycle import TRAINING_STAGES
from training.services import separating

# Import name → what is installed. They are looked for, never imported: the web process must not load torch.
PACKAGES = {
    "torch": "torch",
    "transformers": "transformers",
    "trl": "trl",
    "peft": "peft",
    "datasets": "datasets",
    "gguf": "gguf",
    "cyllama": "cyllama",
    "xllamacpp": "xllamacpp",
}
TINY_BYTES = 300 * 1000**2  # base, adapters with their optimizer, merged, two GGUF: measured 120 MB


@dataclass(frozen=True)
class Preflight:
    """Sentences about a run that is not queued yet. `recipe` holds every value that it would get."""

    recipe: dict[str, Any]
    blocking: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)  # how far apart the sides are, from the version's report


def check(
    *, snapshot: Snapshot, recipe_name: str, overrides: dict[str, dict[str, Any]] | None = None
) -> Preflight:
    """Check everything that can be known without starting a process."""
    if recipe_name not in recipes.RECIPE_NAMES:
        known = ", ".join(recipes.RECIPE_NAMES)
        return Preflight({}, [f'Recipe "{recipe_name}" is not one of {known}. Choose one of them.'])
    recipe = recipes.with_overrides(_with_the_sites_backend(recipes.named(recipe_name)), overrides or {})
    found = Preflight(recipe)
    found.blocking.extend(recipes.problems(recipe))
    _check_snapshot(snapshot, found)
    _check_tasks(found)
    apart = separating.look(snapshot)
    found.leaks.extend(apart.told)
    found.warnings.extend(apart.warnings)
    found.blocking.extend(apart.blocking)
    _check_packages(found)
    if not found.blocking:  # a recipe with problems has no base model to look for
        _check_backend(recipe, found)
        _check_base_and_disk(recipe, found)
    if not found.blocking and recipes.needs_gpu(recipe):
        _check_loss_mask(snapshot, recipe, found)
    elif not found.blocking:
        words = "counted when the time is measured; the rehearsal's tokenizer is built from this version"
        found.facts.append(("Loss mask", words))
    return found


def _with_the_sites_backend(recipe: dict[str, Any]) -> dict[str, Any]:
    """STUDIO_TRAINING_BACKEND decides for recipes that need a GPU; on a CPU no backend gains anything."""
    if not recipes.needs_gpu(recipe):
        return recipe
    backend = {"backend": settings.STUDIO_TRAINING_BACKEND}
    return recipes.with_overrides(recipe, {"pretrain": backend, "instruct": backend})


def _check_snapshot(snapshot: Snapshot, found: Preflight) -> None:
    counts = snapshot.entries.aggregate(
        train=Count("pk", filter=Q(split="train")), validation=Count("pk", filter=Q(split="validation"))
    )
    if snapshotting.recomputed_digest(snapshot) != snapshot.digest:
        found.blocking.append(
            f"Dataset version {snapshot.name} is not what was frozen: its digest does not recompute. Restore "
            "the database from a backup, or freeze a new version."
        )
    programs = snapshot.corpus_files.filter(split="train").count()
    if not counts["train"]:
        found.blocking.append(
            f"Dataset version {snapshot.name} has no training examples. Approve some and freeze "
            "a new version."
        )
    if not programs:
        found.blocking.append(
            f"Dataset version {snapshot.name} has no raw BBj programs, and stage 1 learns from those. Add "
            "some on the page Corpus and freeze a new version."
        )
    if counts["train"] and not counts["validation"]:
        found.warnings.append(
            f"Dataset version {snapshot.name} has no validation examples, so there will be no validation "
            "loss for stage 2. A version with more examples has some."
        )
    found.facts.append(("Examples", f"{counts['train']} for training, {counts['validation']} for validation"))
    found.facts.append(("Raw programs for stage 1", str(programs)))


def _check_tasks(found: Preflight) -> None:
    tasks = posing.newest_set()
    if tasks is None:
        found.blocking.append(
            "There are no test tasks, so the model could not be scored. Import training-data/tasks first."
        )
        return
    pools = tasks.tasks.aggregate(
        holdout=Count("pk", filter=Q(pool="holdout")), triage=Count("pk", filter=Q(pool="triage"))
    )
    if min(pools.values()) == 0:
        found.warnings.append(
            f"Task set {tasks.name} has {pools['holdout']} holdout and {pools['triage']} triage tasks."
        )
    words = f"{tasks.name}: {pools['holdout']} holdout, {pools['triage']} triage"
    found.facts.append(("Test tasks", words))


def _check_packages(found: Preflight) -> None:
    missing = [name for module, name in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        found.blocking.append(
            f"Not installed here: {', '.join(missing)}. Run `python3 manage.py up` once, it installs them."
        )


def _check_backend(recipe: dict[str, Any], found: Preflight) -> None:
    stages = [
        stage for stage in ("pretrain", "instruct") if recipe.get(stage, {}).get("backend") == "unsloth"
    ]
    if stages and importlib.util.find_spec("unsloth") is None:
        found.warnings.append(
            f"{' and '.join(stages)}: backend=unsloth, and Unsloth is not installed on this machine. The run "
            "fails unless the gpu worker is on another machine that has it. To install it: pip install "
            "--no-deps --require-hashes -r studio/requirements/gpu.txt"
        )


def _check_base_and_disk(recipe: dict[str, Any], found: Preflight) -> None:
    model = recipe["base"]["model"]
    if "instruct" in model.rpartition("/")[2].lower():
        found.warnings.append(
            f"{model} has been taught to follow instructions already. Training it further takes some of that "
            "away (the alignment tax), and its chat form may differ. Take the Base model of the same size, "
            "unless you have a reason."
        )
    if refused := _not_allowed(recipe["base"]):
        found.blocking.append(refused)
        return
    free = shutil.disk_usage(settings.VAR).free
    disk = Sum("Disk", (Part("for all files of the tiny model", TINY_BYTES),), there=free, where="free")
    if recipes.needs_gpu(recipe):
        gpus = nvidia.gpu_memory_bytes()
        if not gpus:
            found.warnings.append(
                f"No NVIDIA GPU was found on this machine, and {model} needs one. The run fails unless the "
                "gpu worker is on another machine that has one; the rehearsal recipe runs on a CPU."
            )
        try:
            folder = base_model_folder(recipe)
            shape = _shape(folder)
        except Failure as failure:
            found.blocking.append(failure.message)
            return
        _check_gpu_memory(recipe, gpus, found)
        disk = budget.disk(shape, weight_bytes(folder), recipe, there=free)
    found.facts.append(("Base model", model))
    found.facts.append(("Sequences a step", _sequences(recipe)))
    found.sums.append(disk)
    if not disk.fits:
        found.blocking.append(
            f"The run needs an estimated {gigabytes(disk.total)} of disk, and {gigabytes(free)} are free "
            f"where STUDIO_VAR lies ({disk.sentence}). Free some space, or set STUDIO_VAR to a larger volume."
        )


def _sequences(recipe: dict[str, Any]) -> str:
    words = []
    for stage in ("pretrain", "instruct"):
        factors = " × ".join(str(recipe[stage][name]) for name in ("batch_size", "accumulate", "processes"))
        words.append(f"{stage} {factors} = {recipes.sequences_a_step(recipe[stage])}")
    return f"{', '.join(words)} (batch_size × accumulate × processes)"


def _not_allowed(base: dict[str, Any]) -> str:
    """Why this base model may not be trained on, "" when it may: an admin says which weights are loaded."""
    model, revision = base["model"], base["revision"]
    if model == recipes.TINY or _is_below(model, settings.STUDIO_BASE_MODELS):
        return ""
    pins = dict(word.partition("@")[::2] for word in settings.STUDIO_ALLOWED_BASES)
    if model not in pins:
        known = ", ".join(pins) or "none"
        return (
            f"The base model {model} is not among those that this studio may load ({known}). Take one of "
            "them, or have an admin add it to STUDIO_ALLOWED_BASES."
        )
    if pins[model] and revision != pins[model]:
        return (
            f"{model} may be loaded at revision {pins[model]} only, as STUDIO_ALLOWED_BASES says: write that "
            "into base.revision."
        )
    return ""


def _is_below(model: str, shelf: Path) -> bool:
    """Whether it is the full path of a folder that somebody has put on the shelf."""
    return model.startswith("/") and Path(model).resolve().is_relative_to(Path(shelf).resolve())


def _shape(folder: Path) -> vram.ModelShape:
    try:
        return vram.ModelShape.from_config(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except (ValueError, KeyError) as error:
        raise Failure(
            "base_model_mismatch", f"{folder}/config.json: not that of a Qwen2 model ({error}). Take one."
        ) from error


def memory_needs(recipe: Mapping[str, Any], there: int | None = None) -> list[Sum]:
    """GPU memory of either training stage, estimated; empty where no GPU is needed or no base is there.

    Args:
        there: Bytes of the largest GPU of this machine.
    """
    if not recipes.needs_gpu(recipe):
        return []
    try:
        shape = _shape(base_model_folder(recipe))
    except Failure:
        return []
    return [
        budget.memory(
            stage,
            _estimate(recipe, shape, stage),
            there=there,
            processes=recipe[stage]["processes"],
        )
        for stage in TRAINING_STAGES
    ]


def _estimate(recipe: Mapping[str, Any], shape: vram.ModelShape, stage: str) -> vram.Estimate:
    return vram.estimate(
        shape,
        backend=recipe[stage]["backend"],
        nf4=recipe[stage]["nf4"],
        rank=recipe["pretrain"]["lora_rank"],
        batch_size=recipe[stage]["batch_size"],
        max_length=recipe[stage]["max_length"],
        train_embeddings=recipe["pretrain"]["train_embeddings"],
    )


def _check_gpu_memory(recipe: dict[str, Any], gpus: list[int], found: Preflight) -> None:
    """Compare what each training stage is estimated to need of each of its GPUs with the largest one here.

    Args:
        gpus: Bytes of each GPU of this machine; the worker's machine may have others, so this never blocks.
    """
    for stage in TRAINING_STAGES:
        if 0 < len(gpus) < (processes := recipe[stage]["processes"]):
            found.warnings.append(
                f"{stage}.processes={processes}, one a GPU, and this machine has {len(gpus)}. Lower "
                f"{stage}.processes and raise {stage}.accumulate by the same factor, or let a machine with "
                "as many GPUs take the run."
            )
    for told in memory_needs(recipe, max(gpus, default=None)):
        stage = told.stage
        found.sums.append(told)
        if not told.fits:
            found.warnings.append(
                f"{stage} needs an estimated {gigabytes(told.total)} of GPU memory, and the largest GPU of "
                f"this machine has {gigabytes(max(gpus))} ({told.sentence}). Lower {stage}.batch_size and "
                f"raise {stage}.accumulate by the same factor, lower {stage}.max_length, or let a larger GPU "
                "take the run."
            )


def _check_loss_mask(snapshot: Snapshot, recipe: dict[str, Any], found: Preflight) -> None:
    """What was counted of this version with this base's tokenizer at this length, if it was."""
    limit = recipe["instruct"]["max_length"]
    tokenizer = masking.tokenizer_in(base_model_folder(recipe))
    audit = tokenizer and inspecting.finished(snapshot, tokenizer_digest=tokenizer.digest, limit=limit)
    if not audit:
        words = f"not counted at {limit:,} tokens; the page of {snapshot.name} does it"
        found.facts.append(("Loss mask", words))
        return
    total = inspecting.totals(audit)
    found.facts.append(
        ("Loss mask", f"{total['rows']:,} rows, {total['cut']:,} of them cut at {limit:,} tokens")
    )
    if total["silent"]:
        found.blocking.append(
            f"{total['silent']:,} rows of {snapshot.name} teach nothing: their prompt alone fills {limit:,} "
            "tokens. Raise instruct.max_length, or shorten these examples and freeze a new version."
        )
    if total["endless"]:
        found.warnings.append(
            f"{total['endless']:,} of {total['rows']:,} rows lose the end of their answer at {limit:,} "
            "tokens, so the model is not taught to stop there. Raise instruct.max_length to train them whole."
        )


def base_model_folder(recipe: Mapping[str, Any]) -> Path:
    """Where the base model that this recipe names lies on this machine; the tiny base is built by its runs.

    A full path is taken as it is; owner/name is looked for below STUDIO_BASE_MODELS, then in the hub's local
    cache. Nothing is downloaded.

    Raises:
        Failure: base_model_missing, or base_model_mismatch for a folder without safetensors.
    """
    model = recipe["base"]["model"]
    shelf = settings.STUDIO_BASE_MODELS
    places = [Path(model)] if model.startswith("/") else [shelf / model, shelf / model.rpartition("/")[2]]
    folder = next((place for place in places if (place / "config.json").is_file()), None)
    if folder is None and not model.startswith("/"):
        folder = _in_hub_cache(model, recipe["base"]["revision"])
    if folder is None:
        raise Failure(
            "base_model_missing",
            f"The base model {model} is not on this machine. Put its folder at {places[0]}, or choose "
            "the rehearsal recipe, which builds its own.",
        )
    if not any(folder.glob("*.safetensors")):
        raise Failure(
            "base_model_mismatch",
            f"{folder} holds no .safetensors file, and other weight formats may run code. Get the "
            "safetensors files.",
        )
    return folder


def _in_hub_cache(model: str, revision: str) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, revision=revision or None, local_files_only=True))
    except Exception:  # the hub client has many ways to say that it is not there
        return None


def weight_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


@cache
def code_version() -> str:
    """Digest of the code that decides what a run makes: two runs with the same one were made the same way."""
    here = Path(recipes.__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted([*(here / "recipes").glob("*.py"), *(here / "domain").glob("*.py")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"recipes-{digest.hexdigest()[:12]}"
