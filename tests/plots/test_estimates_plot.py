"""A picture draws exactly the table that it is given, and leaves the session's settings alone."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import levels, survival, trend
from engagelab.plots.bullet import bullet

mpl.use("Agg")

FRAME = pd.DataFrame({"metric": "nps", "channel": ["a", "a", "b", "b"], "quarter": ["Q1", "Q2", "Q1", "Q2"],
                      "estimate": [1.0, 2.0, np.nan, 4.0], "low": [0.0, 1.0, np.nan, 3.0],
                      "high": [2.0, 3.0, np.nan, 5.0],
                      "flag": ["", "period not complete", "hidden", ""]})


def heights(ax):
    return [value for line in ax.lines for value in line.get_ydata() if not np.isnan(value)]


def test_every_estimate_is_drawn_once_as_a_point_and_its_interval_as_a_whisker():
    ax = trend(FRAME, hue="channel", unit="points")
    points = [line for line in ax.lines if line.get_linestyle() == "None"]
    assert sorted(value for line in points for value in line.get_ydata() if not np.isnan(value)) == [1, 2, 4]
    whiskers = [segment[:, 1].tolist() for lines in ax.collections for segment in lines.get_segments() if len(segment)]
    assert sorted(whiskers) == [[0, 2], [1, 3], [3, 5]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_a_period_in_progress_is_hollow():
    ax = trend(FRAME[FRAME["channel"] == "a"])
    hollow = [line.get_ydata().tolist() for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert hollow == [[2.0]]


def test_a_total_over_all_periods_is_no_period():
    whole = pd.concat([FRAME, FRAME.head(1).assign(quarter="(all)")])
    assert [text.get_text() for text in trend(whole, hue="channel").get_xticklabels()] == ["Q1", "Q2"]


def test_waves_follow_one_another_where_they_are_named():
    waves = FRAME.rename(columns={"quarter": "wave"})
    ax = trend(waves, over="wave", hue="channel")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["Q1", "Q2"]
    turned = trend(waves.replace({"Q1": "W9", "Q2": "W10"}), over="wave", hue="channel")
    assert [text.get_text() for text in turned.get_xticklabels()] == ["W9", "W10"]
    assert sorted(heights(ax)) == sorted(heights(trend(FRAME, hue="channel")))
    with pytest.raises(NoColumn, match=r"'waves'; it has .* did you mean 'wave'"):
        trend(waves, over="waves")


def test_a_table_without_a_period_or_a_column_is_refused():
    with pytest.raises(UsageError, match="no period"):
        trend(FRAME.drop(columns="quarter"))
    with pytest.raises(NoColumn, match="'chanel'"):
        trend(FRAME, hue="chanel")
    with pytest.raises(UsageError, match=r"Q1 has several rows, by 'channel'"):
        trend(FRAME)


DAYS = pd.date_range("2025-04-01", periods=550).strftime("%Y-%m-%d")


def active(days=DAYS):
    """What `activity.active_users` gives: counts without intervals, NaN until a window is complete."""
    return pd.concat([pd.DataFrame({
        "metric": "active_users", "window": window, "day": days, "estimate": np.arange(len(days)) + 100.0 * size,
        "low": np.nan, "high": np.nan, "flag": [""] * (len(days) - 1) + ["period not complete"]}).assign(
            estimate=lambda frame, size=size: frame["estimate"].where(np.arange(len(frame)) >= size - 1))
        for window, size in (("28 days", 28), ("1 day", 1), ("7 days", 7))], ignore_index=True)


def test_many_days_are_lines_without_a_marker_each_and_windows_stand_from_short_to_long(apart):
    ax = trend(active(), hue="window", unit="count")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["1 day", "7 days", "28 days"]
    curves = [line for line in ax.lines if line.get_linestyle() == "-"]
    assert [int(np.isnan(line.get_ydata()).sum()) for line in curves] == [0, 6, 27]
    assert np.array_equal(curves[2].get_ydata()[27:], np.arange(27, 550) + 2800.0)
    marks = [value for line in ax.lines if line.get_linestyle() == "None" for value in line.get_ydata()]
    assert marks == [649, 1249, 3349]   # the last day, which still runs, of each window
    labels = [text for text in ax.get_xticklabels() if text.get_text()]
    assert len(labels) > 5 and apart(labels) and labels[-1].get_text() == DAYS[-1]


def test_among_many_days_one_that_stands_alone_keeps_its_marker():
    frame = active(DAYS[:90])[lambda rows: rows["window"] == "1 day"].assign(flag="")
    frame.loc[frame.index[[9, 11]], "estimate"] = np.nan
    marks = [line for line in trend(frame).lines if line.get_linestyle() == "None"]
    assert [value for line in marks for value in line.get_ydata() if not np.isnan(value)] == [110.0]


def test_counts_and_their_stickiness_are_not_drawn_on_one_axis():
    both = pd.concat([active(DAYS[:3]), active(DAYS[:3]).assign(metric="stickiness", window="1 day / 28 days")])
    with pytest.raises(UsageError, match="several metrics, 'active_users', 'stickiness'"):
        trend(both, hue="window")


def test_names_that_matplotlib_would_hide_or_read_as_a_formula_are_written_as_they_stand():
    ax = trend(FRAME.replace({"channel": {"a": "$10 to $\\frac$", "b": "_own"}}), hue="channel", title="$^$")
    ax.figure.canvas.draw()
    assert [text.get_text().strip() for text in ax.get_legend().get_texts()] == ["$10 to $\\frac$", "_own"]


def test_an_empty_table_is_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        trend(FRAME.head(0))


def test_levels_stand_in_the_order_of_the_table_with_the_target():
    ax = levels(FRAME.head(2), by="quarter", target=1.5)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["Q2", "Q1"]
    assert heights(ax)[:2] == [0, 1]
    assert ax.lines[-1].get_xdata() == [1.5, 1.5]


def test_a_survival_curve_starts_at_its_first_step_and_its_time_axis_has_round_ticks():
    frame = pd.DataFrame({"time": [0.0, 600.0, 1500.0], "survival": [1.0, .5, .2], "low": [1.0, .4, .1],
                          "high": [1.0, .6, .3]})
    ax = survival(frame, unit="minutes", until=2880)
    assert ax.lines[0].get_ydata().tolist() == [1.0, .5, .2]
    assert ax.get_xticks().tolist() == [0, 360, 720, 1080, 1440, 1800, 2160, 2520, 2880]


def test_a_picture_leaves_the_settings_of_the_session_alone():
    before = dict(mpl.rcParams)
    trend(FRAME, hue="channel")
    assert dict(mpl.rcParams) == before


def test_a_bullet_is_the_same_text_every_time_and_nothing_without_an_interval():
    assert bullet(.5, .4, .6, .55, "unclear") == bullet(.5, .4, .6, .55, "unclear")
    assert bullet(.5, float("nan"), float("nan"), .55, "") == ""
    assert bullet(0, 0, 0, 0, "unclear").startswith("<img")
