"""The shifted-beta-geometric model: how long contracts last where each customer has a churn of their own.

Source: Fader and Hardie (2007, How to project customer retention, Journal of Interactive Marketing 21(1), 76-90); the
value of what is still to come, DERL, from Fader and Hardie (2010, Customer-base valuation in a contractual setting,
Marketing Science 29(1), 85-93). Churns are spread over the customers as a beta distribution with parameters alpha and
beta; at each renewal of age t the share alpha / (alpha + beta + t - 1) leaves, less and less, because those with a high
churn have gone. All customers that are observed at an age count there, so cohorts of different ages go in as they are.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import flags
from engagelab.errors import DataError, UsageError, one_of
from engagelab.ltv import formulas
from engagelab.ltv.bgnbd import expected
from engagelab.ltv.delta import spread
from engagelab.ltv.fitting import Model, maximise
from engagelab.ltv.payback import LONGEST
from engagelab.metrics.shares import answered
from engagelab.summaries import durations, frames, periods


@dataclass(frozen=True, repr=False)
class SBG(Model):
    """The shifted-beta-geometric model: plain, with parameters that are given, or fitted.

    >>> model = SBG().fit([1000, 631, 468, 382, 326, 289, 262, 241], every="year")
    >>> model.params.round(3).to_dict()
    {'alpha': 0.704, 'beta': 1.182}
    >>> model.survival("12 years")["estimate"].iloc[-1].round(3).item()
    0.17
    """

    NAMES: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    TITLE: ClassVar[str] = "sbg.title"

    def fit(self, data: Any, *, every: str, duration: str = "duration", ended: str = "ended") -> Self:
        """The parameters by maximum likelihood.

        data : how many of a cohort were there after 0, 1, 2 ... renewals; or a table with a row a customer, with
        columns of whole periods, `duration`, and whether they `ended`: somebody of duration 3 who ended did not renew
        for the third time, and of one who has not ended three renewals were seen. Rows that lack either are left out
        and counted. every : the period from renewal to renewal.

        Raises DataError for counts that rise or are not whole and for durations that are not whole numbers of 0 or
        more; and where nobody ended, or all did at once.
        """
        one_of("every", every, periods.EVERY)
        if isinstance(data, pd.DataFrame) or not isinstance(data, Sequence | pd.Series | np.ndarray):
            risk, left, n, missing = _customers(data, duration, ended)
        else:
            risk, left, n, missing = _cohort(data)
        if not left.any() or left[0] == left.sum() == risk.sum():
            raise DataError("sbg.nothing", n=int(left.sum()), all=n)
        age = np.arange(len(risk))
        stay = risk - left

        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            alpha, beta = np.exp(theta)
            value = (left.sum() * theta[0] + stay @ np.log(beta + age) - risk @ np.log(alpha + beta + age)) / n
            both = (risk / (alpha + beta + age)).sum()
            return float(value), np.exp(theta) * [left.sum() / alpha - both, (stay / (beta + age)).sum() - both] / n

        mean = left.sum() / risk.sum()
        found = maximise(objective, np.log([2 * mean, 2 * (1 - mean)]))
        return self._fitted(found, n, pd.DataFrame({"at_risk": risk, "ended": left}), every, missing=missing)

    def survival(self, horizon: str, *, confidence: float = .95) -> pd.DataFrame:
        """The share still there after 0, 1, 2 ... periods up to the horizon; an answer with a column `period`."""
        n = durations.steps("horizon", horizon, self._every())
        return self._curve("survival", lambda theta: _survival(np.exp(theta), n), range(n + 1), confidence)

    def retention(self, horizon: str, *, confidence: float = .95) -> pd.DataFrame:
        """The share that renews of those who could, for the 1st, 2nd ... renewal; an answer with a column `period`."""
        n = durations.steps("horizon", horizon, self._every())

        def rates(theta: np.ndarray) -> np.ndarray:
            alpha, beta = np.exp(theta)
            return (beta + np.arange(n)) / (alpha + beta + np.arange(n))
        return self._curve("retention", rates, range(1, n + 1), confidence)

    def value(self, amount: float, *, margin: float = 1.0, discount: float = .10, paid_periods: int | Sequence[int] = 0,
              horizon: str | None = None, confidence: float = .95) -> pd.DataFrame:
        """What a customer still leaves, by how many periods they have paid for so far.

        paid_periods : 0 is a new customer who pays now; n has paid for n periods and is about to decide on the next,
        so that n = 1 is before the first renewal (DERL of Fader and Hardie). amount x margin is what each payment
        leaves, discount that of a year, horizon a duration after which nothing is counted, without end unless given.
        Payments come at the start of a period. Returns an answer with a column `period`: the periods paid for.

        >>> model = SBG({"alpha": .668, "beta": 3.806}, "year")
        >>> model.value(1, paid_periods=[0, 1, 8])["estimate"].round(2).tolist()
        [5.92, 5.41, 7.53]
        """
        every = self._every()
        per, n = formulas.per_period(discount, every), formulas.periods_of(horizon, every)
        given = list(paid_periods) if isinstance(paid_periods, Iterable) else [paid_periods]
        if not given or any(isinstance(each, bool) or not isinstance(each, int | np.integer) or each < 0
                            for each in given):
            raise UsageError("sbg.paid", value=repr(paid_periods))
        if not per and n == math.inf and self._known()["alpha"] <= 1:
            raise UsageError("sbg.no_end")
        left = formulas.estimate("amount", amount)[0] * formulas.estimate("margin", margin)[0]
        method = words.text("sbg.method_value", timing=formulas.timing(discount, every, "start", n))
        return self._answer("ltv", lambda theta: left * np.array([_still(np.exp(theta), per, each, n)
                                                                  for each in given]), given, method, confidence, "log")

    def expected_lifetime(self, *, confidence: float = .95) -> pd.DataFrame:
        """How many periods a new customer pays for in the mean: (alpha + beta - 1) / (alpha - 1).

        Where alpha is 1 or below so many stay for ever that there is no mean: inf, with a flag. Where its interval
        reaches down to 1 the mean may have no end, and neither has its interval.
        """
        alpha, least = self._known()["alpha"], self.frame["low"].iloc[0]
        answer = self._answer("mean_life", lambda theta: np.array(
            [_still(np.exp(theta), 0.0, 0, np.inf)]), [0], words.text("sbg.method_lifetime"),
            confidence, "log").drop(columns="period")
        if alpha <= 1:
            return answer.assign(flag=words.text("sbg.endless", alpha=f"{alpha:.2f}"))
        return answer.assign(high=np.inf, flag=words.text("sbg.maybe_endless")) if least <= 1 else answer

    def simulate(self, n: int, *, horizon: str | None = None, seed: int = 0) -> pd.DataFrame:
        """Made-up customers, as `fit()` takes them: `duration` and `ended`, seen up to the horizon where there is one.

        >>> SBG({"alpha": 1, "beta": 2}, "year").simulate(3, horizon="5 years")["duration"].tolist()
        [3, 1, 5]
        """
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise UsageError("sbg.how_many", value=repr(n))
        random, most = np.random.RandomState(seed), formulas.periods_of(horizon, self._every())
        churn = random.beta(self._known()["alpha"], self._known()["beta"], n)
        with np.errstate(divide="ignore"):
            last = np.floor(np.log(random.uniform(size=n)) / np.log1p(-churn)) + 1
        last = np.minimum(last, 2.0**53)    # who never leaves
        return pd.DataFrame({"duration": np.minimum(last, most).astype("int64"), "ended": last <= most})

    def _every(self) -> str:
        self._known()
        if self.every is None:
            raise UsageError("sbg.no_unit")
        return one_of("every", self.every, periods.EVERY)

    def _curve(self, metric: str, function: Any, places: Sequence[int], confidence: float) -> pd.DataFrame:
        return self._answer(metric, function, places, words.text("fitting.method", model=words.text(self.TITLE)),
                            confidence, "logit")

    def _answer(self, metric: str, function: Any, places: Sequence[int], method: str, confidence: float, scale: str
                ) -> pd.DataFrame:
        """Values of a function of the parameters' logarithms as an answer, a row a period."""
        covariance = np.zeros((2, 2)) if self.covariance is None else self.covariance.to_numpy()
        found = spread(function, np.log(self._known().to_numpy()), covariance, scale=scale, confidence=confidence)
        table = pd.DataFrame({"metric": metric, "period": places, "n_missing": self.n_missing, "flag": self.flag})
        tail = dict(found) | {"count": np.nan, "n": self.n or pd.NA, "n_eff": float(self.n) or np.nan,
                              "method": method}
        answer = answered(table, tail, [""] * len(table)).assign(period=list(places))
        answer.attrs = {"sql": "", "notes": list(self.notes)}
        return answer


