"""Waiving what looks like a secret and is none."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from curation.forms.secrets import WaiverForm
from curation.services import waiving
from curation.views import places
from curation.views.opening import open_to_judge
from curation.views.panels import IN_QUEUE
from studio.http import SignedInRequest


@require_POST
def secret_waive(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = open_to_judge(request, example_id)
    form = WaiverForm(request.POST)
    if form.is_valid():
        try:
            waiving.waive(example=example, by=request.user, **form.cleaned_data)
        except waiving.WaiverRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"Waived in {example.path}. Any edit asks again.")
    else:
        messages.error(request, "Reload the page: it does not say which place you waive.")
    if request.POST.get("from") == IN_QUEUE:
        return redirect(f"{reverse('review_next')}?id={example.pk}")
    return redirect(places.keep(request, reverse("example_page", args=[example.pk])))
