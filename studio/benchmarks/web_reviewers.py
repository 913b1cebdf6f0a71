"""Reviewers who work at the same time: each asks for the next example by HTTP and gives a verdict on it."""

from __future__ import annotations

import random
import socket
import statistics
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
from django.conf import settings

from studio import web_server

START_TIMEOUT_S = 60
REQUEST_TIMEOUT_S = 60
VERDICT = "approve"


@dataclass(frozen=True)
class Row:
    step: str
    seconds: Sequence[float]

    def as_dict(self) -> dict[str, Any]:
        if len(self.seconds) < 2:
            return {"step": self.step, "n": len(self.seconds), "p50_ms": None, "p95_ms": None, "max_ms": None}
        return {
            "step": self.step,
            "n": len(self.seconds),
            "p50_ms": round(statistics.median(self.seconds) * 1000, 1),
            "p95_ms": round(statistics.quantiles(self.seconds, n=20)[-1] * 1000, 1),
            "max_ms": round(max(self.seconds) * 1000, 1),
        }


@dataclass
class Reviewed:
    """What all reviewers together saw; `refused` are answers that say why a verdict was not taken."""

    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    verdicts: int = 0
    refused: int = 0
    errors: int = 0
    locked: int = 0

    @property
    def rows(self) -> list[Row]:
        every = [seconds for taken in self.taken.values() for seconds in taken]
        return [*(Row(step, taken) for step, taken in self.taken.items()), Row("all requests", every)]


class _ReviewForm(HTMLParser):
    """The form with the verdicts: its address and its hidden fields, with the chosen options."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: list[tuple[str, str]] = []
        self._inside = False
        self._form: tuple[str, list[tuple[str, str]]] = ("", [])
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside, self._form = True, (given.get("action") or "", [])
        elif tag == "input" and self._inside and given.get("name"):
            chosen = given.get("type") not in ("radio", "checkbox") or "checked" in given
            if chosen:
                self._form[1].append((given["name"] or "", given.get("value") or ""))
        elif tag == "button" and self._inside and given.get("name") == "verdict":
            self.action, self.fields = self._form[0], self._form[1]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def review_together(
    environment: dict[str, str], sessions: Sequence[str], *, verdicts_each: int, pause_s: float
) -> Reviewed:
    """Let each session review so many examples, all at the same time, against a server of its own.

    Args:
        pause_s: A reviewer reads for half to one and a half times this; they begin within one such pause.

    Raises:
        RuntimeError: The server did not start.
    """
    reviewed, lock = Reviewed(), threading.Lock()
    with _server(environment) as address:
        threads = [
            threading.Thread(target=_review, args=(address, session, verdicts_each, pauses, reviewed, lock))
            for session, pauses in zip(sessions, _pauses(len(sessions), pause_s), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return reviewed


def _pauses(reviewers: int, pause_s: float) -> list[Iterator[float]]:
    """For each reviewer the seconds before the first page, and then before each verdict; always the same."""

    def of_one(number: int) -> Iterator[float]:
        yield pause_s * number / reviewers
        chance = random.Random(number)
        while True:
            yield pause_s * chance.uniform(0.5, 1.5)

    return [of_one(number) for number in range(reviewers)]


def _review(
    address: str,
    session: str,
    verdicts: int,
    pauses: Iterator[float],
    reviewed: Reviewed,
    lock: threading.Lock,
) -> None:
    cookies = {"sessionid": session}
    with httpx.Client(base_url=address, cookies=cookies, timeout=REQUEST_TIMEOUT_S) as client:
        time.sleep(next(pauses))
        page = _timed(client, "next example", "GET", "/review/", reviewed, lock)
        for _ in range(verdicts):
            time.sleep(next(pauses))  # a person reads
            form = _ReviewForm(page.text)
            if not form.action:
                return  # nothing waits any more, or the server answered with an error
            data = dict([*form.fields, ("verdict", VERDICT)])
            answer = _timed(client, "verdict", "POST", form.action, reviewed, lock, data=data)
            with lock:
                reviewed.verdicts += answer.status_code == 302
                reviewed.refused += answer.status_code == 422
            where = answer.headers.get("location", "/review/")
            page = _timed(client, "next example", "GET", where, reviewed, lock)


def _timed(
    client: httpx.Client,
    step: str,
    method: str,
    where: str,
    reviewed: Reviewed,
    lock: threading.Lock,
    **more: Any,
) -> httpx.Response:
    started = time.perf_counter()
    answer = client.request(method, where, **more)
    seconds = time.perf_counter() - started
    with lock:
        reviewed.taken[step].append(seconds)
        reviewed.errors += answer.status_code >= 500
        reviewed.locked += "database is locked" in answer.text
    return answer


@contextmanager
def _server(environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(web_server.command("127.0.0.1", port), env=environment, cwd=settings.ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_TIMEOUT_S
        while not _answers(address):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"The web server did not start at {address}; its log is above.")
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
