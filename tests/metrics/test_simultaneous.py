"""Several comparisons at once against published tables, scipy, statsmodels and simulation."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import stdtr
from statsmodels.stats.multitest import multipletests

from engagelab.errors import UsageError
from engagelab.metrics import intervals, simultaneous
from engagelab.metrics.simultaneous import benjamini_hochberg, dunnett_critical, dunnett_p

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "experiments_simultaneous.json").read_text("utf-8"))}
SIZES = st.lists(st.floats(.02, .98), min_size=1, max_size=5)


def test_holm_and_benjamini_hochberg_are_those_of_r():
    case = CASES["holm_bh_adjust"]
    p = np.array(case["inputs"]["p"])
    assert intervals.holm(p) == pytest.approx(case["expected"]["holm"], abs=case["tolerance"])
    assert benjamini_hochberg(p) == pytest.approx(case["expected"]["bh"], abs=case["tolerance"])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_benjamini_hochberg_is_that_of_statsmodels_and_what_is_not_a_number_counts_as_none(p):
    expected = multipletests(p, method="fdr_bh")[1]
    assert benjamini_hochberg(p) == pytest.approx(expected, abs=1e-12)
    with_none = benjamini_hochberg([np.nan, *p])
    assert np.isnan(with_none[0]) and with_none[1:].tolist() == benjamini_hochberg(p).tolist()


def blood_counts():
    """(t, df, share, groups) of Dunnett's example: the pooled variance of three groups."""
    control, *drugs = groups = [np.array(values) for values in CASES["dunnett1955"]["inputs"].values()]
    df = sum(map(len, groups)) - len(groups)
    variance = sum(((group - group.mean()) ** 2).sum() for group in groups) / df
    t = [(drug.mean() - control.mean()) / np.sqrt(variance * (1 / len(drug) + 1 / len(control))) for drug in drugs]
    return t, df, [len(drug) / (len(drug) + len(control)) for drug in drugs], groups


def test_dunnetts_p_of_his_blood_counts():
    t, df, share, (control, *drugs) = blood_counts()
    found = dunnett_p(t, df, share)
    case = CASES["dunnett1955"]
    assert (np.abs(found - case["expected"]["pvalue"]) < case["tolerance"]["pvalue"]).all()
    assert found == pytest.approx([.620102, .005825], abs=1e-6)
    random = np.random.RandomState(5)
    assert found == pytest.approx(stats.dunnett(*drugs, control=control, random_state=random).pvalue, abs=5e-4)


@pytest.mark.parametrize(("df", "published"), [
    (5, [2.57, 3.03, 3.29, 3.48, 3.62, 3.73, 3.82, 3.90, 3.97]), (12, [2.18, 2.50, 2.68, 2.81, 2.90, 2.98, 3.04, 3.09]),
    (20, [2.09, 2.38, 2.54, 2.65, 2.73, 2.80, 2.86]), (np.inf, [1.96, 2.21, 2.35, 2.44, 2.51, 2.57, 2.61, 2.65, 2.69])])
def test_critical_values_are_dunnetts_tables(df, published):
    """Dunnett (1964, Biometrics 20, 482-491), two-sided, joint confidence 95 %, arms and control of one size."""
    for arms, value in enumerate(published, 1):
        assert dunnett_critical(df, [.5] * arms) == pytest.approx([value] * arms, abs=.0056)


@given(st.floats(0, 8), st.floats(1, 1e6) | st.just(np.inf), st.floats(0, 1))
def test_one_comparison_alone_has_students_p_and_quantile(t, df, share):
    assert dunnett_p(t, df, share) == pytest.approx(2 * stdtr(min(df, 1e12), -t), rel=1e-9)
    assert dunnett_critical(df, share, .9) == pytest.approx(intervals.t_value(min(df, 1e12), .9), rel=1e-9)


@pytest.mark.parametrize("df", [1, 2.5, 12, 300, np.inf])
def test_where_the_control_brings_all_the_noise_or_none_the_answer_is_known(df):
    for t in (.1, 1, 2.5, 6):
        assert dunnett_p([t, t, t], df, 1) == pytest.approx(2 * stdtr(min(df, 1e12), -t), abs=1e-8)
    if df == np.inf:
        alone = 2 * stats.norm.sf(np.array([.1, 1, 2.5, 6]))
        for t, p in zip((.1, 1, 2.5, 6), alone, strict=True):
            assert dunnett_p([t, t, t], df, 0) == pytest.approx(1 - (1 - p) ** 3, abs=1e-10)


@pytest.mark.parametrize("df", [1.3, 4, 30, np.inf])
@pytest.mark.parametrize("share", [[.5, .5, .5], [.03, .6, .99], [.9, .99]])
def test_p_is_that_of_simulated_arms(df, share):
    random, share = np.random.RandomState(11), np.array(share)
    control, own = random.standard_normal((200_000, 1)), random.standard_normal((200_000, len(share)))
    spread = 1 if df == np.inf else np.sqrt(random.chisquare(df, (200_000, 1)) / df)
    largest = np.abs((np.sqrt(1 - share) * own - np.sqrt(share) * control) / spread).max(axis=1)
    for t in (1, 2, 3.5):
        p = dunnett_p(np.full(len(share), t), df, share)[0]
        assert (largest >= t).mean() == pytest.approx(p, abs=4.5 * np.sqrt(p * (1 - p) / 200_000))


