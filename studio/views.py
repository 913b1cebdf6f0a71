"""The dashboard: what waits for me, what was scored, what is missing."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy

from curation.services import awaiting
from curation.services.coverage import coverage
from curation.views.coverage import grid_context
from studio.http import SignedInRequest
from studio.roles import roles_of
from training.services import scoring


def dashboard(request: SignedInRequest) -> HttpResponse:
    roles = roles_of(request.user)
    if "author" not in roles:
        return render(request, "studio/dashboard.html")
    context = {
        "waiting": awaiting.what_waits(request.user, roles),
        **grid_context(coverage()),
        **scoring.dashboard(),
    }
    return render(request, "studio/dashboard.html", context)


class PasswordPage(PasswordChangeView):
    """Change one's own password; the first one came from a terminal."""

    template_name = "studio/password.html"
    success_url = reverse_lazy("dashboard")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)
