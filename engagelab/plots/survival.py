"""What is still open after a time, with its band."""

import pandas as pd

from engagelab.display import tick
from engagelab.errors import column_of
from engagelab.plots.estimates import finish
from engagelab.plots.style import COLORS, drawing


def survival(frame: pd.DataFrame, *, hue: str | None = None, unit: str = "number", title: str = "", until=None,
             ax=None):
    """Kaplan-Meier curves with their bands, one for each value of `hue`.

    Parameters: a frame of `engagelab.metrics.survival.kaplan_meier` (columns `time`, `survival`,
    `low`, `high`); `until`, where the time axis ends.
    """
    groups = [("", frame)] if hue is None else list(frame.groupby(column_of(hue, frame.columns), sort=True))
    with drawing(ax) as ax:
        for number, (name, group) in enumerate(groups):
            color = COLORS[number % len(COLORS)]
            ax.fill_between(group["time"], group["low"], group["high"], step="post", color=color, alpha=.18,
                            linewidth=0)
            ax.step(group["time"], group["survival"], where="post", color=color, linewidth=1.8, label=str(name))
        ax.set_ylim(0, 1.02)
        ax.set_xlim(0, until)
        ax.yaxis.set_major_formatter(lambda value, _position: tick(value, "share"))
        ax.xaxis.set_major_formatter(lambda value, _position: tick(value, unit))
        finish(ax, title, len(groups) > 1)
    return ax
