from django import forms


class ImportForm(forms.Form):
    plan_digest = forms.RegexField(r"\A[0-9a-f]{64}\Z", widget=forms.HiddenInput)
