"""The page on coverage: its lines are what is computed, its goal is met, and a bad interval would be seen."""

import numpy as np
import pytest

from benchmarks import coverage
from engagelab.metrics import intervals

PAGE = coverage.PAGE.read_text("utf-8")
TASKS = {task.interval: task for task in coverage.TASKS}
QUICK = [name for name, task in TASKS.items() if not task.draws] + ["mean (Student)", "mean (Student), heaped scores"]


def lines():
    return [line for line in PAGE.splitlines() if line.startswith("| ")][2:]


@pytest.mark.parametrize("name", QUICK)
def test_the_lines_that_are_quickly_computed_are_those_of_the_page(name):
    computed = [str(row) for row in coverage.rows(TASKS[name])]
    assert [line for line in lines() if line.startswith(f"| {name} |")] == computed


def test_a_line_that_takes_longer_is_that_of_the_page():
    row, = coverage.rows(TASKS["alpha (Feldt)"], (20,))
    assert str(row) in lines()


@pytest.mark.slow
def test_the_whole_page_is_what_is_computed():
    assert coverage.page([row for task in coverage.TASKS for row in coverage.rows(task)]) == PAGE


def test_every_interval_is_there_for_every_n_and_the_goal_is_met_where_there_is_one():
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines()]
    assert [(row[0], row[2]) for row in found] == [(name, str(n)) for name in TASKS for n in coverage.SIZES]
    for name, _, n, middle, least, _, none, verdict in found:
        if TASKS[name].promised:
            assert verdict == "met"
            assert 94 <= float(middle) <= 97.5
            assert float(least) >= {"20": 90, "50": 90.5, "200": 92}[n]
            assert float(none or 0) < 5
        else:
            assert verdict == ("wide" if float(least) < 90 else "")


def test_walds_interval_would_miss_the_goal_and_be_called_wide():
    def wald(n, draws):
        values = np.random.RandomState(0).multinomial(n, [.85, .1, .05], size=2_000)
        yield "nearly all promoters", *coverage.held(*intervals.nps_wald(values[:, 0], values[:, 2], n), 80)

    promised, told = (coverage.rows(coverage.Task("Wald", "", wald, 2_000, kind), (20,))[0] for kind in (True, False))
    assert (promised.verdict, told.verdict) == ("MISSED", "wide")


def test_the_truths_are_those_of_very_large_samples():
    for k, truth in ((3, .6), (10, .9)):
        load = np.full(k, (truth / (k - truth * (k - 1)))**.5)
        answers, = coverage.items(200_000, load, 1, 1)
        assert coverage.alpha(np.cov(answers, rowvar=False)) == pytest.approx(truth, abs=.004)
    for cuts in coverage.CUTS.values():
        answers, = coverage.items(300_000, np.full(5, .5**.5), 1, 2)
        found = coverage.alpha(np.cov(np.searchsorted(cuts, answers), rowvar=False))
        assert found == pytest.approx(coverage.cut_alpha(cuts, .5**.5), abs=.002)
    for chances in (*coverage.SCORES.values(), *coverage.TOP.values()):
        assert sum(chances) == pytest.approx(1)


def test_an_interval_that_is_not_there_is_counted_apart():
    assert coverage.held(np.array([0, 2, np.nan, 0]), np.array([2, 3, np.nan, 1]), 1) == (2 / 3, .25)
