"""Why a total moved: more volume, another mix of segments, or other rates within them.

A total is the sum of the segments' volumes times their rates, and a segment's volume is the whole volume times its
share. Each product is parted at the mean of before and after, so the parts add up exactly and change their sign when
time is reversed (Kitagawa 1955, JASA 50, 1168-1194, applied twice). A share is weighed by how far the segment's rate
lies from the overall one, so that a segment that comes or goes at the overall rate has no part in the change; the rate
that it has in one period stands for both.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_hashable

from engagelab import words
from engagelab.display import MISSING, heading, shown, tick
from engagelab.errors import DataError, UsageError
from engagelab.metrics.answer import grouping
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import page, plain, rounded
from engagelab.plots.mix import mix as picture
from engagelab.summaries.frames import fetched

PARTS = ("volume", "mix", "rate")


@dataclass(frozen=True)
class Mixed:
    """A change in parts: `.frame`, which adds up to it; `.total`, those of all segments together and the change."""

    frame: pd.DataFrame
    total: pd.DataFrame
    title: str
    unit: str = field(default="number", repr=False)
    confidence: float = field(default=.95, repr=False)

    def say(self) -> list[str]:
        """The change and its three parts, the segment that did most, and which parts may be noise."""
        sums = self.total.set_index("part")["contribution"]
        most = self.frame.iloc[1 + self.frame["contribution"][1:].abs().argmax()]
        said = [self.title, words.text("kpi_mix.parts", **{part: shown(sums[part], self.unit, signed=True)
                                                           for part in PARTS})]
        if most["contribution"]:
            said.append(words.text(f"kpi_mix.most_{most['part']}", segment=most.iloc[0],
                                   value=shown(most["contribution"], self.unit, signed=True)))
        noise = self.total[(self.total["low"] <= 0) & (self.total["high"] >= 0)]
        if len(noise):
            parts = words.joined(words.text(f"kpi_mix.{part}") for part in noise["part"])
            said.append(words.text("kpi_mix.noise", parts=parts))
        return said

    def plot(self, **how: Any) -> Any:
        """The parts by segment: `engagelab.plots.mix`."""
        return picture(self.frame, **{"unit": self.unit, "title": self.title, **how})

    def _table(self) -> pd.DataFrame:
        table = self.frame.assign(part=self.frame["part"].map(lambda part: words.text(f"kpi_mix.{part}")))
        told = rounded(table, [table.columns[0], "part", "contribution", "interval"], self.unit, signed=True)
        ends = words.text("compare.interval", share=tick(self.confidence, "share"))
        return told.set_axis([*map(heading, told.columns[:-1]), ends], axis="columns")

    def __repr__(self) -> str:
        return plain([self._table()], tuple(self.say()))

    def _repr_html_(self) -> str:
        return page([self._table()], tuple(self.say()))


def mix(data: pd.DataFrame, *, over: str, by: str, volume: str, value: str, before: object = None,
        after: object = None, unit: str = "number", confidence: float = .95) -> Mixed:
    """The change of a total between two periods in volume, mix and rate, by segment.

    data : a row a period and segment, or several, which are summed. over, by : the columns of the period and segment.
    volume : how many there are, such as customers; value : what they bring together, such as revenue. With a column
        `<value>_se`, the standard error of the value, there are intervals; periods and segments are independent then.
    before, after : two values of `over`, in the order of the table: the last and the one before it, unless said.
    unit : of the value, as in `el.shown`.

    Returns `Mixed`; `n` is the volume of a segment in both periods. The row of the whole is the part of the volume.
    Raises NoColumn, UsageError; DataError for what is no number, a negative volume or error, a value without a volume.

    >>> sales = pd.DataFrame({"year": [2025, 2025, 2026, 2026], "plan": ["basic", "pro"] * 2,
    ...                       "customers": [100, 100, 100, 200], "revenue": [1000, 3000, 1000, 7000]})
    >>> mix(sales, over="year", by="plan", volume="customers", value="revenue").frame.iloc[:, :3]
        plan    part  contribution
    0  (all)  volume      2312.500
    1  basic     mix       546.875
    2    pro     mix       390.625
    3  basic    rate         0.000
    4    pro    rate       750.000
    """
    if not isinstance(data, pd.DataFrame):
        raise UsageError("kpi_mix.no_frame", name="data", type=type(data).__name__)
    grouping(by, "part", "contribution", over, volume, value)
    data = fetched(data, [over, by, volume, value, *({f"{value}_se"} & set(data))])
    z = z_value(confidence)
    told = list(data[over].dropna().unique())
    after = told[-1] if after is None and told else after
    before = told[told.index(after) - 1] if before is None and after in told[1:] else before
    if not all(map(is_hashable, (before, after))) or before not in told or after not in told or before == after:
        raise UsageError("kpi_mix.periods", over=repr(over), before=before, after=after, n=len(told),
                         periods=words.joined(map(str, told[-9:])) or MISSING)
    segments, size, amount, error = _sums(data, over, by, volume, value, [before, after])
    k = len(segments)
    parts = _parts(size, amount)
    slopes = _parts(size, np.eye(2 * k).reshape(2 * k, 2, k))     # linear in the values: how each part moves with each
    which = np.repeat(PARTS, [1, k, k])
    whole = np.array([*(which == part for part in PARTS), which != ""], dtype="float64")
    names = [words.text("metrics.all"), *segments, *segments]
    n = np.concatenate([[size.sum()], size.sum(0), size.sum(0)])
    frame = _table({by: names, "part": which}, parts, slopes.T, error, n, z)
    total = _table({"part": [*PARTS, "total"]}, whole @ parts, whole @ slopes.T, error, np.full(4, size.sum()), z)
    change = float(amount[1].sum() - amount[0].sum())
    way = "up" if change > 0 else "down" if change < 0 else "same"
    name = heading(value)
    title = words.text(f"kpi_mix.title_{way}", value=name[:1].upper() + name[1:], before=before, after=after,
                       change=shown(abs(change), unit), level=shown(float(amount[1].sum()), unit))
    return Mixed(frame, total, title, unit, confidence)


def _sums(data: pd.DataFrame, over: str, by: str, volume: str, value: str, periods: list[object]
          ) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """The segments; of both periods their volumes, values, and the values' standard errors, each (2, segments)."""
    rows = data[data[over].isin(periods)]
    rows = rows.assign(**{by: rows[by].fillna(words.text("metrics.missing")).astype("str")})
    kept = {}
    for name in (volume, value, *([f"{value}_se"] if f"{value}_se" in data else [])):
        numbers = pd.to_numeric(rows[name], errors="coerce").astype("float64")
        wrong = ~np.isfinite(numbers) | (numbers < 0) & (name != value)
        if name not in (volume, value):
            wrong &= rows[name].notna()     # an error may be unknown
        if wrong.any():
            raise DataError("kpi_mix.number", column=repr(name), segment=repr(rows.loc[wrong, by].iloc[0]),
                            value=rows.loc[wrong, name].iloc[0])
        kept[name] = numbers
    kept["variance"] = kept.pop(f"{value}_se", pd.Series(np.nan, index=rows.index)) ** 2
    table = pd.DataFrame(kept).groupby([rows[by], rows[over]], sort=False).sum(skipna=False)
    sides = [table.xs(period, level=1) for period in periods]
    segments = [name for name in table.index.unique(level=0) if sum(side[volume].get(name, 0.0) for side in sides) > 0]
    for period, side in zip(periods, sides, strict=True):
        odd = side[(side[volume] == 0) & (side[value] != 0)]
        if len(odd) or not side[volume].sum():
            raise DataError("kpi_mix.nothing", volume=repr(volume), segment=repr(odd.index[0] if len(odd) else "*"),
                            period=repr(period))
    amounts = [np.array([side[name].reindex(segments, fill_value=0.0) for side in sides]) for name in table.columns]
    return segments, amounts[0], amounts[1], np.sqrt(amounts[2])


