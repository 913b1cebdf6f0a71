"""From a random base to a quantised model that answers over HTTP: the real chain, with real training."""

import json
from pathlib import Path

import pytest
from gguf import GGUFReader
from safetensors import safe_open
from tokenizers import Tokenizer

from tests.recipes.conftest import ANSWERS, PROGRAMS, succeed
from training.domain.run_folder import RunFolder

pytestmark = pytest.mark.slow(3)


def tokens_of(base: Path, text: str) -> list[int]:
    return Tokenizer.from_file(str(base / "tokenizer.json")).encode(text, add_special_tokens=False).ids


def weights(file: Path) -> dict[str, bytes]:
    with safe_open(file, framework="numpy") as opened:
        return {key: opened.get_tensor(key).tobytes() for key in opened.keys()}  # noqa: SIM118


def test_an_equal_base_is_not_built_again(base, snapshot, tmp_path):
    values = {
        "corpus_folder": str(snapshot / "corpus"),
        "snapshot_folder": str(snapshot),
        "out": str(base.parent),
    }
    before = (base / "model.safetensors").stat().st_mtime_ns

    result = succeed("tiny_base", tmp_path / "again", vocabulary=512, layers=1, context=512, **values)

    assert Path(result["base_model"]) == base
    assert (base / "model.safetensors").stat().st_mtime_ns == before
    assert result["digest"].startswith(base.name)


def test_stage_one_reads_every_token_of_every_program_once(chain):
    expected = sum(len(tokens_of(chain.base, program)) + 1 for program in PROGRAMS)  # + the end of each text

    assert chain.results["pretrain"]["programs"] == len(PROGRAMS)
    assert chain.results["pretrain"]["tokens"] == expected


def test_training_writes_a_metric_line_a_step_and_the_loss_falls(chain):
    points, _ = RunFolder(chain.at("pretrain")).metrics()
    losses = [point["loss"] for point in points if "loss" in point]

    assert [point["step"] for point in points if "loss" in point] == list(range(1, 9))
    assert {"stage", "step", "of", "loss", "learning_rate", "grad_norm", "tokens_per_s", "at"} <= set(
        points[0]
    )
    assert any("eval_loss" in point for point in points)
    assert losses[-1] < losses[0]


def test_stage_two_trains_exactly_the_answers_and_their_ends(chain):
    expected = sum(len(tokens_of(chain.base, f"{answer}<|im_end|>\n")) for answer in ANSWERS.values())

    assert chain.results["instruct"]["loss_mask"] == {"cut": 0, "trained_tokens": expected}


def test_stage_two_goes_on_with_the_adapter_of_stage_one(chain):
    first, second = (
        json.loads(chain.at(s, "adapter", "adapter_config.json").read_text())
        for s in ("pretrain", "instruct")
    )

    assert (second["r"], second["lora_alpha"]) == (first["r"], first["lora_alpha"]) == (8, 16)
    before, after = (
        weights(chain.at(s, "adapter", "adapter_model.safetensors")) for s in ("pretrain", "instruct")
    )
    assert before.keys() == after.keys()
    assert all(before[key] != after[key] for key in before)


def test_a_finished_stage_leaves_only_what_it_names(chain):
    for stage in ("pretrain", "instruct"):
        names = {path.name for path in chain.at(stage).iterdir()}
        assert names == {"recipe.json", "metrics.jsonl", "log.txt", "result.json", "adapter"}


def test_the_merged_model_ends_at_the_end_of_a_turn(chain):
    merged = chain.at("merge", "merged")
    end, end_of_text = (tokens_of(chain.base, token)[0] for token in ("<|im_end|>", "<|endoftext|>"))
    settings = json.loads((merged / "generation_config.json").read_text())

    assert settings["eos_token_id"] == [end, end_of_text]
    assert settings["pad_token_id"] not in (end, end_of_text)
    assert chain.results["merge"]["largest_logit_difference"] < 1e-3


def test_the_merged_model_tells_its_chat_form(chain):
    form = json.loads(chain.at("merge", "merged", "chat_format.json").read_text())

    assert form["turns"]["user"] == ["<|im_start|>user\n", "<|im_end|>\n"]
    assert form["answer"] == "<|im_start|>assistant\n"


def test_no_artifact_holds_a_path_of_this_machine(chain):
    for folder in (
        chain.at("pretrain", "adapter"),
        chain.at("instruct", "adapter"),
        chain.at("merge", "merged"),
    ):
        for file in folder.rglob("*"):
            if file.suffix in (".json", ".jinja", ".md", ".txt"):
                assert str(chain.root.parent) not in file.read_text(), file


def test_the_gguf_holds_the_chat_form_and_the_ends(chain):
    fields = GGUFReader(chain.at("convert", "model-f16.gguf")).fields
    end = tokens_of(chain.base, "<|im_end|>")[0]

    assert fields["general.architecture"].contents() == "qwen2"
    assert fields["tokenizer.ggml.pre"].contents() == "qwen2"
    assert fields["tokenizer.ggml.eos_token_id"].contents() == end
    assert "<|im_start|>" in fields["tokenizer.chat_template"].contents()
    assert not fields["tokenizer.ggml.add_bos_token"].contents()


def test_quantising_keeps_the_tensors_and_shrinks_the_file(chain):
    result = chain.results["quantise"]

    assert result["files"] == ["model-q4_k_m.gguf"]
    assert result["tensors"] == chain.results["convert"]["tensors"]
    assert result["size_bytes"] < 0.5 * result["source_size_bytes"]


@pytest.fixture(scope="module")
def prompts(tmp_path_factory):
    file = tmp_path_factory.mktemp("prompts") / "prompts.jsonl"
    rows = [
        {
            "id": f"task-{i}",
            "sample": s,
            "seed": 100 * i + s,
            "messages": [{"role": "user", "content": question}],
        }
        for i, question in enumerate(ANSWERS)
        for s in range(2)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def answers(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "generations.jsonl").read_text().split("\n") if line]


def test_the_quantised_model_answers_every_prompt_in_order(chain, prompts, tmp_path):
    gguf = str(chain.at("quantise", "model-q4_k_m.gguf"))

    result = succeed(
        "generate", tmp_path / "a", gguf=gguf, prompts_file=str(prompts), max_tokens=24, context=256
    )

    rows = answers(tmp_path / "a")
    assert [(row["id"], row["sample"]) for row in rows] == [
        (f"task-{i}", s) for i in range(4) for s in range(2)
    ]
    assert all(row["finish_reason"] in ("stop", "length") for row in rows)
    assert all(row["tokens"] <= 24 for row in rows)
    assert result["errors"] == 0
    assert result["runtime"].startswith("xllamacpp ")


def test_the_same_seeds_give_the_same_answers_with_one_slot(chain, prompts, tmp_path):
    gguf = str(chain.at("convert", "model-f16.gguf"))
    values = {"gguf": gguf, "prompts_file": str(prompts), "max_tokens": 24, "context": 256, "parallel": 1}
    values["temperature"] = 1.0

    for name in ("a", "b"):
        succeed("generate", tmp_path / name, **values)

    texts = [[row["text"] for row in answers(tmp_path / name)] for name in ("a", "b")]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 1
