"""What people do over time."""

from engagelab.activity.active import active_users
from engagelab.activity.churn import churn
from engagelab.activity.cohorts import cohorts
from engagelab.activity.community import community
from engagelab.activity.content import content
from engagelab.activity.funnel import funnel
from engagelab.activity.growth import growth
from engagelab.activity.journeys import journeys
from engagelab.activity.lifecycle import lifecycle, states
from engagelab.activity.power import power_curve
from engagelab.activity.repeat import repeat
from engagelab.activity.retention import retention
from engagelab.activity.selling import categories, cross_sell, up_sell
from engagelab.activity.touchpoints import touchpoints
from engagelab.arguments import offer
from engagelab.summaries.calendar import calendar

__all__ = ["active_users", "calendar", "categories", "churn", "cohorts", "community", "content", "cross_sell",
           "funnel", "growth", "journeys", "lifecycle", "power_curve", "repeat", "retention", "states",
           "touchpoints", "up_sell"]

offer(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
