"""What a person chooses on the labelling page, and which examples it shows."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from curation.domain.labels import GENERATIONS, TOPICS, TYPES
from curation.models import ImportJob
from curation.services import finding

CHOOSE, ACCEPT, CONFIRM = "choose", "accept", "confirm"
MOST_IMPORTS = 50  # the newest, on offer in the filter
LABELLED_WORDS = {
    "not_person": "not by a person",
    "import": "by an import",
    "suggestion": "by a suggestion",
    "unknown": "not known",
    "person": "by a person",
}
TRACES_WORDS = {"differs": "differ", "conforms": "agree", "cannot tell": "cannot tell"}


class LabelFilterForm(forms.Form):
    """The filters of the page, from the address. A value that is no choice is ignored."""

    q = forms.CharField(required=False, max_length=200, label="Words")
    labelled = forms.ChoiceField(required=False, choices=[("", "any"), *LABELLED_WORDS.items()])
    traces = forms.ChoiceField(required=False, choices=[("", "any"), *TRACES_WORDS.items()])
    topic = forms.ChoiceField(required=False, choices=[("", "any"), *((topic, topic) for topic in TOPICS)])
    type = forms.ChoiceField(required=False, choices=[("", "any"), *((kind, kind) for kind in TYPES)])
    job = forms.ChoiceField(required=False, label="Import")

    def __init__(self, query: QueryDict) -> None:
        """Without a word about it in the address, what no person has labelled yet."""
        chosen = query.copy()
        chosen.setdefault("labelled", finding.NOT_PERSON)
        super().__init__(chosen)
        done = ImportJob.objects.filter(state="done").values_list("pk", "source_name")
        jobs = dict(done[:MOST_IMPORTS])
        if (asked := query.get("job", "")).isdecimal() and len(asked) < 19:
            jobs |= dict(done.filter(pk=asked))
        job = self.fields["job"]
        assert isinstance(job, forms.ChoiceField)
        job.choices = [("", "any"), *((str(pk), f"{pk}: {name[:40]}") for pk, name in jobs.items())]

    def filters(self) -> finding.Filters:
        """What matches, without what is rejected or set aside."""
        self.is_valid()
        chosen = {k: v for k, v in self.cleaned_data.items() if v and k not in self.errors}
        return finding.Filters(status="live", **chosen)


class LabelForm(forms.Form):
    """One card: the text that was on the screen, what to do, and what was chosen for each part."""

    content_hash = forms.RegexField(r"\A[0-9a-f]{64}\Z")
    action = forms.ChoiceField(choices=[(name, name) for name in (CHOOSE, ACCEPT, CONFIRM)])
    label = forms.MultipleChoiceField(
        required=False, choices=[(name, name) for name in ("all", *GENERATIONS)]
    )
    label_before = forms.MultipleChoiceField(required=False, choices=[(name, name) for name in GENERATIONS])
    label_after = forms.MultipleChoiceField(required=False, choices=[(name, name) for name in GENERATIONS])

    def labels(self) -> dict[str, list[str]]:
        """Part -> what was chosen for it, of the parts for which something was."""
        fields = {"": "label", "before": "label_before", "after": "label_after"}
        chosen = {part: self.cleaned_data[field] for part, field in fields.items()}
        return {part: label for part, label in chosen.items() if label}
