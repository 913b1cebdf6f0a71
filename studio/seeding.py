"""What a new studio starts with: roles, the shipped examples with their review, and a first login."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction

from curation.models import Example, Snapshot
from curation.services import gating, importing, reindexing, reviewing, snapshotting, standing
from studio import env
from studio.roles import ROLES
from training.models import Run
from training.services import launching

AUTHORS, REVIEWERS = "studio-authors", "studio-reviewers"
SHIPPED_LICENCE = "Apache-2.0"
FIRST_USER = "owner"
WHY_IN_SPITE_OF_WARNINGS = "shipped examples: a rehearsal of the loop, whose score says nothing about BBj"
FIRST_LOGIN_FILE = settings.VAR / "first-login"


def role_account(name: str, role: str) -> User:
    """An account that stands for the makers of the shipped data; nobody can sign in with it."""
    user, new = User.objects.get_or_create(username=name)
    if new:
        user.set_unusable_password()
        user.save()
        user.groups.add(Group.objects.get(name=role))
    return user


@transaction.atomic
def make_roles() -> None:
    for role in ROLES:
        Group.objects.get_or_create(name=role)


def import_shipped() -> importing.ImportResult:
    """Examples, raw corpus and test tasks of training-data/. Unchanged files change nothing."""
    plan = importing.plan_import(settings.STUDIO_TRAINING_DATA)
    result = importing.run_import(
        plan, author=role_account(AUTHORS, "maintainer"), note="shipped with the studio"
    )
    importing.import_corpus(
        settings.STUDIO_TRAINING_DATA, licence=SHIPPED_LICENCE, source="shipped with BBj Studio"
    )
    import_tasks()
    return result


def import_tasks() -> int:
    """The shipped test tasks, as the first set and as rows to review and edit. Returns how many rows are new.

    Raises:
        importing.TasksRefused: A task has errors; nothing was written.
    """
    importing.import_tasks(settings.STUDIO_TRAINING_DATA)
    return importing.import_task_examples(
        settings.STUDIO_TRAINING_DATA, author=role_account(AUTHORS, "maintainer")
    )


def approve_shipped() -> int:
    """Record the review that the shipped examples and tasks had before they were shipped. Returns how many.

    Only texts that are byte for byte what the studio's own account imported, and that nobody has judged
    yet: a text a person wrote or edited waits for a person.
    """
    reviewer = role_account(REVIEWERS, "reviewer")
    waiting = Example.everything.with_status_in("needs_review").filter(head__author__username=AUTHORS)
    for example in waiting:
        reviewing.record_review(
            example=example,
            reviewer=reviewer,
            verdict="approve",
            content_hash=example.content_hash,
            reason="reviewed by the makers of the studio before it was shipped",
        )
    return len(waiting)


def seed() -> list[str]:
    """Everything a new studio starts with; harmless to call again. Returns a sentence a step."""
    make_roles()
    if not reindexing.is_complete():  # made by an older studio
        reindexing.describe_all()
        standing.refresh_all()
    result = import_shipped()
    approved = approve_shipped()
    return [
        f"{result.created} examples imported, {result.unchanged} unchanged, {result.refused} refused",
        f"{approved} shipped examples and test tasks approved by {REVIEWERS}",
    ]


def first_login() -> tuple[str, str] | None:
    """Make the first account with a random password, or None when people can sign in already.

    The password is returned once and kept in var/first-login, which only the owner of the file may read.
    """
    if User.objects.exclude(username__in=[AUTHORS, REVIEWERS]).exists():
        return None
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        make_roles()
        owner = User.objects.create_superuser(FIRST_USER, password=password)
        owner.groups.set(Group.objects.filter(name__in=["maintainer", "admin"]))
        env.write_private(FIRST_LOGIN_FILE, f"user name: {FIRST_USER}\npassword:  {password}\n")
    return FIRST_USER, password


def freeze_shipped() -> Snapshot:
    """The dataset version of everything approved now; the same content gives the same version."""
    name = f"v{Snapshot.objects.count() + 1}"
    author = role_account(AUTHORS, "maintainer")
    return snapshotting.freeze(name=name, author=author, waivers={gating.ANY: WHY_IN_SPITE_OF_WARNINGS})


def queue_first_rehearsal() -> Run | None:
    """Freeze the shipped examples and queue a rehearsal, so that a newcomer sees a run without a click."""
    if Run.objects.exists():
        return None
    return launching.launch(
        snapshot=freeze_shipped(),
        recipe_name="rehearsal",
        author=role_account(AUTHORS, "maintainer"),
        idempotency_key="first-rehearsal",
    )
