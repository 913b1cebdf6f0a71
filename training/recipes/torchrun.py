"""A stage in several processes of one machine, one a GPU: torchrun starts them, DDP averages their gradients.

A recipe with `processes` above 1 becomes torchrun's agent and starts itself that often. Each of these, a
rank, does the whole work on its share of every batch, and only the first one writes files. The agent ends
after all of them, so it is the one that writes result.json.

torchrun can be started by hand too; the number of processes must then be the recipe's:

    python -m torch.distributed.run --standalone --nproc-per-node 2 -m training.recipes.pretrain recipe.json

Nothing here listens to the network: the ranks meet in a file and talk over the loopback interface. (A
torchrun that is started by hand opens a port.)
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any, NoReturn, Protocol, TypeVar

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes import frame, ranks


class SharedRecipe(frame.Dataclass, Protocol):
    @property
    def processes(self) -> int: ...


R = TypeVar("R", bound=SharedRecipe)

_LONGEST_STEP_S = 3600  # when all are asked to end; where one has failed, torchrun waits 30 s for the others


def main(recipe_type: type[R], work: frame.Work[R]) -> None:
    """frame.main for a recipe whose `processes` says how many share the work."""
    if "RANK" in os.environ:
        _be_a_rank(recipe_type, work)

    def alone_or_not(recipe: R, folder: RunFolder) -> dict[str, Any]:
        if recipe.processes > 1:
            return _start_ranks(recipe.processes, folder)
        see_one_gpu()
        return work(recipe, folder)

    frame.main(recipe_type, alone_or_not)


def _be_a_rank(recipe_type: type[R], work: frame.Work[R]) -> NoReturn:
    def share(recipe: R, folder: RunFolder) -> dict[str, Any]:
        ranks.join(recipe.processes)
        result = work(recipe, folder)
        # Here the others wait for the first one, which saves.
        return {**result, "peak_memory_bytes": ranks.total(frame.peak_memory_bytes())}

    folder = frame.begin()
    by_hand = ranks.MEETING not in os.environ
    if by_hand and ranks.is_first():
        folder.clear_result()
    result = frame.attempt(recipe_type, share, folder, who=f"process {os.environ['RANK']}: ")
    if ranks.is_first() or not result["ok"]:
        folder.write_first_result(result)
    if result["ok"]:
        ranks.leave()
        sys.exit(0)
    sys.stderr.flush()
    os._exit(1)  # threads of a group that has failed would abort an exit in good order


def see_one_gpu() -> None:
    """One process would share its batches among all the GPUs that it sees."""
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]


def _start_ranks(processes: int, folder: RunFolder) -> dict[str, Any]:
    """Start this program `processes` times by torchrun, wait for all of them, and say how it went.

    The rank that fails first writes why. The others fail since that one is gone, and find its word there.

    Raises:
        Failure: what the first one wrote, or cancelled.
    """
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # Each rank has a session of its own, and must not outlive this process.
    os.environ["STAGE_PARENT"] = str(os.getpid())
    # torchrun's usual store listens on every interface, so it gets files, and the ranks too.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    program = sys.modules["__main__"].__spec__
    assert program is not None, "started with -m"
    stopped, exit_code = False, 0
    # Not in the run's folder, which may lie in a network folder: these files are locked again and again.
    with tempfile.TemporaryDirectory(prefix="stage-ranks-") as meeting:
        os.environ[ranks.MEETING] = f"{meeting}/ranks"
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            max_restarts=0,
            run_id="stage",
            rdzv_backend="c10d",
            rdzv_endpoint=f"{meeting}/agent",
            rdzv_configs={"store_type": "file"},
            local_addr="localhost",
            signals_to_handle="SIGTERM,SIGINT",
            shutdown_timeout=_LONGEST_STEP_S,
        )
        try:
            elastic_launch(config, sys.executable)("-m", program.name, str(folder.recipe_file))
        except SignalException:
            stopped = True
        except ChildFailedError as error:
            exit_code = first_exit_code(error.failures.values())
    result = folder.result() or {}
    if result.get("ok"):
        return result
    code, message = str(result.get("code", "")), str(result.get("message", ""))
    if stopped:
        raise Failure("cancelled", message if code == "cancelled" else "")
    # Of itself no rank says that: another one died without a word.
    if code in ("", "cancelled", "process_killed"):
        _end_like_it(exit_code, folder)
    raise Failure(code, message)


def first_exit_code(failures: Any) -> int:
    """The exit code of the rank that took the others with it.

    Of two that ended in the same second, the one that could not say why: who can say it exits with 1.
    """
    ended = ((failure.timestamp, failure.exitcode == 1, failure.exitcode) for failure in failures)
    return int(min(ended)[2])


def _end_like_it(exit_code: int, folder: RunFolder) -> NoReturn:
    """Leave no result, as the rank did: who reads exit code and log finds out why."""
    folder.clear_result()
    frame.remove_parts(folder.path)
    sys.stdout.flush()
    os._exit(128 - exit_code if exit_code < 0 else exit_code)
