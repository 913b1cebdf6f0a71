"""Stage 1 as one would write it by hand with TRL: what the studio's own stage is measured against.

    python -m tests.gpu.bare path/to/recipe.json path/to/timing.json        a recipe of the plain backend

No supervisor, no log file, no metrics, no checkpoints: loading, packing, training.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path


def train(recipe_file: Path, timing_file: Path) -> None:
    recipe = json.loads(recipe_file.read_text(encoding="utf-8"))

    import torch
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
    from trl import SFTConfig, SFTTrainer

    from tests.gpu.measured import clocked

    cuda = torch.cuda.is_available()
    dtype = torch.bfloat16 if cuda else torch.float32
    tokenizer = AutoTokenizer.from_pretrained(recipe["base_model"])
    tokenizer.pad_token = "<|fim_pad|>"
    model = AutoModelForCausalLM.from_pretrained(
        recipe["base_model"],
        dtype=dtype,
        device_map={"": 0} if cuda else None,
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        ),
    )
    model = get_peft_model(
        model,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=recipe["lora_rank"],
            lora_alpha=recipe["lora_alpha"],
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        ),
    )
    files = sorted(Path(recipe["corpus_folder"]).rglob("*.bbj"))
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(
                output_dir=folder,
                max_steps=recipe["max_steps"],
                per_device_train_batch_size=recipe["batch_size"],
                gradient_accumulation_steps=recipe["accumulate"],
                learning_rate=recipe["learning_rate"],
                max_length=recipe["max_length"],
                packing=True,
                packing_strategy="bfd_split",
                logging_steps=recipe["log_steps"],
                include_num_input_tokens_seen="non_padding",
                save_strategy="no",
                report_to=[],
                bf16=cuda,
                use_cpu=not cuda,
                gradient_checkpointing=cuda,
                optim="adamw_torch",
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_dict({"text": [file.read_text(encoding="utf-8") for file in files]}),
            processing_class=tokenizer,
        )
        clocked(trainer, timing_file, model=False)
        trainer.train()


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]))
