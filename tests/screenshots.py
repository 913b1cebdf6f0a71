"""Pictures of every page of a studio in use, at two widths, light and dark: to look at, and for the README.

    python -m tests.screenshots FOLDER [--dark] [--only PAGE…] [--no-run]

Starts a studio of its own, waits for its first rehearsal (two to three minutes; --no-run does without), fills
it with tests.demo and writes FOLDER/<page>-1280.png and -400.png, with --dark also …-dark.png. Prints every
page that is wider than the window.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests import demo, running_studio
from tests.chromium import CHROMIUM, SWITCHES
from tests.running_studio import Studio

SIZES = {1280: 860, 400: 860}
RUN_TIMEOUT_S = 900


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dark", action="store_true", help="also in dark")
    parser.add_argument("--full", action="store_true", help="the whole page and not only its first screen")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="PAGE", help="URL names, as tests.demo knows them"
    )
    parser.add_argument("--no-run", action="store_true", help="without a rehearsal, and so without scores")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="studio-pictures-") as var:
        studio = running_studio.start(Path(var), "--port", "0")
        try:
            studio.wait_until_ready()
            if not options.no_run:
                _wait_for_the_run(studio)
            addresses = _fill(studio)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
                for scheme in ("light", *(("dark",) if options.dark else ())):
                    _take(browser, studio.address(), addresses, scheme, options)
                browser.close()
        finally:
            running_studio.end(studio)


def _wait_for_the_run(studio: Studio) -> None:
    def ended() -> bool:
        return _shell(studio, "from training.models import Run; print(Run.objects.get(pk=1).state)") in (
            "succeeded",
            "failed",
        )

    studio.wait_until(ended, "the first rehearsal", RUN_TIMEOUT_S)


def _shell(studio: Studio, program: str) -> str:
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", program]
    told = subprocess.run(
        command, cwd=running_studio.ROOT, env=studio.environment, check=True, capture_output=True, text=True
    )
    return told.stdout.strip()


def _fill(studio: Studio) -> dict[str, str]:
    environment = studio.environment | {"DJANGO_SETTINGS_MODULE": "studio.settings"}
    told = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=running_studio.ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    addresses: dict[str, str] = json.loads(told.stdout.strip().rpartition("\n")[2])
    return addresses


def _take(
    browser: Browser, address: str, addresses: dict[str, str], scheme: str, options: argparse.Namespace
) -> None:
    for width, height in SIZES.items():
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        _sign_in(page, address)
        for name, where in addresses.items():
            if options.only and name not in options.only:
                continue
            page.goto(address + where)
            page.wait_for_load_state("networkidle")
            suffix = "-dark" if scheme == "dark" else ""
            page.screenshot(path=options.folder / f"{name}-{width}{suffix}.png", full_page=options.full)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                print(f"{name} at {width}: {wide} px wide")
        context.close()


def _sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.get_by_label("User name").fill("max")
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


if __name__ == "__main__":
    main()
