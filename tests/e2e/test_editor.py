"""The editor in a real browser: its mode, its findings, its keys, and the form behind it."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, expect

from curation.domain.bbj.token_classes import classified
from curation.models import Draft, Example
from tests import makers
from tests.editor_page import sign_in, status

pytestmark = [pytest.mark.slow(2), pytest.mark.one_database]

ROOT = Path(settings.ROOT)
MIME = {".mjs": "text/javascript", ".json": "application/json"}
TRICKY = [
    'pri\n:nt "he\n:llo", x\n:y',
    "re\r\n:m hello\r\n: more\r\nend",
    "x = 1 \n:\nprint",
    "\n:x",
    "x=1\n::a.bbj::B.run()\n: + 1\n::c",
    "rem15=3; rem=1; rem",
    "lbl: rem x",
    "lbl: ; if a then rem x else rem y",
    "10 print 2; rem",
    "a!=new X(); b=c==d; e=f++g // h",
    'a$="say ""hi""", b$="open',
    "a$=$0A$+$$+$0a",
    "print 'CS','BOX'(1,2),@(1,2),a@(1)",
    "use ::a/b.bbj::C ; rem x\nuse java.util.HashMap",
    'table 0a0b\ndata 1,2,"x"',
    "#field!=#this!.print(#super!.x)",
    "read (1,end=*next,err\n:=lbl)a$",
    "start=1; start 9; let d=day",
    "\u00e9=1; \U0001f600 print \U0001f600; \u0661=2\x0b\x85\x1cx\u2028y",
    "x.then rem y",
]


SHARDS = [*":;\"'#.,()=!@$1x", "\n", "\n:", "\r\n:", " ", "::", "$0a$", "==", "\u00e9", "\U0001f600"]
SHARDS += ["rem", "if", "then", "use", "data", "table", "print", "key", "label", "end"]


def programs() -> list[str]:
    """The shipped programs, every example file as if it were one, hard cases, and shards thrown together."""
    files = sorted(file for file in (ROOT / "training-data").rglob("*") if file.suffix in (".bbj", ".md"))
    dice = random.Random(11)
    thrown = ["".join(dice.choices(SHARDS, k=dice.randint(2, 14))) for _ in range(2000)]
    return [*(file.read_text() for file in files), *TRICKY, *thrown]


def merged(pieces: Any) -> list[list[str]]:
    """[class, text] with neighbours of one class put together, so that both sides cut alike."""
    grouped = itertools.groupby(pieces, key=lambda piece: piece[0])
    return [[name, "".join(text for _, text in group)] for name, group in grouped]


def test_the_mode_gives_each_character_the_class_that_the_pages_give_it(page: Page):
    def serve(route: Route) -> None:
        file = ROOT / "static/source" / route.request.url.rpartition("/")[2]
        if file.suffix in MIME:
            route.fulfill(body=file.read_bytes(), content_type=MIME[file.suffix])
        else:
            route.fulfill(body="<!doctype html><title>The mode alone</title>", content_type="text/html")

    page.route("http://mode.test/**", serve)
    page.goto("http://mode.test/")
    sources = programs()

    found = page.evaluate(
        """async (sources) => {
            const { classified } = await import("/classified.mjs");
            return sources.map((source) => {
                const pieces = [];
                let done = 0;
                for (const { name, from, to } of classified(source)) {
                    pieces.push(["plain", source.slice(done, from)], [name, source.slice(from, to)]);
                    done = to;
                }
                return [...pieces, ["plain", source.slice(done)]].filter(([, text]) => text);
            });
        }""",
        sources,
    )

    for source, pieces in zip(sources, found, strict=True):
        assert merged(pieces) == merged((name, piece.text) for name, piece in classified(source)), source


# The page


@pytest.fixture
def example(author: User) -> Example:
    return makers.example("gui/a.md", makers.example_text("A title", code=makers.program("A title")))


def text_box(page: Page) -> Any:
    return page.get_by_role("textbox", name="Markdown")


