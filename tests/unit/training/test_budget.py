from __future__ import annotations

import pytest

from tests.gpu.random_base import SHAPES
from training.domain import budget, recipe
from training.domain.budget import Part, Sum
from training.domain.vram import ModelShape, estimate

GB = 10**9
SEVEN = ModelShape.from_config(SHAPES["7b"])


def test_a_sum_is_told_with_all_its_parts_its_factor_and_its_total():
    one = Sum("Disk", (Part("merged", 15 * GB), Part("F16", 15.2 * GB)), 1.2, Part("log", 0.1 * GB), 36 * GB)

    assert one.sentence == "15.0 GB merged + 15.2 GB F16 = 30.2 GB, × 1.2 + 0.1 GB log = 36.3 GB"
    assert one.total == 36_340_000_000
    assert not one.fits


def test_a_single_part_is_no_sum_and_what_is_not_known_is_no_obstacle():
    one = Sum("Disk", (Part("all of the tiny model's files", 0.3 * GB),))

    assert one.sentence == "0.3 GB all of the tiny model's files"
    assert one.fits


def test_the_memory_of_a_stage_adds_up_to_the_estimate():
    need = estimate(SEVEN, backend="plain", nf4=True, rank=32, batch_size=4, max_length=2048)

    told = budget.memory("stage 1", need, there=80 * GB)

    assert told.total == pytest.approx(need.total, abs=1)
    assert 12 * GB <= told.total <= 16 * GB
    assert told.sentence.endswith("× 1.1 + 1.0 GB CUDA = 12.4 GB")


def test_parts_that_weigh_nothing_are_not_named():
    need = estimate(SEVEN, backend="unsloth", nf4=True, rank=32, batch_size=4, max_length=2048)

    names = [part.name for part in budget.memory("stage 1", need, there=None).parts]

    assert names == ["base", "adapter and its optimizer", "one layer or the loss"]


@pytest.mark.parametrize(("kind", "least", "most"), [("Q8_0", 60, 70), ("Q4_K_M", 58, 66), ("Q2_K", 56, 64)])
def test_the_disk_of_a_7b_run_is_merged_f16_its_copy_quantised_file_and_two_checkpoints(kind, least, most):
    asked = recipe.with_overrides(recipe.named("qwen7b"), {"quantise": {"type": kind}})

    told = budget.disk(SEVEN, 15_200_000_000, asked, there=60 * GB)

    assert [part.name for part in told.parts] == [
        "merged model",
        "F16",
        "copy of F16 while it is stored",
        kind,
        "2 checkpoints",
    ]
    assert told.parts[-1].size_bytes == 2 * 80_740_352 * 2 * 3
    assert least * GB < told.total < most * GB


def test_every_kind_of_quantised_file_has_a_size():
    assert set(budget.QUANTISED) == set(recipe.QUANTISATIONS)
