"""Having it measured how long a training takes, from the check page, and following that."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from studio.http import SignedInRequest
from training.forms.runs import StartRunForm
from training.models import Probe
from training.services import probing
from training.views.runs import recipe_form, start_page
from training.views.timing import timing


@require_POST
def probe_start(request: SignedInRequest) -> HttpResponse:
    """Queue a probe of what the form has chosen, then show the check page of the same."""
    form, values = StartRunForm(request.POST), recipe_form(request.POST)
    if not (form.is_valid() and values.is_valid()):
        return render(request, "training/run_start.html", start_page(form, values), status=422)
    try:
        probing.request(
            snapshot=form.cleaned_data["snapshot"],
            recipe_name=form.cleaned_data["recipe_name"],
            overrides=values.overrides,
            by=request.user,
        )
    except probing.NotMeasured as reason:
        messages.warning(request, str(reason))
    return redirect(_back(request))


@require_safe
def probe_live(request: SignedInRequest, probe_id: int) -> HttpResponse:
    """The part of the check page that changes; asked for every two seconds until the probe has ended."""
    probe = get_object_or_404(Probe, pk=probe_id)
    return render(request, "training/_probe.html", timing(probe, probe.recipe))


@require_POST
def probe_cancel(request: SignedInRequest, probe_id: int) -> HttpResponse:
    probe = get_object_or_404(Probe.objects.select_related("snapshot"), pk=probe_id)
    probing.cancel(probe, by=request.user)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The check page with what was chosen, and with the values that are not the recipe's own."""
    own = recipe_form({"recipe_name": request.POST.get("recipe_name", "")}).own_values
    kept = {"snapshot", "recipe_name", "seed", "replicates", "values_of"}
    sent = {
        name: value
        for name, value in request.POST.items()
        if name in kept or (name in own and value != own[name])
    }
    return f"{reverse('run_start')}?{urlencode(sent)}#probe"
