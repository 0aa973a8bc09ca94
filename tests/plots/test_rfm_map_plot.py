"""The map of RFM writes each cell where it belongs, names each area once, and refuses what it cannot draw."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import rfm_map, style

mpl.use("Agg")


def cells(bins=5, lacking=()):
    places = [(r, f) for r in range(1, bins + 1) for f in range(1, bins + 1) if (r, f) not in lacking]
    return pd.DataFrame({"R": [r for r, _ in places], "F": [f for _, f in places], "bins": bins,
                         "count": [10 * r + f for r, f in places], "revenue_share": 1 / len(places),
                         "monetary_mean": [100.0 * r * f for r, f in places],
                         "segment": ["champions" if r + f > bins + 1 else "lost" for r, f in places]})


def at(ax):
    return {(round(text.get_position()[0], 2), round(text.get_position()[1], 2)): text.get_text() for text in ax.texts}


def test_recency_runs_to_the_right_and_frequency_upwards():
    said = at(rfm_map(cells()))
    assert (said[1, .98], said[5, .98], said[1, 4.98]) == ("11", "51", "15")
    assert said[3, 2.72] == "4.0% of revenue"


def test_an_area_has_its_name_once_in_its_upper_left_and_a_line_around_it():
    ax = rfm_map(cells())
    named = {place: text for place, text in at(ax).items() if text in ("Champions", "Lost")}
    assert named == {(1.56, 5.4): "Champions", (.56, 5.4): "Lost"}
    borders = [line for line in ax.lines if line.get_color() != "white"]
    frame = cells().pivot(index="F", columns="R", values="segment").to_numpy()
    assert len(borders) == (frame[1:] != frame[:-1]).sum() + (frame[:, 1:] != frame[:, :-1]).sum()


def test_a_darker_cell_is_a_larger_mean_and_a_cell_without_customers_is_grey():
    image = rfm_map(cells(lacking=[(2, 2)])).images[0].get_array()
    light = np.asarray(image)[..., :3].sum(axis=2)
    assert light[0, 0] > light[0, 4] > light[4, 4]
    assert np.asarray(image)[1, 1, :3] == pytest.approx(mpl.colors.to_rgb("#f4f5f7"))


def test_cells_that_all_bring_the_same_and_scales_of_other_length_are_drawn():
    assert len(rfm_map(cells().assign(monetary_mean=7.0)).texts) == 2 * 25 + 2
    assert len(rfm_map(cells(10)).texts) == 2 * 100 + 2
    assert len(rfm_map(cells(2)[:1]).texts) == 3


def test_no_name_runs_into_the_next_cell():
    frame = cells().assign(segment="potential_loyalist").astype({"segment": object})
    frame.loc[::2, "segment"] = "about_to_sleep"
    ax = rfm_map(frame)
    ax.figure.canvas.draw()
    cell = ax.bbox.width / 5
    assert all(text.get_window_extent().width < .95 * cell for text in ax.texts)


def test_japanese_has_its_own_words():
    if not style.japanese_font():
        pytest.skip("no font with Japanese letters on this machine")
    with words.speaking("ja"):
        assert {"最優良顧客", "11人", "売上の4.0%"} <= set(at(rfm_map(cells())).values())


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        rfm_map(cells()[:0])
    with pytest.raises(NoColumn, match="no column 'R'"):
        rfm_map(cells().drop(columns="R"))
    with pytest.raises(UsageError, match="R 1, F 1 stands twice"):
        rfm_map(pd.concat([cells(), cells()[:1]]))
