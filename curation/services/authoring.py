"""Writing an example: a text without errors becomes the next revision; any other text stays a draft."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from curation.domain import chatml, markdown, secrets
from curation.domain.bbj import CHECK_VERSION, check
from curation.domain.labels import TOPICS
from curation.domain.markdown import CodeFile, ExampleDoc
from curation.domain.problems import Problem, has_errors
from curation.domain.tasks import POOLS, PROGRAM, TASK_TYPES, topic_of
from curation.models import Draft, Example, Revision
from curation.services import auditing, comparing, describing, drafting, marking, owning, standing

PATH = re.compile(r"(?P<topic>[^/]+)/[A-Za-z0-9][A-Za-z0-9._-]*\.md")
MAX_PATH, MAX_TITLE, MAX_NOTE = 200, 300, 300  # characters; the widths of the columns


@dataclass(frozen=True)
class Checked:
    """A text as the studio reads it, and everything that is wrong with it."""

    doc: ExampleDoc | None
    text: str  # line ends and byte order mark normalised; as given when it cannot be read
    problems: tuple[Problem, ...]
    code_files: tuple[CodeFile, ...] = ()  # also of a text with errors, as far as it can be read

    @property
    def ok(self) -> bool:
        return self.doc is not None and not has_errors(self.problems)


@dataclass(frozen=True)
class Saved:
    """`revision` is None for an unchanged text, and for one with errors, which `save` keeps in `draft`."""

    example: Example | None
    revision: Revision | None
    problems: tuple[Problem, ...]
    draft: Draft | None = None

    @property
    def ok(self) -> bool:
        return self.example is not None and self.draft is None


class OtherText(Exception):
    """Somebody else saved this example after the author opened it. Nothing was written."""

    def __init__(self, example: Example, *, mine: str, theirs: str) -> None:
        super().__init__(
            f"{example.path} was changed by someone else after you opened it. "
            "Compare both texts, put together what should stay, and save again."
        )
        self.example, self.mine, self.theirs = example, mine, theirs


class StaleText(OtherText):
    """The same, and `draft` keeps the author's text."""

    def __init__(self, example: Example, *, mine: str, theirs: str, draft: Draft) -> None:
        super().__init__(example, mine=mine, theirs=theirs)
        self.draft = draft


def path_problems(path: str, *, pool: str = "") -> list[Problem]:
    """The hard rules for an example's path; whether the name is kebab-case is a warning of the parser.

    Args:
        pool: That of a test task, which lies in the folder of its pool. Left out: no task may be written.
    """
    match = PATH.fullmatch(path)
    if pool and (not match or match["topic"] != pool or ".." in path):
        message = f'path: "{path}" is not {pool}/<name>.md, and a test task lies in the folder of its pool.'
        return [Problem(path, 0, "path", "error", message, f"Write it like {pool}/leap-year.md.", "path")]
    if not match or ".." in path:
        message = f'path: "{path}" is not <topic>/<name>.md.'
        return [Problem(path, 0, "path", "error", message, "Write it like gui/hello-window.md.", "path")]
    if not pool and match["topic"] in POOLS:
        message = f'path: "{match["topic"]}" is the folder of test tasks, which teach nothing.'
        suggestion = "Write a task from the page of the test tasks, or choose a topic folder."
        return [Problem(path, 0, "topic", "error", message, suggestion, "path")]
    if not pool and match["topic"] not in TOPICS:
        message = f'path: the topic folder "{match["topic"]}" is not one of {", ".join(TOPICS)}.'
        suggestion = f"Write it like {TOPICS[0]}/hello-window.md."
        return [Problem(path, 0, "topic", "error", message, suggestion, "path")]
    if len(path) > MAX_PATH:
        message = f"path: {len(path)} characters; at most {MAX_PATH} are stored."
        return [Problem(path, 0, "path-too-long", "error", message, "Choose a shorter file name.", "path")]
    return []


def read(data: bytes, *, path: str, pool: str = "") -> Checked:
    """Check a file's bytes: path, encoding, front matter, sections, control tokens; all problems at once.

    Args:
        pool: That of the test task which the file is.
    """
    problems = path_problems(path, pool=pool)
    text, more = markdown.decode(data, path=path)
    problems += more
    if text is None:
        return Checked(None, data.decode("utf-8", "replace"), tuple(problems))
    parsed = markdown.parse(text, path=path)
    refused_path = has_errors(problems)
    problems += [
        p
        for p in parsed.problems
        if not (refused_path and p.code in ("file-name", "topic-unknown"))
        and not (pool and p.code == "topic-unknown")
    ]
    if parsed.doc:
        problems += _doc_problems(parsed.doc)
        if pool:
            problems += _task_problems(parsed.doc)
    problems += secrets.problems(text, file=path)
    return Checked(parsed.doc, text, tuple(problems), parsed.code_files)


