"""Each person's API tokens. An admin sees everybody's, and can revoke them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from studio import tokens
from studio.forms import TokenForm
from studio.http import SignedInRequest
from studio.models import ApiToken
from studio.roles import ADMIN, roles_of

MOST_SHOWN = 200


@never_cache  # a secret may be on it
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: SignedInRequest) -> HttpResponse:
    """The list and the form. The secret of a new token is on the answer, and never again."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    made = secret = None
    if form.is_valid():
        try:
            made, secret = tokens.create(owner=request.user, **form.cleaned_data)
        except tokens.TokenRefused as refused:
            form.add_error(None, str(refused))
        else:
            form = TokenForm()
    everybody = ADMIN in roles_of(request.user)
    rows = ApiToken.objects.select_related("owner", "revoked_by")
    shown = (rows if everybody else rows.filter(owner=request.user))[:MOST_SHOWN]
    context = {
        "form": form,
        "made": made,
        "secret": secret,
        "rows": [(token, _state(token)) for token in shown],
        "everybody": everybody,
        "may_use": bool(roles_of(request.user) - {ADMIN}),
    }
    return render(request, "studio/token_list.html", context, status=422 if form.errors else 200)


@require_POST
def token_revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    rows = ApiToken.objects.all() if ADMIN in roles_of(request.user) else request.user.api_tokens.all()
    token = get_object_or_404(rows, pk=token_id)
    tokens.revoke(token=token, by=request.user)
    messages.success(request, f"{token.name} is revoked: no request with it is answered any more.")
    return redirect("token_list")


def _state(token: ApiToken) -> tuple[str, str]:
    """The chip's class and its word."""
    if token.revoked_at:
        return "bad", "revoked"
    if token.expires_at <= timezone.now():
        return "warn", "expired"
    return ("good", "valid") if token.owner.is_active else ("bad", "account closed")
