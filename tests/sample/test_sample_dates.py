"""The company's clock against zoneinfo and the standard library."""

import calendar
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from engagelab.sample import dates

WITHIN = st.datetimes(datetime(2025, 4, 1), datetime(2026, 9, 30, 23, 59)).map(
    lambda moment: moment.replace(microsecond=0))


@given(WITHIN)
def test_the_clock_is_nine_hours_ahead_as_the_zone_database_says(moment):
    ours = dates.utc(np.array([moment], dtype="datetime64[s]"))[0]
    assert ours == moment.replace(tzinfo=ZoneInfo(dates.ZONE))


@given(WITHIN, st.sampled_from(["Asia/Tokyo", "America/Los_Angeles", "UTC"]))
def test_a_stamp_on_another_wall_clock_is_what_zoneinfo_says(moment, zone):
    stamps = dates.utc(np.array([moment], dtype="datetime64[s]"))
    theirs = moment.replace(tzinfo=ZoneInfo(dates.ZONE)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert dates.local(stamps, zone)[0] == theirs


@given(WITHIN)
def test_months_and_quarters_are_counted_from_april_2025(moment):
    stamp = np.array([moment], dtype="datetime64[s]")
    month = (moment.year - 2025) * 12 + moment.month - 4
    assert dates.month_of(stamp)[0] == month
    assert dates.QUARTERS[dates.quarter_of(stamp)[0]] == f"{moment.year}Q{(moment.month + 2) // 3}"
    assert dates.quarter_start(month // 3) <= stamp[0]


@given(WITHIN)
def test_stamps_are_written_as_the_standard_library_writes_them_in_english(moment):
    series = pd.Series([pd.Timestamp(moment), pd.NaT])
    text = dates.written(series, "{year}-{month:02}-{day:02} {hour12:02}:{minute:02}:{second:02} {half}")
    assert text.tolist() == [moment.strftime("%Y-%m-%d %I:%M:%S ") + ("am" if moment.hour < 12 else "pm"), ""]
    names = dates.written(series, "{day_name} {month_name}")[0]
    assert names == f"{calendar.day_abbr[moment.weekday()]} {calendar.month_abbr[moment.month]}"


def test_noon_and_midnight_are_twelve():
    series = pd.Series(pd.to_datetime(["2026-01-01 00:05", "2026-01-01 12:05"]))
    assert dates.written(series, "{half_ja} {hour12}").tolist() == ["午前 12", "午後 12"]


def test_days_in_a_month_know_february():
    assert dates.days_in(np.array([0, 10, 17])).tolist() == [30, 28, 30]
