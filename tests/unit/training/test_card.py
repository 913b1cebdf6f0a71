from pathlib import Path
from typing import Any

from training.domain.card import CardScore, render
from training.domain.recipe import named

GOLDEN = Path(__file__).parents[2] / "golden" / "card"

FACTS: dict[str, Any] = {
    "title": "BBj v1, run 3",
    "run": 3,
    "base_model": "Qwen/Qwen2.5-Coder-7B",
    "base_revision": "0123456789abcdef0123456789abcdef01234567",
    "recipe": named("qwen7b"),
    "seed": 13,
    "snapshot_name": "v1",
    "snapshot_digest": "3f" * 32,
    "examples": {"train": 46, "validation": 5},
    "files": {"bbj-v1-run3-Q4_K_M.gguf": "ab" * 32},
    "code_version": "0.1.0",
}


def test_the_card_of_an_evaluated_model_is_the_golden_one():
    scores = [
        CardScore("base model", "offline check@1", "tasks-1, holdout: 12 tasks, 120 answers", 0.1, 0.04, 0.2),
        CardScore(
            "stage 2, Q4_K_M", "offline check@1", "tasks-1, holdout: 12 tasks, 120 answers", 0.625, 0.5, 0.7
        ),
        CardScore("stage 2, Q4_K_M", "compile@1", "tasks-1, holdout: 12 tasks", why="bbjcpl was not found."),
    ]

    assert render(**FACTS, scores=scores) == (GOLDEN / "evaluated.md").read_text(encoding="utf-8")


def test_a_model_without_an_evaluation_says_so():
    assert "## Scores\n\nNot evaluated.\n" in render(**FACTS, scores=[])


def test_the_offline_check_is_never_called_compile():
    scores = [CardScore("stage 2", "offline check@1", "tasks-1", 0.5, 0.4, 0.6)]

    assert "compile@1" not in render(**FACTS, scores=scores)


def test_a_rehearsal_says_that_the_model_is_of_no_use():
    card = render(**{**FACTS, "recipe": named("rehearsal")}, scores=[])

    assert "the model is of no use for programming" in card
