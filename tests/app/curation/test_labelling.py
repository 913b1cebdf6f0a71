"""Labelling: what is written, what is counted, what comes back, and the page where it happens."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from curation.domain import labelling as rules
from curation.domain import markdown
from curation.domain.labels import GENERATIONS
from curation.models import AuditEntry, Draft, Example, LabelMark, Revision
from curation.services import importing, labelling, marking, reviewing, undoing
from curation.services.labelling import LabelRefused
from tests import makers

WINDOW = 'rem window\nwindow! = BBjAPI().openSysGui("X0").addWindow(1,1,9,9,"a")\n'
TORN = 'rem both\nprint @(1,1),"a"\nprint (sysgui)\'BUTTON\'(1,1,1,1,1,"a",$$)\n'
MIGRATION = """---
title: Into the browser
type: migration
generation: dwc
from_generation: vpro5
to_generation: dwc
---

## Code

### Before (vpro5)

```bbj
rem old
print @(1,1),"a"
```

### After (dwc)

```bbj
rem new
window! = BBjAPI().openSysGui("X0").addWindow(1,1,9,9,"a")
```

## Explanation

It runs in a browser now.
"""


@pytest.fixture
def imported(tmp_path, maintainer):
    """An example as an import brings it."""

    def make(text: str, name: str = "a") -> Example:
        makers.put(tmp_path / name, f"gui/{name}.md", text)
        importing.run_import(importing.plan_import(tmp_path / name), author=maintainer)
        return Example.objects.get(path=f"gui/{name}.md")

    return make


def choose(example: Example, *label: str, by: User, part: str = "") -> labelling.Labelled:
    return labelling.choose(
        example_id=example.pk, content_hash=example.content_hash, labels={part: label}, by=by
    )


def accept(example: Example, *, by: User) -> labelling.Labelled:
    return labelling.accept(example_id=example.pk, content_hash=example.content_hash, by=by)


def confirm(example: Example, *, by: User) -> labelling.Labelled:
    return labelling.confirm(example_id=example.pk, content_hash=example.content_hash, by=by)


def undo(by: User) -> None:
    entry = labelling.last_labelled(by)
    assert entry
    undoing.undo(entry, by=by)


def text_of(example: Example) -> str:
    example.refresh_from_db()
    assert example.head
    return example.head.text


def test_a_new_label_is_a_revision_in_which_nothing_else_changed(imported, author):
    text = makers.example_text("A", generation="all  # as it came")
    example = imported(text)

    choose(example, "dwc", "bbj-gui", by=author)

    assert text_of(example) == text.replace("all  # as it came", "[bbj-gui, dwc]  # as it came")
    assert (example.generation_label, example.label_source, example.written_by) == (
        "bbj-gui dwc",
        "person",
        author,
    )
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.detail["was"], entry.detail["labels"]) == (
        "label.choose",
        {"": ["all"]},
        {"": ["bbj-gui", "dwc"]},
    )


def test_whoever_confirms_a_label_writes_no_text_and_may_still_review_it(imported, reviewer):
    example = imported(makers.example_text("A"))

    confirm(example, by=reviewer)

    example.refresh_from_db()
    assert example.label_source == "person"
    assert Revision.objects.count() == 1
    assert reviewing.record_review(
        example=example, reviewer=reviewer, verdict="approve", content_hash=example.content_hash
    )


def test_whoever_changes_a_label_wrote_the_text(imported, reviewer):
    example = imported(makers.example_text("A"))
    choose(example, "dwc", by=reviewer)
    example.refresh_from_db()

    with pytest.raises(reviewing.OwnWork):
        reviewing.record_review(
            example=example, reviewer=reviewer, verdict="approve", content_hash=example.content_hash
        )


def test_an_accepted_suggestion_is_not_counted_as_a_persons_label(imported, author):
    example = imported(makers.example_text("A", code=WINDOW, generation="character"))

    accept(example, by=author)

    example.refresh_from_db()
    assert (example.generation_label, example.label_source, example.label_verdict) == (
        "bbj-gui dwc",
        "suggestion",
        "conforms",
    )


def test_accepting_takes_nothing_from_a_persons_word(imported, author):
    example = imported(makers.example_text("A"))
    confirm(example, by=author)

    accept(example, by=makers.user())

    example.refresh_from_db()
    assert example.label_source == "person"


def test_the_sides_of_a_migration_are_labelled_apart(imported, author):
    example = imported(MIGRATION)

    choose(example, "character", by=author, part="before")

    assert text_of(example) == MIGRATION.replace(": vpro5", ": character").replace("(vpro5)", "(character)")
    assert example.label_source == "import"  # nobody has said anything of its After
    choose(example, "dwc", by=author, part="after")
    assert text_of(example).count("dwc") == MIGRATION.count("dwc")
    assert example.label_source == "person"


def test_accepting_takes_the_sides_for_which_there_is_a_suggestion(imported, author):
    example = imported(MIGRATION)

    done = accept(example, by=author)

    assert done.labels == {"before": ("character",), "after": ("bbj-gui", "dwc")}
    assert (
        "generation: [bbj-gui, dwc]\nfrom_generation: character\nto_generation: [bbj-gui, dwc]\n"
        in text_of(example)
    )
    assert [mark.source for mark in LabelMark.objects.standing()] == ["import"] * 2 + ["suggestion"] * 2


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ({}, "at least one"),
        ({"": ["all", "dwc"]}, "excludes"),
        ({"before": ["dwc"]}, "no part before"),
    ],
)
def test_what_is_no_label_is_refused_in_a_sentence(imported, author, labels, why):
    example = imported(makers.example_text("A"))

    with pytest.raises(LabelRefused, match=why):
        labelling.choose(example_id=example.pk, content_hash=example.content_hash, labels=labels, by=author)


def test_traces_that_contradict_each_other_cannot_be_accepted(imported, author):
    example = imported(makers.example_text("A", code=TORN))

    with pytest.raises(LabelRefused, match="choose it yourself"):
        accept(example, by=author)


def test_another_text_than_the_one_on_the_screen_is_not_labelled(imported, author):
    example = imported(makers.example_text("A"))
    opened = Example.objects.get(pk=example.pk)
    eva = makers.user(name="eva")
    makers.edited(example, makers.example_text("B"), author=eva)

    with pytest.raises(LabelRefused, match=r"eva saved gui/a\.md after you opened it"):
        choose(opened, "dwc", by=author)
    assert not Draft.objects.exists()


def test_undo_brings_back_text_label_and_whose_it_was(imported, author):
    example = imported(makers.example_text("A"))
    before = text_of(example)
    choose(example, "dwc", by=author)
    example.refresh_from_db()
    confirm(example, by=author)

    undo(author)
    undo(author)

    assert text_of(example) == before
    assert (example.generation_label, example.label_source) == ("all", "import")
    assert [entry.action for entry in AuditEntry.objects.exclude(undoes=None)] == ["label.undo"] * 2
    assert labelling.last_labelled(author) is None


def test_undo_brings_an_approval_back(imported, author):
    example = imported(makers.example_text("A"))
    makers.review(example)
    choose(example, "dwc", by=author)
    example.refresh_from_db()
    assert example.status == "needs_review"

    undo(author)

    example.refresh_from_db()
    assert example.status == "approved"


def test_undo_never_takes_somebody_elses_work_away(imported, author):
    example = imported(makers.example_text("A"))
    choose(example, "dwc", by=author)
    example.refresh_from_db()
    makers.edited(example, makers.example_text("B"), author=makers.user(name="eva"))

    with pytest.raises(undoing.CannotUndo, match="does not stand any more: labelled gui"):
        undo(author)
    assert marking.standing([example.pk])[example.pk][-1].generations == ["all"]
    assert labelling.last_labelled(makers.user()) is None


def test_a_label_that_somebody_judged_is_not_taken_back(imported, author):
    example = imported(makers.example_text("A"))
    choose(example, "dwc", by=author)
    example.refresh_from_db()
    makers.review(example)

    with pytest.raises(undoing.CannotUndo, match="does not stand any more"):
        undo(author)


class Labelling(RuleBasedStateMachine):
    """Two people label, accept, confirm and undo. Whoever is alone at it comes back to what was before."""

    def __init__(self) -> None:
        super().__init__()
        self.people = [makers.user(), makers.user()]
        self.example = makers.example(text=makers.example_text("A", code=WINDOW))
        self.before: list[list[tuple[str, str]]] = [[], []]
        self.at_it: set[int] = set()

    def _seen(self) -> tuple[str, str]:
        self.example.refresh_from_db()
        return self.example.content_hash, self.example.label_source

    def _begins(self, who: int) -> None:
        self.at_it.add(who)
        self.before[who].append(self._seen())

    @rule(who=st.integers(0, 1), label=st.sets(st.sampled_from(GENERATIONS), min_size=1) | st.just({"all"}))
    def choose(self, who: int, label: set[str]) -> None:
        self._begins(who)
        choose(self.example, *label, by=self.people[who])

    @rule(who=st.integers(0, 1))
    def accept(self, who: int) -> None:
        self._begins(who)
        accept(self.example, by=self.people[who])

    @rule(who=st.integers(0, 1))
    def confirm(self, who: int) -> None:
        self._begins(who)
        confirm(self.example, by=self.people[who])

    @precondition(lambda self: any(self.before))
    @rule(who=st.integers(0, 1))
    def undo(self, who: int) -> None:
        if not self.before[who]:
            assert labelling.last_labelled(self.people[who]) is None
            return
        try:
            undo(self.people[who])
        except undoing.CannotUndo:
            assert len(self.at_it) == 2  # the other one wrote another text since
            return
        before = self.before[who].pop()
        if self.at_it == {who}:
            assert self._seen() == before

    @invariant()
    def columns_say_what_the_rows_say(self) -> None:
        self.example.refresh_from_db()
        assert self.example.head
        doc = markdown.parse(self.example.head.text, path=self.example.path).doc
        assert doc
        labels = rules.labels_of(doc)
        marks = marking.standing([self.example.pk])[self.example.pk]
        assert self.example.label_source == marking.source_of(marks, labels)
        assert self.example.generation_label == " ".join(labels[""])
        assert self.example.label_source  # somebody gave it


class LabellingTest(TestCase):
    def test_labels_and_marks_stay_in_step(self):
        run_state_machine_as_test(Labelling, settings=settings(max_examples=8, stateful_step_count=10))


# The page


def post(client: Client, example: Example, action: str, *, htmx: bool = True, **fields: object):
    headers = {"hx-request": "true"} if htmx else {}
    data = {"content_hash": example.content_hash, "action": action, "place": "topic=gui", **fields}
    return client.post(reverse("label_example", args=[example.pk]), data, headers=headers)


def test_the_page_shows_what_no_person_has_labelled(imported, as_author):
    imported(makers.example_text("Came with an import", code=WINDOW, generation="character"))
    makers.example("gui/mine.md", makers.example_text("Written here"))

    body = as_author.get(reverse("label_list")).content.decode()

    assert "Came with an import" in body
    assert "Written here" not in body
    assert "<strong>1 of 2</strong> labelled by people" in body
    assert "The traces suggest <strong>bbj-gui, dwc</strong>" in body
    assert "<code>addWindow</code>" in body


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("labelled=", {"gui/a.md", "gui/b.md", "strings/mine.md"}),
        ("labelled=person", {"strings/mine.md"}),
        ("traces=differs", {"gui/b.md"}),
        ("topic=strings&labelled=", {"strings/mine.md"}),
        ("type=migration", set()),
        ("q=second", {"gui/b.md"}),
        ("labelled=nonsense&topic=nonsense&job=x&after=zzz", set()),
        ("after=gui/a.md", {"gui/b.md"}),
    ],
)
def test_filters_stand_in_the_address(imported, as_author, query, found):
    imported(makers.example_text("The first"), "a")
    imported(makers.example_text("The second", generation="dwc", code='rem x\nprint @(1,1),"a"\n'), "b")
    makers.example("strings/mine.md", makers.example_text("Mine"))

    cards = as_author.get(f"{reverse('label_list')}?{query}").context["cards"]

    assert {card.example.path for card in cards} == found


def test_a_filter_that_is_none_is_left_out_and_said_so(imported, as_author):
    imported(makers.example_text("A"))

    response = as_author.get(f"{reverse('label_list')}?job=17&topic=cooking")

    assert len(response.context["cards"]) == 1
    assert response.content.decode().count("The filter is left out.") == 2


def test_rejected_examples_are_not_labelled(imported, as_author):
    makers.review(imported(makers.example_text("A")), "reject")

    assert as_author.get(reverse("label_list")).context["cards"] == []


def test_an_answer_is_the_card_anew_with_the_counts(imported, as_author):
    example = imported(makers.example_text("A"))

    response = post(as_author, example, "choose", label=["dwc", "bbj-gui"])

    body = response.content.decode()
    example.refresh_from_db()
    assert response.status_code == 200
    assert f'value="{example.content_hash}"' in body
    assert "gui/a.md: labelled bbj-gui, dwc." in body
    assert "<strong>1 of 1</strong> labelled by people" in body


def test_a_refusal_says_why_on_the_card(imported, as_author):
    example = imported(makers.example_text("A"))
    stale = Example.objects.get(pk=example.pk)
    makers.edited(example, makers.example_text("B"), author=makers.user(name="eva"))

    response = post(as_author, stale, "confirm")

    assert response.status_code == 422
    assert "eva saved gui/a.md after you opened it" in response.content.decode()
    assert post(as_author, stale, "nonsense").status_code == 422
    assert post(as_author, stale, "choose", label=["nonsense"]).status_code == 422


def test_without_scripts_the_page_comes_back_at_the_card(imported, as_author):
    example = imported(makers.example_text("A"))

    response = post(as_author, example, "accept", htmx=False)
    undone = as_author.post(reverse("label_undo"), {"place": "topic=gui"})

    assert response.url == f"{reverse('label_list')}?topic=gui#card-{example.pk}"
    assert undone.url == response.url
    example.refresh_from_db()
    assert example.label_source == "import"


def test_undo_shows_the_card_only_where_it_is_on_the_page(imported, as_author):
    example = imported(makers.example_text("A"))

    def undo(shown: str) -> str:
        post(as_author, example, "confirm")
        data = {"place": "", "shown": shown}
        return as_author.post(reverse("label_undo"), data, headers={"hx-request": "true"}).content.decode()

    assert f'id="card-{example.pk}"' in undo(f"{example.pk} 12345")
    elsewhere = undo("12345")
    assert f'id="card-{example.pk}"' not in elsewhere
    assert reverse("example_page", args=[example.pk]) in elsewhere


def test_a_text_that_breaks_todays_rules_leads_to_the_editor(imported, as_author):
    example = imported(makers.example_text("A"))
    Revision.objects.bulk_create(
        [
            Revision(
                example=example,
                number=2,
                text="no front matter",
                content_hash=markdown.content_hash("no front matter"),
                author=makers.user(),
            )
        ]
    )
    head = Revision.objects.get(number=2)
    Example.objects.update(head=head, content_hash=head.content_hash)
    example.refresh_from_db()

    assert "Mend it in the editor" in as_author.get(reverse("label_list")).content.decode()
    assert "breaks today" in post(as_author, example, "confirm").content.decode()


def test_the_page_asks_the_database_as_often_for_ten_as_for_one(
    imported, as_author, django_assert_max_num_queries
):
    imported(makers.example_text("First"), "first")
    as_author.get(reverse("label_list"))
    with django_assert_max_num_queries(8):
        as_author.get(reverse("label_list"))
    for n in range(11):
        imported(makers.example_text(f"Number {n}"), f"n{n}")

    with django_assert_max_num_queries(8):
        response = as_author.get(reverse("label_list"))

    assert len(response.context["cards"]) == 10
    assert response.context["page"].next
