"""Two shares against Newcombe's tables, other libraries, whole enumeration and each other."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import barnard_exact, binom, chi2_contingency
from statsmodels.stats.proportion import confint_proportions_2indep, score_test_proportions_2indep

from engagelab.errors import UsageError
from engagelab.metrics import intervals, two_shares

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "experiments_two_shares.json").read_text("utf-8"))}
CONFIDENCES = [.5, .8, .9, .95, .99, .999]


def share_of(most):
    return st.integers(1, most).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def groups(most):
    return st.tuples(share_of(most), share_of(most)).map(lambda pair: (*pair[0], *pair[1]))


def leaves_out(bounds, value=0.0):
    return bool(bounds[0] > value or bounds[1] < value)


@pytest.mark.parametrize("method", ["newcombe", "wilson", "clopper_pearson"])
def test_intervals_are_those_of_newcombes_tables(method):
    case = next(case for name, case in CASES.items() if name.startswith(method))
    given_ = [[row[name] for row in case["inputs"]] for name in case["inputs"][0]]
    found = np.transpose(getattr(intervals, method)(*given_))
    assert found == pytest.approx(np.array(case["expected"]["ci"]), abs=case["tolerance"])


@given(groups(3000), st.sampled_from(CONFIDENCES))
@example((10, 10, 0, 10), .95)
@example((9, 9, 1, 1), .5)
def test_newcombes_p_is_below_the_error_exactly_where_his_interval_leaves_0_out(counts, confidence):
    p = two_shares.newcombe_p(*counts)
    assert (p < 1 - confidence) == leaves_out(intervals.newcombe(*counts, confidence))


@given(groups(500))
def test_newcombes_p_is_where_his_interval_begins_to_leave_0_out(counts):
    p = float(two_shares.newcombe_p(*counts))
    assume(1e-6 < p < .999)
    assert not leaves_out(intervals.newcombe(*counts, 1 - p * (1 - 1e-6)))
    assert leaves_out(intervals.newcombe(*counts, 1 - p * (1 + 1e-6)))


def test_equal_shares_have_a_p_of_1_and_nobody_asked_has_none():
    assert two_shares.newcombe_p([2, 0, 4], [4, 3, 4], [5, 0, 9], [10, 8, 9]).tolist() == [1, 1, 1]
    for answer in (two_shares.newcombe_p(0, 0, 1, 2), two_shares.miettinen_nurminen_p(0, 0, 1, 2),
                   *two_shares.miettinen_nurminen(1, 2, 0, 0), *two_shares.exact_difference(0, 0, 1, 2)):
        assert np.isnan(answer)


def test_many_pairs_at_once_give_what_each_gives_alone():
    pairs = np.array([[3, 50, 9, 60], [0, 5, 5, 5], [40, 80, 30, 90]])
    columns = pairs.T
    assert two_shares.newcombe_p(*columns).tolist() == [two_shares.newcombe_p(*pair) for pair in pairs]
    together, alone = two_shares.miettinen_nurminen(*columns), [two_shares.miettinen_nurminen(*pair) for pair in pairs]
    assert np.transpose(together).tolist() == np.array(alone).tolist()
    assert two_shares.newcombe_p([[3], [4]], 50, [9, 10], 60).shape == (2, 2)


@pytest.mark.parametrize(("counts", "bounds"), [
    ((56, 70, 48, 80), (.0528, .3382)), ((9, 10, 3, 10), (.1700, .8406)), ((6, 7, 2, 7), (.0342, .8534)),
    ((5, 56, 0, 29), (-.0326, .1933)), ((0, 10, 0, 20), (-.1658, .2844)), ((0, 10, 0, 10), (-.2879, .2879)),
    ((10, 10, 0, 20), (.7156, 1)), ((10, 10, 0, 10), (.6636, 1))])
def test_the_score_interval_is_that_of_newcombes_table_ii(counts, bounds):
    assert two_shares.miettinen_nurminen(*counts) == pytest.approx(bounds, abs=6e-5)


def test_the_score_interval_stands_where_statsmodels_gives_up():
    with pytest.raises(ValueError, match="different signs"):
        confint_proportions_2indep(9, 10, 3, 10, method="score", compare="diff")
    assert two_shares.miettinen_nurminen(9, 10, 3, 10) == pytest.approx((.1700, .8406), abs=6e-5)


@given(groups(400))
def test_the_score_p_of_no_difference_is_that_of_statsmodels(counts):
    """At other differences its cubic has the count where the size of the group belongs: no reference there."""
    count_1, n_1, count_2, n_2 = counts
    assume(0 < count_1 + count_2 < n_1 + n_2)
    expected = score_test_proportions_2indep(*counts, compare="diff", return_results=False)[1]
    assert two_shares.miettinen_nurminen_p(*counts) == pytest.approx(expected, rel=1e-7, abs=1e-12)


@given(groups(300), st.sampled_from([.9, .95]))
@settings(max_examples=40)
def test_at_both_ends_a_numerical_maximum_of_the_likelihood_gives_the_normal_quantile(counts, confidence):
    count_1, n_1, count_2, n_2 = counts
    for end in two_shares.miettinen_nurminen(*counts, confidence):
        if abs(end) > .9999:
            continue
        low, high = max(0.0, -end), min(1.0, 1 - end)
        second = minimize_scalar(lambda share, end=end: -float(
            xlogy(count_1, share + end) + xlogy(n_1 - count_1, 1 - share - end) + xlogy(count_2, share)
            + xlogy(n_2 - count_2, 1 - share)), bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
        spread = (second + end) * (1 - second - end) / n_1 + second * (1 - second) / n_2
        score = (count_1 / n_1 - count_2 / n_2 - end) / np.sqrt(spread * (n_1 + n_2) / (n_1 + n_2 - 1))
        assert abs(score) == pytest.approx(intervals.z_value(confidence), rel=1e-3)  # a maximum is found to 1e-8


@given(groups(10**6), st.floats(-.9, .9).map(lambda null: round(null, 5)))
@example((3, 20_000, 9, 20_000), 1e-4)
@example((0, 1_000_000, 2, 40), 0.0)
@example((15, 3_412_208, 0, 44_779), 4e-6)
@example((587_217, 587_279, 9, 9), -.0001)
def test_the_restricted_shares_are_the_likeliest(counts, null):
    count_1, n_1, count_2, n_2 = (np.array(float(value)) for value in counts)
    if count_1 + count_2 > (n_1 + n_2) / 2:  # as it is asked: near 0 rather than near 1
        count_1, count_2, null = n_1 - count_1, n_2 - count_2, -null
    best = float(two_shares._likeliest(count_1, n_1, count_2, n_2, np.array(null)))
    low, high = max(0.0, -null), min(1.0, 1 - null)

    def likelihood(second):
        first = np.clip(second + null, 0, 1)
        return sum(float(count * np.log(share)) if count else 0.0 for count, share in (
            (count_1, first), (n_1 - count_1, 1 - first), (count_2, second), (n_2 - count_2, 1 - second)))

    with np.errstate(divide="ignore"):
        most = likelihood(best)
        for other in np.clip([low, high, *np.linspace(low, high, 41), best * 1.01, best * .99], low, high):
            assert likelihood(other) <= most + 1e-6 * (1 + abs(most))


def test_of_rare_events_without_a_difference_the_likeliest_share_is_the_pooled_one_to_the_digit():
    counts = [np.array(value) for value in (3., 1e7, 9., 2e7)]
    assert float(two_shares._likeliest(*counts, np.array(0.0))) == pytest.approx(12 / 3e7, rel=1e-10)


@given(groups(3000), st.sampled_from(CONFIDENCES), st.sampled_from([0.0, -.02, .1]))
def test_the_score_p_and_interval_agree_at_every_margin(counts, confidence, null):
    p = float(two_shares.miettinen_nurminen_p(*counts, null))
    assume(abs(p - (1 - confidence)) > 1e-9)
    assert (p < 1 - confidence) == leaves_out(two_shares.miettinen_nurminen(*counts, confidence), null)


@given(groups(200), st.sampled_from([.9, .95]))
def test_swapped_groups_and_counted_others_mirror(counts, confidence):
    count_1, n_1, count_2, n_2 = counts
    low, high = two_shares.miettinen_nurminen(*counts, confidence)
    for mirrored in ((count_2, n_2, count_1, n_1), (n_1 - count_1, n_1, n_2 - count_2, n_2)):
        assert two_shares.miettinen_nurminen(*mirrored, confidence) == pytest.approx((-high, -low), abs=1e-9)
    assert -1 <= low < high <= 1


def nowhere_left_out(count, n, confidence):
    return np.zeros(len(count)), np.ones(len(count))


def whole_p(counts, null):
    """The exact test by brute force: every table, a fine grid of shares, nothing left out."""
    count_1, n_1, count_2, n_2 = counts
    first, second = np.arange(n_1 + 1.), np.arange(n_2 + 1.)
    scores = np.abs(two_shares.score(first[:, None], float(n_1), second, float(n_2), np.array(null)))
    far = scores >= scores[count_1, count_2] * (1 - 1e-9)
    shares = np.linspace(max(0, -null), min(1, 1 - null), 2001)[:, None]
    return np.einsum("mi,mj,ij->m", binom.pmf(first, n_1, np.clip(shares + null, 0, 1)),
                     binom.pmf(second, n_2, shares), far, optimize=True).max()


@pytest.mark.parametrize("counts", [(7, 12, 1, 13), (9, 10, 3, 10), (0, 6, 4, 22), (2, 30, 5, 9), (19, 19, 17, 21)])
def test_the_exact_p_is_that_of_all_tables_and_the_worst_share(monkeypatch, counts):
    monkeypatch.setattr(two_shares, "clopper_pearson", nowhere_left_out)
    for null in (0.0, .05, -.1):
        assert two_shares._exact_p(counts, null) == pytest.approx(whole_p(counts, null), abs=3e-5)


@pytest.mark.parametrize("counts", [(7, 12, 1, 13), (5, 16, 13, 19), (1, 5, 3, 5), (40, 400, 12, 200)])
def test_at_no_difference_the_exact_p_is_barnards(monkeypatch, counts):
    """The same test where all shares are looked at: N / (N - 1) changes no order of tables."""
    monkeypatch.setattr(two_shares, "clopper_pearson", nowhere_left_out)
    count_1, n_1, count_2, n_2 = counts
    expected = barnard_exact([[count_1, count_2], [n_1 - count_1, n_2 - count_2]], pooled=True, n=256).pvalue
    assert two_shares._exact_p(counts, 0.0) == pytest.approx(expected, abs=2e-4)
    assert two_shares.exact_difference(*counts)[2] >= expected - 2e-4


@given(groups(30), st.sampled_from([.8, .9, .95, .99]))
@settings(max_examples=15)
@example((0, 1, 1, 1), .95)
@example((2, 8, 2, 8), .9)
@example((3, 20_000, 9, 20_000), .9)
def test_the_exact_p_and_interval_agree_and_mirror(counts, confidence):
    count_1, n_1, count_2, n_2 = counts
    low, high, p = two_shares.exact_difference(*counts, confidence)
    assert -1 <= low <= count_1 / n_1 - count_2 / n_2 <= high <= 1
    assert (p < 1 - confidence) == leaves_out((low, high))
    assert two_shares.exact_difference(count_2, n_2, count_1, n_1, confidence) == (-high, -low, p)


def exact_errors(n_1, n_2, shares, p_of):
    """The chance that `p_of` is below .05 though both groups have the share, for each share."""
    first, second = (table.ravel() for table in np.meshgrid(np.arange(n_1 + 1.), np.arange(n_2 + 1.), indexing="ij"))
    chance = np.array([np.outer(binom.pmf(np.arange(n_1 + 1), n_1, share), binom.pmf(np.arange(n_2 + 1), n_2, share))
                       for share in shares]).reshape(len(shares), -1)
    return np.where(p_of(first, n_1, second, n_2) < .05, chance, 0).sum(axis=1)


def exact_p(first, n_1, second, n_2):
    near = two_shares.miettinen_nurminen_p(first, n_1, second, n_2)
    return np.array([two_shares._exact_p((a, float(n_1), b, float(n_2)), 0.0) if p < .2 else 1.0
                     for a, b, p in zip(first, second, near, strict=True)])


@pytest.mark.parametrize(("n_1", "n_2"), [(10, 10), (18, 2), (20, 20), (36, 4)])
def test_below_ten_expected_counts_the_exact_test_never_errs_more_often_than_it_says(n_1, n_2):
    errors = exact_errors(n_1, n_2, np.linspace(.01, .5, 50), exact_p)
    assert .03 < errors.max() <= .05
    assert exact_errors(13, 13, [.5], two_shares.newcombe_p)[0] > .07  # which Newcombe's would


@pytest.mark.slow
@pytest.mark.parametrize(("n_1", "n_2"), [(60, 60), (90, 10), (25, 25), (64, 16)])
def test_in_larger_groups_neither(n_1, n_2):
    assert exact_errors(n_1, n_2, np.linspace(.01, .5, 99), exact_p).max() <= .05


@pytest.mark.slow
@pytest.mark.parametrize(("n_1", "n_2"), [(8, 8), (18, 2)])
def test_the_exact_interval_covers_as_often_as_it_says_but_for_what_lies_between_the_differences_tried(n_1, n_2):
    tables = [(a, b) for a in range(n_1 + 1) for b in range(n_2 + 1)]
    low, high, _ = np.array([two_shares.exact_difference(a, n_1, b, n_2) for a, b in tables]).T
    for share_1 in np.linspace(.0107, .9873, 33):
        for share_2 in np.linspace(.0219, .9791, 33):
            held = (low <= share_1 - share_2) & (share_1 - share_2 <= high)
            chance = np.outer(binom.pmf(np.arange(n_1 + 1), n_1, share_1), binom.pmf(np.arange(n_2 + 1), n_2, share_2))
            assert chance.ravel()[held].sum() >= .9475


@pytest.mark.parametrize("split", [1, 2, 4, 9])
def test_from_ten_expected_counts_newcombe_errs_and_covers_as_he_says(split):
    for share in (.02, .1, .2, .3):
        n = int(np.ceil(10 / share))
        first, second = np.arange(split * n + 1.), np.arange(n + 1.)
        tables = [table.ravel() for table in np.meshgrid(first, second, indexing="ij")]
        chance = np.outer(binom.pmf(first, split * n, share), binom.pmf(second, n, share)).ravel()
        seen = chance > 1e-9
        counts = tables[0][seen], split * n, tables[1][seen], n
        assert .04 <= chance[seen][two_shares.newcombe_p(*counts) < .05].sum() <= .06
        chance = np.outer(binom.pmf(first, split * n, share), binom.pmf(second, n, 1.5 * share)).ravel()
        seen = chance > 1e-9
        low, high = intervals.newcombe(tables[0][seen], split * n, tables[1][seen], n)
        assert chance[seen][(low <= -.5 * share) & (-.5 * share <= high)].sum() >= .94


def test_the_p_of_one_share_in_all_groups_is_that_of_rs_smokers():
    case = CASES["r_prop_test_smokers"]
    found = dict(zip(("statistic", "df", "pvalue"), two_shares.homogeneity_p(*case["inputs"].values()), strict=True))
    for name, value in case["expected"].items():
        assert found[name] == pytest.approx(value, abs=case["tolerance"][name])


@given(st.lists(share_of(300), min_size=2, max_size=5))
def test_and_of_scipy(pairs):
    counts, n = np.array(pairs).T
    assume(0 < counts.sum() < n.sum())
    expected = chi2_contingency([counts, n - counts], correction=False)
    statistic, df, p = two_shares.homogeneity_p(counts, n)
    assert (statistic, df, p) == pytest.approx((expected.statistic, expected.dof, expected.pvalue), rel=1e-9, abs=1e-9)
    assert two_shares.homogeneity_p([*counts, 0, np.nan], [*n, 0, 5]) == (statistic, df, p)


def test_where_all_groups_agree_wholly_nothing_speaks_against_one_share_and_one_group_says_nothing():
    assert two_shares.homogeneity_p([0, 0], [5, 9]) == (0, 1, 1)
    assert two_shares.homogeneity_p([5, 9], [5, 9]) == (0, 1, 1)
    assert np.isnan(two_shares.homogeneity_p([3], [9])[2])


@pytest.mark.parametrize("call", [two_shares.newcombe_p, two_shares.miettinen_nurminen, two_shares.exact_difference])
@pytest.mark.parametrize("counts", [(5, 4, 1, 2), (1, 2, -1, 4), (1, np.inf, 1, 4)])
def test_a_count_that_cannot_be_is_refused_with_its_size(call, counts):
    with pytest.raises(UsageError, match="cannot be"):
        call(*counts)


def test_half_a_count_is_refused_by_the_exact_test_and_a_null_beyond_1_by_the_score_test():
    with pytest.raises(UsageError, match="whole counts"):
        two_shares.exact_difference(1.5, 4, 1, 2)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="between -1 and 1"):
        two_shares.miettinen_nurminen_p(1, 4, 1, 2, [0, 1])
