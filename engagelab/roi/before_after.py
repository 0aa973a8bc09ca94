"""What an action changed where nothing was drawn by lot, with the rung of evidence beside every number.

From the strongest: an experiment (`el.compare`); units without the action (difference in differences: Card and Krueger
1994, American Economic Review 84, 772-793); control series, or the series' own past (`engagelab.roi.impact`); before
and after alone. Units are compared by one change each with Welch's t, which is right however a unit's periods hang
together (Bertrand, Duflo and Mullainathan 2004, Quarterly Journal of Economics 119, 249-275, section IV.C).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import MISSING, interval, shown
from engagelab.errors import UsageError, one_of
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import LEAST_P, page, plain, rounded
from engagelab.metrics.nouns import Noun
from engagelab.plots.impact import impact as picture
from engagelab.roi.evidence import METHODS, earlier
from engagelab.roi.panel import read
from engagelab.summaries.frames import listed

COLUMNS = ("metric", "what", "estimate", "low", "high", "se", "p", "n_before", "n_after", "n_treated", "n_control",
           "method", "rung", "flag")


@dataclass(frozen=True)
class BeforeAfter:
    """What changed, and how one knows: `.frame`, the effect and what one sees first; `.series`, period by period.

    `.placebo` holds the same analysis of earlier dates, `.notes` what was left out and what casts doubt.
    """

    frame: pd.DataFrame
    series: pd.DataFrame = field(repr=False)
    placebo: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...]
    name: str
    unit: str = "number"
    confidence: float = .95

    def say(self) -> list[str]:
        """The effect in words, what one sees first, and what this kind of evidence cannot know."""
        row, seen = (self.frame[self.frame["what"] == what].iloc[0] for what in ("effect", "seen"))
        change, between = self._change(row)
        way = ("unknown" if np.isnan(row["low"]) else "up" if row["low"] > 0 else "down" if row["high"] < 0
               else "unclear")
        doubt = [words.text("before_after.doubt", flag=row["flag"])] if row["flag"] and way != "unknown" else []
        return [words.text(f"before_after.{way}", metric=self.name, change=change, interval=between, flag=row["flag"],
                           level=f"{100 * self.confidence:g}",
                           against=words.text(f"before_after.against_{row['rung']}")),
                words.text("before_after.seen", change=self._change(seen)[0], naive=seen["flag"]), *doubt,
                words.text(f"before_after.knows_{row['rung']}")]

    def plot(self, **how: Any) -> Any:
        """The series, what would have been expected, and the effect summed up; see `el.plots.impact`."""
        change, between = self._change(self.frame.iloc[0])
        title = words.text("before_after.title", metric=self.name, change=change, interval=between)
        return picture(self.series, **{"unit": self.unit, "title": title, **how})

    def _change(self, row: pd.Series) -> tuple[str, str]:
        return (shown(row["estimate"], self.unit, signed=True),
                interval(row["low"], row["high"], self.unit, signed=True) if row["low"] == row["low"] else MISSING)

    def _cells(self) -> list[pd.DataFrame]:
        told = {name: [words.text(f"{prefix}{value}") for value in self.frame[name]]
                for name, prefix in (("what", "before_after.what_"), ("rung", "rung."))}
        p = [LEAST_P if value < .001 else shown(value) for value in self.frame["p"]]
        return [rounded(self.frame.assign(p=p, **told), ["what", "estimate", "interval", "p", "rung"], self.unit,
                        signed=True)]

    def __repr__(self) -> str:
        return plain(self._cells(), (*self.say(), *self.notes))

    def _repr_html_(self) -> str:
        return page(self._cells(), (*self.say(), *self.notes))


def before_after(data: Any, value: str | Noun | dict[str, Noun], *, time: str, at: object,
                 control: str | Sequence[str] | None = None, unit: str | None = None, group: str | None = None,
                 treated: object = None, method: str | None = None, every: str | None = None, tz: str | None = None,
                 currency: str | None = None, placebo: bool = False, confidence: float = .95) -> BeforeAfter:
    """What changed from a date on, against what would have been expected, where no lot was drawn.

    data : a row a period (and unit), or whatever `measure()` takes. value : a column with one value a period, or a
        metric, which is measured by period; sums are made before. time : dates, or whole numbers. at : the first period
        after; one that it splits is left out. every : the length of a period, else read off the dates.
    unit : shops, teams: who has the action or not, `treated` : which of them, or of the values of `group`, which goes
        with the unit. control : columns with series that the action cannot have moved.
    method : "did" (units with and without), "impact" (what the past and control series lead one to expect), "its" (a
        line before, a line after). Unless said: did where both sides have two units, else impact, for which the mean of
        the units without the action is a control series.
    currency : of amounts, such as "JPY", for display.
    placebo : the same on each earlier date, with as many periods after, if the time before is long enough.

    A change of season is not seen by one series alone: compare with last year's by a control series. Missing periods
    are passed over. Returns `BeforeAfter`; errors: NoColumn, UsageError, DataError.

    >>> shops = pd.DataFrame({"shop": list("abcdef") * 2, "month": [1] * 6 + [2] * 6,
    ...                       "visits": [20, 23, 22, 30, 34, 31, 27, 29, 30, 33, 36, 34]})
    >>> found = before_after(shops, "visits", time="month", at=2, unit="shop", treated=["a", "b", "c"])
    >>> found.frame[["what", "estimate", "low", "high", "rung"]].round(2)
         what  estimate   low  high           rung
    0  effect      4.33  2.28  6.38  control_group
    1    seen      7.00  4.52  9.48   before_after
    """
    z_value(confidence)
    controls = [] if control is None else listed("control", [control] if isinstance(control, str) else control)
    if (treated is None) != (unit is None and group is None):
        raise UsageError("before_after.no_treated")
    if controls and treated is not None:
        raise UsageError("before_after.both_controls")
    panel = read(data, value, time=time, at=at, control=controls, unit=unit, group=group, treated=treated, every=every,
                 tz=tz, currency=currency)
    sides = (1, len(controls)) if panel.treated is None else (int(panel.treated.sum()), int((~panel.treated).sum()))
    method = one_of("method", method or ("did" if panel.treated is not None and min(sides) > 1 else "impact"), METHODS)
    if method == "did" and panel.treated is None:
        raise UsageError("before_after.did_groups")
    if method == "its" and controls:
        raise UsageError("before_after.its_control")
    found = METHODS[method](panel, confidence)
    rung = "control_group" if method == "did" else "control_series" if sides[1] else "own_past"
    series = method if method != "impact" or rung == "own_past" else "impact_controls"
    frame = pd.DataFrame(found.rows, columns=["what", "estimate", "low", "high", "se", "p"])
    seen = frame["what"] == "seen"
    frame = frame.assign(
        metric=panel.metric, n_before=found.n_before, n_after=found.n_after, n_treated=sides[0], n_control=sides[1],
        rung=np.where(seen, "before_after", rung), flag=np.where(
            seen, words.text("before_after.naive"), np.where(frame["what"] == "effect", found.flag, "")),
        method=np.where(seen, words.text(f"before_after.method_{'paired' if method == 'did' else 'plain'}"),
                        words.text(f"before_after.method_{series}", n=sides[1])))
    tried = earlier(panel, method) if placebo else pd.DataFrame()
    return BeforeAfter(frame[list(COLUMNS)], found.series, tried, (*panel.notes, *found.notes, *(
        _placebo(tried, frame["estimate"].iloc[0]) if placebo else ())), panel.name, panel.unit, confidence)


def _placebo(tried: pd.DataFrame, estimate: float) -> tuple[str]:
    if tried.empty:
        return (words.text("before_after.no_placebo"),)
    hits = int((tried["estimate"].abs() >= abs(estimate)).sum())
    return (words.text("before_after.placebo", n=len(tried), hits=hits, share=shown(hits / len(tried), "share")),)
