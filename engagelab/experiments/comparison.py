"""A comparison as it is handed on: the table, the checks, the verdicts in words, and the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, interval, metric_name, named, shown, tick
from engagelab.experiments.segments import p_said
from engagelab.metrics.looks import LEAST_P, page, plain
from engagelab.metrics.nouns import Noun
from engagelab.plots.cumulative import cumulative
from engagelab.plots.forest import forest

COLUMNS = ("metric", "arm", "control", "value_control", "value_arm", "difference", "low", "high", "p", "low_adjusted",
           "high_adjusted", "p_adjusted", "relative", "relative_low", "relative_high", "verdict", "n_control", "n_arm",
           "missing_control", "missing_arm", "method")


@dataclass(frozen=True)
class Comparison:
    """Arms compared: `.frame`, a row a metric and arm; `.checks`; `.by`, segments; `.over`, the effect in time.

    by : a row a column, segment, metric and arm, with the test of whether the segments differ; empty without `by=`.
    over : a row a moment, metric and arm, cumulative, with the interval that allows for looking at all of them.
    settings : what was asked for, as a register compares it with the plan. units : of each metric, for display.
    nouns : the metrics by name.
    """

    frame: pd.DataFrame
    checks: pd.DataFrame = field(repr=False)
    by: pd.DataFrame = field(repr=False)
    over: pd.DataFrame = field(repr=False)
    units: Mapping[str, str] = field(repr=False)
    nouns: Mapping[str, Noun] = field(repr=False)
    settings: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()

    def say(self) -> list[str]:
        """What came out, a sentence a metric and arm."""
        return [self._sentence(row) for row in self.frame.to_dict("records")]

    def _sentence(self, row: Mapping[Any, Any]) -> str:
        unit = self.units[row["metric"]]
        ends = [row[f"{end}_adjusted"] if np.isfinite(row[f"{end}_adjusted"]) else row[end] for end in ("low", "high")]
        known = "unknown" if not np.isfinite([row["difference"], *ends]).all() else (
            "known" if np.isfinite(row["low_adjusted"]) else "alone")
        return words.text(f"compare.say_{known}", metric=metric_name(row["metric"]), arm=named(row["arm"], "arm"),
                          control=named(row["control"], "arm"), value=shown(row["value_arm"], unit),
                          other=shown(row["value_control"], unit), verdict=named(row["verdict"], "verdict"),
                          difference=shown(row["difference"], unit, signed=True),
                          interval=interval(ends[0], ends[1], unit, signed=True) if known != "unknown" else "",
                          p=p_said(row["p_adjusted"]))

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: rounded, in words."""
        rows = self.frame.to_dict("records")
        units = [self.units[row["metric"]] for row in rows]

        def column(name: str, *, signed: bool = False) -> list[str]:
            return [shown(row[name], unit, signed=signed) for row, unit in zip(rows, units, strict=True)]

        out = {heading("metric"): [metric_name(row["metric"]) for row in rows]}
        out[heading("arm")] = [named(row["arm"], "arm") for row in rows]
        out[heading("value_control")], out[heading("value_arm")] = column("value_control"), column("value_arm")
        out[heading("difference")] = column("difference", signed=True)
        plain_interval = words.text("compare.interval", share=tick(self.settings["confidence"], "share"))
        heads = {"": plain_interval, "_adjusted": heading("interval_adjusted")}
        if self.frame["low"].equals(self.frame["low_adjusted"]):
            heads.pop("_adjusted")  # one comparison: nothing was corrected
        elif self.frame["low_adjusted"].notna().any():
            heads.pop("")           # it is in the picture, and a judgement rests on the other
        for ends, head in heads.items():
            out[head] = [interval(row[f"low{ends}"], row[f"high{ends}"], unit, signed=True)
                         if np.isfinite(row[f"low{ends}"]) else shown(None)
                         for row, unit in zip(rows, units, strict=True)]
        out[heading("p_corrected")] = [LEAST_P if row["p_adjusted"] < .001 else shown(row["p_adjusted"])
                                       for row in rows]
        out[heading("relative")] = [_relative(row) for row in rows]
        out[heading("verdict")] = [named(row["verdict"], "verdict") for row in rows]
        for name in ("n_control", "n_arm"):
            out[heading(name)] = [shown(row[name], "count") for row in rows]
        return pd.DataFrame(out)

    def checked(self) -> pd.DataFrame:
        """The checks as they are looked at."""
        table = self.checks
        return pd.DataFrame({heading("check"): [named(name, "check") for name in table["check"]],
                             heading("metric"): [metric_name(name) for name in table["metric"]],
                             heading("status"): [named(status, "status") for status in table["status"]],
                             heading("sentence"): table["sentence"].tolist()})

    def __repr__(self) -> str:
        return plain([self.cells(), self.checked()], (*self.say(), *self.notes))

    def _repr_html_(self) -> str:
        return page([], tuple(self.say())) + page([self.cells(), self.checked()], self.notes)

    def plot(self, kind: str = "forest", *, title: str = "", ax: Any = None, **which: str) -> Any:
        """The effects as a forest, of segments with kind="by", or over time with kind="over"; `which` picks rows."""
        drawn = {"forest": self.frame, "by": self.by, "over": self.over}[kind]
        for name, value in which.items():
            drawn = drawn[drawn[name] == value]
        nouns = [self.nouns[name] for name in drawn["metric"]]
        drawn = drawn.assign(unit=drawn["metric"].map(self.units), better=[noun.better for noun in nouns],
                             margin=[np.nan if noun.margin is None else noun.margin for noun in nouns])
        return cumulative(drawn, title=title, ax=ax) if kind == "over" else forest(drawn, title=title, ax=ax)


def _relative(row: Mapping[Any, Any]) -> str:
    """The relative difference with its interval in percent, and where that has no end, said so."""
    if not np.isfinite(row["relative"]):
        return shown(None)
    low, high = row["relative_low"], row["relative_high"]
    kind = "percent" if np.isnan([low, high]).any() else (
        "percent_interval" if np.isfinite([low, high]).all() else "unbounded")
    said = words.text(f"compare.{kind}", value=100 * row["relative"], low=100 * low, high=100 * high)
    return said.replace("-", "−")
