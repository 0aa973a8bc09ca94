"""Whether a model of purchases can be believed: fitted to the orders before a day, it is held against what came after.

As Fader, Hardie and Lee (2005, Marketing Science 24(2), 275-284, figures 2 to 4) judge theirs: the purchases of all
over time, and by how often a customer had bought before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval, shown
from engagelab.errors import DataError
from engagelab.ltv.bgnbd import BGNBD
from engagelab.ltv.buying import Buying
from engagelab.ltv.purchases import purchases
from engagelab.metrics import looks
from engagelab.metrics.intervals import z_value
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, ratio
from engagelab.metrics.shares import answered
from engagelab.plots.expected_actual import expected_actual as picture
from engagelab.summaries import durations, periods
from engagelab.summaries.purchases import purchases as summary

MOST = 7     # repeat purchases from which on customers are one group


@dataclass(frozen=True, repr=False)
class HoldoutCheck:
    """`.frame`, how good the forecast was; `.groups`, by purchases before; `.over`, over time; `.model`; `.notes`.

    The first of the notes is the verdict.
    """

    frame: pd.DataFrame
    groups: pd.DataFrame
    over: pd.DataFrame
    model: Buying
    notes: tuple[str, ...]

    def cells(self) -> list[pd.DataFrame]:
        """The tables as they are looked at: rounded."""
        head = ["metric", "estimate", "interval", "n"]
        parts = (self.frame[:2], "count"), (self.frame[2:3], "share"), (self.frame[3:], "number")
        return [pd.concat([looks.rounded(part, head, unit) for part, unit in parts]),
                looks.rounded(self.groups, ["bought_before", "actual", "interval", "expected", "n"])]

    def plot(self, *, by: str | None = None, **how: Any):
        """Purchases over time, or by="bought_before" for each group: see `plots.expected_actual`."""
        frame = self.over if by is None else self.groups.rename(columns={by: "group"})[["group", "actual", "expected"]]
        return picture(frame, **how)

    def __repr__(self) -> str:
        return looks.plain(self.cells(), self.notes)

    def _repr_html_(self) -> str:
        return looks.page(self.cells(), self.notes)


def holdout_check(data: Any, *, user: str, time: str, split: object, amount: str | None = None, since: object = None,
                  until: object = None, every: str = "week", model: type[Buying] | Buying = BGNBD,
                  tz: str | None = None, event: str | None = None, events: Sequence[str] | None = None,
                  confidence: float = .95, draws: int = 1000, seed: int = 0) -> HoldoutCheck:
    """A forecast made at `split`, of the repeat purchases of the customers known then, against what came until the end.

    data, user, time, amount, since, until, every, tz, event, events : as in `ltv.purchases`. split : the day with which
    the future begins; orders before it are what the model is fitted to. model : BGNBD or ParetoNBD. draws : of which
    the interval of the forecast is made: parameters, customers and purchases.

    Returns `HoldoutCheck`. `.frame` is an answer with the metrics purchases_actual, purchases_expected (its interval is
    what could come if the model were right), forecast_bias (expected / actual - 1, with the interval of expected),
    mean_absolute_error and forecast_correlation over customers. `.groups` has purchases per customer, actual and
    expected, by how many repeat purchases a customer had before. `.over` has cumulated repeat purchases by `period`
    (its last day), `part` "fit" or "holdout"; up to the split what is expected is of new customers, from there on it is
    the forecast.
    Raises DataError where no day lies between the split and the end.

    >>> random, orders = np.random.RandomState(1), []
    >>> for who in range(500):
    ...     mean, day = 20 / random.gamma(.8), random.uniform(0, 90)
    ...     for _ in range(random.geometric(random.beta(1, 3)) + 1):
    ...         orders += [(who, pd.Timestamp("2026-01-01") + pd.Timedelta(days=int(day)))] * (day < 360)
    ...         day += random.exponential(mean)
    >>> table = pd.DataFrame(orders, columns=["who", "at"])
    >>> holdout_check(table, user="who", time="at", split="2026-07-01", until="2026-10-01").notes[0]
    '486 repeat purchases came in 92 days; 561 were expected (471 to 654). The forecast was off by 15.5%; chance
    alone could explain that.'
    """
    how: dict[str, Any] = {"user": user, "time": time, "since": since, "tz": tz, "event": event, "events": events}
    z_value(confidence)
    before = purchases(data, amount=amount, until=split, every=every, **how)
    fitted = (model() if isinstance(model, type) else model).fit(before)
    made = summary(data, value=amount, until=until, above_zero=amount is not None, **how)
    later, size = made.frame.set_index(user), durations.days("every", f"1 {every}")
    later = later.loc[before[user]]
    first = later["first_period"].to_numpy(dtype="int64")
    last = first + np.rint(before["T"].to_numpy() * size).astype("int64")
    days = made.end - int(last[0])
    if days < 1:
        raise DataError("holdout.no_time", split=str(split), end=periods.first_day(made.end))
    frequency = before["frequency"].to_numpy()
    each = pd.DataFrame({"actual": later["purchases"].to_numpy(dtype="float64") - 1 - frequency,
                         "expected": fitted.expected_purchases(f"{days} days").to_numpy(),
                         "bought_before": [f"{MOST}+" if x >= MOST else str(x) for x in frequency]})
    drawn = [counts.sum(axis=0) for _, counts, _ in fitted.futures(f"{days} days", discount=0, draws=draws, seed=seed)]
    frame = _frame(each, np.sum(drawn, axis=0), fitted, confidence)
    groups = measure(each, {"purchases_per_customer": mean("actual")}, by="bought_before", confidence=confidence)
    groups["actual"] = groups["estimate"]
    groups["expected"] = groups["bought_before"].map(each.groupby("bought_before")["expected"].mean())
    over = _over(fitted, first, int(last[0]), made.end, size, made.repeats(int(last[0])))
    notes = filter(None, (_verdict(frame, days), fitted.flag, *before.attrs["notes"]))
    return HoldoutCheck(frame, groups, over, fitted, tuple(notes))


def _frame(each: pd.DataFrame, totals: np.ndarray, fitted: Buying, confidence: float) -> pd.DataFrame:
    """How good the forecast was, as an answer."""
    measured = measure(each.assign(error=(each["actual"] - each["expected"]).abs()), {
        "forecast_bias": ratio("expected", "actual"), "mean_absolute_error": mean("error")}, confidence=confidence)
    measured.loc[0, ["estimate", "low", "high"]] -= 1
    n, tail, actual = len(each), (1 - confidence) / 2, float(each["actual"].sum())
    method = words.text("holdout.method", model=words.text(fitted.TITLE), n=len(totals))
    low, high = np.quantile(totals, [tail, 1 - tail])
    if actual:
        measured.loc[0, ["low", "high", "se"]] = low / actual - 1, high / actual - 1, totals.std(ddof=1) / actual
        measured.loc[0, "method"] = method
    r, se = _correlation(each["actual"].to_numpy(), each["expected"].to_numpy())
    ends = np.tanh(np.arctanh(r) + np.array([-1, 1]) * z_value(confidence) * se / (1 - r * r))
    rows = pd.DataFrame({
        "metric": ["purchases_actual", "purchases_expected", "forecast_correlation"],
        "estimate": [actual, each["expected"].sum(), r], "low": [np.nan, low, ends[0]], "high": [np.nan, high, ends[1]],
        "se": [np.nan, totals.std(ddof=1), se], "count": [actual, np.nan, np.nan],
        "method": [words.text("metrics.method_counted"), method, words.text("holdout.method_r")]})
    others = answered(rows[["metric"]], {name: rows[name] for name in rows if name != "metric"} | {
        "n": n, "n_eff": float(n)}, ["", fitted.flag, fitted.flag])
    return pd.concat([others[:2], measured[others.columns], others[2:]], ignore_index=True)


def _correlation(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Pearson's correlation and its standard error by the influence function, which holds for counts too.

    Devlin, Gnanadesikan and Kettenring (1975, Biometrika 62(3), 531-545).

    >>> r, se = _correlation(np.array([0.0, 0, 1, 3, 2]), np.array([.1, .3, .2, 1.0, 1.5]))
    >>> round(r, 3), round(se, 3)
    (0.785, 0.054)
    """
    if len(x) < 4 or not (x.std() > 0 and y.std() > 0):
        return np.nan, np.nan
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    r = float((x * y).mean())
    pull = x * y - r / 2 * (x**2 + y**2)
    return r, float(np.sqrt((pull**2).mean() / len(x))) if abs(r) < 1 else np.nan


