"""Make a GGUF file small enough for people's machines.

    python -m training.recipes.quantise runs/17/quantise/recipe.json

Reads   <gguf>, an F16 file
Writes  <folder>/<out> (model-q4_k_m.gguf if unnamed), result.json
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes.frame import existing_file, fault_point, main

# Numbers of llama.cpp's enum llama_ftype.
FILE_TYPES = {"Q8_0": 7, "Q4_K_M": 15, "Q4_0": 2, "Q2_K": 10}


@dataclass(frozen=True, kw_only=True)
class QuantiseRecipe:
    gguf: str
    type: str = "Q4_K_M"
    out: str = ""
    threads: int = 1


def quantise(recipe: QuantiseRecipe, folder: RunFolder) -> dict[str, Any]:
    source = existing_file(recipe.gguf, "gguf")
    if recipe.type not in FILE_TYPES:
        raise Failure("config_invalid", f'type="{recipe.type}" is not one of {", ".join(FILE_TYPES)}.')
    name = recipe.out or f"model-{recipe.type.lower()}.gguf"
    if Path(name).name != name:
        raise Failure("config_invalid", f'out="{name}": write a file name without a folder.')

    import cyllama.llama.llama_cpp as llama

    parameters = llama.LlamaModelQuantizeParams()
    parameters.ftype = FILE_TYPES[recipe.type]
    parameters.nthread = recipe.threads
    part = folder.path / (name + ".part")
    fault_point("quantise", "save")
    status = llama.model_quantize(str(source), str(part), parameters)
    if status or not part.is_file():  # None is success in some builds of cyllama, 0 in others
        raise Failure(
            "conversion_failed", f"{source.name}: quantising to {recipe.type} failed with status {status}."
        )
    tensors = _whole(part, like=source)
    part.replace(folder.path / name)
    return {
        "files": [name],
        "type": recipe.type,
        "tensors": tensors,
        "size_bytes": (folder.path / name).stat().st_size,
        "source_size_bytes": source.stat().st_size,
    }


def _whole(file: Path, *, like: Path) -> int:
    """How many tensors the file has; a Failure unless they are the source's and all bytes are there."""
    from gguf import GGUFReader

    try:
        made, source = ({t.name: tuple(t.shape) for t in GGUFReader(path).tensors} for path in (file, like))
    except (ValueError, IndexError) as error:  # the reader maps the file, so missing bytes show at once
        raise Failure(
            "conversion_failed", f"{file.name}: the quantised file is not whole ({error})."
        ) from error
    if made != source:
        raise Failure("conversion_failed", f"{file.name}: has other tensors than {like.name}.")
    return len(made)


if __name__ == "__main__":
    main(QuantiseRecipe, quantise)
