"""Retention and power curves draw each rate of the frame with its interval."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import power_curve, retention, style

mpl.use("Agg")


def rates(column, places, **groups):
    """An answer with a rate for each place and each combination of groups."""
    frame = pd.DataFrame({"metric": "rate", column: places})
    for name, values in groups.items():
        frame = frame.merge(pd.DataFrame({name: values}), how="cross")
    share = (np.arange(len(frame)) + 1) / (len(frame) + 2)
    return frame.assign(estimate=share, low=share - .05, high=share + .04, flag="")


def points(ax):
    """Each point that is drawn."""
    return sorted(float(value) for line in ax.lines if line.get_linestyle() == "None" for value in line.get_ydata()
                  if not np.isnan(value))


def whiskers(ax):
    return sorted(tuple(segment[:, 1].tolist()) for lines in ax.collections for segment in lines.get_segments()
                  if len(segment) and not np.isnan(segment).any())


def ends(frame):
    known = frame.dropna(subset=["estimate"])
    return sorted(zip(known["low"].tolist(), known["high"].tolist(), strict=True))


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def ticks(ax):
    return [text.get_text() for text in ax.get_xticklabels()]


def test_every_rate_is_a_point_with_its_whisker_from_young_ages_to_old():
    frame = rates("after", ["28 days", "1 day", "1 week"])
    ax = retention(frame)
    assert ticks(ax) == ["1 day", "1 week", "28 days"]
    assert points(ax) == sorted(frame["estimate"]) and whiskers(ax) == ends(frame)
    curve = next(line for line in ax.lines if line.get_linestyle() == "-")
    assert curve.get_ydata().tolist() == [.4, .6, .2] and ax.get_ylim()[0] == 0


def test_kinds_and_groups_stand_side_by_side_by_their_names():
    frame = rates("after", ["1 day", "7 days"], kind=["nday", "unbounded", "bracket"])
    ax = retention(frame, hue="kind")
    assert names(ax) == ["up to that day, since the one before", "on that very day", "on that day or later"]
    assert points(ax) == sorted(frame["estimate"]) and whiskers(ax) == ends(frame)
    left = [float(line.get_xdata()[0]) for line in ax.lines if line.get_linestyle() == "-"]
    assert len(set(left)) == 3
    assert names(retention(rates("after", ["1 day"], plan=["a", "(missing)"]), hue="plan")) == ["(missing)", "a"]


def test_a_rate_that_nobody_was_observed_for_leaves_a_gap():
    frame = rates("after", ["1 day", "7 days", "28 days"], plan=["a", "b"])
    frame.loc[frame.index[-1], ["estimate", "low", "high"]] = np.nan
    ax = retention(frame[~((frame["plan"] == "a") & (frame["after"] == "1 day"))], hue="plan")
    assert len(points(ax)) == 4
    empty = retention(frame.assign(estimate=np.nan, low=np.nan, high=np.nan), hue="plan")
    empty.figure.canvas.draw()
    assert points(empty) == [] and ticks(empty) == ["1 day", "7 days", "28 days"]


def test_thirty_ages_have_labels_apart_and_in_japanese_their_units(monkeypatch, apart):
    monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Sans")
    frame = rates("after", [f"{day} days" if day > 1 else "1 day" for day in range(1, 31)])
    ax = retention(frame)
    assert apart(ax.get_xticklabels())
    with words.speaking("ja"):
        assert ticks(retention(frame))[-1] == "30日"


def test_every_number_of_days_is_a_bar_with_its_whisker():
    frame = rates("days", range(1, 29))
    ax = power_curve(frame)
    assert [bar.get_height() for bar in ax.patches] == frame["estimate"].tolist()
    assert whiskers(ax) == ends(frame)
    assert ticks(ax) == [str(day) for day in range(1, 29)] and ax.get_xlabel() == "days with activity in the window"
    assert ax.get_legend() is None


def test_groups_of_a_power_curve_stand_side_by_side():
    frame = rates("weeks", [1, 2, 3], plan=["a", "b"])
    frame.loc[0, ["estimate", "low", "high"]] = np.nan
    ax = power_curve(frame, hue="plan")
    assert names(ax) == ["a", "b"] and ax.get_xlabel().startswith("weeks")
    for container, (_, group) in zip(ax.containers, frame.groupby("plan"), strict=True):
        assert np.array_equal([bar.get_height() for bar in container], group["estimate"], equal_nan=True)
    assert whiskers(ax) == ends(frame)
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert all(right <= left for (_, right), (left, _) in itertools.pairwise(edges))


@pytest.mark.parametrize("draw", [retention, power_curve])
def test_a_frame_that_cannot_be_drawn_is_refused(draw):
    column = "after" if draw is retention else "days"
    places = ["1 day", "7 days"] if draw is retention else [1, 2]
    with pytest.raises(UsageError, match=r"has several rows, by 'plan'"):
        draw(rates(column, places, plan=["a", "b"]))
    with pytest.raises(DataError, match="no rows"):
        draw(rates(column, places).head(0))
    with pytest.raises(NoColumn, match=f"'{column}'"):
        draw(rates(column, places).drop(columns=column))
    with pytest.raises(NoColumn, match="'plan'"):
        draw(rates(column, places), hue="plan")


@pytest.mark.parametrize("draw", [retention, power_curve])
def test_it_draws_on_the_axes_it_is_given_and_leaves_the_settings_alone(draw):
    frame = rates("after", ["1 day"]) if draw is retention else rates("days", [1])
    before, ax = dict(mpl.rcParams), pyplot.subplots()[1]
    assert draw(frame, title="x", ax=ax) is ax
    assert dict(mpl.rcParams) == before
