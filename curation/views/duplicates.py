"""Near-duplicates: the list of clusters, two members of one side by side, and what is decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from curation.domain.resolution import Cluster
from curation.forms.duplicates import (
    KIND_WORDS,
    ClusterFilterForm,
    DistinctForm,
    KeepForm,
    UndoForm,
)
from curation.forms.editor import EditorForm
from curation.models import Example
from curation.services import comparing, nearing, resolving, surveying, waking
from curation.services.surveying import Landscape
from curation.views.clusters import MOST_OF_A_TEMPLATE, pair_context
from curation.views.paging import id_in
from studio.http import SignedInRequest

PAGE_SIZE = 50
MOST_NAMED = 3  # of a cluster in the list
MOST_DECISIONS = 20


@require_safe
def duplicate_list(request: SignedInRequest) -> HttpResponse:
    form = ClusterFilterForm(request.GET)
    threshold, kind = form.chosen()
    land = surveying.landscape()
    steps = surveying.steps(land)
    clusters = land.clusters(threshold, kind)
    page = Paginator(clusters, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "threshold": threshold,
        "query": _query(threshold, kind),
        "page": page,
        "rows": _rows(land, list(page.object_list)),
        "found": len(clusters),
        "filtered": bool(kind),
        "steps": steps,
        "step": next(step for step in steps if step.threshold == threshold),
        "default": surveying.DEFAULT,
        "state": comparing.state(),
        "decisions": resolving.decisions(MOST_DECISIONS),
    }
    template = "curation/_duplicate_table.html" if request.htmx else "curation/duplicate_list.html"
    return render(request, template, context)


@require_safe
def duplicate_state(request: SignedInRequest) -> HttpResponse:
    """Asked by the list every few seconds while texts wait to be compared."""
    return render(request, "curation/_duplicate_state.html", {"state": comparing.state()})


@require_POST
def duplicate_compare(request: SignedInRequest) -> HttpResponse:
    if waking.wake(comparing.TASK):
        messages.success(request, "A worker was told to compare what waits.")
    else:
        messages.warning(
            request, "No message reached a worker. What waits is compared as soon as one runs: see Health."
        )
    return redirect("duplicate_list")


@require_safe
def duplicate_cluster(request: SignedInRequest, example_id: int) -> HttpResponse:
    return _cluster_page(request, example_id)


@require_POST
def duplicate_keep(request: SignedInRequest, example_id: int) -> HttpResponse:
    form = KeepForm(request.POST)
    place = _Place.of(request, example_id)
    if form.is_valid():
        texts = form.cleaned_data["texts"]
        examples = {example.pk: example for example in Example.objects.filter(pk__in=texts)}
        kept = examples.pop(form.cleaned_data["kept"], None)
        if kept is None:
            raise Http404
        try:
            resolving.keep(
                kept=kept,
                others=list(examples.values()),
                texts=texts,
                judge=request.user,
                reason=form.cleaned_data["reason"],
            )
        except resolving.Refused as error:
            form.add_error(None, str(error))
        else:
            n = len(examples)
            messages.success(request, f"Kept {kept.path}; {n} other{'s' if n > 1 else ''} set aside.")
            return redirect(place.next())
    return _cluster_page(request, example_id, errors=_sentences(form))


@require_POST
def duplicate_distinct(request: SignedInRequest, example_id: int) -> HttpResponse:
    form = DistinctForm(request.POST)
    place = _Place.of(request, example_id)
    if form.is_valid():
        texts = form.cleaned_data["texts"]
        pair = tuple(Example.objects.filter(pk__in=texts))
        if len(pair) != 2:
            raise Http404
        try:
            resolving.mark_distinct(
                pair=pair, texts=texts, judge=request.user, reason=form.cleaned_data["reason"]
            )
        except resolving.Refused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{pair[0].path} and {pair[1].path} are no duplicates.")
            return redirect(place.next())
    return _cluster_page(request, example_id, errors=_sentences(form))


@require_POST
def duplicate_undo(request: SignedInRequest) -> HttpResponse:
    """Take a decision back and show its examples again."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        raise Http404
    action = form.cleaned_data["action"]
    undone = resolving.undo(action=action, judge=request.user)
    if not undone:
        messages.info(request, "There was nothing to undo: that decision does not stand any more.")
        return redirect("duplicate_list")
    first, second = undone[0].first, undone[0].second
    messages.success(request, f"Undone: {first.path} and {second.path} wait again.")
    query = _query(*ClusterFilterForm(request.POST).chosen())
    return redirect(
        f"{reverse('duplicate_cluster', args=[first.pk])}?{query}&left={first.pk}&right={second.pk}"
    )


