"""Two backends, one contract. Unsloth itself is optional and not installed: a stand-in takes its calls."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.recipes.conftest import instruct_values, perform, succeed
from training.domain.run_folder import RunFolder

pytestmark = pytest.mark.slow(5)

STAND_IN = str(Path(__file__).parents[1] / "stubs" / "unsloth_package")


@pytest.fixture(scope="module")
def unsloth(chain, snapshot, tmp_path_factory) -> Path:
    """Stage 1 with plain, one barely moving step of stage 2 with the stand-in for Unsloth."""
    folder = tmp_path_factory.mktemp("unsloth")
    values = instruct_values(chain.base, snapshot, chain.at("pretrain", "adapter"))
    still = {
        "backend": "unsloth",
        "learning_rate": 1e-6,
        "max_steps": 1,
        "process_env": {"PYTHONPATH": STAND_IN},
    }
    succeed("instruct", folder / "instruct", **{**values, **still})
    return folder / "instruct"


def test_unsloth_is_imported_first_and_makes_the_adapter(unsloth):
    assert "a stand-in for unsloth made the adapter" in RunFolder(unsloth).log_tail()


def test_unsloth_goes_on_with_the_adapter_that_plain_trained(chain, unsloth):
    before, after = (
        load_file(folder / "adapter" / "adapter_model.safetensors")
        for folder in (chain.at("pretrain"), unsloth)
    )

    assert before.keys() == after.keys()
    assert max(abs(before[key] - after[key]).max() for key in before) < 1e-4


def test_both_backends_train_the_same_tokens(chain, unsloth):
    result = RunFolder(unsloth).result()

    assert result is not None
    assert result["loss_mask"] == chain.results["instruct"]["loss_mask"]
    assert result["trained_parameters"] == chain.results["instruct"]["trained_parameters"]


def test_an_adapter_of_another_shape_is_refused(chain, snapshot, tmp_path):
    shutil.copytree(chain.at("pretrain", "adapter"), tmp_path / "adapter")
    config = tmp_path / "adapter" / "adapter_config.json"
    values = json.loads(config.read_text())
    values["target_modules"].remove("q_proj")
    config.write_text(json.dumps(values))

    outcome = perform(
        "instruct",
        tmp_path / "instruct",
        **instruct_values(chain.base, snapshot, tmp_path / "adapter"),
        backend="unsloth",
        process_env={"PYTHONPATH": STAND_IN},
    )

    assert outcome.failure is not None
    assert outcome.failure.code == "base_model_mismatch"
    assert "Take the adapter that stage 1 trained on this base." in outcome.failure.message
