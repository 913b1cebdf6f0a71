"""Settings come from environment variables; a bad value says what to write instead."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BROKER_URL_FILE = "broker-url"  # in var/, while `manage.py up` runs an embedded broker; holds a password
NO_BROKER = "redis://127.0.0.1:7379/0"
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, default: bool) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f'{name}="{value}" is neither yes nor no. Write {name}=1 or {name}=0.')
    return value in TRUE


def whole_number(name: str, default: int, *, least: int, most: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or not least <= int(value) <= most:
        raise ImproperlyConfigured(
            f'{name}="{value}" is not a whole number from {least} to {most}. Unset it for {default}.'
        )
    return int(value)


def words(name: str, default: list[str]) -> list[str]:
    """A list with commas between its words."""
    return [word.strip() for word in text(name, ",".join(default)).split(",") if word.strip()]


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(
            f'{name}="{value}" is not one of {", ".join(choices)}. Unset it for {default}.'
        )
    return value


def test_switch(name: str, default: str, *, form: str, example: str, debug: bool) -> str:
    """What the fault tests set so that stages do something else, or break. Refused where people train.

    Args:
        form: A regular expression of the whole value.
    """
    value = text(name, default)
    if value == default:
        return value
    if not debug:
        raise ImproperlyConfigured(
            f'{name}="{value}" makes trainings break or pretend, which only tests want. Unset it; a test '
            "sets STUDIO_DEBUG=1 as well."
        )
    if not re.fullmatch(form, value):
        raise ImproperlyConfigured(f'{name}="{value}" is not of the form {example}. Unset it.')
    return value


def folder(name: str, default: Path) -> Path:
    path = Path(text(name) or default).expanduser().resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}: cannot make {path} ({error.strerror}). Set {name} to a folder this account may write."
        ) from error
    return path


def secret_key(var: Path, *, production: bool) -> str:
    """STUDIO_SECRET_KEY; outside production a random one, kept in var/secret-key (mode 0600)."""
    if key := text("STUDIO_SECRET_KEY"):
        if production and len(key) < 40:
            raise ImproperlyConfigured("STUDIO_SECRET_KEY is shorter than 40 characters. Use a random one.")
        return key
    if production:
        raise ImproperlyConfigured(
            "STUDIO_SECRET_KEY is not set. In production, set it to at least 40 random characters."
        )
    file = var / "secret-key"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(50))
    return file.read_text()


def broker_url(var: Path) -> str:
    """STUDIO_REDIS_URL; else the embedded broker of a running `manage.py up`; else nobody's address.

    At an address where nobody listens publishing fails at once, and the dispatcher publishes later.
    """
    if url := text("STUDIO_REDIS_URL"):
        return url
    try:
        return (var / BROKER_URL_FILE).read_text().strip() or NO_BROKER
    except OSError:
        return NO_BROKER


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read (0600 from the first byte on)."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
