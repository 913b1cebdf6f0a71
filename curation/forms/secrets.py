from django import forms

from curation.services import waiving


class WaiverForm(forms.Form):
    rule = forms.SlugField(max_length=40)
    line = forms.IntegerField(min_value=1, max_value=10**6)
    content_hash = forms.RegexField(r"\A[0-9a-f]{64}\Z")
    reason = forms.CharField(required=False, max_length=waiving.MAX_REASON)
