"""Which of the texts of a dataset version are near-duplicates, by the rule of the split (deduplicating).

What comparing has stored about examples is used as it is: a version of 100,000 compares nothing anew. Texts
that no worker has compared yet, raw programs and conversations are compared here; nothing is stored.

Likeness is between normal forms, of which many texts may have the same one. A form is named by its digest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from curation.domain import duplicates, likeness, resolution, split
from curation.domain.resolution import Bond, Ids
from curation.models import ComparedText, NearForms, NormalForm, PairJudgement
from curation.services import comparing, deduplicating, telling
from curation.services.deduplicating import Compared
from curation.services.selecting import Chosen
from curation.services.telling import Tell

RULES = {"text": deduplicating.WHOLE, "code": deduplicating.CODE}  # from which likeness on a pair is near
FEW = 300  # new forms that are compared down to the lowest likeness on offer
CHUNK = 20_000  # forms with their texts in memory, some 100 MB
READ_AT_ONCE = 1_000  # of one question to the database
Forms = Mapping[str, Sequence[int]]  # digest -> the texts that have it, by their places in Chosen.in_order


@dataclass(frozen=True, slots=True)
class Prepared:
    """The digests of a text: of its words, and of each code that may be compared."""

    form: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """Two texts by their places, and how alike they are by which rule, "text" or "code"."""

    i: int
    j: int
    score: float
    rule: str

    @property
    def level(self) -> float:
        """Comparable from rule to rule: how near it is to the threshold."""
        level = resolution.level_of_text if self.rule == "text" else resolution.level_of_code
        return level(self.score)

    @property
    def words(self) -> str:
        return f"{self.rule} alike to {self.score:.2f}"


def stored(examples: Iterable[str]) -> dict[str, Prepared]:
    """What comparing knows, by content hash, of those of these texts that it is done with."""
    wanted = set(examples)
    waiting = set(NormalForm.objects.filter(compared=False).values_list("digest", flat=True))
    rows = ComparedText.objects.filter(rules=comparing.rules()).exclude(form="")
    found = {}
    for content_hash, form, codes in rows.values_list("content_hash", "form", "codes").iterator():
        if content_hash in wanted and waiting.isdisjoint((form, *codes)):
            found[content_hash] = Prepared(form, tuple(codes))
    return found


@dataclass
class Likeness:
    """How the texts of a version are alike. Built once, then asked.

    Attributes:
        owners: For each rule the texts that have a form.
        new: For each rule the forms that are compared here, with their texts; short code is not among them.
        near: Pairs of forms that are near by their rule, with rule and likeness.
        below: The same of new forms that are a little less alike.
    """

    count: int
    owners: dict[str, dict[str, list[int]]]
    new: dict[str, dict[str, str]]
    near: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    below: list[tuple[str, str, str, float]] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether all that is alike to the lowest likeness on offer is known, not only what is near."""
        return all(len(forms) <= FEW for forms in self.new.values())

    def leave_out(self, places: Collection[int]) -> None:
        """From now on these texts are not there; clusters that were found before stay as they were."""
        if not places:
            return
        for owners in self.owners.values():
            for form, there in list(owners.items()):
                if left := [place for place in there if place not in places]:
                    owners[form] = left
                else:
                    del owners[form]


def likeness_of(
    chosen: Chosen,
    known: Mapping[str, Prepared],
    fresh: Mapping[str, Compared],
    *,
    tell: Tell = telling.nobody,
) -> Likeness:
    """
    Args:
        known: From `stored`.
        fresh: All other texts, prepared for comparing; by content hash, too.
    """
    owners: dict[str, dict[str, list[int]]] = {rule: defaultdict(list) for rule in RULES}
    new: dict[str, dict[str, str]] = {rule: {} for rule in RULES}
    hashes = [one.content_hash for one in chosen.in_order]
    for place, content_hash in enumerate(hashes):
        if content_hash in known:
            prepared = known[content_hash]
        else:
            prepared = _prepare(fresh[content_hash], new)
        owners["text"][prepared.form].append(place)
        for code in prepared.codes:
            owners["code"][code].append(place)
    alike = Likeness(len(hashes), owners, new)
    _read_stored(alike)
    for rule in RULES:
        _compare_new(alike, rule, tell)
    return alike


def _prepare(text: Compared, new: dict[str, dict[str, str]]) -> Prepared:
    form = likeness.digest(text.whole)
    if form:
        new["text"][form] = text.whole
    codes = {likeness.digest(code): code for code in text.codes}
    for digest, code in codes.items():
        if deduplicating.tokens(code) >= deduplicating.CODE_TOKENS:
            new["code"][digest] = code
    return Prepared(form, tuple(codes))


def _read_stored(alike: Likeness) -> None:
    for rule, least in RULES.items():
        owners = alike.owners[rule]
        rows = NearForms.objects.filter(low__rule=rule, score__gte=least)
        for low, high, score in rows.values_list("low__digest", "high__digest", "score").iterator():
            if low in owners and high in owners:
                alike.near[low, high] = (rule, score)


