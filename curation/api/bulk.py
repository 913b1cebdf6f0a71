"""One action on many examples: planned, looked at, done as planned. POST /undo takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from curation.api.examples import Filters
from curation.api.problems import Problem, Refusal
from curation.api.shapes import PLAIN, ApiRequest, Body, Hash, Id, Label, checked
from curation.domain.bulk import LONGEST_TAG, Plan
from curation.domain.labels import DIFFICULTIES
from curation.forms.bulk import FORMS, NEEDED, REVIEWERS, TEXT, VERDICT, ActionForm
from curation.services import assigning, bulk_editing, finding, reviewing

router = Router(tags=["many examples"])
MOST_SHOWN = 200  # examples of a plan, and of those that are left out


class Matching(Body, Filters):
    """The filters of the list."""


class Selection(Body):
    """Either these examples or all that the filters find; at most 2,000."""

    examples: Annotated[list[Id], Field(min_length=1, max_length=bulk_editing.MOST)] | None = None
    matching: Matching | None = None

    def ids(self) -> Sequence[int]:
        if (self.examples is None) == (self.matching is None):
            raise Refusal("invalid", "Say which examples: either `examples` or `matching`.")
        if self.matching is not None:
            return bulk_editing.matching(finding.Filters(**self.matching.dict()))
        return bulk_editing.chosen(list(dict.fromkeys(self.examples or ())))


class TextAction(Selection):
    action: Literal[*FORMS[TEXT].actions]  # type: ignore[valid-type]
    difficulty: Literal["", *DIFFICULTIES] = ""  # type: ignore[valid-type]
    tag: Annotated[str, StringConstraints(pattern=PLAIN, max_length=LONGEST_TAG)] = ""
    generation: Label | None = None


class VerdictAction(Selection):
    action: Literal[*FORMS[VERDICT].actions]  # type: ignore[valid-type]
    reason: Annotated[str, StringConstraints(pattern=PLAIN, min_length=1, max_length=reviewing.MAX_REASON)]


class ReviewersAction(Selection):
    action: Literal[*FORMS[REVIEWERS].actions]  # type: ignore[valid-type]
    reviewer: Annotated[str, StringConstraints(pattern=PLAIN, min_length=1, max_length=150)]


class NeededAction(Selection):
    action: Literal[*FORMS[NEEDED].actions] = "needed"  # type: ignore[valid-type]
    needed: Annotated[int, Field(ge=1, le=assigning.MOST_NEEDED)]


class Agreed(Body):
    digest: Hash = Field(description="of the plan that you have looked at")


class TextDone(TextAction, Agreed):
    pass


class VerdictDone(VerdictAction, Agreed):
    pass


class ReviewersDone(ReviewersAction, Agreed):
    pass


class NeededDone(NeededAction, Agreed):
    pass


class PlannedOut(Schema):
    example: int
    path: str
    before: str
    after: str


class LeftOutOut(Schema):
    example: int
    path: str
    why: str


class BulkPlan(Schema):
    """What would be done. Nothing was."""

    digest: str = Field(description="send it with the same action to do exactly this")
    says: str
    changes: int
    left_out: int
    warnings: list[str]
    planned: list[PlannedOut] = Field(description="the first 200")
    kept: list[LeftOutOut] = Field(description="the first 200")


class BulkDone(Schema):
    entry: int = Field(description="POST /undo takes it back, as far as it still stands then")
    says: str
    changed: int
    left_out: int


PLANNED: dict[Any, Any] = {200: BulkPlan, 409: Problem}
DONE: dict[Any, Any] = {201: BulkDone, 409: Problem}


@router.post("/bulk/text/plan", response=PLANNED, summary="Plan a change of texts")
def bulk_text_plan(request: ApiRequest, payload: TextAction) -> dict[str, Any]:
    """Difficulty, a tag more or less, or the generation label."""
    return _plan(request, TEXT, payload)


@router.post("/bulk/text", response=DONE, summary="Change texts as planned")
def bulk_text(request: ApiRequest, payload: TextDone) -> Status[dict[str, Any]]:
    return _carry_out(request, TEXT, payload)


@router.post("/bulk/verdict/plan", response=PLANNED, summary="Plan verdicts")
def bulk_verdict_plan(request: ApiRequest, payload: VerdictAction) -> dict[str, Any]:
    """Nothing is approved here: an approval holds for a text that somebody read."""
    return _plan(request, VERDICT, payload)


@router.post("/bulk/verdict", response=DONE, summary="Give verdicts as planned")
def bulk_verdict(request: ApiRequest, payload: VerdictDone) -> Status[dict[str, Any]]:
    return _carry_out(request, VERDICT, payload)


@router.post("/bulk/reviewers/plan", response=PLANNED, summary="Plan whom to ask")
def bulk_reviewers_plan(request: ApiRequest, payload: ReviewersAction) -> dict[str, Any]:
    return _plan(request, REVIEWERS, payload)


@router.post("/bulk/reviewers", response=DONE, summary="Ask a reviewer, or no longer, as planned")
def bulk_reviewers(request: ApiRequest, payload: ReviewersDone) -> Status[dict[str, Any]]:
    return _carry_out(request, REVIEWERS, payload)


@router.post("/bulk/needed/plan", response=PLANNED, summary="Plan how many reviewers it takes")
def bulk_needed_plan(request: ApiRequest, payload: NeededAction) -> dict[str, Any]:
    return _plan(request, NEEDED, payload)


@router.post("/bulk/needed", response=DONE, summary="Set how many reviewers it takes, as planned")
def bulk_needed(request: ApiRequest, payload: NeededDone) -> Status[dict[str, Any]]:
    return _carry_out(request, NEEDED, payload)


def _asked(request: ApiRequest, family: str, payload: Selection) -> dict[str, Any]:
    said = {name: value for name, value in payload.dict().items() if value is not None}
    form: ActionForm = FORMS[family](said)
    checked(form)
    action = form.cleaned_data["action"]
    return {"action": action, "value": form.value(), "ids": payload.ids(), "by": request.user}


def _plan(request: ApiRequest, family: str, payload: Selection) -> dict[str, Any]:
    return _plan_out(bulk_editing.plan(**_asked(request, family, payload)))


def _carry_out(
    request: ApiRequest, family: str, payload: TextDone | VerdictDone | ReviewersDone | NeededDone
) -> Status[dict[str, Any]]:
    entry = bulk_editing.carry_out(**_asked(request, family, payload), digest=payload.digest)
    done = {
        "entry": entry.pk,
        "says": bulk_editing.told(entry),
        "changed": len(entry.detail["examples"]),
        "left_out": entry.detail["left_out"],
    }
    return Status(201, done)


def _plan_out(plan: Plan) -> dict[str, Any]:
    return {
        "digest": plan.digest,
        "says": bulk_editing.KINDS[plan.action].says.format(plan.value),
        "changes": len(plan.planned),
        "left_out": len(plan.kept),
        "warnings": list(plan.warnings),
        "planned": list(plan.planned[:MOST_SHOWN]),
        "kept": list(plan.kept[:MOST_SHOWN]),
    }
