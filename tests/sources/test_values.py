"""Single cells to values, against Python's own numbers."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.sources.values import convert, html_free, number
from engagelab.tables import Column


@settings(max_examples=300)
@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_numbers_in_every_dress_are_the_same_number(whole, places):
    text = f"{whole / 10**places:,.{places}f}"
    wide = text.translate({ord(a): chr(ord(a) + 0xFEE0) for a in "0123456789,.-"})
    for dressed in (text, f" {text} ", wide, text.replace(",", ""), f"'{text}"):
        assert number(dressed, "amount") == float(text.replace(",", ""))
    assert number(f"¥{text}" if whole >= 0 else f"-¥{text[1:]}", "amount") == float(text.replace(",", ""))


@given(st.decimals(0, 100, places=2))
def test_percent_is_the_fraction_that_decimal_gives(percent):
    assert number(f"{percent}%", "rate") == float(percent / 100)


@pytest.mark.parametrize(
    "text",
    ["1,25", "12,34,567", "1.2.3", "--1", "0x1F", "1_000", "1 000", "(300)", "=1", "½", "一", "1,", "+", ".", "%"],
)
def test_what_is_no_number_is_none(text):
    assert number(text, "amount") == "not_a_number"


@pytest.mark.parametrize("text", ["", "-", "n/a", "N/A", "NaN", "null", "該当なし", " — "])
def test_missing_words(text):
    assert math.isnan(number(text, "integer"))


def test_counts_are_whole_and_amounts_bear_no_percent():
    done = convert(pd.Series(["424.0", "424.5", "5%", "¥5", "1e3", "99999999999999999999"]), Column("likes", "integer"))
    assert done.values.tolist()[0] == 424
    assert {reason: places.tolist() for reason, places in done.bad.items()} == {
        "not_whole": [1],
        "not_a_number": [2, 3],
        "damaged": [4],
        "too_big": [5],
    }


def test_range_is_the_tables_own():
    assert convert(pd.Series(["0", "6", "3"]), Column("rating", "integer", minimum=1, maximum=5)).bad[
        "out_of_range"
    ].tolist() == [0, 1]


def test_flags_in_both_languages():
    done = convert(pd.Series(["yes", "いいえ", "TRUE", "0", "", "perhaps"]), Column("consent", "flag"))
    assert done.values.tolist()[:4] == [True, False, True, False]
    assert done.values.isna().tolist() == [False] * 4 + [True, True]
    assert done.bad["not_a_flag"].tolist() == [5]


def test_categories_with_a_list_refuse_what_is_not_on_it():
    column = Column("csat", "category", allowed=("good", "not_offered"))
    done = convert(pd.Series(["Good", "Not Offered", "unoffered", "fine"]), column, alias={"unoffered": "not_offered"})
    assert done.values.tolist()[:3] == ["good", "not_offered", "not_offered"]
    assert done.bad["not_allowed"].tolist() == [3]


def test_entities_become_letters():
    assert html_free(pd.Series(["a &amp; b", None, "&lt;3"])).fillna("").tolist() == ["a & b", "", "<3"]


def test_ids_of_hex_figures_are_not_taken_for_damaged():
    assert not convert(pd.Series(["6e3", "17671f6028", "12E5"]), Column("id", "id")).bad
    assert convert(pd.Series(["1.22E+17", "3.0672e+14", "3,0672E+14"]), Column("id", "id")).bad["damaged"].tolist() == [
        0,
        1,
        2,
    ]


def test_a_number_beyond_all_numbers_is_refused():
    for kind in ("integer", "number", "amount", "rate"):
        assert number("9" * 400, kind) == "too_big"
