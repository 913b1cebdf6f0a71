"""Asked against produced: a verdict only where the traces can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.bbj import conformance
from curation.domain.labels import GENERATIONS

PLAIN = 'print "hello"'
SCREEN = "print 'CS',@(5,3),x$"
SYSGUI = "notice$ = notice(sysgui,1)"
OBJECTS = 'save! = window!.addButton(1,1,1,9,9,"Save")'
DESKTOP = f"{OBJECTS}\nswing! = save!.getClientObject()"
BROWSER = f'{OBJECTS}\nsave!.setStyle("color","red")'
PERHAPS_BROWSER = f'{OBJECTS}\nsave!.setAttribute("theme","primary")'
WEAK = "enter name$"
BOTH = ("bbj-gui", "dwc")


# The table of docs/generations.md ("As asked?").
@pytest.mark.parametrize(
    ("asked", "source", "verdict"),
    [
        (("all",), PLAIN, "conforms"),
        (("all",), WEAK, "conforms"),
        (("all",), SCREEN, "differs"),
        (("all",), OBJECTS, "differs"),
        (("character",), SCREEN, "conforms"),
        (("character",), OBJECTS, "differs"),
        (("vpro5",), SYSGUI, "conforms"),
        (("vpro5",), SCREEN, "differs"),
        (("bbj-gui",), OBJECTS, "conforms"),
        (("bbj-gui",), DESKTOP, "conforms"),
        (("bbj-gui",), BROWSER, "differs"),
        (("dwc",), OBJECTS, "conforms"),
        (("dwc",), BROWSER, "conforms"),
        (("dwc",), PERHAPS_BROWSER, "conforms"),
        (("dwc",), DESKTOP, "differs"),
        (("dwc",), SCREEN, "differs"),
        (("dwc",), SYSGUI, "differs"),
        (BOTH, OBJECTS, "conforms"),
        (BOTH, BROWSER, "differs"),
        (BOTH, DESKTOP, "differs"),
        (("dwc",), PLAIN, "cannot tell"),
        (("character",), WEAK, "cannot tell"),
        (("bbj-gui",), PERHAPS_BROWSER, "cannot tell"),
        (BOTH, PERHAPS_BROWSER, "cannot tell"),
        (("dwc",), f"{SCREEN}\n{OBJECTS}", "cannot tell"),
        (("dwc",), f"{DESKTOP}\n{BROWSER}", "cannot tell"),
        (("dwc",), f"{SCREEN}\n{SYSGUI}", "differs"),
        (("character",), PERHAPS_BROWSER, "differs"),
    ],
)
def test_what_was_asked_against_what_the_traces_say(asked, source, verdict):
    assert conformance(asked, source).verdict == verdict


def test_a_difference_shows_the_traces_that_do_not_fit():
    judged = conformance(("bbj-gui",), BROWSER)

    assert [(found.line, found.rule) for found in judged.evidence] == [(2, "browser-method")]
    assert judged.produced == ("dwc",)
    assert judged.sentence == (
        "The label says bbj-gui, but setStyle in line 2 speaks for dwc (browser-method)."
    )


@given(
    st.just(("all",)) | st.lists(st.sampled_from(GENERATIONS), min_size=1, unique=True).map(tuple),
    st.lists(st.sampled_from([PLAIN, SCREEN, SYSGUI, OBJECTS, DESKTOP, BROWSER, PERHAPS_BROWSER, WEAK])),
)
def test_a_difference_always_has_evidence_and_a_sentence(asked, programs):
    judged = conformance(asked, "\n".join(programs))

    assert judged.verdict in ("conforms", "differs", "cannot tell")
    assert judged.verdict != "differs" or judged.evidence
    assert judged.sentence.endswith(".")
