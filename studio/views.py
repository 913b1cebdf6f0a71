"""The dashboard: what waits for me, what was scored, what is missing."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy

from curation.models import Draft, Example
from curation.services import reserving
from curation.services.coverage import COLUMNS, coverage
from studio.http import SignedInRequest
from studio.roles import roles_of
from training.services import scoring


def dashboard(request: SignedInRequest) -> HttpResponse:
    if "author" not in roles_of(request.user):
        return render(request, "studio/dashboard.html")
    rows = [
        {
            "topic": row.topic,
            "cells": [{"generation": g, "count": n} for g, n in zip(COLUMNS, row.counts, strict=True)],
        }
        for row in coverage()
    ]
    return render(
        request,
        "studio/dashboard.html",
        {
            "to_review": reserving.waiting_for(request.user).count(),
            "sent_back": Example.objects.with_status_in("changes_requested").filter(
                head__author=request.user
            ),
            "draft_count": Draft.objects.filter(author=request.user).count(),
            "example_count": Example.objects.count(),
            "approved_count": Example.objects.approved().count(),
            "coverage": rows,
            "coverage_columns": COLUMNS,
            **scoring.dashboard(),
        },
    )


class PasswordPage(PasswordChangeView):
    """Change one's own password; the first one came from a terminal."""

    template_name = "studio/password.html"
    success_url = reverse_lazy("dashboard")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)
