"""Seeing what is alike: clusters and their kinds, derived from the stored likeness and from the decisions.

Reading only. A landscape is read at once and is good for one request; nothing of it is kept, so it cannot go
stale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from curation.domain import likeness, resolution
from curation.domain.likeness import Fingerprint, Kind
from curation.domain.resolution import Bond, Candidate, Cluster, Edge, Ids, Precision
from curation.models import ComparedCode, ComparedText, Example, NearForms, NormalForm, PairJudgement

DEFAULT = 0.85  # the step that is the rule of the split
MOST_FORMS = 200  # that one question to the database names


@dataclass(frozen=True)
class Alike:
    """How two examples are alike: by their "text" or their "code", or else only in having one "prompt"."""

    rule: str
    score: float  # of that rule; 0 where it is the prompt
    level: float  # the highest threshold at which the score finds them
    same_prompt: bool

    def near_at(self, threshold: float) -> bool:
        return self.same_prompt or self.level >= threshold


@dataclass(frozen=True)
class _Text:
    form: str
    codes: tuple[str, ...]
    print: Fingerprint


@dataclass
class Landscape:
    """Everything that may become training data, and how it is alike. Read at once; good for one request."""

    texts: dict[int, _Text]  # by example
    likeness: dict[tuple[str, str], float]  # of two normal forms, by their digests in order
    distinct: set[Ids]
    _by_form: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _by_code: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _by_prompt: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for example, text in self.texts.items():
            if text.form:
                self._by_form[text.form].append(example)
            for code in text.codes:
                self._by_code[code].append(example)
            if text.print.prompt:
                self._by_prompt[text.print.prompt].append(example)

    @cached_property
    def edges(self) -> list[Edge]:
        same = (group for by in (self._by_form, self._by_code, self._by_prompt) for group in by.values())
        bonds = [Bond(tuple(group), tuple(group), 1.0) for group in same if len(group) > 1]
        for (a, b), score in self.likeness.items():
            for by, level in (
                (self._by_form, resolution.level_of_text),
                (self._by_code, resolution.level_of_code),
            ):
                if a in by and b in by:
                    bonds.append(Bond(tuple(by[a]), tuple(by[b]), level(score)))
        return resolution.edges_of(bonds, self.distinct)

    def clusters(self, threshold: float, kind: str = "") -> list[Cluster]:
        """What waits for a decision, the most alike first; of one kind when `kind` says which."""
        found = resolution.clusters_of(self.edges, threshold)
        return [cluster for cluster in found if not kind or kind in self.kinds(cluster)]

    def kinds(self, cluster: Cluster) -> list[Kind]:
        """Which kinds of pairs hold this cluster together, in the order of likeness.KINDS."""
        there = {self.kind(edge.a, edge.b) for edge in cluster.edges}
        return [kind for kind in likeness.KINDS if kind in there]

    def kind(self, a: int, b: int) -> Kind:
        return likeness.kind_of(self.texts[a].print, self.texts[b].print)

    def alike(self, a: int, b: int) -> Alike | None:
        """The strongest likeness of two examples that is known; None below the lowest threshold."""
        return alike(self.texts[a], self.texts[b], self.likeness)

    def near(self, example: int, threshold: float) -> list[int]:
        """Those that are near to this one itself and not judged distinct from it, in order of their ids."""
        if example not in self.texts:
            return []
        return sorted(other for other in self._around(example) if self.is_near(example, other, threshold))

    def is_near(self, a: int, b: int, threshold: float) -> bool:
        """Whether these two are near themselves, and nobody said that they are no duplicates."""
        said = self.alike(a, b)
        return said is not None and said.near_at(threshold) and _in_order(a, b) not in self.distinct

    def _around(self, example: int) -> set[int]:
        text = self.texts[example]
        around = set(self._by_form[text.form] if text.form else ())
        around.update(self._by_prompt[text.print.prompt] if text.print.prompt else ())
        for code in text.codes:
            around.update(self._by_code[code])
        for digest in (text.form, *text.codes):
            for other in self._neighbours.get(digest, ()):
                around.update(self._by_form.get(other, ()))
                around.update(self._by_code.get(other, ()))
        return around - {example}

    @cached_property
    def _neighbours(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for a, b in self.likeness:
            found[a].append(b)
            found[b].append(a)
        return found


def alike(a: _Text, b: _Text, near: Mapping[tuple[str, str], float]) -> Alike | None:
    """None when nothing is known that the two have in common."""
    same_prompt = a.print.prompt == b.print.prompt != ""
    found = [("text", a.form, b.form)] if a.form and b.form else []
    found += [("code", first, second) for first in a.codes for second in b.codes]
    best = Alike("prompt", 0.0, 0.0, same_prompt)
    for rule, first, second in found:
        score = 1.0 if first == second else near.get(_sorted(first, second), 0.0)
        level = resolution.level_of_text(score) if rule == "text" else resolution.level_of_code(score)
        if level > best.level:
            best = Alike(rule, score, level, same_prompt)
    return best if best.level or same_prompt else None


def landscape() -> Landscape:
    """Read what is alike now: all but the rejected and those that were set aside."""
    present = Example.objects.without_discarded().values_list("pk", "content_hash")
    return Landscape(
        _texts(present, ComparedText.objects.all()), _likeness(NearForms.objects.all()), _distinct()
    )


def near_to(example: Example) -> list[int]:
    """The examples near to this one at the default threshold that wait for a decision, by their ids.

    Reads what may be near only, where a landscape reads everything; of very many the nearest.
    """
    own = ComparedText.objects.filter(content_hash=example.content_hash).first()
    if own is None:
        return []
    forms = [digest for digest in (own.form, *own.codes) if digest]
    ids = list(
        NormalForm.objects.filter(rule__in=dict(NormalForm.RULES), digest__in=forms).values_list(
            "pk", flat=True
        )
    )
    about = NearForms.objects.filter(Q(low__in=ids) | Q(high__in=ids)).order_by("-score")
    near = _likeness(about[:MOST_FORMS])
    rows = compared_texts([*forms, *(digest for pair in near for digest in pair)], own.prompt)
    around = Example.objects.filter(content_hash__in=rows.values("content_hash")).without_discarded()
    land = Landscape(_texts(around.values_list("pk", "content_hash"), rows), near, _distinct())
    return land.near(example.pk, DEFAULT)


def compared_texts(digests: Iterable[str], prompt: str) -> QuerySet[ComparedText]:
    """The texts that have one of these normal forms, or this prompt.

    Only the first MOST_FORMS different digests count: SQLite refuses a condition of a thousand parts.
    """
    wanted = list(dict.fromkeys(digests))[:MOST_FORMS]
    # A union, not an "or": PostgreSQL answers each part from its index and an "or" by reading every text.
    ways: list[QuerySet[Any, Any]] = [ComparedCode.objects.filter(digest__in=wanted).values("text")]
    if prompt:
        ways.append(ComparedText.objects.filter(prompt=prompt).values("pk"))
    alike = ComparedText.objects.filter(form__in=wanted).values("pk").union(*ways)
    return ComparedText.objects.filter(pk__in=alike)


def _texts(examples: Iterable[tuple[int, str]], compared: QuerySet[ComparedText]) -> dict[int, _Text]:
    rows = {
        content_hash: _Text(form, tuple(codes), Fingerprint(*digests))
        for content_hash, form, codes, *digests in compared.values_list(
            "content_hash", "form", "codes", *Fingerprint.__dataclass_fields__
        )
    }
    return {pk: rows[content_hash] for pk, content_hash in examples if content_hash in rows}


def _likeness(pairs: QuerySet[NearForms]) -> dict[tuple[str, str], float]:
    return {_sorted(a, b): score for a, b, score in pairs.values_list("low__digest", "high__digest", "score")}


def _distinct() -> set[Ids]:
    return set(PairJudgement.objects.standing().filter(verdict="distinct").values_list("first", "second"))


def _sorted(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _in_order(a: int, b: int) -> Ids:
    return (a, b) if a < b else (b, a)


def by_worth(members: Iterable[int]) -> list[Example]:
    """These examples with their status, the one that is most worth keeping first; `length` in characters."""
    rows = Example.objects.filter(pk__in=members).select_related("head__author")
    examples = {row.pk: row for row in rows.annotate(length=Length("head__text"))}
    ranked = resolution.by_worth(
        Candidate(
            example=example.pk,
            sound=not any(found["certain"] for found in example.head.findings),
            approved=example.status == "approved",
            length=example.length,
            created_at=example.created_at,
        )
        for example in examples.values()
        if example.head
    )
    return [examples[candidate.example] for candidate in ranked]


def same_template(example: Example) -> QuerySet[Example]:
    """Other examples whose code is the same but for names, strings and numbers. They are no duplicates."""
    own = ComparedText.objects.filter(content_hash=example.content_hash).exclude(template="").first()
    if own is None:
        return Example.objects.none()
    alike = ComparedText.objects.filter(template=own.template).values("content_hash")
    return Example.objects.filter(content_hash__in=alike).exclude(pk=example.pk).order_by("path")


def judged_levels() -> list[tuple[float, bool]]:
    """For each pair that was judged: up to which threshold likeness finds it, and whether it is a duplicate.

    A pair with nothing but its prompt in common is left out: no threshold finds or loses it.
    """
    standing = list(PairJudgement.objects.standing())
    hashes = {row.first_id: row.first_hash for row in standing}
    hashes |= {row.second_id: row.second_hash for row in standing}
    texts = _texts(hashes.items(), ComparedText.objects.filter(content_hash__in=hashes.values()))
    near = _likeness(NearForms.objects.all())
    levels = []
    for row in standing:
        if row.first_id in texts and row.second_id in texts:
            found = alike(texts[row.first_id], texts[row.second_id], near)
            if found and found.level:
                levels.append((found.level, row.verdict != "distinct"))
    return levels


@dataclass(frozen=True)
class Step:
    """What one position of the threshold slider would show."""

    threshold: float
    clusters: int
    examples: int
    precision: Precision


def steps(land: Landscape) -> list[Step]:
    judged = judged_levels()
    counts = resolution.counts_by_step(land.edges)
    return [Step(t, *counts[t], resolution.precision(judged, t)) for t in resolution.STEPS]


def direct_pairs(land: Landscape, members: Sequence[int], threshold: float) -> int:
    """How many pairs of these members are themselves near; fewer than all pairs is a chain."""
    return sum(land.is_near(a, b, threshold) for a, b in combinations(members, 2))