def test_typing_saves_through_the_form(open_editor, example):
    page = open_editor("example_edit", example.pk)

    text_box(page).fill(makers.example_text("Another title"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Another title")).to_be_visible()

    example.refresh_from_db()
    assert example.title == "Another title"


def test_typing_over_lines_replaces_them_without_a_word_from_the_policy(open_editor, example):
    page = open_editor("example_edit", example.pk)

    text_box(page).press("Control+Home")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.type("xy")

    expect(page.locator(".cm-line").first).to_have_text("xygeneration: all")
    expect(page.locator("#id_text")).to_have_value(re.compile("^xygeneration: all\n"))


def test_what_is_typed_is_kept_as_a_draft(open_editor, example):
    page = open_editor("example_edit", example.pk)

    text_box(page).press("Control+End")
    page.keyboard.type("one more word")
    expect(page.get_by_text("Kept as a draft at")).to_be_visible()

    assert Draft.objects.get().text.endswith("one more word")


def test_a_finding_shows_at_its_line_and_goes_with_its_cause(open_editor, example, axe):
    page = open_editor("example_edit", example.pk)
    last = page.locator(".cm-line", has_text="print ").last

    last.click()
    page.keyboard.press("End")
    page.keyboard.type(',"open')
    finding = page.get_by_role("button", name=re.compile(r"Error, line \d+: this string has no closing"))
    expect(finding).to_be_visible()

    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    expect(page.locator(".cm-lintRange-error")).to_have_text('"open')
    assert axe() == []
    page.keyboard.type('"')
    expect(finding).to_have_count(0)
    expect(page.locator(".cm-lint-marker-error")).to_have_count(0)


def test_f8_and_the_list_go_to_the_findings(open_editor, author):
    broken = makers.example_text("Broken", code='rem one\nprint "open\ngosub nowhere\n')
    page = open_editor("example_edit", makers.example("gui/b.md", broken, author=author).pk)
    selected = "() => getSelection().toString()"

    text_box(page).press("Control+Home")
    jumps = []
    for key in ("F8", "F8", "F8", "Shift+F8"):
        page.keyboard.press(key)
        jumps.append(page.evaluate(selected))
    page.get_by_role("button", name="this string has no closing").focus()
    page.keyboard.press("Enter")

    assert jumps[1:3] == ['"open', "nowhere"]
    assert jumps[3] == '"open'
    assert page.evaluate(selected) == '"open'
    expect(text_box(page)).to_be_focused()


def test_tab_leaves_the_text_and_control_bracket_indents(open_editor, example):
    page = open_editor("example_edit", example.pk)

    text_box(page).press("Control+Home")
    page.keyboard.press("Control+]")
    indented = page.locator(".cm-line").first.inner_text()
    page.keyboard.press("Control+z")
    page.keyboard.press("Tab")

    assert indented == "  ---"
    expect(page.locator(".cm-line").first).to_have_text("---")
    expect(text_box(page)).not_to_be_focused()


def test_control_f_searches_in_the_text(open_editor, example, axe):
    page = open_editor("example_edit", example.pk)

    text_box(page).press("Control+f")
    page.keyboard.type("title")

    expect(page.locator(".cm-searchMatch").first).to_be_visible()
    assert axe() == []


def test_a_check_that_does_not_answer_is_said_and_asked_again(open_editor, example):
    page = open_editor("example_edit", example.pk)

    page.route("**/examples/check/", lambda route: route.fulfill(status=422, body="{}"))
    text_box(page).press("Control+End")
    page.keyboard.type("a")
    expect(status(page)).to_contain_text("gives no answer now")
    page.unroute("**/examples/check/")
    page.keyboard.type("b")
    expect(status(page)).to_contain_text("ound")


def test_the_built_mode_colours_bbj_fences_only(open_editor, author):
    text = makers.example_text("Colours", code='rem one\npri\n:nt "a"\n', explanation="print it")
    page = open_editor("example_edit", makers.example("gui/c.md", text, author=author).pk)

    assert page.locator(".cm-content .tok-k").all_inner_texts() == ["pri", ":nt"]
    assert page.locator(".cm-content .tok-s2").all_inner_texts()[-1] == '"a"'


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_the_editor_of_markdown_fits_and_is_accessible(open_editor, example, page, axe, width, scheme):
    """The form is among the pages of test_every_page.py."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})

    open_editor("example_edit", example.pk, way="markdown")

    assert axe() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture
def page_without_scripts(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_without_javascript_the_textarea_is_the_editor(live_server, page_without_scripts, author, example):
    page = page_without_scripts
    sign_in(page, live_server.url, author)

    page.goto(live_server.url + reverse("example_edit", args=[example.pk]))
    page.get_by_label("Title").fill("Plainly typed")
    page.get_by_role("button", name="Markdown").click()
    text = text_box(page)
    text.fill(text.input_value().replace("Plainly typed", "Typed twice"))
    page.get_by_role("button", name="Form").click()
    expect(page.get_by_label("Title")).to_have_value("Typed twice")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("heading", name="Typed twice")).to_be_visible()
