"""What an import would store of one file or one conversation, compared with what the studio has now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from curation.domain import chat_examples, markdown, reconciling, secrets
from curation.domain.chat_rows import ChatRow
from curation.domain.markdown import ExampleDoc
from curation.domain.problems import Problem, has_errors
from curation.models import ChatRecord, Example, GeneralExample, Revision
from curation.services import authoring, describing, importing

# Of a text that we wrote ourselves only these are news: that it has no Expected Output is known.
_WORTH_SAYING = (secrets.CODE,)


@dataclass(frozen=True)
class Known:
    """What the studio has: path -> content hash of each example, and the hash of each stored conversation."""

    examples: dict[str, str]
    records: frozenset[str]
    exported: dict[str, str] | None = None  # path -> content hash at export; None: the source does not say

    @classmethod
    def all(cls, exported: dict[str, str] | None = None) -> Known:
        return cls(
            dict(Example.objects.values_list("path", "content_hash")),
            frozenset(ChatRecord.objects.values_list("content_hash", flat=True)),
            exported,
        )

    @classmethod
    def of_path(cls, path: str, record: str) -> Known:
        """What there is to know for one item alone."""
        return cls(
            dict(Example.objects.filter(path=path).values_list("path", "content_hash")),
            frozenset(ChatRecord.objects.filter(content_hash=record).values_list("content_hash", flat=True)),
        )

    def history_of(self, path: str) -> list[str]:
        """Of each text that this example has had here, the present one last."""
        if path not in self.examples:
            return []
        rows = Revision.objects.filter(example__path=path).order_by("number")
        return list(rows.values_list("content_hash", flat=True))


@dataclass(frozen=True)
class Planned:
    """The fields of an ImportItem that follow from its text; `problems` are for its report."""

    kind: str = ""
    path: str = ""
    text: str = ""
    content_hash: str = ""
    base_hash: str = ""
    exported_hash: str = ""
    file_text: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    change: str = "refused"
    problems: tuple[Problem, ...] = ()

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FIELDS}


FIELDS = (
    "kind",
    "path",
    "text",
    "content_hash",
    "base_hash",
    "exported_hash",
    "file_text",
    "meta",
    "why",
    "change",
)


def plan_file(file: importing.PlannedFile, known: Known) -> Planned:
    if file.doc is None:
        return Planned(problems=file.problems)
    planned = _example(file.doc, file.findings, known, warnings=file.warnings)
    return replace(planned, problems=(*planned.problems, *file.problems))


def plan_row(row: ChatRow, *, file: str, known: Known | None = None) -> Planned:
    """An example where the conversation fits a type, else the conversation itself with the reason.

    Args:
        known: Left out, the database is asked about this one row.
    """
    hash_of_row = record_hash(row)
    made = chat_examples.example_of(row)
    if isinstance(made, chat_examples.NoExample):
        return _record(row, hash_of_row, made.why, known or Known.of_path("", hash_of_row), file)
    known = known or Known.of_path(made.path, hash_of_row)
    checked = authoring.read(made.text.encode(), path=made.path)
    untrainable = next(
        (p for p in checked.problems if p.severity == "error" or p.code == "not-trainable"), None
    )
    if checked.doc is None or untrainable:
        why = f"{untrainable.message} {untrainable.suggestion}" if untrainable else "It cannot be read back."
        return _record(row, hash_of_row, why.strip(), known, file)
    planned = _example(checked.doc, authoring.findings(checked.doc), known, warnings=len(checked.problems))
    notes = [Problem(file, row.line, code, "warning", message) for code, message in made.notes]
    notes += [replace(p, file=file, line=row.line) for p in checked.problems if p.code in _WORTH_SAYING]
    notes += [replace(p, file=file, line=row.line) for p in planned.problems]
    return replace(planned, problems=tuple(notes))


def record_hash(row: ChatRow | ChatRecord | GeneralExample) -> str:
    """The identity of a conversation: SHA-256 of its three texts."""
    return hashlib.sha256(json.dumps([row.system, row.prompt, row.answer]).encode()).hexdigest()


def meta_of(doc: ExampleDoc, findings: Sequence[dict[str, Any]], *, warnings: int) -> dict[str, Any]:
    """What an item keeps beside its text."""
    described = describing.meta_of(doc, problem_count=warnings + len(findings))
    return {**described, "findings": list(findings)}


def _example(doc: ExampleDoc, findings: Sequence[dict[str, Any]], known: Known, *, warnings: int) -> Planned:
    content_hash = markdown.content_hash(doc.text)
    same = known.examples.get(doc.path) == content_hash
    history = [content_hash] if same else known.history_of(doc.path)
    exported = None if known.exported is None else known.exported.get(doc.path, "")
    change = reconciling.change_of(content_hash, history, base=exported)
    notes = []
    if change == "older" and not exported:
        number = history.index(content_hash) + 1
        message = f"This is the text of revision {number}; the studio has revision {len(history)} by now."
        way_out = f"Nothing to import. To have it again, restore revision {number} of the example."
        notes.append(Problem(doc.path, 0, reconciling.OLDER_TEXT, "warning", message, way_out))
    return Planned(
        kind="example",
        path=doc.path,
        text=doc.text,
        content_hash=content_hash,
        base_hash=history[-1] if history else "",
        exported_hash=exported or "",
        file_text=doc.text if change == "conflict" else "",
        meta=meta_of(doc, findings, warnings=warnings),
        change=change,
        problems=tuple(notes),
    )


def _record(row: ChatRow, content_hash: str, why: str, known: Known, file: str) -> Planned:
    change = "unchanged" if content_hash in known.records else "new"
    found = secrets.problems(f"{row.prompt}\n{row.answer}", file=file)
    problems = tuple(replace(problem, line=row.line) for problem in found)
    assert not has_errors(problems)
    return Planned("record", content_hash=content_hash, why=why, change=change, problems=problems)
