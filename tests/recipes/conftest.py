"""A tiny base, a tiny snapshot and the whole chain on them, made once for all tests of the recipes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from training.adapters.process import StageOutcome, run_stage
from training.domain.run_folder import RunFolder

PROGRAMS = [
    'rem greet\nprint "hello"\nend\n',
    'rem loop\nfor i=1 to 10\n    print "row",i\nnext i\nend\n',
    'rem file\nopen (1)"city.dat"\nread record (1,end=done)a$\nprint a$\ndone:\nclose (1)\nend\n',
    'rem window\nsysgui! = BBjAPI().openSysGui("X0")\nwindow! = '
    'sysgui!.addWindow(10,10,300,200,"City")\nprocess_events\n',
    # Longer than one block of 128 tokens: nothing of it may be lost.
    "rem long\n"
    + "".join(f'let value{i}=value{i - 1}*{i}+7\nprint "value {i}",value{i}\n' for i in range(1, 30)),
]

ANSWERS = {
    "Print hello.": '```bbj\nprint "hello"\nend\n```',
    "Count to ten.": "```bbj\nfor i=1 to 10\n    print i\nnext i\nend\n```",
    "Read a line of city.dat.": '```bbj\nopen (1)"city.dat"\nread record (1)a$\nprint a$\nclose (1)\n```',
    "Explain: print 1": "It prints the number 1 on the console.",
}


def chat_row(question: str, answer: str) -> dict[str, Any]:
    return {
        "prompt": [
            {"role": "system", "content": "You write BBj."},
            {"role": "user", "content": question},
        ],
        "completion": [{"role": "assistant", "content": answer}],
    }


@pytest.fixture(scope="session", autouse=True)
def _as_a_stage() -> None:
    """Tests that compute in this process ask no hub, and take one thread: two that spin are slower."""
    os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive", HF_HUB_OFFLINE="1")


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshot")
    for split, programs in (("train", PROGRAMS), ("validation", PROGRAMS[:1])):
        (folder / "corpus" / split).mkdir(parents=True)
        for number, program in enumerate(programs):
            (folder / "corpus" / split / f"{number}.bbj").write_text(program)
    rows = [chat_row(*pair) for pair in ANSWERS.items()]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "validation.jsonl").write_text(json.dumps(rows[0]) + "\n")
    return folder


Run = Callable[..., dict[str, Any]]


def perform(module: str, folder: Path, **options: Any) -> StageOutcome:
    """Run a recipe as the studio does. `options` for run_stage start with "process_"."""
    own = {key: options.pop(key) for key in list(options) if key.startswith("process_")}
    run_folder = RunFolder(folder)
    run_folder.write_recipe(options)
    return run_stage(
        module, folder, poll_s=0.1, **{key.removeprefix("process_"): v for key, v in own.items()}
    )


def succeed(module: str, folder: Path, **options: Any) -> dict[str, Any]:
    outcome = perform(module, folder, **options)
    assert outcome.ok, f"{outcome.failure}\n{RunFolder(folder).log_tail()}"
    return outcome.result


@dataclass(frozen=True)
class Chain:
    """Folders and results of the stages, by name."""

    root: Path
    base: Path
    results: dict[str, dict[str, Any]]

    def at(self, *parts: str) -> Path:
        return self.root.joinpath(*parts)


LEARNING = {"batch_size": 2, "accumulate": 1, "log_steps": 1, "eval_steps": 3, "save_steps": 2}


def pretrain_values(base: Path, snapshot: Path) -> dict[str, Any]:
    return {
        **LEARNING,
        "base_model": str(base),
        "corpus_folder": str(snapshot / "corpus"),
        "lora_rank": 8,
        "lora_alpha": 16,
        "train_embeddings": True,
        "learning_rate": 3e-3,
        "max_steps": 8,
        "max_length": 128,
    }


def instruct_values(base: Path, snapshot: Path, adapter: Path) -> dict[str, Any]:
    return {
        **LEARNING,
        "base_model": str(base),
        "adapter": str(adapter),
        "train_file": str(snapshot / "train.jsonl"),
        "validation_file": str(snapshot / "validation.jsonl"),
        "learning_rate": 3e-3,
        "max_steps": 8,
        "max_length": 256,
    }


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, snapshot: Path) -> Path:
    root = tmp_path_factory.mktemp("base")
    values = {
        "corpus_folder": str(snapshot / "corpus"),
        "snapshot_folder": str(snapshot),
        "out": str(root / "models"),
    }
    result = succeed("tiny_base", root / "build", vocabulary=512, layers=1, context=512, **values)
    return Path(result["base_model"])


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory, snapshot: Path, base: Path) -> Chain:
    root = tmp_path_factory.mktemp("chain")
    results = {"pretrain": succeed("pretrain", root / "pretrain", **pretrain_values(base, snapshot))}
    values = instruct_values(base, snapshot, root / "pretrain" / "adapter")
    results["instruct"] = succeed("instruct", root / "instruct", **values)
    adapter = str(root / "instruct" / "adapter")
    results["merge"] = succeed("merge", root / "merge", base_model=str(base), adapter=adapter)
    results["convert"] = succeed("convert", root / "convert", model_folder=str(root / "merge" / "merged"))
    gguf = str(root / "convert" / "model-f16.gguf")
    results["quantise"] = succeed("quantise", root / "quantise", gguf=gguf, type="Q4_K_M")
    return Chain(root, base, results)
