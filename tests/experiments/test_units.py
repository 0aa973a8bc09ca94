"""Units of several rows: what some of their rows lack is counted, and tested over the units."""

import numpy as np
import pandas as pd
import pytest

from engagelab.errors import DataError
from engagelab.experiments.compare import compare
from engagelab.metrics.design import Design
from engagelab.metrics.nouns import mean, rate

PASSED, FAILED = "no_difference", "no_verdict"


def shops(many=60, rows=50, seed=1):
    random = np.random.RandomState(seed)
    shop = np.repeat(np.arange(many), rows)
    x = random.normal(.5, 1, many * rows) + random.normal(0, .2, many)[shop]
    return pd.DataFrame({"arm": np.where(shop % 2, "B", "A"), "shop": shop, "x": x, "w": 1.0})


def ran(data, metric=None, **how):
    return compare(data, {"x": metric or mean("x")}, arm="arm", control="A", **{"cluster": "shop"} | how)


@pytest.mark.parametrize("how", [{}, {"cluster": None, "user": "shop"}, {"design": Design(weights="w")}])
def test_answers_that_are_missing_from_the_rows_of_one_arm_turn_the_verdict_off(how):
    data = shops()
    lost = (data["arm"] == "B") & (data["x"] < 0)
    found = ran(data.assign(x=data["x"].mask(lost)), **how)
    check = found.checks.set_index("check").loc["missing"]
    assert check["status"] == "failed" and f"{lost.sum()} of 3,000 rows lack a value" in check["sentence"]
    line = found.frame.iloc[0]
    assert line["verdict"] == FAILED and line["p"] < .001
    assert [line[name] for name in ("n_control", "missing_control", "n_arm", "missing_arm")] == [30, 0, 30, 30]


@pytest.mark.parametrize("many", [8, 60])
def test_answers_that_are_missing_at_random_are_counted_and_judged(many):
    data = shops(many)
    lost = np.random.RandomState(2).rand(len(data)) < .09
    found = ran(data.assign(x=data["x"].mask(lost)))
    check = found.checks.set_index("check").loc["missing"]
    assert check["status"] == "noted" and check["value"] == pytest.approx(lost.mean())
    assert f"{lost.sum()} of {len(data):,} rows lack a value" in check["sentence"]
    assert found.frame["verdict"].iloc[0] != FAILED
    touched = data[lost].groupby("arm")["shop"].nunique()
    assert found.frame[["missing_control", "missing_arm"]].iloc[0].tolist() == touched.tolist()


def test_the_share_that_is_missing_seldom_differs_by_chance_however_much_the_shops_do():
    random, failed = np.random.RandomState(7), 0
    for seed in range(60):
        data = shops(40, 10, seed)
        lost = random.rand(len(data)) < random.beta(1, 3, 40)[data["shop"]]
        failed += ran(data.assign(x=data["x"].mask(lost))).checks.set_index("check").at["missing", "p"] < .05
    assert failed <= 8  # of 3 expected


def test_rows_without_weight_are_left_out_and_not_missing():
    data = shops().assign(w=lambda rows: np.arange(len(rows)) % 3 > 0)
    data["w"] = data["w"].astype(float)
    for how in ({}, {"cluster": None}):
        found = ran(data, design=Design(weights="w"), **how)
        assert "1,000 rows whose weight in 'w' is 0 or empty are left out" in found.notes
        assert found.checks.set_index("check").at["missing", "status"] == "passed"
        assert found.frame[["missing_control", "missing_arm"]].eq(0).all(axis=None)


def test_a_unit_in_two_arms_is_not_named():
    data = shops().assign(shop=lambda rows: rows["shop"].floordiv(2).astype("str") + "@example.com")
    with pytest.raises(DataError, match="30 units of 'shop' are in more than one arm") as caught:
        ran(data, rate("w"))
    assert "@" not in str(caught.value)
