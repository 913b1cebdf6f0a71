"""One example as a training run would see it: its tokens, which of them are learnt, and where it is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from curation.adapters.tokenizer import FILE, TrainingTokenizer, UnreadableTokenizer, training_tokenizers
from curation.domain import chatml, loss_mask
from curation.domain.loss_mask import END_OF_TURN, Mask, Piece
from curation.domain.markdown import ExampleDoc

REHEARSED, TRAINED = (
    1024,
    4096,
)  # tokens: max_length of stage 2 in the rehearsal, and in the recipes for a GPU
LEAST, MOST = 64, 32768  # tokens; what a recipe may ask for

Rendered = Mapping[str, Sequence[Mapping[str, str]]]


class NotMasked(Exception):
    """Nothing can be shown; the message says why, and what to do."""


@dataclass(frozen=True)
class Preview:
    """`pieces` joined are the whole row, in the chat form that training reads."""

    tokenizer: TrainingTokenizer
    mask: Mask
    pieces: tuple[Piece, ...]


def shelf() -> list[TrainingTokenizer]:
    """The tokenizers to choose from, the most likely first."""
    return training_tokenizers(settings.STUDIO_BASE_MODELS)


def chosen(name: str = "") -> TrainingTokenizer:
    """The tokenizer of this base model; the most likely one without a name.

    Raises:
        NotMasked: it is not there.
    """
    there = shelf()
    if not there:
        raise NotMasked(
            f"No tokenizer is below {settings.STUDIO_BASE_MODELS}. Put the folder of the base model there, "
            "such as Qwen2.5-Coder-7B/, or let a rehearsal run, which builds a small one."
        )
    found = next((one for one in there if one.name == name or not name), None)
    if found is None:
        raise NotMasked(f'"{name[:80]}" is not on the shelf of base models. Choose another one.')
    return found


def tokenizer_in(folder: Path) -> TrainingTokenizer | None:
    """That of a base model's folder, wherever it lies."""
    file = folder / FILE
    return TrainingTokenizer(folder.name, of_rehearsal=False, file=file) if file.is_file() else None


def usual_limit(tokenizer: TrainingTokenizer) -> int:
    """The length that a recipe for this base would cut at, where nobody changes it."""
    return REHEARSED if tokenizer.of_rehearsal else TRAINED


def preview(doc: ExampleDoc, *, tokenizer: TrainingTokenizer, limit: int) -> Preview:
    """
    Raises:
        NotMasked: the example lacks a part, or the tokenizer cannot be read.
    """
    try:
        asked, whole = turns(chatml.render(doc))
        encoded = tokenizer.encode(whole)
        mask = loss_mask.mask(
            tokenizer.ids(asked), encoded.ids, limit=limit, end_token=tokenizer.id_of(END_OF_TURN)
        )
    except chatml.RenderError as error:
        raise NotMasked(f"Shown once it can be trained on. {error}") from error
    except UnreadableTokenizer as error:
        raise NotMasked(f"{error}. Put the base model's file there again.") from error
    return Preview(tokenizer, mask, tuple(loss_mask.pieces(whole, encoded.offsets, mask)))


def masks(rows: Sequence[Rendered], *, tokenizer: TrainingTokenizer, limit: int) -> list[Mask]:
    """The masks of many rendered rows, without their texts.

    Raises:
        UnreadableTokenizer: the file cannot be read.
    """
    asked, whole = zip(*(turns(row) for row in rows), strict=True) if rows else ((), ())
    end = tokenizer.id_of(END_OF_TURN)
    return [
        loss_mask.mask(prompt, ids, limit=limit, end_token=end)
        for prompt, ids in zip(tokenizer.encode_all(asked), tokenizer.encode_all(whole), strict=True)
    ]


def turns(row: Rendered | dict[str, Any]) -> tuple[str, str]:
    """The prompt with the beginning of an answer, and the whole, in the chat form."""
    return (
        chatml.chat_text(row["prompt"], answer_next=True),
        chatml.chat_text([*row["prompt"], *row["completion"]]),
    )
