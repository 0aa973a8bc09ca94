"""How long until something ends, where some have not ended yet: Kaplan-Meier.

An open ticket has lasted at least as long as it has; leaving it out, or taking its age for its duration, makes a
median too short. Estimate: Kaplan and Meier (1958, JASP 53, 457-481); variance: Greenwood; interval: log-log
(Kalbfleisch and Prentice, 1980), which stays between 0 and 1; interval of the median: Brookmeyer and Crowley
(1982, Biometrics 38, 29-41). Who was there before anybody looked is at risk only from then on (left truncation: Tsai,
Jewell and Wang 1987, Biometrika 74, 883-886): those who had left by then are not in the table.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics.intervals import z_value
from engagelab.summaries import sql
from engagelab.summaries.engine import source
from engagelab.summaries.moments import Ask, Scale, moments
from engagelab.summaries.view import Columns, View

COLUMNS = ["time", "at_risk", "ended", "censored", "survival", "low", "high", "se"]
CLOSE = 1e-12
FEWEST_AT_RISK = 5
BEGINNING = -1.0  # an entry before every duration


def kaplan_meier(data: Any, *, duration: str, ended: str, entry: str | None = None,
                 by: str | Sequence[str] | None = None, confidence: float = .95) -> pd.DataFrame:
    """The share that lasts longer than each time, by group.

    data : as in `measure()`.
    duration : the column of how long it lasted, or has lasted so far.
    ended : the column that is true (or 1) where it has ended and false where it is still open.
    entry : the column of how long it had lasted when it was first observed, where that was not from its beginning on:
        at risk are those who had entered before. Each has to be below the duration.
    by : columns of groups.

    Returns a row a group and time, in the unit of `duration`: `at_risk, ended, censored, survival, low, high, se`.
    Rows without duration or without `ended` are left out; `.attrs["n_missing"]` says how many.

    >>> tickets = pd.DataFrame({"hours": [2, 3, 3, 5, 8], "solved": [True, True, False, True, False]})
    >>> kaplan_meier(tickets, duration="hours", ended="solved")[["time", "at_risk", "ended", "survival"]].round(3)
       time  at_risk  ended  survival
    0   2.0        5      1       0.8
    1   3.0        4      1       0.6
    2   5.0        2      1       0.3
    3   8.0        1      0       0.3
    """
    names = [by] if isinstance(by, str) else list(by or [])
    counted, text = _counted(data, duration, ended, names, entry)
    known = counted[counted["time"].notna() & counted["entry"].notna() & (counted["n"] > 0)]
    z = z_value(confidence)
    curves = [_curve(group, z) for _, group in known.groupby([f"key_{i}" for i in range(1, len(names) + 1)], sort=False,
                                                             dropna=False)] if names else []
    table = pd.concat(curves or [_curve(known, z)], ignore_index=True)
    for i, name in enumerate(names, 1):
        table[name] = table[f"key_{i}"]
    table = table[[*names, *COLUMNS]]
    table.attrs = {"sql": text, "n_missing": int(counted["rows"].sum() - known["n"].sum())}
    return table


def median_duration(data: Any, *, duration: str, ended: str, entry: str | None = None,
                    by: str | Sequence[str] | None = None, confidence: float = .95) -> pd.DataFrame:
    """The time by which half have ended, with the open ones counted as lasting at least as long as they have.

    entry : as in `kaplan_meier()`. Where few are at risk early on, each that ends there halves the curve: so there is
        no median, and a flag, where one ended before it with fewer than five at risk.

    Returns the columns of `measure()`; `count` is how many have ended. Where half have not ended yet the
    median is NaN and flagged; an end of the interval that the data do not reach is NaN.

    >>> tickets = pd.DataFrame({"hours": [2, 3, 3, 5, 8], "solved": [True, True, False, True, False]})
    >>> median_duration(tickets, duration="hours", ended="solved")[["estimate", "low", "count", "n"]]
       estimate  low  count  n
    0       5.0  2.0    3.0  5
    """
    names = [by] if isinstance(by, str) else list(by or [])
    counted, text = _counted(data, duration, ended, names, entry)
    z, rows = z_value(confidence), []
    grouped = counted.groupby([f"key_{i}" for i in range(1, len(names) + 1)], sort=False, dropna=False) if names else [
        ((), counted)]
    for key, group in grouped:
        known = group[group["time"].notna() & group["entry"].notna() & (group["n"] > 0)]
        curve = _curve(known, z)
        estimate, low, high = (_first(curve, column) for column in ("survival", "low", "high"))
        flag = words.text("metrics.flag_no_median") if np.isnan(estimate) else ""
        early = curve[(curve["ended"] > 0) & ~(curve["time"] > estimate)]
        if entry is not None and (early["at_risk"] < FEWEST_AT_RISK).any():
            estimate = low = high = np.nan
            flag = words.text("metrics.flag_thin", n=FEWEST_AT_RISK)
        rows.append([f"median({duration})", *key, estimate, low, high, np.nan, float(known["ended"].sum()),
                     int(known["n"].sum()), float(known["n"].sum()), int(group["rows"].sum() - known["n"].sum()),
                     words.text("metrics.method_median"), flag])
    table = pd.DataFrame(rows, columns=["metric", *names, "estimate", "low", "high", "se", "count", "n", "n_eff",
                                        "n_missing", "method", "flag"])
    table = table.astype({"metric": "str", **dict.fromkeys(names, "str"), "n": "Int64", "n_missing": "Int64",
                          "method": "str", "flag": "str"})
    table.attrs = {"sql": text, "notes": []}
    return table


def _counted(data: Any, duration: str, ended: str, by: list[str], entry: str | None) -> tuple[pd.DataFrame, str]:
    """A row a group, duration and entry: how many ended, how many did not; keys are labels, sorted."""
    table = source(data)
    for name in by:
        if name in (*COLUMNS, "metric", "estimate", "count", "n", "n_eff", "n_missing", "method", "flag"):
            raise UsageError("metrics.reserved", column=repr(name))
    columns = Columns(table)
    lengths = [duration, *([entry] if entry else [])]
    for i, name in enumerate([*by, *lengths], 1):
        columns.reads[f"by_{i}"] = sql.Read(column_of(name, table.types), "number" if i > len(by) else "key")
    x = columns.number(ended)
    ask = Ask((x,), known=x, scale=None if columns.flag(x) else Scale(x, 0, 1))
    view = View(columns, tuple(f"by_{i}" for i in range(1, len(by) + len(lengths) + 1)))
    keys, (sums,), text = moments(view, [ask])
    found = [keys[f"by_{len(by) + i}"].to_numpy(dtype="float64", na_value=np.nan) for i in range(1, len(lengths) + 1)]
    for name, value in zip(lengths, found, strict=True):
        if (value < 0).any() or np.isinf(value).any():
            raise DataError("metrics.duration", column=repr(name), value=f"{value[(value < 0) | np.isinf(value)][0]:g}")
    time, since = (*found, np.full(len(keys), BEGINNING))[:2]
    if (since >= time).any():
        raise DataError("metrics.entry", entry=repr(entry), duration=repr(duration),
                        value=f"{since[since >= time][0]:g}", length=f"{time[since >= time][0]:g}")
    missing = words.text("metrics.missing")
    labels = {f"key_{i}": keys[f"key_{i}"].where(keys[f"key_{i}"].notna(), missing) for i in range(1, len(by) + 1)}
    ended_there = np.nan_to_num(sums.counts[:, 0])
    return pd.DataFrame({**labels, "time": time, "entry": since, "n": sums.n, "ended": ended_there,
                         "rows": sums.rows}), text


def _curve(group: pd.DataFrame, z: float) -> pd.DataFrame:
    """The curve of one group from its counts by time."""
    entries = group.sort_values("entry")
    later = np.append(np.cumsum(entries["n"].to_numpy(dtype="int64")[::-1])[::-1], 0)
    sums = group.groupby("time")[["n", "ended"]].sum()
    group = group.sort_values("time", kind="stable").drop_duplicates("time", ignore_index=True)
    n, ended = (sums[name].to_numpy(dtype="int64") for name in ("n", "ended"))
    at_risk = n[::-1].cumsum()[::-1] - later[np.searchsorted(entries["entry"], group["time"])]
    with np.errstate(invalid="ignore", divide="ignore"):
        survival = np.cumprod(1 - ended / at_risk)
        greenwood = np.cumsum(ended / (at_risk * (at_risk - ended)))
        half = z * np.sqrt(greenwood) / np.log(survival)
        low, high = survival ** np.exp(-half), survival ** np.exp(half)
        se = np.where(survival > 0, survival * np.sqrt(greenwood), np.nan)
    whole = survival == 1
    return group.assign(at_risk=at_risk, ended=ended, censored=n - ended, survival=survival,
                        low=np.where(whole, 1.0, low), high=np.where(whole, 1.0, high), se=se)


def _first(curve: pd.DataFrame, column: str) -> float:
    """The first time at which a curve has come down to one half."""
    below = curve.loc[curve[column] <= .5 + CLOSE, "time"]
    return float(below.iloc[0]) if len(below) else float("nan")
