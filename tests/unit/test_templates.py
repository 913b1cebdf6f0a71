"""What no linter says about the templates."""

from __future__ import annotations

from pathlib import Path

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def test_a_comment_ends_on_its_line_or_django_shows_it():
    shown = [
        f"{file.relative_to(TEMPLATES)}:{number}"
        for file in sorted(TEMPLATES.rglob("*.html"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if line.count("{#") != line.count("#}")
    ]

    assert shown == []
