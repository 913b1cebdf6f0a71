"""Types that many requests and answers share."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from curation.api.problems import Mistake, Refusal
from curation.domain.labels import GENERATIONS

LARGEST_ID = 2**63 - 1
MOST_ROWS = 200  # of a page
PLAIN = r"^[^\x00]*$"  # PostgreSQL stores no NUL

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, StringConstraints(pattern=PLAIN, max_length=2000)]
Row = TypeVar("Row")


def _one_label(generations: list[str]) -> list[str]:
    if "all" in generations and len(generations) > 1:
        raise ValueError('"all" stands alone: it excludes the others')
    return generations


Label = Annotated[
    list[Literal["all", *GENERATIONS]],  # type: ignore[valid-type]
    Field(min_length=1, max_length=len(GENERATIONS)),
    AfterValidator(_one_label),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"const": "all", "type": "string"}, "minItems": 1, "maxItems": 1},
                {
                    "type": "array",
                    "items": {"enum": list(GENERATIONS), "type": "string"},
                    "minItems": 1,
                    "maxItems": len(GENERATIONS),
                },
            ]
        }
    ),
]


class ApiRequest(HttpRequest):
    """A request that passed the door (studio/api.py): its token allows this, and its owner's role does."""

    user: User


class Body(Schema):
    """What a program sends. An unknown field is a mistake, and so is a number as a string."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Page(Schema, Generic[Row]):
    """Some rows of a list. The next ones are at `next`; None: these are the last."""

    items: list[Row]
    next: str | None = Field(None, description="address of the next page; also in the header Link")


class Listing(Schema):
    """How much of a list to give."""

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 50


class ById(Listing):
    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] | None = Field(
        None, description="of the last row that you have; `next` holds it"
    )


class ByText(Listing):
    after: Annotated[str, StringConstraints(pattern=PLAIN, max_length=500)] | None = Field(
        None, description="of the last row that you have; `next` holds it"
    )


def page_of(
    request: HttpRequest, response: HttpResponse, rows: QuerySet[Any], key: str, asked: ById | ByText
) -> dict[str, Any]:
    """The rows behind `asked.after` by the unique field `key`; "-pk" lists the newest first.

    By key and not by number: every page is as quick as the first, and no row is skipped when others go.
    """
    field, behind = key.lstrip("-"), "lt" if key.startswith("-") else "gt"
    if asked.after is not None:
        rows = rows.filter(**{f"{field}__{behind}": asked.after})
    found = list(rows.order_by(key)[: asked.limit + 1])
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return with_next(request, response, shown, getattr(shown[-1], field) if more else None)


def with_next(
    request: HttpRequest, response: HttpResponse, shown: list[Any], after: object | None
) -> dict[str, Any]:
    """A Page of these rows; `after` is where the next one starts, None where there is none."""
    if after is None:
        return {"items": shown, "next": None}
    query = {**request.GET.dict(), "after": str(after)}
    link = f"{request.path}?{urlencode(query)}"
    response["Link"] = f'<{link}>; rel="next"'
    return {"items": shown, "next": link}


def username(account: User | None) -> str | None:
    return account.get_username() if account else None


def job_key(request: ApiRequest) -> str:
    """The Idempotency-Key as a job keeps it, apart from those of other people; "" without one.

    So an import or a run is opened once even if the process dies before its answer is stored.
    """
    key = request.headers.get("Idempotency-Key", "").strip('"')
    return f"api-{hashlib.sha256(f'{request.user.pk} {key}'.encode()).hexdigest()[:60]}" if key else ""


def checked(form: Form) -> dict[str, Any]:
    """What a form of the pages makes of the same values.

    Raises:
        Refusal: 422 with its sentences.
    """
    if form.is_valid():
        return form.cleaned_data
    mistakes = [
        Mistake(place=f"body.{name}" if name in form.fields else "body", code="invalid", message=str(said))
        for name, errors in form.errors.items()
        for said in errors
    ]
    raise Refusal("invalid", " ".join(mistake.message for mistake in mistakes), mistakes)
