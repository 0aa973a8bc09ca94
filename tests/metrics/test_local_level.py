"""One-step predictions agree with statsmodels' Kalman filter, mixtures with scipy, averages with an integral."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.tsa.statespace.structural import UnobservedComponents

from engagelab.metrics import local_level
from engagelab.metrics.local_level import Mixture, one_step

LEVEL = .3
Y = np.array([3.1, 5.2, 4.4, 6.0, 5.1, 4.8, 6.6, 5.9, 7.2, 6.1])


def filtered(y, level, scale=1.0):
    model = UnobservedComponents(y, "llevel", use_exact_diffuse=True)
    return model.filter([scale * (1 - level), scale * level**2])


@pytest.fixture
def one_level(monkeypatch):
    monkeypatch.setattr(local_level, "LEVELS", np.array([LEVEL]))


def test_a_prediction_is_that_of_the_kalman_filter(one_level):
    found, known = one_step(Y, np.arange(10)), filtered(Y, LEVEL)
    assert found.mean[3:] == pytest.approx(known.forecasts[0][3:], abs=1e-9)
    news = known.forecasts_error[0] / np.sqrt(known.forecasts_error_cov[0, 0])
    scale = np.sqrt((news[1:9] ** 2).mean())     # the first value tells the level alone
    assert found.spread[9, 0] == pytest.approx(scale * np.sqrt(known.forecasts_error_cov[0, 0, 9]), rel=1e-9)
    assert found.df[9] == 7


def test_a_period_that_is_missing_makes_the_next_one_less_sure_as_in_the_kalman_filter(one_level):
    y = Y.copy()
    y[[4, 8]] = np.nan
    kept = np.flatnonzero(~np.isnan(y))
    found, known = one_step(y[kept], kept), filtered(y, LEVEL)
    assert found.mean[3:] == pytest.approx(known.forecasts[0][kept][3:], abs=1e-9)
    ratio = found.spread[-1, 0] / one_step(y[kept], np.arange(8)).spread[-1, 0]
    assert ratio > 1


def test_levels_are_weighed_by_their_likelihood_over_all_variances(monkeypatch):
    levels = np.array([.1, .5, .9])
    monkeypatch.setattr(local_level, "LEVELS", levels)

    def likelihood(level):
        def at(log_scale):
            return np.exp(filtered(Y[:9], level, np.exp(log_scale)).llf)
        return integrate.quad(at, -8, 8, limit=200)[0]

    known = np.array([likelihood(level) for level in levels])
    assert one_step(Y, np.arange(10)).weight[9] == pytest.approx(known / known.sum(), rel=1e-6)


def test_a_mixture_of_one_part_is_students_t():
    one = Mixture(np.array([[1.0]]), np.array([[2.0]]), np.array([[3.0]]), np.array([6.0]))
    known = stats.t(6, loc=2, scale=3)
    assert np.ravel(one.bounds(.99)) == pytest.approx(known.interval(.99), rel=1e-9)
    assert one.p(np.array([9.0]))[0] == pytest.approx(2 * known.sf(9))


def test_a_mixture_lies_between_its_bounds_as_often_as_asked():
    two = Mixture(np.array([[.3, .7]]), np.array([[0.0, 5.0]]), np.array([[1.0, 2.0]]), np.array([6.0]))
    low, high = two.bounds(.9)
    draws = np.random.RandomState(1)
    part = draws.uniform(size=200_000) < .3
    value = np.where(part, 0, 5) + np.where(part, 1, 2) * draws.standard_t(6, 200_000)
    assert np.mean(value < low) == pytest.approx(.05, abs=.003)
    assert np.mean(value > high) == pytest.approx(.05, abs=.003)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_another_origin_and_unit_change_nothing_else(shift, unit):
    here, there = one_step(Y, np.arange(10)), one_step(shift + unit * Y, np.arange(10))
    assert there.mean[5:] == pytest.approx(shift + unit * here.mean[5:], rel=1e-6, abs=1e-6 * (abs(shift) + unit))
    assert there.p(shift + unit * Y)[5:] == pytest.approx(here.p(Y)[5:], rel=1e-4, abs=1e-9)


def test_noise_that_follows_known_errors_is_told_from_equal_noise():
    draws = np.random.RandomState(3)
    se = np.where(np.arange(60) % 2, .2, 3.0)
    y = 5 + se * draws.standard_normal(60)
    weight = one_step(y, np.arange(60), [np.ones(60), se**2]).weight[-1]
    assert weight[len(weight) // 2:].sum() > .99


def test_a_season_is_found_and_expected_again():
    draws = np.random.RandomState(4)
    season = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 2.0, 6.0, 12.0])
    y = 20 + np.tile(season, 4) + draws.standard_normal(48)
    december = one_step(y, np.arange(48), season=12)
    assert december.mean[-1] == pytest.approx(32, abs=1.5)
    assert one_step(y, np.arange(48)).mean[-1] < 27
