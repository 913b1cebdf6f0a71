"""Which examples an action is about, and with which value: once to look at the plan, once more to do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict

from curation.domain import bulk
from curation.domain.labelling import in_order
from curation.domain.labels import DIFFICULTIES, GENERATIONS
from curation.forms.examples import LARGEST_ID, ExampleFilterForm
from curation.services import assigning, bulk_editing, reviewing

TEXT, VERDICT, REVIEWERS, NEEDED = "text", "verdict", "reviewers", "needed"  # each has an address of its own
SELECTED, MATCHING = "selected", "matching"


class IdsField(forms.Field):
    """Ids of examples, one a checkbox."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[int]:
        ids = []
        for word in value or ():
            if not (word.isascii() and word.isdigit() and 0 < len(word) < 19 and int(word) <= LARGEST_ID):
                raise ValidationError("Go back to the list and select again: a number there is no example.")
            ids.append(int(word))
        return list(dict.fromkeys(ids))


class SelectionForm(forms.Form):
    """The ticked examples, or all that match the filters of the list that `list` is the query string of."""

    which = forms.ChoiceField(choices=[(SELECTED, SELECTED), (MATCHING, MATCHING)], widget=forms.HiddenInput)
    id = IdsField(required=False)
    list = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)

    def filters(self) -> ExampleFilterForm:
        return ExampleFilterForm(QueryDict(self.cleaned_data.get("list", "")))

    def ids(self, user: User) -> Sequence[int]:
        """Raises bulk_editing.Refused where they are too many."""
        if self.cleaned_data["which"] == MATCHING:
            return bulk_editing.matching(self.filters().filters(user))
        return bulk_editing.chosen(self.cleaned_data["id"])


class ActionForm(forms.Form):
    """One action with its value. `digest` is that of the plan that was looked at; "" asks for the plan."""

    action = forms.CharField(max_length=30)
    digest = forms.RegexField(r"\A[0-9a-f]{64}\Z", required=False, widget=forms.HiddenInput)
    actions: tuple[str, ...] = ()

    def clean_action(self) -> str:
        action: str = self.cleaned_data["action"]
        if action not in self.actions:
            raise ValidationError("Choose one of the actions on the page.")
        return action

    def value(self) -> str:
        """As bulk_editing takes it."""
        raise NotImplementedError

    def hidden(self) -> list[tuple[str, str]]:
        """The fields that say the same again, when the plan is confirmed."""
        names = [name for name in self.fields if name != "digest"]
        assert isinstance(self.data, QueryDict)
        values = [(name, self.data.getlist(name)) for name in names]
        return [(name, value) for name, given in values for value in given]


class TextActionForm(ActionForm):
    actions = ("difficulty", "add_tag", "remove_tag", "generation")

    difficulty = forms.ChoiceField(required=False, choices=[(one, one) for one in DIFFICULTIES])
    tag = forms.CharField(
        required=False,
        max_length=bulk.LONGEST_TAG,
        widget=forms.TextInput(attrs={"list": "tag-options", "autocomplete": "off"}),
    )
    generation = forms.MultipleChoiceField(
        required=False,
        choices=[(one, one) for one in ("all", *GENERATIONS)],
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> None:
        action, chosen = self.cleaned_data.get("action"), self.cleaned_data
        if action == "difficulty" and not chosen.get("difficulty"):
            self.add_error("difficulty", "Choose a difficulty.")
        if action in ("add_tag", "remove_tag") and not chosen.get("tag") and "tag" not in self.errors:
            self.add_error("tag", "Write a tag.")
        label = chosen.get("generation", [])
        if action == "generation" and "generation" not in self.errors:
            if not label:
                self.add_error("generation", "Choose at least one generation.")
            elif "all" in label and len(label) > 1:
                self.add_error("generation", '"all" excludes the other generations.')

    def value(self) -> str:
        data = self.cleaned_data
        if data["action"] == "difficulty":
            return str(data["difficulty"])
        return ", ".join(in_order(data["generation"])) if data["action"] == "generation" else str(data["tag"])


class VerdictActionForm(ActionForm):
    actions = ("request_changes", "reject")

    reason = forms.CharField(
        max_length=reviewing.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say in a sentence why, so that the authors can act on it."},
    )

    def value(self) -> str:
        return str(self.cleaned_data["reason"])


class ReviewersActionForm(ActionForm):
    actions = ("assign", "unassign")

    reviewer = forms.ModelChoiceField(
        queryset=User.objects.none(), to_field_name="username", empty_label="choose a reviewer"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reviewer"].queryset = assigning.reviewers()  # type: ignore[attr-defined]

    def value(self) -> str:
        return str(self.cleaned_data["reviewer"].get_username())


class NeededActionForm(ActionForm):
    actions = ("needed",)

    needed = forms.IntegerField(
        min_value=1, max_value=assigning.MOST_NEEDED, initial=2, label="Reviewers an example"
    )

    def value(self) -> str:
        return str(self.cleaned_data["needed"])


FORMS: dict[str, type[ActionForm]] = {
    TEXT: TextActionForm,
    VERDICT: VerdictActionForm,
    REVIEWERS: ReviewersActionForm,
    NEEDED: NeededActionForm,
}
