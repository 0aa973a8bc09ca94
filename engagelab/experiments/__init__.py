"""Did the campaign cause it: experiments planned, checked, compared, decided and remembered."""

from engagelab.arguments import offer
from engagelab.experiments.aa import aa
from engagelab.experiments.compare import compare
from engagelab.experiments.factorial import factorial
from engagelab.experiments.given import from_moments
from engagelab.experiments.outcomes import outcomes
from engagelab.experiments.plan import plan
from engagelab.experiments.planned import Plan
from engagelab.experiments.register import Register
from engagelab.experiments.uplift import uplift
from engagelab.metrics.sequential import peeking

__all__ = ["Plan", "Register", "aa", "compare", "factorial", "from_moments", "outcomes", "peeking", "plan", "uplift"]

offer(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
