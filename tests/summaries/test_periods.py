"""Periods against pandas and zoneinfo, in every zone that is hard."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import DataError, UsageError
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, rate
from engagelab.summaries import periods

ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu",
         "America/St_Johns", "Pacific/Apia"]
FORMS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


@pytest.mark.parametrize("tz, every", [(tz, "day") for tz in ZONES] + [
    (tz, every) for tz in ("Asia/Tokyo", "America/New_York") for every in periods.EVERY[1:]])
def test_periods_are_those_of_pandas(tz, every):
    rng = np.random.default_rng(2)
    stamps = pd.to_datetime(rng.integers(-10**8, 17 * 10**8, 3000), unit="s", utc=True)
    frame = pd.DataFrame({"t": stamps, "x": 1.0})
    found = measure(frame, mean("x"), time="t", every=every, tz=tz).set_index(every)["n"]
    local = stamps.tz_convert(tz).tz_localize(None).to_period(FORMS[every])
    expected = pd.Series(1, index=[periods.label(every, (start.date() - date(1970, 1, 1)).days)
                                   for start in local.start_time]).groupby(level=0).sum()
    assert found.to_dict() == expected.to_dict()


MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@pytest.mark.parametrize("starts", range(2, 13))
@pytest.mark.parametrize("every", ["quarter", "year"])
def test_fiscal_periods_are_those_of_pandas_named_by_the_year_in_which_they_start(every, starts):
    rng = np.random.default_rng(starts)
    stamps = pd.to_datetime(rng.integers(-10**8, 17 * 10**8, 1000), unit="s", utc=True)
    frame = pd.DataFrame({"t": stamps, "x": 1.0})
    found = measure(frame, mean("x"), time="t", every=every, tz="Asia/Tokyo", fiscal_year_starts=starts)
    local = stamps.tz_convert("Asia/Tokyo").tz_localize(None).to_period(f"{every[0].upper()}-{MONTHS[starts - 2]}")
    ends = local.qyear if every == "quarter" else local.year  # pandas names a fiscal year by its end
    names = [f"FY{end - 1}" + (f"Q{part.quarter}" if every == "quarter" else "")
             for end, part in zip(ends, local, strict=True)]
    expected = pd.Series(names).value_counts()
    assert found.set_index(every)["n"].to_dict() == expected.to_dict()
    assert found[every].is_monotonic_increasing


def test_a_fiscal_quarter_is_flagged_until_its_own_last_day():
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-05-31", "2026-08-30"], utc=True), "x": 1.0})
    found = measure(frame, mean("x"), time="t", every="quarter", fiscal_year_starts=3)
    assert found[["quarter", "flag"]].to_numpy().tolist() == [
        ["FY2026Q1", "too few or too equal values for an interval"],
        ["FY2026Q2", "too few or too equal values for an interval; period not complete"]]


@pytest.mark.parametrize("starts", [0, 13, True, "4", 4.0, None])
def test_a_year_starts_with_a_month(starts):
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-05-31"], utc=True), "x": 1.0})
    with pytest.raises(UsageError, match="a month from 1 to 12"):
        measure(frame, mean("x"), time="t", every="year", fiscal_year_starts=starts)


@settings(deadline=None, max_examples=60)
@given(st.datetimes(datetime(1950, 1, 1), datetime(2037, 1, 1)), st.sampled_from(ZONES), st.integers(0, 2000))
def test_offsets_are_those_of_zoneinfo_at_both_sides_of_a_change(start, tz, days):
    low = periods.microseconds(start.replace(tzinfo=UTC))
    changes = periods.offsets(tz, low, low + days * periods.DAY)
    for (begin, offset), following in zip(changes, [*changes[1:], None], strict=True):
        last = following[0] - 1 if following else begin
        for stamp in (begin, last):
            moment = periods.EPOCH + timedelta(microseconds=stamp)
            assert moment.astimezone(ZoneInfo(tz)).utcoffset() == timedelta(microseconds=offset)


def test_a_week_starts_on_monday():
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-09-27 23:59", "2026-09-28 00:00"], format="ISO8601"), "x": 1.0})
    assert measure(frame, mean("x"), time="t", every="week")["week"].tolist() == ["2026-09-21", "2026-09-28"]


def test_the_zone_decides_the_month():
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-08-31 15:30"], utc=True), "x": 1.0})
    assert measure(frame, mean("x"), time="t", every="month", tz="Asia/Tokyo")["month"].item() == "2026-09"
    assert measure(frame, mean("x"), time="t", every="month")["month"].item() == "2026-08"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_stamps_of_every_unit_and_zone_are_the_same_moment(unit):
    stamps = pd.Series(pd.to_datetime(["2026-08-31 15:30", None, "2026-09-02"], format="ISO8601")).dt.as_unit(unit)
    for form in (stamps, stamps.dt.tz_localize("UTC"), stamps.dt.tz_localize("UTC").dt.tz_convert("America/New_York")):
        answer = measure(pd.DataFrame({"t": form, "x": 1.0}), mean("x"), time="t", every="day", tz="Asia/Tokyo")
        assert answer["day"].tolist() == ["2026-09-01", "2026-09-02", "(missing)"]


def test_a_column_of_dates_is_not_shifted():
    frame = pd.DataFrame({"t": [date(2026, 8, 31), date(2026, 9, 1)], "x": 1.0})
    answer = measure(frame, mean("x"), time="t", every="month", tz="America/New_York", since="2026-08-31",
                     until="2026-09-02")
    assert answer["month"].tolist() == ["2026-08", "2026-09"]


@pytest.mark.parametrize("tz", ["America/Havana", "Asia/Beirut", "America/Asuncion"])
def test_a_stamp_at_the_very_change_of_the_clock_is_in_its_day(tz):
    # in these zones the clock changed at midnight, so the change itself is where a day begins
    low, high = (periods.microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (2015, 2020))
    changes = [begin for begin, _ in periods.offsets(tz, low, high)][1:]
    assert len(changes) > 6
    stamps = pd.Series([stamp for change in changes for stamp in (change - 1, change)]).astype("datetime64[us]")
    found = measure(pd.DataFrame({"t": stamps, "x": 1.0}), mean("x"), time="t", every="day", tz=tz)
    expected = stamps.dt.tz_localize("UTC").dt.tz_convert(tz).dt.strftime("%Y-%m-%d")
    assert sorted(found["day"].repeat(found["n"])) == sorted(expected)


def test_naive_stamps_are_said_to_be_utc():
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-08-31 15:30"], format="ISO8601"), "x": 1.0})
    notes = measure(frame, mean("x"), time="t", every="month", tz="Asia/Tokyo").attrs["notes"]
    assert notes == ["periods and windows are in Asia/Tokyo", "stamps of 't' without a time zone were read as UTC"]


def flags(last, every, **window):
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-07-01", last], format="ISO8601"), "x": 1.0})
    answer = measure(frame, mean("x"), time="t", every=every, **window)
    return ["not complete" in flag for flag in answer["flag"]]


def test_a_period_that_is_not_over_is_flagged():
    assert flags("2026-09-29 23:00", "month") == [False, True]
    assert flags("2026-09-30", "month") == [False, False]
    assert flags("2026-09-30", "day") == [False, True]
    assert flags("2026-09-30", "month", until="2026-10-01") == [False, False]
    assert flags("2026-09-20", "month", until="2026-10-01") == [False, False]
    assert flags("2026-09-30 12:00", "day", until="2026-10-01") == [False, False]
    assert flags("2026-09-29", "month", since="2026-07-01", until="2026-09-30") == [False, True]


def test_a_period_cut_at_its_beginning_is_flagged():
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-07-20", "2026-08-31"], format="ISO8601"), "x": 1.0})
    answer = measure(frame, mean("x"), time="t", every="month", since="2026-07-15")
    assert ["not complete" in flag for flag in answer["flag"]] == [True, False]


@pytest.mark.parametrize("tz, first, every", [
    ("America/Sao_Paulo", "2018-11-04", "day"), ("America/Asuncion", "2017-10-01", "day"),
    ("America/Asuncion", "2017-10-01", "month"), ("America/Asuncion", "2017-10-01", "quarter"),
    ("Asia/Beirut", "2024-03-31", "day"), ("America/Havana", "2018-11-04", "day")])
def test_a_period_is_whole_from_the_first_moment_of_a_day_whose_midnight_the_clock_skips_or_repeats(tz, first, every):
    start = pd.Timestamp(first, tz="UTC")
    frame = pd.DataFrame({"t": pd.date_range(start, start + pd.Timedelta(days=100), freq="6h"), "x": 1.0})
    answer = measure(frame, rate("x"), time="t", every=every, tz=tz, since=first)
    assert answer["flag"].iloc[0] == ""
    later = measure(frame, rate("x"), time="t", every=every, tz=tz, since=f"{first} 02:00")
    assert "not complete" in later["flag"].iloc[0]
    before = measure(frame.assign(t=frame["t"] - pd.Timedelta(days=95)), rate("x"), time="t", every="day", tz=tz,
                     until=first)
    assert "not complete" not in before["flag"].iloc[-1]


def test_a_window_counts_from_since_to_before_until():
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-07-31 23:59:59", "2026-08-01", "2026-08-31 23:59:59.999999",
                                               "2026-09-01", None], format="ISO8601"), "x": 1.0})
    answer = measure(frame, mean("x"), time="t", since="2026-08-01", until="2026-09-01")
    assert answer["n"].item() == 2
    assert "1 rows without a stamp in 't' were left out" in answer.attrs["notes"]


@pytest.mark.parametrize("wrong", ["soon", "", 5, "30.09.2026x", "12", object(), "NaT", "now", "today"])
def test_what_is_no_moment_is_refused(wrong):
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-07-31"], format="ISO8601"), "x": 1.0})
    with pytest.raises(UsageError, match="since must be a date or a stamp"):
        measure(frame, mean("x"), time="t", since=wrong)


def test_unknown_zones_and_turned_windows_and_text_stamps_are_refused():
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-07-31"], format="ISO8601"), "x": 1.0, "s": ["2026-07-31"]})
    for zone in ("Asia/Tokio", "../etc/passwd", "JST9"):
        with pytest.raises(UsageError, match="there is no time zone"):
            measure(frame, mean("x"), time="t", every="day", tz=zone)
    with pytest.raises(DataError, match="is not before until"):
        measure(frame, mean("x"), time="t", since="2026-08-01", until="2026-07-01")
    with pytest.raises(DataError, match="'s' holds VARCHAR, not dates"):
        measure(frame, mean("x"), time="s", every="day")
    with pytest.raises(UsageError, match="did you mean 'month'"):
        measure(frame, mean("x"), time="t", every="months")
    for call in ({"every": "day"}, {"since": "2026-01-01"}, {"tz": "UTC"}):
        with pytest.raises(UsageError, match="need time="):
            measure(frame, mean("x"), **call)
    with pytest.raises(UsageError, match="time= needs"):
        measure(frame, mean("x"), time="t")


def test_placeholder_stamps_are_refused_and_a_column_without_any_too():
    far = pd.DataFrame({"t": pd.Series(["2026-07-31", "9999-12-31"]).astype("datetime64[us]"), "x": 1.0})
    with pytest.raises(DataError, match="before 1900 or after 2199"):
        measure(far, mean("x"), time="t", every="day")
    none = pd.DataFrame({"t": pd.to_datetime([None, None]), "x": 1.0})
    with pytest.raises(DataError, match="'t' has no stamp at all"):
        measure(none, mean("x"), time="t", every="day")


@given(st.dates(date(1900, 1, 1), date(2199, 1, 1)), st.sampled_from(periods.EVERY), st.integers(1, 12))
def test_a_day_lies_in_its_period_and_the_next_starts_after_it(day, every, starts):
    start = periods.start_of(every, day, starts)
    assert start <= day < periods.next_start(every, start)
    assert periods.start_of(every, periods.next_start(every, start), starts) == periods.next_start(every, start)


@pytest.mark.parametrize("every, starts", [(every, 1) for every in periods.EVERY] + [
    (every, starts) for every in ("quarter", "year") for starts in (2, 4, 12)])
def test_the_number_of_a_period_in_sql_and_in_python_is_that_of_the_calendar_on_each_day_of_three_centuries(
        every, starts):
    first, last = date(1899, 12, 31), date(2200, 1, 2)
    days = [first + timedelta(days=i) for i in range((last - first).days)]
    numbers = np.array([(day - date(1970, 1, 1)).days for day in days])
    for late in (0, periods.DAY - 1):  # the first and the last microsecond of a day
        stamps = pd.DataFrame({"t0": numbers * periods.DAY + late})
        text = f"SELECT {periods.index(every, 't0', starts)} AS i FROM stamps"
        found = duckdb.query_df(stamps, "stamps", text).df()["i"]
        assert found.dtype == "int64"
        assert found.tolist() == [periods.number(every, day, starts) for day in days]
    starting = [i for i, day in enumerate(days) if {
        "day": True, "week": day.weekday() == 0, "month": day.day == 1, "year": (day.month, day.day) == (starts, 1),
        "quarter": day.day == 1 and (day.month - starts) % 3 == 0}[every]]
    assert (found.diff().to_numpy()[1:] != 0).nonzero()[0].tolist() == [i - 1 for i in starting if i]
    assert [periods.start(every, int(found[i]), starts) for i in starting] == [days[i] for i in starting]
