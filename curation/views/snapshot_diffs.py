"""Two dataset versions: what changed, each changed text side by side, and the changelog of a version."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from curation.domain import changelog
from curation.domain.snapshot_diff import EXAMPLES, WORDS
from curation.forms.snapshot_diffs import ChangeFilterForm, PickForm
from curation.models import Example, Snapshot, SnapshotChange, SnapshotDiff
from curation.services import contrasting
from curation.views.diffing import ShownDiff, coloured, near_changes, shown_part
from curation.views.paging import page_of, whole_numbers
from studio.http import SignedInRequest


@require_safe
def snapshot_compare(request: SignedInRequest) -> HttpResponse:
    """?left= and ?right= are ids of dataset versions."""
    form = PickForm(request.GET)
    if form.is_valid() and form.cleaned_data["left"] != form.cleaned_data["right"]:
        older, newer = sorted(form.cleaned_data.values(), key=lambda frozen: frozen.pk)
        return redirect("snapshot_diff", newer.pk, older.pk)
    messages.error(request, "Choose two different dataset versions to compare.")
    return redirect("snapshot_list")


@require_safe
def snapshot_diff(request: SignedInRequest, snapshot_id: int, other_id: int) -> HttpResponse:
    """From the older version to the newer one, a page of changes at a time."""
    newer, older = _version(snapshot_id), _version(other_id)
    if newer.pk == older.pk:
        messages.error(request, "Choose two different dataset versions to compare.")
        return redirect("snapshot_list")
    if newer.pk < older.pk:
        return redirect("snapshot_diff", older.pk, newer.pk)
    diff = contrasting.contrast(older, newer)
    form = ChangeFilterForm(request.GET, kinds=diff.counts)
    asked = form.cleaned_data if form.is_valid() else {"kind": "", "word": ""}
    page = page_of(contrasting.changes_of(diff, **asked), "position", whole_numbers(request.GET))
    prompts = contrasting.prompts_of(page.rows)
    context = {
        "changed": summary(diff, older, newer),
        "older": older,
        "newer": newer,
        "page": page,
        "listed": [(change, prompts.get(change.hash_after or change.hash_before)) for change in page.rows],
        "asked": asked,
        "kind_name": changelog.kind_name(asked["kind"], 2) if asked["kind"] else "",
        "form": form,
    }
    return render(request, "curation/snapshot_diff.html", context, status=422 if form.errors else 200)


@require_safe
def snapshot_change(request: SignedInRequest, snapshot_id: int, other_id: int, position: int) -> HttpResponse:
    """One changed text side by side; for htmx the rows near a change alone."""
    newer, older = _version(snapshot_id), _version(other_id)
    rows = SnapshotChange.objects.filter(diff__older=older, diff__newer=newer)
    change = get_object_or_404(rows.order_by("-diff__rules"), position=position)
    shown = _both(change)
    context = {
        "older": older,
        "newer": newer,
        "change": change,
        "example": Example.objects.filter(path=change.path).first() if change.kind == EXAMPLES else None,
        "diff": near_changes(shown) if shown and request.htmx else shown,
    }
    template = "curation/_snapshot_change.html" if request.htmx else "curation/snapshot_change.html"
    return render(request, template, context)


@require_safe
def snapshot_changes(request: SignedInRequest, snapshot_id: int) -> HttpResponse:
    """What changed against the version before: a part of the version's page, or the way to all of it."""
    newer = _version(snapshot_id)
    older = contrasting.previous(newer)
    if older is None or not request.htmx:
        return redirect("snapshot_diff", newer.pk, older.pk) if older else redirect("snapshot_page", newer.pk)
    diff = contrasting.contrast(older, newer)
    changed = summary(diff, older, newer)
    return render(request, "curation/_snapshot_changes.html", {"changed": changed})


@require_safe
def snapshot_changelog(request: SignedInRequest, snapshot_id: int) -> HttpResponse:
    frozen = _version(snapshot_id)
    text = contrasting.changelog_of(frozen)
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{frozen.name}-CHANGES.md"'
    return response


def summary_of(frozen: Snapshot) -> dict[str, Any]:
    """For the version's page: what changed against the one before, as far as it was found already."""
    older = contrasting.previous(frozen)
    diff = contrasting.known(older, frozen) if older else None
    return summary(diff, older, frozen) if older and diff else {"older": older, "newer": frozen}


def summary(diff: SnapshotDiff, older: Snapshot, newer: Snapshot) -> dict[str, Any]:
    """Counts as a table whose numbers are links to what they count, and the settings that differ."""
    counts = contrasting.counts_of(diff)
    address = reverse("snapshot_diff", args=[newer.pk, older.pk])
    return {
        "found": diff,
        "older": older,
        "newer": newer,
        "kinds": [changelog.kind_name(kind, 2) for kind in counts],
        "rows": [
            {
                "word": word,
                "cells": [
                    {
                        "name": changelog.kind_name(kind, of.get(word, 0)),
                        "count": of.get(word, 0),
                        "address": f"{address}?{urlencode({'kind': kind, 'word': word})}",
                    }
                    for kind, of in counts.items()
                ],
            }
            for word in WORDS
            if any(word in of for of in counts.values())
        ],
        "settings": [
            {"name": changelog.setting_name(one.name), "before": one.before, "after": one.after}
            for one in contrasting.settings_of(diff)
        ],
    }


def _version(snapshot_id: int) -> Snapshot:
    rows = Snapshot.objects.select_related("created_by").defer("manifest", "report")
    return get_object_or_404(rows, pk=snapshot_id)


def _both(change: SnapshotChange) -> ShownDiff | None:
    texts = contrasting.texts_of(change)
    if texts == (None, None):
        return None
    lines = [[] if text is None else text.split("\n") for text in texts]
    colours = [coloured(text or "") for text in texts]
    return shown_part((lines[0], lines[1]), (colours[0], colours[1]))
