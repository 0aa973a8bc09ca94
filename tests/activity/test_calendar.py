"""The calendar itself: its bits against sets, longer periods against shorter ones, and every kind of column."""

import numpy as np
import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logs import COLUMNS, close, frame, logs, observed

from engagelab.activity import (
    active_users,
    calendar,
    churn,
    cohorts,
    growth,
    lifecycle,
    power_curve,
    repeat,
    retention,
    states,
)
from engagelab.metrics.shares import TAIL
from engagelab.summaries.calendar import WORD

KINDS = [("plain", {}), ("value", {"value": "value"}), ("names", {"event": "event"}),
         ("both", {"value": "value", "event": "event"})]


def unfolded(made):
    """{(groups, event, user, place): value} of a calendar; before the first period is place -1."""
    found = {}
    for row in made.frame.to_dict("records"):
        key = (("(missing)" if pd.isna(row["plan"]) else row["plan"],), row.get("event"), row["user_id"])
        for bit in range(WORD):
            if row["bits"] >> bit & 1:
                found[*key, row["word"] * WORD + bit] = row.get("value", 0.0)
    return {key: None if pd.isna(value) else value for key, value in found.items()}


def check(drawn, kind):
    rows, how = drawn
    log, more = observed(rows, how, by=True), dict(KINDS)[kind]
    if log is None:
        return
    made = calendar(frame(rows), **COLUMNS, by="plan", **more, **how)
    assert [made.label(place) for place in range(made.length)] == [log.label(place) for place in log.places]
    assert [made.whole(place) for place in range(made.length)] == [log.whole(place) for place in log.places]
    expected = {}
    for groups, user, place, event, value in log.rows:
        key = groups, event if "event" in more else None, user, place
        expected[key] = expected.get(key, 0.0) + (value if "value" in more else 0.0)
    found = unfolded(made)
    close({key: value or 0.0 for key, value in found.items()}, expected)
    if how["every"] != "day":
        rolled = calendar(frame(rows), **COLUMNS, by="plan", **more, **(how | {"every": "day"})).at(how["every"])
        assert (rolled.first, rolled.length) == (made.first, made.length)
        close({key: value or 0.0 for key, value in unfolded(rolled).items()}, expected)
        assert [rolled.whole(place) for place in range(made.length)] == [log.whole(place) for place in log.places]


@settings(deadline=None, max_examples=25)
@given(logs(everies=("day", "week", "month", "quarter", "year")), st.sampled_from([name for name, _ in KINDS]))
def test_the_bits_of_a_calendar_are_the_periods_in_which_somebody_was_there(drawn, kind):
    check(drawn, kind)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(logs(longest=300, most=60, everies=("day", "week", "month", "quarter", "year")),
       st.sampled_from([name for name, _ in KINDS]))
def test_the_bits_of_many_calendars_are_the_periods_in_which_somebody_was_there(drawn, kind):
    check(drawn, kind)


DAYS = oracle.days("2026-03-27", 5)
FORMS = {
    "dates": {"at": DAYS}, "text users": {}, "whole numbers": {"user": [7, 7, 8, 9, 8]},
    "numbers with a gap": {"user": [7.0, 7.0, 8.0, 9.0, 8.0]}, "categories": {"user": pd.Categorical(list("aabcb"))},
    "nullable": {"user": pd.array([7, 7, 8, 9, 8], dtype="Int64")}, "flags": {"user": [True, True, False, True, False]},
    "seconds": {"at": pd.to_datetime(DAYS).astype("datetime64[s]")},
    "moments elsewhere": {"at": pd.to_datetime(DAYS).tz_localize("Europe/Berlin")}}


@pytest.mark.parametrize("form", FORMS)
def test_columns_of_every_kind_are_counted_alike(form):
    log = pd.DataFrame({"user": list("aabcb"), "at": pd.to_datetime(DAYS)} | FORMS[form])
    tz = "Europe/Berlin" if form in ("moments elsewhere", "dates") else None  # dates are not shifted
    answer = active_users(log, user="user", time="at", windows=("1 day", "3 days"), until="2026-04-01", tz=tz)
    users = answer.pivot(index="day", columns="window", values="estimate")
    held = list(log["user"])
    assert users["1 day"].tolist() == [1.0] * 5
    assert users["3 days"].tolist()[2:] == [float(len(set(held[i:i + 3]))) for i in range(3)]


def test_groups_of_numbers_and_of_categories_keep_their_order_and_a_missing_one_is_shown():
    log = pd.DataFrame({"user": list("abcd"), "at": pd.to_datetime(["2026-04-01"] * 4),
                        "points": [10.0, 9.0, np.nan, 9.0], "size": pd.Categorical(["small", "large", None, "small"],
                        ["small", "medium", "large"])})
    whole = {"user": "user", "time": "at", "windows": "1 day", "until": "2026-04-02"}
    numbers = active_users(log, by="points", **whole)
    assert numbers[["points", "estimate"]].to_numpy().tolist() == [["9", 2.0], ["10", 1.0], ["(missing)", 1.0]]
    sizes = active_users(log, by=["size"], **whole)
    assert sizes[["size", "estimate"]].to_numpy().tolist() == [["small", 2.0], ["large", 1.0], ["(missing)", 1.0]]


