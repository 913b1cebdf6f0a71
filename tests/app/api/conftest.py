"""A program with a token, against the API in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from studio import roles, tokens
from tests import makers

ROOT = "/api/v1"


class Program:
    """Sends JSON and shows its token. `secret` empty: it has none."""

    def __init__(self, secret: str = "", user: User | None = None) -> None:
        self.secret, self.user = secret, user

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """`path` is below /api/v1, or a whole address from the API itself."""
        shown = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().generic(  # type: ignore[return-value]  # Django's own subclass of it
            method,
            path if path.startswith(ROOT) else ROOT + path,
            "" if body is None else json.dumps(body),
            content_type="application/json" if body is not None else "application/octet-stream",
            headers={**shown, **sent},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)


def program_of(user: User, *scopes: str) -> Program:
    """A program that acts as this user; without scopes it has them all."""
    _, secret = tokens.create(owner=user, name="test", scopes=scopes or roles.SCOPES, days=1)
    return Program(secret, user)


@pytest.fixture
def program(db: None) -> Callable[..., Program]:
    """program("reviewer", "examples:read"): of a new account, with these scopes or with all."""
    return lambda role, *scopes: program_of(makers.user(role), *scopes)


@pytest.fixture
def author(program: Callable[..., Program]) -> Program:
    return program("author")


@pytest.fixture
def reviewer(program: Callable[..., Program]) -> Program:
    return program("reviewer")


@pytest.fixture
def maintainer(program: Callable[..., Program]) -> Program:
    return program("maintainer")
