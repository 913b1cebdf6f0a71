"""What each stage of a run is made from, what makes it, and what it leaves.

A stage is a function of the digests of its inputs: a plan names them and does the work, and the supervisor
keeps the products. Later stages read from the artifact store, never from an earlier stage's folder.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from curation.models import Snapshot
from curation.services import exporting
from training.adapters import storage
from training.domain import recipe as recipes
from training.domain.failure import Failure
from training.domain.lifecycle import TRAINING_STAGES
from training.domain.run_folder import RunFolder, file_sha256, values_digest
from training.models import Artifact, Run
from training.services import evaluating, packaging, preflighting
from training.services.watching import Watch, Watching, run_recipe


@dataclass(frozen=True)
class Product:
    """A file or folder that a stage leaves; it becomes an Artifact."""

    kind: str
    path: Path
    file_name: str  # what a download is called
    parent: Artifact | None = None


@dataclass(frozen=True)
class Made:
    """What a stage hands to the supervisor when it succeeded."""

    result: dict[str, Any]
    products: list[Product] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """A stage that is about to run. Equal digests promise equal products."""

    digest: str
    perform: Callable[[Watch], Made]


def stage_folder(run_id: int, stage: str) -> RunFolder:
    return RunFolder(settings.VAR / "runs" / str(run_id) / stage)


def plan(run: Run, stage: str) -> Plan:
    """What this stage of this run would be made from now.

    Raises:
        Failure: something an earlier stage should have left is not there.
    """
    return _PLANS[stage](run)


def _plan(run: Run, stage: str, inputs: dict[str, Any], perform: Callable[[Watch], Made]) -> Plan:
    facts = {"stage": stage, "inputs": inputs, "seed": run.seed, "code": preflighting.code_version()}
    return Plan(values_digest(facts), perform)


def export_folder(run: Run) -> Path:
    return stage_folder(run.pk, "export").path / "data"


def _export(run: Run) -> Plan:
    """Write the dataset, and find the base model; the tiny one is built here, from the dataset's own text."""

    def perform(watch: Watch) -> Made:
        target = export_folder(run)
        shutil.rmtree(target, ignore_errors=True)
        write_dataset(run.snapshot, target)
        base = base_of(run.recipe, target, stage_folder(run.pk, "export/base"), watch)
        return Made({"ok": True, "base_model": str(base), "base_digest": base_digest(base)})

    return _plan(run, "export", {"snapshot": run.snapshot.digest, "base": run.recipe["base"]}, perform)


def write_dataset(snapshot: Snapshot, target: Path) -> None:
    """Write the dataset as the training stages read it.

    Raises:
        Failure: disk_full or data_invalid.
    """
    try:
        exporting.export_snapshot(snapshot, target)
    except exporting.ExportRefused as error:
        full = isinstance(error.__cause__, OSError) and error.__cause__.errno in (errno.ENOSPC, errno.EDQUOT)
        raise Failure("disk_full" if full else "data_invalid", str(error)) from error


def base_of(recipe: dict[str, Any], data: Path, folder: RunFolder, watch: Watching) -> Path:
    """The folder of the base model; the tiny one is built here, unless it is there already.

    Args:
        data: What `write_dataset` wrote: the tiny base's tokenizer is made from it.
        folder: For the process that builds it.
    """
    if recipe["base"]["model"] != recipes.TINY:
        return preflighting.base_model_folder(recipe)
    values = {
        "corpus_folder": str(data / "corpus"),
        "snapshot_folder": str(data),
        "out": str(settings.STUDIO_BASE_MODELS / recipes.TINY),
    }
    return Path(run_recipe("tiny_base", folder, values, watch)["base_model"])


def base_model(run: Run) -> Path:
    """The folder of the base model, as the export stage found or built it."""
    return Path(str(_exported(run)["base_model"]))


def _exported(run: Run) -> dict[str, Any]:
    result: dict[str, Any] = run.stages.get(name="export").result
    if not result.get("ok"):
        raise Failure("bug", f"run {run.pk}: the export stage has no result, though a later one starts.")
    return result


