"""A tokenizer of a base model that takes milliseconds to make: bytes, a few merges, Qwen's control tokens."""

from __future__ import annotations

from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers


def write(folder: Path, *, vocabulary: int = 300) -> Path:
    """Put tokenizer.json into a folder as a base model has it."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[],
        show_progress=False,
    )
    core.train_from_iterator(["print rem end"], trainer)
    core.add_special_tokens(
        [AddedToken(f"<|{name}|>", special=True, normalized=False) for name in ("im_start", "im_end")]
    )
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tokenizer.json"
    core.save(str(file))
    return file
