from __future__ import annotations

from django import forms

LARGEST_NUMBER = 2**31 - 1


class CompareForm(forms.Form):
    """Two revisions by their numbers."""

    left = forms.IntegerField(min_value=1, max_value=LARGEST_NUMBER)
    right = forms.IntegerField(min_value=1, max_value=LARGEST_NUMBER)


class RestoreForm(forms.Form):
    base_hash = forms.RegexField(r"\A[0-9a-f]{64}\Z", widget=forms.HiddenInput)
