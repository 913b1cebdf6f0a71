from __future__ import annotations

import os
import shutil

import pytest

from tests.compilers import STUB
from training.adapters import sandbox
from training.adapters.bbjcpl import Bbjcpl


@pytest.fixture
def compiler() -> Bbjcpl:
    """The stub, without the sandbox: its habits are the same inside and outside."""
    return Bbjcpl(str(STUB), sandboxed=False)


@pytest.fixture
def walls() -> None:
    """The test needs a working sandbox.

    CI installs bubblewrap, so that it is missing there is an error; whether it may work is up to the host.
    """
    if os.environ.get("CI") and not shutil.which("bwrap"):
        pytest.fail("CI has no bubblewrap: .ci/run installs it")
    if reason := sandbox.problem():
        pytest.skip(f"no sandbox here: {reason}")
