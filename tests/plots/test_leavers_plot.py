"""The picture of quick and slow leavers: the observed shares with their intervals, both models, and their names."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.plots import leavers

mpl.use("Agg")

CURVE = pd.DataFrame({"time": [1.0, 2.0, 3.0], "at_risk": [90, 70, 50], "ended": [10, 10, 5], "censored": [10, 10, 45],
                      "survival": [.89, .76, .69], "low": [.8, .65, .57], "high": [.94, .84, .78], "se": .04,
                      "one_kind": [.9, .81, .73], "two_kinds": [.88, .77, .7]})
GROUPS = pd.concat([CURVE.assign(channel=name, survival=CURVE["survival"] - shift)
                    for name, shift in (("shop", 0), ("ads", .1), ("(all)", .05))])[["channel", *CURVE.columns]]


def test_the_curves_are_the_table_and_begin_with_all():
    lines = leavers(CURVE, every="month").get_lines()
    assert [line.get_label() for line in lines] == ["observed", "quick and slow leavers", "one kind of leavers"]
    for line, column in zip(lines, ("survival", "two_kinds", "one_kind"), strict=True):
        assert line.get_xdata().tolist() == [0, 1, 2, 3]
        assert line.get_ydata().tolist() == [1.0, *CURVE[column]]


def test_the_intervals_are_drawn_and_the_axis_is_named():
    axes = leavers(CURVE, every="week", title="How long they stay")
    assert len(axes.collections) == 1 and "counted by week" in axes.get_xlabel()
    assert axes.get_title(loc="left") == "How long they stay"
    with words.speaking("ja"):
        assert leavers(CURVE).get_lines()[0].get_label() in ("実績", "observed")   # English without a font


def test_one_group_is_drawn_and_all_unless_it_is_said():
    assert leavers(GROUPS).get_lines()[0].get_ydata()[1] == pytest.approx(.84)
    assert leavers(GROUPS, group="ads").get_lines()[0].get_ydata()[1] == pytest.approx(.79)
    crossed = GROUPS.assign(plan=np.where(GROUPS["channel"] == "(all)", "(all)", "light"))
    assert leavers(crossed, group="shop / light").get_lines()[0].get_ydata()[1] == pytest.approx(.89)


@pytest.mark.parametrize("call", [lambda: leavers(GROUPS, group="tv"), lambda: leavers(CURVE.drop(columns="low"))])
def test_what_cannot_be_drawn_is_refused(call):
    with pytest.raises(EngagelabError):
        call()
