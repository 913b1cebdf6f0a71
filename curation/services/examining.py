"""Reading every chosen text once, and noting what the gates and the comparison ask of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import User

from curation.domain import chatml, markdown, review
from curation.domain.agreement import agreement
from curation.domain.bbj import CHECK_VERSION
from curation.domain.markdown import ExampleDoc
from curation.domain.problems import has_errors
from curation.domain.repeated_phrases import Phrases, Repeated, pieces_of_code, spell
from curation.domain.secrets import find_secrets
from curation.models import Revision, SecretWaiver
from curation.services import authoring, blending, deduplicating, selecting, standing, telling
from curation.services.blending import ChosenGeneral
from curation.services.deduplicating import Compared
from curation.services.selecting import Chosen, ChosenExample
from curation.services.telling import Tell

CHUNK = 500  # examples of one question about reviews
TOLD = 200  # contradicted labels with their reason
NAMED = 10  # files that hold a phrase


@dataclass
class Examined:
    """What was found. Each list names its offenders, a sentence each, in the order of `chosen`."""

    chosen: Chosen  # without the examples that today's rules refuse
    broken: list[str] = field(default_factory=list)
    untrainable: list[str] = field(default_factory=list)
    control_tokens: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    unsound: int = 0  # examples in whose code something is certainly wrong
    findings: list[str] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)  # verdict -> examples
    contradicted: list[str] = field(default_factory=list)
    phrases: Phrases = field(default_factory=Phrases)  # of the examples, under their places
    fresh: dict[str, Compared] = field(default_factory=dict)  # what has to be compared, by content hash


def examine(chosen: Chosen, *, known: Collection[str], tell: Tell = telling.nobody) -> Examined:
    """Read all texts, a chunk at a time. Those whose hash is in `known` need not be compared."""
    found = Examined(chosen)
    waived = _waived()
    kept = []
    stage, count = "reading the texts", len(chosen.in_order)
    for number, (one, revision) in enumerate(selecting.revisions_of(chosen.examples)):
        tell(stage, number, count)
        parsed = markdown.parse(revision.text, path=one.path)
        if parsed.doc is None or has_errors(parsed.problems):
            error = next(p for p in parsed.problems if p.severity == "error")
            found.broken.append(f"{one.path}: line {error.line}: {error.message}")
            continue
        kept.append(one)
        _note_example(found, one, revision, parsed.doc)
        _note_secrets(found, one.path, revision.text, waived.get((one.example, one.content_hash), ()))
        if one.content_hash not in known:
            found.fresh[one.content_hash] = deduplicating.compared_example(parsed.doc, one.content_hash)
    n, m = len(chosen.examples), len(chosen.examples) + len(chosen.corpus)
    for number, (text, program) in enumerate(selecting.programs_of(chosen.corpus), n):
        tell(stage, number, count)
        path = f"corpus/{text.path}"
        _note_other(found, path, program.text)
        found.fresh[text.content_hash] = deduplicating.compared_program(path, program.text, text.content_hash)
    for number, (text, record) in enumerate(selecting.records_of(chosen.conversations), m):
        tell(stage, number, count)
        _note_other(found, text.path, f"{record.system}\n{record.prompt}\n{record.answer}")
        found.fresh[text.content_hash] = deduplicating.compared_conversation(
            text.path, text.content_hash, prompt=record.prompt, answer=record.answer
        )
    found.chosen = replace(chosen, examples=tuple(kept))
    return found


def examine_general(found: Examined, general: tuple[ChosenGeneral, ...]) -> list[Compared]:
    """Look at general code, too; returns it prepared for comparing."""
    compared = []
    for one in blending.texts_of(general):
        _note_other(found, one.path, f"{one.system}\n{one.prompt}\n{one.answer}")
        compared.append(deduplicating.compared_general(one))
    return compared


def _note_example(found: Examined, one: ChosenExample, revision: Revision, doc: ExampleDoc) -> None:
    found.untrainable += untrainable(doc)
    found.control_tokens += control_tokens(one.path, revision.text)
    said = revision.findings if revision.checker == CHECK_VERSION else authoring.findings(doc)
    certain = [finding for finding in said if finding["certain"]]
    found.unsound += bool(certain)
    found.findings += [_told(one.path, finding) for finding in certain]
    _note_label(found, one, doc)
    found.phrases.add(one.writer, _prose(doc))


def _note_label(found: Examined, one: ChosenExample, doc: ExampleDoc) -> None:
    """The verdict is known since the text was written; why is only looked for as often as it is told."""
    if one.verdict == "differs" and len(found.contradicted) >= TOLD:
        found.labels["differs"] += 1
        found.contradicted.append(f"{one.path}: The code speaks for another generation.")
    elif one.verdict in ("", "differs"):
        judged = agreement(doc)
        found.labels[judged.verdict] += 1
        found.contradicted += [
            f"{one.path}: {part.field}: {part.said.sentence}"
            for part in judged.parts
            if part.said.verdict == "differs"
        ]
    else:
        found.labels[one.verdict] += 1


def _note_other(found: Examined, path: str, text: str) -> None:
    found.control_tokens += control_tokens(path, text)
    _note_secrets(found, path, text, ())


def _note_secrets(found: Examined, path: str, text: str, waived: Collection[tuple[str, int]]) -> None:
    secrets = (one for one in find_secrets(text) if (one.rule, one.line) not in waived)
    found.secrets += [f"{path}, line {one.line}: {one.says}" for one in secrets]


def untrainable(doc: ExampleDoc) -> list[str]:
    """Why an example is no prompt with an answer; nothing where it is one."""
    try:
        chatml.render(doc)
    except chatml.ControlTokenError:
        return []  # a matter of its own, wherever in the text it stands
    except chatml.RenderError as error:
        return [str(error)]
    return []


def control_tokens(path: str, text: str) -> list[str]:
    """Each control token that this text holds."""
    held = (token for token in chatml.CONTROL_TOKENS if token in text)
    return [f"{path}: holds the control token {token}" for token in held]


def _told(path: str, finding: Mapping[str, Any]) -> str:
    return f"{path}, line {finding['source_line']}: {finding['message']} ({finding['code']})"


def _waived() -> dict[tuple[int, str], set[tuple[str, int]]]:
    """Rule and line of what a second person said is no secret, by example and text."""
    found: dict[tuple[int, str], set[tuple[str, int]]] = {}
    rows = SecretWaiver.objects.values_list("example", "content_hash", "rule", "line")
    for example, content_hash, rule, line in rows:
        found.setdefault((example, content_hash), set()).add((rule, line))
    return found


def _prose(doc: ExampleDoc) -> list[str]:
    code = (piece for file in doc.code_files for piece in pieces_of_code(file.code))
    return [doc.title, doc.description, doc.expected, doc.explanation, *code]


# Questions about reviews and authors


def approved_by_nobody_else(examples: Sequence[ChosenExample], *, tell: Tell = telling.nobody) -> list[str]:
    """Paths of those whose text nobody approved who did not write or edit it."""
    offenders = []
    for start in range(0, len(examples), CHUNK):
        tell("checking who approved them", start, len(examples))
        part = {one.example: one for one in examples[start : start + CHUNK]}
        facts = standing.facts_of(part.keys())
        history: dict[int, list[tuple[int, str]]] = {example: [] for example in part}
        rows = Revision.objects.filter(example__in=part).order_by("example", "number")
        for example, author, content_hash in rows.values_list("example", "author", "content_hash"):
            history[example].append((author, content_hash))
        for example, one in part.items():
            writers = review.writers(history[example])
            words = review.standing(one.content_hash, facts[example])
            if not any(word.verdict == "approve" and word.reviewer not in writers for word in words):
                offenders.append(one.path)
    return offenders


def told(repeated: Sequence[Repeated], examples: Sequence[ChosenExample]) -> list[str]:
    """Each phrase with its author and the files, in words; spelt as the first text has it."""
    names = dict(User.objects.filter(pk__in={one.author for one in repeated}).values_list("pk", "username"))
    firsts = [examples[one.texts[0]] for one in repeated]
    said = []
    for one, (first, revision) in zip(repeated, selecting.revisions_of(firsts), strict=True):
        doc = markdown.parse(revision.text, path=first.path).doc
        phrase = spell(_prose(doc), one) if doc else ""
        paths = [examples[text].path for text in one.texts]
        more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
        said.append(f'"{phrase}", {names[one.author]}: {", ".join(paths[:NAMED])}{more}')
    return said
