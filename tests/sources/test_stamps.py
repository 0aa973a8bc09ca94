"""Stamps: against Python's own calendar and zones, and against what each form means."""

import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.sources.declarations import GENERAL_DATES
from engagelab.sources.stamps import is_zone, parse

TWELVE = ("%Y/%m/%d %I:%M:%S %p %z",)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2025/07/11 12:05:00 午前 GMT+9", "2025-07-10T15:05Z"),
        ("2025/07/11 12:05:00 午後 GMT+9", "2025-07-11T03:05Z"),
        ("2025/07/11 01:05:00 PM GMT+9", "2025-07-11T04:05Z"),
        ("2025/07/11 1:05:00 am GMT-3", "2025-07-11T04:05Z"),
        ("2025/07/11 09:05:00 AM GMT+5:30", "2025-07-11T03:35Z"),
        ("2025/07/11 11:59:00 PM GMT", "2025-07-11T23:59Z"),
    ],
)
def test_clock_with_two_halves(text, expected):
    assert parse(pd.Series([text]), TWELVE).values.tolist() == [pd.Timestamp(expected)]


@pytest.mark.parametrize(
    "text",
    [
        "2025/07/11 13:05:00 PM GMT+9",
        "2025/07/11 00:05:00 AM GMT+9",
        "2025/13/11 01:05:00 AM GMT+9",
        "2025/07/11 10:16:35 GMT+9",
        "yesterday",
        "2025",
        "20250711",
        "1.5",
    ],
)
def test_what_is_no_stamp_is_bad_and_not_guessed(text):
    assert parse(pd.Series([text]), TWELVE).bad.tolist() == [True]


@pytest.mark.parametrize(
    "text, form",
    [
        ("Tue, Jul 14, 2026", "%a, %b %d, %Y"),
        ("Mon Feb 10 2025", "%a %b %d %Y"),
        ("Jun 09, 2018 09:30 pm", "%b %d, %Y %I:%M %p"),
        ("14 July 2026", "%d %b %Y"),
        ("２０２６年７月１４日", "%Y年%m月%d日"),
    ],
)
def test_words_of_a_stamp_do_not_depend_on_the_locale(text, form):
    assert not parse(pd.Series([text]), (form,)).bad.any()


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(2037, 1, 1)),
    st.sampled_from(["Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]),
)
def test_local_time_is_what_zoneinfo_says(when, zone):
    when = when.replace(microsecond=0)
    local = when.replace(tzinfo=ZoneInfo(zone))
    if local.astimezone(datetime.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != when:
        return  # an hour that the zone leaves out
    got = parse(pd.Series([when.strftime("%Y-%m-%d %H:%M:%S")]), ("%Y-%m-%d %H:%M:%S",), zone=zone).values[0]
    assert got == pd.Timestamp(local.astimezone(datetime.UTC))  # fold=0: the first of a repeated hour


@settings(max_examples=100, deadline=None)
@given(st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2050, 1, 1)), st.integers(-11, 14))
def test_iso_with_any_offset_is_what_python_says(when, hours):
    text = when.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=hours))).isoformat()
    assert parse(pd.Series([text]), ("iso",)).values[0] == pd.Timestamp(datetime.datetime.fromisoformat(text))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.dates(datetime.date(2020, 1, 1), datetime.date(2029, 12, 31)), min_size=1, max_size=6), st.booleans()
)
def test_a_column_is_never_read_the_wrong_way_round(days, first):
    """Whatever is returned without a complaint is the day that was written."""
    form = "%d/%m/%Y" if first else "%m/%d/%Y"
    read = parse(pd.Series([day.strftime(form) for day in days]), GENERAL_DATES)
    for got, day, two in zip(read.values, days, read.two_days, strict=True):
        assert two or got.date() == day


def test_missing_words_are_missing_and_not_bad():
    read = parse(pd.Series(["-", None, "n/a", "2026-04-01"]), ("iso",))
    assert not read.bad.any()
    assert read.values.isna().tolist() == [True, True, True, False]


def test_day_alone_is_midnight_in_the_zone():
    assert parse(pd.Series(["2026-04-01"]), ("iso",), zone="Asia/Tokyo").values[0] == pd.Timestamp("2026-03-31T15:00Z")


def test_zones():
    assert is_zone("Asia/Tokyo")
    assert not is_zone("Tokyo") and not is_zone("../etc/passwd")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("11/01/2026 01:30", "2026-11-01T08:30Z"),  # comes twice in Los Angeles: the first, in summer time
        ("03/08/2026 02:30", "2026-03-08T10:00Z"),  # does not exist there: moved to the hour that does
        ("07/01/2026 01:30", "2026-07-01T08:30Z"),
        ("12/01/2026 01:30", "2026-12-01T09:30Z"),
    ],
)
def test_the_hours_at_which_clocks_change(text, expected):
    read = parse(pd.Series([text]), ("%m/%d/%Y %H:%M",), zone="America/Los_Angeles")
    assert read.values.tolist() == [pd.Timestamp(expected)]


def without_year(days, year):
    return parse(pd.Series([f"{day.day} {day:%b}" for day in days]), ("%d %b", "%b %d"), year=year)


@pytest.mark.parametrize(
    "days",
    [
        pd.date_range("2023-03-01", "2026-02-20"),
        pd.date_range("2023-03-01", "2026-02-20")[::-1],
        pd.to_datetime(["2026-03-01", "2026-02-28", "2025-12-31"]),
        pd.to_datetime(["2026-05-02", "2026-01-10", "2025-09-01", "2025-06-10"]),
        pd.to_datetime(["2025-12-30", "2025-12-30", "2026-01-02"]),
    ],
)
def test_days_without_a_year_follow_one_another_over_as_many_new_years_as_there_are(days):
    read = without_year(days, days[0].year)
    assert read.values.tolist() == list(days.tz_localize("UTC")) and not read.no_order.any()


@pytest.mark.parametrize("days", [["2026-06-20", "2025-12-10"], ["2026-02-10", "2025-12-20", "2026-01-05"]])
def test_days_without_a_year_in_no_order_or_half_a_year_apart_are_not_guessed(days):
    days = pd.to_datetime(days)
    assert without_year(days, 2026).no_order.tolist() == [False] * (len(days) - 1) + [True]


def test_a_leap_day_in_a_year_that_has_none_is_no_date():
    assert parse(pd.Series(["29 Feb", "1 Mar"]), ("%d %b",), year=2025).bad.tolist() == [True, False]


@pytest.mark.parametrize("stamp", ["2026-04-01 10:00:00+09", "2026-04-01T10:00:00.000001+09", "2026-04-01 10:00 +09"])
def test_an_offset_of_two_figures_is_one_of_hours(stamp):
    assert parse(pd.Series([stamp]), ("iso",)).values[0].floor("s") == pd.Timestamp("2026-04-01T01:00Z")


def test_a_day_is_no_stamp_with_an_offset():
    assert parse(pd.Series(["2026-04-01-09", "2026-04-01+09"]), ("iso",)).bad.all()
