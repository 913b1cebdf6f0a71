"""What an author should look at in the code of an example. It is advice: it never stops an import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curation.domain.agreement import Judged, agreement
from curation.domain.markdown import ExampleDoc
from curation.domain.problems import Problem

LONGEST_QUOTE = 80  # characters of a source line in a sentence


def advice(doc: ExampleDoc, findings: Sequence[dict[str, Any]]) -> list[Problem]:
    """Warnings: where the traces contradict the author's label, and what the offline check says.

    Args:
        findings: As `authoring.findings` gives them, so that no program is checked twice.
    """
    differing = [part for part in agreement(doc).parts if part.said.verdict == "differs"]
    return [_differs(doc, part) for part in differing] + [_found(doc, finding) for finding in findings]


def _differs(doc: ExampleDoc, part: Judged) -> Problem:
    lines = doc.text.split("\n")
    line = next((n for n, text in enumerate(lines, 1) if text.startswith(f"{part.field}:")), 1)
    trace = part.said.evidence[0]
    quote = lines[trace.line - 1].strip()[:LONGEST_QUOTE]
    message = (
        f"{part.field}: {', '.join(part.said.asked)} is written, but {quote} in line {trace.line} speaks for "
        f"{trace.generation} ({trace.rule})."
    )
    return Problem(
        doc.path,
        line,
        "generation-differs",
        "warning",
        message,
        "Look at both; the label that you write counts.",
        part.field,
    )


def _found(doc: ExampleDoc, finding: dict[str, Any]) -> Problem:
    said_by = "The offline check" if finding["certain"] else "A hint of the offline check"
    message = f"{said_by}: {finding['message']}."
    return Problem(doc.path, finding["source_line"], finding["code"], "warning", message)
