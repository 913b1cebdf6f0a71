"""Loaded by pytest before Django's settings are read: the tests get an environment of their own.

Without it a test run on a developer's machine would write into var/ and publish to a running studio.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

# What a developer may steer the tests with; every other STUDIO_… variable of the shell is dropped.
KEPT = {"STUDIO_TEST_DATABASE", "STUDIO_CHROMIUM", "STUDIO_NO_BOOTSTRAP", "STUDIO_VENV"}
NOBODY = "redis://127.0.0.1:1/0"  # publishing fails at once; tests that need a broker ask for `broker`
_made_here: list[str] = []


def prepare() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:  # the first process has cleared the environment and made the folder
        os.environ["STUDIO_VAR"] = str(Path(os.environ["STUDIO_VAR"]) / worker)
        return
    on_postgres = os.environ.get("STUDIO_TEST_DATABASE") == "postgres"
    kept = KEPT | ({"STUDIO_DATABASE_URL"} if on_postgres else set())
    for name in [n for n in os.environ if n.startswith("STUDIO_") and n not in kept]:
        del os.environ[name]
    _made_here.append(tempfile.mkdtemp(prefix="studio-tests-"))
    os.environ["STUDIO_VAR"] = _made_here[0]
    os.environ["STUDIO_REDIS_URL"] = NOBODY
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Most processes that the tests start live for a second or two; compiling the studio takes half of one.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # Playwright's synchronous interface runs an event loop in the thread that also uses the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_unconfigure() -> None:
    for folder in _made_here:
        shutil.rmtree(folder, ignore_errors=True)


prepare()
