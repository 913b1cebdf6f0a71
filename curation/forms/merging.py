from __future__ import annotations

from django import forms

from curation.domain.merging import CHOICES, Choice
from curation.forms.examples import SourceField
from curation.services import authoring, drafting

_HASH = r"\A[0-9a-f]{64}\Z"


class MergeForm(forms.Form):
    """A merge on its way: which texts it is of, what was chosen, and the text that came of it."""

    theirs_hash = forms.RegexField(_HASH, widget=forms.HiddenInput)
    mine_hash = forms.RegexField(_HASH, widget=forms.HiddenInput)
    text = SourceField(required=False, max_length=drafting.MAX_TEXT)
    note = forms.CharField(required=False, max_length=authoring.MAX_NOTE)

    def choices(self, count: int) -> list[Choice | None]:
        """What was chosen at each of `count` conflicts; None where nothing was."""
        said = [self.data.get(f"choice-{n}") for n in range(1, count + 1)]
        return [next((choice for choice in CHOICES if choice == word), None) for word in said]
