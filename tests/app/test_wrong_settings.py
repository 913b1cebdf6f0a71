"""A wrong setting or a missing database is a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("setting", "command", "sentence"),
    [
        (("STUDIO_LEASE_S", "soon"), "check", "is not a whole number from 3 to 3600"),
        (("STUDIO_DEBUG", "maybe"), "check", "STUDIO_DEBUG=1 or STUDIO_DEBUG=0"),
        (
            ("STUDIO_TRAINING_BACKEND", "axolotl"),
            "check",
            "is not one of plain, unsloth. Unset it for plain.",
        ),
        (("STUDIO_RECIPES", "elsewhere"), "check", "only tests want. Unset it"),
        (("STUDIO_STAGE_FAULT", "merge:save:enospc"), "check", "only tests want. Unset it"),
        (("STUDIO_PRODUCTION", "1"), "check", "STUDIO_SECRET_KEY is not set"),
        (("STUDIO_HOSTS", "localhost"), "train", "Run: python3 manage.py migrate"),
        (("STUDIO_DATABASE_URL", "postgres://a:b@127.0.0.1:1/c"), "train", "Check STUDIO_DATABASE_URL"),
    ],
)
def test_a_wrong_setting_is_one_sentence(setting, command, sentence, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("STUDIO_", "PYTEST_"))}
    environment |= {"STUDIO_VAR": str(tmp_path), "STUDIO_NO_BOOTSTRAP": "1", setting[0]: setting[1]}
    arguments = ["v1"] if command == "train" else []

    done = subprocess.run(
        [sys.executable, "manage.py", command, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
