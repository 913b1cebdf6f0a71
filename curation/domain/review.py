"""Approval is computed from what reviewers said about exactly this text; nothing can go stale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["approve", "request_changes", "reject"]
Status = Literal["needs_review", "approved", "changes_requested", "rejected", "set_aside"]


@dataclass(frozen=True)
class ReviewFact:
    reviewer: str
    verdict: str
    content_hash: str  # the text that was on the reviewer's screen


def status(content_hash: str, reviews: Sequence[ReviewFact], *, set_aside: bool = False) -> Status:
    """What reviewers think of this text: the last word of each counts, the strictest decides.

    Args:
        reviews: In the order they were given. Reviews of other texts are ignored, so an edit withdraws all.
        set_aside: A person kept a duplicate of this text instead. Only a rejection says more.
    """
    last_words = {r.reviewer: r.verdict for r in reviews if r.content_hash == content_hash}
    if "reject" in last_words.values():
        return "rejected"
    if set_aside:
        return "set_aside"
    if "request_changes" in last_words.values():
        return "changes_requested"
    return "approved" if last_words else "needs_review"


def is_approved(content_hash: str, reviews: Sequence[ReviewFact]) -> bool:
    return status(content_hash, reviews) == "approved"
