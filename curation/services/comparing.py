"""Finding the near forms of new and changed texts, by one process at a time.

What is left to do follows from the texts: a present text that is not prepared, a normal form that is not
compared. So nobody has to tell what changed, a lost message does no harm and a doubled one finds nothing.
A new form is compared with all that are there, hence any two forms meet: the result is that of comparing all
with all, which a test proves.
"""

from __future__ import annotations

import functools
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from curation.domain import duplicates, likeness, markdown, resolution
from curation.domain.likeness import Fingerprint
from curation.domain.markdown import ExampleDoc
from curation.models import ComparedCode, ComparedText, Comparison, Example, NearForms, NormalForm
from curation.models.examples import ExampleQuerySet
from curation.services import deduplicating, indexing, tallying, waking

TASK = "curation.tasks.compare_texts"
LEASE_S = 120  # renewed with each batch
BATCH = 100  # texts; some seconds of work at 10,000 examples
MOST_UNUSED = 1_000  # texts that no example has any more
MANY = 500  # new forms from which on all may be compared with all, in one go
LEASE_PER_FORM_S = 0.01  # of that go; 10,000 forms take about 16 s of CPU time
RULES = tuple(rule for rule, _ in NormalForm.RULES)

_PROBE = """\
---
title: "Probe"
type: completion
generation: all
description: "Every rule of preparing a text leaves its trace here"
---

## Code

```bbj
10 rem A comment
20 LET Name$ = "Two  words", n = 3; rem another
30 print name$, str(n), window!.getText(),
: "on a line of its own"
```

## Explanation

Some   Words.
"""


class ComparedElsewhere(Exception):
    """Another process took over the comparison; this one writes nothing more."""


@dataclass(frozen=True)
class Prepared:
    """A text as it is compared: its row, and (rule, digest, text) of each form that likeness is asked of."""

    row: ComparedText
    forms: tuple[tuple[str, str, str], ...]

    @property
    def fingerprint(self) -> Fingerprint:
        return fingerprint_of(self.row)


def prepare(doc: ExampleDoc | None, content_hash: str, *, rules: str) -> Prepared:
    """What is compared of a text; nothing of a text that breaks today's format."""
    if doc is None:
        return Prepared(ComparedText(content_hash=content_hash, rules=rules), ())
    compared = deduplicating.compared_example(doc, content_hash)
    codes = {likeness.digest(code): code for code in compared.codes}
    form = likeness.digest(compared.whole)
    row = ComparedText(
        content_hash=content_hash,
        rules=rules,
        form=form,
        codes=list(codes),
        **asdict(likeness.fingerprint(doc)),
    )
    long = [
        ("code", digest, code)
        for digest, code in codes.items()
        if deduplicating.tokens(code) >= deduplicating.CODE_TOKENS
    ]
    return Prepared(row, (("text", form, compared.whole), *long))


def fingerprint_of(row: ComparedText) -> Fingerprint:
    return Fingerprint(**{name: getattr(row, name) for name in Fingerprint.__dataclass_fields__})


@functools.cache
def rules() -> str:
    """A name for the rules that prepare a text: a digest of what they make of one that shows each of them."""
    prepared = prepare(markdown.parse(_PROBE, path="strings/probe.md").doc, "", rules="")
    return likeness.digest(repr((prepared.fingerprint, prepared.row.codes, prepared.forms)))


# The state of things


@dataclass(frozen=True)
class State:
    """`waiting` texts are not compared yet; `busy` while a process works on them."""

    waiting: int
    busy: bool
    done: int
    total: int
    finished_at: datetime | None
    problem: str


def state() -> State:
    row = Comparison.objects.filter(pk=Comparison.ONLY).first() or Comparison()
    busy = Comparison.objects.filter(pk=Comparison.ONLY, lease_until__gt=Now()).exists()
    return State(waiting().count(), busy, row.done, row.total, row.finished_at, row.problem)


def waiting() -> ExampleQuerySet:
    """Examples whose present text is not compared yet."""
    prepared = ComparedText.objects.filter(content_hash=OuterRef("content_hash"), rules=rules())
    unrelated = NormalForm.objects.filter(digest=OuterRef("prepared_form"), rule="text", compared=False)
    present: ExampleQuerySet = Example.objects.filter(head__isnull=False)
    return present.annotate(prepared_form=prepared.values("form")[:1]).filter(
        ~Exists(prepared) | Exists(unrelated)
    )


def wake_when_saved() -> None:
    """Call it in the transaction that changes a text: a worker is told once that is committed."""
    transaction.on_commit(functools.partial(waking.wake, TASK), robust=True)


# One process compares


@dataclass(frozen=True)
class _Claim:
    owner: str
    fence: int

    def write(self, **values: Any) -> None:
        """Write to the row and move the lease on; inside a transaction it also keeps others out.

        Raises:
            ComparedElsewhere: another process holds the comparison by now.
        """
        mine = Comparison.objects.filter(pk=Comparison.ONLY, owner=self.owner, fence=self.fence)
        if not mine.update(**{"lease_until": Now() + timedelta(seconds=LEASE_S), **values}):
            raise ComparedElsewhere(f"fence {self.fence} of {self.owner} holds the comparison no more")


def compare() -> int | None:
    """Compare everything that is not compared yet, and count anew. Returns how many texts were compared.

    None when another process is at it. Safe to call as often as you like, in a worker or in the foreground.
    """
    if not _unfinished() and not tallying.is_due():
        return 0
    claim = _claim()
    if claim is None:
        return None
    try:
        done = _compare_all(claim)
        _forget_unused(claim)
        claim.write(finished_at=Now(), problem="")
        if tallying.is_due():
            tallying.tally()
    except ComparedElsewhere:
        return None
    except Exception as error:
        _release(claim, problem=f"{type(error).__name__}: {error}"[:300])
        raise
    _release(claim)
    return done


