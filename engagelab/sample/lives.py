"""How long the customers stay: starters of two kinds at home, and offices with one rate for all.

Of those who start at home some leave quickly and the others slowly; the channel that won them
tells which is likelier, nothing in the tables says it of one person. Who joined before April
2025 is in the data only if still there then, so most of them are of the slow kind.
"""

from dataclasses import dataclass

import numpy as np

from engagelab.sample import plan
from engagelab.sample.dates import MONTHS, Stamps, days_in, month_at, month_of
from engagelab.sample.draws import Flags, Floats, Stream
from engagelab.sample.people import NEVER, People


@dataclass(frozen=True)
class Lives:
    """A place a customer: whether of the quick kind, and the last day of the subscription (NaT: it runs)."""

    quick: Flags
    closed: Stamps

    def runs(self, stamp: np.datetime64) -> Flags:
        """Whose subscription has not ended at that time; the caller knows who has one."""
        return ~(self.closed < stamp)


def lives(everyone: People, seed: int) -> Lives:
    """Who leaves when. The first month in which one can leave is the one after joining."""
    stream = Stream(seed, "lives")
    quick = stream.flags(_share_of_quick(everyone))
    leaves = stream.uniform((len(everyone), len(MONTHS))) < _monthly(everyone, quick)
    leaves &= np.arange(len(MONTHS)) > month_of(everyone.joined)[:, None]
    month = np.where(leaves.any(axis=1), leaves.argmax(axis=1), 0)
    day = np.floor(stream.uniform(len(everyone)) * days_in(month)).astype("timedelta64[D]")
    dates = (month_at(month).astype("datetime64[D]") + day).astype("datetime64[s]")
    return Lives(quick, np.where(leaves.any(axis=1), dates, NEVER))


def _share_of_quick(everyone: People) -> Floats:
    """The chance that a customer at home is of the quick kind, given that the first of April 2025 was reached."""
    at_start = np.array([plan.QUICK_BY_CHANNEL[channel] for channel in everyone.won_by])
    months_before = np.maximum(-1 - month_of(everyone.joined), 0)
    quick = at_start * (1 - plan.LEAVE_QUICK) ** months_before
    slow = (1 - at_start) * (1 - plan.LEAVE_SLOW) ** months_before
    return np.where(np.isin(everyone.plan, plan.HOME_PLANS), quick / (quick + slow), 0.0)


def _monthly(everyone: People, quick: Flags) -> Floats:
    """The chance to leave in each month, a column a month; 0 for those without a subscription."""
    chance = np.where(quick, plan.LEAVE_QUICK, plan.LEAVE_SLOW)[:, None] * np.ones(len(MONTHS))
    office = (everyone.plan == "office")
    repriced = MONTHS >= np.datetime64(plan.REPRICED)
    chance[office] = np.where(repriced, plan.LEAVE_OFFICE_REPRICED, plan.LEAVE_OFFICE)
    chance[~everyone.plan.astype(bool)] = 0
    return chance
