"""What a person says of a saved view."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from curation.forms.examples import ExampleFilterForm
from curation.services import bookmarking


class ChangeViewForm(forms.Form):
    name = forms.CharField(max_length=bookmarking.MAX_NAME)
    shared = forms.BooleanField(required=False, label="Everybody sees it")


class SaveViewForm(ChangeViewForm):
    """With the query string of the list; only filters that the list knows are kept of it."""

    query = forms.CharField(max_length=bookmarking.MAX_QUERY, widget=forms.HiddenInput)

    def clean_query(self) -> str:
        query = ExampleFilterForm(QueryDict(self.cleaned_data["query"])).query()
        if not query:
            raise ValidationError("No filter is set, so there is nothing to save. Set one first.")
        return query
