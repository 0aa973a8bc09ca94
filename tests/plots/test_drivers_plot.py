"""The pictures of drivers: every estimate with its interval, the caution beneath, names that cover nothing."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import drivers, priority

mpl.use("Agg")

SHARES = pd.DataFrame({"driver": ["voice", "pay", "parking"], "estimate": [.75, .25, np.nan],
                       "low": [.6, .1, np.nan], "high": [.9, .4, np.nan], "of_variance": [.3, .1, np.nan],
                       "n": [120] * 3})
MAP = pd.DataFrame({
    "driver": ["voice", "pay", "tools"], "sure": [True, False, True], "importance": [.6, .3, .1],
    "importance_low": [.5, .2, .05], "importance_high": [.7, .4, .15], "importance_at": 1 / 3,
    "performance": [5.0, 6.0, 7.0], "performance_low": [4.8, 5.8, 6.8], "performance_high": [5.2, 6.2, 7.2],
    "performance_at": 6.0})


def whiskers(ax):
    drawn = [ends for lines in ax.collections for ends in lines.get_segments() if len(ends)]
    return sorted(tuple(map(tuple, ends.tolist())) for ends in drawn)


def test_every_share_is_drawn_with_its_interval_and_one_without_a_number_shows_its_name():
    ax = drivers(SHARES, title="Drivers")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["parking", "pay", "voice"]
    points = dict(zip(*[line.tolist() for line in ax.lines[0].get_data()[::-1]], strict=True))
    assert (points[2], points[1]) == (.75, .25) and np.isnan(points[0])
    assert whiskers(ax) == [((.1, 1), (.4, 1)), ((.6, 2), (.9, 2))]
    assert ax.get_xlim()[0] == 0


def test_r_squared_and_the_caution_stand_beneath_in_the_language_that_is_spoken():
    assert drivers(SHARES).get_xlabel() == f"R² = 40.0% (n = 120)\n{words.text('drivers.caution')}"
    with words.speaking("ja"):
        assert "施策の効果ではありません" in drivers(SHARES).get_xlabel()


def test_the_map_draws_both_intervals_the_lines_and_hollow_points():
    ax = priority(MAP, title="Map")
    assert whiskers(ax) == sorted([
        ((low, y), (high, y)) for low, high, y in zip(MAP["performance_low"], MAP["performance_high"],
                                                      MAP["importance"], strict=True)] + [
        ((x, low), (x, high)) for low, high, x in zip(MAP["importance_low"], MAP["importance_high"],
                                                      MAP["performance"], strict=True)])
    points = {line.get_markerfacecolor(): line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "o"}
    assert points["white"] == [6.0] and len(points) == 2
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert [line.get_xdata()[0] for line in dashed][:1] == [6.0] and dashed[1].get_ydata()[0] == pytest.approx(1 / 3)
    assert {"Mend first", "Keep up", "Leave for now", "Nice to have", *MAP["driver"]} <= {
        text.get_text() for text in ax.texts}
    with words.speaking("ja"):
        assert {"重点改善", "意見の反映", "給与"} <= {text.get_text() for text in priority(MAP).texts}
        assert [text.get_text() for text in drivers(SHARES).get_yticklabels()] == ["parking", "給与", "意見の反映"]


def crowded(names):
    random = np.random.RandomState(1)
    n = len(names)
    frame = pd.DataFrame({"driver": names, "sure": True, "importance": random.uniform(0, .1, n),
                          "performance": random.uniform(3, 4, n), "importance_at": .08, "performance_at": 3.5})
    for axis, half in (("importance", .03), ("performance", .1)):
        frame[f"{axis}_low"], frame[f"{axis}_high"] = frame[axis] - half, frame[axis] + half
    return frame


@pytest.mark.parametrize("names", [[f"question_{i}" for i in range(12)], [f"上司の支援{i}" for i in range(12)]],
                         ids=["English", "Japanese"])
def test_names_of_a_dozen_drivers_cover_neither_each_other_nor_a_point_nor_leave_the_picture(names):
    ax = priority(crowded(names))
    ax.figure.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    assert len(boxes) == 16
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    circles = [line.get_data() for line in ax.lines if line.get_marker() == "o"]
    points = ax.transData.transform(np.column_stack(circles).T)
    assert not any(box.contains(*point) for box in boxes for point in points)
    assert all(ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 and ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1
               for box in boxes)


def test_a_driver_without_a_level_is_left_out_and_nothing_at_all_is_refused():
    ax = priority(MAP.assign(performance=[5.0, np.nan, 7.0]))
    assert "pay" not in {text.get_text() for text in ax.texts}
    assert len(whiskers(priority(MAP.assign(performance_low=[4.8, np.nan, 6.8])))) == 5
    with pytest.raises(DataError, match="no rows to draw"):
        priority(MAP.assign(performance=np.nan))
    with pytest.raises(NoColumn, match="'sure'"):
        priority(MAP.drop(columns="sure"))
    with pytest.raises(NoColumn, match="'of_variance'"):
        drivers(SHARES.drop(columns="of_variance"))
