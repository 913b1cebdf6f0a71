"""Why a stage failed: one code per cause, each with a sentence that says what to do next.

A recipe that fails on its own writes the code into result.json. When the process was killed or crashed before
that, `classify` derives the code from the exit code and the end of the log.
"""

from __future__ import annotations

import re

FAILURES: dict[str, str] = {
    "gpu_missing": "No usable GPU was found. Start the run on a machine with a CUDA GPU, or take the "
    "rehearsal recipe.",
    "gpu_busy": "The GPU is used by another process. Wait until it ends, or stop it, then start the run "
    "again.",
    "gpu_oom": "The GPU ran out of memory. Lower batch_size or max_length (raise accumulate by the same "
    "factor).",
    "host_oom": "The machine ran out of memory. Close other programs or take a smaller base model.",
    "disk_full": "The disk is full. Free some space on the volume of STUDIO_VAR, then start the run again.",
    "data_invalid": "The training data cannot be used. Mend the named rows, freeze a new snapshot and start "
    "again.",
    "config_invalid": "The recipe or the installation is wrong. Mend what the message names, then start "
    "again.",
    "base_model_missing": "The base model is not there. Put its folder below STUDIO_BASE_MODELS, then start "
    "again.",
    "base_model_mismatch": "The base model is not the one the recipe names. Put the right revision in its "
    "folder.",
    "timeout": "The stage took longer than its time limit. Raise the limit or lower the number of steps.",
    "process_killed": "The stage's process was killed from outside. It is tried once more; look at the "
    "machine's log.",
    "lost": "The worker stopped answering. The run is tried again after a delay.",
    "sandbox_unavailable": "The sandbox does not work here, so nothing was executed. Install bubblewrap and "
    "try again.",
    "compiler_unavailable": "bbjcpl did not answer. Set STUDIO_BBJCPL to a working compiler and evaluate "
    "again.",
    "conversion_failed": "The GGUF file could not be made or differs from the model. Keep the log and "
    "report it.",
    "cancelled": "A person stopped the run. Its last checkpoint is kept; start the run again to go on from "
    "there.",
    "bug": "The studio itself failed. Keep the log and report it; starting again will most likely fail "
    "again.",
}


class Failure(Exception):
    """A stage failed for a known reason.

    Args:
        code: One of FAILURES.
        message: One sentence that names place, value and way out. Empty takes the code's own sentence.
    """

    def __init__(self, code: str, message: str = "") -> None:
        if code not in FAILURES:
            raise ValueError(f'failure code "{code}" is not one of {", ".join(FAILURES)}')
        self.code = code
        self.message = message or FAILURES[code]
        super().__init__(f"{code}: {self.message}")

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


# The first pattern that occurs in the log's end decides; the more certain ones stand first.
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("disk_full", re.compile(r"No space left on device|os error 28|Disk quota exceeded")),
    ("gpu_oom", re.compile(r"CUDA out of memory|CUDA error: out of memory|torch\.(cuda\.)?OutOfMemoryError")),
    ("gpu_busy", re.compile(r"all CUDA-capable devices are busy|CUDA-capable device\(s\) is/are busy")),
    ("gpu_missing", re.compile(r"no CUDA-capable device|Found no NVIDIA driver|No CUDA GPUs are available")),
    ("host_oom", re.compile(r"\bMemoryError\b|Cannot allocate memory|DefaultCPUAllocator: can't allocate")),
    ("config_invalid", re.compile(r"\b(ModuleNotFoundError|ImportError)\b")),
)

EXIT_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
_SIGKILL, _SIGTERM = 9, 15


def classify(exit_code: int, log_tail: str) -> Failure:
    """Name the cause when a stage ended without a result.json.

    Args:
        exit_code: As subprocess reports it: negative is the signal that ended the process.
        log_tail: The last lines of log.txt.
    """
    for code, sign in _SIGNS:
        if found := sign.search(log_tail):
            line = next(line for line in log_tail.splitlines() if found.group(0) in line).strip()
            return Failure(code, f"{FAILURES[code]} (log: {line[:200]})")
    if exit_code == EXIT_TRY_AGAIN:
        return Failure("lost", "The stage asked to be tried again (exit code 75).")
    # A shell reports signal N as 128 + N.
    signal_number = -exit_code if exit_code < 0 else exit_code - 128
    if signal_number == _SIGKILL:
        return Failure("process_killed")
    if signal_number == _SIGTERM:
        return Failure("process_killed", "The stage's process got SIGTERM and ended before it could save.")
    last = next(
        (line.strip() for line in reversed(log_tail.splitlines()) if line.strip()), "the log is empty"
    )
    return Failure(
        "bug", f"The stage ended with exit code {exit_code} and no result. Last log line: {last[:200]}"
    )
