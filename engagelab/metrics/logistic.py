"""Logistic regression with a mild penalty, so that a signal that parts everybody from everybody has an end.

Newton's method on the penalised likelihood (McCullagh and Nelder 1989, Generalized Linear Models, section 4.4). The
penalty is a normal prior around 0 on each coefficient but the first (Gelman, Jakulin, Pittau and Su 2008, The Annals of
Applied Statistics 2, 1360-1383); 0 gives maximum likelihood. The covariance is the inverse of the penalised
information. scikit-learn's LogisticRegression(C=1/ridge) and statsmodels' Logit give the same.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Logistic:
    """`coefficients`, the first of them the constant, their `covariance`, and whether there is a maximum."""

    coefficients: np.ndarray
    covariance: np.ndarray
    found: bool


def logistic(design: np.ndarray, did: np.ndarray, *, ridge: float = 0.0, offset: np.ndarray | float = 0.0,
             start: np.ndarray | None = None, rising: bool = False) -> Logistic:
    """The fit of who did on the columns of `design`, of which the first is 1.

    did : shares from 0 to 1, mostly these two. ridge : 1 over the variance of the prior. offset : added to the score of
    each row. start : coefficients near which to begin. rising : no coefficient but the first may be below 0; those that
    would be are 0, and their covariance too.

    >>> made = logistic(np.column_stack([np.ones(4), [0, 0, 1, 1]]), np.array([0, 1, 1, 1]), ridge=.16)
    >>> made.coefficients.round(3).tolist(), made.found
    ([0.49, 1.501], True)
    """
    width = design.shape[1]
    used = np.ones(width, dtype=bool)
    while True:
        begin = np.zeros(used.sum()) if start is None else start[used]
        fit = _newton(design[:, used], did, ridge, offset, begin)
        wrong = rising & (fit.coefficients < 0)
        wrong[0] = False
        if not wrong.any():
            break
        used[np.flatnonzero(used)[int(np.argmin(np.where(wrong, fit.coefficients, 0)))]] = False
    whole, spread = np.zeros(width), np.zeros((width, width))
    whole[used], spread[np.ix_(used, used)] = fit.coefficients, fit.covariance
    return Logistic(whole, spread, fit.found)


def _newton(design: np.ndarray, did: np.ndarray, ridge: float, offset: np.ndarray | float, start: np.ndarray
            ) -> Logistic:
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    theta, value = start, -np.inf
    for _ in range(100):
        score = design @ theta + offset
        p = expit(score)
        gradient = design.T @ (did - p) - penalty * theta
        information = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        if value == -np.inf:
            value = _likelihood(score, did, penalty, theta)
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        gain = float(gradient @ step)
        if gain < 1e-12 * len(did) or not np.isfinite(gain):
            theta = theta + step
            break
        for _ in range(30):
            there = _likelihood(design @ (theta + step) + offset, did, penalty, theta + step)
            if there >= value:
                break
            step = step / 2
        theta, value = theta + step, there
    spread = np.linalg.pinv(information, hermitian=True)
    # where one side is told without an error, the likelihood rises for ever and its information fades away
    return Logistic(theta, spread, bool(np.linalg.eigvalsh(information).min() > 1e-7 * len(did) * np.square(
        design).mean(axis=0).min() and gain < 1e-6 * len(did)))


def _likelihood(score: np.ndarray, did: np.ndarray, penalty: np.ndarray, theta: np.ndarray) -> float:
    return float((did * score - np.logaddexp(0, score)).sum() - penalty @ theta**2 / 2)


def expit(score: np.ndarray) -> np.ndarray:
    """The chance that belongs to a score on the logit scale.

    >>> expit(np.array([0.0, -1000.0])).tolist()
    [0.5, 0.0]
    """
    return np.exp(-np.logaddexp(0, -score))


def logit(chance: np.ndarray) -> np.ndarray:
    """The score that belongs to a chance; infinite at 0 and 1.

    >>> logit(np.array([.5, 1.0])).tolist()
    [0.0, inf]
    """
    with np.errstate(divide="ignore"):
        return np.log(chance) - np.log1p(-chance)
