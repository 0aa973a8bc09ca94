"""The simple formulas against a simulation and by hand."""

import numpy as np
import pandas as pd
import pytest

from engagelab.errors import UsageError
from engagelab.ltv.formulas import from_churn, from_purchases
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, rate


def test_by_hand():
    row = from_purchases(price=2000, frequency=6, duration=3).iloc[0]
    assert row["estimate"] == 36000
    assert np.isnan(row["low"])
    assert "so no interval" in row["method"]
    assert from_churn(arpu=1200, churn=.05)["estimate"].item() == pytest.approx(24000)


def test_arpu_over_churn_is_what_customers_pay_who_leave_by_chance():
    lifetimes = np.random.default_rng(3).geometric(.08, 400_000)  # periods paid, the first by all
    assert from_churn(arpu=10, churn=.08)["estimate"].item() == pytest.approx(10 * lifetimes.mean(), rel=.01)


def test_the_interval_covers_the_truth():
    rng, hits = np.random.default_rng(4), 0
    for _ in range(200):
        paid, left = rng.gamma(4, 300, 400), rng.random(400) < .1
        arpu = pd.Series({"estimate": paid.mean(), "se": paid.std(ddof=1) / 20})
        churn = pd.Series({"estimate": left.mean(), "se": left.std() / 20})
        answer = from_churn(arpu=arpu, churn=churn).iloc[0]
        hits += answer["low"] <= 12_000 <= answer["high"]
    assert 182 <= hits <= 198


def test_rows_of_an_answer_are_inputs():
    rows = measure(pd.DataFrame({"paid": [900.0, 1100, 1000], "left": [0, 1, 0]}), [mean("paid"), rate("left")])
    answer = from_churn(arpu=rows.iloc[0], churn=rows.iloc[1]).iloc[0]
    assert (answer["estimate"], answer["n"]) == (pytest.approx(3000), 3)


def test_the_error_is_the_delta_method():
    price = pd.Series({"estimate": 100.0, "se": 5.0, "n": 30})
    churn = pd.Series({"estimate": .1, "se": .02, "n": 200})
    row = from_churn(arpu=price, churn=churn).iloc[0]
    assert row["se"] == pytest.approx(1000 * np.sqrt(.05**2 + .2**2))
    assert row["low"] * row["high"] == pytest.approx(1000**2)
    assert row["n"] == 30


@pytest.mark.parametrize("call", [
    lambda: from_churn(arpu=100, churn=0), lambda: from_churn(arpu=-1, churn=.1), lambda: from_churn(arpu=100, churn=5),
    lambda: from_purchases(price=float("nan"), frequency=1, duration=1),
    lambda: from_churn(arpu=pd.Series({"estimate": 1.0, "se": np.nan}), churn=.1),
    lambda: from_churn(arpu=pd.Series({"x": 1.0}), churn=.1),
    lambda: from_churn(arpu=pd.DataFrame({"estimate": [1.0], "se": [1.0]}), churn=.1)])
def test_what_has_no_value_is_refused(call):
    with pytest.raises(UsageError):
        call()
