"""Which example a reviewer is shown next, and what reviewers disagree about."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from curation.api.examples import ExampleOut, ExampleRow, example_out, row_of
from curation.api.shapes import ApiRequest, Body, ById, Id, Page, page_of
from curation.domain.tasks import HOLDOUT
from curation.models import Example
from curation.services import looking, reserving

router = Router(tags=["queue"])


class NextIn(Body):
    """Empty: the first one. After or before an example: its neighbour, and round to the other end."""

    after: Id | None = None
    before: Id | None = None


class NextOut(Schema):
    example: ExampleOut
    pool: str = Field(description="of a test task, which is judged like an example; empty: an example")
    mark: str = Field(description="of a test task: what the checker has to say about its right answer")
    number: int = Field(description="its place among those that wait for you")
    of: int
    open_elsewhere: list[str] = Field(description="reviewers who have it on the screen too")


@router.post("/queue/next", response={200: NextOut, 204: None}, summary="Take the next example to judge")
def queue_next(request: ApiRequest, payload: NextIn) -> Status[Any]:
    """It is reserved for you for a quarter of an hour, and the one you had is free. 204: nothing waits."""
    example = reserving.take_next(request.user, after=payload.after, before=payload.before)
    if example is None:
        return Status(204, None)
    looking.look(example, request.user, "review")
    place = reserving.place_in_queue(request.user, example)
    return Status(
        200,
        {
            "example": example_out(example.pk, Example.everything.all()),
            "pool": example.pool,
            "mark": example.mark if example.pool else "",
            "number": place.number,
            "of": place.of,
            "open_elsewhere": [
                one.reviewer.get_username() for one in reserving.open_elsewhere(example, request.user)
            ],
        },
    )


@router.delete("/queue", response={204: None}, summary="Let go of the example that you took")
def queue_leave(request: ApiRequest) -> Status[None]:
    reserving.release(request.user)
    return Status(204, None)


@router.get("/disputes", response=Page[ExampleRow], summary="List what you may settle")
def dispute_list(request: ApiRequest, response: HttpResponse, page: Query[ById]) -> dict[str, Any]:
    """Read the verdicts, then settle with a review that has `adjudicates`. A holdout task is settled on its
    page, where the look at it is noted."""
    rows = reserving.disputed_for(request.user).exclude(pool=HOLDOUT).select_related("written_by")
    found = page_of(request, response, rows, "pk", page)
    return found | {"items": [row_of(example) for example in found["items"]]}
