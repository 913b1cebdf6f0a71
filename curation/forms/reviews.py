from django import forms

from curation.models import Review
from curation.services import reviewing


class ReviewForm(forms.Form):
    verdict = forms.ChoiceField(choices=Review.VERDICTS)
    content_hash = forms.RegexField(r"\A[0-9a-f]{64}\Z", widget=forms.HiddenInput)
    reason = forms.CharField(required=False, max_length=reviewing.MAX_REASON, widget=forms.Textarea)
