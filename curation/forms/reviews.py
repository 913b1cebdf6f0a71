from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User

from curation.domain.labels import GENERATIONS, is_label
from curation.models import Review
from curation.services import assigning, commenting, reviewing

LARGEST_ID = 2**63 - 1


class LabelField(forms.CharField):
    """A generation label as words with blanks between them: "bbj-gui dwc". Empty is None: nothing is said."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=60, **kwargs)

    def clean(self, value: Any) -> list[str] | None:
        words: list[str] = super().clean(value).split()
        if not words:
            return None
        if not is_label(words):
            known = ", ".join(GENERATIONS)
            raise forms.ValidationError(f'"{" ".join(words)}" is no label: choose all, or some of {known}.')
        return words


class TextForm(forms.Form):
    """About one text of an example: the one that was on the screen."""

    content_hash = forms.RegexField(r"\A[0-9a-f]{64}\Z", widget=forms.HiddenInput)


class FixForm(TextForm):
    """The label that a reviewer finds right, and a reason that is not lost."""

    reason = forms.CharField(required=False, max_length=reviewing.MAX_REASON, widget=forms.Textarea)
    generations = LabelField()


class ReviewForm(FixForm):
    verdict = forms.ChoiceField(choices=[row for row in Review.VERDICTS if row[0] in reviewing.VERDICTS])


class CommentForm(TextForm):
    text = forms.CharField(max_length=commenting.MAX_TEXT, widget=forms.Textarea)
    line = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False)


class AssignForm(forms.Form):
    # Also who is no reviewer any more: the question to them can still be taken back.
    reviewer = forms.ModelChoiceField(queryset=User.objects.all())
    action = forms.ChoiceField(choices=[("add", "Ask"), ("remove", "Take back")])


class NeededForm(forms.Form):
    needed = forms.IntegerField(min_value=1, max_value=assigning.MOST_NEEDED)


class UndoForm(forms.Form):
    entry = forms.IntegerField(min_value=1, max_value=LARGEST_ID)
