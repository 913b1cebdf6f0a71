"""How the coverage grid is cut, from the address."""

from __future__ import annotations

from typing import Any

from django import forms

from curation.domain.labels import DIFFICULTIES, TYPES


class CoverageForm(forms.Form):
    """A value that is no choice is as if it were not there."""

    type = forms.ChoiceField(required=False, choices=[("", "every type"), *((one, one) for one in TYPES)])
    difficulty = forms.ChoiceField(
        required=False, choices=[("", "every difficulty"), *((one, one) for one in DIFFICULTIES)]
    )
    rows = forms.ChoiceField(
        required=False,
        label="A row for each",
        choices=[
            ("", "topic"),
            ("type", "topic and type"),
            ("difficulty", "topic and difficulty"),
            ("both", "topic, type and difficulty"),
        ],
    )

    def cut(self) -> dict[str, Any]:
        """The arguments of curation.services.coverage.coverage."""
        self.is_valid()
        chosen = self.cleaned_data
        rows = chosen.get("rows", "")
        return {
            "type": chosen.get("type", ""),
            "difficulty": chosen.get("difficulty", ""),
            "by_type": rows in ("type", "both"),
            "by_difficulty": rows in ("difficulty", "both"),
        }
