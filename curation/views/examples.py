"""One example."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from curation.domain import markdown
from curation.forms.reviews import CommentForm, FixForm
from curation.models import Example, Revision
from curation.services import authoring, revising
from curation.views.highlighting import file_lines
from curation.views.labels import judged_parts
from curation.views.opening import open_example
from curation.views.panels import panel_context
from curation.views.rendering import code_blocks, markdown_html
from studio.http import SignedInRequest

NEWEST_SHOWN = 5  # revisions on the example's page


def example_context(example: Example, revision: Revision) -> dict[str, Any]:
    """What the templates need to show one text of an example."""
    doc = markdown.parse(revision.text, path=example.path).doc
    return {
        "example": example,
        "revision": revision,
        "doc": doc,
        "blocks": code_blocks(doc, revision.findings) if doc else [],
        "expected": markdown_html(doc.expected) if doc else "",
        "explanation": markdown_html(doc.explanation) if doc else "",
        "judged_parts": judged_parts(doc) if doc else [],
        "source": file_lines(revision.text),
        "findings": sorted(revision.findings, key=lambda f: (not f["certain"], f["source_line"])),
    }


@require_safe
def example_page(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = open_example(request, example_id, why="read its page")
    assert example.head
    return render(request, "curation/example_page.html", page_context(request, example))


def page_context(
    request: SignedInRequest,
    example: Example,
    form: FixForm | None = None,
    comment: CommentForm | None = None,
) -> dict[str, Any]:
    assert example.head
    problems = authoring.read(example.head.text.encode(), path=example.path, pool=example.pool).problems
    return {
        **example_context(example, example.head),
        **panel_context(request, example, form=form, comment=comment),
        "revisions": [revising.told(row) for row in revising.revisions_of(example)[:NEWEST_SHOWN]],
        "problems": authoring.sorted_by_line(problems),
    }
