"""What the pages call trained is what TRL really trains: the collator's labels, for each type and cut."""

from __future__ import annotations

from typing import Any

import pytest

from curation.domain import markdown
from curation.domain.chatml import render
from curation.domain.markdown import ExampleDoc
from curation.services import masking
from tests import makers

pytestmark = pytest.mark.slow(6)

SIDES = "### Before (vpro5)\n\n```bbj\nrem old\nprint 1\n```\n\n### After (dwc)\n\n```bbj"


def doc_of(kind: str) -> ExampleDoc:
    text = makers.example_text(f"A {kind} – é", type=kind, generation="dwc")
    if kind == "migration":
        text = text.replace("generation: dwc", "generation: dwc\nfrom_generation: vpro5").replace(
            "```bbj", SIDES, 1
        )
    doc = markdown.parse(text, path=f"strings/{kind}.md").doc
    assert doc
    return doc


@pytest.fixture(scope="module")
def tokenizer(base) -> Any:
    from training.recipes.learning import END_OF_TURN, load_tokenizer

    loaded = load_tokenizer(str(base))
    loaded.eos_token = END_OF_TURN
    return loaded


def collated(docs: list[ExampleDoc], tokenizer: Any, limit: int) -> list[tuple[list[int], list[int]]]:
    """Token ids and labels as our recipe hands them to TRL, and TRL to the model, without the padding."""
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    from training.recipes.instruct import token_rows

    rows, _ = token_rows([render(doc) for doc in docs], tokenizer, limit)
    batch = DataCollatorForLanguageModeling(tokenizer.pad_token_id)(rows)
    return [
        (ids[: len(row["input_ids"])].tolist(), labels[: len(row["input_ids"])].tolist())
        for ids, labels, row in zip(batch["input_ids"], batch["labels"], rows, strict=True)
    ]


@pytest.mark.parametrize("short_by", [0, 1, 2, 40])
def test_the_marked_tokens_are_those_with_a_label(base, tokenizer, settings, short_by):
    settings.STUDIO_BASE_MODELS = base.parent
    ours = masking.chosen(base.name)
    for kind in ("completion", "comprehension", "migration", "explanation"):
        doc = doc_of(kind)
        limit = masking.preview(doc, tokenizer=ours, limit=32768).mask.tokens - short_by
        ((ids, labels),) = collated([doc], tokenizer, limit)

        shown = masking.preview(doc, tokenizer=ours, limit=limit)

        assert [n for n, label in enumerate(labels) if label != -100] == [
            n for n in range(shown.mask.tokens) if shown.mask.kind(n) == "trained"
        ]
        assert (len(ids), shown.mask.lost) == (shown.mask.kept, short_by)
        assert shown.mask.ends == (tokenizer.eos_token_id in [n for n in labels if n != -100])
        text = {
            kind: "".join(p.text for p in shown.pieces if p.kind == kind) for kind in ("prompt", "trained")
        }
        assert tokenizer.decode(ids) == text["prompt"] + text["trained"]
        assert tokenizer.decode([n for n in labels if n != -100]) == text["trained"]


def test_many_at_once_give_the_same_masks(base, settings):
    settings.STUDIO_BASE_MODELS = base.parent
    ours, docs = masking.chosen(base.name), [doc_of("completion"), doc_of("migration")]

    masks = masking.masks([render(doc) for doc in docs], tokenizer=ours, limit=100)

    assert masks == [masking.preview(doc, tokenizer=ours, limit=100).mask for doc in docs]
