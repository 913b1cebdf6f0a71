"""Which attempts of an evaluation a person wants to read."""

from __future__ import annotations

from django import forms

from training.models.evaluations import OUTCOMES
from training.services import triaging


class AttemptFilterForm(forms.Form):
    """Kept in the URL; a value that does not exist is an error, not an empty list."""

    outcome = forms.ChoiceField(
        required=False,
        label="Outcome",
        choices=[("", "every outcome"), (triaging.FAILED, "every failure"), *OUTCOMES],
        error_messages={"invalid_choice": '"%(value)s" is not an outcome. Choose one of the list.'},
    )
    after = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
