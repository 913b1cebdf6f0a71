from __future__ import annotations

import pytest
from django.urls import reverse

from curation.models import Draft, Example, Review, Revision
from tests import makers

pytestmark = pytest.mark.one_database


def page(client, name, *args, **query):
    return client.get(reverse(name, args=args), query)


def shown(response) -> str:
    return response.content.decode()


def test_the_list_searches_title_path_and_text(as_author):
    makers.example("gui/by-title.md", makers.example_text("Zeppelin airship"))
    makers.example("gui/zeppelin.md", makers.example_text("Other"))
    makers.example("gui/by-text.md", makers.example_text("Third", explanation="About a ZEPPELIN."))
    makers.example("gui/unrelated.md")

    text = shown(page(as_author, "example_list", q="zeppelin"))

    assert "3 examples match" in text
    assert "gui/unrelated.md" not in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "approved"}, ["gui/a.md"]),
        ({"status": "needs_review"}, ["oop/b.md"]),
        ({"topic": "oop"}, ["oop/b.md"]),
        ({"generation": "dwc"}, ["oop/b.md"]),
        ({"generation": "all"}, ["gui/a.md"]),
        ({"type": "explanation"}, ["oop/b.md"]),
        ({"difficulty": "advanced"}, []),
        ({"topic": "nonsense"}, ["gui/a.md", "oop/b.md"]),
        ({"q": "\0"}, ["gui/a.md", "oop/b.md"]),
        ({"after": "gui/a.md"}, ["oop/b.md"]),
        ({"before": "oop/b.md"}, ["gui/a.md"]),
        ({"after": "\0", "before": "x" * 5000}, ["gui/a.md", "oop/b.md"]),
    ],
)
def test_the_list_filters_by_what_the_address_says(as_author, query, expected):
    makers.approved("gui/a.md")
    makers.example("oop/b.md", makers.example_text("B", type="explanation", generation="[bbj-gui, dwc]"))

    text = shown(page(as_author, "example_list", **query))

    assert [path for path in ("gui/a.md", "oop/b.md") if path in text] == expected


def test_pages_follow_each_other_without_gap_or_repeat(as_author, author):
    for n in range(105):
        makers.example(f"gui/n{n:03}.md", author=author)

    seen, address = [], reverse("example_list") + "?topic=gui"
    while address:
        response = as_author.get(address)
        rows = response.context["page"]
        seen.append([example.path for example in rows.rows])
        address = reverse("example_list") + rows.next if rows.next else ""
    back = as_author.get(reverse("example_list") + rows.previous)

    assert [path for paths in seen for path in paths] == [f"gui/n{n:03}.md" for n in range(105)]
    assert [example.path for example in back.context["page"].rows] == seen[1]
    assert "topic=gui" in rows.previous


def test_htmx_gets_the_table_only(as_author):
    makers.example()

    response = as_author.get(reverse("example_list"), HTTP_HX_REQUEST="true")

    assert "<html" not in shown(response)
    assert 'id="example-table"' in shown(response)


def test_a_status_is_a_word(as_author):
    makers.review(makers.example(), "request_changes")

    assert "changes requested</span>" in shown(page(as_author, "example_list"))


def test_the_page_shows_findings_at_the_line_and_who_wrote_what(as_author):
    writer = makers.user(name="wilma")
    example = makers.example(
        "gui/a.md", makers.example_text(code='rem broken\nprint "never closed\n'), author=writer
    )
    makers.edited(example, makers.example_text("Better"), author=makers.user(name="fred"))

    first = shown(page(as_author, "revision_page", example.pk, 1))
    present = shown(page(as_author, "example_page", example.pk))

    assert '<span class="found" title="' in first
    assert "an older text" in first
    assert "wilma" in present
    assert "fred" in present


def test_what_people_write_is_never_markup(as_author):
    hostile = (
        "<script>alert(1)</script> ![x](http://far/x.png) [l](javascript:alert(1)) <img src=x onerror=y>"
    )
    example = makers.example(
        "gui/a.md", makers.example_text("<b>Title</b>", code="rem <i>\n", explanation=hostile)
    )
    makers.review(example, "reject", reason="<u>why</u>")

    text = shown(page(as_author, "example_page", example.pk))

    for markup in ("<script>alert", "<img", 'href="javascript', "<b>Title", "<i>", "<u>"):
        assert markup not in text


