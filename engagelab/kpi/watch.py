"""Which measured series moved further than its own past lets expect, with few false alarms.

The newest whole period of each series is compared with what its earlier periods let expect (`metrics.local_level`).
Alarms are rationed: expected of a whole set of series is at most one false alarm a year, so the level of one test is
that budget shared out over series and periods (Bonferroni). Holm's method would not keep it: it holds down the chance
of any false alarm, not their number. Where the error of an estimate is known, noise may follow it, as on Laney's charts
(Laney 2002, Quality Engineering 14, 531-537), and is never taken to be less.

Noise is taken to be symmetric. Where it is lognormal, a year has 1 to 2 false alarms at a deviation of .3 and 3 to 5 at
.7 and above, of a budget of 1. The logarithm, chosen by the skewness of so short a past, gives 1.3 to 2.3, of symmetric
series too, and sees fewer rises; so a series whose past is plainly skewed is named instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, interval, metric_name, named, shown, tick
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.kpi.formula import label
from engagelab.kpi.structure import Node
from engagelab.kpi.units import display_unit
from engagelab.kpi.values import Values
from engagelab.metrics.answer import grouping, is_hidden
from engagelab.metrics.catalogue import units
from engagelab.metrics.intervals import z_value
from engagelab.metrics.local_level import one_step
from engagelab.metrics.looks import page, plain
from engagelab.plots.frames import PERIODS, picked
from engagelab.plots.watch import watch as picture
from engagelab.workbook import csv_file

A_YEAR = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}
SEASON = {"day": 7, "week": 52, "month": 12, "quarter": 4, "year": 0}   # periods after which a season comes back
KEPT = 1.2              # simulated series, as short as these are, lie outside up to so many times as often as told
SKEWED = 2.5            # standard errors of a normal sample's skewness, from which on a past is called skewed
LEAST, MOST = 8, 156    # earlier periods without which nothing is told; and of which no more are used
FRAME = ("period", "estimate", "expected", "low", "high", "p", "moved", "n", "method", "flag", "name", "unit")
ALERTS = ("metric", "segment", "period", "estimate", "expected", "low", "high", "moved")
OWN = re.compile(r"^[(（]([^()（）]*)[)）]$")     # our own names, such as that of what is missing, stand in brackets
ROUNDED = ALERTS[3:7]   # the last digits of a number depend on the library that adds it up
LABEL = re.compile(r"(?:FY)?(\d{4})(?:-(\d\d)(?:-(\d\d))?|Q([1-4])|-W(\d\d))?")


@dataclass(frozen=True)
class Watched:
    """What moved: `.frame`, the newest period of each series; `.series`, all periods; `.notes`, what was left out.

    `low` and `high` are the ends of what was to be expected; `moved` is "up", "down" or "". An output of it carries
    what moved as CSV, which a report puts into `alerts.csv`.
    """

    frame: pd.DataFrame
    series: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def moved(self) -> pd.DataFrame:
        """The rows of what moved, the least expected first."""
        return self.frame[self.frame["moved"] != ""].sort_values("p", kind="stable")

    def say(self) -> list[str]:
        """A sentence for each series that moved; or that none did."""
        tested = int(self.frame["p"].notna().sum())
        said = [words.text(f"watch.{row['moved']}", name=row["name"], period=row["period"],
                           value=shown(row["estimate"], row["unit"]),
                           expected=interval(row["low"], row["high"], row["unit"]))
                for row in self.moved.to_dict("records")]
        return said or [words.text("watch.none", n=tested) if tested else words.text("watch.nothing")]

    def plot(self, **how: Any) -> Any:
        """Each series with what was expected of it: `engagelab.plots.watch`."""
        return picture(self.series, **how)

    def alerts(self) -> str:
        """What moved as CSV, a line each; the heading alone where nothing did. No text in it runs as a formula."""
        by = self.frame.columns[1:list(self.frame.columns).index("period")]
        rows = [{**row, **{name: float(f"{row[name]:.9g}") for name in ROUNDED},
                 "segment": "; ".join(f"{name}={row[name]}" for name in by)} for row in self.moved.to_dict("records")]
        return csv_file([ALERTS, *([row[name] for name in ALERTS] for row in rows)]).decode("utf-8-sig")

    def _table(self) -> pd.DataFrame:
        made = [[row["name"], row["period"], shown(row["estimate"], row["unit"]),
                 interval(row["low"], row["high"], row["unit"]) if row["low"] == row["low"] else "",
                 words.text(f"watch.moved_{row['moved']}") if row["moved"] else row["flag"]]
                for row in self.frame.to_dict("records")]
        return pd.DataFrame(made, columns=list(map(heading, ("metric", "period", "estimate", "expected", "flag"))))

    def __repr__(self) -> str:
        return plain([self._table()], (*self.say(), *self.notes))

    def _repr_html_(self) -> str:
        return page([self._table()], (*self.say(), *self.notes))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/csv": self.alerts()}     # the formatter adds the text and the table


def watch(history: pd.DataFrame | Values, *, every: str | None = None, false_alarms: float = 1,
          confidence: float | None = None) -> Watched:
    """Which series moved in the newest whole period beyond what their past lets expect.

    history : a frame as `el.measure(..., time=, every=)` gives, several of them one below the other, or what
        `Tree.evaluate(..., every=)` gives: `metric`, columns that part its series, the period, `estimate`, and `se`,
        `n` and `flag` where they are known, `name` and `unit` where they are not those of the catalogue. Hidden cells
        and periods that are not whole are left out.
    every : "day", "week", "month", "quarter" or "year", where the name of the period's column does not say it.
    false_alarms : how many a year are to be expected of all series together where nothing moves.
    confidence : that of a single test instead, whatever comes of it.

    A series is told of from 8 earlier periods on. Its season is taken out once two whole ones are known: a year, of
    days a week. A period that is missing in a series makes its next one less sure.

    Raises DataError for a label that is no period, and for a series that has a period twice.

    >>> shares = [.031, .032, .030, .031, .033, .031, .029, .031, .032, .031, .030, .039]
    >>> history = pd.DataFrame({"metric": "churn", "month": [f"2026-{month:02d}" for month in range(1, 13)],
    ...                         "estimate": shares})
    >>> watch(history).say()
    ['Churn was 3.9% in 2026-12, above the 2.8% to 3.4% that its past lets expect.']
    """
    table = history.frame if isinstance(history, Values) else history
    if not isinstance(table, pd.DataFrame):
        raise UsageError("kpi_mix.no_frame", name="history", type=type(history).__name__)
    rows, keys, every, notes = _rows(table, every)
    rows = _named(rows, keys, history.structure.nodes if isinstance(history, Values) else {})
    newest = rows["at"].max()
    parts = [(group, _why_not(group, newest)) for _, group in rows.groupby(keys, sort=False)]
    tested = sum(not why for _, why in parts)
    alpha = _level(false_alarms, confidence, max(tested, 1) * A_YEAR[every])
    series = pd.concat([_expected(group, alpha, SEASON[every], not why) for group, why in parts])
    last = series.groupby(keys, sort=False).tail(1).assign(flag=[why for _, why in parts])
    columns = [*keys, *FRAME]
    if SEASON[every] and any(not why and np.ptp(group["at"]) < 2 * SEASON[every] for group, why in parts):
        notes.append(words.text("watch.no_season"))
    skewed = [group["name"].iloc[0] for group, why in parts if not why and _skewed(group["estimate"].iloc[:-1])]
    if skewed and confidence is None:
        notes.append(words.text("watch.skewed", names=words.joined(skewed)))
    notes.append(words.text("watch.budget" if confidence is None else "watch.single", n=tested,
                            alarms=tick(false_alarms), confidence=tick(1 - alpha, "share")))
    return Watched(last[columns].reset_index(drop=True), series[columns].reset_index(drop=True), tuple(notes))


def _rows(table: pd.DataFrame, every: str | None) -> tuple[pd.DataFrame, list[str], str, list[str]]:
    """The rows that count, in the order of time, with `at`; their keys; the kind of period; what was left out."""
    column_of("estimate", table.columns, "history")
    given = list(table.columns[:list(table.columns).index("estimate")])
    when = next((name for name in given if name in (*PERIODS, "period")), None)
    if when is None:
        raise UsageError("watch.no_period", periods=words.joined((*PERIODS, "period")))
    keys = [column_of("metric", given, "history"), *(name for name in given if name not in ("metric", when))]
    grouping(keys[1:], *FRAME, "at")
    empty = pd.Series(np.nan, index=table.index)
    rows = table.assign(**{name: table[name].fillna(words.text("metrics.missing")).astype("str") for name in keys},
                        period=table[when].astype("str"), n=table.get("n", empty),
                        se=pd.to_numeric(table.get("se", empty), errors="coerce").astype("float64"),
                        flag=table["flag"].fillna("") if "flag" in table else "")
    rows = picked(rows[rows["period"] != words.text("metrics.all")], [*keys, "period"])
    if (rows["se"] < 0).any():
        raise DataError("watch.se", value=f"{rows['se'].min():g}")
    running = rows["flag"].str.contains("|".join(
        map(re.escape, words.catalogue()["metrics.flag_partial"].values())), regex=True)
    silent = ~running & (is_hidden(rows["flag"]) | rows["estimate"].isna())
    notes = [words.text(f"watch.{key}", n=int(left.sum())) for key, left in (("running", running), ("silent", silent))
             if left.any()]
    rows = rows[~running & ~silent]
    if rows.empty:
        raise DataError("watch.empty")
    told = one_of("every", every, PERIODS) if every is not None else when if when in PERIODS else ""
    every = _place(rows["period"].iloc[0], told)[0]
    rows = rows.assign(at=rows["period"].map({name: _place(name, every)[1] for name in rows["period"].unique()}))
    picked(rows, [*keys, "at"])     # two labels of one week
    return rows.sort_values("at", kind="stable"), keys, every, notes


def _place(name: str, every: str) -> tuple[str, int]:
    """The kind of period that a label is, and its consecutive number."""
    found = LABEL.fullmatch(name)
    year, month, day, quarter, week = found.groups() if found else ("0", "", "", "", "")
    kind = "day" if day else "month" if month else "quarter" if quarter else "week" if week else "year"
    try:
        if every not in ("", kind) and (kind, every) != ("day", "week"):
            raise ValueError
        first = date(int(year), int(month or 1), int(day or 1))
        days = (date.fromisocalendar(first.year, int(week), 1) if week else first).toordinal()
    except ValueError:
        raise DataError("watch.label", value=repr(name), every=repr(every) if every else "") from None
    return every or kind, {"day": days, "week": (days - 1) // 7, "month": 12 * first.year + first.month,
                           "quarter": 4 * first.year + int(quarter or 0), "year": first.year}[every or kind]


def _named(rows: pd.DataFrame, keys: list[str], nodes: Mapping[str, Node]) -> pd.DataFrame:
    """The rows with what their series is called, and its unit, unless they say so themselves."""
    if {"name", "unit"} <= set(rows):
        return rows
    known = units() | {key: display_unit(node.unit) for key, node in nodes.items()}
    part = rows[keys[1:]].apply(lambda row: words.joined(OWN.sub(r"\1", named(row[by], by)) for by in keys[1:]), axis=1)
    names = [(label(nodes[key]) if key in nodes else metric_name(key)) + (words.text("watch.part", part=text) if text
             else "") for key, text in zip(rows["metric"], part if keys[1:] else [""] * len(rows), strict=True)]
    return rows.assign(name=names, unit=[known.get(key) or "number" for key in rows["metric"]])


def _level(false_alarms: float, confidence: float | None, tests: int) -> float:
    """The level of a single test."""
    if confidence is not None:
        z_value(confidence)
        return 1 - confidence
    if isinstance(false_alarms, bool) or not isinstance(false_alarms, int | float) or not 0 < false_alarms < np.inf:
        raise UsageError("watch.false_alarms", value=repr(false_alarms))
    return min(false_alarms / tests / KEPT, .05)   # where a year has few tests, the budget would allow anything


def _why_not(rows: pd.DataFrame, newest: int) -> str:
    """Why a series cannot be told of; "" where it can."""
    past = rows["estimate"].to_numpy()[:-1]
    if rows["at"].iloc[-1] != newest:
        return words.text("watch.flag_old", period=rows["period"].iloc[-1])
    if len(past) < LEAST:
        return words.text("watch.flag_short", n=len(past), least=LEAST)
    return words.text("watch.flag_still") if np.ptp(past[-MOST:]) <= 1e-12 * np.abs(past).max() else ""


def _skewed(past: pd.Series) -> bool:
    return bool(abs(past.skew()) > SKEWED * np.sqrt(6 / len(past)))  # type: ignore[arg-type]


def _expected(rows: pd.DataFrame, alpha: float, season: int, told: bool) -> pd.DataFrame:
    """The newest rows with what was expected of each from those before it, within what such a number can be."""
    rows = rows.tail(MOST + 1)
    at, values, se = (rows[name].to_numpy() for name in ("at", "estimate", "se"))
    found = dict.fromkeys(("expected", "low", "high", "p"), np.full(len(rows), np.nan))
    if told:
        known = bool((se > 0).all() and np.isfinite(se).all())
        noise = [np.ones(len(rows)), se ** 2] if known else []
        made = one_step(values, at, noise, season if np.ptp(at) >= 2 * season else 0)
        made = made.at_least(np.where(se > 0, se, 0.0)).rows(slice(LEAST, None))
        low, high = made.bounds(1 - alpha)
        low = np.maximum(low, 0) if values.min() >= 0 else low
        high = np.minimum(high, 1) if rows["unit"].iloc[0] == "share" and values.max() <= 1 else high
        new = {"expected": made.mean, "low": low, "high": high, "p": made.p(values[LEAST:])}
        found = {name: np.append(np.full(LEAST, np.nan), one) for name, one in new.items()}
    rows = rows.assign(**found, method=words.text("watch.method", confidence=tick(1 - alpha, "share")) if told else "")
    out = np.where(rows["p"] < alpha, np.where(rows["estimate"] > rows["expected"], "up", "down"), "")
    return rows.assign(moved=pd.Series(out, index=rows.index, dtype="str"))
