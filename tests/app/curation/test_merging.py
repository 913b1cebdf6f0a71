"""Two people edit one example: nothing of either is lost, and only what both changed is asked about."""

from __future__ import annotations

import pytest
from django.urls import reverse

from curation.domain import markdown
from curation.models import AuditEntry, Draft, Example
from curation.services import drafting
from tests import makers

pytestmark = pytest.mark.one_database

CODE = "rem add up\ntotal = 0\nfor i = 1 to 10\n    total = total + i\nnext i\nprint total\n"


def text(title: str = "Add up", *, code: str = CODE, why: str = "It adds.") -> str:
    """A text of which each argument changes one place only."""
    front = f'title: "{title}"\ntype: completion\ngeneration: all\ndescription: "Add"'
    return f"---\n{front}\n---\n\n## Code\n\n```bbj\n{code}```\n\n## Explanation\n\n{why}\n"


def post(client, name, *args, **fields):
    return client.post(reverse(name, args=args), fields)


def shown(response) -> str:
    return response.content.decode()


@pytest.fixture
def example(author) -> Example:
    return makers.example("gui/a.md", text(), author=makers.user(name="wilma"))


@pytest.fixture
def two(example, author):
    """Call it with both texts: the draft of the author, begun before wilma saved hers."""

    def edit(*, theirs: str, mine: str) -> Draft:
        draft = drafting.draft_of(author=author, example=example)
        makers.edited(example, theirs, author=makers.user(name="fred"))
        return drafting.keep(draft, text=mine)

    return edit


def fields(response) -> dict[str, str]:
    """What the page's form would send."""
    context = response.context
    return {
        "theirs_hash": context["theirs_hash"],
        "mine_hash": context["mine_hash"],
        "text": context.get("text", ""),
        "note": context["note"],
        **{f"choice-{n}": choice for n, choice in context.get("choices", [])},
    }


def test_a_stale_save_leads_to_the_merge_and_keeps_the_note(as_author, example):
    opened = example.content_hash
    makers.edited(example, text("Theirs"))

    response = post(
        as_author,
        "example_edit",
        example.pk,
        text=text("Mine"),
        base_hash=opened,
        action="save",
        note="why & so",
    )

    draft = Draft.objects.get()
    assert response.url == reverse("draft_merge", args=[draft.pk]) + "?note=why+%26+so"
    assert draft.text == text("Mine")
    assert as_author.get(response.url).context["note"] == "why & so"


def test_changes_of_different_lines_need_no_choice(as_author, author, example, two):
    draft = two(theirs=text(why="It adds ten numbers."), mine=text("Sum"))

    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    saved = post(as_author, "draft_merge", draft.pk, action="save", **fields(page))

    example.refresh_from_db()
    assert saved.url == reverse("example_page", args=[example.pk])
    assert example.head
    assert example.head.text == text("Sum", why="It adds ten numbers.")
    assert (example.head.number, example.head.author) == (3, author)
    assert example.head.note == "merged with revision 2"
    assert not Draft.objects.exists()
    entry = AuditEntry.objects.get(action="example.merge")
    assert entry.detail["theirs"] == markdown.content_hash(text(why="It adds ten numbers."))


@pytest.mark.parametrize(("choice", "title"), [("theirs", 'title: "Theirs"\n'), ("mine", 'title: "Mine"\n')])
def test_what_both_changed_is_chosen(as_author, example, two, choice, title):
    draft = two(theirs=text("Theirs"), mine=text("Mine", why="My reason."))

    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    result = post(
        as_author, "draft_merge", draft.pk, action="combine", **{**fields(page), "choice-1": choice}
    )

    assert [place.number for place in page.context["places"]] == [1]
    assert "<del>Theirs</del>" in shown(page)
    assert "<ins>Mine</ins>" in shown(page)
    assert title in result.context["text"]
    assert "My reason." in result.context["text"]
    assert Draft.objects.get().text == text("Mine", why="My reason.")
    assert Example.objects.get().title == "Theirs"


def test_both_sides_of_a_conflict_can_be_taken(as_author, two):
    draft = two(theirs=text(why="Theirs."), mine=text(why="Mine."))

    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    result = post(
        as_author, "draft_merge", draft.pk, action="combine", **{**fields(page), "choice-1": "both"}
    )

    assert "Theirs.\nMine.\n" in result.context["text"]


def test_an_open_place_is_asked_about_again(as_author, two):
    code = CODE.replace("total", "sum")
    draft = two(theirs=text("Theirs", why="Theirs."), mine=text("Mine", code=code, why="Mine."))

    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    again = post(as_author, "draft_merge", draft.pk, action="combine", **{**fields(page), "choice-2": "mine"})

    assert again.status_code == 422
    assert [place.chosen for place in again.context["places"]] == [None, "mine"]
    assert "Choose at each place" in shown(again)


def test_choices_can_be_taken_back(as_author, two):
    draft = two(theirs=text("Theirs"), mine=text("Mine"))
    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    result = post(
        as_author, "draft_merge", draft.pk, action="combine", **{**fields(page), "choice-1": "mine"}
    )

    again = post(as_author, "draft_merge", draft.pk, action="choose", **fields(result))

    assert [place.chosen for place in again.context["places"]] == ["mine"]


