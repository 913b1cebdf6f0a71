"""What the editor asks while somebody types: all that is wrong with a text, and no text breaks it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from curation.domain.bbj import CHECK_VERSION
from curation.models import Draft
from curation.views.while_typing import MOST_FINDINGS
from tests import makers

pytestmark = pytest.mark.one_database

BROKEN = 'rem broken\nprint "never closed\nfor i=1 to 3\n'


def ask(client, text: str, path: str = "gui/a.md") -> dict[str, Any]:
    response = client.post(reverse("example_check"), {"text": text, "path": path})
    assert response.status_code == 200, response.content
    return response.json()


def test_problems_and_findings_carry_lines_of_the_file(as_author):
    text = makers.example_text(code=BROKEN).replace("type: completion", "type: nonsense")

    said = ask(as_author, text)

    assert said["checker"] == CHECK_VERSION
    assert [p["line"] for p in said["problems"] if p["severity"] == "error"] == [3]
    assert {(f["line"], f["code"], f["certain"], f["severity"]) for f in said["findings"]} >= {
        (text.split("\n").index('print "never closed') + 1, "unclosed-string", True, "error"),
        (text.split("\n").index("for i=1 to 3") + 1, "unclosed-block", False, "warning"),
    }
    assert said["findings"][0]["column"] == 7


@pytest.mark.parametrize("start", ["", "---\ntitle: [\n---\n", "---\ntitle: never closed\n"])
def test_code_is_checked_even_when_the_front_matter_cannot_be_read(as_author, start):
    body = makers.example_text(code=BROKEN).split("---\n", 2)[2]

    said = ask(as_author, start + body)

    assert [p for p in said["problems"] if p["severity"] == "error"]
    assert "unclosed-string" in {f["code"] for f in said["findings"]}


def test_a_path_is_no_problem_before_it_is_typed(as_author):
    assert ask(as_author, makers.example_text(), path="")["problems"] == []
    assert {p["code"] for p in ask(as_author, makers.example_text(), path="gui")["problems"]} == {"path"}


def test_browser_line_ends_move_no_line(as_author):
    text = makers.example_text(code=BROKEN)

    assert ask(as_author, text.replace("\n", "\r\n")) == ask(as_author, text)


def test_a_text_over_the_limit_is_one_problem(as_author):
    said = ask(as_author, makers.example_text() + "x" * 256 * 1024)

    assert [p["code"] for p in said["problems"]] == ["too-large"]
    assert said["findings"] == []


def test_of_very_many_findings_the_first_are_told_and_the_rest_counted(as_author):
    said = ask(as_author, makers.example_text(code='"\n' * 1000))

    assert (len(said["findings"]), said["left_out"]) == (MOST_FINDINGS, 1000 - MOST_FINDINGS)


def test_of_very_many_problems_the_errors_come_first(as_author):
    text = makers.example_text(code="```\n```\n" * 1000).replace("type: completion", "type: nonsense")

    said = ask(as_author, text)

    assert len(said["problems"]) == MOST_FINDINGS
    assert said["problems"][0]["line"] == 3
    assert said["left_out"] > 1000


def test_a_text_that_no_draft_could_hold_is_refused_with_a_sentence(as_author):
    response = as_author.post(reverse("example_check"), {"text": "x" * (1024 * 1024 + 1)})

    assert response.status_code == 422
    assert "1048576" in response.json()["detail"]


@pytest.mark.parametrize(
    "text", ["", "\0", "---", "\ufeff---\n", "```bbj\n", "\ud7ff<|im_start|>", "\r", ":\n:\n:"]
)
def test_no_text_breaks_it(as_author, text):
    assert ask(as_author, text).keys() == {"problems", "findings", "left_out", "checker"}


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(), st.text())
def test_no_code_breaks_it(as_author, code, path):
    ask(as_author, makers.example_text(code="X\n").replace("X\n", f"{code}\n"), path)


def test_asking_keeps_nothing(as_author):
    ask(as_author, "half a sentence")

    assert not Draft.objects.exists()


def test_it_wants_the_token_of_the_form(author):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(author)

    assert client.post(reverse("example_check"), {"text": "x"}).status_code == 403


# Pages


def test_only_the_editor_lets_a_style_element_in_and_each_answer_another_one(as_author):
    first, second = (as_author.get(reverse("example_new"))["Content-Security-Policy"] for _ in range(2))
    elsewhere = as_author.get(reverse("example_list"))["Content-Security-Policy"]

    assert "style-src 'self' 'nonce-" in first
    assert first != second
    assert "nonce" not in elsewhere
    assert "unsafe" not in first + elsewhere


def test_without_a_script_the_draft_page_lists_what_is_wrong(as_author):
    fields = {"path": "gui/a.md", "text": makers.example_text(code=BROKEN), "action": "keep"}

    page = as_author.post(reverse("example_new"), fields, follow=True).content.decode()

    assert "this string has no closing" in page
    assert '<textarea class="source" id="id_text"' in page
