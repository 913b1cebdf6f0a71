"""What a person types about an example."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator

from curation.domain.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curation.models import Example
from curation.services import authoring, drafting, finding

LARGEST_ID = 2**63 - 1
STATUS_WORDS = dict(Example.STATUSES)


class SourceField(forms.CharField):
    """A whole file in a textarea: blanks count, and a browser's \\r\\n is \\n again.

    A NUL passes: the check of the text reports it with its line, as it does for files.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)
        self.validators = [v for v in self.validators if not isinstance(v, ProhibitNullCharactersValidator)]

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class EditorForm(forms.Form):
    path = forms.CharField(max_length=authoring.MAX_PATH, required=False)
    text = SourceField(required=False, max_length=drafting.MAX_TEXT, widget=forms.Textarea)
    note = forms.CharField(max_length=authoring.MAX_NOTE, required=False)
    base_hash = forms.RegexField(r"\A[0-9a-f]{64}\Z", required=False, widget=forms.HiddenInput)
    draft = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False, widget=forms.HiddenInput)
    example = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False, widget=forms.HiddenInput)
    # Another example whose text stands beside the editor, to take from it.
    beside = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False, widget=forms.HiddenInput)


def _choices(any_word: str, values: Any) -> list[tuple[str, str]]:
    return [("", any_word), *((value, STATUS_WORDS.get(value, value)) for value in values)]


class ExampleFilterForm(forms.Form):
    """The filters of the list, from the URL. A value that is no choice is ignored, and said so."""

    q = forms.CharField(required=False, max_length=200, label="Search title, path and text")
    status = forms.ChoiceField(required=False, choices=_choices("any status", finding.STATUSES))
    type = forms.ChoiceField(required=False, choices=_choices("any type", TYPES))
    generation = forms.ChoiceField(required=False, choices=_choices("any generation", ("all", *GENERATIONS)))
    topic = forms.ChoiceField(required=False, choices=_choices("any topic", TOPICS))
    difficulty = forms.ChoiceField(required=False, choices=_choices("any difficulty", DIFFICULTIES))

    near = forms.ChoiceField(
        required=False, label="Near-duplicates", choices=[("", "any"), ("yes", "has near-duplicates")]
    )

    def filters(self) -> finding.Filters:
        self.is_valid()
        return finding.Filters(**{k: v for k, v in self.cleaned_data.items() if v and k not in self.errors})
