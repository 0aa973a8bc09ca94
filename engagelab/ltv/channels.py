"""What a new customer may cost, by channel: lifetime value against the cost of winning one.

Definitions: Blattberg and Deighton (1996, Manage marketing by the customer equity test, Harvard Business Review 74(4),
136-144): acquisition pays as long as a new customer costs less than they are worth. Costs are known sums; the number
won with them is a count, taken as one of Poisson's: spending the same again wins more or fewer. The interval of
LTV / CAC is made on the logarithm from that and from the error of the lifetime value; `so_far` takes what was paid as
it is. That a customer should bring three times what they cost is a rule of thumb of software companies, no more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import money, words
from engagelab.activity.log import written
from engagelab.display import heading, interval, named, shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.ltv import formulas
from engagelab.ltv.payback import LONGEST, first
from engagelab.metrics import looks
from engagelab.metrics.answer import grouping
from engagelab.metrics.intervals import z_value
from engagelab.metrics.shares import answered
from engagelab.plots.estimates import levels
from engagelab.summaries import frames

THUMB = 3       # times what a customer costs
OWN = ("verdict", "so_far", "cost", "cac", "cac_low", "cac_high", "ltv", "ltv_low", "ltv_high", "largest_cost",
       "third_of_ltv", "payback")


@dataclass(frozen=True, repr=False)
class Channels:
    """Channels by LTV / CAC, best first: `.frame`, a row a channel; `.notes`, a sentence for each."""

    frame: pd.DataFrame
    notes: tuple[str, ...]
    by: str
    unit: str

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: rounded."""
        rows = self.frame.to_dict("records")
        amounts = {name: ["" if math.isinf(row[name]) else shown(row[name], self.unit) for row in rows]
                   for name in ("cac", "ltv", "largest_cost")}
        return pd.DataFrame({heading(name): values for name, values in {
            self.by: [named(row[self.by], self.by) for row in rows], **amounts,
            "ltv_to_cac": [shown(row["estimate"]) for row in rows],
            "interval": [interval(row["low"], row["high"]) if row["low"] == row["low"] else "" for row in rows],
            "payback": [_payments(row["payback"]) for row in rows],
            "verdict": [words.text(f"channels.{row['verdict']}") for row in rows], "n": self.frame["n"],
            "flag": self.frame["flag"]}.items()})

    def plot(self, **how: Any):
        """LTV / CAC of each channel with its interval, and the line of 1: see `plots.levels`."""
        known = self.frame[np.isfinite(self.frame["estimate"])]
        return levels(known, by=self.by, **{"target": 1.0} | how)

    def __repr__(self) -> str:
        return looks.plain([self.cells()], self.notes)

    def _repr_html_(self) -> str:
        return looks.page([self.cells()], self.notes)


