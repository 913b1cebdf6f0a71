"""A worker that is killed in the middle of an import, as the kernel kills it: nothing is half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from curation.models import Example, ImportItem, ImportJob, Revision
from curation.services import queueing, uploading
from tests import makers
from tests.chatml_set import SMALL, chatml_set

# Takes the job's next step and dies as soon as {place} is called for the second time.
DIES = """\
import os, signal
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
django.setup()
from curation.services import checking, queueing, storing, working

calls = []
real = {place}
def dies(*arguments):
    calls.append(arguments)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)

{place} = dies
checking.BATCH = storing.BATCH = 20
working.carry_out(queueing.claim({job}, "doomed:1"))
"""


def killed_at(place: str, job: ImportJob) -> int:
    environment = {**os.environ, "TEST_DATABASE": str(connection.settings_dict["NAME"])}
    environment["DJANGO_SETTINGS_MODULE"] = "studio.settings"
    program = DIES.format(place=place, job=job.pk)
    return subprocess.run([sys.executable, "-c", program], env=environment, cwd=settings.ROOT).returncode


def finished(job: ImportJob) -> ImportJob:
    """The job after the reaper took it back and another worker did the step."""
    ImportJob.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert queueing.reap() == [job.pk]
    return makers.worked(job)


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_nothing_half_written(tmp_path):
    file = makers.put(tmp_path, "set.jsonl", chatml_set(SMALL).data)
    job = uploading.open_job(
        kind="chatml",
        name=file.name,
        source=file,
        author=makers.user("maintainer"),
        size_bytes=file.stat().st_size,
    )

    assert killed_at("checking._write", job) == -signal.SIGKILL
    assert job.items.count() == 20  # one batch of a check that nobody has seen
    assert finished(job).state == "ready"
    assert job.items.count() == 90

    queueing.confirm(job)
    assert killed_at("storing._store_examples", job) == -signal.SIGKILL
    assert not Example.objects.exists()
    assert not ImportItem.objects.exclude(outcome="").exists()
    assert finished(job).state == "done"
    assert Example.objects.count() == Revision.objects.count() == 63
    assert job.failure_message == ""
