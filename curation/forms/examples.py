"""What a person types about an example."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import User
from django.core.validators import ProhibitNullCharactersValidator

from curation.domain.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curation.forms.labelling import LABELLED_WORDS, TRACES_WORDS
from curation.models import Example, Review
from curation.services import finding

LARGEST_ID = 2**63 - 1
STATUS_WORDS = dict(Example.STATUSES)
VERDICT_WORDS = dict(Review.VERDICTS)


class SourceField(forms.CharField):
    """A whole file in a textarea: blanks count, and a browser's \\r\\n is \\n again.

    A NUL passes: the check of the text reports it with its line, as it does for files.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)
        self.validators = [v for v in self.validators if not isinstance(v, ProhibitNullCharactersValidator)]

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


def _choices(any_word: str, values: Any) -> list[tuple[str, str]]:
    return [("", any_word), *((value, STATUS_WORDS.get(value, value)) for value in values)]


class ExampleFilterForm(forms.Form):
    """The filters of the list, from the URL. A value that is no choice is ignored, and said so."""

    q = forms.CharField(
        required=False,
        max_length=200,
        label="Search title, path and text",
        widget=forms.TextInput(attrs={"type": "search", "data-key": "/"}),
    )
    status = forms.ChoiceField(
        required=False,
        choices=[*_choices("any status", finding.STATUSES), ("live", "neither rejected nor set aside")],
    )
    type = forms.ChoiceField(required=False, choices=_choices("any type", TYPES))
    topic = forms.ChoiceField(required=False, choices=_choices("any topic", TOPICS))
    generation = forms.ChoiceField(required=False, choices=_choices("any generation", ("all", *GENERATIONS)))
    difficulty = forms.ChoiceField(required=False, choices=_choices("any difficulty", DIFFICULTIES))
    tag = forms.CharField(
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"list": "tag-options", "autocomplete": "off"}),
    )
    author = forms.CharField(
        required=False,
        max_length=150,
        label="Written by",
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
    )
    verdict = forms.ChoiceField(
        required=False,
        label="Last verdict",
        choices=[("", "any or none"), *((word, VERDICT_WORDS[word]) for word in finding.VERDICTS)],
    )
    problems = forms.ChoiceField(
        required=False, choices=[("", "any"), ("yes", "has problems"), ("no", "has none")]
    )
    near = forms.ChoiceField(
        required=False, label="Near-duplicates", choices=[("", "any"), ("yes", "has near-duplicates")]
    )
    assigned = forms.ChoiceField(
        required=False, label="Assigned to", choices=[("", "anybody or nobody"), ("me", "me")]
    )
    needed = forms.ChoiceField(
        required=False,
        label="Reviewers needed",
        choices=[("", "any number"), ("1", "one"), ("more", "two or more")],
    )
    labelled = forms.ChoiceField(
        required=False, label="Generation label", choices=[("", "given by anybody"), *LABELLED_WORDS.items()]
    )
    traces = forms.ChoiceField(
        required=False, label="Label and traces", choices=[("", "any"), *TRACES_WORDS.items()]
    )
    job = forms.RegexField(
        r"\A[0-9]{1,18}\Z",
        required=False,
        label="Import number",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": "Write the number of an import."},
    )

    MAIN: tuple[str, ...] = (
        "q",
        "status",
        "type",
        "topic",
        "generation",
        "difficulty",
    )  # the others stand behind "More"

    def filters(self, user: User) -> finding.Filters:
        """What to look for; `user` is whom "me" means."""
        chosen = self.chosen()
        if chosen.get("assigned") == "me":
            chosen["assigned"] = user.get_username()
        return finding.Filters(**chosen)

    def chosen(self) -> dict[str, str]:
        """The filters that are set, by name, as they stand in an address."""
        self.is_valid()
        return {k: v for k, v in self.cleaned_data.items() if v and k not in self.errors}

    def query(self) -> str:
        """The filters that are set as a query string, each once and in one order."""
        return urlencode(self.chosen())

    def active(self) -> list[dict[str, str]]:
        """The filters that are set in words, each with the query string that leaves it out."""
        chosen = self.chosen()
        return [
            {
                "label": str(self[name].label),
                "word": self._word(name, value),
                "without": urlencode({k: v for k, v in chosen.items() if k != name}),
            }
            for name, value in chosen.items()
        ]

    def main(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MAIN]

    def more(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in self.MAIN]

    def more_is_set(self) -> bool:
        return any(name not in self.MAIN for name in (*self.chosen(), *self.errors))

    def _word(self, name: str, value: str) -> str:
        choices = getattr(self.fields[name], "choices", ())
        return str(dict(choices).get(value, value))
