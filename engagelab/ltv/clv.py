"""What each customer is still worth: the purchases to come, in money, discounted.

How often a customer will buy comes from a model of purchases, how much each time from Gamma-Gamma or from a given
amount; both are taken to be independent (Fader, Hardie and Lee 2005, RFM and CLV, Journal of Marketing Research 42(4),
415-430). The intervals are of what the customer will bring, not of the expectation: parameters are drawn from their
error, the customer's own rate, chance of leaving and mean amount given the history, and then every purchase.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval, named, shown
from engagelab.errors import UsageError
from engagelab.ltv.bgnbd import BGNBD
from engagelab.ltv.buying import FEWEST, Buying
from engagelab.ltv.fitting import check_once, ids_of
from engagelab.ltv.gamma_gamma import CLEAR, GammaGamma, spend_of
from engagelab.metrics import looks
from engagelab.metrics.intervals import z_value
from engagelab.metrics.shares import answered
from engagelab.plots.concentration import concentration as picture

BEST = (.1, .2, .5)
LOOKED_AT = ["user", "estimate", "interval", "p_alive", "expected_purchases", "spend", "n", "flag"]
TOP = 5
MOST, CELLS = 1000, 10_000_000     # draws, and customers times draws, unless more are asked for

Spend = GammaGamma | pd.Series | float


@dataclass(frozen=True, repr=False)
class CustomerValue:
    """`.frame`, a row a customer; `.total` of all and `.concentration` on the best, answers; `.notes`."""

    frame: pd.DataFrame
    total: pd.DataFrame
    concentration: pd.DataFrame
    notes: tuple[str, ...]

    def cells(self) -> list[pd.DataFrame]:
        """The total, the best customers and their share as they are looked at: rounded."""
        best = self.frame.sort_values("estimate", ascending=False, kind="stable").head(TOP)
        return [looks.rounded(self.total, ["metric", "estimate", "interval", "n", "n_missing"]),
                looks.rounded(best, LOOKED_AT),
                looks.rounded(self.concentration, ["metric", "best", "estimate"], "share")]

    def plot(self, **how: Any):
        """Which share of the customers brings which share of the value: see `plots.concentration`."""
        return picture(self.frame, **how)

    def __repr__(self) -> str:
        return looks.plain(self.cells(), self.notes)

    def _repr_html_(self) -> str:
        return looks.page(self.cells(), self.notes)


def clv(purchases: pd.DataFrame, model: Buying | None = None, spend: Spend | None = None, *,
        horizon: str | None = "12 months", discount: float = .10, margin: float = 1.0, confidence: float = .95,
        draws: int | None = None, seed: int = 0) -> CustomerValue:
    """What the purchases to come of each customer are worth today.

    purchases : a table of `ltv.purchases`, a row a customer. model : a fitted BGNBD or ParetoNBD; BGNBD is fitted
    unless one is given. spend : the mean amount of a purchase: a fitted `GammaGamma`, a number for each customer, or
    one for all; Gamma-Gamma is fitted unless something is given.
    horizon : how far ahead, such as "12 months"; None is for ever. discount : a year. margin : the share of an amount
    that is kept. draws : how many the intervals are made of: 1,000, and fewer from 10,000 customers on, so that
        they take seconds (down to 100, from 100,000 on); 0 for none, which is quick for a million customers.

    Returns `CustomerValue`. `.frame` has the columns of an answer, a row a customer in the order of the table:
    `estimate` is the value to be expected, `low` and `high` hold what the customer will bring with the given
    confidence, `se` is the spread of it, `n` the purchases so far; then `p_alive, expected_purchases` (in the horizon)
    and `spend`. `.total` is their sum; `.concentration` says which share of the value is to be expected of the best
    10, 20 and 50 % of the customers. Where a fit is flagged, there are no intervals. Raises UsageError for a table
    without amounts where no `spend` is given, DataError for a customer with several rows.

    >>> model = BGNBD({"r": .243, "alpha": 4.414, "a": .793, "b": 2.426}, every="week")
    >>> bought = pd.DataFrame({"who": ["ann", "bob"], "frequency": [9, 0], "recency": [36.0, 0], "T": [38.9, 38.9]})
    >>> made = clv(bought, model, spend=35.0)
    >>> made.frame[["user", "estimate", "low", "high", "p_alive", "n"]].round(2)
      user  estimate  low    high  p_alive   n
    0  ann    242.90  0.0  641.82     0.87  10
    1  bob      8.45  0.0   67.78     1.00   1
    """
    level, users = _checked(margin, confidence), ids_of(purchases)
    check_once(users)
    if model is None:
        model = BGNBD().fit(purchases)
    if spend is None:
        if "monetary" not in purchases or not purchases["monetary"].notna().any():
            raise UsageError("clv.no_amount")
        spend = GammaGamma().fit(purchases)
    amount = spend_of(spend, purchases)
    if (wrong := amount < 0).any():
        raise UsageError("clv.spend_below", row=int(np.argmax(wrong)) + 1, value=f"{amount[np.argmax(wrong)]:g}")
    value = model.value(horizon, purchases, discount=discount, margin=margin).to_numpy() * amount
    low, high, spread = np.full((3, len(purchases)), np.nan)
    totals, flag = np.zeros(1), _flag(model, spend)
    if draws is None:
        draws = min(MOST, max(FEWEST, CELLS // len(purchases)))
    futures = model.futures(horizon, purchases, discount=discount, draws=draws, seed=seed) if draws and not flag else ()
    for part, (rows, counts, worth) in enumerate(futures):
        each = margin * _money(spend, amount, counts, worth, purchases, rows, seed + 1, part)
        low[rows], high[rows] = np.quantile(each, [level, 1 - level], axis=1)
        spread[rows] = each.std(axis=1, ddof=1)
        totals = totals + np.nansum(each, axis=0)
    method = _method(model, spend, horizon, 0 if flag else draws)
    frame = _frame(purchases, users, {"estimate": value, "low": low, "high": high, "se": spread}, method, flag)
    frame["p_alive"] = model.p_alive(purchases).to_numpy()
    frame["expected_purchases"] = (
        np.nan if horizon is None else model.expected_purchases(horizon, purchases).to_numpy())
    frame["spend"] = amount
    return CustomerValue(frame, _total(frame, totals, level, method, flag), _concentration(frame),
                         tuple(_notes(model, spend, frame, horizon, discount, margin)))


def _checked(margin: float, confidence: float) -> float:
    """The share of draws that lies below an interval."""
    z_value(confidence)
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 < margin <= 1:
        raise UsageError("clv.margin", value=repr(margin))
    return (1 - confidence) / 2


def _flag(model: Buying, spend: Spend) -> str:
    """Why there are no intervals, if a fit does not hold its parameters; that all spend alike is no reason."""
    return model.flag or (spend.flag if isinstance(spend, GammaGamma) and not spend.alike else "")


def _money(spend: Spend, amount: np.ndarray, counts: np.ndarray, worth: np.ndarray, purchases: pd.DataFrame,
           rows: np.ndarray, seed: int, part: int) -> np.ndarray:
    """Discounted amounts: those of all purchases drawn, spread over them evenly."""
    if not isinstance(spend, GammaGamma):
        return worth * amount[rows, None]
    drawn = spend.draws_of_spend(counts, purchases.iloc[rows], seed, part)
    known = np.isfinite(amount[rows, None])
    return np.divide(drawn * worth, counts, out=np.where(known, 0.0, np.nan) + 0 * counts, where=known & (counts > 0))


def _frame(purchases: pd.DataFrame, users: pd.Series, values: dict[str, np.ndarray], method: str, flag: str
           ) -> pd.DataFrame:
    """A row a customer."""
    table = pd.DataFrame({"metric": "customer_value", "user": users.to_numpy(), "flag": flag})
    bought = purchases["frequency"].to_numpy(dtype="int64") + 1
    tail = values | {"count": np.nan, "n": bought, "n_eff": bought.astype("float64"), "method": method}
    lacking = words.text("clv.no_spend")
    return answered(table, tail, [lacking if lost else "" for lost in np.isnan(values["estimate"])])


def _total(frame: pd.DataFrame, totals: np.ndarray, level: float, method: str, flag: str) -> pd.DataFrame:
    """The sum of all as an answer."""
    drawn = len(totals) > 1
    low, high = np.quantile(totals, [level, 1 - level]) if drawn else (np.nan, np.nan)
    known = frame["estimate"].notna()
    table = pd.DataFrame({"metric": ["customer_value_total"], "n_missing": int((~known).sum()),
                          "flag": flag})
    return answered(table, {"estimate": frame["estimate"].sum(), "low": low, "high": high,
                            "se": totals.std(ddof=1) if drawn else np.nan, "count": np.nan, "n": int(known.sum()),
                            "n_eff": float(known.sum()), "method": method}, [""])


def _concentration(frame: pd.DataFrame) -> pd.DataFrame:
    """Which share of the value is to be expected of the best customers."""
    value = np.sort(frame["estimate"].dropna().to_numpy())[::-1]
    whole, sizes = value.sum(), len(value) * np.array(BEST)
    parts = np.interp(sizes, np.arange(len(value) + 1), np.append(0.0, value.cumsum()))
    table = pd.DataFrame({"metric": "share_of_value", "best": [shown(share, "share") for share in BEST]})
    share = parts / whole if whole > 0 else np.full(len(BEST), np.nan)
    return answered(table, {"estimate": share, "low": np.nan, "high": np.nan, "se": np.nan, "count": parts,
                            "n": len(value), "n_eff": float(len(value)),
                            "method": words.text("clv.method_concentration")}, [""] * len(BEST))


def _said(horizon: str | None) -> str:
    return words.text("clv.for_ever") if horizon is None else named(horizon, "within")


def _method(model: Buying, spend: Spend, horizon: str | None, draws: int) -> str:
    amounts = words.text(spend.TITLE) if isinstance(spend, GammaGamma) else words.text("clv.given_spend")
    said = words.text("clv.method", model=words.text(model.TITLE), spend=amounts,
                      horizon=_said(horizon))
    return said + words.text("clv.method_draws" if draws else "clv.method_none", n=draws)


def _notes(model: Buying, spend: Spend, frame: pd.DataFrame, horizon: str | None, discount: float, margin: float):
    """What a reader has to know."""
    yield words.text("clv.note", horizon=_said(horizon), discount=shown(discount, "share"),
                     margin=shown(margin, "share"))
    if model.flag:
        yield model.flag
    if isinstance(spend, GammaGamma):
        if spend.data is not None:
            along = spend.independence.iloc[0]
            if along["low"] <= 0 <= along["high"] or abs(along["estimate"]) < CLEAR:   # else the model says it itself
                yield words.text("clv.independence", value=shown(along["estimate"]),
                                 interval=interval(along["low"], along["high"]), n=int(along["n"]))
        yield from filter(None, (spend.flag, *spend.notes))
    if (lost := int(frame["estimate"].isna().sum())):
        yield words.text("clv.lost", n=lost)