@pytest.mark.parametrize("name", ["example_page", "example_edit"])
@pytest.mark.parametrize("number", [0, 999, 2**63, 10**40])
def test_an_unknown_number_is_not_found(as_author, name, number):
    assert page(as_author, name, number).status_code == 404


def post(client, name, *args, **fields):
    return client.post(reverse(name, args=args), fields)


def test_a_new_example_is_saved_with_browser_line_ends(as_author, author):
    text = makers.example_text()

    response = post(as_author, "example_new", path="gui/a.md", text=text.replace("\n", "\r\n"), action="save")

    revision = Revision.objects.get()
    assert response.url == reverse("example_page", args=[revision.example_id])
    assert (revision.text, revision.author) == (text, author)
    assert not Draft.objects.exists()


def test_problems_come_with_line_numbers_and_the_text_is_kept(as_author):
    bad = makers.example_text().replace("type: completion", "type: nonsense").replace("basic", "easy")

    response = post(as_author, "example_new", path="gui/a.md", text=bad, action="save")

    text = shown(response)
    assert response.status_code == 422
    assert "Error, line 3:" in text
    assert "Error, line 5:" in text
    assert "type: nonsense" in text
    assert Draft.objects.get().text == bad


def test_mending_a_draft_saves_it_and_leaves_no_draft(as_author, author):
    post(as_author, "example_new", path="gui/a.md", text="nothing", action="save")
    draft = Draft.objects.get()

    response = post(
        as_author, "draft_edit", draft.pk, path="gui/a.md", text=makers.example_text(), action="save"
    )

    assert response.status_code == 302
    assert Example.objects.get().path == "gui/a.md"
    assert not Draft.objects.exists()


def test_the_path_of_an_example_stays(as_author):
    example = makers.example("gui/a.md")

    post(
        as_author, "example_edit", example.pk, path="oop/b.md", text=makers.example_text("New"), action="save"
    )

    assert [e.path for e in Example.objects.all()] == ["gui/a.md"]


def test_typing_is_kept_while_it_goes_on(as_author, author):
    example = makers.example("gui/a.md")
    fields = {"example": example.pk, "base_hash": example.content_hash}

    post(as_author, "draft_keep", text="half a sen", **fields)
    draft = Draft.objects.get()
    response = post(as_author, "draft_keep", text="half a sentence", draft=draft.pk, **fields)

    draft.refresh_from_db()
    assert f'name="draft" value="{draft.pk}"' in shown(response)
    assert (draft.text, draft.author, draft.example) == ("half a sentence", author, example)
    assert page(as_author, "example_edit", example.pk).url == reverse("draft_edit", args=[draft.pk])


def test_opening_the_editor_and_typing_nothing_makes_no_draft(as_author):
    example = makers.example("gui/a.md")
    assert example.head

    post(as_author, "draft_keep", example=example.pk, text=example.head.text)
    post(as_author, "draft_keep", text="  ")

    assert not Draft.objects.exists()


def test_a_draft_is_its_authors_alone(as_author, as_reviewer, author):
    post(as_author, "example_new", path="gui/a.md", text="secret words", action="keep")
    draft = Draft.objects.get()

    assert page(as_reviewer, "draft_edit", draft.pk).status_code == 404
    assert post(as_reviewer, "draft_discard", draft.pk).status_code == 404
    assert "secret words" in shown(page(as_author, "draft_edit", draft.pk))
    assert "gui/a.md" in shown(page(as_author, "draft_list"))
    assert "gui/a.md" not in shown(page(as_reviewer, "draft_list"))


def test_a_draft_can_be_thrown_away(as_author):
    post(as_author, "example_new", path="gui/a.md", text="x", action="keep")

    post(as_author, "draft_discard", Draft.objects.get().pk)

    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"text": "\0 nul"},
        {"path": "\0", "text": "x"},
        {"path": "x" * 500, "text": "kept words"},
        {"text": "x", "draft": "99999999999999999999999", "example": "-1"},
        {"text": "x", "base_hash": "nonsense", "note": "n" * 400},
        {"text": "x" * (1024 * 1024 + 1)},
        {"path": "gui/a.md", "text": "\ud7ff \ufeff <|im_start|>"},
    ],
)
@pytest.mark.parametrize("action", ["save", "keep", "nonsense"])
def test_no_input_breaks_the_editor(as_author, fields, action):
    saved = post(as_author, "example_new", action=action, **fields)
    kept = post(as_author, "draft_keep", **fields)

    assert saved.status_code in (302, 422)
    assert kept.status_code in (200, 422)
    assert not Example.objects.exists()


