"""The nouns (rate, mean, ratio, quantile, nps, csat, ces, engagement rate), their intervals, and `measure()`.

Beside what the face has: `difference` and `fixed_mix` of measured tables, `scorecard` against
targets, `kaplan_meier` and `median_duration`, `wilson`, `shares` of counts, and the `catalogue` of metrics.
"""

from engagelab.arguments import offer
from engagelab.metrics.calibration import calibration, reliability
from engagelab.metrics.catalogue import catalogue, units
from engagelab.metrics.difference import difference
from engagelab.metrics.intervals import wilson
from engagelab.metrics.mix import fixed_mix, groups_only, mix, totals_only
from engagelab.metrics.scorecard import scorecard
from engagelab.metrics.shares import shares
from engagelab.metrics.social import definitions
from engagelab.metrics.survival import kaplan_meier, median_duration

__all__ = ["calibration", "catalogue", "definitions", "difference", "fixed_mix", "groups_only", "kaplan_meier",
           "median_duration", "mix", "reliability", "scorecard", "shares", "totals_only", "units", "wilson"]

offer(globals(), __all__)
