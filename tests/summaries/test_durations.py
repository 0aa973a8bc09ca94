"""Durations as people write them."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.errors import UsageError
from engagelab.summaries.durations import MICROSECONDS, duration, steps


@given(st.integers(1, 10**6), st.sampled_from(list(MICROSECONDS)), st.sampled_from(["", "s"]))
def test_a_duration_is_as_long_as_pandas_says(number, unit, plural):
    expected = pd.Timedelta(number * 7, unit="day") if unit == "week" else pd.Timedelta(number, unit=unit)
    assert duration("within", f" {number} {unit.title()}{plural} ") == expected // pd.Timedelta(1, unit="us")


@pytest.mark.parametrize("wrong", ["", "days", "7", "0 days", "-7 days", "1.5 days", "7 fortnights", "1 month",
    "7 dayss",
                                   "7 days 3 hours", 7, 7.0, None, pd.Timedelta(days=7), ["7 days"], b"7 days"])
def test_what_is_no_duration_of_a_fixed_length_is_refused(wrong):
    with pytest.raises(UsageError, match="within must be a duration above zero such as '7 days', not "):
        duration("within", wrong)


@pytest.mark.parametrize("value, every, number", [
    ("1 week", "day", 7), ("48 hours", "day", 2), ("14 days", "week", 2), ("2 quarters", "month", 6),
    ("1 year", "quarter", 4), ("3 years", "year", 3), ("12 months", "year", 1), ("86400 seconds", "day", 1),
    ("1 quarter", "quarter", 1)])
def test_a_duration_is_so_many_periods(value, every, number):
    assert steps("windows", value, every) == number


@pytest.mark.parametrize("value, every", [
    ("36 hours", "day"), ("10 days", "week"), ("1 month", "day"), ("4 weeks", "month"), ("1 month", "quarter"),
    ("30 days", "month"), ("1 year", "week"), ("0 weeks", "day")])
def test_a_duration_that_is_no_whole_number_of_periods_is_refused(value, every):
    with pytest.raises(UsageError, match=r"windows must be"):
        steps("windows", value, every)


@pytest.mark.parametrize("every", ["hour", "days", "", None, ["day"]])
def test_periods_that_there_are_not_are_refused(every):
    with pytest.raises(UsageError, match="every must be one of 'day', 'week', 'month'"):
        steps("windows", "1 day", every)