def channels(costs: pd.DataFrame, new: pd.DataFrame | Mapping[str, int], *, value: pd.DataFrame, by: str = "channel",
             amount: str = "amount", confidence: float = .95) -> Channels:
    """Which channels earn what they cost, and what a new customer of each may cost at most.

    costs : a row a cost, with the columns `by` and `amount`, in one currency. new : a row a new customer with the
    column `by`, or how many there were by channel; those that these costs won, over the same time.
    value : the lifetime value of a new customer by channel: an answer with the metric `ltv`, as `Leavers.value()` makes
    it, from which the payback follows too. A row for "(all)" is left aside.

    Returns `Channels`. `.frame` has the columns of an answer with the metric `ltv_to_cac`, best first, `count` the new
    customers, and then `verdict`: "earns" where the interval lies above 1, "loses" where it lies below, and "unclear";
    `so_far`, the same of what was paid, held against the interval of the lifetime value alone; `cost, cac, ltv` with
    intervals; `largest_cost`, what one may cost without loss even at the low end of the lifetime value, and
    `third_of_ltv`, by the rule of thumb; `payback`, payments until a customer has covered their cost, inf where that
    is never. Without a new customer cac is inf, without cost 0; there no verdict is given.
    Raises DataError for costs of several currencies or with tax and without, below 0, or not there at all.

    >>> lives = pd.DataFrame({"metric": "ltv", "channel": ["shop", "social"], "estimate": [300.0, 80.0],
    ...                       "low": [270.0, 70.0], "high": [333.0, 91.0], "se": [16.0, 5.0]})
    >>> costs = pd.DataFrame({"channel": ["shop", "social"], "amount": [20_000, 20_000]})
    >>> channels(costs, {"shop": 200, "social": 100}, value=lives).frame[
    ...     ["channel", "estimate", "low", "high", "cac", "largest_cost", "verdict"]].round(2)
      channel  estimate   low  high    cac  largest_cost verdict
    0    shop       3.0  2.52  3.57  100.0         270.0   earns
    1  social       0.4  0.32  0.50  200.0          70.0   loses
    """
    z = z_value(confidence)
    grouping(by, *OWN)
    spent, unit = _spent(costs, by, amount)
    won, worth = _won(new, by), _worth(value, by)
    names = sorted({*spent.index, *won.index, *worth.index})
    table = pd.DataFrame({"cost": spent, "n": won}).reindex(names).fillna(0.0).join(worth)
    cost, n, ltv, error = (table[name].to_numpy(dtype="float64") for name in ("cost", "n", "ltv", "ltv_se"))
    with np.errstate(divide="ignore", invalid="ignore"):
        cac, wide = cost / n, z / np.sqrt(n)
        ratio = np.where((cost > 0) & (n > 0), ltv / cac, np.nan)
        spread = np.sqrt((error / ltv)**2 + 1 / n)
        low, high = ratio * np.exp(-z * spread), ratio * np.exp(z * spread)
        ends = {"cac_low": cac * np.exp(-wide), "cac_high": cac * np.exp(wide)}
    known = np.isfinite(ratio)
    verdict = _verdict(known & (low > 1), known & (high < 1))
    so_far = _verdict(known & (table["ltv_low"].to_numpy() > cac), known & (table["ltv_high"].to_numpy() < cac))
    earned = value.attrs.get("earned")
    back = [_payback(earned, name, each) for name, each in zip(names, cac, strict=True)]
    flags = [_flag(*row) for row in zip(cost, n, ltv, strict=True)]
    head = pd.DataFrame({"metric": "ltv_to_cac", by: names, "flag": flags})
    frame = answered(head, {"estimate": ratio, "low": low, "high": high, "se": ratio * spread, "count": n,
                            "n": n.astype("int64"), "n_eff": n, "method": words.text("channels.method")},
                     [""] * len(head))
    frame = frame.assign(verdict=verdict, so_far=so_far, cost=cost, cac=cac, **ends, ltv=ltv,
                         ltv_low=table["ltv_low"].to_numpy(), ltv_high=table["ltv_high"].to_numpy(),
                         largest_cost=table["ltv_low"].to_numpy(), third_of_ltv=ltv / THUMB, payback=back)
    frame = frame.sort_values(["estimate", by], ascending=[False, True], ignore_index=True)
    said = tuple(_sentence(row, by, unit, earned) for row in frame.to_dict("records"))
    frame.attrs = {"sql": "", "notes": [*said, words.text("channels.thumb")]}
    return Channels(frame, (*said, words.text("channels.thumb")), by, unit)


def _verdict(earns: np.ndarray, loses: np.ndarray) -> np.ndarray:
    return np.where(earns, "earns", np.where(loses, "loses", "unclear"))


