"""What a customer is worth."""

from engagelab.arguments import offer
from engagelab.ltv.bgnbd import BGNBD
from engagelab.ltv.channels import channels
from engagelab.ltv.clv import clv
from engagelab.ltv.formulas import customer_equity, from_churn, from_purchases, from_retention, margin_multiple
from engagelab.ltv.gamma_gamma import GammaGamma
from engagelab.ltv.hazards import hazards
from engagelab.ltv.holdout import holdout_check
from engagelab.ltv.leavers import leavers
from engagelab.ltv.lifetimes import lifetimes
from engagelab.ltv.pareto_nbd import ParetoNBD
from engagelab.ltv.payback import payback
from engagelab.ltv.purchases import purchases
from engagelab.ltv.sbg import SBG
from engagelab.ltv.survival import survival

__all__ = ["BGNBD", "SBG", "GammaGamma", "ParetoNBD", "channels", "clv", "customer_equity", "from_churn",
           "from_purchases", "from_retention", "hazards", "holdout_check", "leavers", "lifetimes",
           "margin_multiple", "payback", "purchases", "survival"]

offer(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