def _doc_problems(doc: ExampleDoc) -> list[Problem]:
    """What the format allows and the studio cannot store, or cannot train on."""
    problems = []
    if len(doc.title) > MAX_TITLE:
        line = next((n for n, text in enumerate(doc.text.split("\n"), 1) if text.startswith("title")), 0)
        message = f"title: {len(doc.title)} characters; at most {MAX_TITLE} are stored."
        suggestion = "Move detail into description."
        problems.append(Problem(doc.path, line, "title-too-long", "error", message, suggestion, "title"))
    try:
        chatml.render(doc)
    except chatml.RenderError as error:
        message = f"Nothing can be learned from it yet: {error}."
        problems.append(Problem(doc.path, 0, "not-trainable", "warning", message, "Add the missing section."))
    return problems


def _task_problems(doc: ExampleDoc) -> list[Problem]:
    """What a test task needs beyond the format."""
    problems = []
    if doc.type not in TASK_TYPES:
        message = f'type: "{doc.type}" has no code to judge; a test task is {" or ".join(TASK_TYPES)}.'
        problems.append(
            Problem(doc.path, 0, "task-type", "error", message, "Write type: completion.", "type")
        )
    if not topic_of(doc.tags):
        message = f"tags: none of them is a topic, so the task counts under none ({', '.join(TOPICS)})."
        problems.append(Problem(doc.path, 0, "task-topic", "warning", message, "Add its topic.", "tags"))
    return problems


def findings(doc: ExampleDoc | Checked) -> list[dict[str, Any]]:
    """What the offline check says: `line` counts in the code block, `source_line` in the file."""
    return [
        {
            "file": code_file.name,
            "part": code_file.part,
            "line": finding.line,
            "source_line": code_file.line + finding.line - 1,
            "column": finding.column,
            "code": finding.code,
            "message": finding.message,
            "certain": finding.certain,
        }
        for code_file in doc.code_files
        for finding in check(code_file.code)
    ]


def store(
    *,
    author: User,
    path: str,
    doc: ExampleDoc,
    text: str,
    note: str,
    origin: str = "",
    said: list[dict[str, Any]] | None = None,
    warnings: int = 0,
    endorsed: bool = False,
    labelled: str = "",
    pool: str = "",
    mark: str = PROGRAM,
) -> tuple[Example, Revision | None]:
    """Make `text` the head of `path`, inside the caller's transaction; unchanged text makes no revision.

    Args:
        said: `findings(doc)`, where the caller has them already.
        warnings: How many `read` gave.
        endorsed: A reviewer mended the text and found it right otherwise.
        labelled: Who gave its generation labels where they are new (curation.domain.labelling.SOURCES).
            Left out: a person, unless an earlier text of the example comes back.
        pool, mark: Of a new test task.
    """
    content_hash = markdown.content_hash(text)
    example = _locked(path)
    if example and example.content_hash == content_hash:
        return example, None
    parent = example.head if example else None
    example = example or Example(path=path, pool=pool, mark=mark)
    said = findings(doc) if said is None else said
    meta = describing.meta_of(doc, problem_count=warnings + len(said))
    describing.describe(example, meta, content_hash=content_hash, author=author, endorsed=endorsed)
    example.save()
    example.head = Revision.objects.create(
        example=example,
        number=parent.number + 1 if parent else 1,
        parent=parent,
        text=text,
        content_hash=content_hash,
        author=author,
        note=note[:MAX_NOTE],
        origin=origin,
        endorsed=endorsed,
        checker=CHECK_VERSION,
        findings=said,
    )
    marking.mark_new_texts([(example, meta["labels"])], by=author, source=labelled)
    example.save(update_fields=["head", "label_source"])
    describing.index([(example, text, doc.tags)])
    if parent:
        standing.refresh([example.pk])  # a new text has no verdicts
        example.refresh_from_db(fields=["status", "last_verdict", "verdict_count"])
    return example, example.head


def _locked(path: str) -> Example | None:
    """The example of this path, locked with those whose standing may hang on its text."""
    example = Example.everything.filter(path=path).select_related("head").first()
    if example is None:
        return None
    standing.lock([example.pk])
    return Example.everything.select_related("head").get(pk=example.pk)


