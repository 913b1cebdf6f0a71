"""The browser of tests and pictures: where it is, and how it is started."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("STUDIO_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
SWITCHES = [
    "--no-sandbox",  # root in a container has no user namespaces; only our own pages are opened
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # containers give /dev/shm 64 MB
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
