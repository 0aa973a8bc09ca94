"""Logistic regression against scikit-learn, statsmodels and its own equations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.discrete.discrete_model import Logit

from engagelab.metrics.logistic import expit, logistic, logit


def made(n=400, seed=5):
    random = np.random.RandomState(seed)
    signals = random.normal(size=(n, 3)).round(3)
    did = (random.uniform(size=n) < expit(signals @ [1, -.5, 0] - .7)).astype(float)
    return np.column_stack([np.ones(n), signals]), did


def test_with_a_penalty_it_is_scikit_learns():
    """LogisticRegression(C=1/.16, tol=1e-12, max_iter=10000) of scikit-learn 1.9.1 on the same rows."""
    assert logistic(*made(), ridge=.16).coefficients == pytest.approx(
        [-.89974107, .90539391, -.51258628, -.07147619], abs=3e-7)


def test_without_one_it_is_statsmodels():
    design, did = made()
    fit, theirs = logistic(design, did), Logit(did, design).fit(disp=0, tol=1e-12)
    assert fit.found
    assert fit.coefficients == pytest.approx(theirs.params, abs=1e-10)
    assert fit.covariance == pytest.approx(theirs.cov_params(), abs=1e-8)


def test_an_offset_is_that_of_statsmodels():
    design, did = made()
    offset = design[:, 1] / 2
    theirs = Logit(did, design[:, [0, 2]], offset=offset).fit(disp=0, tol=1e-12)
    assert logistic(design[:, [0, 2]], did, offset=offset).coefficients == pytest.approx(theirs.params, abs=1e-9)


def test_perfect_separation_has_an_end_with_the_penalty_and_is_said_without():
    signal = np.linspace(-1, 1, 50)
    design, did = np.column_stack([np.ones(50), signal]), (signal > 0).astype(float)
    assert not logistic(design, did).found
    assert not logistic(np.ones((50, 1)), np.ones(50)).found
    held = logistic(design, did, ridge=.16)
    assert held.found and 1 < held.coefficients[1] < 20


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([0.05, .16, 2.0]))
def test_at_the_maximum_the_gradient_is_nought_whatever_the_start(seed, rising, ridge):
    design, did = made(60, seed)
    fit = logistic(design, did, ridge=ridge, rising=rising, start=np.array([1.0, -2.0, 2.0, .5]))
    gradient = design.T @ (did - expit(design @ fit.coefficients)) - ridge * fit.coefficients * [0, 1, 1, 1]
    used = np.array([True, *(fit.coefficients[1:] != 0)])
    assert np.abs(gradient[used]).max() < 1e-6
    if rising:
        assert (fit.coefficients[1:] >= 0).all()
    else:
        assert used.all()


def test_chances_and_scores_turn_into_each_other_without_overflow():
    assert expit(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0, .5, 1]
    assert logit(expit(np.array([-3.0, .2]))) == pytest.approx([-3, .2])
