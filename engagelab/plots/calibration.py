"""What happened against the chance that was given, and beneath it how the chances are spread."""

import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.style import COLORS, SOFT, drawing, tick_of, title_of, word_of

ROOM, HIGH = .28, .17   # below 0, of the height above it, for the histogram; how high that is, of the whole


def calibration(frame: pd.DataFrame, *, title: str = "", ax=None):
    """The share that happened in each group of like chances, with its interval; on the line the chances are right.

    frame : `metrics.calibration.reliability`, or `.bins` of `segments.leads`.

    >>> from engagelab.metrics.calibration import reliability
    >>> chances = pd.DataFrame({"chance": [.1, .2, .3, .6, .7, .8] * 20, "bought": [0, 0, 1, 1, 0, 1] * 20})
    >>> calibration(reliability(chances, "chance", "bought", bins=3)).get_ylabel()
    'Share that happened'
    """
    for name in ("metric", "estimate", "low", "high", "chance", "chance_low", "chance_high", "count"):
        column_of(name, frame.columns)
    rows, spread = (frame[frame["metric"] == name] for name in ("share_happened", "share_of_rows"))
    if rows.empty or spread.empty:
        raise DataError("plots.nothing")
    end = 1.04 * max(rows["high"].max(), spread["chance_high"].max())
    with drawing(ax, figsize=(6.4, 5.6)) as ax:
        ax.plot([0, end], [0, end], color=SOFT, linewidth=1.2, linestyle=(0, (4, 3)),
                label=word_of("calibration.as_given"))
        ax.vlines(rows["chance"], rows["low"], rows["high"], color=COLORS[0], alpha=.45, linewidth=2)
        ax.plot(rows["chance"], rows["estimate"], "o", color=COLORS[0], markersize=7,
                label=word_of("calibration.happened"))
        ax.set(xlim=(0, end), ylim=(-ROOM * end, end), ylabel=word_of("metric.share_happened"),
               xlabel=word_of("label.chance"))
        ax.legend(loc="upper left")
        ax.set_title(title_of(title), wrap=True)
        ax.set_yticks([value for value in ax.get_yticks() if 0 <= value <= end])
        ax.axhline(0, color=SOFT, linewidth=.8)
        beneath = ax.inset_axes((0, 0, 1, HIGH), sharex=ax)   # within, where it takes no room from other pictures
        beneath.bar(spread["chance_low"], spread["count"], spread["chance_high"] - spread["chance_low"], align="edge",
                    color=COLORS[0], alpha=.45, edgecolor="white", linewidth=.5)
        beneath.set_ylabel(word_of("calibration.rows"))
        for each, unit in ((ax, "share"), (beneath, "count")):
            each.yaxis.set_major_formatter(lambda value, _position, unit=unit: tick_of(value, unit))
            each.tick_params(length=0)
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        beneath.tick_params(labelbottom=False)
    return ax
