"""The effect over time: both bands as they are, and the moments at which each first leaves 0 out."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import cumulative

mpl.use("Agg")
DAYS = pd.date_range("2025-11-20", periods=5)
FRAME = pd.DataFrame({
    "over": DAYS, "metric": "open_rate", "arm": "B", "control": "A", "unit": "share",
    "difference": [.05, .04, .04, .03, .03],
    "low": [-.02, .001, .01, .011, .012], "high": [.12, .079, .07, .049, .048],
    "low_always": [-.9, -.06, -.01, .001, .004], "high_always": [1.0, .14, .09, .059, .056]})


def said(ax):
    return [text.get_text() for text in ax.texts]


def test_the_line_and_both_bands_are_those_of_the_table():
    ax = cumulative(FRAME)
    drawn = [list(line.get_ydata()) for line in ax.lines]
    for name in ("difference", "low", "high"):
        assert FRAME[name].tolist() in drawn
    band = next(one for one in ax.collections if one.get_label() == "interval for any number of looks")
    corners = {tuple(point) for point in band.get_paths()[0].vertices.tolist()}
    wanted = {(float(day), value) for name in ("low_always", "high_always") for day, value in enumerate(FRAME[name])}
    assert wanted <= corners
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {
        "interval for any number of looks", "interval of one look", "difference to A"}


def test_the_first_moment_of_each_band_without_0_is_marked():
    ax = cumulative(FRAME)
    assert said(ax) == ["sure from 2025-11-23 on, however often one looks",
                        "a peeker would have stopped here, 2025-11-21"]
    assert [text.xy[0] for text in ax.texts] == [3, 1]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "v"] == [1]


def test_where_nobody_can_be_sure_only_the_peeker_is_marked_and_nothing_where_neither_leaves_0():
    unsure = FRAME.assign(low_always=-.1)
    assert said(cumulative(unsure)) == ["a peeker would have stopped here, 2025-11-21"]
    assert said(cumulative(unsure.assign(low=-.05))) == []
    alike = FRAME.assign(low=FRAME["low_always"], high=FRAME["high_always"])
    assert said(cumulative(alike)) == ["sure from 2025-11-23 on, however often one looks"]
    fall = FRAME.assign(**{name: -FRAME[other] for name, other in (
        ("low", "high"), ("high", "low"), ("low_always", "high_always"), ("high_always", "low_always"))})
    assert [text.xy[0] for text in cumulative(fall).texts] == [3, 1]


def test_the_wide_beginning_does_not_flatten_the_rest():
    low, high = cumulative(FRAME).get_ylim()
    assert -.05 < low < 0 and .09 < high < .2


def test_stamps_numbers_and_names_stand_where_they_belong():
    gap = FRAME.assign(over=[DAYS[0], *DAYS[1:4], DAYS[4] + pd.Timedelta(days=10)])
    assert cumulative(gap).lines[0].get_xdata().tolist() == [0, 1, 2, 3, 14]
    assert cumulative(gap.assign(over=gap["over"].astype("str"))).lines[0].get_xdata().tolist() == [0, 1, 2, 3, 14]
    assert cumulative(FRAME.assign(over=[100, 200, 300, 400, 900])).lines[0].get_xdata().tolist()[-1] == 900
    ax = cumulative(FRAME.assign(over=list("abcde")))
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 2, 3, 4] and "c" in [t.get_text() for t in ax.get_xticklabels()]
    hours = cumulative(FRAME.assign(over=pd.date_range("2025-11-20 06:00", periods=5, freq="h", tz="UTC")))
    assert said(hours)[0].startswith("sure from 2025-11-20 09:00")


def test_each_metric_and_arm_has_a_panel_of_its_own_unit():
    other = FRAME.assign(metric="nps", unit="points", **{name: 100 * FRAME[name] for name in (
        "difference", "low", "high", "low_always", "high_always")})
    first, second = cumulative(pd.concat([FRAME, other]), title="Day by day").child_axes
    assert first.get_title(loc="left") == "Open rate, B" and second.get_title(loc="left") == "NPS, B"
    assert second.get_ylim()[1] == pytest.approx(100 * first.get_ylim()[1])
    assert first.get_legend() is None and second.get_legend() is not None


def test_a_band_without_an_end_fills_the_picture():
    ax = cumulative(FRAME.assign(low_always=[-np.inf, *FRAME["low_always"][1:]],
                                 high_always=[np.inf, *FRAME["high_always"][1:]]))
    band = next(one for one in ax.collections if one.get_label() == "interval for any number of looks")
    first = [y for x, y in band.get_paths()[0].vertices if x == 0]
    assert min(first) < ax.get_ylim()[0] and max(first) > ax.get_ylim()[1]


def test_unknown_moments_leave_a_gap():
    gap = FRAME.copy()
    gap.loc[0, ["difference", "low", "high", "low_always", "high_always"]] = np.nan
    assert said(cumulative(gap))[0].startswith("sure from 2025-11-23")
    gap.loc[:, ["low_always", "high_always"]] = np.inf
    assert np.isfinite(cumulative(gap.assign(low_always=-np.inf)).get_ylim()).all()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(DataError, match="no rows"):
        cumulative(FRAME.head(0))
    with pytest.raises(NoColumn, match="'low_always'"):
        cumulative(FRAME.drop(columns="low_always"))
    with pytest.raises(UsageError, match="stands twice"):
        cumulative(pd.concat([FRAME, FRAME.tail(1)]))


def test_words_do_not_lie_on_one_another_in_either_language(apart):
    for language in words.LANGUAGES:
        with words.speaking(language):
            ax = cumulative(FRAME)
            ax.figure.canvas.draw()
            top, bottom = (text.get_window_extent() for text in ax.texts)
            assert top.y0 > bottom.y1 and max(top.x1, bottom.x1) < ax.figure.bbox.x1
            assert apart(list(ax.get_xticklabels()))
