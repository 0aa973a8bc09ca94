"""Pictures: each draws exactly the table that it is given, and knows nothing else.

A function takes a frame as `measure` (or the room named in its docstring) returns it, and `ax=`;
it returns the axes. Colours can be told apart by everybody; an interval is always drawn.
"""

from engagelab.arguments import offer
from engagelab.plots.calibration import calibration
from engagelab.plots.clusters import clusters
from engagelab.plots.cohorts import cohorts
from engagelab.plots.concentration import concentration
from engagelab.plots.cumulative import cumulative
from engagelab.plots.curves import power_curve, retention
from engagelab.plots.drivers import drivers
from engagelab.plots.estimates import levels, trend
from engagelab.plots.expected_actual import expected_actual
from engagelab.plots.flow import flow
from engagelab.plots.forest import forest
from engagelab.plots.funnel import funnel
from engagelab.plots.growth import growth
from engagelab.plots.hazards import hazards
from engagelab.plots.impact import impact
from engagelab.plots.interaction import interaction
from engagelab.plots.journey_map import journey_map
from engagelab.plots.journeys import journeys
from engagelab.plots.leavers import leavers
from engagelab.plots.lifecycle import lifecycle
from engagelab.plots.likert import likert
from engagelab.plots.mix import mix
from engagelab.plots.portfolio import portfolio
from engagelab.plots.power import power
from engagelab.plots.priority import priority
from engagelab.plots.qini import qini
from engagelab.plots.rfm_map import rfm_map
from engagelab.plots.simulated import simulated
from engagelab.plots.survival import survival
from engagelab.plots.themes import themes
from engagelab.plots.tornado import tornado
from engagelab.plots.watch import watch
from engagelab.plots.waves import waves

__all__ = ["calibration", "clusters", "cohorts", "concentration", "cumulative", "drivers", "expected_actual", "flow",
           "forest", "funnel", "growth", "hazards", "impact", "interaction", "journey_map", "journeys", "leavers",
           "levels", "lifecycle", "likert", "mix", "portfolio", "power", "power_curve", "priority", "qini", "retention",
           "rfm_map", "simulated", "survival", "themes", "tornado", "trend", "watch", "waves"]

offer(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
