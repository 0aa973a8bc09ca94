"""The Gamma-Gamma model against the CDNOW figures, lifetimes 0.11.3, plain quadrature and simulated customers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma as gamma_law
from scipy.stats import spearmanr

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.ltv.gamma_gamma import GammaGamma, _objective, spend_of
from engagelab.ltv.purchases import purchases
from tests.public_data import folder

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "value_pareto_gamma.json").read_text("utf-8"))}
PUBLISHED = GammaGamma({"p": 6.25, "q": 3.74, "gamma": 15.44})
THREE = pd.DataFrame({"frequency": [0, 1, 9], "monetary": [np.nan, 100.0, 100.0]})


@pytest.fixture(scope="module")
def cdnow():
    """Purchases of the log up to the end of September 1997, amounts of 0 among them."""
    log = pd.read_csv(folder() / "CDNOW_sample.txt", sep=r"\s+", header=None,
                      names=["master", "user", "day", "cds", "amount"], dtype={"user": "str", "day": "str"})
    log["day"] = pd.to_datetime(log["day"]).dt.tz_localize("UTC")
    table = purchases(log, user="user", time="day", amount="amount", until="1997-10-01")
    assert (table["frequency"] > 0).sum() == 946
    return table


def bought(n, seed, sizes=(1, 2, 3, 5, 9)):
    return pd.DataFrame({"frequency": np.random.RandomState(seed + 1000).choice(sizes, n)})


@pytest.mark.parametrize("name", ["gg_cdnow_published", "gg_cdnow_raw_exact"])
def test_a_fit_to_cdnow_gives_the_published_parameters(cdnow, name):
    expected, tolerance = dict(CASES[name]["expected"]), CASES[name]["tolerance"]
    made, _ = GammaGamma().fit(cdnow), expected.pop("n", None)
    assert made.loglik == pytest.approx(expected.pop("loglik"), abs=tolerance["loglik_abs"])
    assert made.params.to_dict() == pytest.approx(expected, rel=tolerance.get("rtol"), abs=tolerance.get("params_abs"))
    assert (made.n, made.n_missing, made.flag) == (946, 0, "")


def test_amounts_rounded_to_cents_give_the_other_published_parameters(cdnow):
    case = CASES["gg_cdnow_lifetimes_summary"]
    expected = dict(case["expected"])
    cents = cdnow.assign(monetary=np.floor(cdnow["monetary"] * 100 + .5 + 1e-9) / 100)
    made = GammaGamma().fit(cents)
    assert made.loglik == pytest.approx(expected.pop("loglik"), abs=case["tolerance"]["loglik_abs"])
    assert made.population_mean == pytest.approx(expected.pop("population_mean"), rel=1e-5)
    assert made.params.to_dict() == pytest.approx(expected, rel=case["tolerance"]["rtol"])


def test_the_mean_to_come_is_that_of_lifetimes_and_of_plain_quadrature():
    assert PUBLISHED.expected_spend(THREE).tolist() == pytest.approx([35.218978, 80.261, 96.99], abs=.01)
    p, q, scale = PUBLISHED.params
    for x, m in ((1, 100.0), (9, 20.0), (300, 55.0)):
        law = gamma_law(q, scale=1 / scale)

        def log_joint(rate, x=x, m=m, law=law):
            return law.logpdf(rate) + gamma_law(p * x, scale=1 / (rate * x)).logpdf(m)
        top = (p * x + q) / (scale + x * m)

        def weighted(rate, power, joint=log_joint, top=top):
            return rate**power * np.exp(joint(rate) - joint(top))
        mean = quad(weighted, 0, 20 * top, args=(-1,), points=[top / 2, top, 2 * top], limit=400)[0] * p
        mean /= quad(weighted, 0, 20 * top, args=(0,), points=[top / 2, top, 2 * top], limit=400)[0]
        found = PUBLISHED.expected_spend(pd.DataFrame({"frequency": [x], "monetary": [m]})).item()
        assert found == pytest.approx(mean, rel=1e-6)


def test_the_likelihood_is_the_sum_of_densities_and_its_gradient_that_of_differences():
    table, theta = PUBLISHED.simulate(1, bought(40, 1)), np.log([2.3, 1.7, 8.0])
    x, m = table["frequency"].to_numpy("float64"), table["monetary"].to_numpy()
    objective = _objective(x, m)
    p, q, scale = np.exp(theta)
    law = gamma_law(q, scale=1 / scale)
    plain = [np.log(quad(lambda rate, x=x, m=m: law.pdf(rate) * gamma_law(p * x, scale=1 / (rate * x)).pdf(m), 0, 20,
                         points=[p / m, .5], limit=300)[0]) for x, m in zip(x, m, strict=True)]
    assert objective(theta)[0] == pytest.approx(np.mean(plain), rel=1e-7)
    slope = [(objective(theta + step)[0] - objective(theta - step)[0]) / 2e-5 for step in 1e-5 * np.eye(3)]
    assert objective(theta)[1] == pytest.approx(slope, rel=1e-7, abs=1e-8)


def test_the_parameters_of_simulated_amounts_are_found_again():
    made = GammaGamma().fit(PUBLISHED.simulate(2, bought(20_000, 2)))
    assert (abs(np.log(made.params / PUBLISHED.params)) < 3 * made.se / made.params).all()
    assert made.population_mean == pytest.approx(PUBLISHED.population_mean, rel=.02)
    assert not made.notes


def test_simulated_amounts_have_the_mean_of_the_population_and_none_without_repeat_purchases():
    table = PUBLISHED.simulate(4, pd.DataFrame({"frequency": [0] * 10 + [2] * 300_000}))
    assert table["monetary"][:10].isna().all()
    assert table["monetary"].mean() == pytest.approx(PUBLISHED.population_mean, rel=.01)


@settings(max_examples=25, deadline=None)
@given(unit=st.sampled_from([1e-6, .01, 150.0, 1e9]), seed=st.integers(0, 50))
def test_the_currency_changes_no_answer(unit, seed):
    table = PUBLISHED.simulate(seed, bought(300, seed))
    made, other = GammaGamma().fit(table), GammaGamma().fit(table.assign(monetary=table["monetary"] * unit))
    assert other.flag == made.flag
    if not made.flag:
        assert (other.params / made.params).tolist() == pytest.approx([1, 1, unit], rel=1e-6)
        assert other.loglik == pytest.approx(made.loglik - 300 * np.log(unit), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(p=st.floats(.1, 20), q=st.floats(1.05, 20), x=st.integers(1, 500), m=st.floats(.01, 1e6))
def test_the_mean_to_come_lies_between_the_own_mean_and_that_of_all(p, q, x, m):
    model = GammaGamma({"p": p, "q": q, "gamma": 30.0})
    found = model.expected_spend(pd.DataFrame({"frequency": [x], "monetary": [m]})).item()
    low, high = sorted([m, model.population_mean])
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)


def test_drawn_amounts_have_the_mean_and_the_spread_of_the_posterior():
    counts = np.tile([[3]], (3, 200_000))
    drawn = PUBLISHED.draws_of_spend(counts, THREE, seed=5)
    p, q, scale = PUBLISHED.params
    assert drawn.mean(axis=1) == pytest.approx(3 * PUBLISHED.expected_spend(THREE).to_numpy(), rel=.01)
    shape, size = p * 9 + q, scale + 900
    mean = p * 3 * size / (shape - 1)
    square = p * 3 * (p * 3 + 1) * size**2 / ((shape - 1) * (shape - 2))
    assert drawn[2].std() == pytest.approx(np.sqrt(square - mean**2), rel=.01)
    assert not PUBLISHED.draws_of_spend(0 * counts[:, :9], THREE).any()


def test_drawn_amounts_are_wider_where_the_parameters_are_badly_known():
    table = PUBLISHED.simulate(1, bought(60, 3))
    made = GammaGamma().fit(table)
    sure = GammaGamma(made.params)
    counts = np.full((60, 4000), 500)
    spread = [model.draws_of_spend(counts, table).std(axis=1).mean() for model in (made, sure)]
    assert spread[0] > 1.02 * spread[1]


def test_independent_amounts_of_few_purchases_are_not_said_to_depend_on_frequency():
    true = GammaGamma({"p": .5, "q": 5.0, "gamma": 50.0})
    table = true.simulate(6, pd.DataFrame({"frequency": np.random.RandomState(6).geometric(.3, 20_000)}))
    made = GammaGamma().fit(table)
    assert spearmanr(table["frequency"], table["monetary"]).statistic > .15  # what a plain correlation would say
    assert made.independence["low"].item() < 0 < made.independence["high"].item() and not made.notes


@pytest.mark.parametrize(("power", "way"), [(.5, "too low"), (-.5, "too high")])
def test_amounts_that_go_with_frequency_are_said_to(power, way):
    table = PUBLISHED.simulate(7, bought(2000, 7))
    made = GammaGamma().fit(table.assign(monetary=table["monetary"] * table["frequency"] ** power))
    assert way in made.notes[0] and made.notes[0] in repr(made)
    with words.speaking("ja"):
        assert "順位相関" in GammaGamma().fit(made.data).notes[0]


def test_the_correlations_interval_holds_none_in_95_of_100_samples():
    found = [GammaGamma().fit(PUBLISHED.simulate(seed, bought(150, seed))).independence.iloc[0] for seed in range(300)]
    assert np.mean([row["low"] < 0 < row["high"] for row in found]) == pytest.approx(.95, abs=.03)


def test_repeat_buyers_without_an_amount_are_counted_and_said():
    table = pd.concat([PUBLISHED.simulate(1, bought(50, 1)), pd.DataFrame({
        "frequency": [2, 1, 3, 0], "monetary": [np.nan, 0.0, -5.0, 7.0]})], ignore_index=True)
    made = GammaGamma().fit(table)
    assert (made.n, made.n_missing) == (50, 3) and made.frame["n_missing"].tolist() == [3, 3, 3]
    assert made.notes[0].startswith("3 of 53 repeat buyers")
    assert made.expected_spend()[-4:].tolist() == [made.population_mean] * 4


def test_where_no_amount_is_known_the_error_says_so():
    with pytest.raises(DataError, match=r"none of the 3 customers has a repeat purchase .* \(2 bought again\)"):
        GammaGamma().fit(pd.DataFrame({"frequency": [2, 0, 1], "monetary": [0.0, np.nan, np.nan]}))


@pytest.mark.parametrize("table", [
    {"frequency": [1, 2, 3] * 10, "monetary": [50.0] * 30}, {"frequency": [2, 0], "monetary": [50.0, np.nan]}])
def test_amounts_that_do_not_hold_the_parameters_are_flagged(table):
    made = GammaGamma().fit(pd.DataFrame(table))
    assert made.flag.startswith("no inner maximum") and made.frame["low"].isna().all()
    assert made.expected_spend()[0] == pytest.approx(np.nanmean(table["monetary"]), rel=.05)


@pytest.mark.parametrize("sizes", [[1], [1, 2, 5]])
def test_customers_who_do_not_differ_have_one_mean(sizes):
    x = np.tile(sizes, 300)
    made = GammaGamma().fit(pd.DataFrame({"frequency": x, "monetary": np.random.RandomState(0).gamma(3 * x) / x}))
    assert made.alike and "no difference between customers" in made.flag and made.flag in repr(made)
    assert made.frame["low"].isna().tolist() == [False, True, False]
    assert made.frame["low"].iloc[0] < 3 < made.frame["high"].iloc[0]
    assert made.expected_spend().to_numpy() == pytest.approx(3, rel=.1)
    p, q, gamma = made.draws(20_000).T
    assert np.log(p * gamma / q).std() == pytest.approx(1 / np.sqrt(3 * x.sum()), rel=.1)   # of a mean of all amounts


@pytest.mark.filterwarnings("error")
def test_a_fit_in_which_q_may_be_one_is_flagged_and_keeps_its_interval():
    amounts = np.exp(1.8 * np.random.RandomState(3).standard_normal(40))
    made = GammaGamma().fit(pd.DataFrame({"frequency": 4, "monetary": amounts}))
    assert made.flag.startswith("q may be 1 or below (") and not made.alike
    assert made.frame["low"].notna().all() and made.expected_spend().attrs["notes"] == [made.flag]
    assert np.isfinite(GammaGamma({"p": 1.0, "q": .001, "gamma": 1.0}).draws_of_spend(np.ones((3, 500)), THREE)).all()


def test_where_all_are_alike_there_is_no_correlation():
    made = GammaGamma().fit(pd.DataFrame({"frequency": [1, 2] * 10, "monetary": [50.0] * 20}))
    assert GammaGamma().fit(pd.DataFrame({"frequency": [2] * 30, "monetary": np.arange(1.0, 31)})).independence[
        ["estimate", "low", "high"]].isna().all(axis=None)
    assert made.independence["flag"].item() or abs(made.independence["estimate"].item()) <= 1


def test_amounts_without_a_mean_over_all_are_said_to_have_none():
    made = GammaGamma().fit(pd.DataFrame({
        "frequency": [1] * 200, "monetary": np.exp(5 * np.random.RandomState(0).standard_normal(200))}))
    assert np.isnan(made.population_mean) and "does not exist" in made.notes[0]
    new = pd.DataFrame({"frequency": [0, 9], "monetary": [np.nan, 4.0]})
    assert made.expected_spend(new).isna().tolist() == [True, False]


@pytest.mark.parametrize(("value", "n"), [(1.5, 1), (-1, 1), (np.nan, 1)])
def test_a_frequency_that_is_none_is_named_with_its_row(value, n):
    with pytest.raises(DataError, match=rf"row 2: .*\({n} such rows\)"):
        GammaGamma().fit(pd.DataFrame({"frequency": [1, value], "monetary": [3.0, 4.0]}))


def test_spend_is_a_model_a_number_each_or_one():
    assert spend_of(PUBLISHED, THREE).tolist() == PUBLISHED.expected_spend(THREE).tolist()
    assert spend_of(pd.Series([1, 2, 3]), THREE).tolist() == [1.0, 2.0, 3.0]
    for wrong in ("35", True, np.inf, None):
        with pytest.raises(UsageError, match="spend is"):
            spend_of(wrong, THREE)
    with pytest.raises(UsageError, match="2 rows"):
        spend_of(pd.Series([1, 2]), THREE)


def test_counts_of_another_shape_are_refused_and_so_is_a_model_without_data():
    with pytest.raises(UsageError, match="3 customers"):
        PUBLISHED.draws_of_spend(np.ones((2, 5)), THREE)
    with pytest.raises(UsageError, match="pass purchases="):
        PUBLISHED.expected_spend()
