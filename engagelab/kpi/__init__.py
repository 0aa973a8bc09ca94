"""The KPI tree: why a number moved, whether that may be noise, what it would take, and what to measure next."""

from engagelab.arguments import offer
from engagelab.kpi.mix import mix
from engagelab.kpi.totals import per_user, rows, total, users
from engagelab.kpi.tree import Tree
from engagelab.kpi.watch import watch

__all__ = ["Tree", "mix", "per_user", "rows", "total", "users", "watch"]

offer(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
