"""Approval is computed from what reviewers said about exactly this text; nothing can go stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

Writer = TypeVar("Writer")
Verdict = Literal["approve", "request_changes", "reject", "withdrawn"]
Status = Literal["needs_review", "approved", "changes_requested", "disputed", "rejected", "set_aside"]

_STATUS: dict[str, Status] = {
    "approve": "approved",
    "request_changes": "changes_requested",
    "reject": "rejected",
}
_STRICTEST_FIRST = ("reject", "request_changes", "approve")


@dataclass(frozen=True)
class ReviewFact:
    reviewer: str | int
    verdict: str
    content_hash: str  # the text that was on the reviewer's screen
    adjudicates: bool = False  # settles what others disagreed about
    label: str = ""  # the generations that the reviewer finds right, as words; "" says nothing about them


def standing(content_hash: str, reviews: Iterable[ReviewFact]) -> list[ReviewFact]:
    """The last word of each reviewer about this text, without those who took theirs back, in order given."""
    last_words: dict[str | int, ReviewFact] = {}
    for fact in reviews:
        if fact.content_hash == content_hash:
            last_words.pop(fact.reviewer, None)
            last_words[fact.reviewer] = fact
    return [fact for fact in last_words.values() if fact.verdict != "withdrawn"]


def status(
    content_hash: str, reviews: Sequence[ReviewFact], *, needed: int = 1, set_aside: bool = False
) -> Status:
    """What reviewers think of this text.

    Args:
        reviews: In the order they were given. Reviews of other texts are ignored, so an edit withdraws all.
        needed: Reviewers who have to judge it. With one, the strictest verdict decides. With more, nothing
            is decided before all have spoken, and then they must agree, or an adjudication settles it.
        set_aside: A person kept a duplicate of this text instead. Only a rejection says more.
    """
    words = standing(content_hash, reviews)
    decided = _decided(words, needed)
    if decided == "rejected" or not set_aside:
        return decided
    return "set_aside"


def _decided(words: Sequence[ReviewFact], needed: int) -> Status:
    if settled := [word for word in words if word.adjudicates]:
        return _STATUS[settled[-1].verdict]
    if not words or len(words) < needed:
        return "needs_review"
    verdicts = {word.verdict for word in words}
    if needed > 1 and len(verdicts) > 1:
        return "disputed"
    return next(_STATUS[verdict] for verdict in _STRICTEST_FIRST if verdict in verdicts)


def is_blind(verdicts: int, *, needed: int) -> bool:
    """Whether the verdicts that stand on a text are still hidden from everybody else: more are to come."""
    return needed > 1 and verdicts < needed


def blind_round(content_hash: str, reviews: Iterable[ReviewFact], *, needed: int) -> list[ReviewFact]:
    """The verdicts on this text that were given before any reviewer could see another's.

    Those that stood at the moment when the last one needed came; [] before it, and where one reviewer is
    enough, because a second one sees what the first said.
    """
    words: dict[str | int, ReviewFact] = {}
    for fact in reviews:
        if needed < 2 or fact.adjudicates:
            break
        if fact.content_hash == content_hash:
            words.pop(fact.reviewer, None)
            if fact.verdict != "withdrawn":
                words[fact.reviewer] = fact
        if len(words) >= needed:
            return list(words.values())
    return []


def writers(history: Iterable[tuple[Writer, str]]) -> set[Writer]:
    """Who wrote or edited the newest text. A change that was taken back whole is nobody's work in it.

    Args:
        history: (who, content_hash) of each revision, oldest first.
    """
    way: list[str] = []  # the texts that led to the newest one, without the loops
    wrote: dict[str, set[Writer]] = {}
    for who, text in history:
        if text in way:
            del way[way.index(text) + 1 :]
        else:
            way.append(text)
            wrote.setdefault(text, set()).add(who)
    return {who for text in way for who in wrote[text]}
