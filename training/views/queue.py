"""The queue: what trains now, what is next, whose turn is when; moving and cancelling at the place."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from studio.http import SignedInRequest
from training.forms.runs import MoveForm
from training.models import Run
from training.services import cancelling, queueing
from training.views import words


@require_GET
def queue_page(request: SignedInRequest) -> HttpResponse:
    return render(request, "training/queue_page.html", _shown())


@require_GET
def queue_live(request: SignedInRequest) -> HttpResponse:
    """All of the page that changes; asked for every two seconds."""
    return render(request, "training/_queue.html", _shown())


@require_POST
def queue_move(request: SignedInRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(Run, pk=run_id)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _answer(request, problem=" ".join(map(str, form.errors["before"])))
    try:
        number = queueing.move(run=run, before=form.cleaned_data["before"], by=request.user)
    except queueing.NotWaiting as error:
        return _answer(request, problem=str(error))
    return _answer(request, said=f"Run {run.pk} is number {number} of those that wait.")


@require_POST
def queue_cancel(request: SignedInRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(Run, pk=run_id)
    try:
        run = cancelling.request_cancel(run=run, by=request.user)
    except cancelling.AlreadyFinished as error:
        return _answer(request, problem=str(error))
    stopping = run.state == "running"
    return _answer(request, said=f"Run {run.pk} {'stops within seconds' if stopping else 'is cancelled'}.")


def _answer(request: SignedInRequest, *, said: str = "", problem: str = "") -> HttpResponse:
    """The queue as it is now, with one sentence."""
    if request.htmx:
        context = _shown() | {"said": said, "problem": problem}
        return render(request, "training/_queue.html", context, status=422 if problem else 200)
    if problem:
        messages.warning(request, problem)
    else:
        messages.success(request, said)
    return redirect("queue_page")


def _shown() -> dict[str, Any]:
    queue = queueing.look()
    return {
        "running": [
            {
                "now": now,
                "gpu": words.gpu(now.gpu) if now.gpu else "",
                "took": words.elapsed(now.run.started_at, None),
                "left": words.duration(now.left_s) if now.left_s is not None else "",
            }
            for now in queue.running
        ],
        "guests": [(words.gpu(gpu), guest) for gpu, guest in queue.guests],
        "waiting": [
            {
                "one": one,
                "last": one.number == queue.of,
                "starts_in": words.roughly(one.starts_in_s) if one.starts_in_s else "",
            }
            for one in queue.waiting
        ],
        "of": queue.of,
        "more": queue.of - len(queue.waiting),
        "problems": queue.problems,
    }
