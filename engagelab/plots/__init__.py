"""Pictures: each draws exactly the table that it is given, and knows nothing else.

A function takes a frame as `measure` (or the room named in its docstring) returns it, and `ax=`;
it returns the axes. Colours can be told apart by everybody; an interval is always drawn.
"""

from engagelab.plots.cohorts import cohorts
from engagelab.plots.curves import power_curve, retention
from engagelab.plots.estimates import levels, trend
from engagelab.plots.funnel import funnel
from engagelab.plots.growth import growth
from engagelab.plots.journey_map import journey_map
from engagelab.plots.journeys import journeys
from engagelab.plots.lifecycle import lifecycle
from engagelab.plots.survival import survival

__all__ = ["cohorts", "funnel", "growth", "journey_map", "journeys", "levels", "lifecycle", "power_curve", "retention",
           "survival", "trend"]


def __dir__() -> list[str]:
    return sorted(__all__)
