"""The power curve against a count by sets."""

import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logs import answers, counts, logs, observed

from engagelab.activity import power_curve


def check(drawn, size, grouped):
    rows, how = drawn
    log = observed(rows, how, by=grouped)
    if log is None or size > log.last_whole + 1 - log.begun:
        return
    by, column = ["plan"] * grouped, f"{how['every']}s"
    expected = oracle.power_curve(log, size)
    answer = answers(power_curve, drawn, by, window=f"{size} {how['every']}")
    found = counts(answer, *by, column, of=("count", "n"))
    totals = {}
    for (*groups, _), users in expected.items():
        totals[tuple(groups)] = totals.get(tuple(groups), 0) + users
    if not expected and not grouped:
        expected, totals = {(day,): 0 for day in range(1, size + 1)}, {(): 0}
    assert found == {key: (users, totals[key[:-1]]) for key, users in expected.items()}
    assert answer[column].dtype == "int64"


@settings(deadline=None, max_examples=100)
@given(logs(), st.sampled_from([1, 2, 3, 7, 28, 59, 60, 61, 62, 120, 121]), st.booleans())
def test_power_curves_of_random_logs_are_those_counted_by_sets(drawn, size, grouped):
    check(drawn, size, grouped)


def test_who_came_on_the_day_before_the_window_alone_is_not_in_it():
    log = pd.DataFrame({"user": list("abbc"), "at": pd.to_datetime(
        ["2026-04-01", "2026-04-02", "2026-04-03", "2026-04-03"])})
    answer = power_curve(log, user="user", time="at", window="2 days", until="2026-04-04")
    assert answer[["days", "count", "n"]].to_numpy().tolist() == [[1, 1, 2], [2, 1, 2]]
    assert answer.attrs["notes"][-1] == "window: 2026-04-02 to 2026-04-03"


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(logs(longest=300, most=60, everies=("day", "week", "month")), st.integers(1, 130), st.booleans())
def test_power_curves_of_many_random_logs_are_those_counted_by_sets(drawn, size, grouped):
    check(drawn, size, grouped)
