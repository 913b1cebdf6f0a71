"""What a person asks for and decides on the pages of near-duplicates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from curation.domain.likeness import KINDS
from curation.domain.resolution import STEPS
from curation.forms.examples import LARGEST_ID
from curation.services import resolving, surveying

KIND_WORDS = {
    "identical": "identical",
    "formatting": "formatting or comments only",
    "same-pair": "same prompt and answer",
    "renamed": "renamed variables",
    "same-code": "same code, another prompt",
    "same-prompt": "same prompt, another answer",
    "near": "near",
}


class ClusterFilterForm(forms.Form):
    """Which clusters to show, from the URL. What is out of range is as if it were not there."""

    t = forms.FloatField(
        required=False,
        label="Alike to at least",
        widget=forms.NumberInput(attrs={"type": "range", "min": STEPS[0], "max": STEPS[-1], "step": 0.01}),
    )
    kind = forms.ChoiceField(
        required=False, choices=[("", "any kind"), *((kind, KIND_WORDS[kind]) for kind in KINDS)]
    )

    def chosen(self) -> tuple[float, str]:
        """The threshold, as a step of the slider, and the kind."""
        self.is_valid()
        asked = self.cleaned_data.get("t")
        threshold = min(STEPS, key=lambda step: abs(step - asked)) if asked else surveying.DEFAULT
        return threshold, self.cleaned_data.get("kind", "")


class TextsField(forms.Field):
    """The texts that were on the screen: "17:<content hash>", once for each example."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> dict[int, str]:
        texts = {}
        for word in value or ():
            example, _, content_hash = str(word).partition(":")
            if not (
                example.isascii() and example.isdigit() and len(example) < 19 and len(content_hash) == 64
            ):
                raise ValidationError("Reload the page: it does not say which texts you judge.")
            texts[int(example)] = content_hash
        return texts


class KeepForm(forms.Form):
    """`texts` are the one to keep and all that are set aside for it."""

    kept = forms.IntegerField(min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)
    texts = TextsField()
    reason = forms.CharField(required=False, max_length=resolving.MAX_REASON)


class DistinctForm(forms.Form):
    texts = TextsField()
    reason = forms.CharField(required=False, max_length=resolving.MAX_REASON)

    def clean_texts(self) -> dict[int, str]:
        texts: dict[int, str] = self.cleaned_data["texts"]
        if len(texts) != 2:
            raise ValidationError("Two examples are judged at a time.")
        return texts


class UndoForm(forms.Form):
    action = forms.UUIDField(widget=forms.HiddenInput)
