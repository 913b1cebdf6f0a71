"""Small makers: each makes one thing as the studio itself would, through its services."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

from curation.models import CorpusProgram, Example, GeneralExample, ImportJob, Review, Snapshot
from curation.services import (
    amending,
    authoring,
    borrowing,
    gathering,
    gating,
    guarding,
    queueing,
    reviewing,
    snapshotting,
    source_files,
    working,
)

_numbers = itertools.count(1)
WORDS = [
    "ledger",
    "harbour",
    "violin",
    "meadow",
    "copper",
    "lantern",
    "orchard",
    "thunder",
    "velvet",
    "compass",
]


def user(role: str = "author", name: str = "") -> User:
    """An account with one role: author, reviewer, maintainer, admin, or "" for none."""
    name = name or f"{role or 'nobody'}-{next(_numbers)}"
    made = User.objects.create_user(name, password="a long password")
    if role == "admin":
        made.is_staff = made.is_superuser = True
        made.save()
    if role:
        made.groups.add(Group.objects.get_or_create(name=role)[0])
    return made


def signed_in(account: User) -> Client:
    client = Client()
    client.force_login(account)
    return client


def put(root: Path, path: str, content: str | bytes) -> Path:
    """A file below `root`, with its folders."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def example_text(
    title: str = "Print a line",
    *,
    code: str = "",
    type: str = "completion",
    generation: str = "all",
    description: str = "",
    explanation: str = "",
) -> str:
    """A correct example file. Two titles give texts that are no near-duplicates of each other."""
    return f"""\
---
title: "{title}"
type: {type}
generation: {generation}
difficulty: basic
description: "{description or _sentence(title, 9)}"
---

## Code

```bbj
{code or program(title)}```

## Expected Output

```
{_sentence(title + "output", 6)}
```

## Explanation

{explanation or _sentence(title + "why", 30)}
"""


def program(title: str) -> str:
    """Ten lines or more of correct BBj that depend on the title."""
    words = _sentence(title + "code", 12).split()
    lines = [f"rem {title}", *(f'{word}{n}$ = "{word} {title}"' for n, word in enumerate(words))]
    return "\n".join([*lines, f"print {words[0]}0$", ""])


def _sentence(seed: str, words: int) -> str:
    """Words that depend on the seed only, so that texts differ and stay the same from run to run."""
    state = sum(ord(letter) * 31**n for n, letter in enumerate(seed)) + len(seed)
    chosen = []
    for _ in range(words):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        chosen.append(WORDS[(state >> 33) % len(WORDS)] + str((state >> 40) % 97))
    return " ".join(chosen)


def example(path: str = "", text: str = "", *, author: User | None = None) -> Example:
    """An example with one revision, waiting for review."""
    number = next(_numbers)
    path = path or f"strings/example-{number}.md"
    saved = authoring.save(
        author=author or user(), path=path, text=text or example_text(f"Example {path}"), base_hash=""
    )
    assert saved.example, [str(problem) for problem in saved.problems]
    return saved.example


def task(
    pool: str = "triage",
    text: str = "",
    *,
    mark: str = "program",
    author: User | None = None,
    name: str = "",
) -> Example:
    """A test task with one revision, waiting for review."""
    name = name or f"task-{next(_numbers)}"
    saved = authoring.save(
        author=author or user(),
        path=f"{pool}/{name}.md",
        text=text or example_text(f"Task {name}"),
        base_hash="",
        pool=pool,
        mark=mark,
    )
    assert saved.example, [str(problem) for problem in saved.problems]
    return saved.example


def edited(example: Example, text: str, *, author: User | None = None) -> Example:
    """The same example with another text."""
    saved = authoring.save(
        author=author or user(),
        path=example.path,
        text=text,
        base_hash=example.content_hash,
        pool=example.pool,
    )
    assert saved.revision, [str(problem) for problem in saved.problems]
    example.refresh_from_db()
    return example


def mended(example: Example, text: str, *, reviewer: User | None = None) -> Example:
    """The same example after a reviewer fixed and approved it."""
    reviewer = reviewer or user("reviewer")
    draft = amending.begin(example=example, reviewer=reviewer)
    saved = authoring.save(
        author=reviewer,
        path=example.path,
        text=text,
        base_hash=example.content_hash,
        draft=draft,
        pool=example.pool,
    )
    assert saved.revision, [str(problem) for problem in saved.problems]
    example.refresh_from_db()
    return example


def review(
    example: Example, verdict: str = "approve", *, reviewer: User | None = None, reason: str = ""
) -> Review:
    reason = reason or ("" if verdict == "approve" else "the loop never ends")
    return reviewing.record_review(
        example=example,
        reviewer=reviewer or user("reviewer"),
        verdict=verdict,
        content_hash=example.content_hash,
        reason=reason,
    )


def raw_program(path: str, text: str = "", *, author: User | None = None, **terms: str) -> CorpusProgram:
    """A program of the corpus, brought in as a file of its own."""
    on = gathering.terms(**{"licence": "own", "source": "the sales department", **terms})
    file = source_files.SourceFile(path, (text or program(path)).encode())
    added = gathering.add([file], on, author=author or user("maintainer"))
    assert added.files[0].is_written, added.files[0]
    return CorpusProgram.objects.get(path=path)


def general_example(
    prompt: str, answer: str = "", *, author: User | None = None, **terms: str
) -> GeneralExample:
    """A question about other code, and its answer, brought in as a line of its own."""
    on = gathering.terms(**{"licence": "MIT", "source": "a public set", **terms})
    line = json.dumps({"prompt": prompt, "completion": answer or _sentence(prompt, 12)}).encode()
    added = borrowing.add([line], name="one.jsonl", on=on, author=author or user("maintainer"))
    assert added.counts["new"] == 1, added.problems
    return GeneralExample.objects.latest("pk")


def worked(job: ImportJob) -> ImportJob:
    """The import after a worker did its next step."""
    claim = queueing.claim(job.pk, "test:1")
    assert claim, f"nobody may take {job}: it is {job.get_state_display()}"
    working.carry_out(claim)
    job.refresh_from_db()
    return job


def approved(path: str = "", text: str = "", *, author: User | None = None) -> Example:
    made = example(path, text, author=author)
    review(made)
    return made


def snapshot(name: str = "", *, examples: int = 3, author: User | None = None) -> Snapshot:
    """A dataset version of everything approved, after approving this many new examples."""
    for _ in range(examples):
        approved()
    return freeze(name=name or f"v{next(_numbers)}", author=author or user("maintainer"))


def tamper(statement: str, *values: str) -> None:
    """Change behind the studio's back what the database itself refuses to change."""
    was_guarded = not guarding.missing()
    connection.check_constraints()  # PostgreSQL drops no trigger while a check of a foreign key waits
    guarding.unguard()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    connection.check_constraints()
    if was_guarded:  # the tests' SQLite goes without (tests/conftest.py)
        guarding.guard()


def freeze(**asked: Any) -> Snapshot:
    """A dataset version, whatever the warnings say."""
    return snapshotting.freeze(**{"waivers": {gating.ANY: "a test"}, **asked})
