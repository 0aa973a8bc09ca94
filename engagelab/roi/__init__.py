"""The return of a campaign: what it earns, how sure that is, and what is known where nothing was drawn by lot."""

from engagelab.arguments import offer
from engagelab.ltv.formulas import margin_multiple
from engagelab.roi.before_after import before_after
from engagelab.roi.formulas import npv, payback, ratio_interval, referral
from engagelab.roi.portfolio import portfolio
from engagelab.roi.returns import cac_saving, churn_reduction, horizons, incremental, ltv_uplift

__all__ = ["before_after", "cac_saving", "churn_reduction", "horizons", "incremental", "ltv_uplift",
           "margin_multiple", "npv", "payback", "portfolio", "ratio_interval", "referral"]

offer(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
