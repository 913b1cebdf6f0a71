"""What both training stages share: the choice of backend, checkpoints, metrics, a clean stop, saving."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from training.domain.failure import Failure
from training.domain.recipe import BACKENDS, too_many_processes
from training.domain.run_folder import RunFolder, mark_complete, newest_checkpoint, values_digest
from training.recipes import probing, ranks
from training.recipes.frame import Stop, existing_file, existing_folder, fault_point

END_OF_TEXT, END_OF_TURN, PADDING = "<|endoftext|>", "<|im_end|>", "<|fim_pad|>"

LINEAR_LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True, kw_only=True)
class LearningRecipe:
    """Values both stages have. Ranges and reasons: training.domain.recipe.FIELDS."""

    base_model: str  # a folder, or owner/name of a model in the local hub cache
    base_revision: str = ""  # 40 hexadecimal digits; needed with owner/name
    learning_rate: float
    epochs: float = 1.0
    max_steps: int = 0  # 0: epochs decides
    batch_size: int = 4  # sequences per device step
    accumulate: int = 8  # 4 x 8 = 32 sequences per optimizer step
    processes: int = 1  # one a GPU; each takes batch_size sequences of a device step
    max_length: int  # tokens
    warmup_ratio: float = 0.03
    weight_decay: float = 0.0
    log_steps: int = 10
    eval_steps: int = 50
    save_steps: int = 50
    nf4: bool = False
    backend: str = "plain"
    seed: int = 13
    probe_steps: int = 0  # more than 0: time so many steps (training.recipes.probing) and leave no model
    inputs: str = (
        ""  # digest of all that the paths lead to: with it a checkpoint counts in another folder too
    )

    def __post_init__(self) -> None:
        if why := too_many_processes(self.backend, self.processes):
            raise Failure("config_invalid", f"{why}.")


class Backend(Protocol):
    """How a base becomes a model with a trainable adapter: the modules backend_plain and backend_unsloth.

    Both give back a PeftModel of which only the adapter (and modules_to_save) is trained. They get the same
    token rows and write the same files, so stages of different backends follow each other.
    """

    def new_adapter(self, recipe: LearningRecipe, lora: dict[str, Any]) -> Any:
        """The base with a fresh adapter.

        Args:
            lora: peft.LoraConfig's r, lora_alpha, lora_dropout, bias, target_modules, modules_to_save.
        """

    def continued_adapter(self, recipe: LearningRecipe, adapter: Path) -> Any:
        """The base with the adapter that an earlier stage saved, to be trained further."""


def load_backend(name: str) -> Backend:
    """Import a backend. Call it before anything imports trl, peft or transformers: Unsloth patches them.

    Raises:
        Failure: config_invalid: there is no such backend, or Unsloth is not installed.
    """
    if name == "plain":
        from training.recipes import backend_plain

        return backend_plain
    if name not in BACKENDS:
        raise Failure("config_invalid", f'backend="{name}" is not one of {", ".join(BACKENDS)}.')
    from training.recipes import backend_unsloth

    try:
        import unsloth  # noqa: F401
    except ModuleNotFoundError as error:
        raise Failure(
            "config_invalid",
            f"backend=unsloth: {error.name} is not installed here. Install the optional list with "
            "pip install --no-deps --require-hashes -r studio/requirements/gpu.txt, or write backend=plain.",
        ) from error
    return backend_unsloth


def load_tokenizer(base_model: str, revision: str = "") -> Any:
    """The base's tokenizer, padding with a token that is never learnt as an end.

    Raises:
        Failure: base_model_missing; config_invalid when the tokenizer lacks ChatML's tokens.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base_folder(base_model, revision))
    vocabulary = tokenizer.get_vocab()
    for token in (END_OF_TEXT, "<|im_start|>", END_OF_TURN, PADDING):
        if token not in vocabulary:
            raise Failure(
                "config_invalid", f"{base_model}: its tokenizer lacks {token}. Take a Qwen2.5-Coder model."
            )
    # Padding is masked out of the loss: were it the end token, the model would never learn to stop.
    tokenizer.pad_token = PADDING
    return tokenizer


