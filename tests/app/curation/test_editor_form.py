"""The editor as a form over the text: nothing is lost, and errors stand at their field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from curation.models import Draft, Example, LabelMark, Revision
from tests import makers, tiny_tokenizer
from tests.browser_form import BrowserForm, read_form
from tests.unit.curation.test_composing import SPLITTABLE

pytestmark = pytest.mark.one_database

DATA = Path(settings.ROOT) / "training-data"
SHIPPED = sorted(str(file.relative_to(DATA)) for file in DATA.glob("*/*.md"))
SCREEN = "rem screen\nprint 'CS'\n" + "x=1\n" * 9
HEAD = "---\ntitle: A\ntype: completion\ngeneration: all\n---\n"


def shown(response: Any) -> str:
    return response.content.decode()


def open_form(client: Any, name: str, *args: object, **query: object) -> BrowserForm:
    return read_form(shown(client.get(reverse(name, args=args), query, follow=True)))


def text_of(form: BrowserForm) -> str:
    return str(form.values()["text"]).replace("\r\n", "\n")


def without_token(form: BrowserForm) -> list[tuple[str, str]]:
    return [each for each in form.sent if each[0] != "csrfmiddlewaretoken"]


def send(client: Any, name: str, *args: object, form: BrowserForm, **typed: Any) -> Any:
    return client.post(reverse(name, args=args), {**form.values(), "action": "save", **typed})


@pytest.mark.parametrize("path", SHIPPED[::4])
def test_form_and_markdown_give_each_other_the_same_text(as_author, author, path):
    text = (DATA / path).read_text()
    example = makers.example(path, text, author=author)

    as_form = open_form(as_author, "example_edit", example.pk)
    as_markdown = read_form(
        shown(send(as_author, "example_edit", example.pk, form=as_form, action="markdown"))
    )
    again = read_form(shown(send(as_author, "example_edit", example.pk, form=as_markdown, action="form")))

    assert as_form.values()["way"] == "form"
    assert as_markdown.values()["way"] == "markdown"
    assert text_of(as_markdown) == text_of(again) == text
    assert without_token(again) == without_token(as_form)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(SPLITTABLE)
def test_any_text_that_a_form_holds_comes_back_to_the_character(as_author, text):
    as_form = read_form(shown(as_author.post(reverse("example_new"), {"text": text, "action": "form"})))
    as_markdown = read_form(shown(send(as_author, "example_new", form=as_form, action="markdown")))

    assert as_form.values()["way"] == "form"
    assert text_of(as_markdown) == text


def test_saving_an_untouched_form_makes_no_revision(as_author, author):
    text = (DATA / "oop/customer-in-two-files.md").read_text()
    example = makers.example("oop/a.md", text, author=author)
    form = open_form(as_author, "example_edit", example.pk)

    send(as_author, "example_edit", example.pk, form=form)
    as_author.post(reverse("draft_keep"), form.values())

    assert example.revisions.count() == 1
    assert not Draft.objects.exists()


def test_a_changed_field_changes_its_line_only(as_author, author):
    text = (DATA / "dwc/desktop-form-to-flow.md").read_text()
    example = makers.example("dwc/a.md", text, author=author)
    form = open_form(as_author, "example_edit", example.pk)

    send(as_author, "example_edit", example.pk, form=form, **{"field-tags": "grid, phone"})

    assert Revision.objects.get(number=2).text == text.replace(
        "[flow layout, css grid, pixels]", "[grid, phone]"
    )


def test_brackets_and_quotes_of_yaml_may_be_typed(as_author, author):
    example = makers.example("gui/a.md", author=author)
    form = open_form(as_author, "example_edit", example.pk)
    typed = {"field-tags": "[grid, phone]", "field-requires_version": '"23.10"'}

    send(as_author, "example_edit", example.pk, form=form, **typed)

    text = Revision.objects.get(number=2).text
    assert "\ntags: [grid, phone]\n" in text
    assert '\nrequires_version: "23.10"\n' in text


def test_programs_are_added_and_taken_out_without_a_script(as_author, author):
    example = makers.example("oop/a.md", (DATA / "oop/customer-in-two-files.md").read_text(), author=author)
    form = open_form(as_author, "example_edit", example.pk)

    more = read_form(
        shown(send(as_author, "example_edit", example.pk, form=form, action="add", **{"file-0-DELETE": "on"}))
    )
    send(
        as_author,
        "example_edit",
        example.pk,
        form=more,
        **{"file-1-name": "Third.bbj", "file-1-code": "rem third\r\nprint 3"},
    )

    text = Revision.objects.get(number=2).text
    assert "Customer.bbj -->" not in text
    assert "<!-- filename: Labels.bbj -->\n```bbj\nrem Labels.bbj" in text
    assert "<!-- filename: Third.bbj -->\n```bbj\nrem third\nprint 3\n```" in text


def test_errors_stand_at_their_field(as_author):
    form = open_form(as_author, "example_new", type="completion")

    page = shown(
        send(as_author, "example_new", form=form, path="gui/a.md", **{"field-generation": ["all", "dwc"]})
    )

    title = read_form(page).attributes["id_field-title"]
    assert title["aria-invalid"] == "true"
    assert "said-title" in title["aria-describedby"]
    said = page.partition('id="said-generation"')[2].partition("</div>")[0]
    assert "stands alone" in said
    assert '"all" checked data-piece="generation" aria-invalid="true"' in page.replace("value=", "")
    assert Draft.objects.get().path == "gui/a.md"


def test_a_value_that_is_none_of_the_words_is_shown_and_kept(as_author):
    text = makers.example_text().replace("type: completion", "type: nonsense")
    as_author.post(reverse("example_new"), {"path": "gui/a.md", "text": text, "action": "keep"})

    form = open_form(as_author, "draft_edit", Draft.objects.get().pk)

    assert form.values()["field-type"] == "nonsense"
    assert text_of(form) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("---\ntitle: [\n---\n", "is not YAML"),
        (f"{HEAD}\n## Code\n\n## Code\n", "## Code stands there twice"),
        (f"{HEAD}\n## Code\n\n" + "```bbj\nx\n```\n\n" * 31, "31 programs"),
    ],
)
def test_a_text_that_no_form_holds_is_edited_as_markdown_and_says_why(as_author, text, reason):
    as_author.post(reverse("example_new"), {"path": "gui/a.md", "text": text, "action": "keep"})

    page = shown(as_author.get(reverse("draft_edit", args=[Draft.objects.get().pk])))

    assert "only be edited as Markdown" in page
    assert reason in page
    assert text_of(read_form(page)) == text


def test_a_section_that_would_begin_another_one_is_an_error_at_its_field_and_loses_nothing(as_author, author):
    example = makers.example("gui/a.md", author=author)
    form = open_form(as_author, "example_edit", example.pk)
    typed = "Before.\r\n\r\n## Code\r\n\r\nAfter."

    response = send(as_author, "example_edit", example.pk, form=form, explanation=typed)

    page = shown(response)
    assert response.status_code == 422
    assert "would begin another section" in page.partition('id="said-explanation"')[2].partition("</div>")[0]
    assert read_form(page).values()["explanation"] == typed
    assert "Before.\n\n## Code\n\nAfter." in Draft.objects.get().text
    assert example.revisions.count() == 1


# Labels


def with_screen(client: Any, path: str = "gui/a.md") -> BrowserForm:
    """A new example whose code suggests the label character."""
    form = open_form(client, "example_new", generation="dwc")
    typed = {"path": path, "field-title": "A screen", "file-0-code": SCREEN, "explanation": "Why."}
    return read_form(shown(send(client, "example_new", form=form, action="form", **typed)))


def label_of(example: Example) -> tuple[list[str], str]:
    mark = LabelMark.objects.get(example=example)
    return mark.generations, mark.source


def test_an_accepted_suggestion_counts_as_a_suggestion(as_author):
    form = with_screen(as_author)

    accepted = read_form(shown(send(as_author, "example_new", form=form, action="accept")))
    send(as_author, "example_new", form=accepted)

    assert accepted.values()["field-generation"] == "character"
    assert label_of(Example.objects.get()) == (["character"], "suggestion")


def test_an_accepted_suggestion_outlives_the_browser_in_its_draft(as_author):
    form = with_screen(as_author)
    accepted = read_form(shown(send(as_author, "example_new", form=form, action="accept")))
    as_author.post(reverse("draft_keep"), accepted.values())

    later = open_form(as_author, "draft_edit", Draft.objects.get().pk)
    send(as_author, "draft_edit", Draft.objects.get().pk, form=later)

    assert label_of(Example.objects.get())[1] == "suggestion"


def test_a_label_that_was_changed_after_the_suggestion_is_a_persons(as_author):
    form = with_screen(as_author)
    accepted = read_form(shown(send(as_author, "example_new", form=form, action="accept")))

    send(as_author, "example_new", form=accepted, **{"field-generation": ["character", "vpro5"]})

    assert label_of(Example.objects.get()) == (["character", "vpro5"], "person")


def test_a_suggestion_is_accepted_in_markdown_too(as_author):
    form = with_screen(as_author)
    as_markdown = read_form(shown(send(as_author, "example_new", form=form, action="markdown")))

    accepted = read_form(shown(send(as_author, "example_new", form=as_markdown, action="accept")))

    assert accepted.values()["way"] == "markdown"
    assert "\ngeneration: character\n" in text_of(accepted)


# New examples


@pytest.mark.parametrize("kind", ["completion", "comprehension", "migration", "explanation"])
def test_each_type_has_a_template_and_links_to_the_others(as_author, kind):
    page = shown(as_author.get(reverse("example_new"), {"type": kind, "topic": "oop"}))
    form = read_form(page)

    assert form.values()["field-type"] == kind
    assert form.values()["path"] == "oop/"
    assert '<a href="?type=migration&amp;topic=oop"' in page


def test_a_link_fills_in_what_a_gap_of_the_coverage_needs(as_author):
    form = open_form(
        as_author, "example_new", type="migration", generation=["bbj-gui", "dwc"], difficulty="advanced"
    )

    assert form.values()["field-generation"] == ["bbj-gui", "dwc"]
    assert form.values()["field-difficulty"] == "advanced"
    assert form.values()["file-1-part"] == "after"


def test_nonsense_in_a_link_is_ignored(as_author):
    form = open_form(
        as_author, "example_new", type="x", topic="../..", generation="\0", difficulty="9", way="z"
    )

    assert (form.values()["field-type"], form.values()["path"]) == ("completion", "")


def test_an_untouched_template_is_no_draft(as_author):
    form = open_form(as_author, "example_new", type="explanation")

    as_author.post(reverse("draft_keep"), form.values())
    as_author.post(reverse("draft_keep"), {**form.values(), "way": "markdown"})

    assert not Draft.objects.exists()


def test_a_duplicate_is_a_draft_that_says_where_it_came_from(as_author, author):
    example = makers.example("gui/hello-window.md", makers.example_text("Hello"))

    response = as_author.post(reverse("example_duplicate", args=[example.pk]))

    draft = Draft.objects.get()
    assert response.url == reverse("draft_edit", args=[draft.pk])
    assert (draft.text, draft.path) == (makers.example_text("Hello"), "gui/hello-window-copy.md")
    assert (draft.origin, draft.example, draft.author) == ("example:gui/hello-window.md", None, author)


# While somebody types


def test_the_check_says_where_in_the_form_each_finding_stands(as_author, author):
    example = makers.example("oop/a.md", (DATA / "oop/customer-in-two-files.md").read_text(), author=author)
    form = open_form(as_author, "example_edit", example.pk)
    typed = {
        "field-difficulty": "easy",
        "file-1-code": 'rem x\nprint "open\n',
        "file-0-name": "two words.bbj",
    }

    said = as_author.post(reverse("example_check"), {**form.values(), **typed}).json()

    errors = [p for p in said["problems"] if p["severity"] == "error"]
    assert {(p["piece"], p["program"], p["where"]) for p in errors} == {
        ("difficulty", -1, "Difficulty"),
        ("code", -1, "Code"),
    }
    (finding,) = said["findings"]
    assert (finding["piece"], finding["program"], finding["at"]) == ("code", 1, 2)
    assert finding["where"] == "Labels.bbj, line 2"


def test_findings_follow_their_program_when_the_one_before_it_is_taken_out(as_author, author):
    example = makers.example("oop/a.md", (DATA / "oop/customer-in-two-files.md").read_text(), author=author)
    form = open_form(as_author, "example_edit", example.pk)

    said = as_author.post(
        reverse("example_check"), {**form.values(), "file-0-DELETE": "on", "file-1-code": 'print "open\n'}
    ).json()

    assert [(f["program"], f["at"]) for f in said["findings"]] == [(1, 1)]


def preview(client: Any, **typed: Any) -> str:
    form = open_form(client, "example_new", type="completion")
    response = client.post(reverse("example_preview"), {**form.values(), **typed})
    assert response.status_code == 200
    return shown(response)


def test_the_preview_is_safe_markdown(as_author):
    page = preview(as_author, explanation="**why** <script>alert(1)</script> ![x](http://far/x.png)")

    assert "<strong>why</strong>" in page
    assert "<script>alert" not in page
    assert "<img" not in page


def test_the_preview_suggests_a_label_with_its_evidence(as_author):
    page = preview(as_author, **{"file-0-code": SCREEN})

    assert "Label it character" in page
    assert "<code>print <mark>&#x27;CS&#x27;</mark></code>" in page


def test_the_preview_counts_tokens_by_the_base_models_tokenizer_and_names_it(as_author, settings, tmp_path):
    settings.STUDIO_BASE_MODELS = tmp_path
    typed = {"path": "gui/a.md", "field-title": "A", "field-generation": "all", "file-0-code": SCREEN}

    without = preview(as_author, **typed)
    tiny_tokenizer.write(tmp_path / "Qwen2.5-Coder-7B")
    counted = preview(as_author, **typed)

    assert "nothing is counted" in without
    assert "tokens</strong>" not in without
    assert "tokenizer of Qwen2.5-Coder-7B" in counted
    assert counted.count('<span class="chip good">fits</span>') == 2
    assert "At 2,048" in counted


NAMES = [
    "path",
    "text",
    "way",
    "opened",
    "accepted",
    "field-title",
    "field-type",
    "field-generation",
    "preface",
]
NAMES += [
    "expected",
    "expected_kind",
    "explanation",
    "file-0-name",
    "file-0-part",
    "file-0-code",
    "file-TOTAL_FORMS",
]
NAMES += ["file-INITIAL_FORMS", "file-0-DELETE", "action", "draft", "example", "beside", "note", "base_hash"]
VALUES = st.one_of(
    st.text(max_size=20), st.sampled_from(["form", "markdown", "save", "accept", "add", "1", "99", "before"])
)


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_nothing_that_a_browser_sends_breaks_the_form(as_author, typed):
    fields = {
        "way": "form",
        "text": makers.example_text(),
        "file-TOTAL_FORMS": "1",
        "file-INITIAL_FORMS": "1",
        "action": "form",
        **typed,
    }

    for name in ("example_new", "draft_keep", "example_check", "example_preview", "example_near"):
        assert as_author.post(reverse(name), fields).status_code in (200, 302, 422)


def test_a_form_that_is_too_long_is_refused_with_a_sentence_and_shown_again(as_author):
    form = open_form(as_author, "example_new")
    long = "x" * (1024 * 1024 + 1)

    response = send(as_author, "example_new", form=form, explanation=long)

    assert response.status_code == 422
    assert "Explanation: Ensure this value has at most 1048576 characters" in shown(response)
    assert long in shown(response)
