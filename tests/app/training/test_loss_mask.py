"""What the check page says about the loss mask, where it was counted for this base and this length."""

from __future__ import annotations

import json

import pytest

from curation.services import inspecting, masking
from tests import makers, tiny_tokenizer
from tests.gpu.random_base import SHAPES
from training.services import preflighting

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def base(var, settings):
    settings.STUDIO_BASE_MODELS = var / "base-models"
    folder = var / "base-models" / "Qwen2.5-Coder-7B"
    tiny_tokenizer.write(folder)
    (folder / "config.json").write_text(json.dumps(SHAPES["7b"]))
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def check(snapshot, limit: int) -> preflighting.Preflight:
    overrides = {"instruct": {"max_length": limit}}
    return preflighting.check(snapshot=snapshot, recipe_name="qwen7b", overrides=overrides)


def about_rows(sentences: list[str]) -> list[str]:
    return [sentence for sentence in sentences if "rows" in sentence]


def test_rows_that_teach_nothing_block_and_cut_ends_are_a_warning(snapshot, base):
    count = {"snapshot": snapshot, "tokenizer": masking.chosen(), "by": makers.user("maintainer")}
    for limit in (64, 400, 4096):
        inspecting.request(limit=limit, **count)

    short, middle, long = (check(snapshot, limit) for limit in (64, 400, 4096))

    assert "teach nothing: their prompt alone fills 64 tokens" in about_rows(short.blocking)[0]
    assert about_rows(middle.blocking) == []
    assert "lose the end of their answer at 400 tokens" in about_rows(middle.warnings)[0]
    assert about_rows(long.blocking + long.warnings) == []
    assert "0 of them cut at 4,096 tokens" in dict(long.facts)["Loss mask"]


def test_what_was_not_counted_is_said_and_neither_blocks_nor_warns(snapshot, base):
    found = check(snapshot, 4096)

    assert dict(found.facts)["Loss mask"].startswith("not counted at 4,096 tokens")
    assert about_rows(found.blocking + found.warnings) == []
