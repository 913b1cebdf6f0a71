"""The plain backend: transformers and PEFT as they are. Runs everywhere, also on a CPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from training.recipes import ranks
from training.recipes.learning import LearningRecipe, base_folder

# Read at the first use of the GPU. Without it torch held 15.5 GiB where 9.8 were in use, since packed batches
# differ in length (docs/benchmarks-gpu.md).
os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")


def new_adapter(recipe: LearningRecipe, lora: dict[str, Any]) -> Any:
    from peft import LoraConfig, get_peft_model

    return get_peft_model(_load_base(recipe), LoraConfig(task_type="CAUSAL_LM", **lora))


def continued_adapter(recipe: LearningRecipe, adapter: Path) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(_load_base(recipe), str(adapter), is_trainable=True)


def _load_base(recipe: LearningRecipe) -> Any:
    """The base model, in 4 bits if nf4; float32 on a CPU, bfloat16 with CUDA.

    PEFT's prepare_model_for_kbit_training is left out on purpose: it turns embeddings, output layer and norms
    into float32, 2.2 GB more for a 7B model, and all else it does TRL's trainer does as well.
    """
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    cuda = torch.cuda.is_available()
    dtype = torch.bfloat16 if cuda else torch.float32
    options: dict[str, Any] = {"dtype": dtype}
    if recipe.nf4:
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    if cuda:
        options["device_map"] = {"": ranks.local_rank()}
    model = AutoModelForCausalLM.from_pretrained(
        base_folder(recipe.base_model, recipe.base_revision), **options
    )
    model.config.use_cache = False
    return model
