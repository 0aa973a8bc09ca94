"""Looks against published tables, the multivariate normal, quadrature of the mixture, and simulation."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from engagelab.errors import UsageError
from engagelab.metrics import sequential

REFERENCE = Path(__file__).parents[1] / "reference" / "experiments_sequential.json"
CASES = {case["name"]: case for case in json.loads(REFERENCE.read_text("utf-8"))}
SPENDING = ("obrien_fleming", "pocock")

fractions = st.lists(st.integers(2, 100), min_size=1, max_size=5, unique=True).map(
    lambda parts: [part / 100 for part in sorted(parts)])


def looks_like(name, expected, found):
    np.testing.assert_allclose(found, expected, rtol=0, atol=CASES[name]["tolerance"])


# ---- planned looks ----

def test_boundaries_are_the_published_ones():
    case = CASES["lan_demets_obf_5"]
    looks_like("lan_demets_obf_5", case["expected"]["z"], sequential.boundaries(case["inputs"]["t"]))
    for spending, expected in CASES["gsdesign_6"]["expected"].items():
        looks_like("gsdesign_6", expected, sequential.boundaries(6, spending=spending))


@pytest.mark.parametrize("spending", SPENDING)
@pytest.mark.parametrize("looks", [[.3, 1], [.15, .9, 1], [.2, .25, .8], [.5, .52, .54]])
def test_what_is_spent_by_the_last_look_is_what_the_multivariate_normal_says(looks, spending):
    t = np.array(looks)
    bounds = sequential.boundaries(t, spending=spending)
    covariance = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    stayed = stats.multivariate_normal(cov=covariance, abseps=1e-8, releps=1e-8, maxpts=10**6, seed=1).cdf(
        bounds, lower_limit=-bounds)
    due = (4 * stats.norm.sf(stats.norm.isf(.05 / 4) / math.sqrt(t[-1])) if spending == "obrien_fleming"
           else .05 * math.log(1 + (math.e - 1) * t[-1]))
    assert 1 - stayed == pytest.approx(due, abs=2e-6)


@settings(deadline=None, max_examples=40)
@given(fractions, st.sampled_from(SPENDING), st.sampled_from([.8, .9, .95, .99, .999]))
def test_no_more_alpha_is_spent_than_there_is_and_later_looks_change_nothing(looks, spending, confidence):
    bounds = sequential.boundaries(looks, confidence=confidence, spending=spending)
    spent = sequential.crossing(bounds, looks).sum()
    assert spent <= 1 - confidence + 1e-9
    assert looks[-1] < 1 or spent == pytest.approx(1 - confidence, abs=1e-9)
    first = sequential.boundaries(looks[:1], confidence=confidence, spending=spending)
    assert bounds[0] == pytest.approx(first[0], abs=1e-9)


def test_one_look_is_the_ordinary_test():
    assert sequential.boundaries(1) == pytest.approx([1.959964], abs=1e-6)
    assert sequential.boundaries([1], confidence=.99, spending="pocock") == pytest.approx([2.575829], abs=1e-6)
    assert sequential.repeated_p(-2.2, 1, 1) == pytest.approx(2 * stats.norm.sf(2.2), abs=1e-10)
    # finding the wrong direction is no success: half the power is at the boundary itself
    assert sequential.reached([1.96], 1, power=.5) == pytest.approx(1.96, abs=1e-9)


def test_a_look_that_comes_at_once_after_another_hardly_changes_what_follows():
    near, alone = sequential.boundaries([.5, .50001, 1]), sequential.boundaries([.5, 1])
    assert near[[0, 2]] == pytest.approx(alone, abs=1e-4)
    assert near[1] == pytest.approx(near[0], abs=.02)


def test_classical_constants_cross_one_time_in_twenty():
    expected = CASES["jt_pocock_obf"]["expected"]
    for many, pocock, obf in zip(CASES["jt_pocock_obf"]["inputs"]["K"], expected["C_P"], expected["C_B"], strict=True):
        t = np.arange(1, many + 1) / many
        assert sequential.crossing([pocock] * many, t).sum() == pytest.approx(.05, abs=1e-4)
        assert sequential.crossing(obf / np.sqrt(t), t).sum() == pytest.approx(.05, abs=1e-4)


def test_peeking_is_as_bad_as_armitage_mcpherson_and_rowe_found():
    case = CASES["peeking_inflation"]
    found = [sequential.peeking(many) / 2 for many in case["inputs"]["k"]]
    looks_like("peeking_inflation", case["expected"]["one_sided"], found)
    assert sequential.peeking(5) == pytest.approx(.142, abs=5e-4)


def classical(kind, many):
    t = np.arange(1, many + 1) / many
    expected = CASES["jt_pocock_obf"]["expected"]
    constant = expected["C_P" if kind == "pocock" else "C_B"][CASES["jt_pocock_obf"]["inputs"]["K"].index(many)]
    return constant / (np.ones(many) if kind == "pocock" else np.sqrt(t))


@pytest.mark.parametrize("kind", SPENDING)
def test_classical_plans_are_as_much_larger_as_the_tables_say(kind):
    case = CASES["jt_inflation"]
    for many, row in zip(case["inputs"]["K"], case["expected"][kind], strict=True):
        for power, expected in zip(case["inputs"]["power"], row, strict=True):
            fixed = stats.norm.isf(.025) + stats.norm.isf(1 - power)
            factor = (sequential.reached(classical(kind, many), many, power=power) / fixed) ** 2
            assert factor == pytest.approx(expected, abs=2e-3 if many == 10 else 1e-3)  # constants have three digits


@pytest.mark.parametrize("spending", SPENDING)
def test_a_plan_of_that_size_reaches_its_power_and_stops_as_early_as_said(spending):
    t, rs = np.array([.2, .5, .7, 1]), np.random.RandomState(5)
    bounds = sequential.boundaries(t, spending=spending)
    drift = sequential.reached(bounds, t, power=.9)
    steps = np.diff(t, prepend=0)
    z = np.cumsum(rs.standard_normal((200_000, 4)) * np.sqrt(steps) + drift * steps, axis=1) / np.sqrt(t)
    over = np.abs(z) > bounds
    stop = np.where(over.any(axis=1), over.argmax(axis=1), 3)
    assert (over.any(axis=1) & (z[np.arange(len(z)), stop] > 0)).mean() == pytest.approx(.9, abs=.003)
    crossed = sequential.crossing(bounds, t, drift=drift).sum(axis=0)
    assert [(over.any(axis=1) & (stop == look)).mean() for look in range(4)] == pytest.approx(crossed, abs=.003)


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 6), fractions, st.sampled_from(SPENDING), st.floats(.0001, .5), st.data())
def test_the_repeated_p_is_below_alpha_just_when_the_boundary_is_crossed(z, looks, spending, alpha, data):
    look = data.draw(st.integers(1, len(looks)))
    p = sequential.repeated_p(z, looks, look, spending=spending)
    bound = sequential.boundaries(looks, confidence=1 - alpha, spending=spending)[look - 1]
    assert p == sequential.repeated_p(-z, looks[:look], look, spending=spending)
    if abs(z - bound) > 1e-7:
        assert (p < alpha) == (z > bound)
    assert p >= 2 * stats.norm.sf(z) - 1e-9


def test_extreme_statistics_have_a_repeated_p():
    assert sequential.repeated_p(math.inf, 5, 3) == sequential.repeated_p(30, 5, 3) == 1e-15
    assert sequential.repeated_p(0, 5, 1) == 1
    assert math.isnan(sequential.repeated_p(math.nan, 5, 2))


@pytest.mark.parametrize("looks", [0, 51, True, 2.5, [], [.5, .5], [.7, .4], [-.1, .5], [0, 1], [.5, 1.01],
                                   [.5, math.nan], "five", None, [[.5, 1]], [.5, "x"], [.5, .500001]])
def test_looks_that_are_not_increasing_are_refused(looks):
    for of in (sequential.boundaries, sequential.peeking):
        with pytest.raises(UsageError, match="looks must be a whole number from 1 to 50"):
            of(looks)


def test_other_arguments_that_cannot_be_right_are_refused():
    with pytest.raises(UsageError, match="did you mean 'pocock'"):
        sequential.boundaries(3, spending="pocok")
    with pytest.raises(UsageError, match="look must be one of 1, 2, 3"):
        sequential.repeated_p(2, 3, 4)
    for confidence in (0, 1, 95, "high"):
        with pytest.raises(UsageError, match="confidence must lie between 0 and 1"):
            sequential.boundaries(3, confidence=confidence)
        with pytest.raises(UsageError, match="confidence must lie between 0 and 1"):
            sequential.always_valid(3, confidence=confidence)
    for power in (.4, 1, math.nan):
        with pytest.raises(UsageError, match="power must be"):
            sequential.reached([2, 2], [.5, 1], power=power)
    for tuned in (0, -1, math.inf, math.nan):
        with pytest.raises(UsageError, match="fixed before the data are seen"):
            sequential.always_valid(100, tuned=tuned)


def stopped(kind, spending, planned, draws, seed):
    """The share of A/A tests that find something at five looks, the people coming as they like."""
    rs = np.random.RandomState(seed)
    n = np.array([400, 700, 1200, 1500, 2000]) if planned == "uneven" else np.arange(1, 6) * 400
    steps = np.diff(n, prepend=0)
    if kind == "binary":
        mean, other = (rs.binomial(steps, .1, (draws, 5)).cumsum(axis=1) / n for _ in range(2))
        variance = mean * (1 - mean) + other * (1 - other)
    else:
        sums = rs.standard_normal((2, draws, 5)) * np.sqrt(steps)
        squares = sums**2 / steps + rs.chisquare(steps - 1, (2, draws, 5))
        sums, squares = sums.cumsum(axis=2), squares.cumsum(axis=2)
        mean, other = sums / n
        variance = ((squares - sums**2 / n) / (n - 1)).sum(axis=0)
    z = (mean - other) / np.sqrt(variance / n)
    return (np.abs(z) > sequential.boundaries(n / 2000, spending=spending)).any(axis=1).mean()


@pytest.mark.parametrize("planned", ["even", "uneven"])
@pytest.mark.parametrize("spending", SPENDING)
@pytest.mark.parametrize("kind", ["binary", "normal"])
def test_five_looks_raise_a_false_alarm_one_time_in_twenty(kind, spending, planned):
    assert .04 <= stopped(kind, spending, planned, 20_000, seed=2) <= .055


# ---- any time ----

def test_the_mixture_is_that_of_howard_and_others():
    case = CASES["confseq_normal_mixture"]
    v, tuned, s = case["inputs"]["v"], case["inputs"]["v_opt"], case["inputs"]["s"]
    rho = sequential._rho(tuned)
    looks_like("confseq_normal_mixture", case["expected"]["rho"], rho)
    looks_like("confseq_normal_mixture", case["expected"]["bound"],
               math.sqrt(v) * sequential.always_valid(v, tuned=tuned))
    # S is z times the root of v; the p is capped at 1 where the likelihood ratio is below 1, so we go one further
    assert sequential.always_valid_p(s / math.sqrt(v), v, tuned=tuned) == 1
    shift = (30**2 - s**2) / (2 * (v + rho))
    assert -math.log(sequential.always_valid_p(30 / math.sqrt(v), v, tuned=tuned)) == pytest.approx(
        case["expected"]["log_mixture"] + shift, abs=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 7), st.floats(1, 1e6), st.floats(10, 1e5))
def test_the_p_is_one_over_the_average_likelihood_ratio(z, v, tuned):
    rho, s = sequential._rho(tuned), z * math.sqrt(v)
    middle, spread = s / (v + rho), 1 / math.sqrt(v + rho)
    ratio = integrate.quad(lambda x: math.exp(x * s - x * x * v / 2) * stats.norm.pdf(x, scale=1 / math.sqrt(rho)),
                           middle - 12 * spread, middle + 12 * spread)[0]
    assert sequential.always_valid_p(z, v, tuned=tuned) == pytest.approx(min(1, 1 / ratio), rel=1e-6)


@settings(deadline=None)
@given(st.floats(0, 10), st.floats(.1, 1e7), st.floats(1, 1e6), st.floats(1e-9, .9))
def test_the_p_at_any_time_is_below_alpha_just_when_the_boundary_is_crossed(z, v, tuned, alpha):
    bound = sequential.always_valid(v, tuned=tuned, confidence=1 - alpha)
    if abs(z - bound) > 1e-6:
        assert (sequential.always_valid_p(z, v, tuned=tuned) < alpha) == (z > bound)


@pytest.mark.parametrize("v", [50, 2_500, 1e6])
def test_no_other_tuning_is_tighter_by_a_thousandth_than_that_at_the_information_itself(v):
    best = sequential.always_valid(v, tuned=v)
    assert all(best <= 1.001 * sequential.always_valid(v, tuned=v * by) for by in np.geomspace(.01, 100, 201))


def test_the_default_tuning_costs_what_its_docstring_says():
    v = np.array([50, 500, 1_000, 5_000, 25_000, 1e6])
    best = np.array([sequential.always_valid(one, tuned=one) for one in v])
    assert (100 * (sequential.always_valid(v) / best - 1)).round().tolist() == [121, 11, 3, 1, 7, 24]


def test_without_information_there_is_no_bound():
    assert sequential.always_valid([0, math.nan]) == pytest.approx([math.inf, math.nan], nan_ok=True)
    assert sequential.always_valid_p([3, math.nan, 3], [0, 10, math.nan]) == pytest.approx(
        [1, math.nan, math.nan], nan_ok=True)


DRAWS = {"normal": lambda rs, shape: rs.standard_normal(shape),
         "binary .05": lambda rs, shape: (rs.random_sample(shape) < .05).astype(float),
         "binary .3": lambda rs, shape: (rs.random_sample(shape) < .3).astype(float),
         "lognormal": lambda rs, shape: np.exp(rs.standard_normal(shape))}


def watched(kind, share, *, people, tests, bound=sequential.always_valid, seed=1):
    """The share of A/A tests in which anything is found by whoever looks after every person.

    As a comparison does: not before 30 people, and of a rate 10 successes and 10 failures, in each arm, and with
    Student's t (Welch) turned into the z of the same tail.
    """
    rs, found = np.random.RandomState(seed), []
    for _ in range(tests // 100):
        arm, x = rs.random_sample((100, people)) < share, DRAWS[kind](rs, (100, people))
        n, total, squares = (np.stack([(what * one).cumsum(axis=1) for one in (arm, ~arm)])
                             for what in (np.ones_like(x), x, x * x))
        with np.errstate(all="ignore"):
            parts = (squares - total**2 / n) / (n - 1) / n
            t = np.abs(np.diff(total / n, axis=0)[0]) / np.sqrt(parts.sum(axis=0))
            df = parts.sum(axis=0) ** 2 / (parts**2 / (n - 1)).sum(axis=0)
            critical = bound(n.prod(axis=0) / n.sum(axis=0))
        due = (n >= 30).all(axis=0)
        if kind.startswith("binary"):
            due &= ((total >= 10) & (n - total >= 10)).all(axis=0)
        over = due & (t > critical)  # Student's z is below t: no other can be over
        over[over] = stats.norm.isf(stats.t.sf(t[over], df[over])) > critical[over]
        found.append(over.any(axis=1).mean())
    return np.mean(found)


@pytest.mark.parametrize("share", [.5, .1])
@pytest.mark.parametrize("kind", DRAWS)
def test_who_looks_after_every_person_is_rarely_wrong(kind, share):
    assert watched(kind, share, people=3_000, tests=300) <= .05


@pytest.mark.slow
@pytest.mark.parametrize("share", [.5, .1])
@pytest.mark.parametrize("kind", DRAWS)
def test_who_looks_after_every_person_of_ten_thousand_is_rarely_wrong(kind, share):
    assert watched(kind, share, people=10_000, tests=4_000, seed=3) <= .05


def test_a_boundary_tuned_to_where_one_looks_is_none():
    def current(v):
        return np.sqrt((v + (rho := v * sequential._rho(1))) / v * (np.log1p(v / rho) - 2 * math.log(.05)))

    assert current(np.array([70.0])) == pytest.approx(sequential.always_valid([70], tuned=70))
    assert watched("normal", .5, people=6_000, tests=500, bound=current) > .055


# ---- the split between arms ----

@settings(deadline=None, max_examples=50)
@given(st.integers(0, 3_000), st.integers(0, 3_000), st.floats(.05, .95))
def test_the_sample_ratio_p_is_that_of_the_beta_binomial(first, second, share):
    n, k = first + second, sequential.PRIOR
    log_ratio = stats.binom(n, share).logpmf(first) - stats.betabinom(n, k * share, k * (1 - share)).logpmf(first)
    expected = min(1, math.exp(min(log_ratio, 0)))
    assert sequential.sample_ratio_p([first, second], [share, 1 - share])[0] == pytest.approx(expected, rel=1e-6)


def test_the_sample_ratio_p_of_three_arms_is_that_of_the_dirichlet_multinomial():
    counts, share = np.array([4_700, 5_300, 20_000]), np.array([1, 1, 4]) / 6
    log_ratio = (stats.multinomial(counts.sum(), share).logpmf(counts)
                 - stats.dirichlet_multinomial(sequential.PRIOR * share, counts.sum()).logpmf(counts))
    assert sequential.sample_ratio_p(counts, [1, 1, 4])[0] == pytest.approx(math.exp(log_ratio), rel=1e-6)


def test_the_sample_ratio_p_never_rises_and_sees_kohavis_mismatch():
    case = CASES["srm_kohavi"]["inputs"]
    p = sequential.sample_ratio_p([[0, 0], [10, 30], [400, 600], [5_000, 5_000], case["counts"]], case["ratio"])
    assert p[0] == 1 and (np.diff(p) <= 0).all() and p[3] == p[2] < .001
    once = sequential.sample_ratio_p(case["counts"], case["ratio"])[0]
    assert CASES["srm_kohavi"]["expected"]["pvalue"] < once < .001


def split(truth, planned, *, people, tests, seed):
    rs = np.random.RandomState(seed)
    least, last = [], []
    for _ in range(tests):
        first = (rs.random_sample(people) < truth).cumsum()
        counts = np.stack([first, np.arange(1, people + 1) - first], axis=1)
        least.append(sequential.sample_ratio_p(counts, [planned, 1 - planned])[-1])
        last.append(stats.chisquare(counts[-1], people * np.array([planned, 1 - planned])).pvalue)
    return np.array(least), np.array(last)


@pytest.mark.parametrize("planned", [.5, .1])
def test_a_split_as_planned_rarely_looks_wrong_however_often_one_looks(planned):
    p = split(planned, planned, people=10_000, tests=400, seed=4)[0]
    assert (p < .05).mean() <= .05 and (p < .001).mean() <= .005


def test_a_split_of_51_to_49_is_seen_almost_as_surely_as_by_one_chi_square_at_the_end():
    p, chi_square = split(.51, .5, people=60_000, tests=200, seed=6)
    assert (chi_square < .001).mean() > .9
    assert (p < .001).mean() > .75


@pytest.mark.parametrize("counts", [[10], [1, 2, 3], [[5, 5], [4, 6]], [-1, 5], [math.nan, 5], [math.inf, 5], 7])
def test_counts_that_fall_or_do_not_fit_the_arms_are_refused(counts):
    with pytest.raises(UsageError, match="each of the 2 arms"):
        sequential.sample_ratio_p(counts, [1, 1])


@pytest.mark.parametrize("shares", [[1], [1, 0], [1, -1], [1, math.nan], [1, math.inf], 1, [[1, 1]]])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(UsageError, match="two or more numbers above 0"):
        sequential.sample_ratio_p([5, 5], shares)
