"""Code as people see it: coloured, readable in both themes, and never markup."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from pygments.token import STANDARD_TYPES, string_to_tokentype

from curation.domain.bbj.token_classes import TOKEN_CLASSES, classified
from curation.views.highlighting import CSS_PREFIX, BbjLexer, code_lines, file_html
from tests import makers

pytestmark = pytest.mark.one_database

STATIC = Path(settings.ROOT) / "static"
CSS = (STATIC / "studio.css").read_text()
HOSTILE = 'rem <script>alert(1)</script> & "x"\nprint "<script>alert(2)</script>\n'


def shown(client, name: str, *args: object) -> str:
    return client.get(reverse(name, args=args)).content.decode()


# The Pygments lexer


def test_the_table_names_the_class_that_pygments_writes():
    written = {
        name: STANDARD_TYPES[string_to_tokentype(shown.pygments)] for name, shown in TOKEN_CLASSES.items()
    }

    assert {n: f"{CSS_PREFIX}{c}" if c else "" for n, c in written.items()} == {
        name: shown.css for name, shown in TOKEN_CLASSES.items()
    }


def test_the_pygments_lexer_gives_the_pieces_of_the_table():
    source = 'pri\n:nt "a"; rem b\n'

    tokens = list(BbjLexer().get_tokens_unprocessed(source))

    assert [text for _, _, text in tokens] == [piece.text for _, piece in classified(source)]
    assert [at for at, _, text in tokens if text] == [0, 7, 8, 11, 12, 13, 18]


@pytest.mark.parametrize("code", ["", "end", "end\n", "\n\nend\n\n\n", 'a$="\n:b\n:c"\n\u2028\x0b\x85x\n'])
def test_a_program_has_as_many_lines_as_before(code):
    assert len(code_lines(code)) == len(code.removesuffix("\n").split("\n"))


def test_a_piece_on_two_lines_is_closed_on_each():
    assert code_lines('print "a\n:b"\n') == [
        '<span class="tok-k">print</span> <span class="tok-s2">"a</span>',
        '<span class="tok-s2">:b"</span>',
    ]


def test_the_source_of_a_file_is_coloured_in_its_code_only():
    html = file_html(makers.example_text("A <b>title</b>", code="rem one\n", explanation="print it"))

    assert '<span class="tok-c1">rem one</span>' in html
    assert "A &lt;b&gt;title&lt;/b&gt;" in html
    assert "\nprint it" in html


# Pages


@pytest.mark.parametrize("name", ["example_page", "revision_page", "review_next"])
def test_code_is_coloured_and_stays_text(name, as_reviewer):
    example = makers.example("gui/a.md", makers.example_text(code=HOSTILE))

    html = shown(
        as_reviewer, name, *{"review_next": (), "revision_page": (example.pk, 1)}.get(name, (example.pk,))
    )

    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2  # as code, and in the source of the file
    assert "<script>alert" not in html
    assert '<span class="tok-k">print</span>' in html
    assert 'style="' not in html


def test_a_finding_keeps_its_mark_on_a_coloured_line(as_author):
    example = makers.example("gui/a.md", makers.example_text(code=HOSTILE))

    html = shown(as_author, "example_page", example.pk)

    assert re.search(
        r'<span class="found" title="[^"]*no closing[^"]*"><span class="tok-k">print</span>', html
    )


# The style sheet


def custom_properties(theme: str) -> dict[str, str]:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)")[:2]
    block = light if theme == "light" else dark.split("\n}")[0]
    return dict(re.findall(r"(--(?:studio|code)-[\w-]+):\s*(#[0-9a-f]{6});", block))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio" of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        shares = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_defines_it():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("behind", ["--studio-raised", "--studio-bad-wash", "--studio-warn-wash"])
def test_every_piece_of_code_is_readable_on_its_background(theme, behind):
    colours = custom_properties(theme)
    used = dict(re.findall(r"(\.tok-[^{]+) \{ color: var\((--[\w-]+)\)", CSS))

    ratios = {pieces: contrast(colours[name], colours[behind]) for pieces, name in used.items()}

    assert {pieces: ratio for pieces, ratio in ratios.items() if ratio < 4.5} == {}
    assert {css for pieces in used for css in re.findall(r"tok-\w+", pieces)} >= {
        shown.css for shown in TOKEN_CLASSES.values() if shown.css
    }


# The browser files


def test_the_committed_browser_files_are_those_that_were_built_from_these_sources():
    lines = (STATIC / "vendor/SHA256SUMS").read_text().splitlines()
    wanted = {name: digest for digest, name in (line.split("  ") for line in lines)}
    present = {name: hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() for name in wanted}
    sources = {f"../source/{file.name}" for file in (STATIC / "source").glob("*.mjs")} - {
        "../source/vendor.mjs"
    }

    assert present == wanted, "run `npm ci && node vendor.mjs` in static/source"
    assert sources <= set(wanted)
    assert {file.name for file in (STATIC / "vendor").iterdir()} - {"SHA256SUMS"} <= set(wanted)


def test_no_lock_of_browser_files_names_a_registry():
    assert "://" not in (STATIC / "source/package-lock.json").read_text()
