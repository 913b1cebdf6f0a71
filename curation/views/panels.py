"""The review panel of an example, which stands on its page and on the review screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from curation.domain.labels import KEYED_LABELS
from curation.forms.reviews import CommentForm, FixForm, ReviewForm
from curation.models import Comment, Example, Revision
from curation.services import amending, assigning, owning, resolving, reviewing, storing, surveying, waiving
from curation.views.diffing import ShownDiff, near_changes, shown_diff
from studio.http import SignedInRequest

IN_QUEUE = "queue"  # the value of the hidden field `from` on the review screen


@dataclass(frozen=True)
class LabelChoice:
    """One label that a reviewer can find right; `key` is "" for the text's own where no key stands for it."""

    value: str
    words: str
    key: str
    chosen: bool
    written: bool  # the text says so


@dataclass(frozen=True)
class Remark:
    comment: Comment
    line: str  # the line it is about, as it is now; "" for a remark on all of it or on an earlier text
    earlier: bool


@dataclass(frozen=True)
class Against:
    """What changed since another text of this example."""

    says: str
    diff: ShownDiff
    open: bool


def panel_context(
    request: SignedInRequest,
    example: Example,
    *,
    form: FixForm | None = None,
    comment: CommentForm | None = None,
    in_queue: bool = False,
) -> dict[str, Any]:
    """What _review_panel.html needs."""
    shown = reviewing.shown_reviews(example, request.user)
    text = {"content_hash": example.content_hash}
    form = form or ReviewForm(initial=text | {"generations": example.generation_label})
    own_work = owning.is_work_of(request.user, example)
    status = reviewing.status_of(example)
    present = [review for review in shown.reviews if review.content_hash == example.content_hash]
    assigned = list(example.assignments.select_related("reviewer"))
    return {
        "example": example,
        "form": form,
        "choices": label_choices(example, form["generations"].value() or example.generation_label),
        "status": status,
        "shown": shown,
        "settled": next((row for row in present if row.adjudicates and row.verdict != "withdrawn"), None),
        "may_settle": status == "disputed" and reviewing.may_judge(request.user, example),
        "remarks": remarks_of(example, shown.comments),
        "remarked": {row.line for row in shown.comments if row.content_hash == example.content_hash},
        "comment": comment or CommentForm(initial=text),
        "own_work": own_work,
        "mended": amending.before(example) and example.head,
        "assigned": assigned,
        "askable": assigning.askable(example),
        "most_needed": range(1, assigning.MOST_NEEDED + 1),
        "near": len(surveying.near_to(example)),
        "kept_instead": resolving.kept_instead(example),
        "suspects": waiving.suspects(example),
        "source_line": storing.place_of(example.head.origin) if example.head else None,
        "in_queue": IN_QUEUE if in_queue else "",
        "panel_target": "#review-screen" if in_queue else "#review-panel",
    }


def label_choices(example: Example, chosen: Any) -> list[LabelChoice]:
    """The labels that have a key, and the text's own."""
    written = example.generation_label
    keys = {label: str(number) for number, label in enumerate(KEYED_LABELS, 1)}
    values = [*KEYED_LABELS, *([written] if written and written not in keys else [])]
    picked = " ".join(chosen) if isinstance(chosen, list) else chosen
    return [
        LabelChoice(value, " + ".join(value.split()), keys.get(value, ""), value == picked, value == written)
        for value in values
    ]


def remarks_of(example: Example, comments: Sequence[Comment]) -> list[Remark]:
    lines = example.head.text.split("\n") if example.head else []
    remarks = []
    for comment in comments:
        earlier = comment.content_hash != example.content_hash
        line = lines[comment.line - 1].strip() if comment.line and not earlier else ""
        remarks.append(Remark(comment, line, earlier))
    return remarks


def against(example: Example, viewer: User, on_screen: str = "") -> Against | None:
    """What is new to this viewer: since the text on their screen, the one a reviewer mended, or one judged.

    Args:
        on_screen: content_hash of the text for which a verdict came too late.
    """
    assert example.head

    def since(revision: Revision | None, says: str, *, open: bool) -> Against | None:
        if revision is None or revision.content_hash == example.content_hash:
            return None
        assert example.head
        return Against(says, near_changes(shown_diff(revision.text, example.head.text)), open)

    if on_screen and (
        found := since(_text(example, on_screen), "the text that was on your screen", open=True)
    ):
        return found
    if original := amending.before(example):
        return since(original, f"the text of {original.author.get_username()}, which was mended", open=True)
    if judged := reviewing.judged_before(example, viewer):
        who = "you" if judged.reviewer_id == viewer.pk else judged.reviewer.get_username()
        return since(_text(example, judged.content_hash), f"the text that {who} judged", open=False)
    return None


def _text(example: Example, content_hash: str) -> Revision | None:
    return example.revisions.filter(content_hash=content_hash).order_by("-number").first()
