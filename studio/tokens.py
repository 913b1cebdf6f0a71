"""Tokens of the API: making one, recognising one, taking one back."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from curation.services import auditing
from studio.models import ApiToken
from studio.roles import ADMIN, SCOPES, roles_of

MOST_DAYS = 90
MOST_TOKENS = 20  # valid ones of one person
MAX_NAME = 80
USED_TO_THE = timedelta(hours=1)  # so that reading by the API writes at most once an hour
MARK = "bbj_"  # every secret begins like this, so that scanners find one that leaked
_NOBODY = "0" * 64  # compared with where there is no such token, to take the same time


class TokenRefused(Exception):
    """Nothing was changed; the message says why."""


@transaction.atomic
def create(*, owner: User, name: str, scopes: Iterable[str], days: int) -> tuple[ApiToken, str]:
    """Make a token. Returns it with its secret, which is kept nowhere.

    Raises:
        TokenRefused: no name, no or unknown scopes, too long a life, or too many tokens.
    """
    name, chosen = name.strip()[:MAX_NAME], sorted(set(scopes))
    if not name:
        raise TokenRefused("Give the token a name, so that you know later what it is for.")
    if not chosen:
        raise TokenRefused("Choose at least one scope: without one the token may do nothing.")
    if unknown := [scope for scope in chosen if scope not in SCOPES]:
        raise TokenRefused(f"{', '.join(unknown)}: no such scope. Choose from {', '.join(SCOPES)}.")
    if not 1 <= days <= MOST_DAYS:
        raise TokenRefused(f"{days} days: a token lives 1 to {MOST_DAYS} days.")
    if valid(owner.api_tokens.all()).count() >= MOST_TOKENS:
        raise TokenRefused(f"You have {MOST_TOKENS} valid tokens. Revoke one that is not used any more.")
    start = MARK + secrets.token_hex(6)
    secret = f"{start}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        owner=owner,
        name=name,
        start=start,
        digest=_digest(secret),
        scopes=chosen,
        expires_at=timezone.now() + timedelta(days=days),
    )
    auditing.record(
        actor=owner,
        action="token.create",
        subject=token,
        scopes=chosen,
        expires_at=token.expires_at.isoformat(),
    )
    return token, secret


def valid(tokens: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
    return tokens.filter(revoked_at=None, expires_at__gt=timezone.now(), owner__is_active=True)


def recognise(secret: str) -> ApiToken | None:
    """The valid token with this secret, and its owner; None for any other text."""
    start = "_".join(secret.split("_", 2)[:2])
    token = ApiToken.objects.select_related("owner").filter(start=start[:20]).first()
    same = hmac.compare_digest(_digest(secret), token.digest if token else _NOBODY)
    if token is None or not same or token.revoked_at or not token.owner.is_active:
        return None
    now = timezone.now()
    if token.expires_at <= now:
        return None
    if token.last_used_at is None or token.last_used_at < now - USED_TO_THE:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


@transaction.atomic
def revoke(*, token: ApiToken, by: User) -> None:
    """Take a token back, for ever. Doing it twice is the same as doing it once.

    Raises:
        TokenRefused: it belongs to somebody else, and `by` is no admin.
    """
    if token.owner_id != by.pk and ADMIN not in roles_of(by):
        raise TokenRefused("This token belongs to somebody else.")
    left = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    if left.update(revoked_at=timezone.now(), revoked_by=by):
        auditing.record(actor=by, action="token.revoke", subject=token)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
