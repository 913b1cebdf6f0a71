"""How far reviewers agree, from verdicts on one text that were given without seeing each other's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from curation.domain import krippendorff, review
from curation.domain.krippendorff import Alpha
from curation.domain.labels import GENERATIONS, generation_label
from curation.domain.review import ReviewFact
from curation.models import Review

MOST_REVIEWS = 4_000  # the newest; intervals are narrow by then, and the page takes a tenth of a second


@dataclass(frozen=True)
class JudgedText:
    """The newest text of an example that was judged blind by two or more."""

    example_id: int
    content_hash: str
    votes: tuple[ReviewFact, ...]

    @property
    def labels(self) -> list[str]:
        return [vote.label for vote in self.votes if vote.label]


@dataclass(frozen=True)
class Confusion:
    """Two labels that reviewers gave to the same text, and how often."""

    one: str
    other: str
    pairs: int


def judged_texts() -> list[JudgedText]:
    """One an example, newest verdict first."""
    rows = Review.objects.filter(example__reviews_needed__gte=2, example__pool="").order_by("-pk")
    columns = (
        "example_id",
        "content_hash",
        "example__reviews_needed",
        "reviewer_id",
        "verdict",
        "adjudicates",
        "generations",
    )
    said: dict[tuple[int, str], list[ReviewFact]] = defaultdict(list)
    needed_of: dict[int, int] = {}
    for example, text, needed, who, verdict, settles, label in rows.values_list(*columns)[:MOST_REVIEWS]:
        said[example, text].append(ReviewFact(who, verdict, text, settles, generation_label(label)))
        needed_of[example] = needed
    found: dict[int, JudgedText] = {}
    for (example, text), facts in said.items():  # those judged last come first
        votes = review.blind_round(text, reversed(facts), needed=needed_of[example])
        if votes and example not in found:
            found[example] = JudgedText(example, text, tuple(votes))
    return list(found.values())


def label_alphas(texts: Sequence[JudgedText]) -> dict[str, Alpha]:
    """For each label: do reviewers agree whether it is one of a text's?"""
    return {
        word: krippendorff.measure([word in label.split() for label in text.labels] for text in texts)
        for word in ("all", *GENERATIONS)
    }


def verdict_alpha(texts: Sequence[JudgedText]) -> Alpha:
    """Do reviewers agree whether a text is approved?"""
    return krippendorff.measure([vote.verdict == "approve" for vote in text.votes] for text in texts)


def confusions(texts: Sequence[JudgedText]) -> tuple[list[Confusion], int]:
    """Labels that two reviewers of one text gave instead of each other, the most frequent first; and how many
    pairs of votes there are."""
    pairs = [tuple(sorted(pair)) for text in texts for pair in combinations(text.labels, 2)]
    counted = Counter(pair for pair in pairs if pair[0] != pair[1])
    rows = [Confusion(one, other, times) for (one, other), times in counted.items()]
    return sorted(rows, key=lambda row: (-row.pairs, row.one, row.other)), len(pairs)


def split_texts(texts: Sequence[JudgedText]) -> list[JudgedText]:
    """Those about whose label or approval reviewers disagreed."""
    return [
        text
        for text in texts
        if len(set(text.labels)) > 1 or len({vote.verdict == "approve" for vote in text.votes}) > 1
    ]
