"""The purchases of customers against a loop over their orders, and against CDNOW."""

import importlib.util
import json
import os
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.summaries import periods, sql
from engagelab.summaries.purchases import purchases, recent

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 3, 20, tzinfo=UTC)  # the clock is put forward on the 29th
REFERENCE = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "activity.json").read_text("utf-8"))}


def cdnow():
    """CDNOW's sample, from a folder of the machine or from an installed lifetimes."""
    spec = importlib.util.find_spec("lifetimes")
    folders = [Path(os.environ["ENGAGELAB_CDNOW"])] if "ENGAGELAB_CDNOW" in os.environ else []
    folders += [Path(place) / "datasets" for place in (spec.submodule_search_locations if spec else None) or []]
    for folder in folders:
        if (folder / "CDNOW_sample.txt").is_file():
            table = pd.read_csv(folder / "CDNOW_sample.txt", sep=r"\s+", header=None,
                                names=["master", "user", "day", "cds", "amount"])
            return table.assign(day=pd.to_datetime(table["day"].astype("str"), utc=True))
    pytest.skip("CDNOW_sample.txt is in neither the folder ENGAGELAB_CDNOW nor an installed lifetimes")


@pytest.mark.parametrize("collapse, name", [("day", "repeat_daily"), ("week", "repeat_weekly")])
def test_cdnow_has_the_repeat_purchases_of_the_paper_and_weeks_drop_some(collapse, name):
    case = REFERENCE["bgnbd_freq_effect"]
    found = purchases(cdnow(), user="user", time="day", value="amount", collapse=collapse,
                      until=case["inputs"]["until"]).frame
    assert len(found) == case["expected"]["customers"]
    assert (found["purchases"] - 1).sum() == case["expected"][name]


ORDERS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20 * 24 * 4), st.sampled_from([1.0, 2.5, None]),
                            st.sampled_from(["x", "y", None])), min_size=1, max_size=25)


def table_of(rows):
    return pd.DataFrame({"who": [row[0] for row in rows], "amount": pd.array([row[2] for row in rows], "Float64"),
                         "at": pd.to_datetime([BEGIN + timedelta(minutes=15 * row[1]) for row in rows]),
                         "shop": pd.Series([row[3] for row in rows], dtype="str")})


def number(collapse, stamp):
    return periods.number(collapse, stamp.astimezone(ZONE).date())


@settings(max_examples=25, deadline=None)
@given(ORDERS, st.sampled_from(["day", "week", "month"]), st.integers(0, 400), st.booleans())
def test_purchases_are_what_a_loop_over_customers_counts(rows, collapse, cut, grouped):
    table, since = table_of(rows), BEGIN + timedelta(minutes=15 * cut)
    assume(not cut or max(table["at"]) >= since)  # a window that holds nothing is an error
    made = purchases(table, user="who", time="at", value="amount", collapse=collapse, tz="Europe/Berlin",
                     by="shop" if grouped else None, since=since if cut else None)
    expected, earlier = [], 0
    for who in sorted(set(table["who"])):
        own = table[table["who"] == who].sort_values(["at", "shop"], kind="stable")
        if cut and own["at"].iloc[0] < since:
            earlier += 1
            continue
        seen = {}
        for row in own.itertuples():
            seen.setdefault(number(collapse, row.at), []).append(row.amount)
        first, *later = sorted(seen)
        paid = [value for values in seen.values() for value in values if not pd.isna(value)]
        at_first = [value for value in seen[first] if not pd.isna(value)]
        expected.append([who, *([own["shop"].iloc[0]] if grouped else []),
                         periods.microseconds(own["at"].iloc[0].to_pydatetime()), first, later[0] if later else pd.NA,
                         max(seen), len(seen), len(own), len(own) - len(paid),
                         sum(paid) if paid else np.nan, sum(at_first) if at_first else np.nan])
    assert made.earlier == earlier
    frame = made.frame
    found, wanted = (each.astype(object).where(each.notna(), None).to_numpy().tolist()
                     for each in (frame, pd.DataFrame(expected, columns=frame.columns)))
    assert found == wanted
    newest = max(table["at"]).astimezone(ZONE).date()
    whole = [n for n in range(made.end - 2, made.end + 3) if periods.next_start(
        collapse, periods.start(collapse, n)) <= newest + timedelta(days=1)]
    assert made.end == max(whole)


