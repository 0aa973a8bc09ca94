"""Payback by hand, against a running sum, and its interval against drawn inputs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.errors import UsageError
from engagelab.ltv.payback import first, payback


def running(cac, margin, churn, discount, start):
    """The payment with which a running sum reaches the cost."""
    total, monthly = 0.0, (1 + discount)**(1 / 12)
    for j in range(3000):
        when = j if start else j + 1
        total += margin * (1 - churn)**when / monthly**when
        if total >= cac * (1 - 1e-12):
            return j + 1
    return np.inf


@given(st.floats(1, 3000), st.floats(.001, .5), st.floats(0, 1), st.booleans())
def test_it_is_the_payment_with_which_the_sum_reaches_the_cost(cac, churn, discount, start):
    found = payback(cac=cac, margin=100, churn=churn, discount=discount, paid="start" if start else "end")
    expected = running(cac, 100, churn, discount, start)
    if np.isfinite(expected) or found["estimate"].item() < 3000:
        assert found["estimate"].item() == expected


def test_a_survival_curve_ends_before_anybody_knows():
    curve = [1.0, .8, .7, .65]
    assert payback(cac=240, margin=100, survival=curve)["estimate"].item() == 3
    assert payback(cac=210, margin=100, survival=curve, paid="end")["estimate"].item() == 3
    row = payback(cac=400, margin=100, survival=curve).iloc[0]
    assert np.isnan(row["estimate"]) and "4 payments" in row["flag"]
    assert payback(cac=250, margin=100, survival=pd.Series(curve))["estimate"].item() == 3


def test_never_is_said():
    row = payback(cac=1000, margin=100, churn=.1).iloc[0]     # 1000 is approached, and reached at no payment
    assert payback(cac=999, margin=100, churn=.1)["estimate"].item() == running(999, 100, .1, 0, True)
    row = payback(cac=1001, margin=100, churn=.1).iloc[0]
    assert row["estimate"] == np.inf and "never" in row["flag"]


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng, hits = np.random.default_rng(8), 0
    truth = running(900, 100, .04, 0, True)
    for _ in range(400):
        churn = rng.binomial(2000, .04) / 2000
        margin = rng.normal(100, 5)
        row = payback(cac=900, margin=pd.Series({"estimate": margin, "se": 5.0}),
                      churn=pd.Series({"estimate": churn, "se": np.sqrt(churn * (1 - churn) / 2000)})).iloc[0]
        assert row["low"] <= row["estimate"] <= row["high"]
        hits += row["low"] <= truth <= row["high"]
    assert hits >= 376      # whole periods cover at least as often as 95 %


def test_where_it_may_never_be_the_interval_has_no_end():
    row = payback(cac=900, margin=100, churn=pd.Series({"estimate": .1, "se": .02})).iloc[0]
    assert np.isfinite(row["estimate"]) and row["high"] == np.inf


@pytest.mark.parametrize("how", [
    {"cac": 0, "margin": 1}, {"cac": 1, "margin": -1}, {"cac": 1, "margin": 1, "churn": 5},
    {"cac": 1, "margin": 1, "churn": .1, "survival": [1, .9]}, {"cac": 1, "margin": 1, "survival": [.9, .8]},
    {"cac": 1, "margin": 1, "survival": [1, .8, .9]}, {"cac": 1, "margin": 1, "survival": []},
    {"cac": 1, "margin": 1, "survival": [1, None]}, {"cac": 1, "margin": 1, "paid": "soon"},
    {"cac": 1, "margin": 1, "discount": np.nan}, {"cac": 1, "margin": 1, "survival": ["one"]}])
def test_what_cannot_be_is_refused(how):
    with pytest.raises(UsageError):
        payback(**how)


def test_the_first_number_is_found_by_halving():
    assert [first(lambda n, least=least: n >= least, 100) for least in (1, 2, 99, 100, 101)] == [1, 2, 99, 100, np.inf]
