"""How much of what is broken the offline check sees: shipped programs, each broken in one way that is known.

The ways are mistakes that a model makes and that the compiler is recorded to refuse. This is no measure on
real refused programs: it says what the check would notice if a sound program got one such mistake.
"""

import re
from pathlib import Path

import pytest

from curation.domain.bbj import check

DATA = Path(__file__).resolve().parents[3] / "training-data"
PROGRAMS = [file.read_text(encoding="utf-8") for file in sorted((DATA / "corpus").glob("*.bbj"))] + [
    code
    for file in sorted(DATA.glob("*/*.md"))
    for code in re.findall(r"^```bbj\n(.*?)^```$", file.read_text(encoding="utf-8"), re.M | re.S)
]

# name: (what is looked for, what it becomes), in the first line where it is found and that is no comment
MISTAKES = {
    "a quote is lost": (r'"(\s*)$', r"\1"),
    "a parenthesis is lost": (r"\)(\s*)$", r"\1"),
    "a bracket too many": (r"$", r")"),
    "== for =": (r"^(\s*if \w+\$?)\s*=", r"\1 =="),
    "!= for <>": (r" ?<> ?", r" != "),
    "&& for AND": (r"^(\s*if .*) and ", r"\1 && "),
    "+= for x = x +": (r"^(\s*)(\w+) ?= ?\2 ?\+", r"\1\2 +="),
    "++ for x = x + 1": (r"^(\s*)(\w+) ?= ?\2 ?\+ ?1$", r"\1\2++"),
    "a // comment": (r"^(\s*)rem ", r"\1// "),
    "a comment behind a statement": (r'("|\w\$)(\s*)$', r"\1 rem why\2"),
    "END IF for FI": (r"^(\s*)(fi|endif)(\s*)$", r"\1end if\3"),
    "ELSEIF": (r"^(\s*)else(\s*)$", r"\1elseif x = 1 then\2"),
    "END CLASS for CLASSEND": (r"^(\s*)classend(\s*)$", r"\1end class\2"),
    "METHODEND is lost": (r"^\s*methodend\s*$", r""),
    "a value is lost": (r"( ?[-+*/] ?)[\w.]+(\s*)$", r"\1\2"),
    "two values without an operator": (r"^(\s*\w+\$? ?= ?)", r"\1x "),
    "a comma is lost": (r'^(\s*print "[^"]*"),', r"\1 "),
    "a number for a text": (r'^(\s*\w+\$ ?= ?)".*"(\s*)$', r"\g<1>9\2"),
    "a text for a number": (r"^(\s*\w+ ?= ?)\d+(\s*)$", r'\1"text"\2'),
    "a label is misspelt": (r"\b(gosub|goto) (\w+)", r"\1 \2x"),
    "a method without its type": (r"(method public) void (?=\w)", r"\1 "),
    "a function as a statement": (r"^(\s*)\w+\$? ?= ?(str|num|len|msgbox)\(", r"\1\2("),
    "a ternary": (r"^(\s*\w+ ?= ?)(\w+)(\s*)$", r"\1\2 ? 1 : 2\3"),
    "FOR EACH": (r"^(\s*)for \w+ ?=.*$", r"\1for each x in y"),
    "TRY": (r"^(?=\s*\w+ ?=)", r"try\n"),
    "a brace": (r"(\bthen)(\s*)$", r"\1 {\2"),
}  # fmt: skip


def broken(program: str, mistake: str) -> str | None:
    """The program with the mistake in it, or None where it does not fit in."""
    pattern, instead = MISTAKES[mistake]
    lines = program.split("\n")
    for index, line in enumerate(lines):
        is_comment = re.match(r"\s*rem\b", line, re.I) and mistake != "a // comment"
        goes_on = index + 1 < len(lines) and lines[index + 1].startswith(":")
        if is_comment or goes_on or line.startswith(":") or not line.strip() or "; rem" in line.lower():
            continue
        changed = re.sub(pattern, instead, line, count=1, flags=re.I)
        if changed != line:
            return "\n".join([*lines[:index], changed, *lines[index + 1 :]])
    return None


def test_the_shipped_programs_are_whole():
    assert len(PROGRAMS) > 100
    assert [program for program in PROGRAMS if any(f.certain for f in check(program))] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_program_with_a_known_mistake_is_refused(mistake):
    programs = [text for program in PROGRAMS if (text := broken(program, mistake))]
    refused = [text for text in programs if any(f.certain for f in check(text))]

    assert len(programs) >= 5, "the mistake fits into too few programs to say anything"
    assert len(refused) >= 0.9 * len(programs)
