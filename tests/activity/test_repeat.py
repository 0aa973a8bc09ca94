"""Repeat purchases against a loop over customers, and their times against figures by hand and a simulation."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engagelab.activity.repeat import repeat
from engagelab.errors import DataError, UsageError
from engagelab.metrics import intervals
from engagelab.metrics.answer import COLUMNS

NAMES = {"user": "who", "time": "at"}
ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 3, 20, tzinfo=UTC)  # the clock is put forward on the 29th


def orders(*rows, **more):
    frame = pd.DataFrame(rows, columns=["who", "at", *more.get("columns", [])])
    return frame.assign(at=pd.to_datetime(frame["at"], utc=True))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 1500), st.sampled_from(["x", "y", None])),
                min_size=1, max_size=30), st.integers(0, 20), st.integers(30, 1600))
def test_second_purchases_are_what_a_loop_over_customers_counts(rows, skipped, end):
    table = orders(*[(who, BEGIN + timedelta(minutes=20 * at), shop) for who, at, shop in rows], columns=["shop"])
    since, until = BEGIN + timedelta(hours=6 * skipped), BEGIN + timedelta(minutes=20 * end, hours=6 * skipped)
    seen = table[table["at"] < until]
    assume(len(seen) and table["at"].max() >= since)  # a window that holds nothing is an error
    found = repeat(table, **NAMES, within=["1 day", "1 week"], tz="Europe/Berlin", by="shop", since=since, until=until)
    found = found[found["metric"] == "second_purchase_rate"]
    last_whole = until.astimezone(ZONE).date() - timedelta(days=1)
    expected = {}
    for _, own in seen.groupby("who"):
        own = own.sort_values(["at", "shop"])
        if own["at"].iloc[0] < since:
            continue
        shop = own["shop"].iloc[0] if pd.notna(own["shop"].iloc[0]) else "(missing)"
        days = sorted({stamp.astimezone(ZONE).date() for stamp in own["at"]})
        for within, length in (("1 day", 1), ("1 week", 7)):
            counts = expected.setdefault((shop, within), [0, 0, 0])
            if days[0] + timedelta(days=length) > last_whole:
                counts[2] += 1
            else:
                counts[1] += 1
                counts[0] += len(days) > 1 and (days[1] - days[0]).days <= length
    assert {(shop, within): list(values) for shop, within, *values in
            found[["shop", "within", "count", "n", "n_missing"]].to_numpy().tolist()} == expected


def test_the_answer_has_the_columns_of_an_answer():
    table = repeat(orders(("a", "2026-04-01"), ("a", "2026-04-05"), ("b", "2026-04-02")), **NAMES, within="2 days")
    assert list(table) == ["metric", "within", *(column for column in COLUMNS[1:] if column != "base")]
    assert table["metric"].tolist() == ["second_purchase_rate", "days_to_second_purchase"]
    assert table.dtypes.astype("str")[["metric", "within", "n", "n_missing", "method", "flag"]].tolist() == [
        "str", "str", "Int64", "Int64", "str", "str"]
    assert (table.loc[0, "low"], table.loc[0, "high"]) == intervals.wilson(0, 2)
    assert "SELECT" in table.attrs["sql"]


def test_the_time_to_the_second_purchase_counts_those_who_wait():
    # Kaplan-Meier by hand: waits 5, 10+, 20, 30+, 40+ give .8, .8, .533, .533: no median; with 30 as a purchase .267
    rows = [("a", "2026-04-01"), ("a", "2026-04-06"), ("b", "2026-05-01"), ("c", "2026-04-02"), ("c", "2026-04-22"),
            ("d", "2026-04-11"), ("e", "2026-04-01")]
    row = repeat(orders(*rows), **NAMES, until="2026-05-12").iloc[-1]
    assert np.isnan(row["estimate"])
    assert (row["count"], row["n"], row["flag"]) == (2, 5, "fewer than half have ended")
    row = repeat(orders(*rows, ("d", "2026-05-11")), **NAMES, until="2026-05-12").iloc[-1]
    assert (row["estimate"], row["count"]) == (30, 3)


def test_the_median_of_a_simulation_is_found_although_most_are_still_waiting():
    rng = np.random.default_rng(3)
    n, half = 4000, 60.0
    first = rng.integers(0, 180, n)
    second = first + np.ceil(rng.exponential(half / np.log(2), n)).astype(int)
    begin = pd.Timestamp("2026-01-01", tz="UTC")
    table = pd.DataFrame({"who": np.tile(np.arange(n), 2),
                          "at": begin + pd.to_timedelta(np.concatenate([first, second]), unit="D")})
    found = repeat(table, **NAMES, within=["30 days", "60 days"], until=begin + pd.Timedelta("180D"))
    naive = second[second < 180] - first[second < 180]
    assert np.median(naive) < 45
    assert found["low"].iloc[-1] <= half <= found["high"].iloc[-1]
    for row, share in zip(found[:2].itertuples(), (1 - .5**.5, .5), strict=True):
        assert row.low <= share <= row.high


def test_customers_from_before_are_no_first_buyers_and_are_said():
    table = orders(("a", "2026-03-20"), ("a", "2026-04-03"), ("b", "2026-04-02"), ("b", "2026-04-03"))
    found = repeat(table, **NAMES, within="7 days", since="2026-04-01", until="2026-05-01")
    assert found.loc[0, ["count", "n"]].tolist() == [1, 1]
    assert any(note.startswith("1 customers had bought before") for note in found.attrs["notes"])
    found = repeat(table, **NAMES, within="7 days", until="2026-05-01")
    assert found.loc[0, ["count", "n"]].tolist() == [1, 2]
    assert any("is taken for the first" in note for note in found.attrs["notes"])


def test_nobody_observed_long_enough_is_nobody_and_no_zero():
    found = repeat(orders(("a", "2026-04-01"), ("a", "2026-04-02")), **NAMES, within="30 days")
    assert np.isnan(found.loc[0, "estimate"])
    assert found.loc[0, ["n", "n_missing", "flag"]].tolist() == [0, 1, "no known value"]
    only_before = repeat(orders(("a", "2026-04-01"), ("a", "2026-04-02")), **NAMES, since="2026-04-02")
    assert only_before["n"].tolist() == [0, 0, 0, 0]
    assert only_before["estimate"].isna().all()


def test_several_orders_of_one_local_day_are_one_purchase():
    night = orders(("a", "2026-04-01T14:00:00Z"), ("a", "2026-04-01T16:00:00Z"))
    for zone, count in ((None, 0), ("Asia/Tokyo", 1)):
        assert repeat(night, **NAMES, within="1 day", tz=zone, until="2026-05-01").loc[0, "count"] == count


def test_states_of_orders_choose_what_is_a_purchase_of_the_sample_company(company):
    table, names = company["orders"], {"user": "user_id", "time": "ordered_at", "tz": "Asia/Tokyo"}
    kept = [state for state in table["status"].unique() if state != "voided"]
    found = repeat(table, **names, until="2026-10-01", event="status", events=kept)
    pd.testing.assert_frame_equal(found, repeat(table[table["status"] != "voided"], **names, until="2026-10-01"))
    buyers = table.loc[table["status"] != "voided", "user_id"].nunique()
    assert (found["n"] + found["n_missing"]).tolist() == [buyers] * 4


def test_a_path_and_a_frame_agree(tmp_path):
    table = orders(("a", "2026-04-01"), ("a", "2026-04-05"), ("b", "2026-04-02"))
    table.to_csv(tmp_path / "orders.csv", index=False)
    pd.testing.assert_frame_equal(repeat(tmp_path / "orders.csv", **NAMES), repeat(table, **NAMES))


def test_wrong_calls_are_refused():
    table = orders(("a", "2026-04-01", "x"), ("a", "2026-04-05", "y"), columns=["within"])
    for call, match in (({"within": "0 days"}, "above zero"), ({"within": "12 hours"}, "whole day"),
                        ({"within": "1 month"}, "whole day"), ({"within": []}, "within must be"),
                        ({"within": ["1 day", "1 day"]}, "within must be"), ({"by": "within"}, "rename"),
                        ({"confidence": 95}, "between 0 and 1"), ({"within": 30}, "within")):
        with pytest.raises(UsageError, match=match):
            repeat(table, **NAMES, **call)
    with pytest.raises(DataError, match="not dates or stamps"):
        repeat(table.assign(at="2026-04-01"), **NAMES)
