"""The stack of the lifecycle is made of the shares of the frame, in the order of its states."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import lifecycle, style
from engagelab.plots.lifecycle import STATES

mpl.use("Agg")


def states(months=3, names=("new", "active", "won_back", "at_risk", "dormant"), unknown=1):
    """What `activity.lifecycle` gives, the first months not yet known."""
    labels = [f"{2025 + i // 12}-{i % 12 + 1:02}" for i in range(months)]
    weights = [.2, .4, .02, .3, .08, .1][:len(names)]
    return pd.DataFrame([{"metric": "lifecycle", "state": name, "month": label,
                          "estimate": weight / sum(weights) if i >= unknown else np.nan, "flag": ""}
                         for i, label in enumerate(labels) for name, weight in zip(names, weights, strict=True)])


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_each_share_is_a_part_of_the_bar_of_its_period_and_the_parts_make_up_the_whole():
    frame = states()
    ax = lifecycle(frame)
    for container, (_, group) in zip(ax.containers, frame.groupby("state", sort=False), strict=True):
        assert np.array_equal([bar.get_height() for bar in container], group["estimate"], equal_nan=True)
    tops = [bar.get_y() + bar.get_height() for bar in ax.containers[-1]]
    assert np.isnan(tops[0]) and tops[1:] == pytest.approx([1, 1])
    assert names(ax) == ["Dormant", "At risk", "Won back", "Active", "New"]   # as the stack stands


def test_a_share_is_written_where_there_is_room():
    assert [text.get_text() for text in lifecycle(states(2)).texts] == ["20%", "40%", "30%", "8%"]   # not the 2 %
    assert not lifecycle(states(60)).texts


def test_a_state_has_its_colour_whoever_else_is_there():
    few, all_of_them = lifecycle(states(names=("active", "dormant"))), lifecycle(states(names=tuple(STATES)))
    for ax in (few, all_of_them):
        for container, name in zip(ax.containers, ("active", "dormant") if ax is few else STATES, strict=True):
            assert to_hex(container[0].get_facecolor()) == STATES[name]
    own = lifecycle(states(names=("loyal", "lost")))
    assert names(own) == ["lost", "loyal"]
    assert own.containers[0][0].get_facecolor() != own.containers[1][0].get_facecolor()


def test_periods_not_known_have_their_name_and_no_bar():
    ax = lifecycle(states(4, unknown=4))
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert not ax.texts


@pytest.mark.parametrize("months", [1, 18, 60])
def test_the_names_of_few_and_of_many_periods_do_not_run_into_each_other(months, apart):
    ax = lifecycle(states(months, unknown=0))
    assert apart(ax.get_xticklabels())
    assert all(text.get_text() for text in ax.get_xticklabels()) == (months < 60)


def test_it_is_drawn_in_japanese(monkeypatch):
    monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Sans")
    with words.speaking("ja"):
        assert names(lifecycle(states(names=tuple(STATES)))) == [
            "休眠", "離脱予備軍", "復帰", "アクティブ", "新規", "見込み客"]


def test_it_draws_on_the_axes_it_is_given_and_leaves_the_settings_alone():
    before, ax = dict(mpl.rcParams), pyplot.subplots()[1]
    assert lifecycle(states(), title="x", ax=ax) is ax
    assert dict(mpl.rcParams) == before


def test_a_frame_that_is_not_the_lifecycle_of_one_group_is_refused():
    both = pd.concat([states().assign(plan=plan) for plan in ("a", "b")])[["plan", "state", "month", "estimate"]]
    with pytest.raises(UsageError, match=r"2025-01, new has several rows, by 'plan'"):
        lifecycle(both)
    with pytest.raises(DataError, match="no rows"):
        lifecycle(states().head(0))
    with pytest.raises(NoColumn, match="'state'"):
        lifecycle(states().drop(columns="state"))
