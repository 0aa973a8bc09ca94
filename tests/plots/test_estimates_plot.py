"""A picture draws exactly the table that it is given, and leaves the session's settings alone."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab.errors import NoColumn, UsageError
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


def test_a_table_without_a_period_or_a_column_is_refused():
    with pytest.raises(UsageError, match="no period"):
        trend(FRAME.drop(columns="quarter"))
    with pytest.raises(NoColumn, match="'chanel'"):
        trend(FRAME, hue="chanel")
    with pytest.raises(UsageError, match="several rows; draw a line for each with hue=, one of 'metric', 'channel'"):
        trend(FRAME)


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
