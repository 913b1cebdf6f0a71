from __future__ import annotations

import os

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
    """The test needs a working sandbox. Skipped without one on a developer's machine, an error in CI."""
    if reason := sandbox.problem():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no sandbox here: {reason}")
