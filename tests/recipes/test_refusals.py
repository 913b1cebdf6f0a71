"""What a recipe cannot use it refuses with a code and a sentence, and leaves nothing half-written."""

import json

import pytest

from tests.recipes.conftest import chat_row, instruct_values, perform, pretrain_values


def refused(module, folder, **options):
    outcome = perform(module, folder, **options)
    assert outcome.exit_code == 1
    assert outcome.failure is not None
    assert not list(folder.glob("*.part"))
    assert not (folder / "adapter").exists()
    return outcome.failure


@pytest.fixture
def no_base(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    return tmp_path / "no-such-base"


def test_an_empty_train_file_is_invalid_data(tmp_path, snapshot, no_base):
    (tmp_path / "train.jsonl").write_text("")
    values = {**instruct_values(no_base, snapshot, tmp_path), "train_file": str(tmp_path / "train.jsonl")}

    failure = refused("instruct", tmp_path / "instruct", **values)

    assert failure.code == "data_invalid"
    assert "has no row. Approve examples, freeze a snapshot, start again." in failure.message


def test_every_bad_row_is_named(tmp_path, snapshot, no_base):
    (tmp_path / "train.jsonl").write_text(
        '{"prompt": []}\n' + json.dumps(chat_row("a", "b")) + "\nnonsense\n"
    )
    values = {**instruct_values(no_base, snapshot, tmp_path), "train_file": str(tmp_path / "train.jsonl")}

    failure = refused("instruct", tmp_path / "instruct", **values)

    assert failure.code == "data_invalid"
    assert "line 1 (KeyError" in failure.message
    assert "line 3 (JSONDecodeError" in failure.message


def test_a_corpus_without_programs_is_invalid_data(tmp_path, snapshot, no_base):
    (tmp_path / "corpus").mkdir()
    values = {**pretrain_values(no_base, snapshot), "corpus_folder": str(tmp_path / "corpus")}

    assert refused("pretrain", tmp_path / "pretrain", **values).code == "data_invalid"


@pytest.mark.slow(4)
def test_a_missing_base_is_named(tmp_path, snapshot, no_base):
    failure = refused("pretrain", tmp_path / "pretrain", **pretrain_values(no_base, snapshot))

    assert failure.code == "base_model_missing"
    assert str(no_base) in failure.message


def test_a_hub_model_without_a_pinned_revision_is_not_looked_for(tmp_path, snapshot):
    values = {**pretrain_values(tmp_path, snapshot), "base_model": "Qwen/Qwen2.5-Coder-7B"}

    failure = refused("pretrain", tmp_path / "pretrain", **values)

    assert failure.code == "base_model_missing"
    assert "name base.revision" in failure.message


def test_without_torch_the_sentence_says_how_to_get_it(tmp_path, snapshot, no_base):
    (tmp_path / "without").mkdir()
    for name in ("torch", "transformers"):
        (tmp_path / "without" / f"{name}.py").write_text(
            f"raise ImportError('No module named {name}', name='{name}')"
        )
    values = {**pretrain_values(snapshot, snapshot), "process_env": {"PYTHONPATH": str(tmp_path / "without")}}

    failure = refused("pretrain", tmp_path / "pretrain", **values)

    assert failure.code == "config_invalid"
    assert "Run python3 manage.py up" in failure.message


def test_without_unsloth_its_backend_says_how_to_get_it(tmp_path, snapshot):
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "unsloth.py").write_text(
        "raise ModuleNotFoundError('No module named unsloth', name='unsloth')"
    )
    values = {**pretrain_values(snapshot, snapshot), "process_env": {"PYTHONPATH": str(tmp_path / "without")}}

    failure = refused("pretrain", tmp_path / "pretrain", **values, backend="unsloth")

    assert failure.code == "config_invalid"
    assert "backend=unsloth: unsloth is not installed here" in failure.message
    assert "-r studio/requirements/gpu.txt, or write backend=plain" in failure.message


def test_an_unknown_backend_lists_the_known_ones(tmp_path, snapshot):
    failure = refused(
        "pretrain", tmp_path / "pretrain", **pretrain_values(snapshot, snapshot), backend="axolotl"
    )

    assert failure.code == "config_invalid"
    assert failure.message == 'backend="axolotl" is not one of plain, unsloth.'


@pytest.mark.slow(4)
def test_a_prompt_that_leaves_no_room_for_its_answer_is_named_by_row(base, snapshot, tmp_path):
    rows = [chat_row("short", "ok"), chat_row("long " * 400, "never learnt")]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "adapter_config.json").write_text("{}")
    values = {**instruct_values(base, snapshot, tmp_path), "train_file": str(tmp_path / "train.jsonl")}

    failure = refused("instruct", tmp_path / "instruct", **values)

    assert failure.code == "data_invalid"
    assert failure.message.startswith("rows 2: the prompt alone fills max_length=256 tokens")


@pytest.mark.slow(4)
def test_a_disk_that_fills_up_while_writing_leaves_no_part_of_a_model(chain, tmp_path):
    model = str(chain.at("merge", "merged"))

    failure = refused(
        "convert", tmp_path / "c", model_folder=model, process_env={"STAGE_FAULT": "convert:save:enospc"}
    )

    assert failure.code == "disk_full"
    assert not list((tmp_path / "c").glob("*.gguf*"))


def test_an_unknown_quantisation_lists_the_known_ones(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF")

    failure = refused("quantise", tmp_path / "q", gguf=str(tmp_path / "model.gguf"), type="Q5_K")

    assert failure.code == "config_invalid"
    assert "Q8_0, Q4_K_M, Q4_0, Q2_K" in failure.message


def test_generating_needs_a_model_or_a_server(tmp_path):
    row = {"id": "t", "sample": 0, "seed": 1, "messages": [{"role": "user", "content": "hi"}]}
    (tmp_path / "prompts.jsonl").write_text(json.dumps(row) + "\n")

    failure = refused("generate", tmp_path / "g", prompts_file=str(tmp_path / "prompts.jsonl"))

    assert failure.code == "config_invalid"
    assert failure.message == "Name either gguf or server_url, not both and not neither."
