"""A notebook compares the last two whole periods, the longest kind that the data allow."""

import dataclasses
import functools
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.errors import DataError, UsageError
from engagelab.notebook.periods import EPOCH, periods
from engagelab.notebook.setup import open_data, span
from engagelab.summaries.periods import label, start_of


@functools.cache
def sample():
    return open_data("sample")


def company(*stamps, tz="Asia/Tokyo", starts=1, **tables):
    known = sample()
    orders = pd.DataFrame({"order_id": "1", "ordered_at": pd.to_datetime(list(stamps), utc=True)})
    return dataclasses.replace(known, tables={"orders": orders, **tables},
                               settings=dataclasses.replace(known.settings, timezone=tz, fiscal_year_starts=starts))


@pytest.mark.parametrize(("first", "last", "every", "before", "now"), [
    ("2026-04-01", "2026-09-30", "quarter", "2026Q2", "2026Q3"),
    ("2026-03-31 15:00", "2026-09-30 14:59", "quarter", "2026Q2", "2026Q3"),  # midnight in Tokyo
    ("2026-04-02", "2026-09-30", "month", "2026-08", "2026-09"),
    ("2026-04-01", "2026-10-15", "quarter", "2026Q2", "2026Q3"),
    ("2026-08-01", "2026-09-28", "week", "2026-09-14", "2026-09-21"),
    ("2026-08-01", "2026-09-29", "month", "2026-08", "2026-09"),  # the last twentieth of September
    ("2026-04-01", "2026-09-26", "quarter", "2026Q2", "2026Q3"),
    ("2026-04-01", "2026-09-25", "month", "2026-07", "2026-08")])
def test_the_last_two_whole_periods(first, last, every, before, now):
    found = periods(company(first, last))
    assert (found.every, found.before, found.now) == (every, before, now)


def test_data_of_a_few_days_stand_alone_in_their_month():
    found = periods(company("2026-09-01", "2026-09-10"))
    assert (found.every, found.before, found.now, found.alone) == ("month", "2026-08", "2026-09", True)


def test_data_without_a_stamp_cannot_be_measured_over_time():
    with pytest.raises(DataError, match="no table with dates"):
        periods(company())


def test_equal_pace_is_the_share_of_the_days():
    assert periods(company("2026-04-01", "2026-09-30")).share_of_days == pytest.approx(92 / (91 + 92))
    assert periods(company("2026-01-01", "2026-03-31")).share_of_days == pytest.approx(31 / (28 + 31))


def test_whole_periods_are_those_that_are_not_flagged():
    found = periods(company("2026-04-01", "2026-09-30"))
    flags = pd.DataFrame({"month": ["2026-08", "2026-09", "2026-10"], "flag": ["", "x; period not complete", ""]})
    assert found.whole(flags)["month"].tolist() == ["2026-08", "2026-10"]


def test_when_somebody_became_a_customer_is_no_observation_unless_there_is_nothing_else():
    customers = pd.DataFrame({"created_at": pd.to_datetime(["2019-01-01", "2026-10-30"], utc=True)})
    both = company("2026-04-01", "2026-09-30", customers=customers)
    assert span(both) == ("2026-04-01", "2026-09-30")
    assert span(dataclasses.replace(both, tables={"customers": customers})) == ("2019-01-01", "2026-10-30")


def test_a_stamp_is_in_the_period_that_measure_puts_it_in():
    found = periods(company("2026-04-01", "2026-09-30"))
    stamps = pd.Series(pd.to_datetime(["2026-06-30 14:59", "2026-06-30 15:00", None], utc=True))
    assert found.label(stamps).tolist()[:2] == ["2026Q2", "2026Q3"]
    assert found.label(stamps).isna().tolist() == [False, False, True]


def test_a_table_that_ends_a_week_early_or_begins_late_does_not_cover_both_periods():
    found = periods(company("2026-04-01", "2026-09-30"))
    whole, late, early = (pd.Series(pd.to_datetime(ends, utc=True)) for ends in (
        ["2026-04-03", "2026-09-28"], ["2026-05-01", "2026-09-30"], ["2026-04-01", "2026-08-31"]))
    assert [found.covers(times) for times in (whole, late, early)] == [True, False, False]
    assert [found.reach(times) for times in (whole, early)] == ["2026-10-01", "2026-09-01"]


@pytest.mark.parametrize(("starts", "before", "now", "title", "names"), [
    (1, "2026Q2", "2026Q3", "2026Q3", ("2026Q3",)),
    (4, "FY2026Q1", "FY2026Q2", "FY2026Q2 (2026-07 to 2026-09)", ("FY2026Q2", "2026Q3")),
    (10, "FY2025Q3", "FY2025Q4", "FY2025Q4 (2026-07 to 2026-09)", ("FY2025Q4", "2026Q3"))])
def test_quarters_are_those_of_the_company_s_own_year(starts, before, now, title, names):
    found = periods(company("2026-03-01", "2026-09-30", starts=starts))
    assert (found.before, found.now, found.title(now), found.names) == (before, now, title, names)


def test_a_quarter_that_the_calendar_does_not_have_goes_by_one_name():
    found = periods(company("2026-01-01", "2026-08-31", starts=3))
    assert (found.before, found.now, found.names) == ("FY2026Q1", "FY2026Q2", ("FY2026Q2",))
    assert found.share_of_days == pytest.approx(92 / (92 + 92))
    stamps = pd.Series(pd.to_datetime(["2026-05-31 14:59", "2026-05-31 15:00"], utc=True))
    assert found.label(stamps).tolist() == ["FY2026Q1", "FY2026Q2"]
    assert found.title("2026-08") == "2026-08"


