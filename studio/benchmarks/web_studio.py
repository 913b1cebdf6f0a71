"""A studio with very many examples, for measuring its pages; studio.benchmarks.web runs it.

python -m studio.benchmarks.web_studio fill 100000 20      prints {"sessions": […], "seconds": …}
python -m studio.benchmarks.web_studio pages 100           prints {"pages": [{…}, …], "peak_mb": …}
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studio.benchmarks.measuring import peak_mb

SEED = 7
BATCH = 1000
VOCABULARY = (
    20_000  # made-up words; each text holds WORDS_EACH of them, so that searches differ in what they find
)
WORDS_EACH = 12
AUTHORS = 10
NEAR_EVERY = 50  # one in so many examples has a near-duplicate


def fill(number: int, reviewers: int) -> dict[str, Any]:
    """Make the examples by the rows that an import and reviews would write, and sign the reviewers in."""
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command

    from studio import seeding

    started = time.perf_counter()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    seeding.make_roles()
    authors = [User.objects.create(username=f"author-{n}") for n in range(AUTHORS)]
    people = [User.objects.create(username=f"reviewer-{n}") for n in range(reviewers)]
    role = Group.objects.get(name="maintainer")
    for person in people:
        person.groups.add(role)
    _write_examples(number, authors, people)
    return {
        "sessions": [_session(person) for person in people],
        "seconds": round(time.perf_counter() - started, 1),
    }


def _write_examples(number: int, authors: list[Any], people: list[Any]) -> None:
    from django.conf import settings
    from django.db import connection, transaction

    from studio.benchmarks import import_texts

    docs = import_texts.shipped(Path(settings.STUDIO_TRAINING_DATA))
    chance = random.Random(SEED)
    for start in range(0, number, BATCH):
        with transaction.atomic():
            _write_batch(range(start, min(start + BATCH, number)), docs, authors, people, chance)
    with connection.cursor() as cursor:
        # PostgreSQL's autovacuum does it some time after so many rows.
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _write_batch(
    numbers: range, docs: list[Any], authors: list[Any], people: list[Any], chance: random.Random
) -> None:
    from curation.domain.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
    from curation.domain.markdown import content_hash
    from curation.models import Example, Review, Revision
    from curation.services import describing, standing

    examples, texts = [], []
    for number in numbers:
        doc = docs[number % len(docs)]
        words = " ".join(f"w{chance.randrange(VOCABULARY):05d}" for _ in range(WORDS_EACH))
        text = doc.text.replace(doc.title, f"{doc.title} {number}", 1) + f"\n{words}\n"
        topic = chance.choice(TOPICS)
        meta = {
            "title": f"{doc.title} {number}",
            "type": chance.choice(TYPES),
            "topic": topic,
            "difficulty": chance.choice(DIFFICULTIES),
            "generations": chance.choice([["all"], ["bbj-gui", "dwc"], *([one] for one in GENERATIONS)]),
            "problem_count": chance.randrange(3),
        }
        example = Example(path=f"{topic}/copy-{number:06d}.md")
        describing.describe(example, meta, content_hash=content_hash(text), author=chance.choice(authors))
        examples.append(example)
        texts.append((text, [*doc.tags, f"tag-{chance.randrange(50)}"]))
    Example.objects.bulk_create(examples)
    revisions = Revision.objects.bulk_create(
        Revision(
            example=example,
            number=1,
            text=text,
            content_hash=example.content_hash,
            author=example.written_by,
            checker="bench",
        )
        for example, (text, _) in zip(examples, texts, strict=True)
    )
    for example, revision in zip(examples, revisions, strict=True):
        example.head = revision
    Example.objects.bulk_update(examples, ["head"], batch_size=100)
    describing.index([(example, *text) for example, text in zip(examples, texts, strict=True)])
    judged = [example for example in examples if chance.random() < 0.6]
    Review.objects.bulk_create(
        Review(
            example=example,
            content_hash=example.content_hash,
            reviewer=chance.choice(people),
            verdict=verdict,
            reason="" if verdict == "approve" else "made for a measurement",
        )
        for example in judged
        for verdict in [chance.choice(["approve"] * 8 + ["request_changes", "reject"])]
    )
    standing.refresh(example.pk for example in judged)
    _compare(examples, texts)


def _compare(examples: list[Any], texts: list[tuple[str, list[str]]]) -> None:
    """What the comparing job would know, without comparing: a few near pairs, the rest far apart."""
    from curation.models import ComparedCode, ComparedText, NearForms, NormalForm

    forms = NormalForm.objects.bulk_create(
        NormalForm(rule="text", digest=example.content_hash[:32], text=text[:200], compared=True)
        for example, (text, _) in zip(examples, texts, strict=True)
    )
    rows = ComparedText.objects.bulk_create(
        ComparedText(
            content_hash=example.content_hash,
            rules="bench",
            form=example.content_hash[:32],
            codes=[example.content_hash[1:33]],
            **{name: example.content_hash[n : n + 32] for n, name in enumerate(("words", "plain", "prompt"))},
            template=example.content_hash[4:36],
        )
        for example in examples
    )
    ComparedCode.objects.bulk_create(
        ComparedCode(text=row, digest=code) for row in rows for code in row.codes
    )
    NearForms.objects.bulk_create(
        NearForms(low=low, high=high, score=0.95)
        for start in range(0, len(forms) - 1, NEAR_EVERY)
        for low, high in [(forms[start], forms[start + 1])]
    )


def _session(person: Any) -> str:
    """The cookie of somebody who has signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.create()
    assert store.session_key
    return store.session_key


