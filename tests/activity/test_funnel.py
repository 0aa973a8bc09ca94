"""Funnels: the counts of plain lists as an answer, and why late starters are left out."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from engagelab import words
from engagelab.activity import funnel
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.answer import COLUMNS

KEYS = {"user": "user", "time": "at", "event": "event"}


def log(*rows, until="2026-05-01", **others):
    """Rows of "user event stamp [group]"."""
    cells = [row.split() for row in rows]
    frame = pd.DataFrame({"user": [cell[0] for cell in cells], "event": [cell[1] for cell in cells],
                          "at": pd.to_datetime([f"2026-04-{cell[2]}" for cell in cells], format="%Y-%m-%dT%H:%M"),
                          "plan": [cell[3] if len(cell) > 3 else None for cell in cells]})
    return {"data": frame, "until": until, **KEYS, **others}


def counts(answer, metric="funnel"):
    return answer.loc[answer["metric"] == metric, "count"].tolist()


DAY = ["a view 01T10:00", "a cart 01T10:30", "a buy 02T10:00", "b view 01T10:00", "b buy 01T11:00", "c cart 01T10:00",
       "c view 01T11:00"]


def test_each_order_counts_whom_it_says():
    steps = ["view", "cart", "buy"]
    assert counts(funnel(steps=steps, **log(*DAY))) == [3, 1, 1]
    assert counts(funnel(steps=["view", "buy"], **log(*DAY))) == [3, 2]
    onward = funnel(steps=steps, **log(*DAY)).query("metric == 'step'")
    assert list(zip(onward["step"], onward["count"], onward["n"], strict=True)) == [("cart", 1, 3), ("buy", 1, 1)]
    assert counts(funnel(steps=["view", "buy"], order="strict", **log(*DAY))) == [3, 1]
    assert counts(funnel(steps=steps, order="any", **log(*DAY))) == [3, 3, 1]


def test_the_share_and_its_interval_are_those_of_statsmodels():
    answer = funnel(steps=["view", "cart"], **log(*DAY)).iloc[2]
    low, high = proportion_confint(answer["count"], answer["n"], method="wilson")
    assert (answer["low"], answer["high"]) == (pytest.approx(low), pytest.approx(high))


def test_the_median_time_is_that_of_numpy_with_an_interval_from_ranks():
    rng = np.random.default_rng(1)
    minutes = rng.integers(1, 5000, 301)
    starts = pd.Timestamp("2026-04-01") + pd.to_timedelta(rng.integers(0, 900, 301), unit="h")
    frame = pd.DataFrame({"user": np.tile(np.arange(301), 2), "event": ["view"] * 301 + ["buy"] * 301,
                          "at": [*starts, *(starts + pd.to_timedelta(minutes, unit="min"))]})
    answer = funnel(frame, ["view", "buy"], until="2026-07-01", **KEYS).set_index("metric").loc["time_to_step"]
    assert answer["estimate"] == np.median(minutes)
    ranked = np.sort(minutes)
    assert (answer["low"], answer["high"]) == (ranked[133], ranked[167])  # binomial ranks 134 and 168 of 301


def test_late_starters_are_left_out_and_said_whether_or_not_they_came_through():
    rows = ["a view 01T10:00", "b view 29T10:00", "b buy 29T11:00", "c view 30T10:00"]
    answer = funnel(steps=["view", "buy"], **log(*rows))
    assert counts(answer) == [1, 0]
    assert set(answer["n_missing"]) == {2}
    assert any("2 users were left out" in note and "7 days" in note for note in answer.attrs["notes"])


def test_a_whole_window_up_to_the_last_moment_is_observed():
    rows = ["a view 01T10:00", "a buy 08T10:00", "b view 01T10:00"]
    for until, expected in (("2026-04-08 10:00:00.000001", [2, 1]), ("2026-04-08 10:00", [0, 0])):
        assert counts(funnel(steps=["view", "buy"], **log(*rows, until=until))) == expected


def test_keeping_late_converters_would_flatter_the_rate():
    rng = np.random.default_rng(5)
    n = 20_000
    start = rng.uniform(0, 30, n)
    takes = np.where(rng.random(n) < .3, rng.uniform(0, 14, n), np.inf)
    rows = pd.DataFrame({"user": np.tile(np.arange(n), 2), "event": ["view"] * n + ["buy"] * n,
                         "day": [*start, *(start + takes)]})
    rows = rows[rows["day"] < 30]
    rows["at"] = pd.Timestamp("2026-04-01") + pd.to_timedelta(rows["day"] * 86400, unit="s")
    answer = funnel(rows, ["view", "buy"], until="2026-05-01", within="14 days", **KEYS).iloc[1]
    assert answer["low"] < .3 < answer["high"]
    assert answer["n_missing"] == (start > 16).sum()
    late = rows[rows["user"].isin(rows.loc[rows["event"] == "buy", "user"])]["user"].nunique()
    observed = (start <= 16).sum()
    assert late / (observed + ((start > 16) & (start + takes < 30)).sum()) > answer["high"]


def test_a_group_is_that_of_the_first_start():
    rows = ["a view 01T10:00 free", "a view 02T10:00 paid", "a buy 02T11:00 paid", "b view 01T10:00 paid",
            "c view 01T10:00", "d view 28T10:00 paid"]
    answer = funnel(steps=["view", "buy"], by="plan", **log(*rows))
    first = answer[answer["metric"] == "funnel"]
    assert list(zip(first["plan"], first["step"], first["count"], first["n"], first["n_missing"], strict=True)) == [
        ("free", "view", 1, 1, 0), ("free", "buy", 1, 1, 0), ("paid", "view", 1, 1, 1), ("paid", "buy", 0, 1, 1),
        ("(missing)", "view", 1, 1, 0), ("(missing)", "buy", 0, 1, 0)]


def test_medians_stand_beside_their_own_step_also_where_a_group_has_no_late_one():
    rows = ["a view 01T10:00 x", "a cart 01T10:10 x", "b view 01T10:00 y", "b cart 01T10:20 y", "b buy 01T10:50 y",
            "c view 29T10:00 w", "d view 01T10:00 v"]
    answer = funnel(steps=["view", "cart", "buy"], by="plan", **log(*rows))
    times = answer[answer["metric"] == "time_to_step"].set_index(["plan", "step"])["estimate"]
    assert times.fillna(-1).to_dict() == {
        ("v", "cart"): -1, ("v", "buy"): -1, ("w", "cart"): -1, ("w", "buy"): -1, ("x", "cart"): 10, ("x", "buy"): -1,
        ("y", "cart"): 20, ("y", "buy"): 50}


def test_labels_stand_for_one_or_several_events_and_a_step_can_come_again():
    rows = ["a view 01T10:00", "a read 01T11:00", "a buy 01T12:00", "a buy 02T12:00", "b read 01T10:00",
            "b buy 01T11:00"]
    steps = {"interest": ["view", "read"], "order": "buy", "second order": "buy"}
    answer = funnel(steps=steps, **log(*rows))
    assert counts(answer) == [2, 2, 1]
    assert answer["step"].unique().tolist() == list(steps)


def test_only_chosen_events_come_between():
    rows = ["a view 01T10:00", "a ping 01T10:01", "a buy 01T10:02", "b view 01T10:00", "b help 01T10:01",
            "b buy 01T10:02"]
    answer = funnel(steps=["view", "buy"], order="strict", events=["help"], **log(*rows))
    assert counts(answer) == [2, 1]


def test_the_columns_are_those_of_an_answer_whatever_was_found():
    wanted = ["metric", "plan", "step", *(name for name in COLUMNS[1:] if name != "base")]
    for rows in (DAY, ["a view 30T10:00", "a buy 30T11:00"]):
        answer = funnel(steps=["view", "buy"], by="plan", **log(*rows))
        assert list(answer) == wanted
        assert {str(answer[name].dtype) for name in ("metric", "plan", "step", "method", "flag")} == {"str"}
        assert {str(answer[name].dtype) for name in ("n", "n_missing")} == {"Int64"}
        assert {str(answer[name].dtype) for name in ("estimate", "low", "high", "se", "count", "n_eff")} == {"float64"}
    assert set(answer["flag"]) == {"no known value"}


@pytest.mark.parametrize("kind", ["category", "int64", "Int64", "object"])
def test_users_and_events_of_any_kind_are_read(kind):
    given = log(*DAY)
    codes = given["data"]["user"].map({"a": 1, "b": 2, "c": 3})
    frame = given["data"].assign(user=codes.astype(kind))
    if kind == "category":
        frame["event"] = frame["event"].astype("category")
    pd.testing.assert_frame_equal(funnel(**given | {"data": frame}, steps=["view", "buy"]),
                                  funnel(**given, steps=["view", "buy"]))


def test_a_file_and_a_frame_give_the_same(tmp_path):
    given = log(*DAY)
    given["data"].to_csv(tmp_path / "log.csv", index=False)
    duckdb.query_df(given["data"], "frame", f"COPY frame TO '{tmp_path / 'log.parquet'}'")
    wanted = funnel(**given, steps=["view", "buy"], by="plan")
    for name in ("log.csv", "log.parquet"):
        found = funnel(**given | {"data": tmp_path / name}, steps=["view", "buy"], by="plan")
        pd.testing.assert_frame_equal(found, wanted)


def test_the_words_are_of_the_language_spoken():
    with words.speaking("ja"):
        answer = funnel(steps=["view", "cart", "buy"], order="any", **log(*DAY))
        assert answer["step"].iloc[1] == "3ステップ中2つ"
        assert "ウィルソン" in answer["method"].iloc[0]


@pytest.mark.parametrize("wrong, error, said", [
    ({"steps": ["view", "by"]}, DataError, "column 'event' holds no event 'by'; did you mean 'buy'?"),
    ({"steps": {"x": ["view", "vew"], "y": "buy"}}, DataError, "no event 'vew'; did you mean 'view'?"),
    ({"steps": ["view"]}, UsageError, "steps must be a list of 2 to 30"),
    ({"order": "lose"}, UsageError, "did you mean 'loose'"),
    ({"within": "0 days"}, UsageError, "within must be a duration above zero"),
    ({"within": 7}, UsageError, "within must be a duration"),
    ({"user": "users"}, NoColumn, "did you mean 'user'"),
    ({"by": "step"}, UsageError, "the answer has a column 'step' of its own"),
    ({"by": ["plan", "plan"]}, UsageError, "by names a column twice"),
    ({"since": "2026-06-01"}, DataError, "is not before until"),
    ({"confidence": 95}, UsageError, "confidence must lie between 0 and 1"),
    ({"time": "event"}, DataError, "row 1: .view. is no time"),
    ({"events": "view"}, UsageError, "events must be a list"),
])
def test_what_cannot_be_right_is_refused_in_one_line(wrong, error, said):
    given = log(*[row.replace("step", "plan") for row in DAY])
    if wrong.get("by") == "step":
        given["data"] = given["data"].rename(columns={"plan": "step"})
    with pytest.raises(error, match=said) as caught:
        funnel(**{"steps": ["view", "buy"], **given, **wrong})
    assert "\n" not in str(caught.value)


def test_without_a_start_there_are_no_groups_and_nobody_is_said_to_be_left_out():
    given = log("a view 01T10:00", "a buy 02T10:00", "a help 03T10:00") | {"since": "2026-04-02"}
    answer = funnel(steps=["view", "buy"], **given)
    assert answer["n"].tolist() == [0, 0, 0, 0] and answer["estimate"].isna().all()
    assert not any("left out: each" in note for note in answer.attrs["notes"])
    assert "1 rows whose 'at' is before the observed time were left out" in answer.attrs["notes"]
    with pytest.raises(DataError, match="nobody took a first step in the observed time"):
        funnel(steps=["view", "buy"], by="plan", **given)
    with pytest.raises(DataError, match="did you mean 'view'"):
        funnel(steps=["vew", "buy"], by="plan", **given)


def test_a_row_without_a_time_is_an_error():
    given = log(*DAY)
    given["data"].loc[2, "at"] = pd.NaT
    with pytest.raises(DataError, match="column 'at': 1 rows have no time"):
        funnel(steps=["view", "buy"], **given)
