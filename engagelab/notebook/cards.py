"""The scorecard as it is looked at: a row an indicator, a bullet against the target, the verdict in words."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from engagelab import words
from engagelab.display import interval, metric_name, shown
from engagelab.notebook.tables import label
from engagelab.plots.bullet import COLORS, bullet

HEADS = ("metric", "estimate", "interval", "n", "target", "bullet", "verdict")


@dataclass(frozen=True)
class Cards:
    """A scorecard; `.frame` is the table behind it."""

    frame: pd.DataFrame
    units: Mapping[str, str] = field(repr=False)

    def __repr__(self) -> str:
        return "\n".join(f"{metric_name(row.metric)}: {shown(row.estimate, self._unit(row))} "
                         f"({interval(row.low, row.high, self._unit(row))}), n = {row.n:,.0f}; "
                         f"{self._target(row)}; {verdict_words(row)}" for row in self.frame.itertuples())

    def _unit(self, row) -> str:
        return self.units.get(row.metric, "number")

    def _target(self, row) -> str:
        return words.text("scorecard.target", target=shown(row.target, self._unit(row)))

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="text-align:left">{html.escape(label(name))}</th>' for name in HEADS)
        rows = "".join(self._row(row) for row in self.frame.itertuples())
        notes = sorted({words.text("scorecard.source", metric=metric_name(row.metric), source=row.source)
                        for row in self.frame.itertuples() if isinstance(getattr(row, "source", None), str)})
        small = "".join(f"<br>{html.escape(note)}" for note in notes)
        method = html.escape(words.text("label.method", methods="; ".join(pd.unique(self.frame["method"]))))
        return (f'<table class="scorecard"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
                f"<p><small>{html.escape(words.text('scorecard.legend'))}<br>{method}{small}</small></p>")

    def _row(self, row) -> str:
        unit, color = self._unit(row), COLORS[row.verdict]
        texts = [f"<b>{html.escape(metric_name(row.metric))}</b>", f"<b>{html.escape(shown(row.estimate, unit))}</b>",
                 html.escape(interval(row.low, row.high, unit)), f"{row.n:,.0f}", html.escape(shown(row.target, unit)),
                 bullet(row.estimate, row.low, row.high, row.target, row.verdict),
                 f'<span style="color:{color};font-weight:600">{html.escape(verdict_words(row))}</span>']
        return "<tr>" + "".join(f'<td style="text-align:left">{text}</td>' for text in texts) + "</tr>"


def cards(scorecard: pd.DataFrame, units: Mapping[str, str]) -> Cards:
    """The scorecard to look at.

    Parameters: a frame of `engagelab.metrics.scorecard`; `units`, the unit of each metric.
    """
    return Cards(scorecard, units)


def verdict_words(row) -> str:
    """What the scorecard says of a row, in words."""
    if not row.verdict:
        return words.text("scorecard.no_target")
    return words.text(f"scorecard.{row.position}_{row.verdict}" if row.verdict != "unclear" else "scorecard.unclear")
