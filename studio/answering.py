"""Answering a request once: the same Idempotency-Key gives the first answer again and does nothing more.

A row is claimed first and filled with the answer afterwards, so of two requests at the same moment exactly
one is carried out, on SQLite and PostgreSQL alike. Only what was done is remembered: a refused request
changed nothing and may be sent again under its key. A process that dies in between leaves the claim; ten
minutes later the request is carried out again, which every service bears (docs/decisions/0020).

Source: draft-ietf-httpapi-idempotency-key-header-07
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from curation.api.problems import Refusal
from studio.models import Answered

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
ANSWERED_WITHIN = timedelta(minutes=10)  # past that its process is gone
KEPT_HEADERS = ("ETag", "Location")
KEY = re.compile(r"[!-~]{1,200}")


def once(request: HttpRequest, owner: User, key: str, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer to this request: the first one, where its key was used before.

    Raises:
        Refusal: the key is malformed, is another request's, or is being answered.
    """
    if not KEY.fullmatch(key):
        raise Refusal("malformed", f"{HEADER}: write 1 to 200 visible ASCII characters, such as a UUID.")
    claim, first = _claim(owner, key.strip('"'), _digest(request))
    if first:
        return first
    try:
        response = answer()
    except BaseException:
        claim.delete()
        raise
    if 200 <= response.status_code < 300 and not response.streaming:
        claim.status, claim.body = response.status_code, response.content.decode()
        claim.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        claim.headers["Content-Type"] = response["Content-Type"]
        claim.save()
    else:
        claim.delete()
    return response


def _claim(owner: User, key: str, digest: str) -> tuple[Answered, HttpResponse | None]:
    now = timezone.now()
    Answered.objects.filter(claimed_at__lt=now - KEPT).delete()
    Answered.objects.filter(owner=owner, key=key, status=None, claimed_at__lt=now - ANSWERED_WITHIN).delete()
    try:
        with transaction.atomic():
            return Answered.objects.create(owner=owner, key=key, digest=digest, claimed_at=now), None
    except IntegrityError:
        first = Answered.objects.filter(owner=owner, key=key).first()
    if first and first.digest != digest:
        raise Refusal("key-used", f"{HEADER} {key} came with another request before.")
    if first is None or first.status is None:
        raise Refusal("answering", f"{HEADER} {key} is being answered.", headers={"Retry-After": "2"})
    headers = {**first.headers, "Idempotent-Replayed": "true"}
    return first, HttpResponse(first.body, status=first.status, headers=headers)


def _digest(request: HttpRequest) -> str:
    """Method, address and body; of an upload its fields and files, since its boundary differs each time."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        for name, value in sorted(request.POST.items()):
            digest.update(f"{name}={value}\n".encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                digest.update(f"{name}: {file.name}\n".encode())
                for chunk in file.chunks():
                    digest.update(chunk)
                file.seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()
