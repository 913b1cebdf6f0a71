"""Comments on an example, and who is asked to judge it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from curation.forms.reviews import AssignForm, CommentForm, NeededForm
from curation.services import assigning, commenting
from curation.views.opening import open_to_judge
from curation.views.reviews import back, refused
from studio.http import SignedInRequest


@require_POST
def comment_add(request: SignedInRequest, example_id: int) -> HttpResponse:
    example = open_to_judge(request, example_id)
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            commenting.comment(example=example, author=request.user, **form.cleaned_data)
        except commenting.NotCommented as error:
            form.add_error("line" if "no line" in str(error) else None, str(error))
    if form.errors:
        return refused(request, example, comment=form)
    return back(request, example)


@require_POST
def example_assign(request: SignedInRequest, example_id: int) -> HttpResponse:
    """Ask one reviewer for a verdict, or take that question back."""
    example = open_to_judge(request, example_id)
    form = AssignForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a reviewer to ask.")
        return back(request, example)
    reviewer = form.cleaned_data["reviewer"]
    try:
        if form.cleaned_data["action"] == "remove":
            assigning.unassign(examples=[example.pk], to=[reviewer], by=request.user)
        else:
            done = assigning.assign(examples=[example.pk], to=[reviewer], by=request.user)
            if done.own:
                messages.error(request, f"{reviewer} wrote or edited {example.path}: ask somebody else.")
    except assigning.NotAssigned as error:
        messages.error(request, str(error))
    return back(request, example)


@require_POST
def example_needed(request: SignedInRequest, example_id: int) -> HttpResponse:
    """How many reviewers have to judge this example."""
    example = open_to_judge(request, example_id)
    form = NeededForm(request.POST)
    if form.is_valid():
        needed = form.cleaned_data["needed"]
        assigning.require_reviews(examples=[example.pk], needed=needed, by=request.user)
    else:
        messages.error(request, f"Write a number of reviewers from 1 to {assigning.MOST_NEEDED}.")
    return back(request, example)
