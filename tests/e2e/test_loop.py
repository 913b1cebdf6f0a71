"""A newcomer's walk round the loop: a live run, its score, a failure, a new example, a new version."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import running_studio
from tests.running_studio import Studio

pytestmark = pytest.mark.one_database

REHEARSAL_TIMEOUT_S = 600  # well under a minute on an idle machine; other tests share this one
SHORT_REHEARSAL = """
from studio import seeding
from training.domain import recipe

steps = recipe._NAMED["rehearsal"]
steps["pretrain"]["max_steps"] = steps["instruct"]["max_steps"] = 20
steps["generate"] = {"samples": 1, "max_tokens": 64}
seeding.queue_first_rehearsal()
"""
REVIEWER = ("rey", "a-password-for-this-test")
NEW_EXAMPLE = """---
title: Count down on the terminal
type: completion
generation: all
difficulty: basic
description: Print the numbers from ten down to one, and then the word lift-off.
---

## Code

```bbj
REM Count down from ten to one
LET first=10
LET last=1

FOR count=first TO last STEP -1
    PRINT count
NEXT count

PRINT "lift-off"
END
```

## Expected Output

```
10 9 8 7 6 5 4 3 2 1 lift-off
```

## Explanation

STEP -1 makes FOR count downwards. The loop ends when count has gone below last.
"""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A first start as a newcomer makes it, seeded, with a rehearsal of few steps in the queue.

    Few, because the steps are the recipe's and the time is CI's; `manage.py rehearse` makes them all.
    """
    studio = running_studio.start(tmp_path, "--port", "0", "--no-rehearsal")
    studio.wait_until_ready()
    run_here(studio, SHORT_REHEARSAL)
    yield studio
    running_studio.end(studio)


def sign_in(page: Page, address: str, name: str, password: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def add_reviewer(studio: Studio) -> None:
    """As an admin would on the command line: an account with the role reviewer."""
    run_here(
        studio,
        "from django.contrib.auth.models import Group, User;"
        f"User.objects.create_user('{REVIEWER[0]}', password='{REVIEWER[1]}')"
        ".groups.add(Group.objects.get(name='reviewer'))",
    )


def run_here(studio: Studio, program: str) -> None:
    """Run Python on the studio's database, as an admin could."""
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", program],
        cwd=running_studio.ROOT,
        env=studio.environment,
        check=True,
        capture_output=True,
    )


@pytest.mark.slow(60)
def test_a_newcomer_walks_round_the_loop(studio: Studio, page: Page, axe: Callable[[], list[str]]):
    address = studio.address()
    owner = re.findall(r":\s+(\S+)", (studio.var / "first-login").read_text())
    sign_in(page, address, owner[0], owner[1])
    assert axe() == []

    # The run that the first start queued is under way, and its page follows it without a reload.
    page.get_by_role("link", name="Run 1").click()
    expect(page.locator("#run-live").get_by_text("running").first).to_be_visible(timeout=60_000)
    assert axe() == []
    expect(page.locator("#run-live > .page-head .chip")).to_have_text(
        "finished", timeout=REHEARSAL_TIMEOUT_S * 1000
    )
    expect(page.locator(".stages .chip.good")).to_have_count(8)
    expect(page.get_by_role("link", name=re.compile(r"Q4_K_M|q4_k_m", re.I)).first).to_be_visible()

    # The score carries its checker's name, its n and its interval.
    page.get_by_role("link", name="Score", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("offline check@1 of v1")
    expect(page.get_by_text("95 %").first).to_be_visible()
    assert "compile@1 of" not in page.inner_text("main")
    assert axe() == []

    # A failure becomes a draft, the draft an example.
    page.get_by_role("button", name="Draft an example from this failure").first.click()
    expect(page.get_by_text("This draft was opened from attempt")).to_be_visible()
    page.get_by_label("Path").fill("control-flow/count-down.md")
    page.get_by_role("button", name="Markdown").click()
    page.get_by_role("textbox", name="Markdown").fill(NEW_EXAMPLE)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Count down on the terminal")).to_be_visible()
    expect(page.get_by_text("somebody else has to review it")).to_be_visible()
    assert axe() == []
    page.get_by_role("button", name="Sign out").click()

    # Another person approves it with one key.
    add_reviewer(studio)
    sign_in(page, address, *REVIEWER)
    page.get_by_role("link", name="Review", exact=True).first.click()
    expect(page.get_by_role("heading", name="Count down on the terminal")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Count down on the terminal")).not_to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    # The owner freezes the next version, starts a run on it and stops it.
    sign_in(page, address, owner[0], owner[1])
    page.get_by_role("link", name="Dataset versions").click()
    page.get_by_role("button", name="Freeze a dataset version").click()
    page.get_by_label("Name").fill("v2")
    for reason in page.get_by_label("Freeze in spite of it, because").all():
        reason.fill("a walk round the loop")
    page.get_by_role("button", name="Freeze", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("v2")
    assert axe() == []
    page.get_by_role("button", name="Train on this version").click()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name="Run 2: rehearsal on v2")).to_be_visible()
    page.get_by_role("button", name="Cancel this run").click()
    expect(page.locator("#run-live > .page-head .chip")).to_have_text("cancelled", timeout=90_000)
