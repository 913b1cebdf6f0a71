"""How much GPU memory a training stage needs, estimated from the shape of its base model.

The terms count what is held at the peak of a step. Their factors for a layer were fitted to what torch had in
use on an H100: NF4, rank 32, 4 x 2048 tokens, 1.5B, 7B and 14B (docs/benchmarks-gpu.md sets estimate beside
measurement). They hold for 4 x 4096 tokens too, which was not fitted. Other batches and ranks follow from the
terms and were not measured, nor was a base in 16 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)  # a scale for 64 weights, and one of its own for 256 of those
HEADROOM = 1.10  # what torch holds beyond what is in use: 3 to 10 % measured
DRIVER_BYTES = 1000**3  # CUDA and its libraries' workspaces: 804 to 903 MB measured, and some room
LOSS_CHUNK = 256  # tokens whose scores over the vocabulary are there at one time, with either backend


@dataclass(frozen=True)
class ModelShape:
    """The numbers of a Qwen2's config.json that decide its size."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int
    tied: bool  # input and output embeddings are one matrix

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ModelShape:
        """Raises KeyError where config.json lacks one of the numbers."""
        return cls(
            hidden=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            kv_heads=config["num_key_value_heads"],
            intermediate=config["intermediate_size"],
            vocabulary=config["vocab_size"],
            tied=bool(config.get("tie_word_embeddings")),
        )

    @property
    def kv_width(self) -> int:
        return self.hidden // self.heads * self.kv_heads

    @property
    def linear_weights(self) -> int:
        """Weights of the layers' matrices: what NF4 stores in 4 bits and what gets an adapter."""
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * self.kv_width
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def embedding_weights(self) -> int:
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    def adapter_weights(self, rank: int) -> int:
        """LoRA weights of this rank on all seven matrices of every layer."""
        attention = 2 * (self.hidden + self.hidden) + 2 * (self.hidden + self.kv_width)
        return rank * self.layers * (attention + 3 * (self.hidden + self.intermediate))


@dataclass(frozen=True)
class Estimate:
    """Bytes of GPU memory at the peak of a training step, by what they hold."""

    base: float  # the frozen weights
    trained: float  # adapter, its gradients and the optimizer's two averages
    kept: float  # each layer's input, from which the backward pass computes the layer again
    working: float  # one layer under computation, or one chunk of the loss, whichever is more

    @property
    def total(self) -> int:
        """What the whole GPU shows as used: also what torch holds in reserve, and the driver's part."""
        return int((self.base + self.trained + self.kept + self.working) * HEADROOM + DRIVER_BYTES)


def estimate(
    shape: ModelShape,
    *,
    backend: str,
    nf4: bool,
    rank: int,
    batch_size: int,
    max_length: int,
    train_embeddings: bool = False,
) -> Estimate:
    """The peak of a stage that trains full sequences, on each of its GPUs.

    Several processes hold the whole model each. What they add (a second copy of the adapter's gradients, and
    NCCL's buffers) was not measured and is not in it.

    Args:
        backend: "plain" or "unsloth". The plain one trains the adapter of a 4-bit base in bfloat16 and, in
            stage 1, sees a batch as one long sequence under a mask. Unsloth trains it in float32, needs no
            mask and keeps the layers' inputs in host memory.
        batch_size: Sequences a device step; `accumulate` costs no memory.
        max_length: Tokens of a sequence.
    """
    tokens = batch_size * max_length
    trained_weights = shape.adapter_weights(rank) + (shape.embedding_weights if train_embeddings else 0)
    weight_bytes = 2 if backend == "plain" and nf4 else 4
    if backend == "unsloth":
        kept = 0
        layer = tokens * 2 * (14 * shape.hidden + 3.3 * shape.intermediate)
    else:
        kept = tokens * 2 * shape.hidden * shape.layers
        layer = tokens * 2 * (6 * shape.hidden + 6.5 * shape.intermediate) + 2 * tokens**2
    return Estimate(
        base=shape.linear_weights * (NF4_BYTES if nf4 else 2) + shape.embedding_weights * 2,
        trained=trained_weights * weight_bytes * 4,
        kept=kept,
        working=max(layer, LOSS_CHUNK * shape.vocabulary * 16),
    )
