"""The audit log's door for requests, and the entry of an action that wrote none itself.

Services write their own entries, in the transaction that does the thing. What is left out there is still in
the log: who called which address, about which row. That entry comes after the action was done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from curation.services import auditing
from studio import asking, door, roles

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")

# Addresses that change nothing anybody would ask about: they answer, or keep what somebody is still typing.
# The preview of an action on many examples is such an answer; what is then done has an entry of its own.
NO_ACTIONS = {
    "example_check",
    "example_near",
    "draft_keep",
    "bulk_text",
    "bulk_verdict",
    "bulk_reviewers",
    "bulk_needed",
}
# Their entries come from signals (studio.account_entries), whatever the status of the answer says.
BY_SIGNALS = {"sign_in", "sign_out", "password"}
# Rows that addresses call otherwise than their models.
KINDS = {"job": "importjob", "freeze": "freezejob", "token": "apitoken", "problem": "importproblem"}


@sync_and_async_middleware
def audit_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            with _open(request):
                response: HttpResponseBase = await get_response(request)
                if request.method in UNSAFE:
                    await sync_to_async(note)(request, response)
                return response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        with _open(request):
            response = get_response(request)
            assert isinstance(response, HttpResponseBase)
            if request.method in UNSAFE:
                note(request, response)
            return response

    return answer


@contextmanager
def _open(request: HttpRequest) -> Iterator[None]:
    through = "api" if request.path_info.startswith("/" + door.PREFIX) else "page"
    with asking.answering(request), auditing.door(through):
        yield


def note(request: HttpRequest, response: HttpResponseBase) -> None:
    """Write down an action that succeeded and wrote no entry, unless its answer was given before."""
    if response.status_code >= 400 or "Idempotent-Replayed" in response or auditing.has_written():
        return
    name, user = action_of(request), asking.asking()
    if name and user:
        subject, rest = named(request)
        auditing.record(actor=user, action=name, subject=subject, **rest)


def action_of(request: HttpRequest) -> str:
    """The name of the address, or of the API's operation; "" for what is no action."""
    match = request.resolver_match
    if match is None or request.method not in UNSAFE or roles.ADMIN_SITE in match.app_names:
        return ""
    if roles.API in match.app_names:
        name = door.operation_of(request)
        return "" if (roles.OPERATIONS[name][0] or "").endswith(":read") else name
    name = match.url_name or ""
    return "" if name in NO_ACTIONS | BY_SIGNALS else name


def named(request: HttpRequest) -> tuple[tuple[str, int] | None, dict[str, Any]]:
    """What the address names: kind and id of the first row, and the rest: ("example", 17), {"number": 3}."""
    match = request.resolver_match
    assert match is not None
    rest = dict(match.kwargs)
    for name, value in match.kwargs.items():
        if name.endswith("_id") and str(value).isdecimal() and int(value) < 2**63:
            kind = name.removesuffix("_id")
            return (KINDS.get(kind, kind), int(rest.pop(name))), rest
    return None, rest
