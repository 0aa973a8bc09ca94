import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots.clusters import clusters

FRAME = pd.DataFrame({"cluster": ["1", "1", "2", "2"], "n": [1200, 1200, 40, 40], "stability": [.98, .98, .61, .61],
                      "feature": ["orders", "visits"] * 2, "mean": [2.0, .5, 9.25, .5], "z": [-.4, 0.0, 1.6, 0.0]})


def cells(ax):
    return {(int(text.get_position()[0]), int(text.get_position()[1])): text.get_text() for text in ax.texts}


def test_the_means_sizes_and_stabilities_stand_in_their_places():
    found = cells(clusters(FRAME))
    assert found == {(0, 0): "2.00", (1, 0): "0.50", (0, 1): "9.25", (1, 1): "0.50", (-1, 0): "1,200", (2, 0): "0.98",
                     (-1, 1): "40", (2, 1): "0.61"}


def test_what_lies_as_far_above_as_below_has_colours_as_far_from_the_middle():
    ax = clusters(FRAME)
    shown = ax.images[0]
    assert shown.get_array().tolist() == [[-.4, 0.0], [1.6, 0.0]]
    assert shown.norm.vmin == -shown.norm.vmax
    above, below = (shown.cmap(shown.norm(value)) for value in (1.6, -1.6))
    assert above[0] > above[2] and below[0] < below[2]     # orange and blue


def test_it_names_its_rows_and_columns_in_both_languages():
    labels = [text.get_text() for text in clusters(FRAME).get_xticklabels()]
    assert (labels[0], labels[-1]) == ("size", "stability")
    assert [text.get_text() for text in clusters(FRAME).get_yticklabels()] == ["1", "2"]
    with words.speaking("ja"):
        assert clusters(FRAME, title="x").get_title(loc="left") == "x"


def test_long_names_of_features_are_broken():
    labels = clusters(FRAME.replace("visits", "visits_of_the_shop_in_the_last_quarter")).get_xticklabels()
    assert max(map(len, labels[2].get_text().split("\n"))) <= 14


def test_one_group_without_a_stability_is_drawn_too():
    assert cells(clusters(FRAME.head(2).assign(stability=None)))[2, 0] == "–"


def test_an_empty_table_and_one_without_its_columns_are_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        clusters(FRAME.head(0))
    with pytest.raises(NoColumn, match="stability"):
        clusters(FRAME.drop(columns="stability"))
