"""Imported conversations that are no example: read them, and choose those that dataset versions take."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from curation.forms.conversations import ChoiceForm
from curation.services import choosing, storing
from curation.views.paging import page_of
from studio.http import SignedInRequest

SHOWN = {"": "all", "yes": "chosen", "no": "not chosen"}


@require_safe
def conversation_list(request: SignedInRequest) -> HttpResponse:
    rows = choosing.conversations().select_related("author")
    shown = request.GET.get("chosen", "")
    if shown in ("yes", "no"):
        rows = rows.filter(chosen=shown == "yes")
    page = page_of(rows, "content_hash", request.GET, size=20)
    for record in page.rows:
        record.place = storing.place_of(record.origin)
    counts = {"all": choosing.conversations().count(), "chosen": len(choosing.chosen_conversations())}
    context = {"page": page, "shown": shown, "choices": SHOWN, "counts": counts}
    return render(request, "curation/conversation_list.html", context)


@require_POST
def conversation_choose(request: SignedInRequest) -> HttpResponse:
    form = ChoiceForm(request.POST)
    if form.is_valid():
        records, chosen = list(form.cleaned_data["record"]), form.cleaned_data["chosen"]
        try:
            changed = choosing.choose(records=records, by=request.user, chosen=chosen)
        except choosing.NotChosen as error:
            messages.error(request, str(error))
        else:
            word = "are taken into the next dataset version" if chosen else "are left out"
            messages.success(request, f"{changed} of {len(records)} {word} from now on.")
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    place = request.META.get("QUERY_STRING", "")
    return redirect(reverse("conversation_list") + (f"?{place}" if place else ""))
