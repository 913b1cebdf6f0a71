"""Drafts: what somebody typed and has not saved yet. A draft may hold any text, with any problem."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from curation.domain.tasks import PROGRAM
from curation.models import Draft, Example

MAX_TEXT = 1024 * 1024  # characters; a longer text is no example, and typing it takes a pasted file
COPY = "example:"  # begins the origin of a copy; the path follows
MAX_PATH, MAX_ORIGIN, MAX_ACCEPTED = 200, 100, 200  # characters; the widths of the columns


class DraftTooLong(Exception):
    """The text is longer than MAX_TEXT characters, so it was not kept."""


@transaction.atomic
def open_draft(*, author: User, path: str = "", text: str = "", origin: str = "") -> Draft:
    """Open a draft.

    Args:
        path: With neither `text` nor `origin`, the example that has this path is opened for editing.
            Otherwise only the path that the new example shall get.
        origin: Where it came from: "attempt:17". Two drafts from one origin are allowed.
    """
    if path and not (text or origin) and (example := Example.objects.filter(path=path).first()):
        return draft_of(author=author, example=example)
    return new_draft(author=author, path=path, text=text, origin=origin)


def new_draft(
    *,
    author: User,
    path: str = "",
    text: str = "",
    origin: str = "",
    pool: str = "",
    mark: str = PROGRAM,
) -> Draft:
    """A draft of an example that does not exist yet, even when its path is taken: saving will say so.

    Args:
        pool, mark: Of the test task that it shall become.
    """
    path = path.replace("\0", "")[:MAX_PATH]
    return Draft.objects.create(
        author=author,
        path=path,
        text=_storable(text, path),
        origin=origin[:MAX_ORIGIN],
        pool=pool,
        mark=mark,
    )


@transaction.atomic
def draft_of(*, author: User, example: Example) -> Draft:
    """The author's one draft of this example; a new one starts from the present text."""
    if draft := Draft.objects.filter(author=author, example=example).order_by("-pk").first():
        return draft
    head = Example.everything.select_related("head").get(pk=example.pk).head
    assert head  # only inside the transaction that makes it has an example no text
    return Draft.objects.create(
        author=author,
        example=example,
        path=example.path,
        text=head.text,
        base_hash=head.content_hash,
        pool=example.pool,
        mark=example.mark,
    )


def keep(
    draft: Draft,
    *,
    text: str,
    path: str | None = None,
    base_hash: str | None = None,
    accepted: str | None = None,
    mark: str | None = None,
) -> Draft:
    """Keep what was typed so far.

    Args:
        accepted: The labels as they were when their author accepted a suggestion
            (curation.domain.label_advice.label_signature).
        mark: Of a test task.

    Raises:
        DraftTooLong: The text passes MAX_TEXT; the draft keeps what it had.
    """
    draft.text = _storable(text, draft.path)
    if draft.example is not None:
        draft.base_hash = draft.base_hash if base_hash is None else base_hash[:64]
    elif path is not None:
        draft.path = path.replace("\0", "")[:MAX_PATH]
    if accepted is not None:
        draft.accepted_labels = accepted[:MAX_ACCEPTED]
    if mark is not None and draft.pool:
        draft.mark = mark
    draft.save()
    return draft


def _storable(text: str, path: str = "") -> str:
    """Browser line ends become \\n; NUL, which PostgreSQL cannot store, becomes its visible sign."""
    if len(text) > MAX_TEXT:
        raise DraftTooLong(
            f"{path or 'The new example'}: {len(text)} characters; a draft holds at most {MAX_TEXT}. "
            "Copy your text to a file of your own and shorten it."
        )
    return text.replace("\r\n", "\n").replace("\0", "\N{SYMBOL FOR NULL}")


def duplicate(*, author: User, example: Example) -> Draft:
    """A draft of a new example that starts from the present text of another one."""
    assert example.head
    folder, _, name = example.path.rpartition("/")
    path = f"{folder}/{name.removesuffix('.md')[: MAX_PATH // 2]}-copy.md"
    return new_draft(author=author, path=path, text=example.head.text, origin=f"{COPY}{example.path}")


def copied_from(draft: Draft) -> Example | None:
    """The example that a draft began as a copy of."""
    if not draft.origin.startswith(COPY):
        return None
    return Example.objects.filter(path=draft.origin.removeprefix(COPY)).first()


def discard(draft: Draft) -> None:
    """Throw a draft away. Its example, if it has one, stays as it is."""
    draft.delete()
