"""The named recipes and the table of every value a recipe may hold: default, range, unit and reason.

    {"name": "rehearsal",
     "base":     {"model": "tiny", "revision": ""},
     "pretrain": {"lora_rank": 16, "learning_rate": 0.003, …},
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
    least: float | None
    most: float | None
    unit: str
    reason: str
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.stage}.{self.name}"


def _learning(stage: str, *, learning_rate: float, epochs: float, max_length: int, why: str) -> tuple[Field, ...]:
    """The fields both training stages share, so that their names and ranges never drift apart."""
    return (
        Field(stage, "learning_rate", learning_rate, 1e-6, 1e-2, "", why),
        Field(stage, "epochs", epochs, 0.1, 200, "passes over the data", "More passes learn more by heart."),
        Field(stage, "max_steps", 0, 0, 1_000_000, "optimizer steps", "0: epochs decides. Set it to end early."),
        Field(stage, "batch_size", 4, 1, 256, "sequences per device step", "As many as fit into GPU memory."),
        Field(stage, "accumulate", 8, 1, 1024, "device steps per optimizer step", "4 x 8 = 32 sequences a step."),
        Field(stage, "max_length", max_length, 64, 32768, "tokens", "Longer samples are cut or split there."),
        Field(stage, "warmup_ratio", 0.03, 0.0, 0.5, "share of all steps", "A cold optimizer starts gently."),
        Field(stage, "weight_decay", 0.0, 0.0, 0.5, "", "Adapters are small; 0 is the usual choice."),
        Field(stage, "log_steps", 10, 1, 10_000, "optimizer steps", "A line in metrics.jsonl this often."),
        Field(stage, "eval_steps", 50, 1, 100_000, "optimizer steps", "Validation loss this often."),
        Field(stage, "save_steps", 50, 1, 100_000, "optimizer steps", "A checkpoint this often; two are kept."),
        Field(stage, "nf4", True, None, None, "", "The base in 4 bits (QLoRA): a quarter of the memory."),
    )


FIELDS: tuple[Field, ...] = (
    Field(
        "base", "model", "Qwen/Qwen2.5-Coder-14B", None, None, "",
        "Base, not Instruct: the adapter teaches the chat form itself. tiny is the built-in rehearsal model.",
    ),
    Field("base", "revision", "", None, None, "", "Commit of the model on the hub; empty for a local folder."),
    Field("pretrain", "lora_rank", 32, 1, 256, "", "32-64 for a language that the model has not seen."),
    Field("pretrain", "lora_alpha", 64, 1, 512, "", "2 x rank: the adapter's scale then stays 2."),
    Field("pretrain", "lora_dropout", 0.0, 0.0, 0.5, "", "0: the two stages are short."),
    Field(
        "pretrain", "train_embeddings", False, None, None, "",
        "Trains embeddings and output layer too. Only the random tiny base needs it; in a large model it costs GB.",
    ),
    *_learning(
        "pretrain", learning_rate=5e-5, epochs=1.0, max_length=4096,
        why="Raw source shifts the whole model; a low rate forgets less.",
    ),
    *_learning(
        "instruct", learning_rate=2e-4, epochs=3.0, max_length=2048,
        why="The usual rate for an adapter on question-and-answer pairs.",
    ),
    Field(
        "quantise", "type", "Q4_K_M", None, None, "",
        "About a quarter of F16 with little loss: the file that people run.", QUANTISATIONS,
    ),
    Field("generate", "samples", 10, 1, 100, "answers per task", "One answer a task cannot tell luck from skill."),
    Field("generate", "temperature", 0.2, 0.0, 2.0, "", "Low: code wants the likely answer, with some spread."),
    Field("generate", "top_p", 0.95, 0.01, 1.0, "", "Cuts the improbable tail."),
    Field("generate", "max_tokens", 1024, 16, 8192, "tokens", "An answer that hits it counts as truncated."),
)  # fmt: skip

_STAGE_FIELDS: dict[str, dict[str, Field]] = {}
for _field in FIELDS:
    _STAGE_FIELDS.setdefault(_field.stage, {})[_field.name] = _field

_NAMED: dict[str, dict[str, dict[str, Value]]] = {
    # Only for the tiny base: its weights are random, so it needs rates that would wreck a real model, trained
    # embeddings, and many small steps rather than few large ones (measured: 290 steps of 2 sequences learnt the
    # form, 150 steps of 4 did not; above 0.002 the second stage stops learning). A fixed number of steps, so that
    # the rehearsal takes the same two minutes on one CPU thread whatever the size of the snapshot.
    "rehearsal": {
        "base": {"model": TINY},
        "pretrain": {
            "lora_rank": 32, "lora_alpha": 64, "train_embeddings": True, "learning_rate": 2e-3, "max_steps": 80,
            "batch_size": 1, "accumulate": 1, "max_length": 512, "log_steps": 5, "eval_steps": 40,
            "save_steps": 40, "nf4": False,
        },
        "instruct": {
            "learning_rate": 1e-3, "max_steps": 460, "batch_size": 1, "accumulate": 1, "max_length": 1024,
            "log_steps": 10, "eval_steps": 115, "save_steps": 115, "nf4": False,
        },
        "generate": {"samples": 2, "max_tokens": 512},
    },
    # One sequence a device step: the scores over 152,064 tokens of vocabulary take more memory than the weights.
    # Estimated need: 7B 12 GiB, 14B 17 GiB at the lengths below (estimate, not measured).
    "qwen7b": {
        "base": {"model": "Qwen/Qwen2.5-Coder-7B"},
        "pretrain": {"batch_size": 1, "accumulate": 32, "max_length": 4096},
        "instruct": {"batch_size": 1, "accumulate": 32, "max_length": 4096},
    },
    "qwen14b": {
        "base": {"model": "Qwen/Qwen2.5-Coder-14B"},
        "pretrain": {"batch_size": 1, "accumulate": 32, "max_length": 4096},
        "instruct": {"batch_size": 1, "accumulate": 32, "max_length": 4096},
    },
}  # fmt: skip

RECIPE_NAMES = tuple(_NAMED)

TITLES: dict[str, str] = {
    "rehearsal": "Rehearsal: the whole chain on a tiny random model, on a CPU, in a few minutes",
    "qwen7b": "Qwen2.5-Coder-7B, QLoRA, one 24 GB GPU",
    "qwen14b": "Qwen2.5-Coder-14B, QLoRA, one 40 GB GPU",
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
        recipe.setdefault(field.stage, {})[field.name] = _NAMED[name].get(field.stage, {}).get(field.name, field.default)
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
    """Every value that is missing, unknown, of the wrong kind or out of range: a sentence each. Empty is good."""
    found: list[str] = []
    for stage in recipe:
        if stage != "name" and stage not in _STAGE_FIELDS:
            found.append(f'{stage}: there is no such part of a recipe.{_nearest(stage, tuple(_STAGE_FIELDS))}')
    for stage, fields in _STAGE_FIELDS.items():
        values = recipe.get(stage)
        if not isinstance(values, Mapping):
            found.append(f"{stage}: missing. Start from one of {', '.join(RECIPE_NAMES)} and change single values.")
            continue
        found += [f"{stage}.{name}: unknown.{_nearest(name, tuple(fields))}" for name in values if name not in fields]
        for name, field in fields.items():
            if name not in values:
                found.append(f"{field.key}: missing, the default is {field.default}")
            else:
                found += _problems_of(field, values[name])
    return found or _contradictions(recipe)


def stage_values(recipe: Mapping[str, Any], stage: str, *, seed: int = 13, **inputs: Any) -> dict[str, Any]:
    """What a stage's recipe.json holds: its values from the recipe, the seed where it has one, and its inputs.

    Args:
        inputs: Paths and names that the run knows, e.g. base_model, corpus_folder, adapter, gguf.
    """
    values = dict(recipe.get(stage, {}))
    if stage == "generate":
        values.pop("samples", None)  # the prompts file lists every sample already
    if stage in ("pretrain", "instruct"):
        values["seed"] = seed
        values.update(base_revision=recipe["base"]["revision"])
    return {**values, **inputs}


def needs_gpu(recipe: Mapping[str, Any]) -> bool:
    return bool(recipe["base"]["model"] != TINY)


def _problems_of(field: Field, value: Any) -> list[str]:
    if isinstance(field.default, bool):
        return [] if isinstance(value, bool) else [f"{field.key}={value!r}: write true or false"]
    if isinstance(field.default, str):
        if not isinstance(value, str):
            return [f"{field.key}={value!r}: write text in quotes"]
        if field.choices and value not in field.choices:
            return [f'{field.key}="{value}" is not one of {", ".join(field.choices)}.{_nearest(value, field.choices)}']
        return _bad_base(value) if field.key == "base.model" else []
    whole = isinstance(field.default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return [f"{field.key}={value!r}: write a {'whole ' if whole else ''}number, the default is {field.default}"]
    assert field.least is not None and field.most is not None
    if not field.least <= value <= field.most:
        unit = f" {field.unit}" if field.unit else ""
        return [f"{field.key}={value} is outside {field.least:g} to {field.most:g}{unit}; default {field.default}"]
    return []


def _bad_base(model: str) -> list[str]:
    if model == TINY or re.fullmatch(r"[\w.-]+/[\w.-]+", model) or model.startswith("/"):
        return []
    return [f'base.model="{model}": write tiny, owner/name as on the hub, or the full path of a folder']


def _contradictions(recipe: Mapping[str, Any]) -> list[str]:
    found = []
    rank, alpha = recipe["pretrain"]["lora_rank"], recipe["pretrain"]["lora_alpha"]
    if alpha != 2 * rank:
        found.append(f"lora_alpha={alpha} with lora_rank={rank}: alpha is 2 x rank, write {2 * rank}")
    revision, model = recipe["base"]["revision"], recipe["base"]["model"]
    if revision and not re.fullmatch(r"[0-9a-f]{40}", revision):
        found.append(f'base.revision="{revision}": write the full commit, 40 hexadecimal digits, or leave it empty')
    if needs_gpu(recipe):
        for stage in ("pretrain", "instruct"):
            if recipe[stage]["learning_rate"] > 1e-3:
                rate = recipe[stage]["learning_rate"]
                found.append(f"{stage}.learning_rate={rate} would wreck {model}: at most 0.001; only tiny bears more")
    return found


def _nearest(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""
