"""What a run needs, as a sum that a person can follow: its parts, a margin, the total, and what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training.domain.vram import DRIVER_BYTES, HEADROOM, Estimate, ModelShape

MARGIN = 1.2  # of disk
# Of F16. Q4_K_M was 0.317 at 1.5B (docs/benchmarks-gpu.md); the others are by llama.cpp's bits a weight.
QUANTISED = {"Q8_0": 0.54, "Q4_K_M": 0.32, "Q4_0": 0.30, "Q2_K": 0.22}
OPTIMIZER_COPIES = 2  # Adam's two averages, each as large as what is trained
CHECKPOINTS = 2


@dataclass(frozen=True)
class Part:
    name: str
    size_bytes: float


@dataclass(frozen=True)
class Sum:
    """(parts) x times + besides.

    Attributes:
        what: What is added up, as a page calls it.
        there: Bytes that there are of it; None where that is not known.
        stage: Whose need it is; "" of the whole run.
        where: What there is, in words: "free", "on the largest GPU here".
    """

    what: str
    parts: tuple[Part, ...]
    times: float = 1.0
    besides: Part | None = None
    there: int | None = None
    where: str = ""
    stage: str = ""

    @property
    def total(self) -> int:
        return int(
            sum(part.size_bytes for part in self.parts) * self.times
            + (self.besides.size_bytes if self.besides else 0)
        )

    @property
    def fits(self) -> bool:
        return self.there is None or self.total <= self.there

    @property
    def verdict(self) -> str:
        """ "43.3 GB estimated, 120.0 GB free"."""
        there = "" if self.there is None else f", {gigabytes(self.there)} {self.where}"
        return f"{gigabytes(self.total)} estimated{there}"

    @property
    def sentence(self) -> str:
        """ "1.0 GB merged + 1.0 GB F16 = 2.0 GB, x 1.2 = 2.4 GB"."""
        told = " + ".join(_told(part) for part in self.parts)
        if len(self.parts) > 1:
            told += f" = {gigabytes(sum(part.size_bytes for part in self.parts))}"
        if self.times != 1 or self.besides:
            factor = f", × {self.times:g}" if self.times != 1 else ""
            told += f"{factor}{f' + {_told(self.besides)}' if self.besides else ''} = {gigabytes(self.total)}"
        return told

    def as_dict(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "parts": {part.name: int(part.size_bytes) for part in self.parts},
            "times": self.times,
            "besides": {self.besides.name: int(self.besides.size_bytes)} if self.besides else {},
            "total_bytes": self.total,
            "there_bytes": self.there,
            "sentence": self.sentence,
        }


def gigabytes(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:.1f} GB"


def _told(part: Part) -> str:
    return f"{gigabytes(part.size_bytes)} {part.name}"


def memory(stage: str, estimate: Estimate, *, there: int | None, processes: int = 1) -> Sum:
    """GPU memory of a training stage; of each GPU where several processes share the work."""
    parts = (
        Part("base", estimate.base),
        Part("adapter and its optimizer", estimate.trained),
        Part("inputs of the layers", estimate.kept),
        Part("one layer or the loss", estimate.working),
    )
    return Sum(
        f"GPU memory, {stage}{', each GPU' if processes > 1 else ''}",
        tuple(part for part in parts if part.size_bytes),
        HEADROOM,
        Part("CUDA", DRIVER_BYTES),
        there,
        "on the largest GPU here",
        stage,
    )


def disk(shape: ModelShape, weight_bytes: int, recipe: dict[str, Any], *, there: int) -> Sum:
    """What a run leaves on disk at most, before what it needs no more is removed.

    Args:
        weight_bytes: Of the base model's files, which merged model and F16 are as large as.
    """
    values = recipe["pretrain"]
    trained = shape.adapter_weights(values["lora_rank"])
    if values["train_embeddings"]:
        trained += shape.embedding_weights
    stored = 2 if values["backend"] == "plain" and values["nf4"] else 4  # bytes of a trained weight
    kind = recipe["quantise"]["type"]
    parts = (
        Part("merged model", weight_bytes),
        Part("F16", weight_bytes),
        Part("copy of F16 while it is stored", weight_bytes),
        Part(kind, weight_bytes * QUANTISED[kind]),
        Part(f"{CHECKPOINTS} checkpoints", CHECKPOINTS * trained * stored * (1 + OPTIMIZER_COPIES)),
    )
    return Sum("Disk", parts, MARGIN, there=there, where="free")
