"""Periods, whatever they are called, in their order and at their distance."""

import numpy as np
import pandas as pd
import pytest

from engagelab.metrics.nouns import mean
from engagelab.roi.panel import read

PLAIN = {"time": "when", "control": [], "unit": None, "group": None, "treated": None, "every": None, "tz": None,
         "currency": None}


def panel(when, at, **told):
    table = pd.DataFrame({"when": when, "value": np.arange(len(when), dtype="float64")})
    return read(table, told.pop("value", "value"), **{**PLAIN, "at": at, **told})


@pytest.mark.parametrize(("when", "at", "places", "first"), [
    (["2026-05", "2026-06", "2026-08"], "2026-08", [0, 1, 3], "2026-08"),
    (["2025-11", "2026-02", "2026-05", "2026-08"], "2026-08", [0, 1, 2, 3], "2026-08"),
    (["2026-05", "2026-08"], "2026-06-15", [0, 1], "2026-08"),
    (["2025Q3", "2025Q4", "2026Q2"], "2026Q1", [0, 1, 3], "2026Q2"),
    (["2026-01-31", "2026-02-28", "2026-03-31"], "2026-03-01", [0, 1, 2], "2026-03-31"),
    (["2026-01-05", "2026-01-12", "2026-01-26"], "2026-01-12", [0, 1, 3], "2026-01-12"),
    ([2019, 2021, 2023], 2021, [0, 1, 2], "2021"),
    ([1, 2, 4], 3, [0, 1, 3], "4"),
    (["1", "2", "10"], "10", [0, 1, 9], "10")])
def test_a_period_has_its_place_and_its_name(when, at, places, first):
    found = panel(when, at)
    assert found.values.index.tolist() == places and found.at == first and found.notes == ()
    assert found.after.tolist() == [label >= first if len(first) > 2 else float(label) >= float(first)
                                    for label in found.labels]


def test_rows_in_any_order_give_the_same_panel():
    when = pd.date_range("2026-01-05", periods=20, freq="7D")
    table = pd.DataFrame({"when": when, "value": np.arange(20.0)})
    shuffled = table.sample(frac=1, random_state=3)
    for name in ("values", "labels"):
        left, right = (getattr(read(one, "value", at="2026-03-02", **PLAIN), name) for one in (table, shuffled))
        assert left.equals(right)


def test_a_period_that_the_date_splits_is_left_out():
    days = pd.date_range("2026-01-05", periods=70)
    found = panel(days, "2026-02-18", value=mean("value"), every="week")
    assert "2026-02-16" in found.notes[0] and found.at == "2026-02-23" and len(found.values) == 9
    assert panel(days, "2026-02-16", value=mean("value"), every="week").notes == ()
    assert "2026-02-18" in panel(days, "2026-02-18 12:00").notes[0]


@pytest.mark.parametrize("kind", ["int64", "float64", "str", "category"])
@pytest.mark.parametrize("value", ["value", mean("value")])
def test_units_and_groups_are_compared_as_text(kind, value):
    table = pd.DataFrame({"when": [1, 2] * 4, "unit": np.arange(4).repeat(2), "group": np.array([1, 1, 0, 0]).repeat(2),
                          "value": np.arange(8.0)}).astype({"unit": kind, "group": kind})
    for told in ({"treated": [0, 1]}, {"treated": ["0", "1"]}, {"treated": 1, "group": "group"}):
        found = read(table, value, at=2, **{**PLAIN, "unit": "unit", **told})
        assert found.values.columns.tolist() == ["0", "1", "2", "3"]
        assert found.treated.tolist() == [True, True, False, False]


def test_the_zone_decides_the_day():
    stamps = pd.date_range("2026-01-01 20:00", periods=5, tz="UTC")
    assert panel(stamps, "2026-01-04").labels.iloc[0] == "2026-01-01"
    there = panel(stamps, "2026-01-04", tz="Asia/Tokyo")
    assert there.labels.iloc[0] == "2026-01-02" and there.start == 2