def pages(times: int) -> dict[str, Any]:
    """Ask each kind of page so many times, with other arguments each time: by the clock, no network."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(User.objects.get(username="reviewer-0"))
    rows = []
    for name, addresses in _addresses(times):
        taken, queries, largest = [], [], 0
        for n, address in enumerate(addresses):
            if n < 2:  # the first ones load templates and connect
                client.get(address)
                continue
            started = time.perf_counter()
            response = client.get(address)
            taken.append(time.perf_counter() - started)
            assert response.status_code == 200, f"{address}: {response.status_code}"
            largest = max(largest, len(response.content))
        for address in addresses[2:12]:
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            queries.append(len(captured))
        rows.append(
            {
                "page": name,
                "n": len(taken),
                "p50_ms": round(statistics.median(taken) * 1000, 1),
                "p95_ms": round(statistics.quantiles(taken, n=20)[-1] * 1000, 1),
                "max_ms": round(max(taken) * 1000, 1),
                "queries": f"{min(queries)}" if len(set(queries)) == 1 else f"{min(queries)}–{max(queries)}",
                "kb": round(largest / 1000),
            }
        )
    return {"pages": rows, "peak_mb": peak_mb()}


def _addresses(times: int) -> Iterator[tuple[str, list[str]]]:
    from django.urls import reverse

    from curation.domain.labels import DIFFICULTIES, TOPICS, TYPES
    from curation.models import Example

    chance = random.Random(SEED)
    paths = list(
        Example.objects.order_by("path").values_list("path", flat=True)[
            :: max(Example.objects.count() // 997, 1)
        ]
    )
    ids = list(
        Example.objects.order_by("pk").values_list("pk", flat=True)[:: max(Example.objects.count() // 991, 1)]
    )
    listed = reverse("example_list")

    def many(make: Callable[[], str]) -> list[str]:
        return [make() for _ in range(times + 2)]

    yield "dashboard", many(lambda: reverse("dashboard"))
    yield "list, first page", many(lambda: listed)
    yield "list, anywhere", many(lambda: f"{listed}?after={chance.choice(paths)}")
    yield (
        "filter by three",
        many(lambda: f"{listed}?status=approved&type={chance.choice(TYPES)}&topic={chance.choice(TOPICS)}"),
    )
    yield (
        "filter by generation and tag",
        many(
            lambda: (
                f"{listed}?generation=dwc&difficulty={chance.choice(DIFFICULTIES)}&tag=tag-{chance.randrange(50)}"
            )
        ),
    )
    yield (
        "filter: has problems, by author",
        many(lambda: f"{listed}?problems=yes&author=author-{chance.randrange(AUTHORS)}"),
    )
    yield "search, a rare word", many(lambda: f"{listed}?q=w{chance.randrange(VOCABULARY):05d}")
    yield "search, two common words", many(lambda: f"{listed}?q=print+rem")
    yield "search, the beginning of many", many(lambda: f"{listed}?q=w{chance.randrange(2)}")
    yield "example", many(lambda: reverse("example_page", args=[chance.choice(ids)]))
    yield "editor", many(lambda: reverse("example_edit", args=[chance.choice(ids)]))
    yield "review", many(lambda: f"{reverse('review_next')}?after={chance.choice(ids)}")


def main(arguments: list[str]) -> None:
    import studio.asgi  # noqa: F401  (sets Django up, and this process as a web process is)

    what, *numbers = arguments
    work: dict[str, Callable[..., dict[str, Any]]] = {"fill": fill, "pages": pages}
    print(json.dumps(work[what](*map(int, numbers))))


if __name__ == "__main__":
    main(sys.argv[1:])
