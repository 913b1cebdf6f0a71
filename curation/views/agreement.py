"""How far reviewers agree: alpha for each label and for approval, what is confused, what is disputed."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from curation.domain import krippendorff
from curation.domain.krippendorff import Alpha
from curation.models import Example
from curation.services import agreeing
from curation.services.agreeing import JudgedText
from studio.http import SignedInRequest

MOST_SPLIT, MOST_CONFUSIONS = 50, 15  # rows that are shown
CHIPS = {
    "reliable": "good",
    "tentative": "warn",
    "not reliable": "bad",
    "too few": "",
    "no variation": "",
    "no data": "",
}
VERDICT_WORDS = {"approve": "approved", "request_changes": "changes requested", "reject": "rejected"}


@dataclass(frozen=True)
class Row:
    name: str
    alpha: Alpha
    chip: str
    reading: str


@dataclass(frozen=True)
class SplitRow:
    example: Example
    said: tuple[tuple[str, str, str], ...]  # who, verdict, label


@require_safe
def agreement(request: SignedInRequest) -> HttpResponse:
    texts = agreeing.judged_texts()
    confusions, pairs = agreeing.confusions(texts)
    split = agreeing.split_texts(texts)
    context = {
        "texts": len(texts),
        "rows": [_row("approved or not", agreeing.verdict_alpha(texts))]
        + [_row(word, alpha) for word, alpha in agreeing.label_alphas(texts).items()],
        "confusions": [
            (_words(row.one), _words(row.other), row.pairs) for row in confusions[:MOST_CONFUSIONS]
        ],
        "more_confusions": len(confusions[MOST_CONFUSIONS:]),
        "pairs": pairs,
        "split": _split_rows(split[:MOST_SPLIT]),
        "splits": len(split),
        "disputed": Example.objects.with_status_in("disputed").count(),
        "asked": Example.objects.filter(reviews_needed__gte=2).count(),
        "draws": krippendorff.DRAWS,
        "most_reviews": agreeing.MOST_REVIEWS,
    }
    return render(request, "curation/agreement.html", context)


def _row(name: str, alpha: Alpha) -> Row:
    return Row(name, alpha, CHIPS[alpha.word], krippendorff.reading(alpha))


def _words(label: str) -> str:
    return ", ".join(label.split())


def _split_rows(texts: list[JudgedText]) -> list[SplitRow]:
    examples = Example.objects.in_bulk([text.example_id for text in texts])
    people = User.objects.in_bulk({vote.reviewer for text in texts for vote in text.votes})
    return [
        SplitRow(
            examples[text.example_id],
            tuple(
                (
                    people[int(vote.reviewer)].get_username(),
                    VERDICT_WORDS[vote.verdict],
                    _words(vote.label),
                )
                for vote in text.votes
            ),
        )
        for text in texts
    ]