def _survival(params: np.ndarray, n: int) -> np.ndarray:
    """The share there after 0 ... n periods."""
    alpha, beta = params
    age = np.arange(n)
    return np.concatenate([[1.0], np.cumprod((beta + age) / (alpha + beta + age))])


def _still(params: np.ndarray, discount: float, paid: int, n: float) -> float:
    """Payments still to come, the next one now, of somebody who has paid for so many periods."""
    alpha, beta = params
    age = max(paid - 1, 0)      # of the renewals behind them
    if n == math.inf:           # (1 + d) times the mean of 1 / (d + churn), over those who renewed so often
        if not discount:
            return (not paid) + (beta + age) / (alpha - 1) if alpha > 1 else math.inf
        whole = (1 + discount) * expected(1.0, np.array([1 / discount]), alpha, beta + paid).item()
        return float(whole if not paid else whole * (beta + age) / (alpha + beta + age))
    stays = _survival(np.array([alpha, beta + age]), int(n) + 1)[min(paid, 1):][:int(n)]
    return float((stays / (1 + discount)**np.arange(len(stays))).sum())


def _cohort(survivors: Any) -> tuple[np.ndarray, np.ndarray, int, int]:
    """At risk and leaving at each age, from how many were there after 0, 1, 2 ... renewals."""
    found = frames.numbers(pd.DataFrame({"survivors": list(survivors)}), ["survivors"])["survivors"].to_numpy()
    wrong = ~((found >= 0) & (found == np.floor(found))) | np.append(False, np.diff(found) > 0)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise DataError("sbg.survivors", place=place + 1, value=f"{found[place]:g}")
    if len(found) < 2:
        raise DataError("sbg.short", n=len(found))
    return found[:-1], -np.diff(found), int(found[0]), 0


