"""A draft whose example somebody else saved meanwhile: the three texts, and what becomes of them.

The author's text stays in the draft until the merged one is a revision.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from curation.domain.merging import Piece, merge
from curation.models import Draft, Example, Revision
from curation.services import auditing, authoring, drafting


@dataclass(frozen=True)
class Sides:
    """`base` is None where no revision has the text that the draft began with."""

    base: Revision | None
    theirs: Revision
    mine: str
    pieces: tuple[Piece, ...]


def sides_of(draft: Draft, example: Example) -> Sides:
    """What the example's text is now, beside the draft of it."""
    revisions = example.revisions.select_related("author").order_by("-number")
    base = revisions.filter(content_hash=draft.base_hash).first()
    theirs = revisions[0]
    return Sides(base, theirs, draft.text, merge(base.text if base else None, theirs.text, draft.text))


def save(draft: Draft, *, text: str, theirs_hash: str, note: str = "") -> authoring.Saved:
    """Save the merged text as a revision on top of theirs; then the draft is gone. With errors it stays.

    Args:
        theirs_hash: content_hash of the text that was merged with the author's.

    Raises:
        StaleText: Somebody saved once more. The merged text is now the draft, and theirs what it began with.
    """
    assert draft.example
    example, theirs = draft.example, draft.example.revisions.filter(content_hash=theirs_hash).last()
    note = note or (f"merged with revision {theirs.number}" if theirs else "merged")
    try:
        with transaction.atomic():
            saved = authoring.write(
                logged=False,
                author=draft.author,
                path=example.path,
                text=text,
                base_hash=theirs_hash,
                note=note,
                draft=draft,
                pool=example.pool,
            )
            if saved.revision:
                auditing.record(
                    actor=draft.author,
                    action="example.merge",
                    subject=example,
                    revision=saved.revision.number,
                    theirs=theirs_hash,
                    base=draft.base_hash,
                )
    except authoring.OtherText as other:
        kept = keep(draft, text=text, theirs_hash=theirs_hash)
        raise authoring.StaleText(other.example, mine=text, theirs=other.theirs, draft=kept) from other
    return saved


def keep(draft: Draft, *, text: str, theirs_hash: str) -> Draft:
    """Go on from the merged text without saving it: it replaces the draft's own."""
    return drafting.keep(draft, text=text, base_hash=theirs_hash)