def _parts(size: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """The part of the volume, then those of mix and of rate by segment: (..., 1 + 2 segments) of (..., 2, segments)."""
    whole = size.sum(-1)
    share = size / whole[:, None]
    known = np.where(size > 0, size, 1.0)
    rate = np.where(size > 0, amount / known, (amount / known)[..., ::-1, :])    # that of the other period
    middle = rate.mean(-2)
    overall = (middle * share.mean(0)).sum(-1, keepdims=True)
    mixes = whole.mean() * (share[1] - share[0]) * (middle - overall)
    rates = size.mean(0) * (rate[..., 1, :] - rate[..., 0, :])
    return np.concatenate([(whole[1] - whole[0]) * overall, mixes, rates], axis=-1)


def _table(keys: dict[str, Any], parts: np.ndarray, slopes: np.ndarray, error: np.ndarray, n: np.ndarray, z: Any
           ) -> pd.DataFrame:
    se = np.sqrt(slopes ** 2 @ error.ravel() ** 2)
    z = np.where(se > 0, z, np.nan)
    method = words.text("kpi_mix.method" if np.isfinite(error).all() else "kpi_mix.method_bare")
    return pd.DataFrame({**keys, "contribution": parts, "low": parts - z * se, "high": parts + z * se, "se": se, "n": n,
                         "method": method})
