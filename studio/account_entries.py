"""Entries of the audit log about accounts: who signed in or failed to, and who changed a role or a password.

They come from Django's signals, since Django's own pages and its admin do these things. Only what a request
does is written: an account that a command makes is known by that command.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import receiver

from curation.services import auditing
from studio.asking import asking, in_request

MAX_NAME = 150  # characters; the width of a user name
SHOWN = ("username", "is_active", "is_staff", "is_superuser")  # before and after stand in the entry
NAMED = ("first_name", "last_name", "email")  # a person's own: the entry says only that they changed
MEMBERS = {
    User.groups.through: ("account.roles", Group),
    User.user_permissions.through: ("account.permissions", Permission),
    Group.permissions.through: ("group.permissions", Permission),
}


@receiver(user_logged_in)
def _signed_in(user: User, **_: Any) -> None:
    if in_request():
        auditing.record(actor=user, action="account.sign_in", subject=user)


@receiver(user_logged_out)
def _signed_out(user: User | None, **_: Any) -> None:
    if user and in_request():
        auditing.record(actor=user, action="account.sign_out", subject=user)


@receiver(user_login_failed)
def _failed(credentials: dict[str, Any], **_: Any) -> None:
    if in_request():
        tried = str(credentials.get("username", "")).replace("\0", "")[:MAX_NAME]
        auditing.record(actor=None, action="account.sign_in_failed", tried=tried)


@receiver(pre_save, sender=User)
def _remember(instance: User, update_fields: Any, **_: Any) -> None:
    if in_request() and instance.pk and update_fields is None:
        instance._audit_before = User.objects.filter(pk=instance.pk).first()  # type: ignore[attr-defined]


@receiver(post_save, sender=User)
def _saved(instance: User, created: bool, **_: Any) -> None:
    before = instance.__dict__.pop("_audit_before", None)
    if not in_request():
        return
    if created:
        auditing.record(actor=asking(), action="account.create", subject=instance)
        return
    if before is None:  # signing in notes its time
        return
    shown = {
        name: [getattr(before, name), getattr(instance, name)]
        for name in SHOWN
        if getattr(before, name) != getattr(instance, name)
    }
    named = [name for name in NAMED if getattr(before, name) != getattr(instance, name)]
    if shown or named:
        auditing.record(actor=asking(), action="account.change", subject=instance, changed=shown, also=named)
    if before.password != instance.password:
        auditing.record(actor=asking(), action="account.password", subject=instance)


@receiver(post_save, sender=Group)
def _group_saved(instance: Group, created: bool, **_: Any) -> None:
    if in_request():
        action = "group.create" if created else "group.change"
        auditing.record(actor=asking(), action=action, subject=instance)


@receiver(post_delete, sender=User)
@receiver(post_delete, sender=Group)
def _deleted(sender: type[Model], instance: Model, **_: Any) -> None:
    if in_request():
        action = "account.delete" if sender is User else "group.delete"
        auditing.record(actor=asking(), action=action, subject=instance)


@receiver(m2m_changed)
def _members(
    sender: type[Model], instance: Model, action: str, reverse: bool, pk_set: set[int] | None, **_: Any
) -> None:
    """Roles of an account, or permissions: each set of additions or removals is an entry."""
    if sender not in MEMBERS or not in_request():
        return
    name, others = MEMBERS[sender]
    if action in ("post_add", "post_remove") and pk_set:
        added = "added" if action == "post_add" else "removed"
        rows = (User if reverse and others is Group else others)._default_manager.filter(pk__in=pk_set)
        detail: dict[str, Any] = {added: sorted(str(row) for row in rows)}
        auditing.record(actor=asking(), action=name, subject=instance, **detail)
    elif action == "pre_clear":
        auditing.record(actor=asking(), action=name, subject=instance, removed="all")
