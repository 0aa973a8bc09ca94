"""Pictures of funnels and journeys draw exactly their tables."""

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import NoColumn, UsageError
from engagelab.plots import funnel, journeys, style

mpl.use("Agg")

STEPS = pd.DataFrame({
    "metric": ["funnel", "funnel", "step", "time_to_step"], "plan": "x", "step": ["view", "buy", "buy", "buy"],
    "estimate": [1.0, .25, .25, 30.0], "low": [.9, .2, .2, 20.0], "high": [1.0, .3, .3, 40.0],
    "count": [1200.0, 300, 300, 300]})
MOVES = pd.DataFrame({
    "metric": ["transition"] * 4 + ["time_between"], "plan": "x", "from": ["(start)", "view", "view", "buy", "view"],
    "to": ["view", "buy", "(end)", "(converted)", "buy"], "estimate": [1.0, .25, .75, 1.0, 30],
    "low": [.9, .2, .7, .8, 20], "high": [1.0, .3, .8, 1.0, 40], "n": [9, 400, 400, 100, 100]})


def written(ax):
    return [text.get_text() for text in ax.texts]


def test_a_bar_is_a_share_with_its_interval_and_its_count():
    ax = funnel(STEPS)
    assert [bar.get_width() for bar in ax.patches] == [1.0, .25]
    assert [[point[0] for point in line] for line in ax.collections[0].get_segments()] == [[.9, 1.0], [.2, .3]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["view", "buy"]
    assert written(ax) == ["1,200", "300 · 25.0% (25.0% of the step before)"]


def test_groups_stand_side_by_side_in_the_order_of_the_table():
    two = pd.concat([STEPS.assign(plan="z"), STEPS.assign(plan="a", estimate=STEPS["estimate"] / 2)])
    ax = funnel(two, hue="plan")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["z", "a"]
    assert [bar.get_width() for bar in ax.patches] == [1.0, .25, .5, .125]
    centres = [bar.get_y() + bar.get_height() / 2 for bar in ax.patches]
    assert centres[0] < centres[2] < centres[1] < centres[3]


def test_a_step_that_was_not_observed_has_no_bar_and_no_words():
    empty = STEPS.assign(**dict.fromkeys(["estimate", "low", "high"], np.nan), count=[0.0, 0, 0, 0])
    assert written(funnel(empty)) == ["0", "0"]
    funnel(empty).figure.savefig(io.BytesIO())


def test_a_cell_is_a_share_with_its_interval_and_no_move_is_no_cell():
    ax = journeys(MOVES)
    share = ax.collections[0].get_array().filled(np.nan).reshape(3, 4)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["view", "buy", "(converted)", "(end)"]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "(start)  (n = 9)", "view  (n = 400)", "buy  (n = 100)"]
    np.testing.assert_array_equal(share, [[1, np.nan, np.nan, np.nan], [np.nan, .25, np.nan, .75],
                                          [np.nan, np.nan, 1, np.nan]])
    assert "25.0%" in written(ax) and "20.0–30.0%" in written(ax)


def test_more_than_fifteen_states_are_drawn_without_intervals():
    names = [f"state {i:02}" for i in range(16)]
    many = pd.DataFrame({"metric": "transition", "from": names, "to": [*names[1:], "(end)"], "estimate": 1.0, "low": .9,
                         "high": 1.0, "n": 5})
    assert written(journeys(many)) == ["100.0%"] * 16


def test_several_groups_at_once_are_refused_with_a_way_out():
    both = pd.concat([MOVES, MOVES.assign(plan="y")])
    with pytest.raises(UsageError, match="one group of 'plan' first"):
        journeys(both)
    with pytest.raises(UsageError, match="one group of 'plan' first"):
        funnel(pd.concat([STEPS, STEPS]))
    with pytest.raises(NoColumn):
        funnel(MOVES)
    with pytest.raises(NoColumn):
        journeys(STEPS)


def test_our_own_words_are_japanese_or_where_they_cannot_be_drawn_english(monkeypatch):
    with words.speaking("ja"):
        moves = MOVES.replace({"(start)": "（開始）", "(end)": "（終了）", "(converted)": "（コンバージョン）"})
        monkeypatch.setattr(style, "japanese_font", lambda: "")
        ax = journeys(moves, title="経路")
        assert [label.get_text() for label in ax.get_xticklabels()] == ["view", "buy", "(converted)", "(end)"]
        monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Sans")
        assert [label.get_text() for label in journeys(moves).get_xticklabels()][-1] == "（終了）"
        assert written(funnel(STEPS))[1] == "300人・25.0%（前のステップの25.0%）"
