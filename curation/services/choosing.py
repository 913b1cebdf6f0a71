"""Which conversations a dataset version takes: they have no review, so a second person chooses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from curation.domain.secrets import find_secrets
from curation.models import ChatRecord, ChatRecordChoice
from curation.services import auditing


class NotChosen(Exception):
    """Nothing was chosen; the message says why."""


def conversations() -> QuerySet[Any]:
    """Every ChatRecord with `chosen`: the last word on it decides, and nobody's word is no."""
    last = ChatRecordChoice.objects.filter(record=OuterRef("pk")).order_by("-pk").values("chosen")[:1]
    return ChatRecord.objects.annotate(chosen=Coalesce(Subquery(last), Value(False)))


def chosen_conversations() -> list[ChatRecord]:
    """Those that the next dataset version takes, in the order of their paths."""
    return sorted(conversations().filter(chosen=True), key=lambda record: record.path)


@transaction.atomic
def choose(*, records: Sequence[ChatRecord], by: User, chosen: bool) -> int:
    """Take conversations into dataset versions, or out again. Returns for how many that is a change.

    Raises:
        NotChosen: `by` imported one of them, or one holds a secret; then none is chosen.
    """
    for record in records if chosen else ():
        if record.author_id == by.pk:
            raise NotChosen("You imported this conversation: somebody else has to choose it.")
        if found := find_secrets(f"{record.system}\n{record.prompt}\n{record.answer}"):
            raise NotChosen(f'"{record.prompt[:80]}": {found[0].says} It can go into no dataset version.')
    keys = [record.pk for record in records]
    taken = set(conversations().filter(pk__in=keys, chosen=True).values_list("pk", flat=True))
    changed = [record for record in records if (record.pk in taken) != chosen]
    ChatRecordChoice.objects.bulk_create(
        ChatRecordChoice(record=record, chosen=chosen, chosen_by=by) for record in changed
    )
    if changed:
        auditing.record(
            actor=by,
            action="conversation.take" if chosen else "conversation.leave_out",
            subject=changed[0] if len(changed) == 1 else None,
            records=[record.pk for record in changed],
        )
    return len(changed)
