from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.secrets import RULES, find_secrets, problems


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_finds_its_example_and_leaves_its_counter_example(rule):
    assert [secret.rule for secret in find_secrets(f"rem\n{rule.example}\n")] == [rule.id]
    assert find_secrets(rule.counter_example) == []


@pytest.mark.parametrize(
    "value", ["secret", "xxx", "changeme", "******", "<your password>", "Password1", "demo"]
)
def test_a_placeholder_is_no_secret(value):
    assert find_secrets(f'password$="{value}"') == []


@pytest.mark.parametrize("name", ["password$", "pwd$", "dbPassword!", "apiKey$", "api_key$"])
def test_the_names_of_variables_that_hold_one(name):
    assert [secret.line for secret in find_secrets(f'rem x\n{name} = "kW9x-42pq"')] == [2]


def test_a_message_never_repeats_the_secret():
    found = problems('password$="kW9x-42pq"', file="gui/x.md")

    assert [(p.code, p.line, p.severity) for p in found] == [("secret", 1, "warning")]
    assert "kW9x" not in str(found[0])


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text):
    find_secrets(text)


@pytest.mark.parametrize("piece", ["eyJ-", "a", "password", "x://", "-", ";pwd=", "sk-", '="'])
def test_a_hostile_text_takes_no_longer_than_its_length(piece):
    started = time.process_time()

    find_secrets(piece * (256 * 1024 // len(piece)))

    assert time.process_time() - started < 3