def test_of_orders_at_one_moment_the_first_group_in_order_is_the_customers_however_the_rows_lie():
    for shops in permutations(["z", "b", None]):
        table = pd.DataFrame({"who": "a", "at": BEGIN, "shop": pd.Series(shops, dtype="str")})
        assert purchases(table, user="who", time="at", by="shop").frame["shop"].tolist() == ["b"]


def test_days_are_those_of_the_zone():
    table = pd.DataFrame({"who": "a", "at": pd.to_datetime(["2026-04-01 14:00", "2026-04-01 16:00"], utc=True)})
    for zone, number in ((None, 1), ("Asia/Tokyo", 2)):
        assert purchases(table, user="who", time="at", tz=zone).frame["purchases"].item() == number


def test_the_end_of_observation_is_the_last_period_that_was_whole():
    table = pd.DataFrame({"who": ["a"], "at": pd.to_datetime(["2026-04-01 10:00"], utc=True)})
    names = {"user": "who", "time": "at"}
    day = (date(2026, 4, 1) - date(1970, 1, 1)).days
    assert purchases(table, **names).end == day
    assert purchases(table, **names, until="2026-04-03").end == day + 1
    assert purchases(table, **names, until="2026-04-03 12:00").end == day + 1
    april = periods.number("month", date(2026, 4, 1))
    assert purchases(table, **names, until="2026-05-01", collapse="month").end == april


@pytest.mark.parametrize("window", [{"since": "2026-05-01"}, {"until": "2026-03-01"}])
def test_a_window_beside_the_table_is_refused(window):
    table = pd.DataFrame({"who": ["a"], "at": pd.to_datetime(["2026-04-01 10:00"], utc=True)})
    with pytest.raises(DataError, match="'at' has stamps from 2026-04-01 to 2026-04-01, none of them in the time"):
        purchases(table, user="who", time="at", **window)


def test_the_text_runs_as_it_stands():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE events AS SELECT 'a' AS u0, 86400000000 * range AS t0, 2.0 AS x0 "
                           "FROM range(3)")
        row = connection.execute(sql.text("purchases")).df().iloc[0]
    assert (row["purchases"], row["first_period"], row["second_period"], row["amount"]) == (3, 0, 1, 6)


def test_rows_without_a_customer_are_counted_and_said():
    table = pd.DataFrame({"who": ["a", None], "at": pd.to_datetime(["2026-04-01", "2026-04-02"], utc=True)})
    made = purchases(table, user="who", time="at")
    assert len(made.frame) == 1
    assert any("1 rows without 'who'" in note for note in made.notes)


@pytest.mark.parametrize("kind", ["str", "category"])
@pytest.mark.parametrize("made", [purchases, recent])
def test_a_blank_customer_is_no_customer(made, kind):
    table = pd.DataFrame({"who": pd.Series(["a", "", "  "], dtype=kind), "paid": 1.0,
                          "at": pd.to_datetime(["2026-04-01", "2026-04-02", "2026-04-03"], utc=True)})
    found = made(table, user="who", time="at", value="paid")
    frame, notes = (found, found.attrs["notes"]) if made is recent else (found.frame, found.notes)
    assert frame["who"].tolist() == ["a"]
    assert any("2 rows without 'who'" in note for note in notes)


@pytest.mark.parametrize("made", [purchases, recent])
def test_unlike_amounts_are_not_summed(made):
    table = pd.DataFrame({"who": ["a", "b", "c"], "total": 5.0, "currency": ["JPY", "JPY", "USD"],
                          "at": pd.to_datetime(["2026-04-01", "2026-04-02", "2026-04-03"], utc=True)})
    names = {"user": "who", "time": "at", "value": "total"}
    with pytest.raises(DataError, match=r"several currencies: JPY \(2\), USD \(1\)"):
        made(table, **names)
    made(table, **names, until="2026-04-03")
    made(table.rename(columns={"currency": "country"}), **names)


def test_orders_of_a_day_that_are_one_purchase_are_counted():
    table = pd.DataFrame({"who": ["a", "a", "a"], "paid": 1.0,
                          "at": pd.to_datetime(["2024-04-01", "2024-04-01", "2026-04-03"], utc=True)})
    notes = recent(table, user="who", time="at", value="paid").attrs["notes"]
    assert any(note.startswith("1 orders came in the same day") for note in notes)


