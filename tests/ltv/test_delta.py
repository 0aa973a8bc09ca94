"""The delta method against the formulas that it stands for."""

import numpy as np
import pytest

from engagelab.ltv.delta import spread


def test_a_product_of_logarithms_has_the_sum_of_their_variances():
    found = spread(lambda x: np.exp(x.sum(keepdims=True)), np.log([20.0, 3.0]), np.diag([.01, .04]))
    half = 1.959964 * .05**.5
    assert [found[name][0] for name in ("estimate", "low", "high", "se")] == pytest.approx(
        [60, 60 * np.exp(-half), 60 * np.exp(half), 60 * .05**.5], rel=1e-6)


def test_a_covariance_goes_in():
    matrix = np.array([[.04, .03], [.03, .09]])
    found = spread(lambda x: x[:1] - x[1:], np.array([5.0, 2.0]), matrix, scale="plain")
    assert found["se"][0] == pytest.approx(np.sqrt(.04 + .09 - .06))


def test_a_share_stays_between_0_and_1():
    found = spread(lambda x: 1 / (1 + np.exp(-x)), np.array([4.0]), np.array([[4.0]]), scale="logit")
    assert 0 < found["low"][0] < found["estimate"][0] < found["high"][0] < 1
    assert found["low"][0] == pytest.approx(1 / (1 + np.exp(-4 + 2 * 1.959964)))


def test_what_no_error_moves_has_no_interval():
    found = spread(lambda x: np.array([5.0, x[0]]), np.array([1.0]), np.array([[.1]]))
    assert np.isnan([found[name][0] for name in ("low", "high", "se")]).all()
    assert np.isfinite(found["low"][1])
    assert np.isnan(spread(lambda x: x, np.array([1.0]), np.array([[np.nan]]))["low"][0])