def _customers(data: Any, duration: str, ended: str) -> tuple[np.ndarray, np.ndarray, int, int]:
    """At risk and leaving at each age, from a row a customer."""
    table = frames.fetched(data, [duration, ended])
    length, gone = frames.numbers(table, [duration])[duration], flags(table, ended)
    known = (length.notna() & gone.notna()).to_numpy()
    times, left = length.to_numpy()[known], gone[known].to_numpy(dtype=bool)
    wrong = (times < left) | (times != np.floor(times))
    if wrong.any():
        place = int(np.argmax(wrong))
        raise DataError("sbg.duration", column=repr(duration), row=int(np.flatnonzero(known)[place]) + 1,
                        value=f"{times[place]:g}", n=int(wrong.sum()))
    if not len(times) or times.max() < 1:
        raise DataError("sbg.short", n=len(times))
    if times.max() > LONGEST:
        raise DataError("sbg.long", column=repr(duration), value=f"{times.max():g}")
    size = int(times.max()) + 1
    seen = np.bincount(times.astype("int64"), minlength=size)
    risk = seen[::-1].cumsum()[::-1][1:].astype("float64")
    ends = np.bincount(times[left].astype("int64"), minlength=size)[1:].astype("float64")
    return risk, ends, len(times), int((~known).sum())
