"""What the check page says about GPU memory and about a backend that is not there."""

from __future__ import annotations

import json

import pytest

from tests.gpu.random_base import SHAPES
from training.adapters import nvidia
from training.services import preflighting

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def base(var):
    folder = var / "base-models" / "Qwen2.5-Coder-14B"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(SHAPES["14b"]))
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def with_gpus(monkeypatch, *sizes: int) -> None:
    monkeypatch.setattr(preflighting.nvidia, "gpu_memory_bytes", lambda: list(sizes))


def about_gpus(check: preflighting.Preflight) -> list[str]:
    return [sentence for sentence in check.warnings + check.blocking if "GPU" in sentence]


def test_the_need_of_both_stages_stands_beside_the_largest_gpu(snapshot, base, monkeypatch):
    with_gpus(monkeypatch, 24 * 10**9, 80 * 10**9)

    check = preflighting.check(snapshot=snapshot, recipe_name="qwen14b")

    assert {one.what: one.verdict for one in check.sums if one.what != "Disk"} == {
        f"GPU memory, {stage}": "16.5 GB estimated, 80.0 GB on the largest GPU here"
        for stage in ("pretrain", "instruct")
    }
    assert about_gpus(check) == []


def test_a_gpu_that_is_too_small_is_a_warning_with_the_sum_and_the_way_out(snapshot, base, monkeypatch):
    with_gpus(monkeypatch, 16 * 10**9)

    check = preflighting.check(
        snapshot=snapshot, recipe_name="qwen14b", overrides={"instruct": {"batch_size": 4}}
    )

    pretrain, instruct = about_gpus(check)
    assert pretrain.startswith("pretrain needs an estimated 16.5 GB of GPU memory, and the largest GPU")
    assert instruct.startswith("instruct needs an estimated 26.9 GB of GPU memory, and the largest GPU")
    assert (
        "× 1.1 + 1.0 GB CUDA = 26.9 GB). Lower instruct.batch_size and raise instruct.accumulate by the same"
        in instruct
    )


def test_more_processes_than_gpus_are_a_warning_and_the_sequences_of_a_step_are_multiplied_out(
    snapshot, base, monkeypatch
):
    with_gpus(monkeypatch, 80 * 10**9, 80 * 10**9)

    check = preflighting.check(
        snapshot=snapshot,
        recipe_name="qwen14b",
        overrides={"pretrain": {"processes": 2, "accumulate": 16}, "instruct": {"processes": 4}},
    )

    assert about_gpus(check) == [
        "instruct.processes=4, one a GPU, and this machine has 2. Lower instruct.processes and raise "
        "instruct.accumulate by the same factor, or let a machine with as many GPUs take the run."
    ]
    facts = dict(check.facts)
    assert facts["Sequences a step"] == (
        "pretrain 1 × 16 × 2 = 32, instruct 1 × 32 × 4 = 128 (batch_size × accumulate × processes)"
    )
    assert [one.what for one in check.sums if one.stage] == [
        f"GPU memory, {stage}, each GPU" for stage in ("pretrain", "instruct")
    ]


def test_a_base_of_another_architecture_is_refused(snapshot, base, monkeypatch):
    with_gpus(monkeypatch)
    (base / "config.json").write_text('{"hidden_size": 4096}')

    check = preflighting.check(snapshot=snapshot, recipe_name="qwen14b")

    assert any("not that of a Qwen2 model ('num_hidden_layers')" in sentence for sentence in check.blocking)


def test_the_sites_backend_is_frozen_into_recipes_that_need_a_gpu(snapshot, settings):
    settings.STUDIO_TRAINING_BACKEND = "unsloth"

    backends = {
        name: {
            preflighting.check(snapshot=snapshot, recipe_name=name).recipe[stage]["backend"]
            for stage in ("pretrain", "instruct")
        }
        for name in ("qwen7b", "rehearsal")
    }

    assert backends == {"qwen7b": {"unsloth"}, "rehearsal": {"plain"}}


def test_a_missing_unsloth_is_a_warning_since_the_worker_may_have_it(snapshot, monkeypatch):
    find = preflighting.importlib.util.find_spec
    monkeypatch.setattr(
        preflighting.importlib.util, "find_spec", lambda name: None if name == "unsloth" else find(name)
    )

    check = preflighting.check(
        snapshot=snapshot, recipe_name="rehearsal", overrides={"instruct": {"backend": "unsloth"}}
    )

    assert check.blocking == []
    assert any(sentence.startswith("instruct: backend=unsloth") for sentence in check.warnings)


@pytest.mark.parametrize(
    ("answer", "sizes"),
    [
        ("echo 81559; echo 143771", [81559 * 2**20, 143771 * 2**20]),
        ("echo NVIDIA-SMI has failed; exit 9", []),
        ("echo [N/A]", []),
    ],
)
def test_the_driver_is_asked_and_believed_only_when_it_gives_numbers(answer, sizes, tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    assert nvidia.gpu_memory_bytes() == sizes


def blocking(snapshot, model: str, revision: str = "") -> list[str]:
    base = {"base": {"model": model, "revision": revision}}
    return preflighting.check(snapshot=snapshot, recipe_name="qwen7b", overrides=base).blocking


def test_only_bases_that_an_admin_has_named_are_loaded(snapshot, settings, var):
    settings.STUDIO_ALLOWED_BASES = ["Qwen/Qwen2.5-Coder-7B", f"acme/bbj@{'a' * 40}"]

    (other,) = blocking(snapshot, "evil/model")
    assert (
        "evil/model is not among those that this studio may load (Qwen/Qwen2.5-Coder-7B, acme/bbj)" in other
    )
    assert "not among" in blocking(snapshot, "/etc")[0]
    assert "not among" in blocking(snapshot, f"{var}/base-models/../elsewhere")[0]
    assert "at revision aaaa" in blocking(snapshot, "acme/bbj")[0]


def test_an_allowed_base_and_a_folder_on_the_shelf_are_looked_for(snapshot, settings, var):
    settings.STUDIO_ALLOWED_BASES = [f"acme/bbj@{'a' * 40}"]

    for said in (
        blocking(snapshot, "acme/bbj", "a" * 40),
        blocking(snapshot, f"{var}/base-models/of-ours"),
    ):
        assert "is not on this machine" in said[0]
