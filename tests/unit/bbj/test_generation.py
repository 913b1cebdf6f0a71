"""Suggested generations: only strong traces decide, and every trace can be shown in the source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.bbj import suggest_generation
from curation.domain.bbj.generation_rules import RULES


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
        ('w!=BBjAPI().openSysGui("X0").addWindow(1,1,9,9,"x")', ("bbj-gui", "dwc")),
        ("declare BBjTopLevelWindow w!", ("bbj-gui", "dwc")),
        ("use com.basis.bbj.proxies.sysgui.BBjButton", ("bbj-gui", "dwc")),
        ("process_events", ("bbj-gui", "dwc")),
        ("w!.setCallback(w!.ON_CLOSE,\"done\")\nf!=new javax.swing.JFrame()", ("bbj-gui",)),
        ("use javax.swing.JFrame", ("bbj-gui",)),
        ("declare javax.swing.JLabel@ x!", ("bbj-gui",)),
        ("w!.setPanelStyle(\"display\",\"grid\")", ("dwc",)),
        ("b!=w!.addButton(\"x\")\nb!.setStyle(\"--dwc-button-color\",\"red\")", ("dwc",)),
        ("b!.setCallback(BBjAPI.ON_WEB_EVENT,\"x\")", ("dwc",)),
        ('if info(3,6)="6" then x=1', ("dwc",)),
        # misleading traces
        ('open (ch)"X0"', ("all",)),
        ("print (ch)@(5,3),x", ("all",)),
        ("print (printer)'CS'", ("all",)),
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
        ('h=resopen("x.brc")', ("all",)),
    ],
)  # fmt: skip
def test_contradicting_or_weak_traces_ask_a_person(source, labels):
    suggestion = suggest_generation(source)

    assert suggestion.labels == labels
    assert suggestion.ask_a_person


def test_evidence_points_at_the_characters_it_quotes():
    source = "x=1\nw!=api!.get\n:SysGui()\nprint  'CS'"

    found = suggest_generation(source).evidence

    assert [(e.line, e.column, e.text, e.generation, e.rule) for e in found] == [
        (2, 9, "getSysGui", "bbj-gui, dwc", "object-gui"),
        (4, 8, "'CS'", "character", "screen-mnemonic"),
    ]


PIECES = st.sampled_from(["print ", "'CS'", "@(", "(", ")", "0", "\n", ".addWindow(", "?", '"dwc-'])


@given(st.text() | st.lists(PIECES).map("".join))
def test_any_text_has_a_suggestion(source):
    assert suggest_generation(source).labels


def test_rule_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)