def test_a_merged_text_with_errors_is_kept_on_the_page_and_my_draft_stays(as_author, example, two):
    draft = two(theirs=text("Theirs"), mine=text("Mine"))
    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    sent = {**fields(page), "text": "nothing & more", "note": "my note", "choice-1": "mine"}

    response = post(as_author, "draft_merge", draft.pk, action="save", **sent)

    assert response.status_code == 422
    assert "nothing &amp; more" in shown(response)
    assert "my note" in shown(response)
    assert fields(response)["choice-1"] == "mine"
    assert response.context["problems"]
    assert Draft.objects.get().text == text("Mine")
    assert Example.objects.get().title == "Theirs"


def test_a_merge_can_go_on_in_the_editor(as_author, example, two):
    draft = two(theirs=text("Theirs"), mine="half a sentence")
    page = as_author.get(reverse("draft_merge", args=[draft.pk]))

    response = post(
        as_author, "draft_merge", draft.pk, action="keep", **{**fields(page), "text": "both, half done"}
    )

    draft.refresh_from_db()
    assert response.url == reverse("draft_edit", args=[draft.pk])
    assert draft.text == "both, half done"
    assert draft.base_hash == Example.objects.get().content_hash
    assert as_author.get(reverse("draft_merge", args=[draft.pk])).url == reverse(
        "draft_edit", args=[draft.pk]
    )


def test_a_third_person_who_saves_meanwhile_is_merged_too(as_author, example, two):
    draft = two(theirs=text("Theirs"), mine=text("Add up", why="Mine."))
    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    example.refresh_from_db()
    makers.edited(example, text("Theirs", code=CODE.replace("10", "20")))

    response = post(as_author, "draft_merge", draft.pk, action="save", **fields(page))
    again = as_author.get(response.url)
    post(as_author, "draft_merge", draft.pk, action="save", **fields(again))

    assert response.url == reverse("draft_merge", args=[draft.pk])
    head = Example.objects.get().head
    assert head
    assert head.text == text("Theirs", code=CODE.replace("10", "20"), why="Mine.")


def test_what_was_typed_in_another_window_meanwhile_is_not_thrown_away(as_author, example, two):
    draft = two(theirs=text("Theirs"), mine=text(why="Mine."))
    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    drafting.keep(draft, text=text(why="Mine, and more."))

    response = post(as_author, "draft_merge", draft.pk, action="save", **fields(page))
    told = post(as_author, "draft_merge", draft.pk, action="save", **fields(response))

    assert response.status_code == 422
    assert "another window" in shown(response)
    assert "and more" in shown(response)
    assert response.context["text"] == text("Theirs", why="Mine.")
    assert told.status_code == 302


def test_choices_about_other_texts_count_no_more(as_author, example, two):
    draft = two(theirs=text("Theirs"), mine=text("Mine"))
    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    drafting.keep(draft, text=text("Mine too"))

    response = post(
        as_author, "draft_merge", draft.pk, action="combine", **{**fields(page), "choice-1": "mine"}
    )

    assert "Choose once more" in shown(response)
    assert [place.chosen for place in response.context["places"]] == [None]


def test_a_draft_whose_beginning_nobody_knows_is_compared_whole(as_author, example, author):
    draft = drafting.draft_of(author=author, example=example)
    drafting.keep(draft, text=text("Mine"), base_hash="0" * 64)

    page = as_author.get(reverse("draft_merge", args=[draft.pk]))

    assert "is not known" in shown(page)
    assert len(page.context["places"]) == 1


def test_an_outdated_draft_leads_to_the_merge(as_author, two):
    draft = two(theirs=text("Theirs"), mine=text("Mine"))

    editor = as_author.get(reverse("draft_edit", args=[draft.pk]))

    assert reverse("draft_merge", args=[draft.pk]) in shown(editor)


def test_a_merge_is_its_authors_alone(as_reviewer, two):
    draft = two(theirs=text("Theirs"), mine=text("Mine"))

    assert as_reviewer.get(reverse("draft_merge", args=[draft.pk])).status_code == 404
    assert post(as_reviewer, "draft_merge", draft.pk, action="keep", text="x").status_code == 404


def test_what_people_write_is_never_markup_in_a_merge(as_author, two):
    draft = two(theirs=text("<b>Theirs</b>"), mine=text("<i>Mine</i>"))

    page = as_author.get(reverse("draft_merge", args=[draft.pk]))
    result = post(
        as_author, "draft_merge", draft.pk, action="combine", **{**fields(page), "choice-1": "both"}
    )

    for response in (page, result):
        assert "<b>" not in shown(response)
        assert "<i>" not in shown(response)


@pytest.mark.parametrize("action", ["", "save", "keep", "combine", "choose", "nonsense"])
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"theirs_hash": "x", "mine_hash": "\0"},
        {"text": "\0", "note": "n" * 400, "choice-1": "all"},
        {"text": "x" * (1024 * 1024 + 1)},
    ],
)
def test_no_form_breaks_the_merge(as_author, two, action, sent):
    draft = two(theirs=text("Theirs"), mine=text("Mine"))

    response = post(as_author, "draft_merge", draft.pk, **sent, action=action)

    assert response.status_code in (200, 422)
    assert Draft.objects.get().text == text("Mine")