def save(
    *,
    author: User,
    path: str,
    text: str,
    base_hash: str,
    note: str = "",
    draft: Draft | None = None,
    endorsed: bool = False,
    labelled: str = "",
    pool: str = "",
    mark: str = PROGRAM,
) -> Saved:
    """Save what an author typed, as the next revision of `path` or, with errors, as a draft.

    Args:
        base_hash: content_hash of the text that the author started from; "" for a new example.
        draft: The author's draft that this text comes from; it is gone once the text is a revision.
        endorsed: The author is a reviewer who mended the text and finds it right otherwise; so is whoever
            saves a draft that was opened to mend it.
        labelled: "suggestion" when the author accepted the suggested generations and changed nothing about
            them; left out, new labels are the author's own.
        pool: That of the test task which is written; left out, it is an ordinary example.
        mark: Of a new test task (curation.domain.tasks.MARKS).

    Raises:
        StaleText: The example has another text than base_hash by now. What was typed is kept as a draft.
    """

    def keep() -> Draft:
        return _keep(
            author=author, path=path, text=text, base_hash=base_hash, draft=draft, pool=pool, mark=mark
        )

    try:
        saved = write(
            author=author,
            path=path,
            text=text,
            base_hash=base_hash,
            note=note,
            draft=draft,
            endorsed=endorsed,
            labelled=labelled,
            pool=pool,
            mark=mark,
        )
    except OtherText as other:
        raise StaleText(other.example, mine=other.mine, theirs=other.theirs, draft=keep()) from other
    if saved.ok:
        return saved
    kept = keep()
    return Saved(kept.example, None, saved.problems, kept)


def write(
    *,
    author: User,
    path: str,
    text: str,
    base_hash: str,
    note: str = "",
    draft: Draft | None = None,
    endorsed: bool = False,
    labelled: str = "",
    logged: bool = True,
    pool: str = "",
    mark: str = PROGRAM,
) -> Saved:
    """The same for an author whose text is safe elsewhere: with errors, nothing is kept.

    Args:
        logged: False when the caller writes the entry of the audit log, which then says more.

    Raises:
        OtherText: The example has another text than base_hash by now.
    """
    checked = read(text.replace("\r\n", "\n").encode("utf-8", "replace"), path=path, pool=pool)
    problems = checked.problems
    if checked.doc is None or not checked.ok:
        return Saved(None, None, problems)
    try:
        with transaction.atomic():
            present = _locked(path)
            if (present.content_hash if present else "") in (base_hash, markdown.content_hash(checked.text)):
                mended = endorsed or bool(
                    draft and draft.mends and present and owning.may_mend(author, present)
                )
                example, revision = store(
                    author=author,
                    path=path,
                    doc=checked.doc,
                    text=checked.text,
                    note=note,
                    origin=draft.origin if draft else "",
                    warnings=len(checked.problems),
                    endorsed=mended,
                    labelled=labelled,
                    pool=pool,
                    mark=mark,
                )
                if draft:
                    drafting.discard(draft)
                if revision:
                    comparing.wake_when_saved()
                    if logged:
                        _log(revision, by=author)
                return Saved(example, revision, problems)
    except IntegrityError:  # two people made the same new path at the same moment
        present = Example.everything.get(path=path)
    if present and base_hash:
        assert present.head
        raise OtherText(present, mine=text, theirs=present.head.text)
    message = f'path: "{path}" exists already.' if present else f'path: "{path}" does not exist any more.'
    suggestion = "Choose another file name, or edit that example."
    taken = Problem(path, 0, "path-taken", "error", message, suggestion, "path")
    return Saved(None, None, (taken, *problems))


def _log(revision: Revision, *, by: User) -> None:
    verb = "create" if revision.parent is None else "mend" if revision.endorsed else "revise"
    auditing.record(
        actor=by,
        action=f"example.{verb}",
        subject=revision.example,
        revision=revision.number,
        content_hash=revision.content_hash,
        before=revision.parent.content_hash if revision.parent else "",
        note=revision.note,
        origin=revision.origin,
    )


def _keep(
    *, author: User, path: str, text: str, base_hash: str, draft: Draft | None, pool: str, mark: str
) -> Draft:
    if draft is None:
        example = Example.everything.filter(path=path).first() if base_hash else None
        if example is None:
            return drafting.new_draft(author=author, path=path, text=text, pool=pool, mark=mark)
        draft = drafting.draft_of(author=author, example=example)
    return drafting.keep(draft, text=text, path=path, base_hash=base_hash)


def sorted_by_line(problems: Sequence[Problem]) -> list[Problem]:
    """Errors before warnings, then as they stand in the file."""
    return sorted(problems, key=lambda problem: (problem.severity != "error", problem.line))
