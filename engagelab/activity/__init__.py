"""What people do over time."""

from engagelab.activity.active import active_users
from engagelab.activity.churn import churn
from engagelab.activity.cohorts import cohorts
from engagelab.activity.community import community
from engagelab.activity.content import content
from engagelab.activity.growth import growth
from engagelab.activity.lifecycle import lifecycle, states
from engagelab.activity.power import power_curve
from engagelab.activity.retention import retention
from engagelab.activity.touchpoints import touchpoints
from engagelab.summaries.calendar import calendar

__all__ = ["active_users", "calendar", "churn", "cohorts", "community", "content", "growth", "lifecycle", "power_curve",
           "retention", "states", "touchpoints"]
