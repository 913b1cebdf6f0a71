"""Fix and approve: a reviewer mends a text, or its label alone, and finds it right otherwise.

Nobody approves what they edited, so another person confirms it (docs/decisions/0026-fix-and-approve.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction

from curation.domain import labelling, markdown
from curation.domain.composing import CannotSplit
from curation.domain.labels import generation_label, objection
from curation.models import Draft, Example, Revision
from curation.services import authoring, drafting, owning, reviewing, standing


class CannotRelabel(reviewing.Refused):
    """The label cannot be written into this text; the message says why."""


@transaction.atomic
def begin(*, example: Example, reviewer: User) -> Draft:
    """Open the reviewer's draft of this text with the mark that makes the saved text a mended one.

    Raises:
        reviewing.OwnWork: nobody mends what they wrote.
    """
    if not owning.may_mend(reviewer, example):
        raise reviewing.OwnWork(f"You wrote or edited {example.path}: press E and edit it as its author.")
    draft = drafting.draft_of(author=reviewer, example=example)
    draft.mends = True
    draft.save(update_fields=["mends"])
    return draft


@transaction.atomic
def relabel(
    *, example: Example, reviewer: User, generations: Sequence[str], content_hash: str
) -> Revision | None:
    """Write another generation label into the text and change nothing else. None where it says so already.

    Of a migration it is the label of the After code.

    Raises:
        reviewing.Refused: the text changed, it is the reviewer's own, or it can have no such label.
    """
    current = standing.lock([example.pk])[example.pk]
    if content_hash != current.content_hash:
        raise reviewing.StaleReview(f"{current.path} changed after you opened it. Read the new text first.")
    if not owning.may_mend(reviewer, current):
        raise reviewing.OwnWork(f"You wrote or edited {current.path}: change its label in the editor.")
    text = current.revisions.latest("number").text
    doc = markdown.parse(text, path=current.path).doc
    if doc is None:
        raise CannotRelabel(f"{current.path} breaks today's format. Press E and mend it in the editor.")
    part = labelling.parts_of(doc)[-1]
    if says := labelling.refusal(part, generations):
        raise CannotRelabel(f"{says} {current.path} keeps its label.")
    try:
        relabelled = labelling.with_labels(doc, {part.name: generations})
    except CannotSplit as error:
        raise CannotRelabel(f"{error} Press E and change the label in the editor.") from error
    note = objection(current.generation_label, generation_label(generations))
    saved = authoring.write(
        author=reviewer,
        path=current.path,
        text=relabelled,
        base_hash=content_hash,
        note=note,
        endorsed=True,
        pool=current.pool,
    )
    if not saved.ok:
        raise CannotRelabel(f"{saved.problems[0].message} Press E and mend it in the editor.")
    return saved.revision


def before(example: Example) -> Revision | None:
    """The text that reviewers mended until it was the present one; None when nobody did."""
    if not example.endorsed:
        return None
    written = example.revisions.filter(endorsed=False)
    return written.select_related("author").order_by("-number").first()