def trainer_options(recipe: LearningRecipe, folder: RunFolder, *, evaluate: bool) -> dict[str, Any]:
    """SFTConfig values that do not differ between the stages."""
    import torch

    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(folder.checkpoints),
        "num_train_epochs": recipe.epochs,
        "max_steps": recipe.max_steps or -1,
        "per_device_train_batch_size": recipe.batch_size,
        "per_device_eval_batch_size": recipe.batch_size,
        "gradient_accumulation_steps": recipe.accumulate,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": recipe.warmup_ratio,  # below 1, transformers 5 reads it as a share of all steps
        "weight_decay": recipe.weight_decay,
        "max_length": recipe.max_length,
        "logging_steps": recipe.log_steps,
        "logging_nan_inf_filter": False,  # a NaN loss must be seen, not smoothed away
        "eval_strategy": "steps" if evaluate else "no",
        "eval_steps": recipe.eval_steps,
        "save_strategy": "steps",
        "save_steps": recipe.save_steps,
        "save_total_limit": 2,
        "report_to": [],
        # Counted by the trainer itself, so that it is there with either backend and goes on after a resume.
        "include_num_input_tokens_seen": "non_padding",
        "bf16": cuda,
        "fp16": False,
        "gradient_checkpointing": cuda,
        "use_cpu": not cuda,
        "optim": "adamw_torch",
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "dataloader_num_workers": 0,
        "disable_tqdm": True,
        # Each step uses every weight of the adapter, and looking for unused ones takes time.
        "ddp_find_unused_parameters": False,
    }


def run_trainer(trainer: Any, stage: str, folder: RunFolder) -> dict[str, Any]:
    """Train, from the newest whole checkpoint if there is one, and save the adapter into <folder>/adapter.

    Returns what result.json holds of the training.

    Raises:
        Failure: cancelled, after a checkpoint was saved.
    """
    from transformers import PrinterCallback

    if trainer.accelerator.num_processes != ranks.count():
        raise Failure(
            "bug", f"The trainer knows of {trainer.accelerator.num_processes} processes of {ranks.count()}."
        )
    if steps := folder.recipe().get("probe_steps"):
        return _probe(trainer, stage, folder, steps)
    inputs = folder.recipe().get("inputs") or values_digest(folder.recipe())
    checkpoint = ranks.from_first(lambda: newest_checkpoint(folder.checkpoints, inputs=inputs))
    trainer.remove_callback(PrinterCallback)  # our own line says the same, shorter
    reporter = _callback(stage, folder, inputs)
    trainer.add_callback(reporter)
    Stop.wait_for_a_good_moment()
    fault_point(stage, "start")
    if checkpoint and ranks.is_first():
        print(f"going on from {checkpoint.name}", flush=True)
    outcome = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    Stop.at_once = True
    if Stop.asked:
        raise Failure("cancelled", f"Stopped at step {trainer.state.global_step}. Its checkpoint is kept.")
    result = {
        **_peak_gpu_memory(),
        "pace": reporter.pace(),
        "processes": ranks.count(),
        "steps": trainer.state.global_step,
        "kept_early": trainer.state.global_step < trainer.state.max_steps,
        "loss": round(outcome.training_loss, 4),
        "resumed_from": checkpoint.name if checkpoint else "",
        "trained_parameters": sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
    }
    if trainer.eval_dataset is not None:
        last = trainer.state.log_history[-2:]  # the last step may have been evaluated already
        seen = [p["eval_loss"] for p in last if "eval_loss" in p and p["step"] == trainer.state.global_step]
        result["eval_loss"] = round(seen[-1] if seen else trainer.evaluate()["eval_loss"], 4)
    fault_point(stage, "save")
    if ranks.is_first():
        save_model_folder(trainer.model, trainer.processing_class, folder.path / "adapter")
        # They were only a way to the adapter.
        shutil.rmtree(folder.checkpoints, ignore_errors=True)
    return {"files": ["adapter"], **result}


def _probe(trainer: Any, stage: str, folder: RunFolder, steps: int) -> dict[str, Any]:
    """Time some steps. The adapter is left for the probe of the next stage; whoever asked removes both."""
    timed = probing.time_steps(trainer, stage, folder, steps=steps)
    if ranks.is_first():
        save_model_folder(trainer.model, trainer.processing_class, folder.path / "adapter")
    return {"files": ["adapter"], **timed}


def _peak_gpu_memory() -> dict[str, int]:
    """The most bytes torch ever held of one GPU; nothing without one. The driver's own part is not in it."""
    import torch

    if not torch.cuda.is_available():
        return {}
    return {"peak_gpu_memory_bytes": ranks.largest(torch.cuda.max_memory_reserved())}


