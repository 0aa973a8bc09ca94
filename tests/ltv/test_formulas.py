"""The simple formulas against published figures, brute-force sums, a simulation and by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import UsageError
from engagelab.ltv.formulas import (
    customer_equity,
    from_churn,
    from_purchases,
    from_retention,
    margin_multiple,
    payments,
    per_period,
)
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, rate

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference/value_formulas.json").read_text("utf-8"))}
shares, rates = st.floats(.01, .99), st.floats(0, 1)


def worth(**how):
    return from_retention(**how)["estimate"].item()


def test_the_published_cases():
    expected, inputs = CASES["ltv_simple"]["expected"], CASES["ltv_simple"]["inputs"]
    how = CASES["ltv_simple"]["tolerance"]
    assert from_churn(**inputs["arpu_over_churn"])["estimate"].item() == pytest.approx(
        expected["arpu_over_churn(50,.05)"], rel=how["rtol"])
    assert worth(**inputs["margin_discount"], paid="end") == pytest.approx(
        expected["margin_discount_excl(100,.8,.1)"], rel=how["rtol"])
    assert worth(**inputs["margin_discount"], paid="start") == pytest.approx(
        expected["incl(100,.8,.1)"], rel=how["rtol"])


@given(shares, rates, st.integers(1, 30))
@settings(max_examples=40)
def test_a_finite_horizon_is_the_sum_of_its_payments(retention, discount, years):
    each = [retention**j / (1 + discount)**j for j in range(years + 1)]
    how = {"margin": 100, "retention": retention, "discount": discount, "horizon": f"{years} years"}
    assert worth(**how) == pytest.approx(100 * sum(each[:-1]))
    assert worth(**how, paid="end") == pytest.approx(100 * sum(each[1:]))


@given(shares, rates)
@settings(max_examples=40)
def test_paid_at_the_start_is_one_margin_more_than_at_the_end(retention, discount):
    how = {"margin": 100, "retention": retention, "discount": discount}
    assert worth(**how) == pytest.approx(100 + worth(**how, paid="end"))
    assert worth(**how, paid="end") == pytest.approx(
        100 * margin_multiple(retention=retention, discount=discount)["estimate"].item())


@given(shares, shares, rates, rates)
@settings(max_examples=40)
def test_value_rises_with_retention_and_falls_with_discount(one, other, small, large):
    one, other, small, large = *sorted((one, other)), *sorted((small, large))
    assert worth(margin=1, retention=one, discount=small) <= worth(margin=1, retention=other, discount=small) + 1e-12
    assert worth(margin=1, retention=one, discount=large) <= worth(margin=1, retention=one, discount=small) + 1e-12


def test_the_discount_is_a_years_whatever_the_period():
    assert (1 + per_period(.10, "month"))**12 == pytest.approx(1.10)
    assert (1 + per_period(.10, "week"))**(365.25 / 7) == pytest.approx(1.10)
    monthly = worth(margin=10, retention=.97, discount=.1, every="month", horizon="2 years")
    assert monthly == pytest.approx(sum(10 * .97**j * 1.1**(-j / 12) for j in range(24)))


def test_the_timing_is_always_said():
    said = from_retention(margin=1, retention=.9, discount=.1, every="month", paid="end")["method"].item()
    assert "end of each month" in said and "10.0% a year (0.80% a month)" in said and "without end" in said
    said = margin_multiple(retention=.9, discount=0, paid="start")["method"].item()
    assert "first payment at once" in said and "no discount" in said
    assert "8 payments" in from_retention(margin=1, retention=1, discount=0, horizon="2 years",
                                          every="quarter")["method"].item()


def test_without_an_end_there_is_no_sum():
    assert payments(1.0, 0.0, "start") == np.inf
    for retention, discount in ((1, 0), (1.0, 0.0)):
        with pytest.raises(UsageError, match="no end"):
            from_retention(margin=1, retention=retention, discount=discount)
    assert worth(margin=1, retention=1, discount=.1) == pytest.approx(11)


def test_customer_equity_is_the_sum_of_all_cohorts():
    rows = customer_equity(customers=500, value=80, new=40, new_value=100, cac=30, discount=.12, every="month",
                           horizon="5 years").set_index("metric")["estimate"]
    coming = sum(40 * 70 * 1.12**(-month / 12) for month in range(1, 61))
    assert rows.to_list() == pytest.approx([40_000, coming, 40_000 + coming])
    forever = customer_equity(customers=500, value=80, new=40, new_value=100, cac=130, discount=.12)
    assert forever["estimate"].to_list() == pytest.approx([40_000, -40 * 30 / .12, 40_000 - 40 * 30 / .12])


def test_the_error_of_a_sum_is_not_that_of_a_product():
    cac = pd.Series({"estimate": 100.0, "se": 5.0, "n": 40})
    rows = customer_equity(customers=500, value=80, new=40, new_value=100, cac=cac, discount=.1)
    assert rows["estimate"].to_list() == pytest.approx([40_000, 0, 40_000], abs=1e-6)
    assert rows["se"].to_list()[1:] == pytest.approx([40 * 5 / .1] * 2)
    assert np.isnan(rows["se"].iloc[0])
    assert rows["low"].iloc[1] == pytest.approx(-rows["high"].iloc[1])


def test_the_interval_of_retention_is_the_delta_method():
    retention = pd.Series({"estimate": .8, "se": .02, "n": 400})
    row = from_retention(margin=100, retention=retention, discount=.1).iloc[0]
    assert row["se"] == pytest.approx(100 * 1.1 / .3**2 * .02, rel=1e-6)
    assert row["low"] < row["estimate"] < row["high"] and row["n"] == 400


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
    lambda: from_churn(arpu=pd.DataFrame({"estimate": [1.0], "se": [1.0]}), churn=.1),
    lambda: from_churn(arpu="100", churn=.1), lambda: from_churn(arpu=None, churn=.1),
    lambda: from_churn(arpu=True, churn=.1), lambda: from_churn(arpu=pd.Series({"estimate": 1, "se": -.1}), churn=.1),
    lambda: from_churn(arpu=pd.Series({"estimate": 1, "se": np.inf}), churn=.1),
    lambda: from_retention(margin=1, retention=80), lambda: from_retention(margin=1, retention=.8, discount=-.1),
    lambda: from_retention(margin=1, retention=.8, discount="10%"), lambda: margin_multiple(retention=1, discount=0),
    lambda: from_retention(margin=1, retention=.8, paid="now"),
    lambda: from_retention(margin=1, retention=.8, every="decade"),
    lambda: from_retention(margin=1, retention=.8, horizon="18 months"),
    lambda: from_retention(margin=1, retention=.8, horizon=3),
    lambda: customer_equity(customers=1, value=1, new=1, new_value=1, cac=1, discount=0)])
def test_what_has_no_value_is_refused(call):
    with pytest.raises(UsageError):
        call()
