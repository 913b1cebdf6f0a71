import pytest

from tests.gpu.random_base import SHAPES
from training.domain.vram import ModelShape, estimate

GB = 1000**3

# The most that a whole H100 showed as used in stage 1: NF4, rank 32, batches of 4 (docs/benchmarks-gpu.md).
MEASURED = {
    ("1.5b", "plain", 2048): 4_675_403_776,
    ("1.5b", "unsloth", 2048): 3_643_604_992,
    ("7b", "plain", 2048): 11_816_206_336,
    ("7b", "unsloth", 2048): 9_991_684_096,
    ("7b", "plain", 4096): 16_960_520_192,
    ("7b", "unsloth", 4096): 11_726_028_800,
    ("14b", "plain", 2048): 19_414_188_032,
    ("14b", "unsloth", 2048): 15_641_411_584,
}


def needed(shape, *, backend="plain", rank=32, batch_size=4, max_length=2048, nf4=True, **more) -> int:
    return estimate(
        ModelShape.from_config(SHAPES[shape]),
        backend=backend,
        nf4=nf4,
        rank=rank,
        batch_size=batch_size,
        max_length=max_length,
        **more,
    ).total


@pytest.mark.parametrize(("shape", "backend", "length"), MEASURED)
def test_the_estimate_is_not_below_the_measurement_and_at_most_8_percent_above(shape, backend, length):
    measured = MEASURED[shape, backend, length]

    assert measured <= needed(shape, backend=backend, max_length=length) <= 1.08 * measured


def test_qlora_of_a_7b_model_needs_12_to_16_gb():
    assert 12 * GB <= needed("7b") <= 16 * GB


def test_a_shape_counts_the_weights_that_the_model_has():
    shape = ModelShape.from_config(SHAPES["7b"])

    assert shape.linear_weights == 6_525_288_448
    assert shape.embedding_weights == 1_089_994_752
    assert shape.adapter_weights(32) == 80_740_352  # as the run on the GPU counted them


def test_tied_embeddings_are_counted_once():
    tied = ModelShape.from_config(SHAPES["1.5b"])

    assert tied.embedding_weights == tied.vocabulary * tied.hidden


def test_shorter_batches_need_less_and_trained_embeddings_more():
    assert needed("7b", batch_size=1) < needed("7b", batch_size=2) < needed("7b")
    assert needed("7b", max_length=1024) < needed("7b")
    assert needed("7b", train_embeddings=True) > needed("7b") + 8 * 1_000_000_000
    assert needed("7b", nf4=False) > needed("7b") + 9 * GB


def test_a_configuration_of_another_architecture_names_what_it_lacks():
    with pytest.raises(KeyError, match="num_key_value_heads"):
        ModelShape.from_config(
            {"hidden_size": 1, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 1}
        )
