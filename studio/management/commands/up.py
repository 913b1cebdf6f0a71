"""The whole studio on this machine: database, static files, broker, two workers, beat and web."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError, call_command
from django.utils import timezone

from studio import broker, env, web_server
from studio.health import QUEUES
from studio.launcher import Child, Launcher
from training.adapters.file_lock import StillLocked, locked

STOP_ORDER = [["beat"], ["cpu-worker", "gpu-worker"], ["web"], ["broker"]]
PROCESSES = {"cpu": 2, "gpu": 1}  # of each worker; one training at a time holds the GPU
WORKER_GRACE_S = 30.0  # a stage may take 20 s of them to save a checkpoint
SAY_WHAT_IS_MISSING_EVERY_S = 20.0
LOCK_PATIENCE_S = 5.0  # what a broker killed with its launcher may take to end


class Command(BaseCommand):
    help = "Run the whole studio on this machine: web, both workers, beat, and a broker if none is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="0 = any free one (default: 8000)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument(
            "--no-rehearsal", action="store_true", help="do not queue the training rehearsal of a first start"
        )

    def handle(self, *, port: int, host: str, no_rehearsal: bool, **_: Any) -> None:
        launcher = Launcher()
        launcher.take_signals()
        with only_one(settings.VAR) as lock:
            try:
                code = self.run(launcher, lock, wanted_port=port, host=host, rehearsal=not no_rehearsal)
            finally:
                self.say("Stopping … A training saves a checkpoint first; Ctrl-C again stops it by force.")
                launcher.stop_all(STOP_ORDER)
                (settings.VAR / env.BROKER_URL_FILE).unlink(missing_ok=True)
                self.say("Stopped.")
        sys.exit(code)

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def run(self, launcher: Launcher, lock: IO[str], *, wanted_port: int, host: str, rehearsal: bool) -> int:
        """Start everything and watch it. Returns the exit code: 0 after a request to stop."""
        started = timezone.now()
        self.say("Preparing the database and the static files …")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        port = broker.free_port(host, wanted_port)
        if wanted_port not in (0, port):
            self.say(f"Port {wanted_port} is taken; using {port} instead.")
        if not is_loopback(host) and not env.text("STUDIO_HOSTS"):
            names = ", ".join(settings.ALLOWED_HOSTS)
            self.say(f"Listening on {host}, but answering only to {names}. Set STUDIO_HOSTS.")

        # Web first: a newcomer may look around while the rest starts. The broker's address must be known.
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "studio.settings"}
        environment["STUDIO_REDIS_URL"] = self.start_broker(launcher, lock, environment)
        launcher.start(web(environment, host, port))
        for queue in QUEUES:
            launcher.start(worker(environment, queue))
        launcher.start(beat(environment))
        self.first_start(rehearsal)
        return self.watch(launcher, address_of(host, port), started)

    def start_broker(self, launcher: Launcher, lock: IO[str], environment: dict[str, str]) -> str:
        """The broker's address; an embedded one is started unless STUDIO_REDIS_URL names another."""
        if url := env.text("STUDIO_REDIS_URL"):
            return url
        port = broker.free_port("127.0.0.1", broker.USUAL_PORT)
        own = broker.embedded(settings.VAR / "valkey", port=port)
        launcher.start(Child("broker", own.command, environment, keep_open=(lock.fileno(),)))
        try:
            broker.wait_until_it_answers(own.url)
        except broker.BrokerSilent as error:
            raise CommandError(f"{error}. Its own words are above, after `broker`.") from error
        env.write_private(settings.VAR / env.BROKER_URL_FILE, own.url)
        from studio.celery import app

        app.conf.broker_url = own.url  # for what this process publishes itself
        return own.url

    def first_start(self, rehearsal: bool) -> None:
        """Examples, accounts and a first run, for a database in which no person has an account yet."""
        from studio import seeding
        from training.services import launching

        if User.objects.exclude(username__in=[seeding.AUTHORS, seeding.REVIEWERS]).exists():
            return
        self.say("First start: bringing in the examples …")
        for step in seeding.seed():
            self.say(f"  {step}")
        if rehearsal:
            try:
                if run := seeding.queue_first_rehearsal():
                    self.say(f"  {run}: a training rehearsal on a tiny model is queued")
            except launching.PreflightRefused as refused:
                self.say(f"  no rehearsal: {refused}")
        # Last, because an account is what tells that the first start is done.
        if login := seeding.first_login():
            self.say(
                f"\n  Sign in as   {login[0]}\n  Password     {login[1]}\n"
                f"  Shown once; also in {settings.VAR / 'first-login'}. Change it after signing in.\n"
            )

    def watch(self, launcher: Launcher, address: str, started: datetime) -> int:
        """Say "ready" once, and come back when a process ends or somebody asks to stop."""
        ready, said_at = False, time.monotonic()
        while not launcher.stop_requested.wait(0.3):
            if dead := launcher.first_dead():
                self.say(f"{dead.name} ended with code {dead.exit_code()}; its last words are above.")
                return 1
            if ready:
                continue
            missing = what_is_missing(address, started)
            if not missing:
                ready = True
                self.say(
                    self.style.SUCCESS(
                        f"BBj Studio is ready at {address}/ "
                        f"({(timezone.now() - started).total_seconds():.0f} s). Ctrl-C stops it."
                    )
                )
            elif time.monotonic() - said_at > SAY_WHAT_IS_MISSING_EVERY_S:
                said_at = time.monotonic()
                self.say(f"Still waiting. {' '.join(missing)}")
        return 0