def _spent(costs: pd.DataFrame, by: str, amount: str) -> tuple[pd.Series, str]:
    """What was spent on each channel, and its currency ("number" where it is not told)."""
    table = frames.fetched(costs, [by, amount, *(what for what in money.ALIKE if what in costs)])
    values = frames.numbers(table, [amount])[amount]
    wrong = ~(values >= 0)
    if wrong.any():
        raise DataError("channels.cost", column=repr(amount), row=int(np.argmax(wrong.to_numpy())) + 1,
                        value=f"{values[wrong].iloc[0]:g}", n=int(wrong.sum()))
    for what in money.ALIKE:
        if what in table:
            money.check_alike([amount], what, table[what].value_counts(dropna=False).to_dict())
    said: Any = table["currency"].dropna().unique() if "currency" in table else []
    return values.groupby(_labels(table[by])).sum(), str(said[0]) if len(said) else "number"


def _won(new: pd.DataFrame | Mapping[str, int], by: str) -> pd.Series:
    """How many each channel won."""
    if isinstance(new, Mapping):
        counts = pd.Series({str(name): count for name, count in new.items()}, dtype="float64")
        if not ((counts >= 0) & (counts == np.floor(counts))).all():
            raise UsageError("channels.counts", value=repr(dict(new)))
        return counts
    return _labels(frames.fetched(new, [by])[by]).value_counts()


def _worth(value: pd.DataFrame, by: str) -> pd.DataFrame:
    """The lifetime value of each channel."""
    for name in ("metric", by, "estimate", "low", "high", "se"):
        column_of(name, value.columns, "value")
    table = value[(value["metric"] == "ltv") & (value[by] != words.text("metrics.all"))]
    names = _labels(table[by])
    if names.duplicated().any():
        raise DataError("channels.value_twice", channel=repr(names[names.duplicated()].iloc[0]))
    found = {"ltv": "estimate", "ltv_low": "low", "ltv_high": "high", "ltv_se": "se"}
    return table.set_index(pd.Index(names))[list(found.values())].set_axis(list(found), axis="columns")


def _labels(column: pd.Series) -> pd.Series:
    return written(column).fillna(words.text("metrics.missing"))


def _payback(earned: Mapping[str, Any] | None, name: str, cac: float) -> float:
    """After how many payments a customer of the channel has covered the cost."""
    if earned is None or name not in earned["groups"] or math.isnan(cac):
        return math.nan
    own = earned["groups"][name]
    stay = 1 - np.array(own["churn"])

    def there(n: float) -> bool:
        worth = formulas.payments(stay, earned["discount"], earned["paid"], n)
        return bool(own["amount"] * (own["share"] @ worth) >= cac * (1 - 1e-12))
    return first(there, LONGEST)


def _flag(cost: float, n: float, ltv: float) -> str:
    """Why a channel has no verdict."""
    if n == 0:
        return words.text("channels.flag_nobody")
    if cost == 0:
        return words.text("channels.flag_free")
    return words.text("channels.flag_value") if math.isnan(ltv) else ""


def _sentence(row: Mapping[Any, Any], by: str, unit: str, earned: Mapping[str, Any] | None) -> str:
    """What is to be said of a channel."""
    said = {"name": named(row[by], by), "cost": shown(row["cost"], unit), "largest": shown(row["largest_cost"], unit)}
    if row["flag"]:
        return words.text("channels.said_flag", **said, flag=row["flag"])
    text = words.text(f"channels.said_{row['verdict']}", **said, ratio=shown(row["estimate"]), cac=shown(
        row["cac"], unit), interval=interval(row["low"], row["high"]))
    if row["verdict"] == "unclear" != row["so_far"]:
        text += words.text(f"channels.so_far_{row['so_far']}", low=shown(row["ltv_low"], unit),
                           high=shown(row["ltv_high"], unit))
    if earned is None or (row["verdict"] == "unclear" and row["payback"] == math.inf):
        return text
    return text + (words.text("channels.said_never") if row["payback"] == math.inf else words.text(
        "channels.said_payback", n=_payments(row["payback"]), every=words.text(f"activity.every_{earned['every']}")))


def _payments(n: float) -> str:
    """After how many payments the cost is back, in words."""
    if not math.isfinite(n):
        return words.text("channels.never") if n == math.inf else shown(n)
    return words.text(f"channels.payment{'s' * (n != 1)}", n=int(n))
