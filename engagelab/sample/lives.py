"""How long the customers stay: starters of two kinds at home, and offices with one rate for all.

Of those who start at home some leave quickly and the others slowly; the channel that won them
tells which is likelier, nothing in the tables says it of one person. Who joined before April
2025 is in the data only if still there then, so most of them are of the slow kind.
"""

from dataclasses import dataclass

import numpy as np

from engagelab.sample import plan
from engagelab.sample.dates import MONTHS, Stamps, days_in, month_at, month_of
from engagelab.sample.draws import Flags, Floats, Stream, Whole
from engagelab.sample.people import NEVER, People

# The part that is quick, or leaves, by chance alone; the others keep to the plan of their kind and month.
FREE = .25


@dataclass(frozen=True)
class Lives:
    """A place a customer: whether of the quick kind, and the last day of the subscription (NaT: it runs)."""

    quick: Flags
    closed: Stamps


def lives(everyone: People, seed: int) -> Lives:
    """Who leaves when. The first month in which one can leave is the one after joining.

    Of every kind and month as many leave as planned, but for a part that leaves by chance.
    """
    stream = Stream(seed, "lives")
    joined = month_of(everyone.joined)
    ways = np.searchsorted(sorted(plan.WON_BY), everyone.won_by.astype(str))
    quick = stream.planted(_share_of_quick(everyone), ways * 1000 + joined, FREE)
    kind = np.where(everyone.plan == "office", 2, quick) * 1000 + joined
    last: Whole = np.full(len(everyone), -1)
    for month, chance in enumerate(_monthly(everyone, quick).T):
        there = np.nonzero((last < 0) & (joined < month) & (chance > 0))[0]
        last[there[stream.planted(chance[there], kind[there], FREE)]] = month
    day = np.floor(stream.uniform(len(everyone)) * days_in(last)).astype("timedelta64[D]")
    dates = (month_at(last).astype("datetime64[D]") + day).astype("datetime64[s]")
    return Lives(quick, np.where(last < 0, NEVER, dates))


def _share_of_quick(everyone: People) -> Floats:
    """The chance that a customer at home is of the quick kind, given that the first of April 2025 was reached."""
    at_start = np.array([plan.QUICK_BY_CHANNEL.get(channel, 0.0) for channel in everyone.won_by])
    months_before = np.maximum(-1 - month_of(everyone.joined), 0)
    # Products and not powers: their last digit is the same on every machine.
    quick, slow = (np.cumprod([1.0, *[1 - chance] * int(months_before.max(initial=0))])[months_before]
                   for chance in (plan.LEAVE_QUICK, plan.LEAVE_SLOW))
    quick, slow = at_start * quick, (1 - at_start) * slow
    return np.where(np.isin(everyone.plan, plan.HOME_PLANS), quick / (quick + slow), 0.0)


def _monthly(everyone: People, quick: Flags) -> Floats:
    """The chance to leave in each month, a column a month; 0 for those without a subscription."""
    chance = np.where(quick, plan.LEAVE_QUICK, plan.LEAVE_SLOW)[:, None] * np.ones(len(MONTHS))
    office = everyone.plan == "office"
    repriced = np.datetime64(plan.REPRICED) <= MONTHS
    chance[office] = np.where(repriced, plan.LEAVE_OFFICE_REPRICED, plan.LEAVE_OFFICE)
    chance[~everyone.plan.astype(bool)] = 0
    return chance
