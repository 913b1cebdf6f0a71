"""One example."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from curation.domain import markdown
from curation.forms.reviews import ReviewForm
from curation.models import Example, Revision
from curation.services import authoring, resolving, reviewing, revising, storing, surveying, waiving
from curation.views.highlighting import file_html
from curation.views.labels import judged_parts
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
        "source": file_html(revision.text),
        "findings": sorted(revision.findings, key=lambda f: (not f["certain"], f["source_line"])),
    }


def panel_context(
    request: SignedInRequest, example: Example, form: ReviewForm | None = None
) -> dict[str, Any]:
    """What _review_panel.html needs."""
    return {
        "example": example,
        "form": form or ReviewForm(initial={"content_hash": example.content_hash}),
        "status": reviewing.status_of(example),
        "reviews": example.reviews.select_related("reviewer").order_by("-pk"),
        "near": len(surveying.near_to(example)),
        "kept_instead": resolving.kept_instead(example),
        "own_work": example.revisions.filter(author=request.user).exists(),
        "suspects": waiving.suspects(example),
        "source_line": storing.place_of(example.head.origin) if example.head else None,
    }


@require_safe
def example_page(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = get_object_or_404(Example.objects.select_related("head__author"), pk=example_id)
    assert example.head
    return render(request, "curation/example_page.html", page_context(request, example))


def page_context(
    request: SignedInRequest, example: Example, form: ReviewForm | None = None
) -> dict[str, Any]:
    assert example.head
    problems = authoring.read(example.head.text.encode(), path=example.path).problems
    return {
        **example_context(example, example.head),
        **panel_context(request, example, form),
        "revisions": [revising.told(row) for row in revising.revisions_of(example)[:NEWEST_SHOWN]],
        "problems": authoring.sorted_by_line(problems),
    }
