"""Quick and slow leavers: how long customers stay where some leave soon and the others stay for long.

Who leaves first is of the quick kind, so those who are left leave ever more rarely, and one over the churn of the first
period is no mean life (Fader and Hardie 2010, Customer-base valuation in a contractual setting: the perils of ignoring
heterogeneity, Marketing Science 29(1), 85-93). Here lives are a mixture of two geometric ones, each with a churn that
all groups share; groups differ in how many of their new customers are quick. Maximum likelihood; open subscriptions are
censored; those that began before the data are there only because they had lasted until then, and count from then on
(left truncation). Half a customer of each kind is added to each group, so that a share is never 0 or 1 (Firth 1993,
Biometrika 80, 27-38); intervals are by the delta method, on logits and logarithms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity import spells as activity
from engagelab.display import shown
from engagelab.errors import DataError, column_of, one_of
from engagelab.ltv import formulas
from engagelab.ltv.delta import spread
from engagelab.ltv.kinds import Kinds, Lives, chance, lives_of, one_kind, two_kinds
from engagelab.metrics import looks
from engagelab.metrics.answer import grouping
from engagelab.metrics.intervals import wilson
from engagelab.metrics.shares import TAIL, answered
from engagelab.metrics.survival import COLUMNS, kaplan_meier
from engagelab.plots.leavers import leavers as picture
from engagelab.summaries import periods

LOOKED_AT = ("estimate", "interval", "n", "flag")
MOST = 50             # groups


@dataclass(frozen=True, repr=False)
class Leavers:
    """How long customers stay, by quick and slow leavers.

    frame : an answer: `share_quick`, `churn_quick`, `churn_slow`, `mean_life` in periods, and beside them what the
    first period alone says, `first_period_churn` and `naive_mean_life`. compare : both models and their BIC. kinds : 2,
    or 1 where one kind with a churn of its own in each group fits as well. curve : the observed survival and both
    fitted ones. notes : what has to be said.
    """

    frame: pd.DataFrame
    compare: pd.DataFrame
    curve: pd.DataFrame
    notes: tuple[str, ...]
    every: str
    by: tuple[str, ...]
    lives: Lives
    model: Kinds
    confidence: float

    @property
    def kinds(self) -> int:
        """How many kinds of leavers the data tell apart."""
        return self.model.kinds

    def value(self, amount: Any, *, margin: float | pd.Series = 1.0, discount: float = 0.0, paid: str = "start",
              horizon: str | None = None) -> pd.DataFrame:
        """The lifetime value of a new customer, by group, with intervals.

        amount : what a customer pays a period: a number, a mapping from group to number, or an answer with the same
        groups, such as `el.measure(subscriptions, el.mean("amount"), by="channel")`, whose errors go in. margin : the
        share of it that is left, a number or a row of an answer. discount, paid, horizon : as in
        `from_retention()`; without discount and horizon it is amount x margin x mean life.

        Returns an answer with the metric `ltv`. Its `.attrs["earned"]` tells `channels()` when the money comes.
        """
        per, labels = formulas.per_period(discount, self.every), self.lives.labels
        n = formulas.periods_of(horizon, self.every)
        paying = [formulas.estimate("amount", each) for each in self._amounts(amount)]
        left = formulas.estimate("margin", margin)
        size = len(self.model.at)
        errors = [(se / value)**2 for value, se, _ in (*paying, left)]
        at = np.concatenate([self.model.at, np.log([value for value, _, _ in (*paying, left)])])
        covariance = np.diag([*np.zeros(size), *errors])
        covariance[:size, :size] = self.model.covariance

        def worth(theta: np.ndarray) -> np.ndarray:
            share, churn = self.model.parts(theta[:size], len(labels))
            each = (share * formulas.payments(1 - churn, per, paid, n)).sum(axis=1)
            return self._with_all(each * np.exp(theta[size:-1] + theta[-1]))

        found = spread(worth, at, covariance, confidence=self.confidence)
        method = words.text("leavers.method_value", timing=formulas.timing(discount, self.every, paid, n))
        answer = self._answer("ltv", found, method)
        share, churn = self.model.parts(self.model.at, len(labels))
        answer.attrs["earned"] = {"discount": per, "paid": paid, "every": self.every, "groups": {
            " / ".join(label): {"share": s.tolist(), "churn": c.tolist(), "amount": a[0] * left[0]}
            for label, s, c, a in zip(labels, share, churn, paying, strict=True)}}
        return answer

    def plot(self, **how: Any):
        """Survival as observed and as fitted: see `plots.leavers`."""
        return picture(self.curve, every=self.every, **how)

    def __repr__(self) -> str:
        return looks.plain(self._tables(), self.notes)

    def _repr_html_(self) -> str:
        return looks.page(self._tables(), self.notes)

    def _tables(self) -> list[pd.DataFrame]:
        share = self.frame["metric"].isin(("share_quick", "churn_quick", "churn_slow", "first_period_churn"))
        times = self.frame[~share]
        times = times.assign(metric=[looks.in_periods(name, self.every) for name in times["metric"]])
        return [looks.rounded(rows, ["metric", *self.by, *LOOKED_AT], unit)
                for rows, unit in ((self.frame[share], "share"), (times, "number"))]

    def _amounts(self, amount: Any) -> list[Any]:
        """What a customer of each group pays."""
        labels = self.lives.labels
        if isinstance(amount, pd.DataFrame):
            for name in (*self.by, "estimate", "se"):
                column_of(name, amount.columns, "amount")
            keys = [tuple(str(row[name]) for name in self.by) for _, row in amount.iterrows()]
            if twice := next((key for key in keys if keys.count(key) > 1), None):
                raise DataError("leavers.amount_twice", group=repr(" / ".join(twice)))
            rows = dict(zip(keys, (row for _, row in amount.iterrows()), strict=True))
        elif isinstance(amount, Mapping):
            rows = {name if isinstance(name, tuple) else (str(name),): value for name, value in amount.items()}
        else:
            return [amount] * len(labels)
        for label in labels:
            if label not in rows:
                raise DataError("leavers.no_amount", group=repr(" / ".join(label)))
        return [rows[label] for label in labels]

    def _with_all(self, values: np.ndarray) -> np.ndarray:
        """The values of the groups and, where there are any, that of all starters."""
        return np.append(values, self.lives.mix @ values) if self.by else values

    def _answer(self, metric: str, found: Mapping[str, Any], method: str, flag: str | list[str] = ""
                ) -> pd.DataFrame:
        """One metric of each group and of all."""
        lives, everyone = self.lives, [(words.text("metrics.all"),) * len(self.by)] if self.by else []
        labels = [*lives.labels, *everyone]
        n, missing = (np.append(column, [column.sum()] * len(everyone)) for column in (lives.n, lives.missing))
        keys = {name: [label[place] for label in labels] for place, name in enumerate(self.by)}
        table = pd.DataFrame({"metric": metric, **keys, "n_missing": missing})
        tail = {"count": np.nan, "n": n, "n_eff": n.astype("float64"), "method": method} | dict(found)
        answer = answered(table, tail, [flag] * len(labels) if isinstance(flag, str) else flag)
        answer.attrs = {"sql": "", "notes": list(self.notes)}
        return answer


def leavers(data: Any, *, opened: str, closed: str, by: str | Sequence[str] | None = None, every: str = "month",
            since: object = None, until: object = None, tz: str | None = None, confidence: float = .95) -> Leavers:
    """How many of the new customers leave quickly, how long they all stay, and what the first period alone would say.

    data : what `measure()` takes, a row a subscription. opened, closed : its first and last day; no last day while it
    runs. by : groups that differ in their share of quick leavers, such as the channel; 50 at most.
    every : the period in which leaving is counted, by the calendar of the zone tz. The first in which one can leave is
    the one after joining; who leaves in that of joining counts as leaving in the next, and is counted in the notes.
    since : where the data begin; of those that opened before, the table has only the ones still there then. Leave it
    out where the table has all that ever opened. until : the end of the data, as in `churn()`.

    Two kinds are told apart only where they fit better than one kind with a churn of its own in each group, by BIC;
    otherwise the shares and churns are NaN with a flag, and mean life and value are those of the one kind.

    Returns `Leavers`. Raises DataError where fewer than two subscriptions ended, and for what `churn()` refuses.

    >>> random = np.random.RandomState(1)
    >>> months = random.geometric(np.where(random.rand(2000) < .4, .3, .03))
    >>> opened = pd.Timestamp("2022-01-01", tz="UTC") + pd.to_timedelta(random.randint(0, 1000, 2000), unit="D")
    >>> closed = (opened.tz_localize(None).to_period("M") + months).to_timestamp().tz_localize("UTC")
    >>> plans = pd.DataFrame({"opened": opened, "closed": closed.where(closed < pd.Timestamp("2025-01-01", tz="UTC"))})
    >>> found = leavers(plans, opened="opened", closed="closed", until="2025-01-01")
    >>> found.frame[["metric", "estimate", "low", "high"]].round(3)
                   metric  estimate     low    high
    0         share_quick     0.375   0.330   0.422
    1         churn_quick     0.327   0.285   0.373
    2          churn_slow     0.030   0.026   0.035
    3           mean_life    21.772  19.624  24.155
    4  first_period_churn     0.150   0.135   0.166
    5     naive_mean_life     6.667   6.013   7.406
    """
    names = grouping(by, *COLUMNS, "one_kind", "two_kinds")
    one_of("every", every, periods.EVERY)
    table = activity.fetched(data, [opened, closed, *names], times=(opened, closed))
    found = activity.spells(table, opened, opened, closed, names, tz, None, None, None)  # whose they are is no matter
    seen, notes = activity.window(found, periods.moment("until", until, tz), tz, every, 1)
    if len(found.labels) > MOST:
        raise DataError("survival.levels", column=words.joined(map(repr, names)), n=len(found.labels), most=MOST)
    begin = periods.moment("since", since, tz)
    lives, said = lives_of(found, every, None if begin is None else periods.clock(begin, tz), seen.until)
    if lives.ended.sum() < 2:
        raise DataError("leavers.too_few", n=int(lives.ended.sum()), all=len(lives.ended))
    one, two = one_kind(lives), two_kinds(lives)
    compare = _compare(one, two, lives)
    apart = two.inner and compare["bic"].iloc[1] < compare["bic"].iloc[0]
    made = Leavers(pd.DataFrame(), compare, _curve(lives, names, one, two), (), every, tuple(names), lives,
                   two if apart else one, confidence)
    frame = _frame(made)
    sentences = (*_sentences(frame, compare, apart, every), *notes, *said)
    frame.attrs = {"sql": "", "notes": list(sentences)}
    return replace(made, frame=frame, notes=sentences)


def _compare(one: Kinds, two: Kinds, lives: Lives) -> pd.DataFrame:
    """Both models: parameters, log-likelihood and BIC (Schwarz 1978, Annals of Statistics 6, 461-464)."""
    n = len(lives.group)
    return pd.DataFrame([{"kinds": each.kinds, "parameters": len(each.at), "loglik": each.loglik,
                          "bic": len(each.at) * np.log(n) - 2 * each.loglik, "n": n} for each in (one, two)])


def _frame(made: Leavers) -> pd.DataFrame:
    """The rows of the answer."""
    model, groups = made.model, len(made.lives.labels)
    apart = model.kinds == 2
    method = words.text(f"leavers.method_{'two' if apart else 'one'}")
    flag = "" if apart else words.text("leavers.flag_one")

    def of(metric: str, function: Callable[[np.ndarray], np.ndarray], scale: str, known: bool = True) -> pd.DataFrame:
        values = dict.fromkeys(TAIL[:4], np.nan) if not known else spread(
            lambda at: made._with_all(function(at)), model.at, model.covariance, scale=scale,
            confidence=made.confidence)
        return made._answer(metric, values, method, "" if known else flag)

    churns = [of(f"churn_{name}", lambda at, place=place: np.full(groups, chance(at[place])), "logit",  # type: ignore
                 apart).iloc[[-1]] for place, name in enumerate(("quick", "slow"))]
    return pd.concat([
        of("share_quick", lambda at: model.parts(at, groups)[0][:, 0], "logit", apart), *churns,
        of("mean_life", lambda at: np.divide(*model.parts(at, groups)).sum(axis=1), "log"),
        *_naive(made)], ignore_index=True)


def _naive(made: Leavers) -> list[pd.DataFrame]:
    """What the first period alone says of those whose beginning was seen."""
    lives = made.lives
    left = lives.began & lives.ended & (lives.last == 1)
    n, count = (np.bincount(lives.group[rows], minlength=len(lives.labels)).astype("float64")
                for rows in (lives.began, left))
    if made.by:
        n, count = np.append(n, n.sum()), np.append(count, count.sum())
    own, (low, high) = {"count": count, "n": n, "n_eff": n}, wilson(count, n, made.confidence)
    with np.errstate(divide="ignore", invalid="ignore"):    # a group that nobody joins any more; nobody left at once
        churn = count / n
        se = np.sqrt(churn * (1 - churn) / n)
        life = {"estimate": np.where(count > 0, n / count, np.nan), "low": 1 / high,
                "high": np.where(low > 0, 1 / low, np.nan), "se": np.where(count > 0, se / churn**2, np.nan)}
    empty, nobody = words.text("metrics.flag_empty"), words.text("leavers.flag_nobody")
    return [made._answer("first_period_churn", {"estimate": churn, "low": low, "high": high, "se": se} | own,
                         words.text("metrics.method_wilson"), [empty if not size else "" for size in n]),
            made._answer("naive_mean_life", life | own, words.text("leavers.method_naive"),
                         [empty if not size else "" if left else nobody for size, left in zip(n, count, strict=True)])]


def _sentences(frame: pd.DataFrame, compare: pd.DataFrame, apart: bool, every: str) -> list[str]:
    """What the figures say."""
    last = frame.drop_duplicates("metric", keep="last").set_index("metric")
    unit = words.text(f"activity.every_{every}")
    bic = {name: f"{value:,.1f}" for name, value in zip(("one", "two"), compare["bic"], strict=True)}
    share = {name: shown(last["estimate"][name], "share") for name in ("share_quick", "churn_quick", "churn_slow",
                                                                       "first_period_churn")}
    life, first = (words.text(f"unit.{every}s", value=f"{last['estimate'][name]:,.1f}")
                   for name in ("mean_life", "naive_mean_life"))
    said = [words.text("leavers.apart", every=unit, **share, **bic) if apart else words.text("leavers.alike", **bic)]
    low, high, naive = (float(value) for value in (last["low"]["mean_life"], last["high"]["mean_life"],
                                                   last["estimate"]["naive_mean_life"]))
    if np.isnan(naive):
        return said
    key = "short" if naive < low else "long" if naive > high else "near"
    return [*said, words.text(f"leavers.naive_{key}", every=unit, churn=share["first_period_churn"], naive=first,
                              life=life)]


def _curve(lives: Lives, by: list[str], one: Kinds, two: Kinds) -> pd.DataFrame:
    """The observed survival of each group and of all, with what each model says."""
    table = pd.DataFrame({"duration": lives.last, "ended": lives.ended, "entry": lives.entry - 1,
                          "group": lives.group.astype("str")})
    how: dict[str, Any] = {"duration": "duration", "ended": "ended", "entry": "entry"}
    each = dict(list(kaplan_meier(table, **how, by="group").groupby("group")))
    groups, curves = len(lives.labels), []
    for place in (*range(groups), None) if by else (None,):
        curve = kaplan_meier(table, **how) if place is None else each[str(place)][COLUMNS].reset_index(drop=True)
        label = (words.text("metrics.all"),) * len(by) if place is None else lives.labels[place]
        weights = lives.mix if place is None else np.eye(groups)[place]
        for name, model in (("one_kind", one), ("two_kinds", two)):
            share, churn = model.parts(model.at, groups)
            stays = (1 - churn)[:, :, None] ** curve["time"].to_numpy()
            curve[name] = np.einsum("g,gk,gkt->t", weights, share, stays)
        curves.append(pd.DataFrame(dict(zip(by, label, strict=True)), index=curve.index).join(curve))
    return pd.concat(curves, ignore_index=True)