@require_POST
def example_near(request: SignedInRequest) -> JsonResponse:
    """Called by the editor while somebody types: {"near": […], "says"} of any text, the nearest first."""
    form = EditorForm(request.POST)
    form.is_valid()  # what else stands in the form is judged when it is saved
    data = form.cleaned_data
    if not data.keys() >= {"text", "path", "example"}:
        return JsonResponse({"detail": " ".join(_sentences(form))}, status=422)
    found = nearing.near_to(data["text"], path=data["path"], but=data["example"])
    near = [
        {
            "title": one.example.title,
            "path": one.example.path,
            "url": reverse("example_page", args=[one.example.pk]),
            "score": round(one.score, 4),
            "rule": one.rule,
            "kind": KIND_WORDS[one.kind],
        }
        for one in found.near
    ]
    return JsonResponse({"near": near, "says": found.says})


@dataclass(frozen=True)
class _Place:
    """Where a decision was made: which cluster of which list, read before the decision changes the list."""

    threshold: float
    kind: str
    members: tuple[int, ...]
    after: tuple[int, ...]  # the first member of each cluster that follows, round to the start

    @classmethod
    def of(cls, request: SignedInRequest, example_id: int) -> _Place:
        threshold, kind = ClusterFilterForm(request.POST).chosen()
        clusters = surveying.landscape().clusters(threshold, kind)
        at = next((n for n, cluster in enumerate(clusters) if example_id in cluster.members), -1)
        members = clusters[at].members if at >= 0 else ()
        following = (*clusters[at + 1 :], *clusters[: max(at, 0)])
        return cls(threshold, kind, members, tuple(cluster.members[0] for cluster in following))

    def next(self) -> str:
        """The address of what is left of this cluster, else of the next one, else of the list."""
        left = surveying.landscape().clusters(self.threshold, self.kind)
        query = _query(self.threshold, self.kind)
        there = {member for cluster in left for member in cluster.members}
        for example_id in (*self.members, *self.after):
            if example_id in there:
                return f"{reverse('duplicate_cluster', args=[example_id])}?{query}"
        return f"{reverse('duplicate_list')}?{query}"


def _cluster_page(request: SignedInRequest, example_id: int, *, errors: Sequence[str] = ()) -> HttpResponse:
    example = get_object_or_404(Example, pk=example_id)
    asked = request.GET if request.method in ("GET", "HEAD") else request.POST
    threshold, kind = ClusterFilterForm(asked).chosen()
    land = surveying.landscape()
    clusters = land.clusters(threshold, kind)
    at = next((n for n, cluster in enumerate(clusters) if example_id in cluster.members), None)
    context: dict[str, Any] = {
        "example": example,
        "query": _query(threshold, kind),
        "threshold": threshold,
        "kind": kind,
        "errors": errors,
        "of": len(clusters),
        "last_action": resolving.last_action(request.user),
    }
    if at is None:
        context["state"] = comparing.state()
        context["templates"] = surveying.same_template(example)[:MOST_OF_A_TEMPLATE]
        context["next"] = clusters[0].members[0] if clusters else None
        return render(request, "curation/duplicate_done.html", context, status=422 if errors else 200)
    context |= {
        "number": at + 1,
        "previous": clusters[at - 1].members[0],
        "next": clusters[(at + 1) % len(clusters)].members[0],
        **pair_context(
            land,
            clusters[at],
            threshold,
            left=id_in(asked.get("left", "")) or 0,
            right=id_in(asked.get("right", "")) or 0,
        ),
    }
    return render(request, "curation/duplicate_cluster.html", context, status=422 if errors else 200)


def _sentences(form: Form) -> list[str]:
    return [str(error) for errors in form.errors.values() for error in errors]


def _query(threshold: float, kind: str) -> str:
    return urlencode({"t": f"{threshold:.2f}", **({"kind": kind} if kind else {})})


def _rows(land: Landscape, clusters: Sequence[Cluster]) -> list[dict[str, Any]]:
    """What the table says about each cluster."""
    named = {pk for cluster in clusters for pk in cluster.members[:MOST_NAMED]}
    examples = Example.objects.in_bulk(named)
    return [
        {
            "first": cluster.members[0],
            "examples": [examples[pk] for pk in cluster.members[:MOST_NAMED]],
            "more": max(len(cluster.members) - MOST_NAMED, 0),
            "size": len(cluster.members),
            "alike": max(
                (said for edge in cluster.edges if (said := land.alike(edge.a, edge.b))),
                key=lambda said: said.level,
            ),
            "kinds": [KIND_WORDS[kind] for kind in land.kinds(cluster)],
        }
        for cluster in clusters
    ]
