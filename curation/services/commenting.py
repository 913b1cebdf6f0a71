"""Remarks on an example that decide nothing. They are only ever added: whoever answers can count on them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from curation.models import Comment, Example
from curation.services import auditing

MAX_TEXT = 2000  # characters


class NotCommented(Exception):
    """Nothing was written; the message is for the author."""


@transaction.atomic
def comment(
    *, example: Example, author: User, text: str, content_hash: str, line: int | None = None
) -> Comment:
    """Write a remark about the text with this hash, or about one line of it, counted from 1 in the file.

    Raises:
        NotCommented: it is empty or too long, the text changed, or it has no such line.
    """
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise NotCommented(f"A comment has from 1 to {MAX_TEXT:,} characters; this one has {len(text):,}.")
    current = Example.everything.select_for_update(of=("self",)).select_related("head").get(pk=example.pk)
    assert current.head
    if content_hash != current.content_hash:
        raise NotCommented(f"{current.path} changed after you opened it. Read the new text first.")
    lines = current.head.text.count("\n") + 1
    if line is not None and not 1 <= line <= lines:
        raise NotCommented(f"{current.path} has no line {line}: write one from 1 to {lines}, or none.")
    written = Comment.objects.create(
        example=current, content_hash=content_hash, line=line, author=author, text=text
    )
    auditing.record(
        actor=author,
        action="comment.add",
        subject=current,
        comment=written.pk,
        content_hash=content_hash,
        line=line,
        text=text,
    )
    return written
