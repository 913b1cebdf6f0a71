"""What a person chooses before a run: dataset version, recipe and seed."""

from __future__ import annotations

from uuid import uuid4

from django import forms

from curation.models import Snapshot
from training.domain import recipe as recipes
from training.models import Run
from training.services import launching

MOST_COMPARED = 6  # lines of one chart that can be told apart


class StartRunForm(forms.Form):
    snapshot = forms.ModelChoiceField(
        Snapshot.objects.defer("manifest", "report"),
        label="Dataset version",
        empty_label="Choose a dataset version",
        error_messages={
            "required": "Choose the dataset version to train on.",
            "invalid_choice": "There is no such dataset version. Choose one of the list.",
        },
    )
    recipe_name = forms.ChoiceField(
        label="Recipe",
        choices=list(recipes.TITLES.items()),
        initial="rehearsal",
        error_messages={"invalid_choice": '"%(value)s" is not a recipe. Choose one of the list.'},
    )
    seed = forms.IntegerField(
        label="Seed",
        initial=13,
        min_value=0,
        max_value=2**31 - 1,
        help_text="Same seed, same data, same recipe: the same run. Another seed shows how much is chance.",
    )
    replicates = forms.IntegerField(
        label="How many runs",
        initial=1,
        min_value=1,
        max_value=launching.MOST_REPLICATES,
        required=False,
        help_text="Several train one after the other, with seeds that follow: they show how much is chance.",
    )
    # Made when the page is shown, so that a double click, or a reload of the answer, starts one run only.
    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=80, initial=lambda: uuid4().hex)

    def clean_replicates(self) -> int:
        return self.cleaned_data["replicates"] or 1


class RunFilterForm(forms.Form):
    """The run list's filter, kept in the URL."""

    state = forms.ChoiceField(
        required=False, choices=[("", "every state"), *Run._meta.get_field("state").flatchoices]
    )
    group = forms.CharField(required=False, max_length=80)
    snapshot = forms.ModelChoiceField(
        Snapshot.objects.defer("manifest", "report"),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "There is no such dataset version."},
    )


class CompareForm(forms.Form):
    """?run=3&run=5: the runs to put side by side."""

    run = forms.ModelMultipleChoiceField(
        Run.objects.select_related("snapshot"),
        error_messages={
            "required": "Tick two to six runs to compare.",
            "invalid_choice": "There is no run %(value)s.",
            "invalid_pk_value": '"%(pk)s" is no run.',
        },
    )

    def clean_run(self) -> list[Run]:
        runs = list(self.cleaned_data["run"][: MOST_COMPARED + 1])
        if not 2 <= len(runs) <= MOST_COMPARED:
            raise forms.ValidationError("Tick two to six runs to compare.")
        return runs


class MoveForm(forms.Form):
    """Where a waiting run goes in the queue."""

    before = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        error_messages={
            "invalid": "A run is moved before the number of another run, or with none to the end."
        },
    )


class LogForm(forms.Form):
    q = forms.CharField(required=False, max_length=200, strip=False)
