"""Whose work a text is: whoever wrote or edited it never judges it."""

from __future__ import annotations

from django.contrib.auth.models import User

from curation.domain import review
from curation.models import Example, Revision


def writers_of(example: Example) -> set[int]:
    """Ids of those who wrote or edited the present text; a change that was taken back counts for nobody."""
    history = Revision.objects.filter(example=example).order_by("number")
    return review.writers(history.values_list("author", "content_hash"))


def is_work_of(user: User, example: Example) -> bool:
    return user.pk in writers_of(example)


def may_mend(reviewer: User, example: Example) -> bool:
    """Whether it is another person's text, or one that this reviewer mended and nobody touched since."""
    mended = example.endorsed and example.written_by_id == reviewer.pk
    return mended or not is_work_of(reviewer, example)
