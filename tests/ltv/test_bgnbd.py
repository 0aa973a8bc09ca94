"""The BG/NBD model against the published CDNOW figures, quadrature, the paper's formula and simulated customers."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln, gammaln, hyp2f1
from scipy.stats import beta as beta_distribution

from engagelab.errors import DataError, UsageError
from engagelab.ltv import bgnbd
from engagelab.ltv.bgnbd import BGNBD
from engagelab.ltv.fitting import customers
from engagelab.ltv.purchases import purchases
from tests.public_data import folder

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "value_bgnbd.json").read_text("utf-8"))}
CDNOW = {"r": .24259291, "alpha": 4.41353177, "a": .7928861, "b": 2.42575342}
SIX = pd.DataFrame({"frequency": [2, 2, 0, 1, 7, 25], "recency": [30.4, 5.0, 0, 3.3, 35, 38], "T": 38.9})
ABOVE = st.floats(.05, 30)


@pytest.fixture(scope="module")
def cdnow():
    return pd.read_csv(folder() / "cdnow_customers_summary.csv")


@pytest.fixture(scope="module")
def fitted(cdnow):
    return BGNBD().fit(cdnow, every="week")


@pytest.fixture(scope="module")
def orders():
    table = pd.read_csv(folder() / "CDNOW_sample.txt", sep=r"\s+", header=None,
                        names=["master", "user", "day", "items", "amount"])
    return table.assign(day=pd.to_datetime(table["day"].astype("str"), utc=True))


def test_the_fit_is_the_published_one_of_cdnow(fitted, orders):
    case = CASES["bgnbd_cdnow_published"]
    raw = BGNBD().fit(purchases(orders, user="user", time="day", until="1997-10-01"))
    for model in (fitted, raw):
        for name in BGNBD.NAMES:
            assert model.params[name] == pytest.approx(case["expected"][name], abs=case["tolerance"]["params_abs"])
        assert model.loglik == pytest.approx(case["expected"]["loglik"], abs=case["tolerance"]["loglik_abs"])


def test_the_fit_is_that_of_other_optimisers_to_every_digit_they_print(fitted):
    case, errors = CASES["bgnbd_cdnow_summary_exact"], CASES["bgnbd_cdnow_se"]
    for name in BGNBD.NAMES:
        assert fitted.params[name] == pytest.approx(case["expected"][name], rel=case["tolerance"]["rtol"])
        assert fitted.se[name] == pytest.approx(errors["expected"][f"se_{name}"], rel=errors["tolerance"]["rtol"])
    assert fitted.loglik == pytest.approx(case["expected"]["loglik"], abs=case["tolerance"]["loglik_abs"])
    assert fitted.flag == ""


def test_expected_purchases_of_a_new_customer_are_the_published_ones():
    case, model = CASES["bgnbd_expectation"], BGNBD(CDNOW, every="week")
    found = [model.expected_purchases_of_new(time) for time in (
        "1 day", "1 week", "3 weeks", "223 days", "32 weeks", "78 weeks")]
    assert found == pytest.approx(case["expected"]["published"], abs=case["tolerance"]["published_abs"])
    assert found == pytest.approx(case["expected"]["computed_at_mle"], abs=case["tolerance"]["computed_at_mle_abs"])


def test_totals_of_cdnow(fitted):
    case = CASES["bgnbd_cdnow_totals"]["expected"]
    assert fitted.expected_purchases("39 weeks").sum() == pytest.approx(case["sum_E_Y39"], abs=.001)
    assert fitted.p_alive().mean() == pytest.approx(case["mean_p_alive"], abs=1e-6)


def plainly(x, last, age, r, alpha, a, b):
    """The log-likelihood as the paper prints it."""
    lived = np.exp(betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age))
    left = np.exp(betaln(a + 1, b + x - 1) - betaln(a, b) - (r + x) * np.log(alpha + last)) if x else 0.0
    return gammaln(r + x) - gammaln(r) + r * np.log(alpha) + np.log(lived + left)


def likelihood(theta, table):
    return bgnbd._Likelihood(customers(table))(np.asarray(theta))


@given(st.tuples(ABOVE, ABOVE, ABOVE, ABOVE))
def test_the_likelihood_is_the_one_of_the_paper_and_its_gradient_that_of_differences(values):
    theta = np.log(values)
    value, gradient = likelihood(theta, SIX)
    assert value == pytest.approx(np.mean([plainly(*row, *values) for row in SIX.to_numpy()]), rel=1e-10)
    shifts = 1e-5 * np.eye(4)
    differences = [(likelihood(theta + shift, SIX)[0] - likelihood(theta - shift, SIX)[0]) / 2e-5 for shift in shifts]
    assert gradient == pytest.approx(differences, abs=1e-7, rel=1e-6)


@pytest.mark.parametrize("values", [(.24, 4.4, .8, 2.4), (3, 40, .1, 7), (20, .5, 9, .2)])
def test_the_second_derivatives_are_those_of_differences_of_the_gradient(values):
    likelihood_of = bgnbd._Likelihood(customers(SIX))
    theta, shifts = np.log(values), 1e-5 * np.eye(4)
    differences = [(likelihood_of(theta + shift)[1] - likelihood_of(theta - shift)[1]) / 2e-5 for shift in shifts]
    assert likelihood_of.second(theta) == pytest.approx(np.array(differences), abs=1e-7, rel=1e-6)


def by_counts(shape, time, a, b):
    """The same mean by another way: over how often one could buy (negative binomial), of how often one then does."""
    count = np.arange(int(shape * time + 40 * np.sqrt(shape * time * (1 + time)) + 60 * (1 + time)) + 50)
    share = np.exp(gammaln(shape + count) - gammaln(shape) - gammaln(count + 1) - shape * np.log1p(time)
                   + count * np.log(time / (1 + time)))
    stays = np.cumprod(np.concatenate([[1], (b + count[:-2]) / (a + b + count[:-2])]))
    return share @ np.concatenate([[0], np.cumsum(stays)])


def test_what_is_expected_is_right_for_small_and_large_parameters_and_times():
    random = np.random.RandomState(0)
    for _ in range(60):
        shape, a, b = 10 ** random.uniform([-2, -2.5, -2], [2.5, 2, 2.5])
        time = 10 ** random.uniform(-4, 2.5)
        found = bgnbd.expected(shape, np.array([time]), a, b).item()
        assert found == pytest.approx(by_counts(shape, time, a, b), rel=1e-9)


@pytest.mark.parametrize("shape, a, b, time", [
    (.24, .79, 2.4, 10), (30, .4, 40, .1), (3, 5, 2, 1000), (700, .6, 650, 3)
])
def test_what_is_expected_is_the_integral_over_the_chance_of_leaving(shape, a, b, time):
    def each(p):
        return -np.expm1(-shape * np.log1p(p * time)) / p * beta_distribution.pdf(p, a, b)
    edges = [0, *(beta_distribution.ppf([1e-9, 1e-6, 1e-3, .1, .5, .9, .999], a, b)), 1]
    whole = sum(quad(each, *ends, epsabs=1e-14, epsrel=1e-12, limit=200)[0]
                for ends in pairwise(edges) if ends[1] > ends[0])
    assert bgnbd.expected(shape, np.array([time]), a, b).item() == pytest.approx(whole, rel=1e-7)


def test_expected_purchases_are_the_papers_formula_and_pass_smoothly_over_a_of_1():
    model, time = BGNBD(CDNOW, every="week"), 39.0
    r, alpha, a, b = CDNOW.values()
    x, age = SIX["frequency"], SIX["T"]
    ratio = hyp2f1(r + x, b + x, a + b + x - 1, time / (alpha + age + time))
    paper = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + time)) ** (r + x) * ratio)
    assert model.expected_purchases("39 weeks", SIX).to_numpy() == pytest.approx(
        (paper * model.p_alive(SIX)).to_numpy(), rel=1e-10)
    near = [BGNBD(CDNOW | {"a": a}, every="week").expected_purchases("39 weeks", SIX).sum()
            for a in (1 - 1e-9, 1, 1 + 1e-9)]
    assert np.diff(near, 2) == pytest.approx(0, abs=1e-12)


def test_days_and_weeks_give_the_same_answers(orders):
    made = {every: purchases(orders, user="user", time="day", until="1997-10-01", every=every) for every in (
        "day", "week", "month")}
    models = {every: BGNBD().fit(table) for every, table in made.items()}
    week = models["week"]
    for every, model in models.items():
        assert model.params["r"] == pytest.approx(week.params["r"], rel=1e-7)
        assert model.expected_purchases("39 weeks").to_numpy() == pytest.approx(
            week.expected_purchases("273 days").to_numpy(), rel=1e-6)
        assert model.value("12 months").to_numpy() == pytest.approx(week.value("1 year").to_numpy(), rel=1e-6)
        assert week.p_alive(made[every]).to_numpy() == pytest.approx(week.p_alive().to_numpy(), rel=1e-12)
    assert models["day"].params["alpha"] == pytest.approx(7 * week.params["alpha"], rel=1e-6)


def test_simulated_customers_give_the_parameters_back():
    truth = {"r": .6, "alpha": 9.0, "a": .7, "b": 2.5}
    model = BGNBD().fit(BGNBD(truth, every="week").simulate(4, n=40_000, T="60 weeks"))
    for name, value in truth.items():
        assert abs(model.params[name] - value) < 3 * model.se[name]
        assert model.se[name] < .1 * value


def test_simulated_customers_buy_as_often_as_expected_and_as_the_likelihood_says():
    model = BGNBD(CDNOW, every="week")
    made = model.simulate(2, n=200_000, T="78 weeks")
    bought = made["frequency"]
    assert bought.mean() == pytest.approx(model.expected_purchases_of_new("78 weeks"), abs=4 * bought.std() / 447)
    assert ((made["recency"] > 0) == (bought > 0)).all()
    assert (made["recency"] <= made["T"]).all()
    once = quad(lambda last: np.exp(plainly(1, last, 78.0, *CDNOW.values())), 0, 78)[0]
    assert (bought == 1).mean() == pytest.approx(once, abs=.003)
    assert (bought == 0).mean() == pytest.approx(np.exp(plainly(0, 0, 78.0, *CDNOW.values())), abs=.004)


def test_what_was_forecast_at_half_time_is_what_simulated_customers_do_in_the_other_half():
    model, random = BGNBD(CDNOW | {"r": .8}, every="week"), np.random.RandomState(5)
    rate, leave = random.gamma(.8, 1 / CDNOW["alpha"], 60_000), random.beta(CDNOW["a"], CDNOW["b"], 60_000)
    rows = []
    for each, chance in zip(rate, leave, strict=True):
        times, clock = [], 0.0
        while (clock := clock + random.exponential(1 / each) if each > 1e-300 else np.inf) < 60:
            times.append(clock)
            if random.uniform() < chance:
                break
        early = [time for time in times if time < 30]
        rows.append((len(early), early[-1] if early else 0.0, 30.0, len(times) - len(early)))
    table = pd.DataFrame(rows, columns=["frequency", "recency", "T", "later"])
    expected = model.expected_purchases("30 weeks", table)
    groups = pd.cut(table["recency"], [-1, 0, 10, 20, 25, 30])
    for _, part in table.assign(expected=expected).groupby(groups, observed=True):
        error = (part["later"] - part["expected"]).std() / np.sqrt(len(part))
        assert part["later"].mean() == pytest.approx(part["expected"].mean(), abs=4 * error)


def test_futures_are_drawn_around_what_is_expected():
    model = BGNBD(CDNOW | {"r": 3.0, "a": 3.0}, every="week", data=SIX)
    found = [(counts, worth) for _, counts, worth in model.futures("52 weeks", draws=6_000, seed=3)]
    counts, worth = (np.concatenate(parts) for parts in zip(*found, strict=True))
    for drawn, expected in ((counts, model.expected_purchases("52 weeks")), (worth, model.value("52 weeks"))):
        assert (np.abs(drawn.mean(axis=1) - expected) < 4 * drawn.std(axis=1) / 77 + .003).all()
    endless = np.concatenate([worth for _, _, worth in model.futures(None, draws=3_000, seed=3)])
    assert (np.abs(endless.mean(axis=1) - model.value(None)) < 4 * endless.std(axis=1) / 54 + .003).all()


def test_value_is_the_sum_over_small_steps_and_for_ever_is_the_limit():
    model = BGNBD(CDNOW, every="day")
    months = np.arange(0, 37)
    until = np.array([np.zeros(6), *(model.expected_purchases(f"{month} months", SIX) for month in months[1:])])
    middle = 1.1 ** (-(months[:-1] + .5) / 12)
    assert model.value("3 years", SIX).to_numpy() == pytest.approx(middle @ np.diff(until, axis=0), rel=1e-3)
    assert model.value("400 years", SIX).to_numpy() == pytest.approx(model.value(None, SIX).to_numpy(), rel=1e-9)
    assert model.value("3 years", SIX, discount=0).to_numpy() == pytest.approx(until[-1], rel=1e-12)
    assert model.value("1 year", SIX, margin=.3, spend=20.0).to_numpy() == pytest.approx(
        6 * model.value("1 year", SIX).to_numpy())


@given(st.tuples(ABOVE, ABOVE, ABOVE, ABOVE), st.integers(1, 300), st.floats(1, 500), st.lists(
    st.floats(.01, 1), min_size=2, max_size=5), st.integers(1, 100))
def test_who_bought_more_lately_is_rather_alive_and_more_time_brings_more(values, x, age, places, weeks):
    model = BGNBD(dict(zip(BGNBD.NAMES, values, strict=True)), every="week")
    table = pd.DataFrame({"frequency": x, "recency": np.sort(places) * age, "T": age})
    alive = model.p_alive(table).to_numpy()
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (np.diff(alive) >= 0).all()
    near, far = (model.expected_purchases(f"{n} weeks", table).to_numpy() for n in (weeks, weeks + 10))
    assert (near <= far * (1 + 1e-12)).all()
    assert (model.value(f"{weeks} weeks", table) <= near * (1 + 1e-12)).all()
    ten = BGNBD(dict(model.params) | {"alpha": 7 * values[1]}, every="day")
    table.attrs["every"] = "week"
    assert ten.expected_purchases(f"{weeks} weeks", table).to_numpy() == pytest.approx(near, rel=1e-9, abs=1e-300)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.floats(.01, 1), st.floats(.1, 1000)), min_size=1, max_size=30))
def test_any_table_is_fitted_flagged_or_refused(rows):
    table = pd.DataFrame([(x, place * age if x else 0.0, age) for x, place, age in rows],
                         columns=["frequency", "recency", "T"])
    if not table["frequency"].any():
        with pytest.raises(DataError, match="bought twice"):
            BGNBD().fit(table, every="week")
        return
    model = BGNBD().fit(table, every="week")
    assert np.isfinite(model.params).all() and np.isfinite(model.loglik)
    assert bool(model.flag) == bool(model.se.isna().any())
    alive = model.p_alive()
    assert ((alive >= 0) & (alive <= 1)).all()
    assert np.isfinite(model.expected_purchases("10 weeks")).all()


def test_data_that_do_not_hold_the_parameters_are_flagged():
    even = pd.DataFrame({"frequency": [5] * 200, "recency": np.linspace(40, 50, 200), "T": 50.0})
    model = BGNBD().fit(even, every="week")
    assert model.flag.startswith("no inner maximum")
    assert "no inner maximum" in repr(model)
    assert model.frame["low"].isna().all()


def test_what_cannot_be_asked_is_refused():
    model = BGNBD(CDNOW, every="week")
    with pytest.raises(UsageError, match=r"\.fit\(purchases\)"):
        BGNBD().p_alive(SIX)
    with pytest.raises(UsageError, match="purchases="):
        model.p_alive()
    with pytest.raises(UsageError, match=r"discount -0\.1 a year"):
        model.value("1 year", SIX, discount=-.1)
    with pytest.raises(UsageError, match="discount 0 a year"):
        model.value(None, SIX, discount=0)
    with pytest.raises(UsageError, match="horizon"):
        model.expected_purchases("soon", SIX)
    with pytest.raises(UsageError, match="every="):
        replace(model, every=None).expected_purchases("1 week", SIX)
    with pytest.raises(DataError, match="row 2"):
        model.p_alive(SIX.assign(recency=[30.4, 50, 0, 3.3, 35, 38]))
