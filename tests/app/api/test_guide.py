"""The commands of docs/api.md do what the guide says. They are read as curl reads them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from curation.models import Example, Revision
from tests import makers
from tests.app.api.conftest import ROOT, program_of

pytestmark = pytest.mark.one_database

GUIDE = Path(__file__).resolve().parents[3] / "docs/api.md"
EXAMPLE = re.compile(r"```sh\n# (\d{3})\n(curl .*?)\n```", re.S)
FILES = {
    "example.json": json.dumps({"path": "gui/hello.md", "text": makers.example_text("Hello")}),
    "edit.json": json.dumps({"text": makers.example_text("Hello, mended"), "note": "clearer"}),
    "order.bbj": makers.program("Order"),
    "hello-window.md": makers.example_text("Hello window"),
}


def run(command: str) -> Any:
    """Send what this command would send. An option that is not known here fails the test."""
    method, headers, fields, place, data = "GET", {}, {}, "", None
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            said = next(words)
            data = FILES[said[1:]] if said[0] == "@" else said
            method = "POST" if method == "GET" else method
        elif word == "-F":
            name, _, value = next(words).partition("=")
            is_file = value.startswith("@")
            fields[name] = SimpleUploadedFile(value[1:], FILES[value[1:]].encode()) if is_file else value
        elif word == "-o":
            next(words)
        else:
            assert word.startswith(ROOT), f"{word} is no address and no option that is known here"
            place = word
    client = Client()
    if fields:
        return client.post(place, fields, headers=headers)
    kind = headers.pop("Content-Type", "application/octet-stream")
    return client.generic(method, place, data or "", content_type=kind, headers=headers)


def test_every_command_of_the_guide_is_answered_as_it_says(db, broker):
    guide = GUIDE.read_text()
    examples = EXAMPLE.findall(guide)
    assert len(examples) == guide.count("```sh") >= 9
    program = program_of(makers.user("maintainer"))
    example = makers.example()
    makers.example()  # which waits for review

    for status, command in examples:
        seen = program.get(f"/examples/{example.pk}")["ETag"].replace('"', '\\"')
        for name, value in {"TOKEN": program.secret, "API": ROOT, "ID": example.pk, "ETAG": seen}.items():
            command = command.replace(f"${name}", str(value))

        answer = run(command)

        said = b"" if answer.streaming else answer.content
        assert answer.status_code == int(status), f"{command}\n{said.decode()}"
    assert Example.objects.filter(path="gui/hello.md").exists()
    assert Revision.objects.filter(note="clearer").exists()
