"""Dataset versions: the list, one version, its files, and freezing a new one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import IntegerField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from curation.domain.snapshot import licences, without_examples
from curation.forms.snapshots import FreezeForm, SelectionForm
from curation.models import Snapshot
from curation.services import exporting, planning, selecting, snapshotting
from curation.views.masks import mask_context
from curation.views.paging import page_of
from curation.views.snapshot_diffs import summary_of
from studio.http import SignedInRequest

SIDES = ("train", "validation")
LOOKED_AT_UNASKED = 5_000  # examples, some seconds
SHOWN_PROGRAMS = SHOWN_CONVERSATIONS = 500  # the manifest names all


@require_safe
def snapshot_list(request: SignedInRequest) -> HttpResponse:
    """Counts as they were when each was frozen: entries and manifests may be 100,000 each."""
    sides = {
        side: Coalesce(Cast(KT(f"report__counts__examples__{side}"), IntegerField()), 0) for side in SIDES
    }
    snapshots = Snapshot.objects.select_related("created_by").defer("manifest", "report").annotate(**sides)
    return render(request, "curation/snapshot_list.html", {"snapshots": snapshots[:200]})


@require_http_methods(["GET", "HEAD", "POST"])
def snapshot_freeze(request: SignedInRequest) -> HttpResponse:
    """What freezing now would give, gate by gate, and the form that does it. Filters stand in the address."""
    posted = request.method == "POST"
    asked = SelectionForm(request.POST if posted else request.GET)
    suggested = {"name": f"v{Snapshot.objects.count() + 1}"}
    form = FreezeForm(request.POST) if posted else FreezeForm(initial=suggested)
    selection = asked.selection()
    if posted and asked.errors:  # freezing more than was asked for would be worse than freezing nothing
        form.add_error(None, "A filter has a value that is no choice. Choose again, then freeze.")
    if posted and form.is_valid():
        known = set(Snapshot.objects.values_list("pk", flat=True))
        try:
            frozen = snapshotting.freeze(
                author=request.user,
                selection=selection,
                general_per_mille=asked.general(),
                **form.cleaned_data,
            )
        except snapshotting.NameTaken as error:
            form.add_error("name", str(error))
        except snapshotting.FreezeRefused as error:
            form.add_error(None, str(error))
        else:
            if frozen.pk in known:
                messages.info(
                    request, f"{frozen.name} holds exactly this content already; no new version was made."
                )
            else:
                messages.success(request, f"Frozen as {frozen.name}.")
            return redirect("snapshot_page", frozen.pk)
    context: dict[str, Any] = {"asked": asked, "chosen": asked.chosen(), "form": form}
    many = None if selecting.has_common_words(selection) else selecting.count(selection)
    is_small = many is not None and many <= LOOKED_AT_UNASKED
    if posted or "look" in request.GET or is_small:
        plan = planning.plan_snapshot(selection=selection, general_per_mille=asked.general(), **form.split())
        gates = form.waivable(plan.gates.most_urgent_first())
        context |= {"plan": plan, **plan.report, "gates": gates}
    else:
        context |= {
            "many": many,
            "capped": bool(selection.q.strip()),
            "most": LOOKED_AT_UNASKED,
            "query": asked.query(),
        }
    if request.htmx:
        return render(request, "curation/_snapshot_plan.html", context)
    return render(request, "curation/snapshot_freeze.html", context, status=422 if form.errors else 200)


@require_safe
def snapshot_page(request: SignedInRequest, snapshot_id: int) -> HttpResponse:
    snapshot = get_object_or_404(Snapshot.objects.select_related("created_by"), pk=snapshot_id)
    entries = snapshot.entries.select_related("revision")
    manifest = without_examples(snapshot.manifest)
    context = {
        "snapshot": snapshot,
        "page": page_of(entries, "path", request.GET),
        "corpus": snapshot.corpus_files.select_related("corpus_file")[:SHOWN_PROGRAMS],
        "shown_programs": SHOWN_PROGRAMS,
        "licences": licences(manifest),
        "conversations": snapshot.conversations.select_related("record")[:SHOWN_CONVERSATIONS],
        "gates": sorted(snapshot.report.get("gates", []), key=lambda gate: gate["passed"]),
        "counts": snapshot.report.get("counts", {}),
        "leaks": snapshot.report.get("leaks"),
        "strata": snapshot.report.get("strata"),
        "manifest": manifest,
        "selection": _told(manifest["policy"]["selection"]),
        "files": exporting.FILES,
        "formats": exporting.FORMATS,
        **mask_context(snapshot),
        "intact": snapshotting.recomputed_digest(snapshot) == snapshot.digest,
        "changed": summary_of(snapshot),
    }
    return render(request, "curation/snapshot_page.html", context)


def _told(policy: str | dict[str, Any]) -> dict[str, str]:
    """The filters of a selection in words; none where it is everything that was approved."""
    filters = policy if isinstance(policy, dict) else {}
    return {
        name: value if isinstance(value, str) else "with" if value else "without"
        for name, value in filters.items()
        if name != "status"
    }
