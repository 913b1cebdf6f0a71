"""What every recipe does around its work: read recipe.json, report result.json, stop on SIGTERM, name
failures.

A recipe calls `main(Recipe, work)`. `work` gets the checked recipe and the stage's folder and returns what
result.json shall hold besides "ok". Whatever goes wrong becomes a failure code with a sentence
(training.domain.failure), and no *.part file stays behind.
"""

from __future__ import annotations

import ctypes
import dataclasses
import difflib
import errno
import os
import resource
import shutil
import signal
import sys
import time
import traceback
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from training.domain.failure import EXIT_TRY_AGAIN, Failure
from training.domain.run_folder import RunFolder
from training.recipes.unwatched import end_when_unwatched


class Dataclass(Protocol):
    __dataclass_fields__: typing.ClassVar[dict[str, Any]]


_BEGAN = time.monotonic()
PROGRAM_SUFFIXES = (".bbj", ".src", ".txt")
# How gloo and NCCL say that a process at the other end is gone.
LOST_A_PEER = ("gloo/transport", "remote process exited")
R = TypeVar("R", bound=Dataclass)
Work = Callable[[R, RunFolder], dict[str, Any]]


class Stop:
    """The wish to end, as SIGTERM expresses it.

    A stage that can save its work sets `at_once` to False and looks at `asked`; any other is interrupted
    where it is.
    """

    asked: bool = False
    at_once: bool = True

    @classmethod
    def on_signal(cls, _number: int, _frame: types.FrameType | None) -> None:
        cls.asked = True
        if cls.at_once:
            raise Failure("cancelled")

    @classmethod
    def wait_for_a_good_moment(cls) -> None:
        cls.at_once = False
        if cls.asked:
            raise Failure("cancelled")


def main(recipe_type: type[R], work: Work[R]) -> None:
    """Run `work` on the recipe.json named on the command line. Exits 0 when it succeeded, else 1."""
    folder = begin()
    folder.clear_result()
    result = attempt(recipe_type, work, folder)
    if not result["ok"]:
        remove_parts(folder.path)
    folder.write_result(result)
    sys.exit(0 if result["ok"] else 1)


def begin() -> RunFolder:
    """What every process of a recipe does first. Gives the folder of the recipe.json it was started with."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: python -m training.recipes.{Path(sys.argv[0]).stem} path/to/recipe.json")
    _die_with_the_supervisor()
    signal.signal(signal.SIGTERM, Stop.on_signal)
    folder = RunFolder(Path(sys.argv[1]).parent)
    end_when_unwatched(folder.watched_file)
    return folder


def attempt(recipe_type: type[R], work: Work[R], folder: RunFolder, *, who: str = "") -> dict[str, Any]:
    """Do the work, and give back what result.json shall say of it, whatever went wrong.

    Args:
        who: Put before a failure in the log.
    """
    started = time.monotonic()
    try:
        result = {"ok": True, "files": [], **work(_read(recipe_type, folder), folder)}
    except BaseException as error:
        failure = name_failure(error)
        print(f"{who}{failure}", file=sys.stderr)
        if failure.code == "bug" and failure is not error:
            traceback.print_exc()
        result = {"ok": False, **failure.as_dict()}
    # The work is over: what counts now is that the result is written.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    result["seconds"] = round(time.monotonic() - started, 2)
    result.setdefault("peak_memory_bytes", peak_memory_bytes())
    return result


def name_failure(error: BaseException) -> Failure:
    """The failure code for whatever a recipe raised."""
    text = str(error)
    if isinstance(error, Failure):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Failure("cancelled")
    if isinstance(error, ImportError):
        what = error.name or text
        return Failure(
            "config_invalid",
            f"{what} cannot be imported ({text}). Run python3 manage.py up: it installs what is missing.",
        )
    # safetensors and torch wrap the system's error in their own types; only the text is left of it.
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in text:
        return Failure("disk_full")
    if type(error).__name__ == "OutOfMemoryError" or "CUDA out of memory" in text:
        return Failure("gpu_oom")
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return Failure("host_oom")
    if any(sign in text for sign in LOST_A_PEER):
        return Failure(
            "process_killed", "Another process of this stage is gone, and no step is made without it."
        )
    return Failure("bug", f"{type(error).__name__}: {text.strip()[:500] or 'no message'}")


def fault_point(stage: str, point: str) -> None:
    """Break here when STAGE_FAULT=<stage>:<point>:<kind> says so: how the fault tests reach every corner.

    With :<rank> behind it, only that one of several processes breaks. The supervisor hands the variable over
    only on purpose (training.adapters.process takes it out otherwise).
    """
    wanted_stage, _, rest = os.environ.get("STAGE_FAULT", "").partition(":")
    wanted_point, _, rest = rest.partition(":")
    kind, _, rank = rest.partition(":")
    if (wanted_stage, wanted_point) != (stage, point) or rank not in ("", os.environ.get("RANK")):
        return
    print(f"fault: {kind} at {stage}:{point}", flush=True)
    match kind:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "oom":
            raise MemoryError("asked for by STAGE_FAULT")
        case "enospc":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        case "hang":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(3600)
        case "exit75":
            os._exit(EXIT_TRY_AGAIN)
        case "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        case _:
            raise Failure(
                "config_invalid",
                f'STAGE_FAULT: "{kind}" is not one of kill, oom, enospc, hang, exit75, stop.',
            )


def program_files(folder: Path) -> list[Path]:
    """Every raw BBj program below `folder`, in path order."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in PROGRAM_SUFFIXES)


def existing_folder(text: str, name: str, code: str = "config_invalid") -> Path:
    """The folder a recipe names; a Failure with this code when it is not there."""
    path = Path(text)
    if not text or not path.is_dir():
        raise Failure(code, f'{name}: there is no folder "{text}".')
    return path


def existing_file(text: str, name: str, code: str = "config_invalid") -> Path:
    path = Path(text)
    if not text or not path.is_file():
        raise Failure(code, f'{name}: there is no file "{text}".')
    return path


def peak_memory_bytes() -> int:
    """The most memory this process ever held in RAM."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB


def since_start_s() -> float:
    """How long this process has been at work, but for the tenth of a second that Python takes to begin."""
    return time.monotonic() - _BEGAN


def _read(recipe_type: type[R], folder: RunFolder) -> R:
    try:
        values = folder.recipe()
    except (OSError, ValueError) as error:
        raise Failure("config_invalid", f"{folder.recipe_file}: {error}") from error
    kinds = typing.get_type_hints(recipe_type)
    wrong = []
    for name, value in values.items():
        if name not in kinds:
            close = difflib.get_close_matches(name, kinds, n=1)
            wrong.append(f"{name}: unknown{f', did you mean {close[0]}?' if close else ''}")
        elif not _fits(value, kinds[name]):
            wrong.append(f"{name}={value!r}: write a {getattr(kinds[name], '__name__', kinds[name])}")
    for field in dataclasses.fields(recipe_type):
        if field.default is dataclasses.MISSING and field.name not in values:
            wrong.append(f"{field.name}: missing")
    if wrong:
        raise Failure("config_invalid", f"{folder.recipe_file}: {'; '.join(wrong)}.")
    return recipe_type(**values)


def _fits(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def remove_parts(folder: Path) -> None:
    for part in folder.glob("*.part"):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _die_with_the_supervisor() -> None:
    """Ask Linux to kill this process when the supervisor dies (kill -9): no orphan keeps the GPU."""
    supervisor = os.environ.get("STAGE_PARENT", "")
    if sys.platform != "linux" or not supervisor.isdecimal():
        return
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(supervisor):  # it died before the call above
        os._exit(1)
