"""The Unsloth backend: the same adapters, trained with its own kernels on an NVIDIA GPU.

Optional: its list is studio/requirements/gpu.txt. Some of its files are AGPL, so only a recipe's own process
ever imports it. Its GGUF export is never called: that runs apt-get and git clone as root.

On a CPU it falls back to the stock classes and trains unpacked, so its blocks are shorter there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from training.domain.failure import Failure
from training.recipes.learning import LearningRecipe, base_folder

# The import reads these. Without them it sends statistics, and writes the code that it makes into the working
# directory.
os.environ.setdefault("UNSLOTH_DISABLE_STATISTICS", "1")
os.environ.setdefault("UNSLOTH_COMPILE_LOCATION", str(Path.home() / ".cache" / "unsloth_compiled_cache"))


def new_adapter(recipe: LearningRecipe, lora: dict[str, Any]) -> Any:
    import torch
    from unsloth import FastLanguageModel

    cuda = torch.cuda.is_available()
    # "unsloth" keeps the layers' inputs, from which the backward pass starts again, in host memory.
    checkpointing = "unsloth" if cuda else False
    model, _tokenizer = FastLanguageModel.from_pretrained(
        base_folder(recipe.base_model, recipe.base_revision),
        max_seq_length=recipe.max_length,
        dtype=torch.bfloat16 if cuda else torch.float32,
        load_in_4bit=recipe.nf4,
        use_gradient_checkpointing=checkpointing,
        local_files_only=True,
    )
    return FastLanguageModel.get_peft_model(
        model, use_gradient_checkpointing=checkpointing, random_state=recipe.seed, **lora
    )


def continued_adapter(recipe: LearningRecipe, adapter: Path) -> Any:
    """A new adapter of the same shape with the saved weights in it.

    Unsloth's own way reads the base's path from the adapter, and our adapters name no path.
    """
    from peft import LoraConfig, set_peft_model_state_dict
    from peft.utils import load_peft_weights

    saved = LoraConfig.from_pretrained(str(adapter))
    shape = {
        "r": saved.r,
        "lora_alpha": saved.lora_alpha,
        "lora_dropout": saved.lora_dropout,
        "bias": saved.bias,
        "target_modules": sorted(saved.target_modules),
        "modules_to_save": saved.modules_to_save,
    }
    model = new_adapter(recipe, shape)
    outcome = set_peft_model_state_dict(model, load_peft_weights(str(adapter)))
    lost = [name for name in outcome.missing_keys if "lora_" in name or "modules_to_save" in name]
    if lost or outcome.unexpected_keys:
        raise Failure(
            "base_model_mismatch",
            f"{adapter}: {len(lost)} weights are missing and {len(outcome.unexpected_keys)} do not fit "
            f"{recipe.base_model}. Take the adapter that stage 1 trained on this base.",
        )
    return model
