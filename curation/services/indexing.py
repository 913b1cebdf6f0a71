"""The normal forms in this process's memory, for asking which of them a text is near to."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from curation.domain import duplicates
from curation.models import NormalForm

LARGEST_TAIL = 200  # new forms that an index takes on before it is built anew


class FormIndex:
    """All normal forms of one rule, in this process's memory.

    What is new has a higher id than the newest form seen: each question reads that, keeps it in a small
    second index, and builds the large one anew past LARGEST_TAIL, or when the newest form seen is gone from
    the table. An older form that was removed since is still found: look its id up.
    """

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self._lock = threading.Lock()
        self._parts: list[tuple[duplicates.Index, list[int]]] = []
        self._newest: tuple[int, str] | None = None
        self._tail: list[tuple[int, str]] = []

    def near(self, text: str, threshold: float) -> list[tuple[int, float]]:
        """(id of a form, its likeness), best first."""
        with self._lock:
            self._catch_up()
            parts = list(self._parts)
        found = [
            (ids[match.i], match.score) for index, ids in parts for match in index.query(text, threshold)
        ]
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def _catch_up(self) -> None:
        forms = NormalForm.objects.filter(rule=self.rule).order_by("pk")
        if self._newest:
            later = list(forms.filter(pk__gte=self._newest[0])[: LARGEST_TAIL + 2])
            still_there = later and (later[0].pk, later[0].digest) == self._newest
            if still_there and len(self._tail) + len(later) - 1 <= LARGEST_TAIL:
                if fresh := later[1:]:
                    self._tail += [(form.pk, form.text) for form in fresh]
                    self._parts[1:] = [_index(self._tail)]
                    self._newest = fresh[-1].pk, fresh[-1].digest
                return
        everything = list(forms)
        self._tail = []
        self._parts = [_index([(form.pk, form.text) for form in everything])]
        self._newest = (everything[-1].pk, everything[-1].digest) if everything else None


def _index(forms: Sequence[tuple[int, str]]) -> tuple[duplicates.Index, list[int]]:
    return duplicates.Index([text for _, text in forms]), [pk for pk, _ in forms]


_indexes: dict[str, FormIndex] = {}


def index_of(rule: str) -> FormIndex:
    """This process's index of a rule; it is built at the first question."""
    return _indexes.setdefault(rule, FormIndex(rule))
