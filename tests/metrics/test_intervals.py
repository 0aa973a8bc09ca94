"""Intervals against published figures, other libraries and identities."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from engagelab.errors import UsageError
from engagelab.metrics import intervals

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "intervals.json").read_text("utf-8"))}
NPS_CASES = [name for name in CASES if name.startswith("nps_")]


def close(found, case):
    return pytest.approx(found, abs=case["tolerance"])


@pytest.mark.parametrize("name", [name for name in NPS_CASES if "promoters" in CASES[name]["inputs"]])
def test_nps_intervals_are_the_published_ones(name):
    case = CASES[name]
    given_, expected = case["inputs"], case["expected"]
    p, q = given_["promoters"], given_["detractors"]
    n = given_.get("n", p + q + given_.get("passives", 0))
    low, high = intervals.nps(p, q, n, confidence=given_["conf"], interval=given_["method"])
    assert expected["low"] == close(low, case)
    if "high" in expected:
        assert expected["high"] == close(high, case)
    if "nps" in expected:
        assert expected["nps"] == close(100 * (p - q) / n, case)
    if "se" in expected:
        assert expected["se"] == close(100 * np.sqrt(intervals.nps_variance(p, q, n) / n), case)


def test_nps_of_a_known_set_of_scores():
    case = CASES["nps_wald_known_set"]
    scores = np.array(case["inputs"]["scores"])
    p, q, n = (scores >= 9).sum(), (scores <= 6).sum(), len(scores)
    margin = case["inputs"]["z"] * 100 * np.sqrt(intervals.nps_variance(p, q, n) / n)
    assert (case["expected"]["nps"], case["expected"]["margin"]) == close((100 * (p - q) / n, margin), case)
    low, high = intervals.nps_wald(p, q, n)
    assert (high - low) / 2 == pytest.approx(margin, rel=1e-4)  # 1.96 against the exact quantile


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("wilson")])
def test_wilson_is_newcombes_published_interval(name):
    case = CASES[name]
    found = intervals.wilson(case["inputs"]["k"], case["inputs"]["n"], case["inputs"]["conf"])
    assert (case["expected"]["low"], case["expected"]["high"]) == close(found, case)


def test_newcombe_is_his_published_interval():
    case = CASES["newcombe_diff"]
    k = case["inputs"]
    found = intervals.newcombe(k["k1"], k["n1"], k["k2"], k["n2"], k["conf"])
    assert (case["expected"]["low"], case["expected"]["high"]) == close(found, case)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([.8, .95, .99]))
def test_wilson_is_that_of_statsmodels(share, confidence):
    count, n = share
    expected = proportion_confint(count, n, alpha=1 - confidence, method="wilson")
    assert intervals.wilson(count, n, confidence) == pytest.approx(expected, abs=1e-12)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([.8, .95, .99]))
def test_clopper_and_pearsons_is_that_of_statsmodels(share, confidence):
    count, n = share
    expected = proportion_confint(count, n, alpha=1 - confidence, method="beta")
    assert intervals.clopper_pearson(count, n, confidence) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(intervals.clopper_pearson(0, 0)).all()


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_newcombe_is_that_of_statsmodels(n_1, n_2, data):
    k_1, k_2 = data.draw(st.integers(0, n_1)), data.draw(st.integers(0, n_2))
    expected = confint_proportions_2indep(k_1, n_1, k_2, n_2, method="newcomb", compare="diff")
    assert intervals.newcombe(k_1, n_1, k_2, n_2) == pytest.approx(expected, abs=1e-9)


spreads = st.floats(.01, 20)
estimates = st.tuples(st.floats(-30, 30), spreads | st.just(0.0), spreads | st.just(0.0)).map(
    lambda parts: (parts[0], parts[0] - parts[1], parts[0] + parts[2]))


@given(st.floats(.1, 30), spreads, st.floats(-30, 30), spreads)
@example(1.0, 1.0, 1.1125369292536007e-308, 2.0)  # a bound beyond the largest number is infinite
def test_from_symmetric_intervals_the_interval_of_a_ratio_is_fiellers(base, base_half, other, other_half):
    """Fieller (1954, Journal of the Royal Statistical Society B 16, 175-185), the halves being z times the errors."""
    ratio, low, high = intervals.ratio_interval(
        base, base - base_half, base + base_half, other, other - other_half, other + other_half)
    g = (base_half / base) ** 2
    assert low <= ratio <= high
    if g < .999:
        half = np.sqrt(other_half**2 + ratio**2 * base_half**2 - g * other_half**2) / base / (1 - g)
        assert (low, high) == pytest.approx((ratio / (1 - g) - half, ratio / (1 - g) + half), rel=1e-6, abs=1e-6)
    elif g > 1.001:
        assert np.isinf([low, high]).any()


@given(estimates, estimates)
@example((1.0, 0.0, 2.0), (-5.0, -6.0, -4.0))
@example((1.0, -20.0, 2.0), (-1.0, -1.1, -.9))
def test_a_ratio_leaves_out_1_exactly_where_the_difference_leaves_out_0(base, other):
    assume(base[0] > .01)
    ratio, low, high = intervals.ratio_interval(*base, *other)
    _, less, more = intervals.difference_interval(*base, *other)
    assert low <= ratio <= high
    if min(abs(less), abs(more)) > 1e-9:
        assert (low > 1, high < 1) == (less > 0, more < 0)


@given(estimates, estimates, st.floats(-8, 8))
def test_a_ratio_holds_what_movers_interval_of_the_rest_holds(base, other, ratio):
    """Where the base is surely above 0 the ratios that are held are those for which other - ratio base may be 0."""
    assume(base[1] > .01)
    _, low, high = intervals.ratio_interval(*base, *other)
    scaled = (ratio * base[0], *sorted([ratio * base[1], ratio * base[2]]))
    _, less, more = intervals.difference_interval(*scaled, *other)
    if min(abs(less), abs(more)) > 1e-7:
        assert (low <= ratio <= high) == (less <= 0 <= more)


def test_of_a_share_of_none_the_ratio_is_0_and_ends_above_it_and_a_base_of_none_has_no_ratio():
    some, none = (.1, *intervals.wilson(10, 100)), (0.0, *intervals.wilson(0, 100))
    ratio, low, high = intervals.ratio_interval(*some, *none)
    assert (ratio, low) == (0, 0) and 0 < high < 1
    assert np.isnan(intervals.ratio_interval(*none, *some)[1:]).all()
    assert np.isnan(intervals.ratio_interval(*some, np.nan, 0, 1)).all()


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_without_passives_the_nps_interval_is_twice_wilson_less_one(share):
    count, n = share
    low, high = intervals.wilson(count, n)
    assert intervals.nps_score(count, n - count, n) == pytest.approx((200 * low - 100, 200 * high - 100), abs=1e-9)


def counts(most=80):
    return st.integers(1, most).flatmap(lambda n: st.integers(0, n).flatmap(
        lambda p: st.tuples(st.just(p), st.integers(0, n - p), st.just(n))))


@given(counts())
def test_the_score_interval_holds_the_estimate_stays_on_the_scale_and_mirrors(answers):
    p, q, n = answers
    low, high = intervals.nps_score(p, q, n)
    assert -100 <= low <= 100 * (p - q) / n <= high <= 100
    assert low < high
    assert intervals.nps_score(q, p, n) == pytest.approx((-high, -low), abs=1e-9)


def likelihood_score(p, q, n, difference):
    """Tango's statistic with its nuisance share found by brute force, not by the closed form."""
    grid = np.linspace(max(0, -difference), (1 - difference) / 2, 200_001)[1:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        likely = np.where(p == 0, 0, p * np.log(grid + difference)) + (q * np.log(grid)) + (
            (n - p - q) * np.log(np.maximum(1 - 2 * grid - difference, 1e-300)))
    share = grid[np.argmax(likely)]
    return (p - q - n * difference) / np.sqrt(n * (2 * share + difference * (1 - difference)))


@pytest.mark.parametrize("p, q, n", [(19, 9, 36), (1, 7, 21), (5, 1, 12), (40, 3, 50), (2, 2, 30)])
def test_at_both_ends_the_constrained_likelihood_gives_the_normal_quantile(p, q, n):
    low, high = intervals.nps_score(p, q, n)
    z = intervals.z_value(.95)
    assert likelihood_score(p, q, n, low / 100) == pytest.approx(z, abs=2e-3)
    assert likelihood_score(p, q, n, high / 100) == pytest.approx(-z, abs=2e-3)


def test_many_groups_at_once_give_what_each_gives_alone():
    p, q, n = np.array([0, 3, 10, 0]), np.array([0, 1, 0, 7]), np.array([5, 9, 10, 7])
    for name in intervals.NPS_INTERVALS:
        low, high = intervals.nps(p, q, n, interval=name)
        for i in range(4):
            assert intervals.nps(p[i], q[i], n[i], interval=name) == pytest.approx((low[i], high[i]), abs=1e-12)


@pytest.mark.parametrize("name", sorted(intervals.NPS_INTERVALS))
def test_without_an_answer_there_is_no_interval(name):
    assert np.isnan(intervals.nps(0, 0, 0, interval=name)).all()


def test_the_bootstrap_agrees_with_wald_on_many_answers_and_is_the_same_every_time():
    first, again = intervals.nps_bootstrap(600, 150, 1000), intervals.nps_bootstrap(600, 150, 1000)
    assert first == again
    assert first == pytest.approx(intervals.nps_wald(600, 150, 1000), abs=.5)


def test_without_an_error_there_is_no_interval():
    low, high = intervals.around([5.0, 5.0], [0.0, 1.0], [10, 10])
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == pytest.approx((2.772, 7.228), abs=1e-3)


def test_the_ranks_of_a_median_are_those_of_published_tables():
    # Conover (1999), table of the binomial; Hahn and Meeker (1991), Statistical Intervals, table A.15a for n = 100
    assert [int(rank) for rank in intervals.quantile_ranks(100, .5)] == [40, 61]
    assert [int(rank) for rank in intervals.quantile_ranks(5, .5)] == [0, 6]
    assert [int(rank) for rank in intervals.quantile_ranks(6, .5)] == [1, 6]


def test_a_confidence_outside_0_and_1_is_refused():
    for wrong in (0, 1, 95, -.5, "95%", None):
        with pytest.raises(UsageError, match="confidence must lie between 0 and 1"):
            intervals.z_value(wrong)


def test_an_unknown_interval_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="did you mean 'score'"):
        intervals.nps(1, 1, 2, interval="scor")


def test_holm_is_that_of_statsmodels():
    draw = np.random.RandomState(4)
    for k in (1, 4, 12):
        p = np.round(draw.random_sample(k) ** 3, 3)      # ties among them
        assert intervals.holm(p).tolist() == pytest.approx(multipletests(p, method="holm")[1].tolist())
