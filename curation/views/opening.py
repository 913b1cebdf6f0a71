"""The example of an address, for whoever may read it: everybody but of a test task in the holdout."""

from __future__ import annotations

from django.http import Http404

from curation.models import Example
from curation.services import looking
from studio.http import SignedInRequest


def open_example(request: SignedInRequest, example_id: int, *, why: str) -> Example:
    """To show its text; a look at a holdout task is noted. 404 for those who may not read it."""
    try:
        return looking.opened(request.user, example_id, why=why)
    except Example.DoesNotExist as error:
        raise Http404("There is no such example.") from error


def open_to_judge(request: SignedInRequest, example_id: int) -> Example:
    """To say something about it. Whatever shows its text notes the look."""
    try:
        return looking.for_judging(request.user, example_id)
    except Example.DoesNotExist as error:
        raise Http404("There is no such example.") from error
