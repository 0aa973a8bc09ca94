"""Bars that part at the middle: their ends are the shares of the table."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import likert

mpl.use("Agg")


def counted(**bars):
    """A row a question and value from 1 on."""
    return pd.DataFrame([{"question": name, "value": value, "count": count} for name, counts in bars.items()
                         for value, count in enumerate(counts, 1)])


def ends(ax, place):
    """Where the bar at a place begins and ends."""
    bars = [container[place] for container in ax.containers]
    return bars[0].get_x(), bars[-1].get_x() + bars[-1].get_width()


def names(ax):
    """The names from the top down."""
    return [label.get_text() for label in ax.get_yticklabels()][::-1]


@pytest.mark.parametrize(("counts", "left", "right"), [
    ([1, 2, 3, 2, 2], .3 + .15, .4 + .15),                      # 1 to 5: the 3 lies astride
    ([1, 0, 1, 2, 2, 2, 2], .2 + .1, .6 + .1),                  # 1 to 7
    ([1, 4, 3, 2], .5, .5)])                                    # 1 to 4: no middle
def test_the_middle_answer_lies_astride_the_line(counts, left, right):
    ax = likert(counted(voice=counts), scale=(1, len(counts)))
    assert ends(ax, 0) == pytest.approx((-left, right))


def test_nps_has_its_own_middle():
    frame = pd.DataFrame({"question": "enps", "value": range(11), "count": [0, 0, 0, 0, 0, 0, 3, 2, 2, 1, 2]})
    assert ends(likert(frame, scale=(0, 10), neutral=(7, 8)), 0) == pytest.approx((-.5, .5))
    assert ends(likert(frame, scale=(0, 10)), 0) == pytest.approx((0, 1))


def test_the_most_favourable_is_on_top_and_equals_stand_as_in_the_table():
    ax = likert(counted(a=[2, 1, 1], b=[1, 1, 2], c=[0, 2, 2], d=[0, 0, 4]), scale=(1, 3))
    assert names(ax) == ["d", "b", "c", "a"]


def test_shares_and_sizes_are_written():
    ax = likert(counted(a=[1, 2, 3, 2, 2], b=[0, 0, 1, 20, 29]), scale=(1, 5))
    assert {text.get_text() for text in ax.texts} == {"30%", "40%", "n = 10", "0%", "98%", "n = 50"}  # no room for 2 %


def test_colours_go_from_orange_to_blue_and_are_paler_near_the_middle():
    ax = likert(counted(a=[1] * 7), scale=(1, 7))
    colors = np.array([to_rgb(container[0].get_facecolor()) for container in ax.containers])
    light = colors.sum(axis=1)
    assert (np.diff(light[:3]) > 0).all() and (np.diff(light[4:]) < 0).all()
    assert (colors[:3, 0] > colors[:3, 2]).all() and (colors[4:, 2] > colors[4:, 0]).all()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [str(value) for value in range(1, 8)]


def test_what_is_hidden_has_its_name_the_reason_and_no_bar():
    frame = counted(a=[1, 2, 3], b=[1, 1, 1]).assign(
        estimate=[1 / 6, 1 / 3, .5] + [np.nan] * 3, n=[6] * 3 + [pd.NA] * 3,
        flag=[""] * 3 + ["hidden: fewer than 5 respondents"] * 3)
    ax = likert(frame, scale=(1, 3))
    assert names(ax) == ["a", "b"] and np.isnan(ax.containers[0][0].get_width())
    assert "hidden: fewer than 5 respondents" in {text.get_text() for text in ax.texts}


def test_answers_that_nobody_chose_need_no_row_and_groups_may_be_drawn():
    frame = pd.DataFrame({"team": ["x", "x", "y"], "value": ["4", "5", "2"], "count": [1, 3, 4]})
    ax = likert(frame, scale=(1, 5), by="team")
    assert ends(ax, 1) == pytest.approx((0, 1)) and ends(ax, 0) == pytest.approx((-1, 0)) and names(ax) == ["x", "y"]


def test_it_draws_on_the_callers_axes_and_in_japanese():
    from matplotlib import pyplot

    own = pyplot.subplots()[1]
    with words.speaking("ja"):
        frame = counted(**{"話を聞いてもらえる": [1, 2, 3, 4, 5]})
        assert likert(frame, scale=(1, 5), title="設問別の回答", ax=own) is own
    own.figure.canvas.draw()


@pytest.mark.parametrize(("frame", "more", "error", "says"), [
    (counted(a=[1, 2]).drop(columns="count"), {}, NoColumn, "no column 'count'"),
    (counted(a=[1, 2]), {"by": "team"}, NoColumn, "no column 'team'"),
    (counted(), {}, UsageError, "column"),
    (counted(a=[1, 2, 3, 4, 5, 6]), {}, DataError, "column 'value': .*6.* is no number on the scale from 1 to 5"),
    (counted(a=[1, 2]).assign(value=["low", "high"]), {}, DataError, "'low' is no number on the scale"),
    (counted(a=[1, 2]), {"scale": 5}, UsageError, "scale must be two numbers, .* not 5"),
    (counted(a=[1, 2]), {"neutral": 3}, UsageError, "neutral must be two numbers"),
    (counted(a=[1, 2]), {"neutral": (8, 7)}, UsageError, "neutral must be two numbers"),
    (pd.concat([counted(a=[1, 2])] * 2), {}, UsageError, "twice")])
def test_what_cannot_be_drawn_is_refused(frame, more, error, says):
    with pytest.raises(error, match=says):
        likert(frame, **{"scale": (1, 5), **more})
