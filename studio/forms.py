from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User

from studio import audit_trail, tokens
from studio.roles import SCOPES


class TokenForm(forms.Form):
    name = forms.CharField(max_length=tokens.MAX_NAME, label="What is it for?")
    days = forms.TypedChoiceField(
        label="Valid for",
        choices=[(7, "7 days"), (30, "30 days"), (tokens.MOST_DAYS, f"{tokens.MOST_DAYS} days")],
        initial=30,
        coerce=int,
    )
    scopes = forms.MultipleChoiceField(
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        label="It may",
        error_messages={"required": "Choose at least one scope: without one the token may do nothing."},
    )


class AuditFilterForm(forms.Form):
    """The filters of the audit log, from the URL. One that cannot be is left out, and said so."""

    who = forms.ModelChoiceField(
        User.objects.all(),
        to_field_name="username",
        required=False,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
        error_messages={"invalid_choice": 'Nobody is called "%(value)s".'},
    )
    action = forms.ChoiceField(
        required=False, choices=[("", "any"), *((name, name) for name in sorted(audit_trail.WORDS))]
    )
    kind = forms.ChoiceField(
        required=False,
        label="About",
        choices=[("", "anything"), *((k, audit_trail.KIND_WORDS.get(k, k)) for k in audit_trail.KINDS)],
    )
    subject = forms.CharField(
        required=False,
        max_length=300,
        label="Whose name begins",
        widget=forms.TextInput(attrs={"placeholder": "gui/", "autocomplete": "off"}),
    )
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def chosen(self) -> dict[str, Any]:
        """The filters that are set, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def chosen_words(self) -> dict[str, str]:
        """The same as they stand in an address."""
        return {name: str(value) for name, value in self.chosen().items()}

    def wanted(self) -> audit_trail.Wanted:
        return audit_trail.Wanted(**self.chosen())
