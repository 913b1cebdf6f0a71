"""Build the rehearsal's base: a Qwen2 of a few million weights, random, and its own tokenizer.

    python -m training.recipes.tiny_base var/base-models/build/recipe.json

Reads   the programs below <corpus_folder>, and <snapshot_folder>/train.jsonl if named (for its tokenizer)
Writes  <out>/<digest>/ (model, tokenizer, BUILT_FROM.json), result.json {"base_model": that folder, …}

It knows nothing: the same two stages that teach a real model have to teach it everything, from the letters
up. It has the same architecture, special tokens and chat form as Qwen2.5-Coder, so every later step (packing,
loss mask, merge, GGUF, quantisation, serving) runs as with a real model. The folder is named by the digest of
all it is made from; what is already there is not built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder, values_digest, write_json
from training.recipes.frame import existing_folder, main, program_files

BUILDER_VERSION = "tiny-1"

# Qwen2.5's special tokens; the second group are ordinary tokens to it, as in the original.
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKERS = [
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
]

# Split before merging, as Qwen2's tokenizer does: letters, single digits, signs, line ends.
PRE_TOKENS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)


@dataclass(frozen=True, kw_only=True)
class TinyBaseRecipe:
    corpus_folder: str
    out: str
    snapshot_folder: str = ""
    vocabulary: int = 2048  # tokens
    hidden: int = 256  # a multiple of 256: the block of the K quantisations
    layers: int = 3
    context: int = 4096  # tokens
    seed: int = 13


def build(recipe: TinyBaseRecipe, folder: RunFolder) -> dict[str, Any]:
    corpus = existing_folder(recipe.corpus_folder, "corpus_folder")
    texts = sorted(_texts(corpus, recipe.snapshot_folder))
    if not texts:
        raise Failure("data_invalid", f"{corpus}: holds no program. Import the corpus before the rehearsal.")
    digest = _digest(recipe, texts)
    target = Path(recipe.out).absolute() / digest[:16]
    built = target / "BUILT_FROM.json"
    if not built.is_file():
        # Two runs may build the same base at the same time; the first one to finish wins.
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        part.mkdir(parents=True)
        try:
            parameters = _build_into(part, recipe, texts)
            write_json(
                part / built.name, {"digest": digest, "builder": BUILDER_VERSION, "parameters": parameters}
            )
            part.rename(target)
        except OSError:
            if not built.is_file():
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return {"base_model": str(target), **json.loads(built.read_text())}


def _build_into(target: Path, recipe: TinyBaseRecipe, texts: list[str]) -> int:
    import torch
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    tokenizer = _tokenizer(recipe, texts)
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    torch.manual_seed(recipe.seed)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=recipe.vocabulary,
            hidden_size=recipe.hidden,
            intermediate_size=2 * recipe.hidden,
            num_hidden_layers=recipe.layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=recipe.context,
            rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
            tie_word_embeddings=False,
            use_sliding_window=False,
            bos_token_id=end,
            eos_token_id=end,
            pad_token_id=end,
        )
    )
    model.generation_config = GenerationConfig(bos_token_id=end, eos_token_id=end, pad_token_id=end)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return sum(p.numel() for p in model.parameters())


def _tokenizer(recipe: TinyBaseRecipe, texts: list[str]) -> Any:
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        trainers,
    )
    from transformers import PreTrainedTokenizerFast

    bytes_only: dict[str, bool] = {"add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    core = Tokenizer(models.BPE())
    core.normalizer = normalizers.NFC()
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRE_TOKENS), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(**bytes_only),
        ]
    )
    core.decoder = decoders.ByteLevel(**bytes_only)
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary - len(SPECIAL) - len(MARKERS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[],
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    core.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    core.add_tokens([AddedToken(token, special=False, normalized=False) for token in MARKERS])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=SPECIAL[1:],
        clean_up_tokenization_spaces=False,
        model_max_length=recipe.context,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def _texts(corpus: Path, snapshot_folder: str) -> Iterator[str]:
    for file in program_files(corpus):
        yield file.read_text(encoding="utf-8")
    if snapshot_folder:
        file = existing_folder(snapshot_folder, "snapshot_folder") / "train.jsonl"
        for line in file.read_text(encoding="utf-8").split("\n"):
            if line:
                row = json.loads(line)
                yield "\n".join(message["content"] for message in row["prompt"] + row["completion"])


def _digest(recipe: TinyBaseRecipe, texts: list[str]) -> str:
    values = {k: v for k, v in asdict(recipe).items() if k not in ("corpus_folder", "snapshot_folder", "out")}
    values["texts"] = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    return values_digest({"builder": BUILDER_VERSION, **values})


if __name__ == "__main__":
    main(TinyBaseRecipe, build)
