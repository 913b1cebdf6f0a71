"""The model card: what the model is, what it was made from, what it scored, and what it is not fit for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.domain.recipe import sequences_a_step

_METRICS = {
    "compile@1": "share of answers (no second try) that the real BBj compiler (bbjcpl) accepts",
    "offline check@1": "share of answers (no second try) that the studio's offline check accepts; it is no "
    "compiler",
}


@dataclass(frozen=True)
class CardScore:
    """One row of the score table. value, low and high are shares from 0 to 1; None while undefined."""

    model: str  # "base model", "stage 2, Q4_K_M", …
    metric: str  # "compile@1" or "offline check@1", never one for the other
    tasks: str  # "tasks-1, holdout: 12 tasks, 24 answers"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""  # why it is undefined


def render(
    *,
    title: str,
    run: int,
    base_model: str,
    base_revision: str,
    recipe: Mapping[str, Any],
    seed: int,
    snapshot_name: str,
    snapshot_digest: str,
    examples: Mapping[str, int],
    scores: Sequence[CardScore],
    files: Mapping[str, str],
    code_version: str,
) -> str:
    """The card as Markdown.

    Args:
        examples: How many by split: {"train": 46, "validation": 5}.
        files: File name → sha256.
        scores: May be empty: the card then says that nothing was evaluated.
    """
    tiny = recipe["base"]["model"] == "tiny"
    parts = [
        f"# {title}",
        _warning() if tiny else "",
        "## What it is",
        _table(
            ("", ""),
            [
                ("Base model", f"{base_model}{f' at {base_revision}' if base_revision else ''}"),
                (
                    "Made by",
                    f"run {run}, recipe {recipe['name']}, seed {seed}, studio {code_version or 'unknown'}",
                ),
                ("Training data", f"{snapshot_name}, {_counted(examples)}"),
                ("Digest of the data", f"`{snapshot_digest}`"),
            ],
        ),
        "Two stages on one LoRA adapter: first raw BBj source, then questions and answers in ChatML. "
        "Then merged into the base and quantised.",
        "## Training",
        _table(("", "stage 1: source", "stage 2: answers"), _training_rows(recipe)),
        "## Scores",
        _score_table(scores),
        "## Limits",
        "- A program that is accepted need not do what was asked; nothing here ran the code.\n"
        "- It was trained on the examples named above and knows little of BBj beyond them.\n"
        "- Its answers may repeat training examples word for word.",
        "## Files",
        _table(("file", "sha256"), [(name, f"`{digest}`") for name, digest in sorted(files.items())]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _warning() -> str:
    return (
        "> **Rehearsal.** The base is a random model of a few million weights. This run shows that every "
        "step works; "
        "the model is of no use for programming."
    )


def _training_rows(recipe: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    first, second = recipe["pretrain"], recipe["instruct"]
    rows = [
        ("LoRA rank / alpha", f"{first['lora_rank']} / {first['lora_alpha']}", "the same adapter"),
        ("base in 4 bits (NF4)", _yes(first["nf4"]), _yes(second["nf4"])),
    ]
    for label, name in (
        ("learning rate", "learning_rate"),
        ("epochs", "epochs"),
        ("tokens a sample", "max_length"),
    ):
        rows.append((label, f"{first[name]:g}", f"{second[name]:g}"))
    sequences = [str(sequences_a_step(stage)) for stage in (first, second)]
    return [*rows, ("sequences a step", sequences[0], sequences[1])]


def _score_table(scores: Sequence[CardScore]) -> str:
    if not scores:
        return "Not evaluated."
    rows = [(row.model, row.metric, _share(row), row.tasks) for row in scores]
    table = _table(("model", "metric", "score (95 % interval)", "tasks"), rows)
    notes = [f"*{metric}*: {_METRICS[metric]}." for metric in dict.fromkeys(row.metric for row in scores)]
    return "\n\n".join([table, *notes])


def _share(row: CardScore) -> str:
    if row.value is None or row.low is None or row.high is None:
        return f"undefined: {row.why}"
    return f"{row.value:.1%} ({row.low:.1%} to {row.high:.1%})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _counted(examples: Mapping[str, int]) -> str:
    return ", ".join(f"{count} for {name}" for name, count in examples.items())


def _yes(value: bool) -> str:
    return "yes" if value else "no"
