"""Both training stages as somebody writes them by hand with TRL: what the studio's own are measured against.

    python -m studio.benchmarks.bare_trl pretrain path/to/recipe.json        or instruct

The recipe is that of the studio's stage, whose data, base, adapter, batch and steps it takes; of the studio
it imports nothing. Checkpoints and the adapter go into a temporary folder. Prints, as its last line, a JSON
object with the pace that the studio's stage tells of itself (training.recipes.learning), loss, peak_mb.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def train(stage: str, recipe: dict[str, Any]) -> dict[str, Any]:
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
    from trl import SFTConfig, SFTTrainer

    set_seed(recipe["seed"])
    tokenizer = AutoTokenizer.from_pretrained(recipe["base_model"])
    tokenizer.pad_token = "<|fim_pad|>"
    base = AutoModelForCausalLM.from_pretrained(recipe["base_model"])
    model: Any
    if stage == "pretrain":
        lora = LoraConfig(
            task_type="CAUSAL_LM",
            r=recipe["lora_rank"],
            lora_alpha=recipe["lora_alpha"],
            lora_dropout=recipe["lora_dropout"],
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            modules_to_save=["embed_tokens", "lm_head"] if recipe["train_embeddings"] else None,
        )
        model, packing = get_peft_model(base, lora), True
        train_rows, validation_rows = (
            programs(Path(recipe["corpus_folder"]) / side) for side in ("train", "validation")
        )
    else:
        model, packing = PeftModel.from_pretrained(base, recipe["adapter"], is_trainable=True), False
        tokenizer.eos_token = "<|im_end|>"
        train_rows, validation_rows = (
            conversations(Path(recipe[name])) for name in ("train_file", "validation_file")
        )
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(
                output_dir=folder,
                max_steps=recipe["max_steps"],
                per_device_train_batch_size=recipe["batch_size"],
                per_device_eval_batch_size=recipe["batch_size"],
                gradient_accumulation_steps=recipe["accumulate"],
                learning_rate=recipe["learning_rate"],
                lr_scheduler_type="cosine",
                warmup_steps=recipe["warmup_ratio"],
                max_length=recipe["max_length"],
                packing=packing,
                packing_strategy="bfd_split",
                eval_packing=packing,
                logging_steps=recipe["log_steps"],
                eval_strategy="steps" if validation_rows else "no",
                eval_steps=recipe["eval_steps"],
                save_steps=recipe["save_steps"],
                save_total_limit=2,
                seed=recipe["seed"],
                data_seed=recipe["seed"],
                optim="adamw_torch",
                report_to=[],
                bf16=False,
                gradient_checkpointing=False,
                use_cpu=True,
                disable_tqdm=True,
            ),
            train_dataset=train_rows,
            eval_dataset=validation_rows,
            processing_class=tokenizer,
        )
        clock = a_clock()
        trainer.add_callback(clock)
        loss = trainer.train().training_loss
        trainer.save_model(folder)
    steps = trainer.state.global_step
    (first_at, first_cpu), (last_at, last_cpu) = clock.first, clock.last
    return {
        "first_step_at": first_at,
        "first_step_cpu_s": first_cpu,
        "steps_per_s": (steps - 1) / (last_at - first_at),
        "steps_per_cpu_s": (steps - 1) / (last_cpu - first_cpu),
        "loss": round(loss, 4),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6),
    }


def programs(folder: Path) -> Any:
    from datasets import Dataset

    files = sorted(folder.rglob("*.*")) if folder.is_dir() else []
    return (
        Dataset.from_dict({"text": [file.read_text(encoding="utf-8") for file in files]}) if files else None
    )


def conversations(file: Path) -> Any:
    from datasets import Dataset

    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    rows = [{"prompt": row["prompt"], "completion": row["completion"]} for row in rows]
    return Dataset.from_list(rows) if rows else None


def a_clock() -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        """When the first and the last step had ended: all in here that training does not need."""

        first: tuple[float, float] | None = None  # Unix time, CPU seconds

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.last = (time.time(), time.process_time())
            self.first = self.first or self.last

    return Clock()


if __name__ == "__main__":
    print(json.dumps(train(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))))
