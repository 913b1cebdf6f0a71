from django import forms

from curation.forms.examples import LARGEST_ID
from curation.services import looking, snapshotting


class ReasonForm(forms.Form):
    why = forms.CharField(
        max_length=looking.MAX_REASON,
        error_messages={"required": "Say in a sentence why you have to: everybody sees that you looked."},
    )


class LookForm(ReasonForm):
    example_id = forms.IntegerField(
        min_value=1,
        max_value=LARGEST_ID,
        error_messages={"required": "Choose the task to read."},
    )


class TaskSetForm(forms.Form):
    name = forms.RegexField(
        rf"\A{snapshotting.NAME.pattern}\Z",
        max_length=snapshotting.MAX_NAME,
        error_messages={"invalid": snapshotting.NAME_RULE},
    )
