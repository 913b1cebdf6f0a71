"""Which stored examples a text that somebody types is near to."""

from __future__ import annotations

from dataclasses import dataclass

from curation.domain import likeness, markdown, resolution
from curation.domain.likeness import Kind
from curation.models import Example, NormalForm
from curation.services import comparing, indexing, surveying
from curation.services.surveying import DEFAULT

MOST_NEAR = 5
MOST_FORMS = 40_000  # of one rule; each takes about 5 kB in every web process, and longer to ask


@dataclass(frozen=True)
class Near:
    example: Example
    score: float
    rule: str
    kind: Kind


@dataclass(frozen=True)
class Found:
    """`says` is a sentence about the answer when it is not the whole truth, else ""."""

    near: list[Near]
    says: str = ""


def near_to(text: str, *, path: str = "", but: int | None = None) -> Found:
    """The examples that a text is nearest to at the default threshold, at most MOST_NEAR, best first.

    Args:
        but: Id of the example that is edited; it is near to itself.

    Texts that are not compared yet are not found. Rejected ones and those set aside are, so that nobody
    writes again what was turned down.
    """
    doc = markdown.parse(text.replace("\0", ""), path=path or "strings/new.md").doc
    if doc is None:
        return Found([], "Near-duplicates are looked for once the errors above are mended.")
    if NormalForm.objects.count() > MOST_FORMS * len(comparing.RULES):
        return Found([], "There are too many examples to look for near-duplicates while you type.")
    prepared = comparing.prepare(doc, "", rules="")
    best: dict[str, tuple[float, float, str]] = {}  # digest of a form -> level, score, rule

    def note(digest: str, score: float, rule: str) -> None:
        level = resolution.level_of_text(score) if rule == "text" else resolution.level_of_code(score)
        best[digest] = max(best.get(digest, (0.0, 0.0, "")), (level, score, rule))

    for rule, digest, form in prepared.forms:
        threshold = DEFAULT if rule == "text" else resolution.code_threshold(DEFAULT)
        matches = dict(indexing.index_of(rule).near(form, threshold))
        for pk, other in NormalForm.objects.filter(pk__in=matches).values_list("pk", "digest"):
            note(other, matches[pk], rule)
        note(digest, 1.0, rule)
    for digest in prepared.row.codes:
        note(digest, 1.0, "code")
    return Found(_nearest(best, prepared, but))


def _nearest(
    best: dict[str, tuple[float, float, str]], prepared: comparing.Prepared, but: int | None
) -> list[Near]:
    """The examples that have one of these forms, or the same prompt."""
    own = prepared.fingerprint
    found = surveying.compared_texts(sorted(best, key=lambda digest: best[digest], reverse=True), own.prompt)
    rows = {row.content_hash: row for row in found[: 10 * MOST_NEAR]}
    near = []
    for example in Example.objects.filter(content_hash__in=rows).exclude(pk=but or 0)[: 10 * MOST_NEAR]:
        row = rows[example.content_hash]
        marks = [best[digest] for digest in (row.form, *row.codes) if digest in best]
        if own.prompt and row.prompt == own.prompt:
            marks.append((0.0, 1.0, "prompt"))
        level, score, rule = max(marks)
        kind = likeness.kind_of(own, comparing.fingerprint_of(row))
        place = (-level, likeness.KINDS.index(kind), example.path)
        near.append((place, Near(example, score, rule, kind)))
    return [one for _, one in sorted(near, key=lambda one: one[0])[:MOST_NEAR]]
