"""A picture refuses a table that it cannot draw rightly, in one clear line."""

import numpy as np
import pandas as pd
import pytest

from engagelab import activity, plots, words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import style
from engagelab.plots.frames import grouped, lengths, period_of, picked

FRAME = pd.DataFrame({"metric": "m", "plan": ["free", "paid"], "month": "2026-04", "estimate": [1.0, 2.0], "low": 0.0,
                      "high": 3.0, "flag": ""})


def test_several_rows_for_a_place_name_the_column_that_tells_them_apart():
    with pytest.raises(UsageError, match=r"^2026-04 has several rows, by 'plan': choose"):
        picked(FRAME, ["month"])
    with pytest.raises(UsageError, match=r"^2026-04, free stands twice"):
        picked(pd.concat([FRAME, FRAME]), ["month"], hue="plan")
    assert picked(FRAME, ["month"], hue="plan").equals(FRAME.astype({"flag": object}))


def test_a_table_that_was_written_and_read_again_is_drawn_the_same():
    again = FRAME.assign(flag=np.nan, estimate=FRAME["estimate"].astype("Float64"))
    assert picked(again, ["month"], hue="plan").equals(FRAME.astype({"flag": object}))


def test_what_has_no_place_or_is_no_number_is_refused_and_not_left_out():
    with pytest.raises(DataError, match=r"column 'plan' is empty in 1 rows"):
        picked(FRAME.assign(plan=["free", None]), ["month"], hue="plan")
    for value in ("n/a", np.inf):
        with pytest.raises(DataError, match=f"column 'estimate': {value} is not a finite number"):
            picked(FRAME.assign(estimate=pd.Series([value, 1.0], dtype=object)), ["month"], hue="plan")


def test_an_empty_table_or_a_missing_column_is_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        picked(FRAME.head(0), ["month"])
    with pytest.raises(NoColumn, match=r"'plans'.*did you mean 'plan'"):
        picked(FRAME, ["month"], hue="plans")
    with pytest.raises(UsageError, match="no period"):
        period_of(FRAME.drop(columns="month"))


def test_unlike_metrics_are_not_drawn_as_one_even_where_no_place_stands_twice():
    two = FRAME.assign(metric=["active_users", "stickiness"])
    with pytest.raises(UsageError, match="several metrics, 'active_users', 'stickiness'"):
        grouped(two, "month", "plan")
    assert [name for name, _ in grouped(two, "month", "metric")] == ["active_users", "stickiness"]


def test_durations_stand_from_short_to_long_and_other_names_by_the_alphabet():
    windows = ["28 days", "1 day", "2 weeks", "1 month", "12 hours"]
    frame = pd.concat([FRAME.head(1).assign(window=window) for window in windows])
    assert [name for name, _ in grouped(frame, "month", "window")] == [
        "12 hours", "1 day", "2 weeks", "28 days", "1 month"]
    assert lengths("no duration", "window") == []
    assert [name for name, _ in grouped(FRAME.iloc[::-1], "month", "plan")] == ["free", "paid"]


def test_the_answers_of_the_activity_room_are_drawn_as_they_come():
    log = pd.DataFrame({"user": list("aabbcaab"), "paid": 5.0, "at": pd.to_datetime([
        f"2026-0{month}-{day}" for month, day in ((1, 10), (1, 12), (1, 20), (2, 3), (2, 4), (2, 5), (3, 6), (3, 7))])})
    how = {"user": "user", "time": "at", "since": "2026-01-01", "until": "2026-03-20"}
    assert len(plots.cohorts(activity.cohorts(log, normalize=True, **how)).patches) == 2   # of two cohorts March runs
    worth = plots.cohorts(activity.cohorts(log, value="paid", every="week", **how), over="period", unit="EUR")
    assert "hollow" in worth.get_xlabel()
    for value in (None, "paid"):
        assert plots.growth(activity.growth(log, value=value, **how)).patches[0].get_height() > 0
    back = activity.retention(log, after=("1 day", "2 days", "28 days"), **how)
    assert [text.get_text() for text in plots.retention(back).get_xticklabels()] == ["1 day", "2 days", "28 days"]
    assert len(plots.power_curve(activity.power_curve(log, window="28 days", **how)).patches) == 28
    life = activity.lifecycle(log, active="7 days", lapsed="14 days", **how)
    assert len(plots.lifecycle(life).containers) == 5
    seen = activity.active_users(log, windows=("1 day", "7 days"), **how)
    assert len(plots.trend(seen[seen["metric"] == "active_users"], hue="window").get_legend().get_texts()) == 2


@pytest.mark.parametrize(("value", "column", "japanese"), [
    ("7 days", "after", "7日"), ("1 day", "window", "1日"), ("4 weeks", "within", "4週間"),
    ("12 hours", "window", "12時間"), ("1 day／28 days", "window", "1日／28日"), ("at_risk", "state", "離脱予備軍"),
    ("churned", "metric", "離脱"), ("7 days", "channel", "7 days"), ("our own", "state", "our own"),
    ("nday", "kind", "その日に再訪")])
def test_states_and_durations_have_names_in_japanese(monkeypatch, value, column, japanese):
    monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Sans")
    with words.speaking("ja"):
        assert style.name_of(value, column) == japanese


@pytest.mark.parametrize("unit", ["second", "minute", "hour", "day", "week", "month", "quarter", "year"])
def test_every_unit_of_a_duration_has_its_words(unit):
    assert style.name_of(f"1 {unit}", "within").startswith("1 ")
    assert style.name_of(f"3 {unit}s", "within").startswith("3 ")
