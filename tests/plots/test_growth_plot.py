"""The bars of growth are the parts of the frame, upward what came and downward what went."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import growth, style

mpl.use("Agg")
MONTHS = ["2026-01", "2026-02", "2026-03"]
USERS = {"active": [50, 60, 45], "new": [50, 30, 5], "retained": [np.nan, 25, 30], "resurrected": [np.nan, 5, 10],
         "churned": [np.nan, 25, 30], "kept": [np.nan, .5, .5], "quick_ratio": [np.nan, 1.4, .5]}
VALUE = {"value": [900.0, 1000, 1100], "new": [900.0, 300, 250], "retained": [np.nan, 500, 600],
         "resurrected": [np.nan, 150, 100], "expansion": [np.nan, 50, 150], "contraction": [np.nan, 40, 20],
         "churned": [np.nan, 360, 380], "quick_ratio": [np.nan, 1.25, 1.25]}


def parts(held, months=MONTHS, running=True):
    """What `activity.growth` gives, the last period still running."""
    return pd.DataFrame([{"metric": name, "month": month, "estimate": value,
                          "flag": "period not complete" if running and month == months[-1] else ""}
                         for name, values in held.items() for month, value in zip(months, values, strict=True)])


def bars(ax):
    """The part -> its heights."""
    return {container.get_label(): [bar.get_height() for bar in container] for container in ax.containers}


def told(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_bars_have_the_heights_of_the_frame():
    drawn = bars(growth(parts(USERS)))
    assert list(drawn) == ["new", "resurrected", "churned"]
    assert drawn["new"] == [50, 30, 5]
    assert drawn["resurrected"][1:] == [5, 10] and np.isnan(drawn["resurrected"][0])
    assert drawn["churned"][1:] == [-25, -30]


def test_what_came_stands_on_what_stayed_where_that_is_asked_for():
    ax = growth(parts(USERS), retained=True)
    feet = {container.get_label(): [bar.get_y() for bar in container] for container in ax.containers}
    assert feet["new"] == [0, 25, 30] and feet["resurrected"] == [50, 55, 35] and feet["churned"] == [0, 0, 0]
    tops = [bar.get_y() + bar.get_height() for bar in ax.containers[2]]
    assert tops[1:] == USERS["active"][1:]


def test_of_value_expansion_and_contraction_are_parts_and_the_net_change_is_that_of_the_total():
    ax = growth(parts(VALUE), unit="JPY")
    assert list(bars(ax)) == ["new", "resurrected", "expansion", "churned", "contraction"]
    net = next(line.get_ydata() for line in ax.lines if line.get_marker() == "D")
    assert np.isnan(net[0]) and net[1:].tolist() == [100, 100] == np.diff(VALUE["value"]).tolist()
    assert ax.yaxis.get_major_formatter()(1500, 0) == "¥1,500"


def test_the_quick_ratio_stands_beneath_each_period():
    assert [text.get_text() for text in growth(parts(USERS)).get_xticklabels()] == [
        "2026-01\n–", "2026-02\n1.40", "2026-03\n0.50"]
    without = growth(parts({name: values for name, values in USERS.items() if name != "quick_ratio"}))
    assert [text.get_text() for text in without.get_xticklabels()] == MONTHS and without.get_xlabel() == ""


def test_only_the_period_in_progress_is_hatched():
    ax = growth(parts(USERS))
    assert [[bool(bar.get_hatch()) for bar in container] for container in ax.containers] == [[False, False, True]] * 3
    assert told(ax) == ["Came back", "New", "Churned", "net change", "period not complete"]
    assert told(growth(parts(USERS, running=False))) == ["Came back", "New", "Churned", "net change"]


def test_a_ratio_that_could_not_be_made_hatches_nothing():
    frame = parts(USERS, running=False)
    frame.loc[frame["metric"] == "quick_ratio", "flag"] = "nobody went: no ratio"
    assert not any(bar.get_hatch() for bar in growth(frame).patches)


def test_without_one_of_its_parts_there_is_no_net_change():
    unknown = growth(parts({**USERS, "resurrected": [np.nan, np.nan, 10]}))
    assert next(line.get_ydata() for line in unknown.lines if line.get_marker() == "D")[2] == -15
    assert np.isnan(next(line.get_ydata() for line in unknown.lines if line.get_marker() == "D")[1])
    for lacking in ("resurrected", "churned"):
        ax = growth(parts({name: values for name, values in USERS.items() if name != lacking}))
        assert "net change" not in told(ax) and lacking not in bars(ax)
    ax = growth(parts({name: values for name, values in VALUE.items() if name != "contraction"}))
    assert "net change" not in told(ax)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 4), min_size=1, max_size=30))
def test_every_height_is_drawn_for_any_numbers(rows):
    months = [f"{2000 + i // 12}-{i % 12 + 1:02}" for i in range(len(rows))]
    new, retained, back, gone = (list(map(float, column)) for column in zip(*rows, strict=True))
    ax = growth(parts({"new": new, "retained": retained, "resurrected": back, "churned": gone}, months), retained=True)
    assert bars(ax) == {"retained": retained, "new": new, "resurrected": back, "churned": [-size for size in gone]}
    pyplot.close("all")


@pytest.mark.parametrize("periods", [1, 18, 79])
def test_the_names_of_few_and_of_many_periods_do_not_run_into_each_other(periods, apart):
    weeks = pd.date_range("2025-03-31", periods=periods, freq="W-MON").strftime("%Y-%m-%d").tolist()
    frame = parts({name: [float(values[1])] * periods for name, values in USERS.items()}, weeks)
    ax = growth(frame.rename(columns={"month": "week"}))
    labels = ax.get_xticklabels()
    assert apart([text for text in labels if text.get_text().startswith("2")])       # a period and its ratio
    assert apart([text for text in labels if not text.get_text().startswith("2")] or labels)   # a ratio alone
    assert ax.get_xticklabels()[-1].get_text() == f"{weeks[-1]}\n1.40"


def test_it_is_drawn_in_japanese_and_without_any_number(monkeypatch):
    monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Sans")
    with words.speaking("ja"):
        assert told(growth(parts(VALUE, running=False))) == ["増額", "復帰", "新規", "離脱", "減額", "純増減"]
    ax = growth(parts(USERS).assign(estimate=np.nan))
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_xticklabels()] == [f"{month}\n–" for month in MONTHS]


def test_it_draws_on_the_axes_it_is_given_and_leaves_the_settings_alone():
    before, ax = dict(mpl.rcParams), pyplot.subplots()[1]
    assert growth(parts(USERS), title="x", ax=ax) is ax
    assert dict(mpl.rcParams) == before


def test_a_frame_that_is_not_the_growth_of_one_group_is_refused():
    both = pd.concat([parts(USERS).assign(plan=plan) for plan in ("a", "b")])
    both = both[["metric", "plan", "month", "estimate", "flag"]]
    with pytest.raises(UsageError, match=r"2026-01, active has several rows, by 'plan'"):
        growth(both)
    with pytest.raises(DataError, match="no rows"):
        growth(parts(USERS).head(0))
    with pytest.raises(DataError, match="no rows"):
        growth(parts({"active": [1, 2, 3]}))
    with pytest.raises(NoColumn, match="'flag'"):
        growth(parts(USERS).drop(columns="flag"))
