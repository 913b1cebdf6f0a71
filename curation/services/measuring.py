"""How many tokens of an example a training run would learn, by the tokenizer that trains."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from curation.adapters.tokenizer import UnreadableTokenizer, training_tokenizer
from curation.domain import chatml, loss_mask
from curation.domain.markdown import ExampleDoc
from curation.services import masking

LIMITS = (2048, 4096)  # tokens: max_length of a small run, and of the recipes for a GPU


class NotMeasured(Exception):
    """There is no count; the message says why, and what to do."""


@dataclass(frozen=True)
class Cut:
    """What is left of an example in a run whose samples have at most `limit` tokens.

    Attributes:
        lost: Tokens at the end of the answer that are cut away.
        refused: The prompt alone fills the limit: training refuses the example.
    """

    limit: int
    lost: int
    refused: bool


@dataclass(frozen=True)
class Length:
    """`prompt` and `answer` in tokens; only those of the answer are learnt."""

    tokenizer: str
    of_rehearsal: bool
    prompt: int
    answer: int
    cuts: tuple[Cut, ...]

    @property
    def whole(self) -> int:
        return self.prompt + self.answer


def length_of(doc: ExampleDoc) -> Length:
    """Count as training.recipes.instruct does: what the prompt and the whole begin with alike is no answer.

    Raises:
        NotMeasured: there is no tokenizer, or the example lacks a part.
    """
    shelf = settings.STUDIO_BASE_MODELS
    tokenizer = training_tokenizer(shelf)
    if tokenizer is None:
        raise NotMeasured(
            f"No tokenizer is below {shelf}, so nothing is counted. Put the folder of the base model there, "
            "such as Qwen2.5-Coder-7B/, or let a rehearsal run, which builds a small one."
        )
    try:
        asked, whole = (tokenizer.ids(text) for text in masking.turns(chatml.render(doc)))
    except chatml.RenderError as error:
        raise NotMeasured(f"Counted once it can be trained on. {error}") from error
    except UnreadableTokenizer as error:
        raise NotMeasured(f"{error}. Put the base model's file there again.") from error
    masks = [loss_mask.mask(asked, whole, limit=limit, end_token=None) for limit in LIMITS]
    prompt = masks[0].start
    answer = len(whole) - prompt
    cuts = tuple(Cut(mask.limit, lost=min(mask.lost, answer), refused=mask.refused) for mask in masks)
    return Length(tokenizer.name, tokenizer.of_rehearsal, prompt, answer, cuts)
