"""What a person types about raw programs and general code."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from curation.domain import corpus
from curation.domain.licences import KNOWN, LONGEST, LicenceRefused, licence_of
from curation.services import gathering, stocking

MOST_FILES = 100  # of one upload; Django reads no more


class LicenceField(forms.CharField):
    """A licence in its one spelling, with suggestions."""

    def __init__(self, **options: Any) -> None:
        attributes = {"list": "licences", "autocomplete": "off", "placeholder": "own, proprietary, MIT …"}
        widget = forms.TextInput(attrs={**attributes, "required": True})
        super().__init__(required=False, max_length=LONGEST, widget=widget, **options)

    def clean(self, value: Any) -> str:
        try:
            return licence_of(super().clean(value))
        except LicenceRefused as refused:
            raise forms.ValidationError(str(refused)) from refused


class WordsField(forms.CharField):
    """Words that a function of the domain reads."""

    def __init__(self, read: Any, **options: Any) -> None:
        super().__init__(**options)
        self.read = read

    def clean(self, value: Any) -> str:
        try:
            words: str = self.read(super().clean(value))
        except corpus.SourceRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        return words


class ManyFilesInput(forms.FileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One file or several."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(one, initial) for one in given or [None]]


class TermsForm(forms.Form):
    """On what terms a text may be used, and where it comes from."""

    licence = LicenceField()
    source = WordsField(
        corpus.source_of,
        required=False,  # it says itself that it is missing
        max_length=corpus.LONGEST_SOURCE,
        label="Source: where they come from",
        widget=forms.TextInput(
            attrs={"placeholder": "github.com/acme/tools, or the sales department", "required": True}
        ),
    )


class ProgramsForm(TermsForm):
    programs = ManyFilesField(
        label=f"Programs, or a .zip or .tar.gz of them (up to {MOST_FILES} files)",
        widget=ManyFilesInput(attrs={"accept": ",".join((*corpus.SUFFIXES, *gathering.ARCHIVES, ".gz"))}),
        max_length=200,
    )
    folder = WordsField(
        corpus.folder_of,
        required=False,
        max_length=100,
        label="Folder of the corpus to put them into (optional)",
        widget=forms.TextInput(attrs={"placeholder": "sales/reports", "autocomplete": "off"}),
    )
    field_order = ("programs", "licence", "source", "folder")

    def uploads(self) -> list[tuple[str, Any]]:
        return [(file.name or "", file.chunks()) for file in self.cleaned_data["programs"]]

    def terms(self) -> gathering.Terms:
        return gathering.Terms(*(self.cleaned_data[name] for name in ("licence", "source", "folder")))


class GeneralForm(TermsForm):
    file = forms.FileField(
        label="Questions and answers, a line each (.jsonl)",
        widget=forms.FileInput(attrs={"accept": ".jsonl"}),
        max_length=200,
    )
    field_order = ("file", "licence", "source")

    def terms(self) -> gathering.Terms:
        return gathering.Terms(self.cleaned_data["licence"], self.cleaned_data["source"])


class ProgramForm(forms.Form):
    """A word about one program, as it was on the page."""

    seen = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    reason = forms.CharField(required=False, max_length=stocking.MAX_REASON)


class RelicenseForm(ProgramForm, TermsForm):
    field_order = ("seen", "licence", "source", "reason")


class GeneralChoiceForm(forms.Form):
    source = forms.CharField(max_length=corpus.LONGEST_SOURCE)
    reason = forms.CharField(required=False, max_length=stocking.MAX_REASON)
    included = forms.TypedChoiceField(
        choices=[("yes", "yes"), ("no", "no")], coerce=lambda word: word == "yes", empty_value=None
    )


class CorpusFilterForm(forms.Form):
    """The filters of the list, from the address. One that cannot be is left out."""

    q = forms.CharField(
        required=False,
        max_length=200,
        label="Words of path or source",
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    licence = forms.ChoiceField(required=False)
    state = forms.ChoiceField(
        required=False, choices=[("", "in and out"), ("in", "in the corpus"), ("out", "taken out")]
    )

    def __init__(self, *args: Any, counts: dict[str, int], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(word or stocking.UNKNOWN, f"{word or 'not known'} ({n:,})") for word, n in counts.items()]
        self.fields["licence"].choices = [("", "any"), *choices]  # type: ignore[attr-defined]

    def filters(self) -> stocking.Filters:
        self.is_valid()
        return stocking.Filters(**{name: value for name, value in self.cleaned_data.items() if value})


LICENCES = KNOWN
