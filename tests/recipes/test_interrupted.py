"""A training that is stopped goes on as if it had not been; NF4 trains too."""

from pathlib import Path

import pytest

from tests.recipes.conftest import instruct_values, perform, pretrain_values, succeed
from training.domain.run_folder import RunFolder

pytestmark = pytest.mark.slow(24)


def test_a_cancelled_and_resumed_stage_ends_with_the_same_adapter_bit_for_bit(chain, snapshot, tmp_path):
    values = pretrain_values(chain.base, snapshot)
    folder = RunFolder(tmp_path / "pretrain")

    def cancel():
        return "cancel" if folder.metrics()[0] else None

    cancelled = perform("pretrain", folder.path, **values, process_on_tick=cancel)
    resumed = succeed("pretrain", folder.path, **values)

    assert cancelled.failure is not None
    assert cancelled.failure.code == "cancelled"
    assert not (folder.path / "result.json.part").exists()
    assert resumed["resumed_from"].startswith("checkpoint-")
    assert contents(folder.path / "adapter") == contents(chain.at("pretrain", "adapter"))


def test_a_stage_that_was_killed_ends_with_the_same_adapter_bit_for_bit(chain, snapshot, tmp_path):
    """It saved nothing when it died: what it did after its last checkpoint is done again."""
    values = instruct_values(chain.base, snapshot, chain.at("pretrain", "adapter"))
    folder = tmp_path / "instruct"

    killed = perform("instruct", folder, **values, process_env={"STAGE_FAULT": "instruct:step5:kill"})
    resumed = succeed("instruct", folder, **values)

    assert killed.failure is not None
    assert killed.failure.code == "process_killed"
    assert resumed["resumed_from"] == "checkpoint-4"
    assert contents(folder / "adapter") == contents(chain.at("instruct", "adapter"))


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_stage_that_is_to_be_kept_ends_after_its_step_with_an_adapter(chain, snapshot, tmp_path):
    folder = RunFolder(tmp_path / "pretrain")
    folder.path.mkdir()
    folder.keep_file.touch()

    result = succeed("pretrain", folder.path, **pretrain_values(chain.base, snapshot))

    assert (result["steps"], result["kept_early"]) == (1, True)
    assert (folder.path / "adapter" / "adapter_model.safetensors").is_file()


def test_both_stages_train_on_a_base_in_four_bits(chain, snapshot, tmp_path):
    first = {**pretrain_values(chain.base, snapshot), "nf4": True, "train_embeddings": False, "max_steps": 2}

    succeed("pretrain", tmp_path / "pretrain", **first)
    second = instruct_values(chain.base, snapshot, tmp_path / "pretrain" / "adapter")
    result = succeed("instruct", tmp_path / "instruct", **{**second, "nf4": True, "max_steps": 2})

    assert result["steps"] == 2
    assert result["loss"] < 10
    assert (tmp_path / "instruct" / "adapter" / "adapter_model.safetensors").is_file()
