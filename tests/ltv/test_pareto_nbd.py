"""The Pareto/NBD model against the CDNOW figures, lifetimes 0.11.3, plain quadrature and simulated customers."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln, hyperu

from engagelab.errors import DataError, UsageError
from engagelab.ltv.fitting import Customers
from engagelab.ltv.pareto_nbd import ParetoNBD, _likelihood, _lived
from tests.public_data import folder

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "value_pareto_gamma.json").read_text("utf-8"))}
CDNOW = {"r": .553, "alpha": 10.578, "s": .606, "beta": 11.669}
SLOW_TO_LEAVE = {"r": 1.553, "alpha": 3.578, "s": .906, "beta": 51.669}  # alpha < beta by far
SIX = pd.DataFrame({"frequency": [2, 2, 0, 1, 7, 25], "recency": [30.4, 5.0, 0, 3.3, 35, 38], "T": 38.9})
ABOVE = st.floats(.05, 30)


@pytest.fixture(scope="module")
def cdnow():
    return pd.read_csv(folder() / "cdnow_customers_summary.csv")


@pytest.fixture(scope="module")
def fitted(cdnow):
    return ParetoNBD().fit(cdnow, every="week")


def one(x, last, age):
    return Customers(np.array([x], "float64"), np.array([last], "float64"), np.array([age], "float64"), np.ones(1),
                     np.zeros(1, "int64"))


def plainly(x, last, age, r, alpha, s, beta):
    """The log-likelihood of a history, the integral by adaptive quadrature in pieces."""
    def left(t):
        return np.exp(-(r + x) * np.log((alpha + t) / (alpha + last)) - (s + 1) * np.log((beta + t) / (beta + last)))
    scales = [(alpha + last) / (r + x), (beta + last) / (s + 1)]
    inside = (last + k * scale for scale in scales for k in (.1, 1, 5, 20))
    edges = sorted({last, age, *(edge for edge in inside if edge < age)})
    gone = sum(quad(left, *ends, epsabs=0, epsrel=1e-13)[0] for ends in pairwise(edges))
    stayed = ((alpha + last) / (alpha + age)) ** (r + x) * ((beta + last) / (beta + age)) ** s
    return (gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) - (r + x) * np.log(alpha + last)
            - s * np.log(beta + last) + np.log(stayed + s * gone / (beta + last)))


def histories(n):
    random = np.random.RandomState(0)
    for _ in range(n):
        values = np.exp(random.uniform(np.log([.02, .05, .02, .01]), np.log([50, 1000, 50, 5000])))
        age, x = np.exp(random.uniform(0, 7)), random.choice([0, 0, 1, 2, 5, 20, 100, 500, 1000])
        yield values, x, 0.0 if not x else age * random.uniform() ** random.choice([.1, 1, 5]), age


@pytest.mark.parametrize("name", ["pnbd_cdnow_published", "pnbd_cdnow_exact"])
def test_a_fit_to_cdnow_gives_the_published_parameters(fitted, name):
    expected, tolerance = dict(CASES[name]["expected"]), CASES[name]["tolerance"]
    assert fitted.loglik == pytest.approx(expected.pop("loglik"), abs=tolerance["loglik_abs"])
    assert fitted.params.to_dict() == pytest.approx(
        expected, rel=tolerance.get("params_rtol"), abs=tolerance.get("params_abs"))
    assert not fitted.flag and fitted.n == 2357


def test_the_discounted_residual_transactions_of_the_reference_case():
    case = CASES["pnbd_dert"]
    given_ = case["inputs"]
    model = ParetoNBD({name: given_[name] for name in ParetoNBD.NAMES}, every="week")
    who = pd.DataFrame({"frequency": [given_["x"]], "recency": [given_["t_x"]], "T": [given_["T"]]})
    yearly = np.expm1(given_["delta"] * 365.25 / 7)
    assert model.value(None, who, discount=yearly).item() == pytest.approx(
        case["expected"]["dert"], rel=case["tolerance"]["rtol"])


@pytest.mark.parametrize(("params", "alive", "coming"), [
    (CDNOW, [.86792724, .12987333, .29505201, .2086337, .93526482, .98622542],
     [1.45204363, .21727829, .10692254, .21232516, 4.62913256, 16.51443127]),
    (SLOW_TO_LEAVE, [.87550375, .04573821, .16179475, .09537416, .94063273, .98790781],
     [2.41548847, .12619035, .19511364, .18907464, 6.24727043, 20.36956541])])
def test_chances_and_forecasts_are_those_of_lifetimes(params, alive, coming):
    model = ParetoNBD(params, every="week")
    assert model.p_alive(SIX).tolist() == pytest.approx(alive, abs=1e-8)
    assert model.expected_purchases("39 weeks", SIX).tolist() == pytest.approx(coming, abs=1e-7)


def test_a_new_customer_is_expected_to_buy_as_lifetimes_says():
    model = ParetoNBD(CDNOW, every="week")
    found = [model.expected_purchases_of_new(horizon) for horizon in ("1 day", "1 week", "3 weeks", "52 weeks")]
    assert found == pytest.approx([.00744081, .05097984, .14606119, 1.4729968], abs=1e-7)


def test_the_likelihood_is_that_of_plain_quadrature_for_hundreds_of_purchases_and_years():
    for values, *history in histories(150):
        found, _ = _likelihood(np.log(values), one(*history))
        assert found == pytest.approx(plainly(*history, *values), rel=1e-11, abs=1e-12), (values, history)


def test_the_gradient_is_that_of_finite_differences():
    for values, *history in histories(150):
        theta, who = np.log(values), one(*history)
        slope = [(_likelihood(theta + step, who)[0] - _likelihood(theta - step, who)[0]) / 2e-5
                 for step in 1e-5 * np.eye(4)]
        assert _likelihood(theta, who)[1] == pytest.approx(slope, rel=1e-6, abs=1e-6), (values, history)


@pytest.mark.parametrize(("s", "beta", "age", "rate"), [
    (.4, 10, 50, .0027), (.606, 11.7, 30, .003), (1.3, 40, 10, .01), (2.5, 60, 5, .1)])
def test_the_time_still_to_be_lived_is_tricomis_function(s, beta, age, rate):
    size = beta + age
    closed = size**s * rate**(s - 1) * hyperu(s, s, rate * size)
    assert _lived(np.array([age]), np.inf, rate, s, beta)[0] == pytest.approx(closed, rel=1e-10)


@pytest.mark.parametrize("s", [.3, 1.0, 1.0 + 1e-9, 4.0, 300.0])
def test_the_time_lived_up_to_a_limit_is_the_closed_form_also_where_s_is_1(s):
    grown = np.log((20 + 39) / 20)
    closed = 20 * (grown if s == 1 else -np.expm1((1 - s) * grown) / (s - 1))
    assert _lived(np.array([5.0]), 39.0, 0.0, s, 15.0)[0] == pytest.approx(closed, rel=1e-8)


def test_a_long_horizon_is_worth_what_all_time_is_and_discount_0_counts_purchases():
    model = ParetoNBD(CDNOW, every="week")
    assert model.value("900 years", SIX).tolist() == pytest.approx(model.value(None, SIX).tolist(), rel=1e-9)
    assert model.value("39 weeks", SIX, discount=0).tolist() == pytest.approx(
        model.expected_purchases("39 weeks", SIX).tolist(), rel=1e-12)
    assert model.value("1 year", SIX, margin=.5, spend=30.0).tolist() == pytest.approx(
        (15 * model.value("1 year", SIX)).tolist())


def test_the_parameters_of_simulated_customers_are_found_again():
    true = ParetoNBD({"r": .8, "alpha": 8.0, "s": .9, "beta": 15.0}, every="week")
    made = ParetoNBD().fit(true.simulate(3, n=30_000, T="104 weeks"))
    assert made.every == "week"
    assert (abs(np.log(made.params / true.params)) < 3 * made.se / made.params).all()


def test_simulated_customers_are_as_alive_and_buy_as_the_model_says():
    true, random = ParetoNBD({"r": 1.2, "alpha": 6.0, "s": .7, "beta": 20.0}, every="week"), np.random.RandomState(8)
    n, until, later = 400_000, 30.0, 25.0
    rate, leaving = random.gamma(1.2, 1 / 6, n), random.exponential(1 / random.gamma(.7, 1 / 20, n))
    frequency = random.poisson(rate * np.minimum(leaving, until))
    last = np.where(frequency, random.uniform(size=n) ** (1 / np.maximum(frequency, 1)) * np.minimum(leaving, until), 0)
    coming = random.poisson(rate * np.clip(leaving - until, 0, later))
    table = pd.DataFrame({"frequency": frequency, "recency": last, "T": until})
    alive, expected = true.p_alive(table), true.expected_purchases("25 weeks", table)
    for x in range(4):
        chosen = frequency == x
        assert alive[chosen].mean() == pytest.approx((leaving > until)[chosen].mean(), abs=.006)
        assert expected[chosen].mean() == pytest.approx(coming[chosen].mean(), abs=.02)
    made = true.simulate(5, n=n, T="30 weeks")
    assert made["frequency"].mean() == pytest.approx(frequency.mean(), rel=.01)
    assert made["recency"].mean() == pytest.approx(last.mean(), rel=.01)
    assert made.attrs["every"] == "week" and (made["recency"] <= made["T"]).all()


def test_customers_drawn_from_their_history_go_on_as_is_to_be_expected():
    model, random = ParetoNBD(CDNOW, every="week"), np.random.RandomState(1)
    who = one(2, 30.4, 38.9)
    many = Customers(*(np.repeat(column, 400_000) for column in (who.frequency, who.recency, who.age, who.weight)),
                     place=np.zeros(0, "int64"))
    rate, chance, left = model._lives(model._values(), many, random)
    assert not chance.any()
    expected = model._coming(model._values(), who, 39.0, 0.0).item()
    assert (rate * np.minimum(left, 39)).mean() == pytest.approx(expected, rel=.01)


def test_the_unit_of_time_changes_no_answer(cdnow, fitted):
    daily = ParetoNBD().fit(cdnow.assign(recency=cdnow["recency"] * 7, T=cdnow["T"] * 7), every="day")
    assert (daily.params / fitted.params).tolist() == pytest.approx([1, 7, 1, 7], rel=1e-6)
    assert daily.expected_purchases("12 months").tolist() == pytest.approx(
        fitted.expected_purchases("12 months").tolist(), rel=1e-6)
    assert daily.value().sum() == pytest.approx(fitted.value().sum(), rel=1e-6)
    assert fitted.expected_purchases("39 weeks").sum() == pytest.approx(1665.534, abs=.01)  # lifetimes: 1665.54
    assert fitted.p_alive().mean() == pytest.approx(.44628, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(r=ABOVE, alpha=ABOVE, s=ABOVE, beta=ABOVE, x=st.integers(1, 2000), late=st.floats(.01, .99))
def test_more_recent_is_more_alive_and_a_longer_horizon_brings_more(r, alpha, s, beta, x, late):
    model = ParetoNBD({"r": r, "alpha": alpha, "s": s, "beta": beta}, every="week")
    two = pd.DataFrame({"frequency": x, "recency": [50 * late, 50 * (late + 1) / 2], "T": 50.0})
    alive = model.p_alive(two)
    assert 0 <= alive[0] <= alive[1] <= 1
    assert (model.expected_purchases("4 weeks", two) <= model.expected_purchases("9 weeks", two) + 1e-300).all()
    assert (model.value("9 weeks", two) <= model.expected_purchases("9 weeks", two) + 1e-300).all()


def test_where_nobody_bought_twice_the_error_says_so():
    with pytest.raises(DataError, match="none of the 3 customers bought twice"):
        ParetoNBD().fit(pd.DataFrame({"frequency": [0, 0, 0], "recency": 0.0, "T": [3.0, 4.0, 5.0]}), every="week")


@pytest.mark.parametrize("table", [
    {"frequency": [1, 1, 1], "recency": [2.0, 2.0, 2.0], "T": [5.0, 5.0, 5.0]},
    {"frequency": [3] * 40, "recency": [9.9] * 40, "T": [10.0] * 40},
    {"frequency": [0, 5000], "recency": [0.0, 99.0], "T": [100.0, 100.0]}])
def test_data_that_do_not_hold_the_parameters_are_flagged(table):
    made = ParetoNBD().fit(pd.DataFrame(table), every="day")
    assert made.flag.startswith("no inner maximum") and made.frame["low"].isna().all()
    assert made.p_alive().between(0, 1).all() and made.expected_purchases("9 days").ge(0).all()


def test_a_discount_that_cannot_be_is_refused():
    model = ParetoNBD(CDNOW, every="week")
    for horizon, discount in ((None, 0.0), ("1 year", -.1), ("1 year", np.nan)):
        with pytest.raises(UsageError, match="discount"):
            model.value(horizon, SIX, discount=discount)


def test_many_histories_are_worked_through_in_parts(monkeypatch):
    whole = ParetoNBD(CDNOW, every="week").p_alive(SIX)
    monkeypatch.setattr("engagelab.ltv.pareto_nbd.CHUNK", 2)
    assert ParetoNBD(CDNOW, every="week").p_alive(SIX).tolist() == whole.tolist()
