"""The first real GPU run: both training stages on a random base of a real shape, with either backend.

    python -m tests.gpu.benchmark OUT --shape 7b        results.json and logs in OUT; docs/benchmarks-gpu.md
    python -m tests.gpu.benchmark OUT --shape tiny      the same on a CPU, to try the program itself

Each run is a process of its own, started as the studio starts a stage. results.json is written after every
run, so that a machine that goes away early takes only what had not been measured.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median
from typing import Any

from tests.gpu.random_base import SHAPES
from training.adapters.process import run_stage
from training.domain.run_folder import RunFolder
from training.domain.vram import ModelShape, estimate

WARM_UP = 15  # steps at the start that compile, fill caches and are left out of the rates
RANK, BATCH = 32, 4
RUNS = ["pretrain:plain", "pretrain:unsloth", "pretrain:bare", "instruct:plain", "instruct:unsloth"]
PACKAGES = ("torch", "triton", "transformers", "trl", "peft", "bitsandbytes", "unsloth", "xformers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", choices=sorted(SHAPES), required=True)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--length", type=int, default=2048, help="tokens of a sequence")
    parser.add_argument("--runs", nargs="+", default=RUNS, help="STAGE:BACKEND, in this order")
    parser.add_argument(
        "--gguf", action="store_true", help="then merge, convert and quantise the last adapter"
    )
    options = parser.parse_args()
    if options.steps <= WARM_UP:
        parser.error(f"--steps {options.steps}: the first {WARM_UP} are not counted, write more")
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(options, Path(work))
        bench.prepare()
        for name in options.runs:
            stage, _, backend = name.partition(":")
            bench.run_bare() if backend == "bare" else bench.run(stage, backend)
        if options.gguf:
            bench.make_gguf()
        print(bench.table())


class Bench:
    """One base and its data in `work`, and the runs on them; results and logs go to `options.out`."""

    def __init__(self, options: argparse.Namespace, work: Path) -> None:
        self.options, self.work = options, work
        self.results: dict[str, Any] = {"machine": machine(), "shape": options.shape, "runs": []}

    def prepare(self) -> None:
        """The random base, the corpus and the chat rows."""
        from tests.gpu import texts

        started = time.monotonic()
        tiny = succeed(
            "tiny_base",
            self.work / "tiny",
            {"corpus_folder": str(texts.CORPUS), "out": str(self.work / "tiny")},
        )
        tokenizer_folder = Path(tiny["base_model"])
        # In a process of its own: the weights must be gone from the GPU before a stage starts.
        arguments = [self.options.shape, str(tokenizer_folder), str(self.base)]
        subprocess.run([sys.executable, "-m", "tests.gpu.random_base", *arguments], check=True)

        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json"))
        tokens = self.options.steps * BATCH * self.options.length
        texts.write_corpus(tokenizer, self.work / "corpus", least_tokens=tokens + tokens // 10)
        texts.write_rows(
            tokenizer,
            self.work / "train.jsonl",
            rows=self.options.steps * BATCH,
            tokens=self.options.length - 100,
        )
        self.results["prepared_s"] = round(time.monotonic() - started, 1)
        self.save()

    @property
    def base(self) -> Path:
        return self.work / "base"

    def values(self, stage: str, backend: str) -> dict[str, Any]:
        values = {
            "base_model": str(self.base),
            "backend": backend,
            "nf4": True,
            "max_steps": self.options.steps,
            "batch_size": BATCH,
            "accumulate": 1,
            "max_length": self.options.length,
            "log_steps": 10,
            "save_steps": self.options.steps,
        }
        if stage == "pretrain":
            own = {"corpus_folder": str(self.work / "corpus"), "lora_rank": RANK, "lora_alpha": 2 * RANK}
            return {**values, **own, "learning_rate": 5e-5}
        own = {"adapter": str(self.newest_adapter("pretrain")), "train_file": str(self.work / "train.jsonl")}
        return {**values, **own, "learning_rate": 2e-4}

    def newest_adapter(self, stage: str) -> Path:
        """Whichever backend trained it: either can go on with the other's."""
        return max(self.work.glob(f"*/{stage}/adapter"), key=lambda folder: folder.stat().st_mtime)

    def folder(self, stage: str, backend: str) -> Path:
        return self.work / backend / stage

    def run(self, stage: str, backend: str) -> None:
        folder = self.folder(stage, backend)
        run_folder = RunFolder(folder)
        run_folder.write_recipe(self.values(stage, backend))
        started = time.time()
        outcome = run_stage("tests.gpu.measured", folder)
        self.keep_log(stage, backend, run_folder.log_file)
        facts = {"stage": stage, "backend": backend, "seconds": round(outcome.duration_s, 1)}
        if not outcome.ok:
            self.add({**facts, "failure": str(outcome.failure)})
            return
        timing = json.loads((folder / "timing.json").read_text(encoding="utf-8"))
        shape = ModelShape.from_config(json.loads((self.base / "config.json").read_text(encoding="utf-8")))
        need = estimate(
            shape, backend=backend, nf4=True, rank=RANK, batch_size=BATCH, max_length=self.options.length
        )
        self.add(
            {
                **facts,
                **rates(timing, started),
                "estimated_bytes": need.total,
                "loss": outcome.result["loss"],
                "trained_parameters": outcome.result["trained_parameters"],
            }
        )

    def run_bare(self) -> None:
        """Stage 1 of the plain backend again, by a script of its own and without a supervisor."""
        timing_file = self.work / "bare.json"
        recipe_file = RunFolder(self.folder("pretrain", "plain")).recipe_file
        command = [sys.executable, "-m", "tests.gpu.bare", str(recipe_file), str(timing_file)]
        quiet = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        quiet["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"  # as the plain backend has it
        log_file = self.work / "bare.txt"
        started = time.time()
        with log_file.open("wb") as log:
            code = subprocess.call(command, stdout=log, stderr=subprocess.STDOUT, env={**quiet, **os.environ})
        self.keep_log("pretrain", "bare", log_file)
        facts = {"stage": "pretrain", "backend": "bare", "seconds": round(time.time() - started, 1)}
        if code:
            self.add({**facts, "failure": f"exit code {code}"})
            return
        self.add({**facts, **rates(json.loads(timing_file.read_text(encoding="utf-8")), started)})

    def make_gguf(self) -> None:
        """Merge → F16 → Q4_K_M of the adapter that was trained last, each by the studio's own recipe."""
        chain = self.work / "gguf"
        stages: dict[str, dict[str, Any]] = {
            "merge": {"base_model": str(self.base), "adapter": str(self.newest_adapter("instruct"))},
            "convert": {"model_folder": str(chain / "merge" / "merged")},
            "quantise": {"gguf": str(chain / "convert" / "model-f16.gguf"), "threads": os.cpu_count()},
        }
        for stage, values in stages.items():
            result = succeed(stage, chain / stage, values)
            self.results[stage] = {k: v for k, v in result.items() if k not in ("ok", "files")}
            print(stage, self.results[stage], flush=True)
            self.save()

    def keep_log(self, stage: str, backend: str, log_file: Path) -> None:
        with (self.options.out / f"log-{self.options.shape}.txt").open("a", encoding="utf-8") as log:
            log.write(f"\n===== {backend} {stage}\n{log_file.read_text(encoding='utf-8', errors='replace')}")

    def add(self, values: dict[str, Any]) -> None:
        self.results["runs"].append(values)
        print(json.dumps({key: value for key, value in values.items() if key != "step_s"}), flush=True)
        self.save()

    def save(self) -> None:
        text = json.dumps(self.results, indent=1)
        (self.options.out / f"results-{self.options.shape}.json").write_text(text + "\n", encoding="utf-8")

    def table(self) -> str:
        lines = [f"{self.options.shape} on {self.results['machine']['gpu']}"]
        for run in self.results["runs"]:
            if "failure" in run:
                lines.append(f"{run['backend']:8} {run['stage']:9} failed: {run['failure']}")
                continue
            memory = run.get("device_used_bytes", 0) / 1e9
            lines.append(
                f"{run['backend']:8} {run['stage']:9} {run['tokens_per_s']:9.0f} tokens/s  "
                f"{run['median_step_s']:7.3f} s a step  first after {run['to_first_step_s']:6.1f} s  "
                f"GPU {memory:6.2f} GB, estimated {run.get('estimated_bytes', 0) / 1e9:6.2f}"
            )
        return "\n".join(lines)


def rates(timing: dict[str, Any], started: float) -> dict[str, Any]:
    """The figures of one run. `started` is the Unix time at which its process was started."""
    memory = {name: value for name, value in timing.items() if name.endswith("_bytes")}
    steps, model, tokens = (timing[name][WARM_UP:] for name in ("step_s", "model_s", "tokens"))
    outside = [1 - inside / whole for inside, whole in zip(model, steps, strict=True)] if model else []
    return {
        "to_first_step_s": round(timing["first_step_at"] - started, 2),
        "first_step_s": round(timing["step_s"][0], 3),
        "median_step_s": round(median(steps), 4),
        "tokens_per_s": round(mean(tokens) / median(steps), 1),
        "share_outside_model": round(median(outside), 4) if outside else None,
        **memory,
        "step_s": [round(seconds, 4) for seconds in timing["step_s"]],
    }


def machine() -> dict[str, Any]:
    import torch

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none, this is a CPU"
    return {"gpu": gpu, "python": platform.python_version(), **versions}


def succeed(module: str, folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    RunFolder(folder).write_recipe(values)
    outcome = run_stage(module, folder)
    if not outcome.ok:
        sys.exit(f"{module}: {outcome.failure}\n{RunFolder(folder).log_tail()}")
    return outcome.result


if __name__ == "__main__":
    main()
