"""The kind of a pair of examples follows from what they have in common, and says the strongest of it."""

from __future__ import annotations

import pytest

from curation.domain import markdown
from curation.domain.likeness import Fingerprint, fingerprint, kind_of, renames, same_template
from tests.makers import example_text

CODE = """\
rem Totals of the orders
total = 0
open (1) "orders"
for order = 1 to 10
read (1, key = str(order), err = done) name$, amount
total = total + amount
print name$, amount
next order
done:
print "total", total
"""
RENAMED = (
    CODE.replace("total =", "sum =")
    .replace("= total", "= sum")
    .replace(", total", ", sum")
    .replace("order", "n")
    .replace('"ns"', '"orders"')
    .replace("name$", "who$")
    .replace("amount", "paid")
)


def of(title: str = "Totals", *, code: str = CODE, **more: str) -> Fingerprint:
    parsed = markdown.parse(
        example_text(
            title, code=code, **{"description": "Add up the orders", "explanation": "It adds.", **more}
        ),
        path="strings/a.md",
    )
    assert parsed.doc, parsed.problems
    return fingerprint(parsed.doc)


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (of(), "identical"),
        (of(code=CODE.upper().replace("REM TOTALS", "rem Sums").replace("\n", "  \n")), "formatting"),
        (
            of(code="rem Something else\n" + CODE.replace("total = 0", "total = 0; rem from nothing")),
            "formatting",
        ),
        (of(explanation="It adds up, row by row."), "same-pair"),
        (of(code=RENAMED), "renamed"),
        (of(code=RENAMED, description="Sum the orders"), "renamed"),
        (of(description="Sum the orders"), "same-code"),
        (of(code=CODE.replace("10", "20")), "same-prompt"),
        (of(code=CODE.replace("10", "20"), description="Sum the orders"), "near"),
    ],
)
def test_the_kind_is_the_strongest_thing_in_common(other, kind):
    assert kind_of(of(), other) == kind
    assert kind_of(other, of()) == kind


def test_what_is_missing_on_both_sides_is_nothing_in_common():
    assert kind_of(Fingerprint(), Fingerprint()) == "near"
    assert not same_template(Fingerprint(), Fingerprint())


def test_renaming_is_one_to_one():
    assert kind_of(of(code="a = b\nprint a, b\n" * 6), of(code="x = x\nprint x, x\n" * 6)) != "renamed"


def test_verbs_and_functions_are_not_renamed():
    assert kind_of(of(code="print a\n" * 12), of(code="input a\n" * 12)) == "same-prompt"


def test_a_template_leaves_out_names_strings_and_numbers_and_makes_no_duplicate():
    other = of(code=RENAMED.replace('"orders"', '"invoices"').replace("10", "99"), description="Sum")

    assert same_template(of(), other)
    assert kind_of(of(), other) == "near"
    assert not same_template(of(), of(code=CODE.replace("read", "extract")))


def test_renames_are_told_as_they_appear():
    assert renames(CODE, RENAMED) == [("total", "sum"), ("order", "n"), ("name$", "who$"), ("amount", "paid")]
    assert renames(CODE, CODE) == []
    assert renames(CODE, CODE + "print 1\n") == []


def test_an_example_without_a_prompt_has_a_fingerprint_all_the_same():
    text = example_text(type="comprehension").partition("## Explanation")[0]
    doc = markdown.parse(text, path="strings/a.md").doc

    assert doc
    assert fingerprint(doc).prompt == ""
    assert fingerprint(doc).code
