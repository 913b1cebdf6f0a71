"""The named recipes and the table of every value a recipe may hold: default, range, unit and reason.

    {"name": "rehearsal",
     "base":     {"model": "tiny", "revision": ""},
     "pretrain": {"lora_rank": 32, "learning_rate": 0.002, …},
     "instruct": {…}, "quantise": {…}, "generate": {…}}

A recipe holds no path and no seed: the run adds those when it writes a stage's recipe.json (`stage_values`).
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TINY = "tiny"
BACKENDS = ("plain", "unsloth")
QUANTISATIONS = ("Q8_0", "Q4_K_M", "Q4_0", "Q2_K")

Value = bool | int | float | str


@dataclass(frozen=True)
class Field:
    """One value of a recipe.

    Attributes:
        least, most: Limits, both allowed; None for text and switches.
        unit: "" where the number is a plain factor.
        reason: Why the default is what it is; shown beside the field.
    """

    stage: str
    name: str
    default: Value
    reason: str
    least: float | None = None
    most: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.stage}.{self.name}"

    @property
    def limits(self) -> str:
        """ "1 to 256 device steps"; the unit alone, or nothing, where there are no limits."""
        ends = "" if self.least is None else f"{self.least:g} to {self.most:g}"
        return " ".join(filter(None, [ends, self.unit]))


_BATCH_REASON = (
    "As many as fit into GPU memory. The plain backend packs a batch of stage 1 into one sequence, and its "
    "attention grows with the square of that: raise accumulate instead."
)
_PROCESSES_REASON = (
    "Each takes its share of a step; lower accumulate by the same factor to keep a step's size. "
    "Not with unsloth."
)
_BACKEND_REASON = (
    "plain needs no more than the studio installs. unsloth was 1.5 to 2.1 times as fast on an H100; it is an "
    "optional list, studio/requirements/gpu.txt."
)


def _learning(stage: str, *, rate: float, epochs: float, max_length: int, why: str) -> tuple[Field, ...]:
    """The fields both training stages share, so that their names and ranges never drift apart."""
    steps = "optimizer steps"
    return (
        Field(stage, "learning_rate", rate, why, 1e-6, 1e-2),
        Field(stage, "epochs", epochs, "More passes learn more by heart.", 0.1, 200, "passes over the data"),
        Field(
            stage,
            "max_steps",
            0,
            "0: epochs decides. Else it does, and epochs counts no more.",
            0,
            10**6,
            steps,
        ),
        Field(stage, "batch_size", 1, _BATCH_REASON, 1, 256, "sequences a device step"),
        Field(stage, "accumulate", 32, "1 x 32 = 32 sequences an optimizer step.", 1, 1024, "device steps"),
        Field(stage, "processes", 1, _PROCESSES_REASON, 1, 8, "processes, one a GPU"),
        Field(stage, "max_length", max_length, "Longer samples are cut or split there.", 64, 32768, "tokens"),
        Field(stage, "warmup_ratio", 0.03, "A cold optimizer starts gently.", 0.0, 0.5, "share of all steps"),
        Field(stage, "weight_decay", 0.0, "Adapters are small; 0 is the usual choice.", 0.0, 0.5),
        Field(stage, "log_steps", 10, "A line in metrics.jsonl this often.", 1, 10_000, steps),
        Field(stage, "eval_steps", 50, "Validation loss this often.", 1, 100_000, steps),
        Field(stage, "save_steps", 50, "A checkpoint this often; two are kept.", 1, 100_000, steps),
        Field(stage, "nf4", True, "The base in 4 bits (QLoRA): a quarter of the memory."),
        Field(stage, "backend", "plain", _BACKEND_REASON, choices=BACKENDS),
    )


_BASE_REASON = (
    "Base, not Instruct: the adapter teaches the chat form itself. tiny is the built-in rehearsal model."
)
_EMBEDDINGS_REASON = (
    "Trains embeddings and output layer too. Only the random tiny base needs it; "
    "in a large model it costs gigabytes."
)

FIELDS: tuple[Field, ...] = (
    Field("base", "model", "Qwen/Qwen2.5-Coder-14B", _BASE_REASON),
    Field("base", "revision", "", "Commit of the model on the hub; empty for a local folder."),
    Field("pretrain", "lora_rank", 32, "32-64 for a language that the model has not seen.", 1, 256),
    Field("pretrain", "lora_alpha", 64, "2 x rank: the adapter's scale then stays 2.", 1, 512),
    Field("pretrain", "lora_dropout", 0.0, "0: the two stages are short.", 0.0, 0.5),
    Field("pretrain", "train_embeddings", False, _EMBEDDINGS_REASON),
    *_learning(
        "pretrain",
        rate=5e-5,
        epochs=1.0,
        max_length=4096,
        why="Raw source shifts the whole model; a low rate forgets less.",
    ),
    *_learning(
        "instruct",
        rate=2e-4,
        epochs=3.0,
        max_length=4096,
        why="The usual rate for an adapter on question-and-answer pairs.",
    ),
    Field(
        "quantise",
        "type",
        "Q4_K_M",
        "About a quarter of F16 with little loss: the file that people run.",
        choices=QUANTISATIONS,
    ),
    Field("generate", "samples", 10, "One answer cannot tell luck from skill.", 1, 100, "answers per task"),
    Field("generate", "temperature", 0.2, "Low: code wants the likely answer, with some spread.", 0.0, 2.0),
    Field("generate", "top_p", 0.95, "Cuts the improbable tail.", 0.01, 1.0),
    Field("generate", "max_tokens", 1024, "An answer that hits it counts as truncated.", 16, 8192, "tokens"),
)

_STAGE_FIELDS: dict[str, dict[str, Field]] = {}
for _field in FIELDS:
    _STAGE_FIELDS.setdefault(_field.stage, {})[_field.name] = _field

_NAMED: dict[str, dict[str, dict[str, Value]]] = {
    # Only for the tiny base: its weights are random, so it needs rates that would wreck a real model,
    # trained embeddings and many small steps. Chosen among about nine settings, one seed each, by how many
    # answers to the shipped tasks opened and closed a fence: a rehearsal's score on those tasks is selected,
    # and says only that the loop works. The number of steps is fixed, so that a rehearsal takes the same time
    # for any dataset.
    "rehearsal": {
        "base": {"model": TINY},
        "pretrain": {
            "train_embeddings": True,
            "learning_rate": 2e-3,
            "max_steps": 80,
            "accumulate": 1,
            "max_length": 512,
            "log_steps": 5,
            "eval_steps": 40,
            "save_steps": 40,
            "nf4": False,
        },
        "instruct": {
            "learning_rate": 1e-3,
            "max_steps": 700,
            "accumulate": 1,
            "max_length": 1024,
            "eval_steps": 175,
            "save_steps": 175,
            "nf4": False,
        },
        "generate": {"samples": 2, "max_tokens": 512},
    },
    "qwen7b": {"base": {"model": "Qwen/Qwen2.5-Coder-7B"}},
    "qwen14b": {"base": {"model": "Qwen/Qwen2.5-Coder-14B"}},
}

RECIPE_NAMES = tuple(_NAMED)

TITLES: dict[str, str] = {
    "rehearsal": "Rehearsal: a tiny model, on a CPU",
    "qwen7b": "Qwen2.5-Coder-7B, QLoRA, one 16 GB GPU",
    "qwen14b": "Qwen2.5-Coder-14B, QLoRA, one 24 GB GPU",
}


def named(name: str) -> dict[str, Any]:
    """A fresh, complete copy of the recipe of that name.

    Raises:
        KeyError: there is none; the message lists the names.
    """
    if name not in _NAMED:
        raise KeyError(f'recipe "{name}" is not one of {", ".join(RECIPE_NAMES)}.')
    recipe: dict[str, Any] = {"name": name}
    for field in FIELDS:
        own = _NAMED[name].get(field.stage, {})
        recipe.setdefault(field.stage, {})[field.name] = own.get(field.name, field.default)
    return recipe


def with_overrides(recipe: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with some values replaced: {"instruct": {"epochs": 2}} or {"instruct.epochs": 2}.

    Unknown names are kept, so that `problems` can name them.
    """
    changed = copy.deepcopy(dict(recipe))
    for key, value in overrides.items():
        stage, dot, name = key.partition(".")
        values = {name: value} if dot else value
        if isinstance(values, Mapping) and isinstance(changed.setdefault(stage, {}), dict):
            changed[stage].update(values)
        else:
            changed[stage] = values
    return changed


