"""A studio with very many approved examples, for freezing them; studio.benchmarks.snapshots runs it.

python -m studio.benchmarks.snapshots_studio fill 100000     prints {"fill_s": …}
python -m studio.benchmarks.snapshots_studio freeze          prints {"s": …, "peak_mb": …}
                                                             also export, next, diff
"""

from __future__ import annotations

import json
import pickle
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import django

from studio.benchmarks import duplicate_texts
from studio.benchmarks.duplicate_texts import Example as Made
from studio.benchmarks.measuring import peak_mb

SEED = 7
BATCH = 1000
AUTHORS = 10
PROGRAMS = 200  # raw ones
EDITED_EVERY, REJECTED_EVERY, NEW_EVERY = 20, 50, 50  # between the first version and the second

_TEXT = """\
---
title: {title}
type: completion
generation: {generation}
difficulty: {difficulty}
tags: [made]
description: {description}
---

## Code

```bbj
rem {plain}
{code}
```

## Explanation

{explanation}
"""


def fill(number: int) -> dict[str, Any]:
    """Make the examples by the rows that imports, reviews and the comparing job would write."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    from curation.services import importing

    started = time.perf_counter()
    call_command("migrate", verbosity=0)
    for name in ("reviewer", *(f"author-{n}" for n in range(AUTHORS))):
        User.objects.create(username=name)
    _write_all(enumerate(duplicate_texts.examples(number)))
    _families_file().write_bytes(pickle.dumps(_families))
    corpus = Path(settings.VAR) / "made" / "corpus"
    corpus.mkdir(parents=True)
    for n, (_, one) in enumerate(duplicate_texts.examples(PROGRAMS)):
        (corpus / f"program-{n}.bbj").write_text("\n".join([f"rem program {n}", *one.lines, ""]))
    importing.import_corpus(corpus.parent)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"fill_s": round(time.perf_counter() - started, 1)}


def make_next() -> dict[str, Any]:
    """The next version: some examples edited or relabelled, some rejected, some new."""
    from django.contrib.auth.models import User
    from django.db import transaction

    from curation.domain.labels import GENERATIONS
    from curation.models import Example, Review
    from curation.services import standing

    number = Example.objects.count()
    made = list(duplicate_texts.examples(number + number // NEW_EVERY))
    places = range(0, number, EDITED_EVERY)
    labels = {n: GENERATIONS[n // EDITED_EVERY % len(GENERATIONS)] for n in places[::2]}
    _families.update(pickle.loads(_families_file().read_bytes()))
    _write_all(((n, made[n]) for n in places), again=True, labels=labels)
    _write_all((n, made[n]) for n in range(number, len(made)))
    rejected = list(Example.objects.order_by("pk")[1:number:REJECTED_EVERY])
    reviewer = User.objects.get(username="reviewer")
    with transaction.atomic():
        Review.objects.bulk_create(
            Review(
                example=e, content_hash=e.content_hash, reviewer=reviewer, verdict="reject", reason="measured"
            )
            for e in rejected
        )
        standing.refresh(example.pk for example in rejected)
    return {"edited": len(places), "rejected": len(rejected), "new": len(made) - number, **freeze()}


Numbered = tuple[int, tuple[int, Made]]  # number of an example, number of the one that it repeats, its parts


def _write_all(
    made: Iterator[Numbered], *, again: bool = False, labels: dict[int, str] | None = None
) -> None:
    while batch := list(islice(made, BATCH)):
        _write(batch, again, labels or {})


def _write(batch: Sequence[Numbered], again: bool, labels: dict[int, str]) -> None:
    """Examples, or `again`: their second revisions, with another sentence and for some another label."""
    from django.contrib.auth.models import User
    from django.db import transaction

    from curation.domain import markdown
    from curation.domain.bbj import CHECK_VERSION
    from curation.models import Example, Review, Revision
    from curation.services import describing, standing

    authors = list(User.objects.filter(username__startswith="author-").order_by("pk"))
    reviewer = User.objects.get(username="reviewer")
    with transaction.atomic():
        examples, docs = [], []
        for number, (_, one) in batch:
            path, text = _text(number, one, label=labels.get(number, ""), edited=again)
            doc = markdown.parse(text, path=path).doc
            assert doc, text
            example = Example.objects.get(path=path) if again else Example(path=path)
            meta = describing.meta_of(doc, problem_count=0)
            author = authors[number % AUTHORS]
            describing.describe(example, meta, content_hash=markdown.content_hash(text), author=author)
            examples.append(example)
            docs.append(doc)
        if again:
            Example.objects.bulk_update(examples, describing.COLUMNS, batch_size=100)
        else:
            Example.objects.bulk_create(examples)
        revisions = Revision.objects.bulk_create(
            Revision(
                example=example,
                number=2 if again else 1,
                text=doc.text,
                content_hash=example.content_hash,
                author=example.written_by,
                checker=CHECK_VERSION,
            )
            for example, doc in zip(examples, docs, strict=True)
        )
        for example, revision in zip(examples, revisions, strict=True):
            example.head = revision
        Example.objects.bulk_update(examples, ["head"], batch_size=100)
        Review.objects.bulk_create(
            Review(example=e, content_hash=e.content_hash, reviewer=reviewer, verdict="approve")
            for e in examples
        )
        standing.refresh(example.pk for example in examples)
        _compare([source for _, (source, _) in batch], docs)


_families: dict[int, set[tuple[str, str]]] = {}  # number of an original -> rule and digest of all their forms


def _families_file() -> Path:
    from django.conf import settings

    return Path(settings.VAR) / "families.pickle"


def _compare(sources: Sequence[int], docs: Sequence[Any]) -> None:
    """What the comparing job would store: examples that repeat the same one are near to each other."""
    from rapidfuzz.distance import Indel

    from curation.domain.markdown import content_hash
    from curation.models import ComparedCode, ComparedText, NearForms, NormalForm
    from curation.services import comparing

    prepared = [comparing.prepare(doc, content_hash(doc.text), rules=comparing.rules()) for doc in docs]
    texts = {(rule, digest): text for one in prepared for rule, digest, text in one.forms}
    NormalForm.objects.bulk_create(
        (NormalForm(rule=r, digest=d, text=text, compared=True) for (r, d), text in texts.items()),
        ignore_conflicts=True,
    )
    rows = ComparedText.objects.bulk_create([one.row for one in prepared], ignore_conflicts=True)
    known = dict(
        ComparedText.objects.filter(content_hash__in=[row.content_hash for row in rows]).values_list(
            "content_hash", "pk"
        )
    )
    ComparedCode.objects.bulk_create(
        ComparedCode(text_id=known[row.content_hash], digest=code) for row in rows for code in row.codes
    )
    wanted: set[tuple[str, str, str]] = set()
    for source, one in zip(sources, prepared, strict=True):
        family = _families.setdefault(source, set())
        own = {(rule, digest) for rule, digest, _ in one.forms}
        wanted |= {(rule, min(a, b), max(a, b)) for rule, a in own for r, b in family if r == rule and a != b}
        family |= own
    digests = {digest for _, *pair in wanted for digest in pair}
    found = {
        (row.rule, row.digest): row
        for part in _parts(sorted(digests), 500)
        for row in NormalForm.objects.filter(digest__in=part)
    }
    near = []
    for rule, *pair in sorted(wanted):
        low, high = sorted((found[rule, digest] for digest in pair), key=lambda row: row.pk)
        score = Indel.normalized_similarity(low.text, high.text)
        if score >= comparing.lowest(rule):
            near.append(NearForms(low=low, high=high, score=score))
    NearForms.objects.bulk_create(near, ignore_conflicts=True)


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _text(number: int, one: Made, *, label: str = "", edited: bool = False) -> tuple[str, str]:
    """Path and text of an example; each has a title of its own, as people give them."""
    from curation.domain.labels import DIFFICULTIES, TOPICS

    chance = random.Random(number)
    title, code = f"{one.title} {number}", "\n".join(one.lines)
    borne_out = "[bbj-gui, dwc]" if "!." in code else "all"  # by the code, for nine in ten
    text = _TEXT.format(
        title=json.dumps(title),
        plain=title,
        generation=label or borne_out,
        difficulty=chance.choice(DIFFICULTIES),
        description=json.dumps(". ".join(one.prompt)),
        code=code,
        explanation=". ".join((*one.explanation, *(["It was edited since"] if edited else []))),
    )
    return f"{chance.choice(TOPICS)}/made-{number:06d}.md", text


def freeze() -> dict[str, Any]:
    """Into the next version: v1, v2, …"""
    from django.contrib.auth.models import User

    from curation.models import Snapshot
    from curation.services import gating, snapshotting

    asked: dict[str, Any] = {
        "author": User.objects.get(username="author-0"),
        "name": f"v{Snapshot.objects.count() + 1}",
        "waivers": {gating.ANY: "a measurement"},
    }
    return _measured(lambda: {"entries": snapshotting.freeze(**asked).entries.count()})


def export() -> dict[str, Any]:
    from django.conf import settings

    from curation.models import Snapshot
    from curation.services import exporting

    frozen, to = Snapshot.objects.get(name="v1"), Path(settings.VAR) / "out"

    def work() -> dict[str, Any]:
        exporting.export_snapshot(frozen, to)
        size = sum(file.stat().st_size for file in to.rglob("*") if file.is_file())
        return {"mb": round(size / 1e6)}

    return _measured(work)


def diff() -> dict[str, Any]:
    from curation.models import Snapshot
    from curation.services import contrasting

    one, other = (Snapshot.objects.get(name=name) for name in ("v1", "v2"))
    return _measured(lambda: {"changed": contrasting.contrast(one, other).changes.count()})


def _measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    cpu, clock = time.process_time(), time.perf_counter()
    told = work()
    return told | {
        "s": round(time.perf_counter() - clock, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "peak_mb": peak_mb(),
    }


def main(arguments: list[str]) -> None:
    django.setup()
    what, *numbers = arguments
    steps: dict[str, Callable[..., dict[str, Any]]] = {
        "fill": fill,
        "freeze": freeze,
        "export": export,
        "next": make_next,
        "diff": diff,
    }
    print(json.dumps(steps[what](*map(int, numbers))))


if __name__ == "__main__":
    main(sys.argv[1:])