def _verdict(frame: pd.DataFrame, days: int) -> str:
    """Whether the forecast was right, in a sentence."""
    actual, expected, bias = frame["estimate"].to_numpy()[:3]
    low, high = frame[["low", "high"]].to_numpy()[1]
    way = "within" if low <= actual <= high else "low" if expected < actual else "high"
    return words.text(f"holdout.{way}", actual=shown(actual, "count"), days=days, expected=shown(expected, "count"),
                      by=shown(abs(bias), "share"), interval=interval(low, high, "count"))


def _over(fitted: Buying, first: np.ndarray, split: int, end: int, size: float, came: pd.DataFrame) -> pd.DataFrame:
    """Cumulated repeat purchases of the customers known at the split, a row a unit of time."""
    steps = np.arange(1, int(np.ceil((end - split) / size)) + 1)
    ahead = np.unique(np.minimum(split + np.rint(steps * size).astype("int64"), end))
    back = split - np.rint(np.arange(int((split - first.min()) / size) + 1) * size).astype("int64")
    behind = back[back > first.min()][::-1]
    actual = pd.Series(came["purchases"].to_numpy(dtype="int64").cumsum(), came["period"].to_numpy(dtype="int64"))
    days, number = np.unique(first, return_counts=True)
    ages = {age: fitted.of_new(age / size) for age in np.unique(np.subtract.outer(behind, days)) if age > 0}
    new = [sum(n * ages.get(day - joined, 0.0) for joined, n in zip(days, number, strict=True)) for day in behind]
    known = float(actual[actual.index <= split].max()) if (actual.index <= split).any() else 0.0
    forecast = [known + fitted.expected_purchases(f"{day - split} days").sum() for day in ahead]
    at = np.concatenate([behind, ahead])
    reached = actual.reindex(np.union1d(actual.index, at)).ffill().fillna(0).loc[at]
    return pd.DataFrame({"period": [periods.first_day(day).isoformat() for day in at],
                         "part": np.repeat(["fit", "holdout"], [len(behind), len(ahead)]),
                         "actual": reached.to_numpy(dtype="float64"), "expected": [*new, *forecast]})
