"""Stands in for Unsloth where it is not installed: the calls that our backend makes, on stock PEFT.

It refuses to be imported in the way that breaks the real one, which patches trl and transformers.
"""

from __future__ import annotations

import os
import sys
from typing import Any

for late in ("transformers", "trl", "peft"):
    if late in sys.modules:
        raise RuntimeError(f"unsloth was imported after {late}")
if "UNSLOTH_DISABLE_STATISTICS" not in os.environ:
    raise RuntimeError("unsloth would send statistics")


class FastLanguageModel:
    @staticmethod
    def from_pretrained(model_name: str, **options: Any) -> tuple[Any, Any]:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if not options["local_files_only"]:
            raise RuntimeError("unsloth would ask the hub")
        model = AutoModelForCausalLM.from_pretrained(model_name, dtype=options["dtype"])
        return model, AutoTokenizer.from_pretrained(model_name)

    @staticmethod
    def get_peft_model(model: Any, *, use_gradient_checkpointing: Any, random_state: int, **lora: Any) -> Any:
        from peft import LoraConfig, get_peft_model

        print("a stand-in for unsloth made the adapter")
        return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **lora))