@contextmanager
def only_one(var: Path) -> Iterator[IO[str]]:
    """Hold var/up.lock: two brokers on one folder would spoil the queue. The broker inherits the lock."""
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(locked(var / "up.lock", patience_s=LOCK_PATIENCE_S))
        except StillLocked as error:
            raise CommandError(
                f"{var}: another `manage.py up` is running on this folder. Stop it first, or set "
                "STUDIO_VAR to another folder for a second studio."
            ) from error
        yield lock


def web(environment: dict[str, str], host: str, port: int) -> Child:
    return Child("web", web_server.command(host, port), environment)


def celery(environment: dict[str, str], name: str, arguments: list[str], **more: Any) -> Child:
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "studio", "--workdir", str(settings.ROOT)]
    # Killed, should the launcher be: asked to stop while its broker dies too, a worker once hung for
    # more than 30 s. Its pool processes are killed with it (Celery asks Linux for that).
    more["orphan_signal"] = signal.SIGKILL
    # This command has checked the studio. Again in each worker, it would load every page and the whole API.
    environment = {**environment, "CELERY_SKIP_CHECKS": "1"}
    return Child(name, [*command, *arguments, "--loglevel", "WARNING"], environment, **more)


def worker(environment: dict[str, str], queue: str) -> Child:
    """A worker of one queue.

    REMAP_SIGTERM makes a request to stop a cold shutdown: it does not wait hours for a training, which saves
    a checkpoint and gives its run back to the queue.
    """
    arguments = ["worker", "-Q", queue, "-c", str(PROCESSES[queue]), "-n", f"{queue}@%h"]
    arguments += ["--without-mingle", "--without-gossip"]
    remapped = {**environment, "REMAP_SIGTERM": "SIGQUIT"}
    return celery(remapped, f"{queue}-worker", arguments, grace_s=WORKER_GRACE_S)


def beat(environment: dict[str, str]) -> Child:
    """The clock. Without a pid file: one left by a crash would keep the next beat from starting."""
    schedule = str(settings.VAR / "beat-schedule")
    return celery(environment, "beat", ["beat", "--schedule", schedule, "--pidfile", ""])


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def address_of(host: str, port: int) -> str:
    """Where a browser on this machine finds the web server."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def what_is_missing(address: str, started: datetime) -> list[str]:
    """Sentences about what does not answer yet; empty when all does.

    A worker counts only when it was seen after `started`: the row of yesterday's worker is still there.
    """
    request = urllib.request.Request(f"{address}/readyz")
    # The web server answers to its configured names only, and in production to HTTPS only.
    named = [h for h in settings.ALLOWED_HOSTS if h[0] not in "*."]
    request.add_header("Host", named[0] if named else "localhost")
    request.add_header("X-Forwarded-Proto", "https")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            parts = json.load(answer)["parts"]
    except urllib.error.HTTPError as error:
        try:
            parts = json.load(error)["parts"]
        except (ValueError, KeyError):
            return [f"The web server answers {error.code}."]
    except (OSError, ValueError):
        return ["The web server does not answer yet."]
    missing = [part["problem"] for part in parts.values() if not part["ok"]]
    for queue in QUEUES:
        seen = parts[f"{queue}_worker"].get("last_seen")
        if seen and datetime.fromisoformat(seen) < started:
            missing.append(f"The {queue} worker has not been seen since this start.")
    return missing
