"""Stage 2: teach the adapter of stage 1 to answer, from a snapshot's ChatML examples.

    python -m training.recipes.instruct runs/17/instruct/recipe.json

On a bare GPU machine it needs training/recipes, training/domain, torch, and of studio/requirements/run.txt
only accelerate, bitsandbytes, datasets, peft, transformers, trl and what they need. With `processes` above 1
the same line trains on several GPUs (training.recipes.torchrun).

Reads   <base_model>, <adapter>, <train_file> and <validation_file>   {"prompt": [...], "completion": [...]} a
line Writes  <folder>/adapter/, metrics.jsonl (a line per logged step), checkpoints/ while it runs,
result.json

Loss falls on exactly the answer and the <|im_end|> that ends it. That is checked on every row before the
first step, since a model that never learns to stop shows it only weeks later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes import torchrun
from training.recipes.frame import existing_file
from training.recipes.learning import (
    END_OF_TURN,
    LearningRecipe,
    adapter_folder,
    base_folder,
    load_backend,
    load_tokenizer,
    run_trainer,
    trainer_options,
)


@dataclass(frozen=True, kw_only=True)
class InstructRecipe(LearningRecipe):
    adapter: str  # the folder that stage 1 wrote
    train_file: str
    validation_file: str = ""  # may be empty: a small snapshot can have no validation rows
    learning_rate: float = 2e-4
    epochs: float = 3.0
    max_length: int = 2048  # tokens; longer samples are cut, and counted


def train(recipe: InstructRecipe, folder: RunFolder) -> dict[str, Any]:
    rows = read_rows(existing_file(recipe.train_file, "train_file", "data_invalid"))
    if not rows:
        raise Failure(
            "data_invalid",
            f"{recipe.train_file}: has no row. Approve examples, freeze a snapshot, start again.",
        )
    held_back = read_rows(Path(recipe.validation_file)) if recipe.validation_file else []
    adapter = adapter_folder(recipe.adapter)
    backend = load_backend(recipe.backend)
    tokenizer = load_tokenizer(recipe.base_model, recipe.base_revision)
    tokenizer.eos_token = END_OF_TURN
    train_rows, cut = token_rows(rows, tokenizer, recipe.max_length)
    validation_rows, _ = token_rows(held_back, tokenizer, recipe.max_length)

    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    model = backend.continued_adapter(recipe, adapter)
    # The saved adapter names no folder of another machine; peft looks there for the base's vocabulary when it
    # saves.
    model.peft_config["default"].base_model_name_or_path = base_folder(
        recipe.base_model, recipe.base_revision
    )
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**trainer_options(recipe, folder, evaluate=bool(held_back)), packing=False),
        train_dataset=Dataset.from_list(train_rows),
        eval_dataset=Dataset.from_list(validation_rows) if validation_rows else None,
        processing_class=tokenizer,
    )
    audit = {
        "cut": cut,
        **audit_loss_mask(trainer.train_dataset, tokenizer, rows=len(rows), max_length=recipe.max_length),
    }
    result = run_trainer(trainer, "instruct", folder)
    return {**result, "rows": len(rows), "validation_rows": len(held_back), "loss_mask": audit}


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The rows of a ChatML file: {"prompt": [messages], "completion": [one message]}.

    Raises:
        Failure: data_invalid, naming every bad line.
    """
    if not file.is_file():
        raise Failure("data_invalid", f'there is no file "{file}". Export the snapshot again.')
    rows, bad = [], []
    # Only \n ends a row: U+2028 and its like may stand inside a string.
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
        if not line:
            continue
        try:
            row = json.loads(line)
            rows.append({"prompt": row["prompt"], "completion": row["completion"]})
        except (ValueError, KeyError, TypeError) as error:
            bad.append(f"line {number} ({type(error).__name__}: {error})")
    if bad:
        raise Failure(
            "data_invalid", f"{file}: {'; '.join(bad[:20])}. Each line holds prompt and completion."
        )
    return rows


def token_rows(
    rows: list[dict[str, Any]], tokenizer: Any, max_length: int
) -> tuple[list[dict[str, list[int]]], int]:
    """The rows as input_ids and labels (-100 = no loss), equally long, and how many of them were cut.

    Made here and not by the trainer, so that every backend trains the same tokens. What a cut takes away, the
    end of an answer, is not learnt.

    Raises:
        Failure: data_invalid: a prompt alone fills max_length, so that nothing of its answer would be learnt.
    """
    made, cut, silent = [], 0, []
    # tokenize and return_dict are said aloud: Unsloth changes what they are otherwise.
    render = partial(tokenizer.apply_chat_template, tokenize=True, return_dict=True)
    for number, row in enumerate(rows, 1):
        prompt = render(row["prompt"], add_generation_prompt=True)["input_ids"]
        whole = render(row["prompt"] + row["completion"])["input_ids"]
        cut += len(whole) > max_length
        if len(prompt) >= max_length:
            silent.append(str(number))
        # Not simply the prompt's length: a line end that begins an answer melts into the prompt's last token.
        start = _common_start(prompt, whole)
        labels = [-100] * start + whole[start:]
        made.append({"input_ids": whole[:max_length], "labels": labels[:max_length]})
    if silent:
        raise Failure(
            "data_invalid",
            f"rows {', '.join(silent[:20])}: the prompt alone fills max_length={max_length} tokens, so "
            "nothing of the "
            "answer would be learnt. Raise instruct.max_length or shorten these examples.",
        )
    return made, cut


def _common_start(first: list[int], second: list[int]) -> int:
    """How many tokens both begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    return sum(1 for _ in same)


def audit_loss_mask(dataset: Any, tokenizer: Any, *, rows: int, max_length: int) -> dict[str, int]:
    """Count what is trained, and refuse to start when the mask is wrong.

    Args:
        dataset: What the trainer made of the rows: input_ids and labels (-100 = no loss), equally long.

    Raises:
        Failure: data_invalid: rows are missing, or an uncut one does not train its <|im_end|>.
    """
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    trained_tokens, endless = 0, 0
    for row in dataset:
        trained = [label for label in row["labels"] if label != -100]
        trained_tokens += len(trained)
        # The template ends a turn with a line end, so <|im_end|> is the last token but one.
        endless += len(row["input_ids"]) < max_length and end not in trained[-2:]
    if endless or len(dataset) != rows:
        raise Failure(
            "data_invalid",
            f"{endless} answers do not end with {END_OF_TURN}, {rows - len(dataset)} rows were dropped. "
            "The base's chat template differs from ChatML: take a Qwen2.5-Coder model.",
        )
    return {"trained_tokens": trained_tokens}


if __name__ == "__main__":
    torchrun.main(InstructRecipe, train)
