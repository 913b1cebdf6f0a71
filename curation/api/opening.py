"""The example of an address for whoever judges it; like the pages' (curation/views/opening.py)."""

from __future__ import annotations

from django.http import Http404

from curation.api.shapes import ApiRequest
from curation.models import Example
from curation.services import looking


def open_to_judge(request: ApiRequest, example_id: int) -> Example:
    """Any example; of the holdout only a task that the owner of the token may judge, or wrote."""
    try:
        return looking.for_judging(request.user, example_id)
    except Example.DoesNotExist as error:
        raise Http404(f"There is no example {example_id}.") from error
