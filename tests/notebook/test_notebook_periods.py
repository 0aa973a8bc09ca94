"""A notebook compares the last two whole periods, the longest kind that the data allow."""

import dataclasses

import pandas as pd
import pytest

from engagelab.errors import DataError
from engagelab.notebook.periods import periods
from engagelab.notebook.setup import open_data, span


def company(*stamps, tz="Asia/Tokyo", starts=1, **tables):
    known = open_data("sample")
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
