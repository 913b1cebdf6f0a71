"""The tokens that steer the model. Inside a text one would end or forge a turn, so none is ever let in."""

from __future__ import annotations

import re

# The special tokens of the Qwen2.5 tokenizers that are written <|…|>.
CONTROL_TOKENS = (
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

CONTROL_TOKEN = re.compile("|".join(re.escape(token) for token in CONTROL_TOKENS))
