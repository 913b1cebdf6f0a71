"""Every page of a studio in use: no accessibility problem, light or dark, and no sideways scrolling."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from studio import seeding
from tests import demo, makers, tiny_tokenizer

pytestmark = pytest.mark.one_database

# The rules that are asked; none is all of them. A scheme changes colours alone.
SCHEMES: tuple[tuple[Literal["light", "dark"], list[str]], ...] = (
    ("light", []),
    ("dark", ["color-contrast"]),
)
WIDTHS = (640, 400)  # a window of 1280 at 200 % zoom, and a phone


@pytest.mark.slow(60)
@pytest.mark.django_db(transaction=True)
def test_every_page_is_accessible_and_fits(
    live_server, page: Page, axe: Callable[..., list[str]], settings: Any, tmp_path: Path
):
    settings.STUDIO_BASE_MODELS = tmp_path
    tiny_tokenizer.write(tmp_path / "Tiny")
    seeding.make_roles()
    addresses = demo.fill()
    session = makers.signed_in(User.objects.get(username="max")).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    found = []
    for name, where in addresses.items():
        page.set_viewport_size({"width": 1280, "height": 900})
        answer = page.goto(live_server.url + where)
        assert answer
        assert answer.ok, f"{name}: {answer.status}"
        # Without motion, or a colour that is still fading would be judged.
        for scheme, rules in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{name}, {scheme}: {problem}" for problem in axe(*rules)]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{name} is {wide} px wide in a window of {width}")

    assert found == [], "\n".join(found[:40])
