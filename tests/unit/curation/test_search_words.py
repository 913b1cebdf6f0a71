"""Words of the full-text index: what a question must find, it finds as the beginning of a word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curation.domain.labels import GENERATIONS, generation_label, labels_with
from curation.domain.search_words import asked_words, words_of


def found(question: str, text: str) -> bool:
    words = words_of(text).split()
    return all(any(word.startswith(asked) for word in words) for asked in asked_words(question))


def test_a_name_is_found_by_itself_by_its_beginning_and_by_its_humps():
    line = "button! = window!.addToolButton(101,10,10,90,25,read_record$)"

    assert found("addtoolbutton", line)
    assert found("addTool", line)
    assert found("toolb", line)
    assert found("butt", line)
    assert found("record", line)
    assert not found("tton", line)


def test_case_and_accents_do_not_matter():
    assert found("uber", "Über die Größe")
    assert found("ÜBER grosse", "über die grosse Welt")


def test_signs_alone_ask_for_nothing():
    assert asked_words("$!% ()'\" :*&|") == []


@given(st.text(max_size=200))
def test_words_hold_nothing_that_a_database_could_read_as_a_sign(text):
    assert all(word.isalnum() for word in [*words_of(text).split(), *asked_words(text)])


@given(st.text(max_size=200))
def test_every_text_is_found_by_its_own_words(text):
    assert found(text, text)


def test_a_label_reads_the_same_whatever_its_order_was():
    assert generation_label(["dwc", "bbj-gui"]) == generation_label(["bbj-gui", "dwc"]) == "bbj-gui dwc"
    assert generation_label(["all"]) == "all"


def test_a_generation_is_found_in_each_label_that_names_it():
    assert labels_with("all") == ["all"]
    assert len(labels_with("dwc")) == 2 ** (len(GENERATIONS) - 1)
    assert "bbj-gui dwc" in labels_with("dwc")
    assert "bbj-gui" not in labels_with("dwc")
