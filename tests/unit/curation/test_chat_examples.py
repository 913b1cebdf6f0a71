from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain import front_matter, markdown
from curation.domain.chat_examples import NoExample, Suggested, example_of, write_example
from curation.domain.chat_rows import ChatRow

CODE = 'rem Say it\na$ = "hi"\nprint a$'
FENCE = f"```bbj\n{CODE}\n```"
WINDOW = 'rem A window\nsysgui! = BBjAPI().openSysGui("X0")\nwindow! = sysgui!.addWindow(0,0,9,9,"W",$0$)'
TERMINAL = "rem A screen\nprint 'CS',@(5,5),\"Name\"\ninput @(9,9),a$"


def made(prompt: str, answer: str) -> Suggested:
    suggested = example_of(ChatRow(12, "system", prompt, answer))
    assert isinstance(suggested, Suggested), suggested
    return suggested


def doc_of(suggested: Suggested) -> markdown.ExampleDoc:
    parsed = markdown.parse(suggested.text, path=suggested.path)
    assert parsed.doc, parsed.problems
    return parsed.doc


@pytest.mark.parametrize(
    ("prompt", "answer", "type"),
    [
        ("How do I print a string?", FENCE, "completion"),
        ("How do I print a string?", f"Like this.\n\n{FENCE}\n\nIt prints.", "completion"),
        ("How do I print a string?", CODE, "completion"),
        (f"Explain this.\n\n{FENCE}", "It prints hi.", "comprehension"),
        ("What is a template string?", "A string with named fields.", "explanation"),
        (
            f"Convert this program.\n\n```bbj\n{TERMINAL}\n```",
            f"```bbj\n{WINDOW}\n```\n\nThe window replaces the screen.",
            "migration",
        ),
    ],
)
def test_the_shape_of_a_conversation_gives_the_type(prompt, answer, type):
    assert doc_of(made(prompt, answer)).type == type


def test_code_and_words_land_in_their_sections():
    doc = doc_of(made("How do I print a string?", f"Like this.\n\n{FENCE}\n\nIt prints."))

    assert doc.code_files[0].code == f"{CODE}\n"
    assert doc.explanation == "Like this.\n\nIt prints."
    assert (doc.title, doc.topic) == ("How do I print a string?", "strings")


def test_a_migration_names_both_sides():
    doc = doc_of(made(f"Convert this.\n\n```bbj\n{TERMINAL}\n```", f"```bbj\n{WINDOW}\n```"))

    assert (doc.from_generation, doc.to_generation) == ("character", ("bbj-gui", "dwc"))
    assert [file.part for file in doc.code_files] == ["before", "after"]


def test_the_path_is_topic_title_and_line():
    assert (
        made("How do I sort the strings of Café 9?", FENCE).path
        == "strings/how-do-i-sort-the-strings-of-cafe-9-12.md"
    )


@pytest.mark.parametrize(
    ("prompt", "answer", "why"),
    [
        (f"Mend this.\n\n{FENCE}", FENCE, "nothing asks to convert"),
        ("Show it", f"```bbj\n{CODE}", "never closed"),
        ("What is it?", "First.\n\n## Second\n\nThird.", "begins a section"),
        (f"Convert this.\n\n{FENCE}", FENCE, "which generation each side is"),
    ],
)
def test_what_fits_no_type_says_why(prompt, answer, why):
    refused = example_of(ChatRow(1, "", prompt, answer))

    assert isinstance(refused, NoExample)
    assert why in refused.why


def test_a_guess_is_noted():
    assert [code for code, _ in made("Do the thing?", "Zork.\nYes indeed.").notes] == ["topic-guessed"]


PRINTABLE = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp")), min_size=1, max_size=80
)


@given(PRINTABLE, PRINTABLE)
def test_front_matter_reads_back_as_it_was_given(title, description):
    meta = {
        "title": title,
        "type": "completion",
        "generation": ["bbj-gui", "dwc"],
        "description": description,
    }

    read = front_matter.read(write_example(meta, []), file="x.md")

    if not read.problems:  # YAML has no place for a few characters; then the row stays a conversation
        assert read.meta == meta


@given(st.text(max_size=150), st.text(max_size=150))
def test_no_conversation_makes_it_raise(prompt, answer):
    suggested = example_of(ChatRow(1, "", prompt, answer))

    if isinstance(suggested, Suggested):
        markdown.parse(suggested.text, path=suggested.path)
