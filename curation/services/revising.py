"""An example's history: what each revision changed, and an older text brought back as a new revision."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from curation.domain.changes import Change, change
from curation.models import Example, Revision
from curation.services import auditing, authoring


@dataclass(frozen=True)
class Told:
    revision: Revision
    change: Change  # from the revision before it


class RestoreRefused(Exception):
    """Nothing was changed; the message says why and what to do."""


def revisions_of(example: Example) -> QuerySet[Revision]:
    """Newest first, with what `told` needs."""
    rows = example.revisions.select_related("author", "parent").order_by("-number")
    return rows.defer("findings", "parent__findings")


def told(revision: Revision) -> Told:
    return Told(revision, change(revision.parent.text if revision.parent else None, revision.text))


@transaction.atomic
def restore(*, example: Example, number: int, author: User, base_hash: str) -> Revision | None:
    """Make the text of an older revision the next one. None where the example has that text now.

    Args:
        base_hash: content_hash of the text that the author saw as the present one.

    Raises:
        RestoreRefused: Somebody saved since, or the old text breaks today's rules.
        Revision.DoesNotExist
    """
    text = example.revisions.get(number=number).text
    note = f"restored revision {number}"
    try:
        saved = authoring.write(
            author=author,
            path=example.path,
            text=text,
            base_hash=base_hash,
            note=note,
            logged=False,
            pool=example.pool,
        )
    except authoring.OtherText as other:
        newest = revisions_of(example)[0]
        raise RestoreRefused(
            f"{newest.author.get_username()} saved revision {newest.number} of {example.path} after you "
            "opened it. Nothing was restored: compare the two, then restore again."
        ) from other
    if not saved.ok:
        error = authoring.sorted_by_line(saved.problems)[0]
        raise RestoreRefused(
            f"Revision {number} breaks today's rules: line {error.line}: {error.message} "
            "Nothing was restored: copy its source into the editor and mend it there."
        )
    if saved.revision:
        auditing.record(
            actor=author,
            action="example.restore",
            subject=example,
            restored=number,
            revision=saved.revision.number,
        )
    return saved.revision
