"""What the processes of one training do together. Alone, a process agrees with itself, and is the first one.

torchrun (training.recipes.torchrun) numbers them in RANK, WORLD_SIZE and LOCAL_RANK.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from training.domain.failure import Failure

T = TypeVar("T")

MEETING = (
    "STAGE_RANKS"  # the variable that names the file in which they meet; torchrun by hand has a port for it
)
PATIENCE = timedelta(hours=1)  # with one that the others wait for while it prepares data or saves


def join(processes: int) -> None:
    """Meet the other processes.

    Raises:
        Failure: config_invalid: torchrun started another number than the recipe's; gpu_missing: more than
            there are GPUs.
    """
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    here = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    if world != processes:
        raise Failure(
            "config_invalid",
            f"processes={processes}, but torchrun started {world}. Write processes={world}, or start it with "
            f"--nproc-per-node {processes}.",
        )
    import torch
    from torch import distributed

    cuda = torch.cuda.is_available()
    if not cuda:
        os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"  # else it says cpu:0, where torch loads no checkpoint
    elif torch.cuda.device_count() < here:
        raise Failure(
            "gpu_missing",
            f"processes={processes}, one a GPU, and there are {torch.cuda.device_count()}. Lower processes "
            "and raise accumulate by the same factor.",
        )
    else:
        torch.cuda.set_device(local_rank())
    if rank:
        os.environ["TRANSFORMERS_VERBOSITY"] = "error"  # the first one says it already
    if here == world:
        for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
            os.environ.setdefault(name, "lo0" if sys.platform == "darwin" else "lo")
    file = os.environ.get(MEETING)
    distributed.init_process_group(
        # Gloo also where there are GPUs: what is agreed on in each step must not wait for theirs.
        "cpu:gloo,cuda:nccl" if cuda else "gloo",
        store=distributed.FileStore(file, world) if file else None,
        rank=rank if file else -1,
        world_size=world if file else -1,
        timeout=PATIENCE,
    )


def leave() -> None:
    from torch import distributed

    distributed.destroy_process_group()


def local_rank() -> int:
    """The number of this process on its machine, and of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def is_first() -> bool:
    """Whether this is the process that writes files."""
    return os.environ.get("RANK", "0") == "0"


def count() -> int:
    """How many they are."""
    if not _several():
        return 1
    from torch import distributed

    return int(distributed.get_world_size())


def agree(*flags: bool) -> tuple[bool, ...]:
    """Each flag, true where any process has it true: so that all of them end after the same step."""
    return tuple(map(bool, _over_all("MAX", *flags)))


def wait_for_all() -> None:
    agree(False)


def largest(number: int) -> int:
    return _over_all("MAX", number)[0]


def total(number: int) -> int:
    return _over_all("SUM", number)[0]


def from_first(ask: Callable[[], T]) -> T:
    """What the first process is answered; only that one asks."""
    answer: list[Any] = [ask() if is_first() else None]
    if _several():
        from torch import distributed

        distributed.broadcast_object_list(answer)
    found: T = answer[0]
    return found


def _over_all(how: str, *numbers: int) -> list[int]:
    if not _several():
        return list(numbers)
    import torch
    from torch import distributed

    together = torch.tensor(numbers, dtype=torch.int64)
    distributed.all_reduce(together, getattr(distributed.ReduceOp, how))
    return [int(number) for number in together]


def _several() -> bool:
    from torch import distributed

    return distributed.is_available() and distributed.is_initialized()