def review(client, example: Example, **fields):
    fields.setdefault("content_hash", example.content_hash)
    return post(client, "review_example", example.pk, **fields)


def test_a_verdict_on_the_example_page_comes_back_as_the_panel(as_reviewer, reviewer):
    example = makers.example()

    response = as_reviewer.post(
        reverse("review_example", args=[example.pk]),
        {"verdict": "approve", "content_hash": example.content_hash},
        HTTP_HX_REQUEST="true",
    )

    assert "<html" not in shown(response)
    assert "approved</span>" in shown(response)
    assert Review.objects.get().reviewer == reviewer


def test_a_refused_verdict_keeps_the_reason_that_was_typed(as_reviewer):
    example = makers.example()
    old = example.content_hash
    makers.edited(example, makers.example_text("Edited"))

    response = review(as_reviewer, example, verdict="reject", content_hash=old, reason="my long reason")

    assert response.status_code == 422
    assert "changed after you opened it" in shown(response)
    assert "my long reason" in shown(response)


def test_the_queue_moves_on_after_each_verdict(as_reviewer):
    first, second = makers.example(), makers.example()

    start = page(as_reviewer, "review_next")
    moved = as_reviewer.post(
        reverse("review_example", args=[first.pk]),
        {"verdict": "approve", "content_hash": first.content_hash, "from": "queue"},
        follow=True,
    )
    review(as_reviewer, second, verdict="approve", **{"from": "queue"})

    assert start.context["example"] == first
    assert "1 of 2" in shown(start)
    assert moved.context["example"] == second
    assert "1 of 1" in shown(moved)
    assert "No example waits" in shown(page(as_reviewer, "review_next"))


def test_an_objection_without_a_reason_stays_on_the_screen(as_reviewer):
    example = makers.example()

    response = review(as_reviewer, example, verdict="request_changes", **{"from": "queue"})

    assert response.status_code == 422
    assert "Say in a sentence" in shown(response)
    assert response.context["example"] == example


def test_each_button_shows_its_key(as_reviewer):
    makers.example()

    text = shown(page(as_reviewer, "review_next"))

    for key in "arxjk":
        assert f'data-key="{key}"' in text
        assert f"<kbd>{key.upper()}</kbd>" in text


@pytest.mark.parametrize(
    "query", [{"id": "x"}, {"after": "-1"}, {"before": "9" * 40}, {"id": "999"}, {"after": "²"}]
)
def test_no_address_breaks_the_queue(as_reviewer, query):
    makers.example()

    assert page(as_reviewer, "review_next", **query).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"verdict": "maybe"},
        {"verdict": "approve", "content_hash": "x"},
        {"verdict": "reject", "reason": "\0"},
    ],
)
def test_no_form_breaks_a_review(as_reviewer, fields):
    example = makers.example()

    assert review(as_reviewer, example, **fields).status_code == 422
    assert not Review.objects.exists()


def test_the_page_and_the_review_show_what_the_code_says_about_the_label(as_author, as_reviewer):
    code = "rem screen\nprint 'CS',\"<b>\"\n"
    example = makers.example("dwc/a.md", makers.example_text("A", code=code, generation="dwc"))

    for text in (
        shown(page(as_author, "example_page", example.pk)),
        shown(page(as_reviewer, "review_next", id=example.pk)),
    ):
        assert '<span class="chip warn">differs</span>' in text
        assert "<code>print <mark>&#x27;CS&#x27;</mark>,&quot;&lt;b&gt;&quot;</code>" in text
        assert "→ character (rule screen-mnemonic)" in text


@pytest.mark.parametrize(
    ("generation", "code", "word"),
    [("all", "", "agrees"), ("character", "rem x\nprint 'CS'\n", "agrees"), ("dwc", "", "cannot tell")],
)
def test_agreement_is_a_word(as_author, generation, code, word):
    example = makers.example("gui/a.md", makers.example_text("A", code=code, generation=generation))

    assert f">{word}</span>" in shown(page(as_author, "example_page", example.pk))
