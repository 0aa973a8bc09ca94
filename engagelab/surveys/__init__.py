"""What people answer: scores, reliability, agreement, drivers, weights, links and free text."""

from engagelab.arguments import offer
from engagelab.surveys.agreement import agreement
from engagelab.surveys.change import change
from engagelab.surveys.distribution import distribution
from engagelab.surveys.drivers import drivers
from engagelab.surveys.follow import follow
from engagelab.surveys.leaving import intent, tenure, turnover
from engagelab.surveys.link import link
from engagelab.surveys.priority import priority
from engagelab.surveys.pulse import pulse
from engagelab.surveys.rake import rake
from engagelab.surveys.reliability import reliability
from engagelab.surveys.response import response_rate
from engagelab.surveys.scores import scores
from engagelab.surveys.terms import terms
from engagelab.surveys.wide import wide

__all__ = ["agreement", "change", "distribution", "drivers", "follow", "intent", "link", "priority", "pulse",
           "rake", "reliability", "response_rate", "scores", "tenure", "terms", "turnover", "wide"]

offer(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
