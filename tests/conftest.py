"""What every test may use, and what no test may do."""

from __future__ import annotations

import ipaddress
import socket
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from xdist.scheduler import LoadScopeScheduling

from studio import broker as embedded_broker

ASKS_FOR_A_DATABASE = {"db", "transactional_db", "live_server"}


def pytest_configure() -> None:
    """Settings that only tests want. Runs before a connection or a storage is made from them."""
    # Static files straight from their folders: `collectstatic` does not run before tests.
    django_settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    Path(django_settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # A file, as in production: with SQLite in memory two threads do not lock each other out.
        database.setdefault("TEST", {})["NAME"] = str(django_settings.VAR / "test.sqlite3")


def pytest_report_header() -> str:
    return f"database: {database_kind()}"


def database_kind() -> str:
    return django_settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[1]


@pytest.hookimpl(trylast=True)  # after pytest-django's own order
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first; on PostgreSQL only the tests that ask for a database."""
    if database_kind() == "postgresql":
        others = [item for item in items if not asks_for_a_database(item)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if asks_for_a_database(item)]
    seconds: dict[str, float] = defaultdict(float)
    for item in items:
        seconds[kept_together(item.nodeid)] += seconds_of(item)
    items.sort(key=lambda item: (-seconds[kept_together(item.nodeid)], kept_together(item.nodeid)))


def asks_for_a_database(item: pytest.Item) -> bool:
    """Whether the database makes a difference to it: pytest-django refuses every other test a connection."""
    if item.get_closest_marker("one_database"):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & ASKS_FOR_A_DATABASE)


def seconds_of(item: pytest.Item) -> float:
    mark = item.get_closest_marker("slow")
    return (mark.args or (10.0,))[0] if mark else 0.1


def kept_together(nodeid: str) -> str:
    """The tests of one file run in one process, and all recipes in one: they train one chain for all."""
    recipes = "tests/recipes/"
    return recipes if nodeid.startswith(recipes) else nodeid.partition("::")[0]


class KeptTogether(LoadScopeScheduling):
    """Hands out the work in the order that pytest_collection_modifyitems made."""

    def _split_scope(self, nodeid: str) -> str:
        return kept_together(nodeid)


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, which -p no:xdist leaves out
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return KeptTogether(config, log)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The tests' database, in which SQLite lets every table be emptied after a test that commits."""
    from django.db import connection

    from curation.services import guarding

    if database_kind() == "sqlite3":
        with django_db_blocker.unblock(), connection.schema_editor() as editor:
            import_module("curation.migrations.0014_audit_log").allow(None, editor)
            guarding.unguard()


class NetworkRefused(Exception):
    """A test tried to reach another machine."""


@pytest.fixture(autouse=True, scope="session")
def _this_machine_only() -> Iterator[None]:
    """Refuse connections to anything but this machine: a test that needs the network is a broken test."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise NetworkRefused(f"{address[0]}: tests reach this machine only")
        real(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    yield
    patch.undo()


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Valkey, one for each test process."""
    folder = tmp_path_factory.mktemp("valkey")
    own = embedded_broker.embedded(folder, port=embedded_broker.free_port("127.0.0.1", 0))
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(own.command, stdout=log, stderr=log)
    try:
        embedded_broker.wait_until_it_answers(own.url)
        yield own.url
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def broker(broker_url: str) -> Iterator[str]:
    """The studio publishes to a real, empty broker in this test. Its value is the address."""
    from redis import Redis

    from studio.celery import app

    with Redis.from_url(broker_url) as client:
        client.flushall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.conf, "broker_url", broker_url)
        # Celery keeps its connections, so each change of the address needs new pools.
        patch.setattr(app, "_pool", None)
        patch.setattr(app.amqp, "_producer_pool", None)
        yield broker_url
