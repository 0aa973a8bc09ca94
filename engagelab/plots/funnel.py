"""A funnel: a bar a step with its interval, and how many came on from the step before."""

import pandas as pd

from engagelab import words
from engagelab.display import shown
from engagelab.errors import UsageError, column_of
from engagelab.plots.estimates import finish
from engagelab.plots.style import COLORS, drawing, name_of, tick_of, word_of

ROOM = 1.75  # of the axis, for what is written beyond a bar of the whole


def funnel(frame: pd.DataFrame, *, hue: str | None = None, title: str = "", ax=None):
    """The steps of `activity.funnel(...)` from the top down, groups of `hue` side by side.

    At a bar stand how many users came to the step, and the share of those of the step before.

    Errors: NoColumn where the frame has no steps; UsageError where a step has several rows.

    >>> from engagelab.activity.funnel import funnel as steps
    >>> log = pd.DataFrame({"user": ["a", "a", "b"], "event": ["view", "buy", "view"], "at": pd.to_datetime(
    ...     ["2026-04-01", "2026-04-02", "2026-04-03"])})
    >>> ax = funnel(steps(log, ["view", "buy"], user="user", time="at", event="event", until="2026-06-01"))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['view', 'buy']
    """
    for name in ("metric", "step", *([hue] if hue else [])):
        column_of(name, frame.columns)
    groups = [("", frame)] if hue is None else [(name, frame[frame[hue] == name]) for name in frame[hue].unique()]
    steps = list(dict.fromkeys(frame.loc[frame["metric"] == "funnel", "step"]))
    thick = .8 / len(groups)
    with drawing(ax, figsize=(8.2, 1.1 + max(.62, .34 * len(groups)) * len(steps))) as ax:
        for number, (name, group) in enumerate(groups):
            shares, onward = (group[group["metric"] == metric].set_index("step") for metric in ("funnel", "step"))
            if not (shares.index.is_unique and onward.index.is_unique):
                by = [column for column in frame.columns[1:frame.columns.get_loc("step")] if column != hue]
                raise UsageError("plots.several", columns=words.joined(map(repr, by)))
            places = pd.Series(range(len(steps)), index=steps) + (number - (len(groups) - 1) / 2) * thick
            _bars(ax, shares.reindex(steps), onward.reindex(steps), places, thick, COLORS[number % len(COLORS)],
                  name_of(name, hue))
        ax.set_yticks(range(len(steps)), [name_of(step) for step in steps])
        ax.set_ylim(len(steps) - .45, -.55)
        ax.set_xlim(0, ROOM)
        ax.set_xticks([0, .25, .5, .75, 1])
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        finish(ax, title, len(groups) > 1)
    return ax


def _bars(ax, shares: pd.DataFrame, onward: pd.DataFrame, places: pd.Series, thick: float, color: str,
          name: str) -> None:
    """The bars of one group, their intervals and what is written at them."""
    ax.barh(places, shares["estimate"], height=thick * .86, color=color, alpha=.55, label=name)
    ax.hlines(places, shares["low"], shares["high"], color=color, linewidth=2.2)
    for place, count, share, high, onwards in zip(places, shares["count"], shares["estimate"], shares["high"],
                                                  onward["estimate"], strict=True):
        if pd.isna(count):
            continue
        text = word_of("plots.funnel_first", count=f"{count:,.0f}") if pd.isna(onwards) else word_of(
            "plots.funnel_bar", count=f"{count:,.0f}", share=shown(share, "share"), onward=shown(onwards, "share"))
        end = max(value for value in (0, share, high) if pd.notna(value))
        ax.text(end + .015, place, text, va="center", fontsize=9 if thick > .2 else 7.5, color="#1f2937")