def test_what_was_observed_goes_from_since_to_before_until():
    log = pd.DataFrame({"user": list("abcd"), "at": pd.to_datetime(
        ["2026-04-01 23:59:59.999999", "2026-04-02", "2026-04-03 23:59:59.999999", "2026-04-04"], format="ISO8601")})
    for every in ("day", "week"):
        made = calendar(log, **COLUMNS, every=every, since="2026-04-02", until="2026-04-04")
        assert made.frame[["user_id", "word"]].to_numpy().tolist() == [["a", -1], ["b", 0], ["c", 0]]
        assert made.notes[2:] == ("1 rows whose 'at' is after the observed time were left out",
                                  "1 rows whose 'at' is before the observed time only say who was there before")


def test_answers_have_one_shape(company):
    log = company["events"].rename(columns={"user_id": "user", "occurred_at": "at"})
    log = log.merge(company["customers"][["user_id", "plan"]], left_on="user", right_on="user_id", how="left")
    made = calendar(log, user="user", time="at", by="plan", event="event", value="seconds")
    for ask, own in ((active_users, ["window", "day"]), (retention, ["kind", "after"]),
                     (cohorts, ["cohort", "month", "age"]), (growth, ["month"]), (power_curve, ["days"]), (lifecycle,
                     ["state", "month"])):
        answer = ask(made)
        assert list(answer.columns) == ["metric", "plan", *own, *TAIL]
        assert isinstance(answer.index, pd.RangeIndex) and answer.index.equals(pd.RangeIndex(len(answer)))
        whole = {"n": "Int64", "n_missing": "Int64", "age": "int64", "days": "int64"}
        floats = dict.fromkeys(("estimate", "low", "high", "se", "count", "n_eff"), "float64")
        assert answer.dtypes.astype(str).to_dict() == {name: (whole | floats).get(name, "str") for name in answer}
        assert "bit" in answer.attrs["sql"] and answer.attrs["notes"] and all(answer.attrs["notes"])
        plans = answer["plan"].replace("(missing)", "~").groupby([answer["metric"],
            *(answer[name] for name in own[:1])])
        assert all(held.is_monotonic_increasing for _, held in plans)
        known = answer.dropna(subset=["estimate", "low"])
        assert (known["low"] <= known["estimate"]).all() and (known["estimate"] <= known["high"]).all()


def test_a_user_of_two_groups_is_in_both_and_names_apart_are_put_together():
    log = pd.DataFrame({"user": list("aab"), "at": pd.to_datetime(["2026-04-01"] * 3), "plan": list("xyx"),
                        "event": list("pqp")})
    made = calendar(log, **COLUMNS, by="plan", event="event", until="2026-04-02")
    answer = active_users(made, windows="1 day")
    assert answer[["plan", "estimate"]].to_numpy().tolist() == [["x", 2.0], ["y", 1.0]]
    assert made.less(told=False, valued=False) is made.less(told=False, valued=False)
    assert made.at("day") is made and made.at("month") is made.at("month")


def test_every_answer_names_its_zone_first_and_once():
    log = pd.DataFrame({"user": list("aabb"), "at": pd.to_datetime(
        ["2026-03-31 20:00", "2026-04-02 10:00", "2026-04-02 10:00", "2026-04-03 10:00"], utc=True)})
    lapses = {"active": "1 day", "lapsed": "2 days"}
    given = {**COLUMNS, "tz": "Asia/Tokyo", "since": "2026-04-01", "until": "2026-04-05"}
    for ask, how in ((active_users, {"windows": ("1 day", "2 days")}), (retention, {"after": "1 day"}), (cohorts, {}),
                     (growth, {}), (power_curve, {"window": "2 days"}),
                     (states, lapses), (lifecycle, lapses), (repeat, {"within": "1 day"})):
        notes = ask(log, **given, **how).attrs["notes"]
        assert notes[0] == "periods and windows are in Asia/Tokyo" and sum("Tokyo" in note for note in notes) == 1
    assert "periods and windows are in UTC" in repr(calendar(log, **COLUMNS))


def test_where_nobody_said_since_when_the_first_users_may_be_old_ones_also_of_a_calendar():
    log = pd.DataFrame({"user": list("aabb"), "at": pd.to_datetime(
        ["2026-04-01", "2026-04-02", "2026-04-02", "2026-04-03"])})
    for since in (None, "2026-04-01"):
        made = calendar(log, **COLUMNS, since=since, until="2026-04-05")
        for ask, how in ((retention, {"after": "1 day"}), (cohorts, {"every": "day"}), (growth, {"every": "month"})):
            first = "2026-04" if ask is growth else "2026-04-01"
            for answer in (ask(log, **COLUMNS, since=since, until="2026-04-05", **how), ask(made, **how)):
                said = f"users first seen in {first}, where the log begins, may have been there before"
                assert any(note.startswith(said) for note in answer.attrs["notes"]) == (since is None)


def test_amounts_with_decimals_in_a_csv_are_answered_as_those_of_a_frame(tmp_path):
    plans = pd.DataFrame({"user": [1.5, 1.25, 2.5], "fee": [10.5, 20.0, 7.25], "at": pd.to_datetime(
        ["2026-01-05", "2026-01-20", "2026-02-03"]), "closed": pd.to_datetime(["2026-02-14", None, None])})
    plans.to_csv(tmp_path / "plans.csv", index=False)
    for ask, how in ((cohorts, {"value": "fee"}), (growth, {"value": "fee"}), (repeat, {})):
        pd.testing.assert_frame_equal(ask(tmp_path / "plans.csv", **COLUMNS, **how), ask(plans, **COLUMNS, **how))
    asked = {"user": "user", "opened": "at", "closed": "closed", "amount": "fee", "until": "2026-03-01"}
    pd.testing.assert_frame_equal(churn(tmp_path / "plans.csv", **asked), churn(plans, **asked))
