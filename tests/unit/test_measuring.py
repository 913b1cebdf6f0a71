"""The parts of a benchmark that can be right or wrong; how fast something is, no test says."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from curation.domain.bbj import check
from studio.benchmarks import bbj_texts
from studio.benchmarks.measuring import Stopped, at_most, growth, timed

CORPUS = Path(__file__).resolve().parents[2] / "training-data" / "corpus"


@pytest.mark.parametrize("exponent", [1, 2])
def test_growth_is_the_exponent(exponent):
    sizes = [1_000, 10_000, 100_000]

    assert growth(sizes, [3e-6 * size**exponent for size in sizes]) == pytest.approx(exponent)


def test_work_is_timed_until_its_runs_or_its_budget_are_used_up():
    calls = itertools.count(1)

    _, of_three = timed(next, calls, most_runs=3)
    _, of_none = timed(next, calls, budget_s=0)

    assert (of_three, of_none) == (3, 4)


def test_work_that_does_not_end_is_stopped():
    def never_ends() -> None:
        while True:
            time.process_time()

    with pytest.raises(Stopped), at_most(0.05):
        never_ends()


def test_programs_repeat_with_other_names_numbers_and_strings():
    text = 'total = 10\nname$ = "Ann"\nagain:\nprint name$, total, str(total)\ngoto again\n'

    assert bbj_texts.varied(text, 7) == (
        'total_7 = 17\nname_7$ = "Ann 7"\nagain_7:\nprint name_7$, total_7, str(total_7)\ngoto again_7\n'
    )


def test_varied_programs_are_still_accepted():
    source = bbj_texts.programs(CORPUS)
    originals = len(list(CORPUS.glob("*.bbj")))

    second_round = list(itertools.islice(source, originals, 2 * originals))

    refused = {finding.message: text for text in second_round for finding in check(text) if finding.certain}
    assert refused == {}


def test_a_text_of_so_many_lines_has_them():
    assert bbj_texts.of_lines(bbj_texts.programs(CORPUS), 500).count("\n") == 500


def test_without_programs_there_is_nothing_to_measure(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no"):
        next(bbj_texts.programs(tmp_path))


@pytest.mark.parametrize("name", bbj_texts.HARD)
def test_a_hard_text_has_about_the_size_that_was_asked_for(name):
    assert 5_000 <= len(bbj_texts.HARD[name](10_000)) <= 20_000