def problems(recipe: Mapping[str, Any]) -> list[str]:
    """Every value that is missing, unknown, of the wrong kind or out of range, a sentence each.

    An empty list means that the recipe is good.
    """
    found: list[str] = []
    for stage, values in recipe.items():
        is_name = stage == "name" and isinstance(values, str)
        if not is_name and stage not in _STAGE_FIELDS:
            found.append(
                f"{stage}: there is no such part of a recipe.{_nearest(stage, tuple(_STAGE_FIELDS))}"
            )
    for stage, fields in _STAGE_FIELDS.items():
        values = recipe.get(stage)
        if not isinstance(values, Mapping):
            names = ", ".join(RECIPE_NAMES)
            found.append(f"{stage}: missing. Start from one of {names} and change single values.")
            continue
        for name in values:
            if name not in fields:
                found.append(f"{stage}.{name}: unknown.{_nearest(name, tuple(fields))}")
        for name, field in fields.items():
            if name not in values:
                found.append(f"{field.key}: missing, the default is {field.default}")
            else:
                found += _problems_of(field, values[name])
    return found or _contradictions(recipe)


def stage_values(recipe: Mapping[str, Any], stage: str, *, seed: int = 13, **inputs: Any) -> dict[str, Any]:
    """What a stage's recipe.json holds: its values from the recipe, the seed if it takes one, its inputs.

    Args:
        inputs: Paths and names that the run knows, e.g. base_model, corpus_folder, adapter, gguf.
    """
    values = dict(recipe.get(stage, {}))
    if stage == "generate":
        values.pop("samples", None)  # the prompts file lists every sample already
    if stage in ("pretrain", "instruct"):
        values["seed"] = seed
    if stage in ("pretrain", "instruct", "merge"):
        values["base_revision"] = recipe["base"]["revision"]
    return {**values, **inputs}


