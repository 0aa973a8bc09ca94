"""Whom to look after: customers in one table, cut into segments one can act on, scored, and put on lists."""

from engagelab.arguments import offer
from engagelab.segments.cluster import cluster
from engagelab.segments.flow import flow
from engagelab.segments.follow_up import follow_up
from engagelab.segments.grade import grade
from engagelab.segments.holdout import holdout
from engagelab.segments.leads import leads
from engagelab.segments.needs import needs
from engagelab.segments.next_action import next_action
from engagelab.segments.profile import profile
from engagelab.segments.rfm import rfm, rfm_segments
from engagelab.segments.score import score

__all__ = ["cluster", "flow", "follow_up", "grade", "holdout", "leads", "needs", "next_action", "profile", "rfm",
           "rfm_segments", "score"]

offer(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