def base_digest(folder: Path) -> str:
    """What tells one base model from another: configuration, tokenizer, and the sizes of the weight files.

    Hashing 28 GB of weights would take minutes; another revision changes these as well.
    """
    return values_digest(
        {
            path.relative_to(folder).as_posix(): file_sha256(path)
            if path.suffix == ".json"
            else path.stat().st_size
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    )


def _pretrain(run: Run) -> Plan:
    return _recipe_plan(
        run,
        "pretrain",
        inputs={"snapshot": run.snapshot.digest, "base": _exported(run)["base_digest"]},
        paths={"base_model": base_model(run), "corpus_folder": export_folder(run) / "corpus"},
        leaves=[("adapter_pretrain", "adapter", "adapter-stage-1")],
    )


def _instruct(run: Run) -> Plan:
    before = made(run, "adapter_pretrain")
    data = export_folder(run)
    return _recipe_plan(
        run,
        "instruct",
        inputs={
            "snapshot": run.snapshot.digest,
            "base": _exported(run)["base_digest"],
            "adapter": before.sha256,
        },
        paths={
            "base_model": base_model(run),
            "adapter": stored(before),
            "train_file": data / "train.jsonl",
            "validation_file": data / "validation.jsonl",
        },
        leaves=[("adapter", "adapter", "adapter")],
        parent=before,
    )


def _merge(run: Run) -> Plan:
    adapter = made(run, "adapter")
    return _recipe_plan(
        run,
        "merge",
        inputs={"base": _exported(run)["base_digest"], "adapter": adapter.sha256},
        paths={"base_model": base_model(run), "adapter": stored(adapter)},
        leaves=[("merged", "merged", "merged")],
        parent=adapter,
    )


def _convert(run: Run) -> Plan:
    merged = made(run, "merged")
    return _recipe_plan(
        run,
        "convert",
        inputs={"merged": merged.sha256},
        paths={"model_folder": stored(merged)},
        leaves=[("gguf_f16", "model-f16.gguf", packaging.file_name(run, "F16"))],
        parent=merged,
    )


def _quantise(run: Run) -> Plan:
    f16 = made(run, "gguf_f16")
    out = packaging.file_name(run, run.recipe["quantise"]["type"])
    return _recipe_plan(
        run,
        "quantise",
        inputs={"gguf": f16.sha256, "values": run.recipe["quantise"]},
        paths={"gguf": stored(f16)},
        values={"out": out},
        leaves=[(packaging.quantised_kind(run), out, out)],
        parent=f16,
    )


def _package(run: Run) -> Plan:
    gguf = made(run, packaging.quantised_kind(run))

    def perform(watch: Watch) -> Made:
        folder = watch.folder.path
        written = packaging.write_modelfile(run, folder, train_file=export_folder(run) / "train.jsonl")
        return Made(
            {"ok": True}, [Product("modelfile", written, written.name, gguf), _card(run, folder, gguf)]
        )

    return _plan(run, "package", {"gguf": gguf.sha256, "recipe": run.recipe}, perform)


def _evaluate(run: Run) -> Plan:
    gguf = made(run, packaging.quantised_kind(run))

    def perform(watch: Watch) -> Made:
        evaluation = evaluating.evaluate(run, gguf, folder=watch.folder, watch=watch)
        card = _card(run, watch.folder.path, gguf)  # once more, now with the score
        return Made({"ok": True, "evaluation": evaluation.pk}, [card])

    facts = {"gguf": gguf.sha256, "configuration": evaluating.configuration_digest(run)}
    return _plan(run, "evaluate", facts, perform)


def _card(run: Run, folder: Path, gguf: Artifact) -> Product:
    written = packaging.write_card(run, folder)
    return Product("model_card", written, written.name, gguf)


def leaves(run: Run, stage: str) -> tuple[str, ...]:
    """Which kinds of artifact this stage leaves when it has finished."""
    return {
        "pretrain": ("adapter_pretrain",),
        "instruct": ("adapter",),
        "merge": ("merged",),
        "convert": ("gguf_f16",),
        "quantise": (packaging.quantised_kind(run),),
        "package": ("modelfile", "model_card"),
    }.get(stage, ())


_PLANS: dict[str, Callable[[Run], Plan]] = {
    "export": _export,
    "pretrain": _pretrain,
    "instruct": _instruct,
    "merge": _merge,
    "convert": _convert,
    "quantise": _quantise,
    "package": _package,
    "evaluate": _evaluate,
}


def _recipe_plan(
    run: Run,
    stage: str,
    *,
    inputs: dict[str, Any],
    paths: dict[str, Path],
    leaves: list[tuple[str, str, str]],
    values: dict[str, Any] | None = None,
    parent: Artifact | None = None,
) -> Plan:
    """A stage that a recipe makes in a process of its own.

    Args:
        inputs: Digests of what it reads; with the recipe's values they decide the outcome.
        paths: Where it reads that, as fields of its recipe.json.
        leaves: (artifact kind, name in the stage's folder, name of a download).
    """
    own = run.recipe.get(stage, {})

    def perform(watch: Watch) -> Made:
        given = {name: str(path) for name, path in paths.items()} | (values or {})
        if stage in TRAINING_STAGES:
            given["inputs"] = made_from.digest
        recipe = recipes.stage_values(run.recipe, stage, seed=run.seed, **given)
        result = run_recipe(stage, watch.folder, recipe, watch)
        products = [
            Product(kind, watch.folder.path / name, download, parent) for kind, name, download in leaves
        ]
        return Made(result, products)

    made_from = _plan(run, stage, {**inputs, "values": own}, perform)
    return made_from


def find(run: Run, kind: str) -> Artifact | None:
    """The newest artifact of this kind that the run has made and that the store still has."""
    artifact = run.artifacts.filter(kind=kind).order_by("-pk").first()
    return artifact if artifact and stored(artifact).exists() else None


def quantised(run: Run) -> Artifact | None:
    """The model file that people run and that is scored."""
    return find(run, packaging.quantised_kind(run))


def made(run: Run, kind: str) -> Artifact:
    """The same, where an earlier stage must have left it.

    Raises:
        Failure: it is not there.
    """
    if artifact := find(run, kind):
        return artifact
    raise Failure("bug", f"run {run.pk}: {kind} is not in the artifact store, though its stage has finished.")


def stored(artifact: Artifact) -> Path:
    return storage.path_of(artifact.sha256)
