"""The table of traces: every row is proved by its own example, and a wrong row is refused by its name."""

import pytest

from curation.domain.bbj import suggest_generation
from curation.domain.bbj.generation_rules import RULES, RulesRefused, read_rules

ROW = """
[[rule]]
id = "one"
generations = ["vpro5"]
strength = "strong"
where = "function"
words = ["NOTICE"]
example = "x = notice(1)"
"""


def rules_that_fire(source: str) -> set[str]:
    return {found.rule for found in suggest_generation(source).evidence}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_row_finds_its_example_and_not_its_lookalike(rule):
    assert rule.id in rules_that_fire(rule.example)
    assert rule.id not in rules_that_fire(rule.lookalike)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_example_of_a_strong_row_is_labelled_by_it(rule):
    suggestion = suggest_generation(rule.example)

    assert suggestion.labels == (rule.generations if rule.strong else ("all",))
    assert suggestion.ask_a_person != rule.strong


def test_a_row_is_read_as_it_is_written():
    (rule,) = read_rules(ROW)

    assert (rule.id, rule.generations, rule.strong, rule.where) == ("one", ("vpro5",), True, "function")
    assert (rule.words, rule.example, rule.lookalike) == (("notice",), "x = notice(1)", "")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (ROW.replace('"function"', '"functon"'), 'row "one": where "functon" is not one of name, member,'),
        (ROW + ROW, 'row "one": 2 rows have this id. Give each its own.'),
        (ROW.replace('id = "one"', ""), 'row "": it has no id.'),
        (ROW.replace('["vpro5"]', '["vpro6"]'), "row \"one\": generations ['vpro6'] is not"),
        (
            ROW.replace('["vpro5"]', '["dwc", "character"]'),
            "row \"one\": generations ['dwc', 'character'] is not",
        ),
        (
            ROW.replace('"strong"', '"certain"'),
            'row "one": strength "certain" is neither "strong" nor "weak".',
        ),
        (ROW.replace('words = ["NOTICE"]', ""), 'row "one": where = "function" needs words.'),
        (ROW.replace('"function"', '"client type"'), 'where = "client type" takes no words'),
        (ROW.replace('["NOTICE"]', '"NOTICE"'), 'row "one": words is not a list of texts in quotes.'),
        (ROW.replace("example", "exmaple"), 'row "one": exmaple is not a field.'),
        (ROW.replace('example = "x = notice(1)"', ""), 'row "one": example is missing.'),
        ('[[rule]\nid = "one"', "Strings stand in quotes, lists in brackets."),
        ("", "there is no row. A row starts with [[rule]]."),
    ],
)
def test_a_wrong_row_is_refused_with_a_sentence_that_names_it(row, sentence):
    with pytest.raises(RulesRefused) as refused:
        read_rules(row)

    assert sentence in str(refused.value)


def test_all_problems_of_the_table_come_at_once():
    wrong = ROW.replace('"strong"', '"certain"').replace('"function"', '"functon"')

    with pytest.raises(RulesRefused) as refused:
        read_rules(wrong + wrong.replace('"one"', '"two"'))

    assert len(str(refused.value).splitlines()) == 4
