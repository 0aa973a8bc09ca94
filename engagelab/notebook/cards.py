"""The scorecard as it is looked at: a row an indicator, a bullet against the target, the verdict in words."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.display import MISSING, interval, metric_name, shown
from engagelab.notebook.sentences import Sentence, say
from engagelab.notebook.tables import label
from engagelab.plots.bullet import COLORS, bullet

HEADS = ("metric", "estimate", "interval", "n", "target", "bullet", "verdict", "year_before")


@dataclass(frozen=True)
class Cards:
    """A scorecard; `.frame` is the table behind it."""

    frame: pd.DataFrame
    units: Mapping[str, str] = field(repr=False)

    @property
    def _compared(self) -> bool:
        """Whether there is a year before, which takes the room of the interval: that goes beneath the estimate."""
        return "year_before" in self.frame

    def _rows(self) -> list[dict[str, Any]]:
        return [{str(name): value for name, value in row.items()} for row in self.frame.to_dict("records")]

    def __repr__(self) -> str:
        return "\n".join(words.text("scorecard.line", metric=name, estimate=estimate, interval=ends, n=n, target=target,
                                    verdict=said) + (words.text("scorecard.line_year", change=year) if year else "")
                         for name, estimate, ends, n, target, said, year in map(self._texts, self._rows()))

    def _texts(self, row: dict[str, Any]) -> tuple[str, ...]:
        """What the columns of a row say, without the picture."""
        unit = self.units.get(row["metric"], "number")
        ends = MISSING if pd.isna(row["low"]) else interval(row["low"], row["high"], unit)
        return (metric_name(row["metric"]), shown(row["estimate"], unit), ends,
                shown(row["n"], "count"), shown(row["target"], unit), verdict_words(row), _since(row, unit))

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="text-align:left">{html.escape(label(name))}</th>' for name in HEADS
                       if name in self.frame or name == "bullet" or (name == "interval" and not self._compared))
        rows = "".join(map(self._row, self._rows()))
        sources = [words.text("scorecard.source", metric=metric_name(row["metric"]), source=row["source"],
                              kind=words.text(f"scorecard.kind_{row['kind']}")) for row in self._rows()
                   if isinstance(row.get("source"), str) and row.get("kind") in ("own", "benchmark")]
        method = words.text("shown.method", methods="; ".join(pd.unique(self.frame["method"])))
        small = "<br>".join(map(html.escape, (words.text("scorecard.legend"), method, *sources)))
        return (f'<table class="scorecard"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
                f"<p><small>{small}</small></p>")

    def _row(self, row: dict[str, Any]) -> str:
        name, estimate, ends, n, target, said, year = map(html.escape, self._texts(row))
        picture = bullet(row["estimate"], row["low"], row["high"], row["target"], row["verdict"])
        note = f"<br><small>{html.escape(row['note'])}</small>" if isinstance(row.get("note"), str) else ""
        level = [f"<b>{estimate}</b>", ends]
        cells = (f"<b>{name}</b>{note}", *(["<br>".join(level)] if self._compared else level), n, target, picture,
                 f'<span style="color:{COLORS[row["verdict"]]};font-weight:600">{said}</span>',
                 *([year.replace(" (", "<br>(", 1)] if self._compared else []))
        return "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>"


def cards(scorecard: pd.DataFrame, units: Mapping[str, str]) -> Cards:
    """The scorecard to look at.

    Parameters: a frame of `engagelab.metrics.scorecard`, with a column `note` if a row needs one;
    `units`, the unit of each metric. Where it has `year_before, change, change_low, change_high`, these are shown.

    >>> cards(pd.DataFrame({"metric": ["csat"], "estimate": [.72], "low": [.66], "high": [.78], "n": [218],
    ...     "target": [.8], "position": ["below"], "verdict": ["missed"], "method": ["Wilson"]}), {"csat": "share"})
    CSAT (share satisfied): 72.0% (66.0% to 78.0%), n = 218; target 80.0%; below target: missed
    """
    made = Cards(scorecard, units)
    made._repr_html_(), repr(made)     # what cannot be shown fails here, where it is explained
    return made


def _since(row: Mapping[str, Any], unit: str) -> str:
    """The change since the year before with its interval; "" where nobody asked for it."""
    if "year_before" not in row:
        return ""
    ends = interval(row["change_low"], row["change_high"], unit, signed=True) if pd.notna(row["change_low"]) else ""
    return shown(row["change"], unit, signed=True) + (words.text("scorecard.ends", interval=ends) if ends else "")


def say_verdicts(scorecard: pd.DataFrame) -> Sentence:
    """How many of the indicators reached their target, missed it, or cannot be told.

    >>> say_verdicts(pd.DataFrame({"verdict": ["reached", "unclear", "unclear"]}))
    'Of 3 indicators 1 reached the target and 0 missed it; for 2 the data cannot tell.'
    """
    counts = scorecard.loc[scorecard["verdict"] != "", "verdict"].value_counts()
    if not counts.sum():
        return say("scorecard.empty")
    return say("scorecard.summary", all=int(counts.sum()), **{
        verdict: int(counts.get(verdict, 0)) for verdict in ("reached", "missed", "unclear")})


def verdict_words(row: Mapping[str, Any]) -> str:
    """What the scorecard says of a row, in words."""
    if not row["verdict"]:
        return words.text("scorecard.no_target" if pd.isna(row["target"]) else "scorecard.not_measured")
    if row["verdict"] == "unclear":
        return words.text("scorecard.unclear")
    return words.text(f"scorecard.{row['position']}_{row['verdict']}")
