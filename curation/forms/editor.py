"""What the editor sends: a file's text, as Markdown or as the pieces of a form over it."""

from __future__ import annotations

from typing import Any

from django import forms

from curation.domain import markdown
from curation.domain.composing import CannotSplit, compose, piece_problems, split
from curation.domain.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curation.domain.problems import Problem
from curation.forms.examples import LARGEST_ID, SourceField
from curation.forms.sheet import MOST_PROGRAMS, Sheet
from curation.models.examples import MARKS, TASK_POOLS
from curation.services import authoring, drafting

FORM, MARKDOWN = "form", "markdown"
WAYS = [(FORM, "Form"), (MARKDOWN, "Markdown")]


class EditorForm(forms.Form):
    """Once valid, `text` is the whole text, whichever way it was typed.

    With the way "form" a browser sends in `text` what the page was made from, and beside it the pieces;
    `base` is then that text. So a page needs nothing on the server to be put together again.
    """

    path = forms.CharField(max_length=authoring.MAX_PATH, required=False)
    text = SourceField(required=False, max_length=drafting.MAX_TEXT)
    note = forms.CharField(max_length=authoring.MAX_NOTE, required=False)
    base_hash = forms.RegexField(r"\A[0-9a-f]{64}\Z", required=False)
    draft = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    example = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    # Another example whose text stands beside the editor, to take from it.
    beside = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    way = forms.ChoiceField(choices=WAYS, required=False)
    opened = forms.RegexField(
        r"\A[0-9a-f]{64}\Z", required=False
    )  # hash of the text that the page began with
    accepted = forms.CharField(max_length=drafting.MAX_ACCEPTED, required=False)
    pool = forms.ChoiceField(choices=TASK_POOLS, required=False)  # of a test task
    mark = forms.ChoiceField(choices=MARKS, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sheet: Sheet | None = None  # what was typed into the form, where that was the way
        self.piece_problems: list[Problem] = []

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("way") == FORM and "text" in data:
            try:
                data |= {"base": data["text"], "text": self._composed(data["text"])}
            except CannotSplit as reason:
                self.add_error("text", str(reason))
            except forms.ValidationError as error:
                self.add_error("text", error)
        return data

    def _composed(self, base: str) -> str:
        self.sheet = Sheet(split(base), self.data)
        if not self.sheet.is_valid():
            raise forms.ValidationError(self.sheet.sentences())
        pieces = self.sheet.pieces()
        self.piece_problems = piece_problems(pieces)
        text = compose(base, pieces)
        if len(text) > drafting.MAX_TEXT:
            raise forms.ValidationError(
                f"The example has {len(text)} characters; {drafting.MAX_TEXT} can be kept."
            )
        return text

    @property
    def wanted_way(self) -> str:
        if self.is_bound:
            return FORM if self.data.get("way") == FORM else MARKDOWN
        return str(self.initial.get("way") or FORM)

    @property
    def whole_text(self) -> str:
        """The text to show: what was typed, where it could be put together, else what the page had."""
        if self.is_bound:
            return str(self.cleaned_data.get("text", self["text"].value() or ""))
        return str(self.initial.get("text", ""))

    @property
    def splittable_text(self) -> str:
        """The text to show as a form.

        Raises:
            CannotSplit: What was typed into a form could not be put together, so it is not in the text.
        """
        if self.sheet and "text" not in self.cleaned_data:
            raise CannotSplit("Something in the form is too long.")
        return self.whole_text

    @property
    def base(self) -> str:
        """What the form that was sent had been made from."""
        return str(self.cleaned_data.get("base", self["text"].value() or ""))

    def typed_something(self, present: str) -> bool:
        """Whether the text is another one than the page began with; `present` is that of the example."""
        text = self.cleaned_data["text"]
        return text.strip() not in ("", present.strip()) and (
            markdown.content_hash(text) != self.cleaned_data.get("opened")
        )


def sheet_of(text: str, *, one_more: bool = False) -> Sheet:
    """The form over a text, with an empty program at its end if one was asked for.

    Raises:
        CannotSplit: The form cannot hold the text; the message says why.
    """
    pieces = split(text)
    if len(pieces.code) > MOST_PROGRAMS:
        raise CannotSplit(f"It has {len(pieces.code)} programs; the form holds {MOST_PROGRAMS}.")
    return Sheet(pieces, one_more=one_more)


class BeginningForm(forms.Form):
    """What a link to a new example says about it. A value that is no choice is ignored."""

    type = forms.ChoiceField(required=False, choices=[(one, one) for one in TYPES])
    topic = forms.ChoiceField(required=False, choices=[(one, one) for one in TOPICS])
    difficulty = forms.ChoiceField(required=False, choices=[(one, one) for one in DIFFICULTIES])
    generation = forms.MultipleChoiceField(
        required=False, choices=[(one, one) for one in ("all", *GENERATIONS)]
    )
    way = forms.ChoiceField(required=False, choices=WAYS)
    pool = forms.ChoiceField(required=False, choices=TASK_POOLS)

    def values(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
