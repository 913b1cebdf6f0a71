from django import forms

from studio import tokens
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
