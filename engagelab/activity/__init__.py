"""What people do over time."""

from engagelab.activity.churn import churn

__all__ = ["churn"]
