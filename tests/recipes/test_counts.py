"""The token counts that the editor shows are those that training makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.domain import markdown
from curation.domain.chatml import render
from curation.services import measuring

pytestmark = pytest.mark.slow(6)

EXAMPLES = Path(__file__).resolve().parents[2] / "training-data"


def test_the_editor_counts_the_tokens_that_training_makes(base, settings):
    from transformers import AutoTokenizer

    from training.recipes.instruct import token_rows

    settings.STUDIO_BASE_MODELS = base.parent
    tokenizer = AutoTokenizer.from_pretrained(base)
    for path in ("gui/hello-window.md", "oop/procedural-dialog-to-class.md", "control-flow/three-loops.md"):
        doc = markdown.parse((EXAMPLES / path).read_text(), path=path).doc
        assert doc
        (row,), _ = token_rows([render(doc)], tokenizer, 32768)

        length = measuring.length_of(doc)

        assert length.tokenizer == base.name
        assert (length.whole, length.prompt) == (len(row["input_ids"]), row["labels"].count(-100))
