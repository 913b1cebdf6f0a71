"""General code against forgetting: which examples that are not BBj a dataset version takes, and how many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from curation.domain import blend
from curation.models import GeneralChoice, GeneralExample

CHUNK = 500


@dataclass(frozen=True, slots=True)
class ChosenGeneral:
    """A general example; `path` is what the manifest calls it."""

    pk: int
    path: str
    content_hash: str
    licence: str
    source: str


def last_words() -> dict[str, GeneralChoice]:
    """Source -> the last word on it; of most there is none, and they are taken."""
    return {
        choice.source: choice for choice in GeneralChoice.objects.select_related("chosen_by").order_by("pk")
    }


def available() -> QuerySet[GeneralExample]:
    """Those whose source nobody has taken out."""
    out = [source for source, choice in last_words().items() if not choice.included]
    return GeneralExample.objects.exclude(source__in=out)


def choose(*, rows: int, per_mille: int, seed: int) -> tuple[ChosenGeneral, ...]:
    """As many as make `per_mille` of all training rows, when there are `rows` others; all that there are,
    where these are fewer. In the order of their paths.
    """
    if not (count := blend.needed(rows, per_mille)):
        return ()
    hashes = available().order_by().values_list("content_hash", flat=True)
    wanted = blend.chosen(hashes, seed=seed, count=count)
    found: list[ChosenGeneral] = []
    for start in range(0, len(wanted), CHUNK):
        part = GeneralExample.objects.filter(content_hash__in=wanted[start : start + CHUNK])
        found += (
            ChosenGeneral(row.pk, row.path, row.content_hash, row.licence, row.source)
            for row in part.only("content_hash", "licence", "source")
        )
    return tuple(sorted(found, key=lambda one: (one.path, one.content_hash)))


def texts_of(general: tuple[ChosenGeneral, ...]) -> Iterator[GeneralExample]:
    """Each with its texts, in the order given."""
    for start in range(0, len(general), CHUNK):
        part = general[start : start + CHUNK]
        rows = GeneralExample.objects.in_bulk([one.pk for one in part])
        yield from (rows[one.pk] for one in part)
