"""The picture of draws: what is above the level in one colour, below in another, each with its share."""

import matplotlib as mpl
import numpy as np
import pytest

from engagelab import words
from engagelab.errors import DataError
from engagelab.plots import simulated

mpl.use("Agg")

DRAWS = np.random.RandomState(0).normal(50e6, 70e6, 20_000)


def test_the_level_parts_the_bars_and_the_shares_are_those_of_all_draws():
    ax = simulated(DRAWS, unit="JPY")
    colors = {patch.get_facecolor() for patch in ax.patches if patch.get_x() + patch.get_width() / 2 > 0}
    others = {patch.get_facecolor() for patch in ax.patches if patch.get_x() + patch.get_width() / 2 < 0}
    assert len(colors) == len(others) == 1 and colors != others
    share = (DRAWS > 0).mean()
    assert [text.get_text() for text in ax.texts] == [
        f"{1 - share:.1%} below ¥0", f"{share:.1%} above ¥0"]
    assert ax.collections[-1].get_segments()[0][:, 0].tolist() == [0, 0]
    above = sum(patch.get_height() for patch in ax.patches if patch.get_facecolor() in colors)
    assert above == pytest.approx(share * len(DRAWS), rel=.005)


def test_the_line_spans_95_per_cent_and_the_point_is_the_mean():
    ax = simulated(DRAWS)
    assert ax.collections[0].get_segments()[0][:, 0].tolist() == np.percentile(DRAWS, [2.5, 97.5]).tolist()
    assert ax.lines[0].get_xdata().tolist() == [DRAWS.mean()]


def test_a_level_far_away_has_no_line_and_no_false_certainty():
    ax = simulated(DRAWS, above=-1e9, unit="JPY")
    assert [text.get_text() for text in ax.texts] == ["< 0.1% below −¥1B", "> 99.9% above −¥1B"]
    assert len(ax.collections) == 1


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("draws", [DRAWS, np.exp(DRAWS / 30e6), -DRAWS, np.r_[DRAWS, np.inf, np.nan]])
def test_no_text_covers_another_or_leaves_the_picture(language, draws, apart):
    with words.speaking(language):
        ax = simulated(draws, unit="JPY", title="Campaign profit")
        assert apart(ax.texts[:2]) and apart(ax.get_xticklabels())
        page = ax.figure.bbox
        low, high = ax.get_xlim()
        shown = [label for label in ax.get_xticklabels() if low <= label.get_position()[0] <= high]
        for text in (*ax.texts, ax.title, ax.xaxis.label, *shown):
            box = text.get_window_extent()
            assert box.x0 >= page.x0 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1


def test_what_does_not_vary_is_refused():
    for draws in ([], [3.0, 3.0], [np.nan]):
        with pytest.raises(DataError, match="no rows to draw"):
            simulated(draws)
