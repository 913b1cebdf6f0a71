"""Turn a merged Qwen2 model into one GGUF file (F16), with nothing but the gguf library.

    python -m training.recipes.convert runs/17/convert/recipe.json

Reads   <model_folder> (config.json, tokenizer.json, *.safetensors)
Writes  <folder>/model-f16.gguf, result.json

Afterwards the file's own tokenizer is loaded and must cut a set of awkward texts exactly as the model's does:
a GGUF that tokenises differently still answers, only worse, and no later step would notice.
Source of the names and of the tensor map: the gguf library; proven byte-identical to llama.cpp's own
converter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes.frame import existing_folder, fault_point, main

FILE_NAME = "model-f16.gguf"

# All of them composed (NFC): Hugging Face composes letters and accents first, llama.cpp never does, so that a
# text with bare accents is cut differently by any Qwen GGUF.
AWKWARD_TEXTS = (
    "<|im_start|>system\nBBj<|im_end|>\n<|im_start|>user\nOpen it.<|im_end|>\n<|im_start|>assistant\n",
    "<|fim_prefix|>FOR i=1 TO 10<|fim_suffix|>NEXT i<|fim_middle|>",
    'rem line ends\r\nPRINT "a"\r\n\r\n\tEND\r\n',
    "x! = BBjAPI().getSysGui()\n    #field$ = 'VALUE'(1,2)  ; rem 12345.678",
    "äöü ß – “quoted” é 漢字 🙂\u00a0end",
    "   leading, trailing   \n\n\n  I'll DON'T they're",
    "```bbj\nprint 1\n```<|im_end|>\n<|endoftext|>",
)


@dataclass(frozen=True, kw_only=True)
class ConvertRecipe:
    model_folder: str
    name: str = "bbj"  # general.name in the file


def convert(recipe: ConvertRecipe, folder: RunFolder) -> dict[str, Any]:
    model = existing_folder(recipe.model_folder, "model_folder")
    target = folder.path / FILE_NAME
    part = target.with_name(FILE_NAME + ".part")
    tensors = write_gguf(model, part, name=recipe.name)
    compare_tokenisation(model, part)
    part.replace(target)
    return {
        "files": [FILE_NAME],
        "tensors": tensors,
        "size_bytes": target.stat().st_size,
        "tokenisation_checked": len(AWKWARD_TEXTS),
    }


def write_gguf(model: Path, target: Path, *, name: str) -> int:
    """Write the GGUF tensor by tensor, so that the model never has to fit into memory. Returns how many.

    Raises:
        Failure: conversion_failed: not a Qwen2, or a tensor that GGUF has no name for.
    """
    import gguf
    import numpy as np

    config = _json(model / "config.json")
    if config.get("model_type") != "qwen2":
        raise Failure(
            "conversion_failed", f'{model}: model_type is "{config.get("model_type")}", expected "qwen2".'
        )
    writer = gguf.GGUFWriter(target, "qwen2")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _add_shape(writer, config)
    _add_tokenizer(writer, model, config["vocab_size"])

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config["num_hidden_layers"])
    tied = bool(config.get("tie_word_embeddings"))
    count = 0
    for key, tensor in _tensors(model, tied=tied):
        gguf_name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if gguf_name is None:
            raise Failure("conversion_failed", f"{model}: GGUF has no name for the tensor {key}.")
        shape = list(tensor.get_shape())
        # Matrices in half precision; norms and biases are few and stay in full.
        kind = np.dtype(np.float16 if len(shape) == 2 else np.float32)
        writer.add_tensor_info(gguf_name, shape, kind, int(np.prod(shape)) * kind.itemsize)
        count += 1
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    fault_point("convert", "save")
    for _, tensor in _tensors(model, tied=tied):
        values = tensor[:].float().numpy()  # numpy has no bfloat16, hence the way over float32
        writer.write_tensor_data(values.astype(np.float16 if values.ndim == 2 else np.float32))
    writer.close()
    return count


def compare_tokenisation(model: Path, gguf_file: Path) -> None:
    """Raises Failure conversion_failed when model and file cut any of AWKWARD_TEXTS differently."""
    import cyllama.llama.llama_cpp as llama
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(model))
    llama.disable_logging()
    # Mapped into memory, so that the weights are never read. (Its vocab_only switch aborts the process.)
    parameters = llama.LlamaModelParams()
    parameters.use_extra_bufts, parameters.n_gpu_layers = False, 0
    if hasattr(parameters, "use_mmap"):
        parameters.use_mmap = True
    else:  # cyllama 0.7, which Python 3.12 and newer get
        parameters.load_mode = llama.LLAMA_LOAD_MODE_MMAP
    loaded = llama.LlamaModel(str(gguf_file), parameters)
    vocabulary = loaded.get_vocab()
    for text in AWKWARD_TEXTS:
        ours = tokenizer(text, add_special_tokens=False)["input_ids"]
        theirs = list(vocabulary.tokenize(text, False, True))
        if ours != theirs:
            raise Failure(
                "conversion_failed", f"{text[:60]!r}: the model's tokens are {ours}, the GGUF's {theirs}."
            )


def _add_shape(writer: Any, config: dict[str, Any]) -> None:
    import gguf

    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    rope = config.get("rope_parameters") or {}  # transformers 5; before it the values stood apart
    writer.add_rope_freq_base(rope.get("rope_theta", config.get("rope_theta", 10000.0)))
    scaling = rope if rope.get("rope_type", "default") != "default" else config.get("rope_scaling") or {}
    if scaling.get("rope_type", scaling.get("type", "default")) == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(scaling["factor"])
        writer.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])


def _add_tokenizer(writer: Any, model: Path, vocabulary: int) -> None:
    import gguf

    core, settings = _json(model / "tokenizer.json"), _json(model / "tokenizer_config.json")
    # The embedding may have more rows than the tokenizer has tokens; the rest gets names nobody can type.
    tokens = [f"[PAD{number}]" for number in range(vocabulary)]
    kinds = [gguf.TokenType.UNUSED] * vocabulary
    for token, number in core["model"]["vocab"].items():
        tokens[number], kinds[number] = token, gguf.TokenType.NORMAL
    for added in core["added_tokens"]:
        control = added["special"] or added["content"].startswith("<|")
        tokens[added["id"]] = added["content"]
        kinds[added["id"]] = gguf.TokenType.CONTROL if control else gguf.TokenType.USER_DEFINED
    number_of = {token: number for number, token in enumerate(tokens)}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(
        [merge if isinstance(merge, str) else " ".join(merge) for merge in core["model"]["merges"]]
    )
    writer.add_bos_token_id(number_of["<|endoftext|>"])
    writer.add_add_bos_token(False)
    writer.add_eos_token_id(number_of[_content(settings["eos_token"])])
    writer.add_eot_token_id(number_of["<|im_end|>"])
    writer.add_pad_token_id(number_of[_content(settings["pad_token"])])
    for token, key in (
        ("<|fim_prefix|>", "fim_pre"),
        ("<|fim_suffix|>", "fim_suf"),
        ("<|fim_middle|>", "fim_mid"),
        ("<|fim_pad|>", "fim_pad"),
        ("<|repo_name|>", "fim_rep"),
        ("<|file_sep|>", "fim_sep"),
    ):
        if token in number_of:
            writer.add_uint32(f"tokenizer.ggml.{key}_token_id", number_of[token])
    template = model / "chat_template.jinja"
    text = template.read_text(encoding="utf-8") if template.is_file() else settings.get("chat_template")
    if not text:
        raise Failure(
            "conversion_failed", f"{model}: has no chat template; a server could not form prompts with it."
        )
    writer.add_chat_template(text)


def _tensors(model: Path, *, tied: bool) -> Iterator[tuple[str, Any]]:
    """Every stored tensor's name and lazy slice, in the same order each time."""
    from safetensors import safe_open

    index = model / "model.safetensors.index.json"
    files = sorted(set(_json(index)["weight_map"].values())) if index.is_file() else ["model.safetensors"]
    for file in files:
        with safe_open(model / file, framework="pt") as opened:
            for key in sorted(opened.keys()):
                if not (tied and key == "lm_head.weight"):
                    yield key, opened.get_slice(key)


def _content(token: str | dict[str, Any]) -> str:
    return str(token["content"]) if isinstance(token, dict) else token


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise Failure("conversion_failed", f"{file}: is missing, so {file.parent.name} is not a whole model.")
    values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return values


if __name__ == "__main__":
    main(ConvertRecipe, convert)