def _compare_new(alike: Likeness, rule: str, tell: Tell) -> None:
    new, stage = alike.new[rule], f"comparing the {rule} of what is new"
    if not new:
        return
    tell(stage, 0, len(new))
    if len(new) * 4 >= len(alike.owners[rule]):  # then one comparison of all is quicker
        for forms in stored_forms(alike, rule):
            new.update(forms)
    digests, texts = list(new), list(new.values())
    least = comparing.lowest(rule) if len(new) <= FEW else RULES[rule]
    if len(new) <= FEW:
        pairs = duplicates.find_pairs(texts, least)
    else:
        pairs = duplicates.find_edges(texts, least, partial(tell, stage))
    for pair in pairs:
        _note(alike, rule, digests[pair.i], digests[pair.j], pair.score)
    for forms in stored_forms(alike, rule):
        index, there = duplicates.Index(list(forms.values())), list(forms)
        for number, (digest, text) in enumerate(new.items()):
            tell(stage, number, len(new))
            for match in index.query(text, least):
                _note(alike, rule, digest, there[match.i], match.score)


def _note(alike: Likeness, rule: str, a: str, b: str, score: float) -> None:
    if a == b:
        return
    if score >= RULES[rule]:
        alike.near[a, b] = (rule, score)
    else:
        alike.below.append((rule, a, b, score))


def stored_forms(alike: Likeness, rule: str) -> Iterator[dict[str, str]]:
    """The forms that are not new, with their texts, about CHUNK at a time."""
    owners, new = alike.owners[rule], alike.new[rule]
    if len(new) >= len(owners):
        return
    forms: dict[str, str] = {}
    rows = NormalForm.objects.filter(rule=rule, compared=True).order_by("pk")
    after = 0
    # A part at a time and to its end, since `tell` may be called between two of them (telling.Tell).
    while part := list(rows.filter(pk__gt=after).values_list("pk", "digest", "text")[:READ_AT_ONCE]):
        forms |= {digest: text for _, digest, text in part if digest in owners and digest not in new}
        after = part[-1][0]
        if len(forms) >= CHUNK:
            yield forms
            forms = {}
    if forms:
        yield forms


# What follows from it


def edges(alike: Likeness) -> list[Alike]:
    """As few pairs of texts as make the clusters."""
    found = [
        Alike(same[0], other, 1.0, rule)
        for rule, owners in alike.owners.items()
        for form, same in owners.items()
        if form
        for other in same[1:]
    ]
    for (a, b), (rule, score) in alike.near.items():
        i, j = sorted((alike.owners[rule][a][0], alike.owners[rule][b][0]))
        if i != j:  # the two sides of a migration may be alike
            found.append(Alike(i, j, score, rule))
    return found


def groups(alike: Likeness, near: Sequence[Alike]) -> list[int]:
    """For each text the number of its cluster: the place of the cluster's first text."""
    return duplicates.clusters(alike.count, [duplicates.Pair(one.i, one.j, one.score) for one in near])


def names(chosen: Chosen, numbers: Sequence[int], known: Mapping[str, str]) -> list[str]:
    """For each text the id of its cluster, for ever.

    Args:
        known: Ids that earlier dataset versions gave, by content hash (curation.domain.split.cluster_id).
    """
    ids = {leader: split.cluster_id(hashes, known) for leader, hashes in _members(chosen, numbers).items()}
    return [ids[leader] for leader in numbers]


def grown_together(chosen: Chosen, numbers: Sequence[int], known: Mapping[str, str]) -> list[list[str]]:
    """The old ids of each cluster that was several: all but the first one's texts may have changed sides."""
    found = (split.known_ids(hashes, known) for hashes in _members(chosen, numbers).values())
    return sorted(ids for ids in found if len(ids) > 1)


def _members(chosen: Chosen, numbers: Sequence[int]) -> dict[int, list[str]]:
    members: dict[int, list[str]] = defaultdict(list)
    for leader, one in zip(numbers, chosen.in_order, strict=True):
        members[leader].append(one.content_hash)
    return members


def undecided(chosen: Chosen, alike: Likeness) -> list[Ids]:
    """Near pairs of examples about which nobody has decided, by place; as few as name every such example."""
    examples = chosen.examples
    ids = {one.example: place for place, one in enumerate(examples)}
    judged = PairJudgement.objects.standing().filter(verdict="distinct").values_list("first", "second")
    distinct = [(ids[a], ids[b]) for a, b in judged if a in ids and b in ids]
    bonds = [
        Bond(some, some, 1.0)
        for owners in alike.owners.values()
        for form, same in owners.items()
        if form and len(some := _only_examples(same, len(examples))) > 1
    ]
    for (a, b), (rule, _) in alike.near.items():
        left, right = (_only_examples(alike.owners[rule].get(form, ()), len(examples)) for form in (a, b))
        if left and right:
            bonds.append(Bond(left, right, 1.0))
    return [(edge.a, edge.b) for edge in resolution.edges_of(bonds, {_in_order(*pair) for pair in distinct})]


def _only_examples(places: Collection[int], count: int) -> tuple[int, ...]:
    return tuple(place for place in places if place < count)


def _in_order(a: int, b: int) -> Ids:
    return (a, b) if a < b else (b, a)
