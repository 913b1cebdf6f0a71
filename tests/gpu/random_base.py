"""A base model of a real one's shape with random weights: speed and memory do not ask what a weight is worth.

No weights can be fetched where the benchmark runs. The tokenizer is the rehearsal's; the output layer keeps
the real vocabulary's size.

    python -m tests.gpu.random_base 7b TOKENIZER_FOLDER TARGET
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# As in the models' config.json: hidden_size, num_hidden_layers, num_attention_heads, num_key_value_heads,
# intermediate_size, vocab_size, tie_word_embeddings.
_QWEN = {
    "1.5b": (1536, 28, 12, 2, 8960, 151936, True),
    "7b": (3584, 28, 28, 4, 18944, 152064, False),
    "14b": (5120, 48, 40, 8, 13824, 152064, False),
    "tiny": (256, 2, 4, 2, 512, 4096, False),  # for a dry run on a CPU
}
SHAPES: dict[str, dict[str, Any]] = {
    name: dict(
        zip(
            (
                "hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
                "intermediate_size",
                "vocab_size",
                "tie_word_embeddings",
            ),
            values,
            strict=True,
        )
    )
    for name, values in _QWEN.items()
}


def make_random_base(shape: str, tokenizer_folder: Path, target: Path) -> None:
    """Write the model, bfloat16 in shards of 4 GB, made on the GPU where there is one."""
    import torch
    from transformers import AutoTokenizer, GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(str(tokenizer_folder))
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    torch.manual_seed(13)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Qwen2ForCausalLM(
            Qwen2Config(
                **SHAPES[shape],
                max_position_embeddings=32768,
                rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
                bos_token_id=end,
                eos_token_id=end,
                pad_token_id=end,
            )
        )
    torch.set_default_dtype(torch.float32)
    model.generation_config = GenerationConfig(bos_token_id=end, eos_token_id=end, pad_token_id=end)
    model.save_pretrained(target, max_shard_size="4GB")
    tokenizer.save_pretrained(target)


if __name__ == "__main__":
    make_random_base(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
