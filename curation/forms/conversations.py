from django import forms

from curation.models import ChatRecord


class ChoiceForm(forms.Form):
    """Which conversations, and whether dataset versions take them or leave them out."""

    record = forms.ModelMultipleChoiceField(
        ChatRecord.objects.select_related("author"), error_messages={"required": "Tick a conversation first."}
    )
    chosen = forms.TypedChoiceField(
        choices=[("yes", "yes"), ("no", "no")], coerce=lambda word: word == "yes", empty_value=None
    )
