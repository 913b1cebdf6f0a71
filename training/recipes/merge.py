"""Fold an adapter into its base: one plain model that any tool can read.

    python -m training.recipes.merge runs/17/merge/recipe.json

Reads   <base_model> unquantised, whatever the stages trained on, and <adapter>
Writes  <folder>/merged/ (safetensors, tokenizer, chat_format.json), result.json

chat_format.json holds the trained chat form in pieces, so that the Modelfile can be derived from it:
{"turns": {"system": [before, after], "user": …, "assistant": …}, "answer": what starts an answer}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes.frame import fault_point, main
from training.recipes.learning import END_OF_TEXT, END_OF_TURN, adapter_folder, base_folder, save_model_folder

PROBE = [{"role": "system", "content": "BBj"}, {"role": "user", "content": "Open the file on channel 51."}]


@dataclass(frozen=True, kw_only=True)
class MergeRecipe:
    base_model: str
    adapter: str
    base_revision: str = ""
    most_difference: float = 0.01  # logits, float32; a wrong merge differs by whole units


def merge(recipe: MergeRecipe, folder: RunFolder) -> dict[str, Any]:
    base = base_folder(recipe.base_model, recipe.base_revision)
    adapter = adapter_folder(recipe.adapter)

    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    tokenizer = AutoTokenizer.from_pretrained(str(adapter))
    # "auto" keeps the base's own number format: a 14B model in float32 would need 56 GB.
    tuned = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(base, dtype="auto"), str(adapter)
    ).eval()
    probe = tokenizer.apply_chat_template(
        PROBE, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        before = tuned(**probe).logits.float()
        merged = tuned.merge_and_unload(safe_merge=True)
        difference = (merged(**probe).logits.float() - before).abs().max().item()
    # bfloat16 rounds every merged weight, so only float32 can be held to the limit.
    if merged.dtype == torch.float32 and not difference <= recipe.most_difference:
        raise Failure(
            "conversion_failed",
            f"{adapter}: merged, the model answers differently (logits off by {difference}).",
        )

    end_of_turn, end_of_text = tokenizer.convert_tokens_to_ids([END_OF_TURN, END_OF_TEXT])
    merged.config.eos_token_id = end_of_turn
    merged.config.pad_token_id = tokenizer.pad_token_id
    merged.config.use_cache = True
    merged.generation_config = GenerationConfig(
        eos_token_id=[end_of_turn, end_of_text], pad_token_id=tokenizer.pad_token_id, bos_token_id=end_of_text
    )
    fault_point("merge", "save")
    target = folder.path / "merged"
    save_model_folder(merged, tokenizer, target)
    (target / "chat_format.json").write_text(
        json.dumps(chat_format(tokenizer), indent=1) + "\n", encoding="utf-8"
    )
    return {"files": ["merged"], "largest_logit_difference": difference}


def chat_format(tokenizer: Any) -> dict[str, Any]:
    """The chat template in pieces, found by rendering marked messages rather than by reading the template."""
    marks = {"system": "\x01S\x01", "user": "\x01U\x01", "assistant": "\x01A\x01"}
    messages = [{"role": role, "content": mark} for role, mark in marks.items()]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    asked = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    turns, rest = {}, text
    for role, mark in marks.items():
        before, _, rest = rest.partition(mark)
        after = rest[: rest.index(END_OF_TURN) + len(END_OF_TURN)]
        rest = rest[len(after) :]
        if rest.startswith("\n"):
            after, rest = after + "\n", rest[1:]
        turns[role] = [before, after]
    return {"turns": turns, "answer": asked[len(text) :]}


if __name__ == "__main__":
    main(MergeRecipe, merge)