def test_p_is_one_less_scipys_multivariate_normal_box():
    share = np.array([.3, .5, .8])
    together = np.sqrt(np.outer(share, share))
    np.fill_diagonal(together, 1)
    for t in (.7, 1.9, 3):
        inside = stats.multivariate_normal(cov=together, seed=1, abseps=1e-8, maxpts=10**6).cdf(
            [t] * 3, lower_limit=[-t] * 3)
        assert dunnett_p([t, -t, t], np.inf, share) == pytest.approx([1 - inside] * 3, abs=1e-5)


@pytest.mark.parametrize("df", [1, 3.7, 40, 5000])
def test_the_points_are_fine_enough(df):
    """The same integrals by plain sums over far more points."""
    share, t = np.array([.2, .5, .9995]), 2.2
    control = np.linspace(-9, 9, 4001)
    weights = stats.norm.pdf(control) * (control[1] - control[0])
    spread = np.linspace(-26 / df**.6, 4.5 / (1 + df**.5), 3001)
    heights = np.exp(df * spread - df * np.expm1(2 * spread) / 2)
    used = heights > heights.max() * 1e-13

    def beyond(width):
        inside = [stats.norm.cdf((width + np.sqrt(part) * control) / np.sqrt(1 - part))
                  - stats.norm.cdf((-width + np.sqrt(part) * control) / np.sqrt(1 - part)) for part in share]
        return 1 - (np.prod(inside, axis=0) * weights).sum()

    expected = sum(height * beyond(t * np.exp(at)) for height, at in zip(heights[used], spread[used], strict=True))
    assert dunnett_p([t] * 3, df, share)[0] == pytest.approx(expected / heights[used].sum(), abs=1e-7)


@given(SIZES, st.floats(1, 500) | st.just(np.inf), st.sampled_from([.5, .8, .95, .999]))
@settings(max_examples=40)
def test_p_is_the_error_exactly_at_the_critical_value_and_between_one_comparison_and_bonferroni(share, df, confidence):
    critical = dunnett_critical(df, share, confidence)
    assert dunnett_p(critical, df, share) == pytest.approx([1 - confidence] * len(share), rel=1e-8)
    assert (dunnett_p(critical * 1.0001, df, share) < 1 - confidence).all()
    assert (dunnett_p(critical * .9999, df, share) > 1 - confidence).all()
    alone = 2 * stdtr(min(df, 1e12), -critical)
    assert (alone <= (1 - confidence) * (1 + 1e-9)).all()
    assert (alone * len(share) >= (1 - confidence) * (1 - 1e-9)).all()


def test_each_comparison_has_its_own_degrees_of_freedom_and_no_order_matters():
    p = dunnett_p([2.4, -2.4, 1], [8, np.inf, 30], [.5, .4, .7])
    assert p[0] > p[1]
    assert p[::-1] == pytest.approx(dunnett_p([1, -2.4, 2.4], [30, np.inf, 8], [.7, .4, .5]), rel=1e-12)
    assert dunnett_critical([12, np.inf], .5) == pytest.approx([2.502, 2.212], abs=6e-4)
    assert p[0] == pytest.approx(dunnett_p([2.4] * 3, 8, [.5, .4, .7])[1], rel=1e-12)


def test_what_was_not_compared_counts_as_none():
    p = dunnett_p([2.1, np.nan, 1, 1], [12, 12, 12, np.nan], .5)
    assert np.isnan(p[[1, 3]]).all()
    assert p[[0, 2]] == pytest.approx(dunnett_p([2.1, 1], 12, .5), rel=1e-12)
    critical = dunnett_critical([12, 0, 12], [.5, .5, np.nan])
    assert critical[0] == pytest.approx(intervals.t_value(12, .95)) and np.isnan(critical[1:]).all()
    assert len(dunnett_p([], 5, .5)) == len(benjamini_hochberg([])) == 0


def test_small_p_keep_their_digits():
    assert dunnett_p([8, 8], np.inf, .5)[0] == pytest.approx(2 * 2 * stats.norm.sf(8), rel=1e-4)


def test_a_share_that_cannot_be_and_a_confidence_beyond_1_are_refused():
    with pytest.raises(UsageError, match=r"not 1\.2"):
        dunnett_p([1, 2], 12, [.5, 1.2])
    with pytest.raises(UsageError, match="confidence"):
        dunnett_critical(12, [.5, .5], 95)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(.05, .999), st.floats(2, 5000)), min_size=2, max_size=12))
@settings(max_examples=30)
def test_p_is_below_alpha_exactly_where_the_difference_is_beyond_the_critical_value(arms):
    t, share, df = np.array(arms).T
    critical = dunnett_critical(df, share)
    beyond = np.abs(t / critical - 1) > 1e-9
    assert ((dunnett_p(t, df, share) < .05) == (t > critical))[beyond].all()


def test_thirty_arms_of_their_own_sizes_take_few_integrals(monkeypatch):
    calls = []
    beyond = simultaneous._beyond
    monkeypatch.setattr(simultaneous, "_beyond", lambda *of: calls.append(of) or beyond(*of))
    monkeypatch.setattr(simultaneous, "_normal_beyond", lambda t, share, one=simultaneous._normal_beyond: calls.append(
        (t, share)) or one(t, share))
    random = np.random.RandomState(1)
    dunnett_critical(random.uniform(150, 5000, 30), random.uniform(.45, .55, 30))
    assert len(calls) / 2 <= 30 * 6
