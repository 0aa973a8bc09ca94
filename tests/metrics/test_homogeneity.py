import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

from engagelab.metrics.homogeneity import heterogeneity_p, share_error, trend


@pytest.mark.parametrize("sizes", [(5, 9), (4, 12, 30), (8, 8, 8, 40, 6)])
def test_the_p_of_differing_means_is_welchs(sizes):
    draw = np.random.RandomState(len(sizes))
    groups = [draw.normal(place, 1 + place, n) for place, n in enumerate(sizes)]
    wanted = anova_oneway(groups, use_var="unequal").pvalue
    found = heterogeneity_p([group.mean() for group in groups], [stats.sem(group) for group in groups],
                            [len(group) - 1 for group in groups])
    assert found == pytest.approx(wanted, rel=1e-9)


def test_with_known_errors_it_is_cochrans_q():
    value, se = np.array([.3, 1.2, 2.2, .9]), np.array([.4, .3, .8, .5])
    weight = se**-2.0
    square = (weight * (value - np.average(value, weights=weight)) ** 2).sum()
    assert heterogeneity_p(value, se) == pytest.approx(stats.chi2.sf(square, 3))


def test_estimates_without_an_error_are_left_out_and_one_is_not_compared():
    assert heterogeneity_p([1, 9, 2, np.nan], [.5, 0, .6, .1]) == pytest.approx(heterogeneity_p([1, 2], [.5, .6]))
    assert np.isnan(heterogeneity_p([1, 2], [.5, np.nan]))
    assert np.isnan(trend([0, 1], [1, 2], [1, 1], [9, 9], [1, 1])[2])


def test_the_line_is_that_of_weighted_least_squares_and_its_error_that_of_the_parts():
    draw = np.random.RandomState(4)
    x, size = np.array([0, 1, 2, 4, 5, 8.0]), np.array([5, 9, 3, 4, 8, 6.0])
    value, se = 2 - .3 * x + draw.normal(0, .3, 6), draw.uniform(.2, .5, 6)
    model = sm.WLS(value, sm.add_constant(x), weights=size).fit()
    first, last, p = trend(x, value, se, np.inf, size)
    assert [first, last] == pytest.approx(model.predict(sm.add_constant(x[[0, -1]])))
    design = sm.add_constant(x)
    turn = np.linalg.inv(design.T @ np.diag(size) @ design) @ design.T @ np.diag(size)
    error = np.sqrt((turn @ np.diag(se**2) @ turn.T)[1, 1])
    assert p == pytest.approx(2 * stats.norm.sf(abs(model.params[1]) / error), rel=1e-6)


def test_the_error_of_a_share_comes_from_agresti_and_caffos_share_and_needs_two():
    assert share_error(56, 70) == pytest.approx(np.sqrt(57 / 72 * 15 / 72 / 69))
    assert np.isnan(share_error([0, 1], [0, 1])).all()


def test_few_and_rare_do_not_raise_false_alarms():
    draw, alarms = np.random.RandomState(1), []
    for p, n in ((.02, 100), (.1, 60), (.5, 40)):
        found = []
        for _ in range(1500):
            size = draw.randint(n // 2, 2 * n, (2, 20))
            count = draw.binomial(size, p)
            value, parts = count / size, share_error(count, size) ** 2
            whole = parts.sum(axis=0)
            free = whole**2 / (parts**2 / (size - 1)).sum(axis=0)
            found.append(heterogeneity_p(value[1] - value[0], np.sqrt(whole), free) < .05)
        alarms.append(np.mean(found))
    assert max(alarms) < .06