def test_rows_without_a_kind_are_left_out_counted_and_said():
    table = pd.DataFrame({"who": ["a", "a", "a"], "what": [None, "tea", "cup"],
                          "at": pd.to_datetime(["2026-04-01", "2026-04-02", "2026-04-02"], utc=True)})
    made = purchases(table, user="who", time="at", kind="what")
    assert made.frame[["purchases", "orders"]].to_numpy().tolist() == [[1, 2]]
    assert "1 rows without 'what' were left out" in made.notes
    onsets = made.onsets()
    kinds = onsets.fetch(f"SELECT kind, period FROM {onsets.table} ORDER BY kind", [])
    assert kinds.to_numpy().tolist() == [["cup", 20545], ["tea", 20545]]


def test_only_the_events_that_are_purchases_count():
    table = pd.DataFrame({"who": ["a", "a", "b"], "event": ["view", "order", "view"],
                          "at": pd.to_datetime(["2026-04-01", "2026-04-02", "2026-04-02"], utc=True)})
    made = purchases(table, user="who", time="at", event="event", events=["order"])
    assert made.frame[["who", "first_period"]].to_numpy().tolist() == [["a", 20545]]
    with pytest.raises(DataError, match="'event' holds no event 'orders'; did you mean 'order'"):
        purchases(table, user="who", time="at", event="event", events=["orders"])
    with pytest.raises(UsageError, match="events"):
        purchases(table, user="who", time="at", events=["order"])
    with pytest.raises(UsageError, match="events"):
        purchases(table, user="who", time="at", event="event")


def test_wrong_tables_and_calls_are_refused():
    table = pd.DataFrame({"who": ["a", "b"], "at": pd.to_datetime(["2026-04-01", None], utc=True), "total": ["1", "2"],
                          "customer": 1})
    names = {"user": "who", "time": "at"}
    with pytest.raises(DataError, match=r"'at': 1 rows have no time \(the first is row 2\)"):
        purchases(table, **names)
    for call, match in (({"collapse": "fortnight"}, "collapse must be one of"), ({"by": "customer"}, "rename"),
                        ({"by": "who"}, "rename"), ({"value": "total"}, "not numbers"), ({"value": "sum"}, "'sum'"),
                        ({"by": "shop"}, "'shop'"), ({"kind": "what"}, "'what'"), ({"until": "soon"}, "until"),
                        ({"since": "2026-05-01", "until": "2026-04-01"}, "not before"), ({"tz": "Mars"}, "Mars")):
        with pytest.raises((UsageError, DataError), match=match):
            purchases(table[:1], **(names | call))
    with pytest.raises(DataError, match="mixes text with numbers"):
        purchases(table.assign(who=[1, "a"])[:2].assign(at=table["at"].iloc[0]), **names)
    with pytest.raises(NoColumn):
        purchases(table, user="user", time="at")
    with pytest.raises(DataError, match="no stamp"):
        purchases(table[:0], **names)


def test_recent_purchases_of_one_customer_in_several_eras_are_one_row():
    table = table_of([("a", 4 * 24 * day, 2.5, "x") for day in (0, 1, 419, 420, 421, 900)])
    found = recent(table, user="who", time="at", value="amount")
    assert found.to_numpy().tolist() == [["a", periods.number("day", BEGIN.date()) + 900, 6, 15.0]]


@settings(max_examples=25, deadline=None)
@given(ORDERS, st.sampled_from(["day", "week", "month"]), st.integers(0, 400), st.sampled_from([1, 200]))
def test_recent_purchases_are_those_of_the_orders_of_the_window_that_are_worth_something(rows, collapse, cut, apart):
    """`apart` stretches the log over years, so that it has several eras."""
    table = table_of([(who, apart * quarter, amount, shop) for who, quarter, amount, shop in rows])
    since = BEGIN + timedelta(minutes=15 * cut)
    inside = table[table["at"] >= since]
    assume(len(inside))
    names = {"user": "who", "time": "at", "value": "amount", "tz": "Europe/Berlin"}
    found = recent(table, **names, collapse=collapse, since=since)
    if inside["amount"].isna().all():
        assert found.empty
        return
    whole = purchases(inside, **names, collapse=collapse, above_zero=True).frame
    assert found["who"].tolist() == whole["who"].tolist()
    assert found["purchases"].tolist() == whole["purchases"].tolist()
    assert found["amount"].to_numpy() == pytest.approx(whole["amount"].to_numpy(dtype="float64"))
    daily = purchases(inside, **names, above_zero=True).frame
    assert found["last_day"].tolist() == daily["last_period"].tolist()
    assert found.attrs["end"] == periods.number("day", max(table["at"]).astimezone(ZONE).date())
    assert found.attrs["first_day"] == periods.number("day", since.astimezone(ZONE).date())
