"""Stage 1: let an adapter read raw BBj source, packed end to end, so that the model learns the language
itself.

    python -m training.recipes.pretrain runs/17/pretrain/recipe.json

On a bare GPU machine it needs training/recipes, training/domain, torch, and of studio/requirements/run.txt
only accelerate, bitsandbytes, datasets, peft, transformers, trl and what they need. With `processes` above 1
the same line trains on several GPUs (training.recipes.torchrun).

Reads   <base_model>, the programs (.bbj .src .txt) below <corpus_folder>/train and validation (or, without
        these two, all below it)
Writes  <folder>/adapter/, metrics.jsonl (a line per logged step), checkpoints/ while it runs, result.json
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes import torchrun
from training.recipes.frame import existing_folder, program_files
from training.recipes.learning import (
    LINEAR_LAYERS,
    LearningRecipe,
    load_backend,
    load_tokenizer,
    run_trainer,
    trainer_options,
)


@dataclass(frozen=True, kw_only=True)
class PretrainRecipe(LearningRecipe):
    corpus_folder: str
    lora_rank: int = 32  # 32-64 for a language the model has not seen
    lora_alpha: int = 64  # 2 x rank
    lora_dropout: float = 0.0
    train_embeddings: bool = False  # only the random tiny base needs it
    learning_rate: float = 5e-5
    max_length: int = 4096  # tokens of one packed block


def train(recipe: PretrainRecipe, folder: RunFolder) -> dict[str, Any]:
    programs, held_back = read_corpus(
        Path(existing_folder(recipe.corpus_folder, "corpus_folder", "data_invalid"))
    )
    backend = load_backend(recipe.backend)
    tokenizer = load_tokenizer(recipe.base_model, recipe.base_revision)

    from datasets import Dataset
    from transformers import set_seed
    from trl import SFTConfig, SFTTrainer

    set_seed(recipe.seed)  # the trainer sets it too, but only after the adapter got its random start
    lora = {
        "r": recipe.lora_rank,
        "lora_alpha": recipe.lora_alpha,
        "lora_dropout": recipe.lora_dropout,
        "bias": "none",
        "target_modules": LINEAR_LAYERS,
        "modules_to_save": ["embed_tokens", "lm_head"] if recipe.train_embeddings else None,
    }
    trainer = SFTTrainer(
        model=backend.new_adapter(recipe, lora),
        args=SFTConfig(
            **trainer_options(recipe, folder, evaluate=bool(held_back)),
            packing=True,
            packing_strategy="bfd",
            eval_packing=True,
        ),
        train_dataset=Dataset.from_list(pieces(programs, tokenizer, recipe.max_length)),
        eval_dataset=Dataset.from_list(pieces(held_back, tokenizer, recipe.max_length))
        if held_back
        else None,
        processing_class=tokenizer,
    )
    result = run_trainer(trainer, "pretrain", folder)
    blocks = [len(block) for block in trainer.train_dataset["input_ids"]]
    return {**result, "programs": len(programs), "blocks": len(blocks), "tokens": sum(blocks)}


def pieces(programs: list[str], tokenizer: Any, max_length: int) -> list[dict[str, list[int]]]:
    """The programs as token rows, each ended; one longer than max_length becomes several rows.

    Cut here and not by the trainer: Unsloth's and TRL's plain packing drop what is longer than a block.
    """
    rows = []
    for program in programs:
        tokens = tokenizer(program)["input_ids"] + [tokenizer.eos_token_id]
        for start in range(0, len(tokens), max_length):
            piece = tokens[start : start + max_length]
            rows.append({"input_ids": piece, "labels": piece})
    return rows


def read_corpus(folder: Path) -> tuple[list[str], list[str]]:
    """The programs to learn and those held back, each sorted by path.

    Raises:
        Failure: data_invalid: there is no program to learn, or a file is not UTF-8.
    """
    split = (folder / "train").is_dir()
    programs = _programs(folder / "train" if split else folder)
    if not programs:
        raise Failure(
            "data_invalid", f"{folder}: holds no program. Import a corpus and freeze the snapshot again."
        )
    return programs, _programs(folder / "validation") if split else []


def _programs(folder: Path) -> list[str]:
    texts = []
    for file in program_files(folder):
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise Failure(
                "data_invalid", f"{file}: is not UTF-8 (byte {error.start}). Save it as UTF-8."
            ) from error
        if text.strip():
            texts.append(text)
    return texts


if __name__ == "__main__":
    torchrun.main(PretrainRecipe, train)
