"""What it costs to win customers, by channel and month, and what foreign money was worth.

A new subscription of a channel costs, over the eighteen months, the lifetime value of that channel
divided by the planned multiple: price x margin share x mean life (Gupta and Lehmann 2003, without
interest). Rewards are those of the table of referrals.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from engagelab.sample import plan
from engagelab.sample.banks import rows
from engagelab.sample.dates import MONTHS, month_of, utc
from engagelab.sample.draws import Floats, Stream
from engagelab.sample.exports.vendor import months
from engagelab.sample.people import People

# Kinds of cost by channel, with their shares of what is not spent on rewards, and where the figures are from.
KINDS = {"store": {"people": .7, "media": .3}, "search": {"media": .8, "tools": .2},
         "social": {"media": .75, "people": .25}, "referral": {"people": .6, "tools": .4},
         "campaign": {"media": .7, "tools": .1, "people": .2}, "sales": {"people": .85, "tools": .15}}
SOURCES = {"media": "invoices of the platforms", "people": "payroll", "tools": "ledger", "rewards": "ledger"}
# The part of the spending that follows the new subscriptions of the month; the rest is the same in all months.
FOLLOWS = .7


Amounts = NDArray[np.int64] | Floats


def mean_life(channel: str) -> float:
    """Months that a starter at home whom the channel won stays, on average."""
    quick = plan.QUICK_BY_CHANNEL[channel]
    return quick / plan.LEAVE_QUICK + (1 - quick) / plan.LEAVE_SLOW


def ltv(channel: str) -> float:
    """Lifetime value in yen of a starter at home whom the channel won.

    >>> round(ltv("social")), round(ltv("referral"))
    (4779, 28831)
    """
    light = plan.LIGHT_BY_CHANNEL[channel]
    price = light * plan.PRICE["light"] + (1 - light) * plan.PRICE["standard"]
    return price * plan.MARGIN_SHARE * mean_life(channel)


def cac(channel: str) -> float:
    """What a new subscription of the channel costs, in yen.

    >>> min(plan.WON_BY, key=cac), round(cac("social")), round(cac("referral"))
    ('social', 5974, 6407)
    """
    return plan.OFFICE_CAC if channel == plan.OFFICE_CHANNEL else ltv(channel) / plan.LTV_TO_CAC[channel]


def costs(everyone: People, referrals: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table of costs, one row a month, channel and kind; whole yen with tax."""
    stream = Stream(seed, "costs")
    came = referrals.dropna(subset=["joined_at"])
    rewards = np.bincount(months(came["joined_at"]), weights=came["reward"], minlength=len(MONTHS))
    tables = [_table("referral", "rewards", rewards)]
    for channel, kinds in KINDS.items():
        new = np.bincount(month_of(everyone.joined[(everyone.won_by == channel) & everyone.plan.astype(bool)]).clip(-1)
                          + 1, minlength=len(MONTHS) + 1)[1:]
        total = round(new.sum() * cac(channel)) - (rewards.sum() if channel == "referral" else 0)
        steady = new.sum() * (.9 + .2 * stream.uniform(len(MONTHS))) / len(MONTHS)
        by_month = _parts(max(total, 0), FOLLOWS * new + (1 - FOLLOWS) * steady)
        spent = np.array([_parts(amount, list(kinds.values())) for amount in by_month])
        tables += [_table(channel, kind, spent[:, place]) for place, kind in enumerate(kinds)]
    return pd.concat(tables).sort_values(["month", "channel", "kind"], kind="stable", ignore_index=True)


def _table(channel: str, kind: str, amounts: Amounts) -> pd.DataFrame:
    return pd.DataFrame({"month": utc(MONTHS.astype("datetime64[s]")), "channel": channel, "kind": kind,
                         "amount": amounts, "currency": "JPY", "tax_included": True, "source": SOURCES[kind]})


def _parts(total: float, weights: ArrayLike) -> Floats:
    """A whole amount in whole parts that add up to it."""
    cuts = np.cumsum(weights)
    cuts = np.floor(cuts / max(cuts[-1], 1e-9) * total)
    cuts[-1] = total
    return np.diff(cuts, prepend=0.0)


def rates() -> pd.DataFrame:
    """The table of rates: what a dollar and a euro were worth in yen by month. The figures are made up."""
    tables = [pd.DataFrame({"currency": currency, "month": utc(MONTHS.astype("datetime64[s]")), "to": "JPY",
                            "rate": [float(row[currency]) for row in rows("rates.csv")], "source": "made up"})
              for currency in ("USD", "EUR")]
    return pd.concat(tables, ignore_index=True)
