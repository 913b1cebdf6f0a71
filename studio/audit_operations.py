"""The audit log for programs: the same entries and filters as the page."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.contrib.auth.models import User
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import BeforeValidator, Field, Strict, StringConstraints

from curation.api.problems import Problem, Refusal
from curation.api.shapes import PLAIN, ApiRequest, Body, ById, Page, page_of
from curation.models import AuditEntry
from curation.services import auditing
from studio import audit_trail
from studio.audit_pages import FORMATS
from studio.http import stream

router = Router(tags=["audit log"])
Name = Annotated[str, StringConstraints(pattern=PLAIN, max_length=300)]


def _day(value: Any) -> Any:
    """Only as RFC 3339 writes it; pydantic would take seconds since 1970 too."""
    if isinstance(value, date) or value is None:
        return value
    if not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        raise ValueError("write a day like 2026-01-31")
    return value


Day = Annotated[date, Strict(False), BeforeValidator(_day)]


class AuditFilters(Schema):
    who: Name = Field("", description="a username")
    action: Name = ""
    kind: Name = Field("", description="of what it was done to: example, run, apitoken, …")
    subject: Name = Field("", description="how its name begins")
    since: Day | None = None
    until: Day | None = Field(None, description="that day is included")

    def wanted(self) -> audit_trail.Wanted:
        """Raises Refusal where nobody has this username: an empty list would look like an answer."""
        who = User.objects.filter(username=self.who).first() if self.who else None
        if self.who and who is None:
            raise Refusal("not-found", f'Nobody is called "{self.who}".')
        return audit_trail.Wanted(
            who=who,
            action=self.action,
            kind=self.kind,
            subject=self.subject,
            since=self.since,
            until=self.until,
        )


class Asked(ById, AuditFilters):
    pass


class ExportIn(Body, AuditFilters):
    format: Literal[*FORMATS] = "jsonl"  # type: ignore[valid-type]


class AuditEntryOut(Schema):
    id: int
    at: datetime
    actor: str | None = Field(description="null: the studio itself, or nobody who signed in")
    through: str
    action: str
    subject_kind: str
    subject_id: int | None
    subject: str
    undoes: int | None
    detail: dict[str, Any]


@router.get("/audit", response={200: Page[AuditEntryOut], 404: Problem}, summary="List entries, newest first")
def audit_list(request: ApiRequest, response: HttpResponse, asked: Query[Asked]) -> dict[str, Any]:
    found = page_of(request, response, audit_trail.entries(asked.wanted(), reader=request.user), "-pk", asked)
    return found | {"items": [_out(entry) for entry in found["items"]]}


@router.post(
    "/audit/export",
    response={200: Any, 404: Problem},
    summary="Download entries as a file",
    openapi_extra={
        "responses": {200: {"content": {kind.partition(";")[0]: {"schema": {}} for kind in FORMATS.values()}}}
    },
)
def audit_export(request: ApiRequest, payload: ExportIn) -> StreamingHttpResponse:
    """Taking it is itself an entry, the newest in the file."""
    wanted = payload.wanted()
    said = {name: str(value) for name, value in vars(wanted).items() if value}
    entry = auditing.record(actor=request.user, action="audit.export", format=payload.format, filters=said)
    return stream(
        request,
        audit_trail.exported(
            audit_trail.entries(wanted, reader=request.user), newest=entry.pk, format=payload.format
        ),
        name=f"audit-log-{timezone.now():%Y-%m-%d}.{payload.format}",
        content_type=FORMATS[payload.format],
    )


def _out(entry: AuditEntry) -> dict[str, Any]:
    names = ("at", "through", "action", "subject_kind", "subject_id", "subject", "detail")
    return {name: getattr(entry, name) for name in names} | {
        "id": entry.pk,
        "actor": entry.actor.get_username() if entry.actor else None,
        "undoes": entry.undoes_id,
    }
