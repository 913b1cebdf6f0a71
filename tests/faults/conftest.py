from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.services import guarding
from tests import makers, trainable
from tests.faults.engine import Engine


@pytest.fixture
def engine(transactional_db, broker: str, tmp_path: Path, settings) -> Iterator[Engine]:
    """Everything that a run needs but the worker. What must hold is checked after the test."""
    settings.VAR = tmp_path / "var"
    settings.STUDIO_BASE_MODELS = settings.VAR / "base-models"
    settings.VAR.mkdir()
    trainable.task_set(tmp_path / "data")
    snapshot = trainable.snapshot(tmp_path / "raw")
    engine = Engine(settings.VAR, broker, snapshot, makers.user("maintainer"))
    guarding.guard()  # as in production; the tests' database goes without, so that it can be emptied
    yield engine
    try:
        engine.stop()
        engine.check_what_must_hold()
    finally:
        guarding.unguard()
