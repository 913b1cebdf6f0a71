from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests import makers


@pytest.fixture
def author(db) -> User:
    return makers.user("author")


@pytest.fixture
def reviewer(db) -> User:
    return makers.user("reviewer")


@pytest.fixture
def maintainer(db) -> User:
    return makers.user("maintainer")


@pytest.fixture
def as_author(author: User) -> Client:
    return makers.signed_in(author)


@pytest.fixture
def as_reviewer(reviewer: User) -> Client:
    return makers.signed_in(reviewer)


@pytest.fixture
def as_maintainer(maintainer: User) -> Client:
    return makers.signed_in(maintainer)


@pytest.fixture
def training_data(tmp_path: Path, settings) -> Path:
    """A training-data folder with two good examples; the import page reads it."""
    root = tmp_path / "training-data"
    for path in ("gui/first.md", "strings/second.md"):
        makers.put(root, path, makers.example_text(f"Title of {path}"))
    (root / "FORMAT.md").write_text("# The format\n")
    settings.STUDIO_TRAINING_DATA = root
    return root
