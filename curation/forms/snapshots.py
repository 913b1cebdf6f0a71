"""What a person says of a dataset version before it is frozen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from curation.domain import blend
from curation.forms.examples import ExampleFilterForm
from curation.services import gating, snapshotting
from curation.services.gating import Gate
from curation.services.selecting import Selection


class SelectionForm(ExampleFilterForm):
    """The filters of the list that make sense for what is approved, and what goes in beside examples."""

    KEPT = ("q", "type", "topic", "generation", "difficulty", "tag")

    path = forms.CharField(required=False, max_length=200, label="Path begins with")
    conversations = forms.ChoiceField(
        required=False,
        label="Conversations",
        choices=[("", "chosen ones"), ("no", "none")],
    )

    general_per_mille = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=blend.MOST_PER_MILLE,
        label="General code, ‰",
        widget=forms.NumberInput(attrs={"placeholder": "0 of 1,000 rows"}),
    )

    MAIN = (
        "q",
        "path",
        "type",
        "topic",
        "generation",
        "difficulty",
        "tag",
        "conversations",
        "general_per_mille",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ExampleFilterForm.base_fields.keys() - set(self.KEPT):
            del self.fields[name]

    def selection(self) -> Selection:
        """What is chosen. A value that is no choice is left out: see `errors` before anything is frozen."""
        chosen: dict[str, Any] = dict(self.chosen())
        chosen.pop("general_per_mille", None)
        if "conversations" in chosen:
            chosen["conversations"] = False
        return Selection(**chosen)

    def general(self) -> int:
        """The share of general code in all rows that are trained on, per thousand."""
        return int(self.chosen().get("general_per_mille", 0))


class FreezeForm(forms.Form):
    """Name, split, and why each open warning is waived."""

    name = forms.RegexField(
        rf"\A{snapshotting.NAME.pattern}\Z",
        max_length=snapshotting.MAX_NAME,
        error_messages={"invalid": snapshotting.NAME_RULE},
    )
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=snapshotting.SEED)
    validation_per_mille = forms.IntegerField(
        min_value=0,
        max_value=1000,
        initial=snapshotting.VALIDATION_PER_MILLE,
        label="Validation share, per thousand",
    )
    seen = forms.RegexField(r"\A[0-9a-f]{64}\Z", required=False, widget=forms.HiddenInput)
    # Made with the page: a button pressed twice sends the same key twice, and queues one job.
    key = forms.CharField(
        required=False, max_length=80, widget=forms.HiddenInput, initial=lambda: uuid.uuid4().hex
    )

    REASON = "waive-"  # and the code of a gate

    def __init__(self, *args: Any, reasons: Mapping[str, str] | None = None, **named: Any) -> None:
        """`reasons`: those that were typed before, for a form that shows them again."""
        super().__init__(*args, **named)
        self._typed = reasons or {}

    def clean(self) -> dict[str, Any]:
        data = dict(super().clean() or {})
        data["waivers"] = {code: reason for code, reason in self.reasons().items() if reason}
        return data

    def asked(self) -> dict[str, Any]:
        """What was typed, as freezing takes it."""
        names = ("name", "seed", "validation_per_mille", "seen", "waivers")
        return {name: self.cleaned_data[name] for name in names}

    def refused(self, refused: snapshotting.FreezeRefused) -> None:
        """Say so, at its field where it is about one."""
        self.add_error("name" if isinstance(refused, snapshotting.NameTaken) else None, str(refused))

    def split(self) -> dict[str, Any]:
        """Seed and share for the plan: as typed, or as usual where that cannot be."""
        data = getattr(self, "cleaned_data", {})
        names = ("seed", "validation_per_mille")
        return {name: data[name] for name in names if data.get(name) is not None}

    def reasons(self) -> dict[str, str]:
        """What was typed about each gate, by its code."""
        if not self.is_bound:
            return dict(self._typed)
        plain = ((name.replace("\0", ""), str(value).replace("\0", "")) for name, value in self.data.items())
        given = ((name, value) for name, value in plain if name.startswith(self.REASON))
        return {name.removeprefix(self.REASON): value.strip() for name, value in given}

    def waivable(self, gates: Iterable[Gate]) -> list[dict[str, Any]]:
        """Each gate for the page, with the reason that was typed where it is an open warning."""
        typed = self.reasons()
        return [
            {
                **gate.as_dict(),
                "is_open": gate.is_open,
                "field": f"{self.REASON}{gate.code}",
                "reason": typed.get(gate.code, ""),
                "most": gating.MAX_REASON,
            }
            for gate in gates
        ]
