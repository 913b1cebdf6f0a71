"""Dataset versions: the list, one version, its files, and freezing a new one."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from curation.forms.snapshots import FreezeForm
from curation.models import Snapshot
from curation.services import exporting, snapshotting
from curation.views.paging import page_of
from curation.views.snapshot_diffs import summary_of
from studio.http import SignedInRequest

SHOWN_CONVERSATIONS = 500  # the manifest names all


@require_safe
def snapshot_list(request: SignedInRequest) -> HttpResponse:
    snapshots = Snapshot.objects.select_related("created_by").annotate(
        train=Count("entries", filter=Q(entries__split="train")),
        validation=Count("entries", filter=Q(entries__split="validation")),
    )
    return render(request, "curation/snapshot_list.html", {"snapshots": snapshots[:200]})


@require_http_methods(["GET", "HEAD", "POST"])
def snapshot_freeze(request: SignedInRequest) -> HttpResponse:
    """What freezing now would give, gate by gate, and the form that does it."""
    suggested = {"name": f"v{Snapshot.objects.count() + 1}"}
    form = FreezeForm(request.POST) if request.method == "POST" else FreezeForm(initial=suggested)
    if request.method == "POST" and form.is_valid():
        known = set(Snapshot.objects.values_list("pk", flat=True))
        try:
            frozen = snapshotting.freeze(author=request.user, **form.cleaned_data)
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
    plan = snapshotting.plan_snapshot()
    context = {"form": form, "plan": plan, "gates": plan.gates.as_list(), "counts": plan.counts}
    return render(request, "curation/snapshot_freeze.html", context, status=422 if form.errors else 200)


@require_safe
def snapshot_page(request: SignedInRequest, snapshot_id: int) -> HttpResponse:
    snapshot = get_object_or_404(Snapshot.objects.select_related("created_by"), pk=snapshot_id)
    entries = snapshot.entries.select_related("revision")
    context = {
        "snapshot": snapshot,
        "page": page_of(entries, "path", request.GET),
        "corpus": snapshot.corpus_files.select_related("corpus_file"),
        "conversations": snapshot.conversations.select_related("record")[:SHOWN_CONVERSATIONS],
        "gates": snapshot.report.get("gates", []),
        "counts": snapshot.report.get("counts", {}),
        "manifest": snapshotting.manifest_of(snapshot),
        "files": exporting.FILES,
        "formats": exporting.FORMATS,
        "intact": snapshotting.recomputed_digest(snapshot) == snapshot.digest,
        "changed": summary_of(snapshot),
    }
    return render(request, "curation/snapshot_page.html", context)
