"""The shifted-beta-geometric model against published figures, brute-force sums, other likelihoods and simulation."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from engagelab.errors import EngagelabError, UsageError
from engagelab.ltv.sbg import SBG

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference/value_formulas.json").read_text("utf-8"))}
REGULAR = CASES["sbg_regular"]["data"]["survivors_0_7"]
above = st.floats(.05, 20)


def derl(params, paid, **how):
    return SBG(params, "year").value(1, paid_periods=paid, **how)["estimate"].to_numpy()


def test_the_published_fit():
    expected, how = CASES["sbg_regular"]["expected"], CASES["sbg_regular"]["tolerance"]
    model = SBG().fit(REGULAR, every="year")
    assert model.params.to_list() == pytest.approx([expected["alpha"], expected["beta"]], abs=how["params_abs"])
    assert model.loglik == pytest.approx(expected["loglik"], abs=how["loglik_abs"])
    survival = 100 * model.survival("12 years")["estimate"]
    assert survival.to_list() == pytest.approx(expected["survival_pct_0_12"], abs=how["survival_abs"])
    assert model.retention("12 years")["estimate"].to_list() == pytest.approx(
        expected["retention_1_12"], abs=how["retention_abs"])
    missed = np.abs(survival[8:].to_numpy() - expected["holdout_actual_8_12"]).mean()
    assert missed == pytest.approx(expected["holdout_mae"], abs=how["holdout_mae_abs"])


def test_the_published_values_of_what_is_still_to_come():
    case = CASES["sbg_derl"]
    params = {name: case["data"][name] for name in ("alpha", "beta")}
    found = derl(params, [0, 1, 2, 3, 4, 5, 8], discount=case["data"]["d"])
    assert found == pytest.approx([case["expected"]["DEL_new"], *case["expected"]["n1_to_5"], case["expected"]["n8"]],
                                  abs=case["tolerance"]["abs"])


@pytest.mark.parametrize("name", ["case1", "case2"])
def test_the_published_perils(name):
    case = CASES["sbg_perils"]
    model = SBG(case["inputs"][name], "year")
    how = {"abs": case["tolerance"]["abs"]}
    assert model.retention("5 years")["estimate"].to_list() == pytest.approx(
        case["expected"][f"{name}_retention"], **how)
    assert derl(case["inputs"][name], [1, 2, 3, 4, 5]) == pytest.approx(case["expected"][f"{name}_derl"], **how)


@given(above, above, st.integers(0, 30), st.sampled_from(["year", "month"]))
@settings(max_examples=20)
def test_the_closed_form_is_the_sum_of_all_payments(alpha, beta, paid, every):
    model, per = SBG({"alpha": alpha, "beta": beta}, every), 1.1 if every == "year" else 1.1**(1 / 12)
    age = np.arange(paid + 8000)
    stay = np.exp(betaln(alpha, beta + age) - betaln(alpha, beta))
    ahead = stay[paid:] / (stay[paid - 1] if paid else 1.0)
    assert model.value(1, paid_periods=paid)["estimate"].item() == pytest.approx(
        (ahead * (1 / per)**np.arange(len(ahead))).sum(), rel=1e-8)
    assert model.value(1, paid_periods=paid, horizon="2 years")["estimate"].item() == pytest.approx(
        (ahead * (1 / per)**np.arange(len(ahead)))[:2 if every == "year" else 24].sum(), rel=1e-10)


@pytest.mark.parametrize(("alpha", "beta", "every", "discount", "paid", "value"), [    # mpmath 1.3.0: hyp2f1, 40 digits
    (.668, 3.806, "week", .10, 200, 287.7540178526), (.668, 3.806, "week", .10, 520, 377.379781824),
    (20.0, 60.0, "day", .10, 90, 7.8250939175), (1.4, 20.0, "month", 1.0079**12 - 1, 300, 87.834101128),
    (.03, .5, "month", 1.0079**12 - 1, 0, 106.217835290)])
def test_values_far_from_the_usual_are_right_too(alpha, beta, every, discount, paid, value):
    model = SBG({"alpha": alpha, "beta": beta}, every)
    assert model.value(1, discount=discount, paid_periods=paid)["estimate"].item() == pytest.approx(value, rel=1e-10)


@given(above, above, st.floats(.02, 1), st.floats(.02, 1))
@settings(max_examples=20)
def test_value_falls_with_the_discount_and_rises_with_age(alpha, beta, one, other):
    one, other = sorted((one, other))
    params = {"alpha": alpha, "beta": beta}
    assert (derl(params, [0, 1, 5], discount=other) <= derl(params, [0, 1, 5], discount=one) * (1 + 1e-12)).all()
    later = derl(params, [1, 2, 5, 20])
    assert (np.diff(later) > -1e-9).all()       # who has stayed has a lower churn


def test_a_table_of_customers_says_the_same_as_the_counts():
    left = -np.diff(REGULAR)
    rows = [(age + 1, True) for age, n in enumerate(left) for _ in range(n)] + [(7, False)] * REGULAR[-1]
    table = pd.DataFrame(rows, columns=["years", "gone"]).sample(frac=1, random_state=3)
    one, two = SBG().fit(REGULAR, every="year"), SBG().fit(table, every="year", duration="years", ended="gone")
    assert one.params.to_list() == two.params.to_list()
    assert (one.n, one.loglik) == (two.n, two.loglik)


def test_the_likelihood_is_that_of_the_beta_function():
    alpha, beta = 1.3, 2.1
    table = SBG({"alpha": alpha, "beta": beta}, "month").simulate(500, horizon="9 months", seed=2)
    fit = SBG().fit(table, every="month")
    a, b = fit.params
    times = table["duration"].to_numpy()
    each = np.where(table["ended"], betaln(a + 1, b + times - 1), betaln(a, b + times)) - betaln(a, b)
    assert fit.loglik == pytest.approx(each.sum())


def test_cohorts_of_different_ages_recover_the_truth_and_intervals_cover_it():
    truth, hits = np.array([1.4, 3.0]), np.zeros(2)
    mean = (truth.sum() - 1) / (truth[0] - 1)
    covered = 0
    for seed in range(60):
        parts = [SBG(dict(zip(("alpha", "beta"), truth, strict=True)), "month").simulate(
            700, horizon=f"{months} months", seed=10 * seed + months) for months in (3, 6, 9)]
        fit = SBG().fit(pd.concat(parts), every="month")
        assert not fit.flag
        hits += ((fit.frame["low"] <= truth) & (truth <= fit.frame["high"])).to_numpy()
        row = fit.value(1, discount=.1, horizon="2 years").iloc[0]
        sure = SBG(dict(zip(("alpha", "beta"), truth, strict=True)), "month").value(1, horizon="2 years")
        covered += row["low"] <= sure["estimate"].item() <= row["high"]
        life = fit.expected_lifetime().iloc[0]
        assert life["high"] == np.inf or life["low"] < life["estimate"] < life["high"]
    assert (hits >= 52).all() and covered >= 52
    assert mean == pytest.approx(8.5)


def test_the_simulation_has_the_survival_of_the_model():
    model = SBG({"alpha": .7, "beta": 1.2}, "year")
    made = model.simulate(60_000, seed=5)
    assert made["ended"].all()
    observed = [(made["duration"] > age).mean() for age in range(6)]
    assert observed == pytest.approx(model.survival("5 years")["estimate"].to_list(), abs=.006)


def test_the_mean_lifetime_has_an_end_only_for_alpha_above_1():
    model = SBG({"alpha": 3.0, "beta": 2.0}, "month")
    assert model.expected_lifetime()["estimate"].item() == pytest.approx(2.0)
    assert model.value(7, discount=0)["estimate"].item() == pytest.approx(14.0)
    assert model.value(7, discount=0, paid_periods=[1, 5])["estimate"].to_list() == pytest.approx([7.0, 21.0])
    large = SBG({"alpha": 15.5, "beta": 155.0}, "month").expected_lifetime()
    assert large["estimate"].item() == pytest.approx(169.5 / 14.5)
    row = SBG({"alpha": .7, "beta": 1.2}, "year").expected_lifetime().iloc[0]
    assert row["estimate"] == np.inf and "for ever" in row["flag"]
    with pytest.raises(UsageError, match="discount="):
        SBG({"alpha": .7, "beta": 1.2}, "year").value(1, discount=0)


def test_where_nobody_differs_it_is_flagged():
    made = np.round(10_000 * .8**np.arange(8)).astype(int)
    model = SBG().fit(made, every="month")
    assert "no inner maximum" in model.flag
    assert model.survival("5 months")["low"].isna().all()
    assert "no inner maximum" in SBG().fit([1000, 600], every="year").flag      # one renewal: one number for two


def test_missing_customers_are_counted():
    table = SBG({"alpha": 1.0, "beta": 2.0}, "month").simulate(300, horizon="6 months")
    table = table.astype({"duration": "float64", "ended": "boolean"})
    table.loc[:4, "duration"], table.loc[3:7, "ended"] = np.nan, pd.NA
    fit = SBG().fit(table, every="month")
    assert (fit.n, fit.n_missing) == (292, 8)
    assert (fit.frame["n_missing"] == 8).all()


@pytest.mark.parametrize("data", [
    [1000, 631, 700], [1000, 631.5], [1000], [1000, None], [1000, "x"], [1000, -1], [1000, 1000], [1000, 0], [],
    pd.DataFrame({"duration": [1.5, 2], "ended": [True, False]}),
    pd.DataFrame({"duration": [0, 2], "ended": [True, False]}),
    pd.DataFrame({"duration": [-1, 2], "ended": [False, True]}),
    pd.DataFrame({"duration": [3, 2], "ended": [False, False]}),
    pd.DataFrame({"duration": [3, 2], "ended": ["yes", "no"]}), pd.DataFrame({"duration": [3, 2]}),
    pd.DataFrame({"duration": [2_600_000, 2], "ended": [True, False]}),
    pd.DataFrame({"duration": [np.inf, 2], "ended": [True, False]}),
    pd.DataFrame({"duration": [], "ended": []})])
def test_what_cannot_be_fitted_is_refused(data):
    with pytest.raises(EngagelabError):
        SBG().fit(data, every="year")


@pytest.mark.parametrize("call", [
    lambda: SBG().survival("1 year"), lambda: SBG({"alpha": 1.0, "beta": 1.0}).survival("1 year"),
    lambda: SBG({"alpha": 1.0}), lambda: SBG({"alpha": 0, "beta": 1}),
    lambda: SBG({"alpha": 1.0, "beta": 1.0}, "year").survival("18 months"),
    lambda: SBG({"alpha": 1.0, "beta": 1.0}, "year").value(1, paid_periods=-1),
    lambda: SBG({"alpha": 1.0, "beta": 1.0}, "year").value(1, paid_periods=1.5),
    lambda: SBG({"alpha": 1.0, "beta": 1.0}, "year").value(1, paid_periods=[]),
    lambda: SBG({"alpha": 1.0, "beta": 1.0}, "year").value(0),
    lambda: SBG({"alpha": 1.0, "beta": 1.0}, "year").value("x"),
    lambda: SBG({"alpha": 1.0, "beta": 1.0}, "year").simulate(-1),
    lambda: SBG().fit([10, 5], every="fortnight"), lambda: SBG().fit("abc", every="year")])
def test_what_cannot_be_asked_is_refused(call):
    with pytest.raises(EngagelabError):
        call()
