"""The sales pipeline: leads and office customers by account, deals, and what of them tells who buys.

What a lead does before the decision is drawn given how it ends (discriminant analysis turned round): normal
measures with a planned shift between the won and the lost, so that the area under the curve of the best score
is planned (plan.py, truth 11). The measures become counts of views, seconds and the size of the company.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, ids
from engagelab.sample.dates import END, START, Stamps, utc
from engagelab.sample.draws import Flags, Floats, Stream, Whole
from engagelab.sample.people import DAY, NEVER, names

FREE = .30
CHANNELS = ("web_form", "seminar", "trade_fair", "partner", "document")
# Rounded knots, as in draws.py: no last digit of a logarithm can reach a written number.
STEPS = np.arange(-45, 46) / 10
CHANCES = np.array([round(NormalDist().cdf(step), 9) for step in STEPS.tolist()])
SIZES = np.array([round(40 * 2.5 ** step, 3) for step in STEPS.tolist()])


@dataclass(frozen=True)
class Leads:
    """All leads, a place each: account, dates, the end of the deal, and what they do before it.

    `decided` is NaT where there is no deal or where it is still open; `until` is the decision or the last day.
    """

    user_id: Texts
    account: Whole
    size: Whole
    created: Stamps
    opened: Stamps
    decided: Stamps
    won: Flags
    views: Whole
    seconds: Whole
    price_page: Flags
    visit: Flags

    def __len__(self) -> int:
        return len(self.user_id)

    @property
    def has_deal(self) -> Flags:
        """Who got as far as a deal."""
        return ~np.isnat(self.opened)

    @property
    def until(self) -> Stamps:
        """When the decision was made; the last day where it has not been."""
        return np.where(np.isnat(self.decided), END, self.decided)


def leads(customers: int, seed: int) -> Leads:
    """The leads of a company of that many customers."""
    stream = Stream(seed, "leads")
    count = round(customers * plan.LEADS)
    created = START + (np.floor(stream.uniform(count) * ((END - START).astype(np.int64) // DAY - 3)).astype(np.int64)
                       * DAY + stream.whole(8 * 3600, 19 * 3600, count)).astype("timedelta64[s]")
    created = np.sort(created)
    opened = created + stream.whole(2 * DAY, 25 * DAY, count).astype("timedelta64[s]")
    decided = opened + stream.whole(14 * DAY, 100 * DAY, count).astype("timedelta64[s]")
    opened = np.where(stream.flags(plan.DEALS, count) & (opened <= END), opened, NEVER)
    dealt = ~np.isnat(opened)
    decided = np.where(dealt & (decided <= END), decided, NEVER)
    won = np.zeros(count, dtype=bool)
    won[dealt] = stream.even(stream.uniform(int(dealt.sum())), FREE) < plan.WON
    measures = {name: _shifted(stream, won, shift) for name, shift in plan.SHIFTS.items()}
    account, size = _accounts_of(stream, measures["size"])
    return Leads(
        ids("L", np.arange(1, count + 1), 5), account, size, created, opened, decided, won,
        views=np.maximum(np.floor(6.5 + 2.2 * measures["views"]), 1).astype(np.int64),
        seconds=np.maximum(np.floor(60 + 18 * measures["seconds"]), 8).astype(np.int64),
        price_page=_by_end(stream, won, plan.PRICE_PAGE), visit=_by_end(stream, won, plan.VISIT))


def _shifted(stream: Stream, won: Flags, shift: float) -> Floats:
    """Normal numbers, evenly spaced among the won and among the others, the won shifted."""
    found = np.empty(len(won))
    for here, mean in ((won, shift), (~won, 0.0)):
        found[here] = mean + np.interp(stream.even(stream.uniform(int(here.sum())), FREE), CHANCES, STEPS)
    return found


def _by_end(stream: Stream, won: Flags, shares: dict[str, float]) -> Flags:
    found = np.zeros(len(won), dtype=bool)
    for here, share in ((won, shares["won"]), (~won, shares["lost"])):
        found[here] = stream.even(stream.uniform(int(here.sum())), FREE) < share
    return found


def _accounts_of(stream: Stream, size: Floats) -> tuple[Whole, Whole]:
    """One to four contacts an account, of leads next to each other in size: so its size tells as much as theirs."""
    order = np.argsort(size, kind="stable")
    ends = np.cumsum(1 + stream.pick((.25, .30, .30, .15), len(size)))
    groups = np.searchsorted(ends, np.arange(len(size)), side="right")
    mean = np.bincount(groups, weights=size[order]) / np.bincount(groups)
    # The numbers of the accounts tell nothing of their size.
    number = stream.some(len(mean), len(mean))
    account, people = np.empty(len(size), dtype=np.int64), np.empty(len(size), dtype=np.int64)
    account[order] = number[groups]
    people[order] = np.floor(np.interp(mean, STEPS, SIZES)).astype(np.int64)[groups]
    return account, np.maximum(people, 1)


def lead_customers(found: Leads, seed: int) -> pd.DataFrame:
    """The leads as rows of the table of customers; those who bought are customers since the deal was won."""
    stream = Stream(seed, "lead names")
    count, japanese = len(found), np.zeros(len(found), dtype=bool)
    last, last_roman = names(stream, "last_name", japanese)
    first, first_roman = names(stream, "first_name", japanese)
    number = np.arange(1, count + 1).astype(str).astype(object)
    bought = found.won & ~np.isnat(found.decided)
    agrees, analysis = stream.flags(.80, count), stream.flags(.70, count)
    return pd.DataFrame({
        "user_id": found.user_id, "email": first_roman + "." + last_roman + number + "@example.jp",
        "first_name": first, "last_name": last,
        "phone": "050-0000-" + pd.Series(ids("", np.arange(count) % 10_000, 4)), "created_at": utc(found.created),
        "channel": np.array(CHANNELS, dtype=object)[stream.pick((.35, .20, .15, .10, .20), count)],
        "stage": np.where(bought, "customer", "lead"), "converted_at": utc(np.where(bought, found.decided, NEVER)),
        "account_id": account_ids(found.account), "language": "ja", "country": "JP",
        "consent_marketing": agrees, "consent_at": utc(np.where(agrees, found.created, NEVER)),
        "consent_analysis": analysis, "consent_analysis_at": utc(np.where(analysis, found.created, NEVER)),
        "changed_at": utc(np.where(bought, found.decided, found.created))})


def account_ids(numbers: Whole) -> Texts:
    """Numbers of accounts as their ids.

    >>> account_ids(np.array([0])).tolist()
    ['K00001']
    """
    return ids("K", numbers + 1, 5)
