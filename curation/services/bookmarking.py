"""Saved views: filters of the list of examples under a name, for oneself or for everybody."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, Q, QuerySet, When

from curation.models import SavedView
from curation.services import auditing

MOST = 40  # views of one person
MAX_NAME, MAX_QUERY = 60, 1000  # characters; the widths of the columns


class NotSaved(Exception):
    """Nothing was changed; the message says why."""


def visible_to(user: User) -> QuerySet[SavedView]:
    """One's own, then those that others share, by name."""
    views = SavedView.objects.filter(Q(owner=user) | Q(shared=True)).select_related("owner")
    return views.order_by(Case(When(owner=user, then=0), default=1), "name", "pk")


@transaction.atomic
def save(*, owner: User, name: str, query: str, shared: bool) -> SavedView:
    """Keep the filters of this query string under a name.

    Raises:
        NotSaved: the name is taken, or there are too many.
    """
    User.objects.select_for_update().get(pk=owner.pk)  # so that two requests at once see each other
    if SavedView.objects.filter(owner=owner).count() >= MOST:
        raise NotSaved(f"You have {MOST} saved views: delete one first.")
    _refuse_taken(owner, name)
    view = SavedView.objects.create(owner=owner, name=name, query=query, shared=shared)
    auditing.record(actor=owner, action="view.save", subject=view, query=query, shared=shared)
    return view


@transaction.atomic
def change(*, view: SavedView, name: str, shared: bool) -> SavedView:
    """Give one's own view another name, or share it, or keep it to oneself.

    Raises:
        NotSaved: the name is taken.
    """
    User.objects.select_for_update().get(pk=view.owner_id)
    _refuse_taken(view.owner, name, but=view.pk)
    before = {"name": view.name, "shared": view.shared}
    view.name, view.shared = name, shared
    view.save(update_fields=["name", "shared"])
    auditing.record(actor=view.owner, action="view.change", subject=view, shared=shared, before=before)
    return view


@transaction.atomic
def delete(view: SavedView) -> None:
    """Forget one's own view; no example changes."""
    auditing.record(
        actor=view.owner, action="view.delete", subject=view, query=view.query, shared=view.shared
    )
    view.delete()


def _refuse_taken(owner: User, name: str, but: int | None = None) -> None:
    if SavedView.objects.filter(owner=owner, name=name).exclude(pk=but or 0).exists():
        raise NotSaved(f'You have a view "{name}" already. Choose another name, or delete that one.')
