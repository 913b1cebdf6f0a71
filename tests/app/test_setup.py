"""Set-up, health, the lists of packages and the checks: what must hold before any page can work."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest
from django.conf import settings
from django.utils import timezone

from studio import broker as embedded_broker
from studio import health
from studio.celery import app
from tests import conftest
from training.models import WorkerSeen

ROOT = Path(settings.ROOT)
LISTS = ROOT / "studio" / "requirements"


@pytest.fixture
def manage() -> ModuleType:
    """manage.py as a module, without running it."""
    found = importlib.util.spec_from_file_location("manage_under_test", ROOT / "manage.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def lines_of(name: str) -> list[str]:
    return (LISTS / name).read_text().splitlines()


# The lists of packages


@pytest.mark.parametrize("name", ["run.txt", "test.txt", "gpu.txt"])
def test_every_listed_package_is_pinned_and_hashed_and_no_list_names_a_registry(name):
    entries = re.split(r"(?m)^(?=\S)", (LISTS / name).read_text())
    entries = [entry for entry in entries if entry.strip()]

    assert len(entries) >= 12
    assert [e.splitlines()[0] for e in entries if "==" not in e or "--hash=sha256:" not in e] == []
    assert not re.search(r"://|--index-url|--extra-index|--find-links", (LISTS / name).read_text())


@pytest.mark.parametrize("name", ["run.txt", "test.txt", "gpu.txt"])
def test_no_list_forces_a_build_of_torch_on_a_machine(name):
    assert [line for line in lines_of(name) if re.match(r"(torch|triton|nvidia|cuda)[-=\w]*==", line)] == []


def test_manage_py_installs_the_torch_that_run_in_asks_for(manage):
    assert manage.TORCH in lines_of("run.in")


# The bootstrap


@pytest.mark.parametrize("version", [(3, 8), (3, 10)])
def test_a_python_that_is_too_old_is_told_what_is_needed(manage, version):
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; this is 3\.\d+\."):
        manage.check_python(version, "linux")


def test_windows_is_sent_to_wsl(manage):
    with pytest.raises(SystemExit, match="WSL"):
        manage.check_python((3, 12), "win32")


def test_a_disk_that_is_too_full_is_found_before_anything_is_installed(manage, tmp_path):
    with pytest.raises(SystemExit, match=r"1\.0 GB free, 3\.0 GB needed.*STUDIO_VENV"):
        manage.check_space(tmp_path / "not" / "there" / "yet", free_bytes=10**9)


def fake_venv(folder: Path, python: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text(python)
    (folder / "bin" / "python").chmod(0o755)
    return folder


def test_a_list_counts_as_installed_only_with_its_own_digest(manage, tmp_path):
    venv = fake_venv(tmp_path / "venv", "#!/bin/sh\n")
    manage.stamp_of(venv, "run").write_text(manage.digest_of("run"))
    manage.stamp_of(venv, "test").write_text("of an older list")

    assert manage.missing_lists(venv, ["run", "test"]) == ["test"]
    assert manage.missing_lists(tmp_path / "nothing", ["run"]) == ["run"]


def test_a_failed_installation_is_told_and_tried_again_next_time(manage, tmp_path, capfd):
    # This python knows its pip, and its pip cannot install anything.
    venv = fake_venv(tmp_path / "venv", '#!/bin/sh\n[ "$1" = -c ] && exit 0\necho pip says no >&2\nexit 7\n')
    manage.stamp_of(venv, "run").write_text("of an older list")

    with pytest.raises(SystemExit, match=r"exit code 7.*start again"):
        manage.install(venv, ["run"])

    assert "pip says no" in capfd.readouterr().err
    assert manage.missing_lists(venv, ["run"]) == ["run"]


def test_a_python_without_its_venv_module_is_told_which_package_to_install(manage, tmp_path, monkeypatch):
    monkeypatch.setattr(manage.sys, "executable", "/bin/false")

    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        manage.make_venv(tmp_path / "venv")


def test_two_starts_at_the_same_moment_install_one_after_the_other(manage, tmp_path):
    script = (
        "import importlib.util, pathlib, sys, time\n"
        "spec = importlib.util.spec_from_file_location('m', sys.argv[1])\n"
        "m = importlib.util.module_from_spec(spec); spec.loader.exec_module(m)\n"
        "with m.only_one_installs(pathlib.Path(sys.argv[2])):\n"
        "    print('in', time.monotonic()); time.sleep(0.4); print('out', time.monotonic())\n"
    )
    command = [sys.executable, "-c", script, str(ROOT / "manage.py"), str(tmp_path / "venv")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    said = [process.communicate(timeout=60)[0] for process in both]
    first, second = sorted([float(t) for t in re.findall(r"(?:in|out) ([\d.]+)", text)] for text in said)

    assert first[1] <= second[0]
    assert "waiting for it" in "".join(said)


# Health


@pytest.fixture
def both_workers_seen(db) -> None:
    for queue in health.QUEUES:
        WorkerSeen.objects.create(queue=queue, at=timezone.now())


def test_healthz_answers_without_database_and_broker(client):
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"alive": True}


def test_readyz_is_ready_when_all_parts_are(client, both_workers_seen, broker):
    answer = client.get("/readyz")

    assert answer.json()["ready"] is True, answer.json()
    assert answer.status_code == 200


def test_readyz_names_a_worker_that_was_never_seen(client, db, broker):
    WorkerSeen.objects.create(queue="cpu", at=timezone.now())

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["parts"]["cpu_worker"]["ok"]
    assert "gpu worker has never been seen" in answer.json()["parts"]["gpu_worker"]["problem"]


def test_readyz_says_since_when_a_worker_is_silent(client, both_workers_seen, broker):
    WorkerSeen.objects.filter(queue="gpu").update(at=timezone.now() - timedelta(minutes=5))

    part = client.get("/readyz").json()["parts"]["gpu_worker"]

    assert re.match(r"The gpu worker was last seen 30\d s ago, at .* UTC\.", part["problem"])


def test_readyz_without_a_broker_says_so_within_seconds(client, both_workers_seen):
    started = time.monotonic()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "STUDIO_REDIS_URL" in answer.json()["parts"]["broker"]["problem"]
    assert time.monotonic() - started < 4


def test_readyz_says_when_the_disk_is_nearly_full(client, both_workers_seen, broker, monkeypatch):
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 10**18)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "Free some space" in answer.json()["parts"]["disk"]["problem"]


def test_a_beat_of_a_worker_writes_when_each_of_its_queues_was_seen(db, monkeypatch):
    from studio import celery

    monkeypatch.setattr(celery, "_reported_at", float("-inf"))
    monkeypatch.setattr("django.db.connection.close", lambda: None)  # the test's own connection stays
    monkeypatch.setattr(type(app.amqp.queues), "consume_from", {"gpu": None})

    celery.report_worker(sender=None)

    assert timezone.now() - WorkerSeen.objects.get(queue="gpu").at < timedelta(seconds=5)


# Queue


def test_publishing_reaches_the_queue_of_the_task(broker):
    from redis import Redis

    app.send_task("training.tasks.run_training", args=[1])

    with Redis.from_url(broker) as client:
        assert client.llen("gpu") == 1


def test_publishing_without_a_broker_fails_within_two_seconds():
    from kombu.exceptions import OperationalError

    started = time.monotonic()

    with pytest.raises(OperationalError):
        app.send_task("training.tasks.run_training", args=[1])

    assert time.monotonic() - started < 2


def test_every_task_of_the_clock_and_of_the_routes_exists():
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values()} | set(app.conf.task_routes)

    assert named - set(app.tasks) == set()


def test_the_embedded_broker_asks_for_a_password(broker_url):
    from redis import Redis
    from redis.exceptions import AuthenticationError

    port = int(broker_url.rsplit(":", 1)[1].split("/")[0])

    with Redis(port=port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_a_port_somebody_listens_on_is_not_taken():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert embedded_broker.free_port("127.0.0.1", port) != port


def test_commands_in_another_terminal_find_the_broker_of_a_running_studio(tmp_path, monkeypatch):
    from studio import env

    monkeypatch.delenv("STUDIO_REDIS_URL")
    (tmp_path / "broker-url").write_text("redis://:secret@127.0.0.1:7777/0")

    assert env.broker_url(tmp_path) == "redis://:secret@127.0.0.1:7777/0"
    assert env.broker_url(tmp_path / "elsewhere") == env.NO_BROKER


# Processes and checks


def test_web_and_worker_processes_load_no_machine_learning():
    script = (
        "import json, sys, studio.asgi, studio.urls; from studio.celery import app\n"
        "app.loader.import_default_modules()\n"
        "print(json.dumps(sorted({'torch', 'transformers', 'trl', 'datasets'} & set(sys.modules))))"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert set(json.loads(result.stdout)) <= {"scipy.stats"}


def test_ci_runs_the_one_check_command_and_the_tests_on_both_databases():
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if "manage.py" in line]

    assert commands == [
        "python3 manage.py check_all",
        "python3 manage.py test",
        "STUDIO_TEST_DATABASE=postgres python3 manage.py test",
    ]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("fixture", ["db", "transactional_db", "live_server", "broker"])
def test_the_second_run_takes_the_tests_that_ask_for_a_database(fixture):
    """No other test can differ between the two: pytest-django refuses it a connection."""
    asking = SimpleNamespace(fixturenames=["page", fixture], get_closest_marker=lambda name: None)

    assert conftest.asks_for_a_database(cast(pytest.Item, asking)) == (fixture != "broker")


def test_the_files_that_take_longest_start_first(request):
    starts: dict[str, int] = {}
    for place, item in enumerate(request.session.items):
        starts.setdefault(conftest.kept_together(item.nodeid), place)
    seconds = [
        sum(conftest.seconds_of(i) for i in request.session.items if conftest.kept_together(i.nodeid) == name)
        for name in starts
    ]

    assert seconds == sorted(seconds, reverse=True)


def test_tests_reach_no_other_machine():
    import socket

    with socket.socket() as outside, pytest.raises(Exception, match="tests reach this machine only"):
        outside.connect(("192.0.2.1", 80))
