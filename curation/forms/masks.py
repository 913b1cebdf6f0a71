from __future__ import annotations

from typing import Any

from django import forms

from curation.adapters.tokenizer import TrainingTokenizer
from curation.services import masking

LENGTHS = (masking.REHEARSED, 2048, masking.TRAINED)  # offered; any other may be written


class MaskForm(forms.Form):
    """By which tokenizer, and how many tokens of a row a run takes. Unbound it holds the likeliest."""

    length = forms.IntegerField(
        label="Cut at (tokens)",
        min_value=masking.LEAST,
        max_value=masking.MOST,
        widget=forms.NumberInput(attrs={"list": "lengths"}),
    )

    def __init__(self, *arguments: Any, shelf: list[TrainingTokenizer], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.lengths = LENGTHS
        words = [
            (one.name, f"{one.name} (of a rehearsal)" if one.of_rehearsal else one.name) for one in shelf
        ]
        self.fields["tokenizer"] = forms.ChoiceField(label="Base model", choices=words)
        if shelf:
            self.initial = {
                "tokenizer": shelf[0].name,
                "length": masking.usual_limit(shelf[0]),
                **self.initial,
            }