@pytest.mark.parametrize(("asked", "starts", "every", "before", "now", "until"), [
    ("2026Q2", 1, "quarter", "2026Q1", "2026Q2", "2026-07-01"),
    ("2026q2", 4, "quarter", "FY2025Q4", "FY2026Q1", "2026-07-01"),   # the same months by the company's own year
    ("FY2026Q1", 4, "quarter", "FY2025Q4", "FY2026Q1", "2026-07-01"),
    ("FY2025Q3", 10, "quarter", "FY2025Q2", "FY2025Q3", "2026-07-01"),
    ("2026Q2", 3, "quarter", "2026Q1", "2026Q2", "2026-07-01"),       # a year from March has no such quarter
    ("FY2026Q1", 3, "quarter", "FY2025Q4", "FY2026Q1", "2026-06-01"),
    ("FY2026Q2", 1, "quarter", "2026Q1", "2026Q2", "2026-07-01"),
    ("2026-08", 4, "month", "2026-07", "2026-08", "2026-09-01"),
    ("2026-W31", 4, "week", "2026-07-20", "2026-07-27", "2026-08-03"),
    (" 2026-07-27 ", 1, "week", "2026-07-20", "2026-07-27", "2026-08-03"),
    (2026, 1, "year", "2025", "2026", "2027-01-01"),
    ("2026", 4, "year", "2025", "2026", "2027-01-01"),
    ("FY2025", 4, "year", "FY2024", "FY2025", "2026-04-01")])
def test_a_period_that_is_asked_for_is_now_and_the_one_before_it_is_compared(asked, starts, every, before, now, until):
    found = periods(company("2024-01-01", "2027-02-10", starts=starts), asked)
    assert (found.every, found.before, found.now, found.until) == (every, before, now, until)
    assert not found.alone


@given(day=st.dates(date(2024, 3, 1), date(2026, 11, 30)), starts=st.integers(1, 12),
       every=st.sampled_from(["week", "month", "quarter", "year"]))
def test_what_a_period_is_called_asks_for_it(day, starts, every):
    start = start_of(every, day, starts)
    name = label(every, (start - EPOCH).days, starts)
    asked = periods(company("2021-01-01", "2028-12-31", starts=starts), name)
    end = date.fromisoformat(asked.until)
    assert asked.now == name and start <= day < end
    assert asked.bounds == (start_of(every, start - timedelta(days=1), starts), end)


def test_a_period_asked_for_is_measured_as_if_the_data_ended_with_it():
    whole, cut = company("2026-01-01", "2026-06-15", "2026-09-30"), company("2026-01-01", "2026-06-15", "2026-06-30")
    one, other = periods(whole, "2026Q2"), periods(cut)
    assert dataclasses.replace(one, since=other.since) == other


@pytest.mark.parametrize(("asked", "says"), [
    ("2026Q4", "from 2026Q1 to 2026Q3 both are whole"),
    ("2025Q4", "from 2026Q1 to 2026Q3 both are whole"),      # there is none before it
    ("2030-01", "from 2025-11 to 2026-09 both are whole"),
    ("1901", "no two whole periods of that length"),
    ("2026", "the data run from 2025-10-01 to 2026-10-05, and no two whole periods")])
def test_a_period_that_the_data_do_not_cover_says_what_they_do_cover(asked, says):
    with pytest.raises(DataError, match=says):
        periods(company("2025-10-01", "2026-10-05"), asked)


@pytest.mark.parametrize(("first", "asked", "says"), [
    ("2025-10-01", "2026Q4", r"from 2026Q1 \(FY2025Q4\) to 2026Q3 \(FY2026Q2\) both are whole"),
    ("2025-10-01", "fy2026Q3", "from FY2025Q4 to FY2026Q2 both are whole"),
    ("2026-04-01", "2026Q2", r"only 2026Q3 \(FY2026Q2\) and the period before it are whole"),
    ("2026-04-01", "FY2026Q1", "only FY2026Q2 and the period before it are whole")])
def test_what_is_covered_is_said_in_the_years_in_which_was_asked(first, asked, says):
    with pytest.raises(DataError, match=says):
        periods(company(first, "2026-10-05", starts=4), asked)


def test_the_last_twentieth_of_a_period_asked_for_may_lack():
    assert periods(company("2026-01-01", "2026-09-26"), "2026Q3").now == "2026Q3"
    with pytest.raises(DataError):
        periods(company("2026-01-01", "2026-09-25"), "2026Q3")


@pytest.mark.parametrize("asked", ["", "2026Q5", "2026-13", "2026-W54", "2025-W53", "FY2026-08", "2026-09-15", "26Q1",
                                   "2026-02-30", "Q3", "2026Q3; drop", "９９９９Q1", True, "2026-8"])
def test_what_is_no_period_is_refused_with_the_forms_there_are(asked):
    with pytest.raises(UsageError, match="2026-W31"):
        periods(company("2026-01-01", "2026-09-30"), asked)


def test_what_happened_later_is_not_seen():
    logs = {"reviews": pd.DataFrame({"review_id": ["1"], "created_at": pd.to_datetime(["2026-07-01"], utc=True)}),
            "targets": pd.DataFrame({"metric": ["nps"], "target": [1.0]})}
    whole = company("2026-01-01 00:00", None, "2026-06-30 14:59", "2026-06-30 15:00", "2026-09-30 00:00", **logs)
    seen = periods(whole, "2026Q2").seen(whole)     # the first of July in Tokyo begins at 15:00
    assert seen["orders"]["ordered_at"].dropna().max() == pd.Timestamp("2026-06-30 14:59", tz="UTC")
    assert len(seen["orders"]) == 3 and "reviews" not in seen and seen["targets"].equals(whole["targets"])
    assert len(whole["orders"]) == 5 and len(periods(whole).seen(whole)["orders"]) == 5
