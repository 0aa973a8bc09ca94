"""The forest draws exactly the comparison: a line a metric and arm, honest scales, and the verdict in words."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import forest
from engagelab.plots.forest import VERDICTS, panels

mpl.use("Agg")
COLUMNS = ["metric", "arm", "control", "difference", "low", "high", "low_adjusted", "high_adjusted", "verdict", "unit"]
FRAME = pd.DataFrame([
    ["open_rate", "B", "A", .021, .012, .030, .009, .033, "better", "share"],
    ["open_rate", "C", "A", -.012, -.022, -.002, -.025, .001, "no_difference", "share"],
    ["nps", "B", "A", -6.2, -9, -3.4, np.nan, np.nan, "worse", "points"],
    ["nps", "C", "A", 6.2, -np.inf, np.inf, np.nan, np.nan, "no_verdict", "points"]], columns=COLUMNS)


def drawn(ax):
    return ax.child_axes or [ax]


def points(ax):
    """(difference, marker, filled) from the top down."""
    found = [(line.get_xdata()[0], line.get_marker(), line.get_markerfacecolor() != "white", line.get_ydata()[0])
             for line in ax.lines if line.get_marker() not in ("None", None, "")]
    return [one[:3] for one in sorted(found, key=lambda one: -one[3])]


def whiskers(ax):
    """Of each upright place from the top: the ends of the lines that lie there, thin to thick."""
    lines = [(segment, lines.get_linewidths()[0]) for lines in ax.collections for segment in lines.get_segments()]
    flat = [(segment[0][1], width, *segment[:, 0]) for segment, width in lines if segment[0][1] == segment[1][1]]
    return [one[2:] for one in sorted(flat, key=lambda one: (-one[0], one[1]))]


def names(ax):
    return [text.get_text() for _, text in sorted(zip(ax.get_yticks(), ax.get_yticklabels(), strict=True),
                                                  key=lambda one: -one[0])]


def test_each_row_has_its_point_both_intervals_and_its_words():
    ax = forest(FRAME.head(2))
    assert [one[0] for one in points(ax)] == [.021, -.012]
    assert whiskers(ax) == [(.009, .033), (.012, .030), (-.025, .001), (-.022, -.002)]
    assert names(ax) == ["B", "C"]
    assert [text.get_text() for text in ax.texts] == ["+2.1 pp  better", "−1.2 pp  no difference shown"]
    assert ax.texts[0].get_color() == VERDICTS["better"]
    assert ax.get_xlabel().splitlines()[0] == "difference to A"
    assert "thin: corrected" in ax.get_xlabel()


def test_without_the_corrected_interval_there_is_one_line():
    ax = forest(FRAME.head(2), adjusted=False)
    assert set(whiskers(ax)) == {(.012, .030), (-.022, -.002)} and "thin" not in ax.get_xlabel()
    bare = FRAME.drop(columns=["low_adjusted", "high_adjusted", "unit"])
    assert set(whiskers(forest(bare.head(2)))) == {(.012, .030), (-.022, -.002)}


def test_unlike_units_have_a_scale_each_and_every_row_is_named_by_metric_and_arm():
    first, second = drawn(forest(FRAME))
    assert names(first) == ["Open rate, B", "Open rate, C"] and names(second) == ["NPS, B", "NPS, C"]
    assert first.get_xlim()[1] < 1 < second.get_xlim()[1]
    for panel in (first, second):
        panel.figure.canvas.draw()
    assert any("pp" in text.get_text() for text in first.get_xticklabels())
    assert all("pp" not in text.get_text() for text in second.get_xticklabels())


def test_a_metric_whose_effects_are_many_times_smaller_has_a_scale_of_its_own():
    rows = pd.DataFrame([["click_rate", "B", "A", *values, values[1], values[2], "better", "share"]
                         for values in ([.0002, .0001, .0003],)], columns=COLUMNS)
    assert len(drawn(forest(pd.concat([FRAME.head(2), rows])))) == 2
    assert len(drawn(forest(FRAME.head(2)))) == 1
    near = rows.assign(difference=.01, low=.005, high=.015)
    assert len(drawn(forest(pd.concat([FRAME.head(2), near])))) == 1


def test_where_there_is_no_interval_it_says_so_and_the_scale_does_not_follow_it():
    second = drawn(forest(FRAME))[1]
    assert [text.get_text() for text in second.texts] == [
        "−6.2  worse", "+6.2  no interval  no verdict: a check failed"]
    assert np.isfinite(second.get_xlim()).all() and second.get_xlim()[1] < 10
    assert whiskers(second) == [(-9, -3.4), (-9, -3.4)]
    ax = forest(FRAME.head(1).assign(difference=np.nan, low=np.nan, high=np.nan, low_adjusted=np.nan,
                                     high_adjusted=np.nan, verdict="cannot_tell"))
    assert ax.texts[0].get_text() == "–  no interval  cannot tell yet"


def test_a_verdict_that_is_turned_off_is_hollow_and_said():
    second = drawn(forest(FRAME))[1]
    assert points(second) == [(-6.2, "o", True), (6.2, "o", False)]
    assert "hollow: the verdict is turned off" in second.get_xlabel()


def test_the_margin_is_a_dashed_line_on_the_side_of_worse():
    frame = FRAME.head(2).assign(margin=[.01, .02], better=["higher", "lower"])
    ax = forest(frame)
    upright = [segment[:, 0].tolist() for lines in ax.collections for segment in lines.get_segments()
               if segment[0][0] == segment[1][0]]
    assert upright == [[-.01, -.01], [.02, .02]]
    assert "dashed: the margin" in ax.get_xlabel()


def test_of_segments_the_whole_is_the_last_line_and_a_diamond():
    frame = pd.concat([FRAME.head(1).assign(segment=name, difference=value)
                       for name, value in (("(all)", .02), ("loyal", .03), ("Tokyo", .01))])
    ax = forest(frame, title="Who")
    assert names(ax) == ["Loyal", "Tokyo", "(all)"]   # a segment of ours has its name
    assert [(one[0], one[1]) for one in points(ax)] == [(.03, "o"), (.01, "o"), (.02, "D")]
    assert ax.get_title(loc="left") == "Who"


def test_of_several_arms_each_has_its_segments_and_then_its_whole():
    frame = pd.concat([FRAME.head(2).assign(column="rank", segment=name) for name in ("(all)", "loyal", "new")])
    assert names(forest(frame)) == ["B, loyal", "B, new", "B, (all)", "C, loyal", "C, new", "C, (all)"]
    both = pd.concat([frame, frame.assign(column="shop_id")])
    assert names(forest(both.head(9).query("arm == 'B'"))) == [
        "rank, loyal", "rank, new", "rank, (all)", "shop id, loyal", "shop id, (all)"]


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(DataError, match="no rows"):
        forest(FRAME.head(0))
    with pytest.raises(NoColumn, match="'verdict'"):
        forest(FRAME.drop(columns="verdict"))
    with pytest.raises(UsageError, match="nps, C stands twice"):
        forest(pd.concat([FRAME, FRAME.tail(1)]))


def test_panels_fill_the_height_from_the_top():
    ax = mpl.figure.Figure().subplots()
    boxes = [one.get_axes_locator()(one, None).bounds for one in panels(ax, [2., 1.], 1.)]
    place = ax.get_position()
    heights = [(box[1] - place.y0) / place.height for box in boxes]
    assert heights == pytest.approx([.5, 0]) and boxes[0][3] == pytest.approx(2 * boxes[1][3])
    assert panels(ax, [3.]) == [ax]


def test_words_beside_the_rows_stay_within_the_picture_in_both_languages():
    for language in words.LANGUAGES:
        with words.speaking(language):
            figure = forest(FRAME).figure
            figure.canvas.draw()
            boxes = [text.get_window_extent() for ax in drawn(figure.axes[0]) for text in (
                *ax.texts, *ax.get_yticklabels(), ax.xaxis.label)]
            assert all(box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1 for box in boxes)


def test_twenty_rows_do_not_touch(apart):
    frame = pd.concat([FRAME.head(1).assign(arm=f"arm {place}") for place in range(20)])
    ax = forest(frame)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert all(above.y0 > below.y1 for above, below in itertools.pairwise(boxes))
    low, high = ax.get_xlim()
    assert apart([text for at, text in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True) if low <= at <= high])
