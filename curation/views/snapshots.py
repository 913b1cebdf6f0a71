"""Dataset versions: the list, and one version."""

from __future__ import annotations

from django.db.models import IntegerField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from curation.domain.snapshot import licences, without_examples
from curation.models import Snapshot
from curation.services import exporting, freezing, snapshotting
from curation.views.freezing import CHIPS as FREEZE_CHIPS
from curation.views.freezing import told
from curation.views.masks import mask_context
from curation.views.paging import page_of
from curation.views.snapshot_diffs import summary_of
from studio.http import SignedInRequest

SIDES = ("train", "validation")
SHOWN_PROGRAMS = SHOWN_CONVERSATIONS = 500  # the manifest names all


@require_safe
def snapshot_list(request: SignedInRequest) -> HttpResponse:
    """Counts as they were when each was frozen: entries and manifests may be 100,000 each."""
    sides = {
        side: Coalesce(Cast(KT(f"report__counts__examples__{side}"), IntegerField()), 0) for side in SIDES
    }
    snapshots = Snapshot.objects.select_related("created_by").defer("manifest", "report").annotate(**sides)
    context = {
        "snapshots": snapshots[:200],
        "freezes": [(job, FREEZE_CHIPS[job.state]) for job in freezing.unfinished()],
    }
    return render(request, "curation/snapshot_list.html", context)


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
        "selection": told(manifest["policy"]["selection"]),
        "files": exporting.FILES,
        "formats": exporting.FORMATS,
        **mask_context(snapshot),
        "intact": snapshotting.recomputed_digest(snapshot) == snapshot.digest,
        "changed": summary_of(snapshot),
    }
    return render(request, "curation/snapshot_page.html", context)
