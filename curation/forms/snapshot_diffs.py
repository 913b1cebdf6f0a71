from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from curation.domain.snapshot_diff import WORDS
from curation.models import Snapshot


class PickForm(forms.Form):
    """Two dataset versions by their ids."""

    left = forms.ModelChoiceField(Snapshot.objects.defer("manifest", "report"))
    right = forms.ModelChoiceField(Snapshot.objects.defer("manifest", "report"))


class ChangeFilterForm(forms.Form):
    """Which changes are listed."""

    kind = forms.ChoiceField(required=False)
    word = forms.ChoiceField(required=False, choices=[("", "all"), *((word, word) for word in WORDS)])

    def __init__(self, *args: Any, kinds: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", "all"), *((kind, kind) for kind in kinds)]  # type: ignore[attr-defined]