def save_model_folder(model: Any, tokenizer: Any, target: Path) -> None:
    """Save weights and tokenizer into a folder that appears whole or not at all."""
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(str(part))
    tokenizer.save_pretrained(str(part))
    # peft writes the base's absolute path into its README and config: a machine's path has no place in an
    # artifact, and equal trainings shall give equal digests. The studio's model card takes the README's
    # place.
    (part / "README.md").unlink(missing_ok=True)
    if (config := part / "adapter_config.json").is_file():
        values = json.loads(config.read_text(encoding="utf-8"))
        values["base_model_name_or_path"] = Path(values["base_model_name_or_path"] or "").name
        for name, value in values.items():  # peft writes its sets in another order each time
            if isinstance(value, list) and all(isinstance(one, str) for one in value):
                values[name] = sorted(value)
        config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


def _callback(stage: str, folder: RunFolder, inputs: str) -> Any:
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        """Writes the metrics, completes checkpoints, and ends the training when SIGTERM came."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._tokens_before = state.num_input_tokens_seen  # not 0 when a run is resumed
            self._at = time.monotonic()
            self._marks: list[tuple[float, float]] = []  # Unix time and CPU seconds: first step, newest step
            self._steps = 0  # of this process; a resumed run has more

        def pace(self) -> dict[str, float]:
            """When this process had done its first step, and its steps a second from there on, with all that
            steps bring along (evaluations, checkpoints)."""
            if not self._marks:
                return {}
            (first_at, first_cpu), (last_at, last_cpu) = self._marks
            told = {"first_step_at": round(first_at, 3), "first_step_cpu_s": round(first_cpu, 3)}
            if steps := self._steps - 1:
                told["steps_per_s"] = round(steps / max(last_at - first_at, 1e-6), 4)
                told["steps_per_cpu_s"] = round(steps / max(last_cpu - first_cpu, 1e-6), 4)
            return told

        def on_log(
            self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any
        ) -> None:
            logs = logs or {}
            if "train_loss" in logs or not state.is_world_process_zero:
                return  # the summary at the end repeats what the steps said
            point: dict[str, Any] = {"stage": stage, "step": state.global_step, "of": state.max_steps}
            for name in ("loss", "eval_loss", "learning_rate", "grad_norm"):
                if name in logs:
                    point[name] = logs[name]
            if "loss" in logs:
                now, tokens = time.monotonic(), state.num_input_tokens_seen
                point["tokens_per_s"] = round((tokens - self._tokens_before) / max(now - self._at, 1e-6), 1)
                self._tokens_before, self._at = tokens, now
            point["at"] = datetime.now(UTC).isoformat(timespec="seconds")
            folder.append_metrics(point)
            print(" ".join(f"{name}={value}" for name, value in point.items()), flush=True)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            now = (time.time(), time.process_time())
            self._marks = [self._marks[0] if self._marks else now, now]
            self._steps += 1
            fault_point(stage, f"step{state.global_step}")
            stop, keep = ranks.agree(Stop.asked, folder.keep_file.exists())
            if stop:
                Stop.asked = True
                control.should_save = True
                control.should_training_stop = True
            elif keep:
                control.should_training_stop = True

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            ranks.wait_for_all()  # each one has put its random state into the checkpoint
            if state.is_world_process_zero:
                fault_point(stage, "checkpoint")
                mark_complete(folder.checkpoints / f"checkpoint-{state.global_step}", inputs=inputs)

    return Reporter()


def base_folder(base_model: str, revision: str = "") -> str:
    """The folder of a base model: as named, or the pinned revision of owner/name in the local hub cache.

    Nothing is ever downloaded here: which weights a machine holds is a person's decision.

    Raises:
        Failure: base_model_missing, config_invalid (owner/name without a revision).
    """
    path = Path(base_model)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise Failure(
                "base_model_missing", f"base_model: {base_model} holds no config.json, so it is no model."
            )
        return base_model
    if path.is_absolute() or base_model.count("/") != 1:
        raise Failure("base_model_missing", f'base_model: there is no folder "{base_model}".')
    if not revision:
        raise Failure(
            "base_model_missing",
            f"{base_model} is not below STUDIO_BASE_MODELS. Put its folder there, or name base.revision, "
            "the full "
            "commit of a copy in the local hub cache.",
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return str(snapshot_download(base_model, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise Failure(
            "base_model_missing",
            f"{base_model} at {revision} is not in the local hub cache. Fetch it with "
            f"hf download {base_model} --revision {revision}, then start again.",
        ) from error


def adapter_folder(adapter: str) -> Path:
    """The folder of a trained adapter; a Failure config_invalid when there is none."""
    folder = existing_folder(adapter, "adapter")
    existing_file(str(folder / "adapter_config.json"), "adapter")
    return folder
