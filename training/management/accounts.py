"""On whose behalf a command acts."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management import CommandError
from django.db.models import Q


def find_user(name: str | None) -> User:
    if name:
        if user := User.objects.filter(username=name, is_active=True).first():
            return user
        raise CommandError(f'There is no active account "{name}". Name an existing one with --user.')
    maintainers = Q(groups__name="maintainer") | Q(is_superuser=True)
    if user := User.objects.filter(maintainers, is_active=True).order_by("pk").first():
        return user
    raise CommandError(
        "No account may start runs yet. Run `python3 manage.py up` once, or name one with --user."
    )
