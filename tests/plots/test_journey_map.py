"""The journey map draws exactly its table: a card each, unknown in grey or hollow."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from engagelab import words
from engagelab.errors import NoColumn
from engagelab.plots import journey_map, style
from engagelab.plots.journey_map import LARGEST, UNKNOWN, _wrapped

mpl.use("Agg")

FRAME = pd.DataFrame({
    "touchpoint": ["T1", "T2", "T3", "T4"], "name": ["Search ad", "Poster", "Help desk", "Shop"],
    "phase": ["awareness", "awareness", "customer", "our own"],
    "online": pd.array([True, False, True, None], "boolean"),
    "monthly_reach": [400.0, np.nan, 100.0, 0.0], "satisfaction": [np.nan, np.nan, .75, 1.0],
    "answers": pd.array([None, None, 827, 30], "Int64"), "cost": [380000.0, 10.0, np.nan, 5.0], "currency": "JPY",
    "flag": ["shares events with T4", "", "", ""]})


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_each_contact_is_a_mark_whose_area_is_its_reach_and_whose_colour_its_satisfaction():
    ax = journey_map(FRAME)
    marks = ax.collections
    assert len(marks) == 4
    assert [round(float(mark.get_sizes()[0])) for mark in marks][::2] == [LARGEST, LARGEST // 4]
    assert to_hex(marks[0].get_facecolor()[0]) == UNKNOWN
    assert len(marks[1].get_facecolor()) == 0              # reach that nothing records is hollow
    assert to_hex(marks[2].get_facecolor()[0]) == "#f1e6b1" and to_hex(marks[3].get_facecolor()[0]) == "#0072b2"
    shapes = [len(mark.get_paths()[0].vertices) for mark in marks]
    assert shapes[0] == shapes[2] != shapes[1]


def test_the_cards_say_what_the_table_says_and_no_more():
    said = texts(journey_map(FRAME))
    assert said[:9] == ["Awareness", "T1 Search ad *", "400 people a month", "satisfaction not known",
                        "¥380,000 a month", "T2 Poster", "reach not recorded", "satisfaction not known", "¥10 a month"]
    assert "75.0% satisfied (n = 827)" in said and "cost not known" in said and "our own" in said
    assert said[-1] == "* T1: shares events with T4"


def test_in_japanese_or_without_its_letters(monkeypatch):
    japanese = FRAME.assign(name="オンラインストアの商品ページと読みもの")
    with words.speaking("ja"):
        if style.japanese_font():
            assert "認知" in texts(journey_map(japanese))
        monkeypatch.setattr(style, "japanese_font", lambda: "")
        assert texts(journey_map(japanese))[:2] == ["Awareness", "T1 *"]


def test_names_stay_within_two_lines():
    assert _wrapped("T05 オンラインストアの商品ページ") == ["T05 オンラインストアの商品", "ページ"]
    assert _wrapped("a long name that goes on for ever and ever and ever")[1].endswith("…")
    assert _wrapped("x" * 60) == ["x" * 60] and _wrapped("") == [""]


def test_the_scale_begins_at_nought_where_a_contact_is_below_half():
    bars = [axes for axes in journey_map(FRAME.replace({"satisfaction": {.75: .2}})).figure.axes
            if axes.get_xlim() == (0.0, 1.0)]
    assert len(bars) == 1


def test_one_contact_many_or_none_are_drawn_and_the_settings_left_alone():
    before = dict(mpl.rcParams)
    many = pd.concat([FRAME.assign(touchpoint=f"T{i}") for i in range(10)], ignore_index=True)
    for frame, marks in ((FRAME.head(1), 1), (FRAME.head(0), 0), (many, 40)):
        assert len(journey_map(frame, title="x").collections) == marks
    assert dict(mpl.rcParams) == before
    with pytest.raises(NoColumn, match="'cost'"):
        journey_map(FRAME.drop(columns="cost"))


def test_it_draws_on_the_axes_it_is_given():
    ax = pyplot.subplots()[1]
    assert journey_map(FRAME, ax=ax) is ax
