"""The command of the web server, as `up` and the benchmark of the pages start it."""

from __future__ import annotations

import sys

from django.conf import settings

# A page of Python holds its process busy; a long one must not be taken for a process that hangs.
HEALTHCHECK_S = 60
GRACE_S = 3


def command(host: str, port: int) -> list[str]:
    """STUDIO_WEB_PROCESSES processes behind one address; each answers requests of its own."""
    uvicorn = [sys.executable, "-m", "uvicorn", "studio.asgi:application", "--app-dir", str(settings.ROOT)]
    options = {
        "--host": host,
        "--port": port,
        "--workers": settings.STUDIO_WEB_PROCESSES,
        "--timeout-worker-healthcheck": HEALTHCHECK_S,
        "--timeout-graceful-shutdown": GRACE_S,
        "--log-level": "warning",
    }
    return uvicorn + [str(part) for option in options.items() for part in option]
