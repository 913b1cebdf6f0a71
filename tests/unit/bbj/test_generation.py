"""Suggested generations: only strong traces decide, and every trace can be shown in the source."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.bbj import suggest_generation


@pytest.mark.parametrize(
    ("source", "labels"),
    [
        ('print "plain"\n', ("all",)),
        ("print 'CS',@(5,3),\"Name\"", ("character",)),
        ("print (0)@(5,3),x", ("character",)),
        ('input "Name: ",n$', ("character",)),
        ("input (0,err=*same)@(1,2),'CE',n$", ("character",)),
        ("? 'BOX'(1,2,3,4)", ("character",)),
        ("print (sysgui)'WINDOW'(10,10,200,100,\"x\",$$)", ("vpro5",)),
        ("x$=ctrl(sysgui,101,1)", ("vpro5",)),
        ("read record (sysgui,siz=10) e$", ("vpro5",)),
        ("dim e$:tmpl(sysgui)", ("vpro5",)),
        ("dim n$:noticetpl(0,0); n$=notice(sysgui,1)", ("vpro5",)),
        ("open (gui)\"X0\"\nprint (gui)'BUTTON'(1,1,1,9,9,\"x\",$$)", ("vpro5",)),
        ("gui=unt; open(gui,err=none)\"x0\"\nnone: x$=ctrl(gui,101,1)", ("vpro5",)),
        ("print (1)'WINDOW'(1,1,9,9,\"x\",$$)\nopen (1)\"X0\"", ("vpro5",)),
        ('w!=BBjAPI().openSysGui("X0").addWindow(1,1,9,9,"x")', ("bbj-gui", "dwc")),
        ("declare BBjTopLevelWindow w!", ("bbj-gui", "dwc")),
        ("use com.basis.bbj.proxies.sysgui.BBjButton", ("bbj-gui", "dwc")),
        ("process_events", ("bbj-gui", "dwc")),
        ("w!.setCallback(w!.ON_CLOSE,\"done\")\nf!=new javax.swing.JFrame()", ("bbj-gui",)),
        ("use javax.swing.JFrame", ("bbj-gui",)),
        ("declare javax.swing.JLabel@ x!", ("bbj-gui",)),
        ("d!=new java.util.Date@()", ("bbj-gui",)),
        ("print new java.util.Date@()", ("bbj-gui",)),
        ("w!.setPanelStyle(\"display\",\"grid\")", ("dwc",)),
        ("b!=w!.addButton(\"x\")\nb!.setStyle(\"--dwc-button-color\",\"red\")", ("dwc",)),
        ("b!.setCallback(BBjAPI.ON_WEB_EVENT,\"x\")", ("dwc",)),
        ('if info(3,6)="6" then x=1', ("dwc",)),
        # misleading traces
        ('open (ch)"X0"', ("all",)),
        ("print (ch)@(5,3),x", ("all",)),
        ("print (printer)'CS'", ("all",)),
        ("open (ch)\"LP\"\nprint (ch)'WINDOW'(1,1,9,9),@(0,5),x$", ("all",)),
        ("open (ch)\"X0\"\nprint (other)'WINDOW'(1,1,9,9)", ("all",)),
        ("x$=\"document.title --dwcard\"; open (1)\"data/dwc-list.txt\"", ("all",)),
        ("10 gosub 20\n20 return", ("all",)),
        ("rem w!.addWindow(1) 'CS'", ("all",)),
        ('x$="getSysGui process_events"', ("all",)),
        ("api!=BBjAPI()", ("all",)),
        ("process_events=1", ("all",)),
    ],
)  # fmt: skip
def test_traces_give_the_label(source, labels):
    suggestion = suggest_generation(source)

    assert suggestion.labels == labels
    assert not suggestion.ask_a_person


@pytest.mark.parametrize(
    ("source", "labels"),
    [
        ("print 'CS'\nw!=BBjAPI().getSysGui()", ("character", "bbj-gui", "dwc")),
        ("print (sysgui)'WINDOW'(1,1,1,1,\"x\")\nprocess_events", ("vpro5", "bbj-gui", "dwc")),
        ("x!.setLookAndFeel(1)\ny!.getWebManager()", ("bbj-gui", "dwc")),
        ("w!.addButton(1)\nw!.setAttribute(\"a\",\"b\")", ("bbj-gui", "dwc")),
        ("enter a$", ("all",)),
        ("inpute 3,5,20,\"\",name$", ("all",)),
        ('h=resopen("x.brc")', ("all",)),
    ],
)  # fmt: skip
def test_contradicting_or_weak_traces_ask_a_person(source, labels):
    suggestion = suggest_generation(source)

    assert suggestion.labels == labels
    assert suggestion.ask_a_person


def test_javascript_counts_only_where_it_is_handed_to_the_browser():
    handed = suggest_generation('sysgui!.executeScript("document.title=1")')
    printed = suggest_generation('print "document.title=1"')

    assert [(e.rule, e.text) for e in handed.evidence] == [
        ("browser-attribute", "executeScript"),
        ("browser-script", "document.title"),
    ]
    assert printed.evidence == ()


def test_evidence_names_its_place_in_the_file():
    found = suggest_generation("x=1\nprint  'CS',@( 5, 3)").evidence

    assert [(e.line, e.column, e.end, e.text, e.generation, e.rule) for e in found] == [
        (2, 8, 12, "'CS'", "character", "screen-mnemonic"),
        (2, 13, 21, "@( 5, 3)", "character", "screen-position"),
    ]


def test_a_trace_that_a_continuation_cuts_is_shown_up_to_the_cut():
    (found,) = suggest_generation("w!=api!.get\n:SysGui()").evidence

    assert (found.line, found.column, found.end, found.text) == (1, 9, 12, "get")
    assert found.rule == "object-gui"


@pytest.mark.parametrize(
    "piece",
    [
        "@(",
        "@(1)",
        "new a@(",
        "process_events;",
        "print 'CS';",
        ".addButton(",
        '"dwc-x",',
        "\n:x.getSysGui",
        "(",
    ],
)
def test_a_hostile_line_takes_no_more_than_its_length(piece):
    started = time.process_time()

    suggest_generation("print " + piece * 20_000)

    assert time.process_time() - started < 5


PIECES = st.sampled_from(
    ["print ", "'CS'", "@(", "(", ")", "0", "\n", "\n:", ".addWindow(", "?", '"dwc-', '"', ";", ":"]
    + [
        "open (",
        'g)"X0"',
        "(g)'BUTTON'",
        "use javax.swing.X",
        "new Date@(",
        'info(3,6)="6"',
        "executeScript(",
    ]
)
SOURCES = st.text() | st.lists(PIECES).map("".join)


@given(SOURCES)
def test_any_text_has_a_suggestion(source):
    assert suggest_generation(source).labels


@given(SOURCES)
def test_evidence_text_is_what_stands_at_its_span(source):
    lines = re.split(r"\r\n|\r|\n", source)

    for found in suggest_generation(source).evidence:
        assert lines[found.line - 1][found.column - 1 : found.end - 1] == found.text != ""


@given(SOURCES, st.text(st.characters(exclude_characters="\r\n")))
def test_a_comment_at_the_end_never_changes_the_suggestion(source, comment):
    assert suggest_generation(f"{source}\nrem {comment}") == suggest_generation(source)
