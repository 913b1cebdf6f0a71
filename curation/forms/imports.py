from __future__ import annotations

import uuid

from django import forms

from curation.domain.labels import TOPICS
from curation.models.imports import EDIT, KEEP, LEAVE_OUT, MEND
from curation.services import mending, uploading


class UploadForm(forms.Form):
    file = forms.FileField(
        label="Choose a file, or drop it here",
        widget=forms.FileInput(
            attrs={"accept": ",".join([*uploading.UPLOAD_SUFFIXES, ".gz"]), "class": "drop"}
        ),
        max_length=uploading.MAX_NAME,
        allow_empty_file=False,
    )
    topic = forms.ChoiceField(
        label="Topic, of a single Markdown file",
        choices=[("", "in its path"), *((topic, topic) for topic in TOPICS)],
        required=False,
    )
    # Made with the page: a button pressed twice sends the same key twice, and opens one import.
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > uploading.LARGEST_UPLOAD_BYTES:
            most = uploading.LARGEST_UPLOAD_BYTES // 1000**2
            raise forms.ValidationError(f"The file is larger than {most} MB. Split it into several files.")
        return file


class FolderForm(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class DecisionForm(forms.Form):
    """What to do about one line."""

    action = forms.ChoiceField(choices=[(word, word) for word in (MEND, KEEP, EDIT, LEAVE_OUT)])
    text = forms.CharField(required=False, strip=False, max_length=mending.MAX_ANSWER)
    place = forms.TypedMultipleChoiceField(
        required=False, coerce=int, choices=[(n, n) for n in range(1000)], empty_value=None
    )
    places_shown = forms.BooleanField(required=False)

    def places(self) -> list[int] | None:
        """Which literal line breaks were ticked; None where the page had none to tick."""
        if not self.cleaned_data["places_shown"]:
            return None
        return self.cleaned_data["place"] or []


class ChoiceForm(forms.Form):
    """Which of the lines that ask the same stays."""

    chosen = forms.IntegerField(required=False, min_value=1)
    both = forms.BooleanField(required=False)
    text = forms.CharField(required=False, strip=False, max_length=mending.MAX_ANSWER)

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        if not cleaned.get("both") and not cleaned.get("chosen"):
            raise forms.ValidationError("Choose an answer, or keep them all.")
        return cleaned
