from django import forms

from curation.services import snapshotting


class FreezeForm(forms.Form):
    name = forms.RegexField(
        rf"\A{snapshotting.NAME.pattern}\Z",
        max_length=snapshotting.MAX_NAME,
        error_messages={"invalid": snapshotting.NAME_RULE},
    )
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=snapshotting.SEED)
    validation_per_mille = forms.IntegerField(
        min_value=0,
        max_value=1000,
        initial=snapshotting.VALIDATION_PER_MILLE,
        label="Validation share, per thousand",
    )