def _unfinished() -> bool:
    return waiting().exists() or NormalForm.objects.filter(compared=False).exists()


def _claim() -> _Claim | None:
    """By one UPDATE … WHERE nobody holds it: of any number of callers one gets it."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    Comparison.objects.get_or_create(pk=Comparison.ONLY)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    taken = Comparison.objects.filter(free, pk=Comparison.ONLY).update(
        owner=owner,
        fence=F("fence") + 1,
        lease_until=Now() + timedelta(seconds=LEASE_S),
        done=0,
        total=0,
    )
    if not taken:
        return None
    return _Claim(owner, Comparison.objects.values_list("fence", flat=True).get(pk=Comparison.ONLY))


def _release(claim: _Claim, **values: Any) -> None:
    Comparison.objects.filter(pk=Comparison.ONLY, owner=claim.owner, fence=claim.fence).update(
        owner="", lease_until=None, **values
    )


def _compare_all(claim: _Claim) -> int:
    done = 0
    total = waiting().count()
    while batch := _unprepared(BATCH):
        with transaction.atomic():
            done += len(batch)
            claim.write(done=done, total=max(total, done), tallied="")
            _store([(e.head.text if e.head else "", e.content_hash, e.path) for e in batch])
    for rule in RULES:
        if _mostly_new(rule):
            _relate_all(claim, rule)
        index = indexing.index_of(rule)
        while fresh := list(NormalForm.objects.filter(rule=rule, compared=False).order_by("pk")[:BATCH]):
            with transaction.atomic():
                claim.write()
                _relate(index, fresh)
    return done


def _unprepared(most: int) -> list[Example]:
    prepared = ComparedText.objects.filter(content_hash=OuterRef("content_hash"), rules=rules())
    rows = Example.objects.filter(~Exists(prepared), head__isnull=False)
    return list(rows.select_related("head").order_by("pk")[:most])


def _store(texts: Sequence[tuple[str, str, str]]) -> None:
    """Prepare texts, each with its hash and path, and store what is compared of them."""
    prepared = {
        content_hash: prepare(markdown.parse(text, path=path).doc, content_hash, rules=rules())
        for text, content_hash, path in texts
    }
    forms = {(rule, digest): text for one in prepared.values() for rule, digest, text in one.forms}
    NormalForm.objects.bulk_create(
        (NormalForm(rule=rule, digest=digest, text=text) for (rule, digest), text in forms.items()),
        ignore_conflicts=True,
    )
    fields = [f.name for f in ComparedText._meta.concrete_fields if f.name not in ("id", "content_hash")]
    rows = ComparedText.objects.bulk_create(
        [one.row for one in prepared.values()],
        update_conflicts=True,
        unique_fields=["content_hash"],
        update_fields=fields,
    )
    ComparedCode.objects.filter(text__in=rows).delete()
    ComparedCode.objects.bulk_create(
        ComparedCode(text=row, digest=code) for row in rows for code in row.codes
    )


def _forget_unused(claim: _Claim) -> None:
    """Remove what was prepared of texts that no example has any more, once that is worth it.

    A text that comes back is prepared and compared anew.
    """
    present = Example.objects.filter(content_hash=OuterRef("content_hash"))
    unused = ComparedText.objects.filter(~Exists(present))
    if unused.count() < MOST_UNUSED:
        return
    with transaction.atomic():
        claim.write()
        unused.delete()
        used: set[str] = set()
        for form, codes in ComparedText.objects.values_list("form", "codes"):
            used.update((form, *codes))
        forms = NormalForm.objects.values_list("pk", "digest")
        idle = [pk for pk, digest in forms if digest not in used]
        for start in range(0, len(idle), 500):
            NormalForm.objects.filter(pk__in=idle[start : start + 500]).delete()


def _mostly_new(rule: str) -> bool:
    """Whether comparing all with all costs less than asking for each new form."""
    forms = NormalForm.objects.filter(rule=rule)
    new = forms.filter(compared=False).count()
    return new >= MANY and new * 4 >= forms.count()


def _relate_all(claim: _Claim, rule: str) -> None:
    forms = list(NormalForm.objects.filter(rule=rule).order_by("pk"))
    claim.write(lease_until=Now() + timedelta(seconds=LEASE_S + LEASE_PER_FORM_S * len(forms)))
    pairs = duplicates.find_pairs([form.text for form in forms], lowest(rule))
    with transaction.atomic():
        claim.write()
        NearForms.objects.bulk_create(
            (NearForms(low_id=forms[p.i].pk, high_id=forms[p.j].pk, score=p.score) for p in pairs),
            ignore_conflicts=True,
            batch_size=1000,
        )
        new = NormalForm.objects.filter(rule=rule, compared=False, pk__lte=forms[-1].pk)
        new.update(compared=True)


def _relate(index: indexing.FormIndex, fresh: Sequence[NormalForm]) -> None:
    found = {
        (min(form.pk, other), max(form.pk, other)): score
        for form in fresh
        for other, score in index.near(form.text, lowest(form.rule))
        if other != form.pk
    }
    there = set(
        NormalForm.objects.filter(pk__in={pk for pair in found for pk in pair}).values_list("pk", flat=True)
    )
    NearForms.objects.bulk_create(
        (NearForms(low_id=a, high_id=b, score=s) for (a, b), s in found.items() if {a, b} <= there),
        ignore_conflicts=True,
    )
    NormalForm.objects.filter(pk__in=[form.pk for form in fresh]).update(compared=True)


def lowest(rule: str) -> float:
    """From which likeness on pairs are stored: what the loosest step of the slider needs."""
    return resolution.LOWEST if rule == "text" else resolution.code_threshold(resolution.LOWEST)
