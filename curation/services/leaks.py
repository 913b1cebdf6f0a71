"""How near the sides of a version, and the held-out test tasks, come to each other: the pairs themselves.

All pairs are known that are alike to the lowest likeness on offer or more (docs/near-duplicates.md), and of
many new texts those that are near. Below that it is the closest of all pairs, or of an even sample of many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

from curation.domain import duplicates, likeness
from curation.domain.tasks import HOLDOUT
from curation.models import NearForms, NormalForm
from curation.services import clustering, comparing, deduplicating, telling
from curation.services.clustering import RULES, Alike, Likeness
from curation.services.deduplicating import Compared
from curation.services.selecting import Chosen
from curation.services.telling import Tell

MOST = 20  # pairs of a list
SIDES = ("train", "validation")
COMPARED_AT_MOST = 50_000  # pairs of the sample, a second or two


@dataclass(frozen=True)
class Close:
    """Two paths, how alike they are, and by which rule."""

    a: str
    b: str
    score: float
    rule: str

    @property
    def near(self) -> bool:
        """Whether this is a leak."""
        return self.score >= RULES[self.rule]


@dataclass(frozen=True)
class LeakReport:
    """
    Attributes:
        across: The pairs of a training and a validation text that are most alike, nearest to a leak first.
        tasks: The same of a text and a test task, all that are near and some that are less.
        task_set, task_count: Name and size of the set of tasks; "" and 0 where there is none.
        sampled: Whether there may be closer pairs than those that are no leaks.
        grown: Ids of old clusters that have become one since.
    """

    across: tuple[Close, ...]
    tasks: tuple[Close, ...]
    task_set: str
    task_count: int
    sampled: bool
    grown: tuple[tuple[str, ...], ...]

    @property
    def largest(self) -> float:
        return max((pair.score for pair in self.across if pair.rule == "text"), default=0.0)

    def as_dict(self) -> dict[str, Any]:
        return {
            "across": [_shown(pair) for pair in self.across[:MOST]],
            "tasks": [_shown(replace(pair, b=named(pair.b))) for pair in self.tasks[:MOST]],
            "task_set": self.task_set,
            "sampled": self.sampled,
            "thresholds": dict(RULES),
            "grown_together": [list(ids) for ids in self.grown[:MOST]],
        }


def report(
    chosen: Chosen,
    alike: Likeness,
    near: Sequence[Alike],
    sides: Sequence[str],
    general: Sequence[Compared],
    grown: Sequence[Sequence[str]],
    *,
    tell: Tell = telling.nobody,
) -> LeakReport:
    """
    Args:
        near: From clustering.edges.
        sides: "train" or "validation" of each text.
        general: Texts that are only trained on; what is near of them is told.
        grown: From clustering.grown_together.
    """
    tell("looking for leaks", 0, 0)
    tasks, task_set = deduplicating.held_out()
    paths = paths_of(chosen)
    pairs, sampled = across(alike, near, sides)
    with_task, tasks_sampled = with_tasks(alike, tasks, tell=tell)
    held = [Close(general[i].path, paths[j], score, "text") for i, j, score in _beside(alike, general, sides)]
    solved = [
        Close(general[one.i].path, tasks[one.j].path, one.score, one.rule)
        for one in deduplicating.near_across(general, tasks)
    ]
    return LeakReport(
        (*held, *(Close(paths[one.i], paths[one.j], one.score, one.rule) for one in pairs)),
        (*solved, *(Close(paths[one.i], tasks[one.j].path, one.score, one.rule) for one in with_task)),
        task_set,
        len(tasks),
        sampled or tasks_sampled,
        tuple(tuple(ids) for ids in grown),
    )


def named(task: str) -> str:
    """What a report calls a task: everybody reads it, and names of the holdout are for maintainers only."""
    return "a task of the holdout" if task.startswith(f"{HOLDOUT}/") else task


def _shown(pair: Close) -> dict[str, Any]:
    return {**asdict(pair), "score": round(pair.score, 4)}


def paths_of(chosen: Chosen) -> list[str]:
    """What reports call each text, in the order of `chosen`."""
    return [
        *(one.path for one in chosen.examples),
        *(f"corpus/{one.path}" for one in chosen.corpus),
        *(one.path for one in chosen.conversations),
    ]


# Training and validation


def across(alike: Likeness, near: Sequence[Alike], sides: Sequence[str]) -> tuple[list[Alike], bool]:
    """The pairs across the split that are most alike, and whether closer ones may be missing."""
    found = [one for one in near if sides[one.i] != sides[one.j]]  # none, as long as clusters are whole
    for rule in RULES:
        found += islice(_stored_across(alike, rule, sides), MOST)
    for rule, a, b, score in alike.below:
        found += _if_across(alike, rule, a, b, score, sides)
    found, sampled = _best(found), not alike.is_whole
    if len(found) < MOST:
        more, of_some = _sampled_across(alike, sides)
        there = {(one.i, one.j) for one in found}
        found = _best([*found, *(one for one in more if (one.i, one.j) not in there)])
        sampled |= of_some
    return found, sampled


def _best(found: Iterable[Alike]) -> list[Alike]:
    """Each pair once, by the rule by which it is nearer to a leak: all that are leaks, and MOST at least."""
    best: dict[tuple[int, int], Alike] = {}
    for one in sorted(found, key=lambda one: (-one.level, one.i, one.j, one.rule)):
        best.setdefault((one.i, one.j), one)
    return list(best.values())[: max(MOST, sum(one.score >= RULES[one.rule] for one in best.values()))]


def _stored_across(alike: Likeness, rule: str, sides: Sequence[str]) -> Iterator[Alike]:
    rows = NearForms.objects.filter(low__rule=rule, score__lt=RULES[rule]).order_by("-score", "pk")
    for low, high, score in rows.values_list("low__digest", "high__digest", "score").iterator():
        yield from _if_across(alike, rule, low, high, score, sides)


def _if_across(
    alike: Likeness, rule: str, a: str, b: str, score: float, sides: Sequence[str]
) -> Iterator[Alike]:
    """Texts with the same form are in one cluster, so the first of each speaks for all."""
    owners = alike.owners[rule]
    if a in owners and b in owners:
        i, j = sorted((owners[a][0], owners[b][0]))
        if sides[i] != sides[j]:
            yield Alike(i, j, score, rule)


def _sampled_across(alike: Likeness, sides: Sequence[str]) -> tuple[list[Alike], bool]:
    """The closest pairs of words of the two sides, and whether some pairs were left out."""
    forms = [(places[0], form) for form, places in alike.owners["text"].items() if form]
    train, validation = (sorted(one for one in forms if sides[one[0]] == side) for side in SIDES)
    some, others = _thinned(train, validation)
    texts = _texts(alike, [form for _, form in (*some, *others)])
    found = _closest([(i, texts[form]) for i, form in some], [(j, texts[form]) for j, form in others])
    pairs = [Alike(min(i, j), max(i, j), score, "text") for i, j, score in found]
    return pairs, len(some) < len(train) or len(others) < len(validation)


def _closest(
    some: Sequence[tuple[int, str]], others: Sequence[tuple[int, str]]
) -> list[tuple[int, int, float]]:
    """The MOST pairs of texts that are most alike: the number of either, and the likeness."""
    if not some or not others:
        return []
    scores = process.cdist(
        [text for _, text in some],
        [text for _, text in others],
        scorer=Indel.normalized_similarity,
        dtype=np.float64,
    )
    flat = np.argsort(scores, axis=None, kind="stable")[::-1][:MOST]
    rows, columns = np.unravel_index(flat, scores.shape)
    return [
        (some[row][0], others[column][0], float(scores[row, column]))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def _thinned(some: Sequence[Any], others: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Both, evenly thinned to COMPARED_AT_MOST pairs; the shorter one only where it has to be."""
    few = int(COMPARED_AT_MOST**0.5)
    if len(some) * len(others) <= COMPARED_AT_MOST:
        return some, others
    if len(some) < len(others):
        thin = some[:: -(-len(some) // few)]
        return thin, others[:: -(-len(others) * len(thin) // COMPARED_AT_MOST)]
    thin = others[:: -(-len(others) // few)]
    return some[:: -(-len(some) * len(thin) // COMPARED_AT_MOST)], thin


def _texts(alike: Likeness, forms: Sequence[str]) -> dict[str, str]:
    texts = {form: alike.new["text"][form] for form in forms if form in alike.new["text"]}
    left = [form for form in forms if form not in texts]
    for start in range(0, len(left), 500):
        rows = NormalForm.objects.filter(rule="text", digest__in=left[start : start + 500])
        texts.update(rows.values_list("digest", "text"))
    return texts


def _beside(
    alike: Likeness, general: Sequence[Compared], sides: Sequence[str]
) -> Iterator[tuple[int, int, float]]:
    """General code that is near to a text which validates: the places of both, and the likeness."""
    if not general:
        return
    index, owners = duplicates.Index([one.whole for one in general]), alike.owners["text"]
    for forms in (alike.new["text"], *clustering.stored_forms(alike, "text")):
        for form, text in forms.items():
            if form in owners and sides[owners[form][0]] == "validation":
                for match in index.query(text, RULES["text"]):
                    yield match.i, owners[form][0], match.score


# Test tasks


def with_tasks(
    alike: Likeness, tasks: Sequence[Compared], *, tell: Tell = telling.nobody
) -> tuple[list[Alike], bool]:
    """The texts that are alike to a task, whose place is `j`, and whether closer ones may be missing.

    Every text that is near to one, and of what is less alike at least MOST pairs.
    """
    best: dict[tuple[int, int], Alike] = {}

    def note(rule: str, places: Sequence[int], j: int, score: float) -> None:
        for i in places if score >= RULES[rule] else places[:1]:
            one = Alike(i, j, score, rule)
            if (i, j) not in best or best[i, j].level < one.level:
                best[i, j] = one

    for j, task in enumerate(tasks):
        for code in task.codes:  # short code counts only when it is the same
            note("code", alike.owners["code"].get(likeness.digest(code), []), j, 1.0)
    for rule, owners in alike.owners.items():
        asked = [(j, text) for j, task in enumerate(tasks) for text in _asked(task, rule)]
        for forms in (dict(alike.new[rule]), *clustering.stored_forms(alike, rule)) if asked else ():
            index, there = duplicates.Index(list(forms.values())), list(forms)
            for j, text in asked:
                tell("comparing with the test tasks", j, len(tasks))
                for match in index.query(text, comparing.lowest(rule)):
                    note(rule, owners.get(there[match.i], []), j, match.score)
    sampled = False
    if tasks and len(best) < MOST:
        texts = [(places[0], form) for form, places in alike.owners["text"].items() if form]
        some, others = _thinned(texts, [(j, task.whole) for j, task in enumerate(tasks)])
        sampled = len(some) < len(texts) or len(others) < len(tasks)
        read = _texts(alike, [form for _, form in some])
        for i, j, score in _closest([(i, read[form]) for i, form in some], others):
            note("text", [i], j, score)
    return sorted(best.values(), key=lambda one: (-one.level, one.i, one.j)), sampled


def _asked(task: Compared, rule: str) -> list[str]:
    if rule == "text":
        return [task.whole]
    return [code for code in task.codes if deduplicating.tokens(code) >= deduplicating.CODE_TOKENS]
