"""The request that is being answered, for code that is called without it: signals about accounts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib.auth.models import User
from django.http import HttpRequest

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


@contextmanager
def answering(request: HttpRequest) -> Iterator[None]:
    asked = _request.set(request)
    try:
        yield
    finally:
        _request.reset(asked)


def in_request() -> bool:
    return _request.get() is not None


def asking() -> User | None:
    """Who sent the request, when somebody has signed in."""
    user = getattr(_request.get(), "user", None)
    return user if isinstance(user, User) else None