def sequences_a_step(values: Mapping[str, Any]) -> int:
    """How many sequences an optimizer step of this stage learns from."""
    return int(values["batch_size"] * values["accumulate"] * values.get("processes", 1))


def too_many_processes(backend: str, processes: int) -> str:
    """Why this backend does not train in that many processes; "" when it does."""
    if backend != "unsloth" or processes == 1:
        return ""
    return f"processes={processes} with backend=unsloth: it trains in one, write processes=1 or backend=plain"


def needs_gpu(recipe: Mapping[str, Any]) -> bool:
    return bool(recipe["base"]["model"] != TINY)


def _problems_of(field: Field, value: Any) -> list[str]:
    if isinstance(field.default, bool):
        return [] if isinstance(value, bool) else [f"{field.key}={value!r}: write true or false"]
    if isinstance(field.default, str):
        if not isinstance(value, str):
            return [f"{field.key}={value!r}: write text in quotes"]
        if field.choices and value not in field.choices:
            known = ", ".join(field.choices)
            return [f'{field.key}="{value}" is not one of {known}.{_nearest(value, field.choices)}']
        return _bad_base(value) if field.key == "base.model" else []
    whole = isinstance(field.default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        kind = "whole number" if whole else "number"
        return [f"{field.key}={value!r}: write a {kind}, the default is {field.default}"]
    assert field.least is not None
    assert field.most is not None
    if not field.least <= value <= field.most:
        unit = f" {field.unit}" if field.unit else ""
        limits = f"{field.least:g} to {field.most:g}{unit}"
        return [f"{field.key}={value} is outside {limits}; the default is {field.default}"]
    return []


def _bad_base(model: str) -> list[str]:
    if (
        model == TINY
        or re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", model)
        or model.startswith("/")
    ):
        return []
    return [f'base.model="{model}": write tiny, owner/name as on the hub, or the full path of a folder']


def _contradictions(recipe: Mapping[str, Any]) -> list[str]:
    found = []
    rank, alpha = recipe["pretrain"]["lora_rank"], recipe["pretrain"]["lora_alpha"]
    if alpha != 2 * rank:
        found.append(f"lora_alpha={alpha} with lora_rank={rank}: alpha is 2 x rank, write {2 * rank}")
    revision, model = recipe["base"]["revision"], recipe["base"]["model"]
    if revision and not re.fullmatch(r"[0-9a-f]{40}", revision):
        found.append(
            f'base.revision="{revision}": write the full commit, 40 hexadecimal digits, or leave it empty'
        )
    for stage in ("pretrain", "instruct"):
        if why := too_many_processes(recipe[stage]["backend"], recipe[stage]["processes"]):
            found.append(f"{stage}.{why}")
    if needs_gpu(recipe):
        for stage in ("pretrain", "instruct"):
            rate = recipe[stage]["learning_rate"]
            if rate > 1e-3:
                found.append(f"{stage}.learning_rate={rate} would wreck {model}: write at most 0.001")
    return found


def _nearest(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""
