"""The accounts, companies of several contacts each: those of leads, and those of the office plan; and their deals."""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, ids, masked, rows
from engagelab.sample.dates import END, START, Stamps, utc
from engagelab.sample.draws import Flags, Stream, Whole
from engagelab.sample.leads import CHANNELS, Leads, account_ids
from engagelab.sample.people import DAY, NEVER, People
from engagelab.sample.purchases import CURRENCY

OWNERS = tuple(f"sales {number}" for number in range(1, 5))
FORMS = ("株式会社{}", "{}株式会社", "合同会社{}")
WON_FOR, LOST_FOR = ("taste", "price", "service"), ("price", "no_budget", "competitor", "no_reply")
OPEN_STAGES = ("contact", "proposal", "negotiation")
# Of the accounts with the office plan, those that are asked for more in the data, and what comes of it.
EXPANDS, EXPANSION_WON = .30, .55


def office_accounts(everyone: People, found: Leads, seed: int) -> Whole:
    """The number of each customer's account, two or three contacts an account after those of the leads; -1: none."""
    stream = Stream(seed, "office accounts")
    office = np.nonzero(everyone.segment == "office")[0]
    ends = np.cumsum(2 + stream.pick((.5, .5), len(office)))
    number = np.full(len(everyone), -1)
    number[office[stream.some(len(office), len(office))]] = (
        found.account.max() + 1 + np.searchsorted(ends, np.arange(len(office)), side="right"))
    return number


def accounts(everyone: People, number: Whole, found: Leads, seed: int) -> pd.DataFrame:
    """The table of accounts; `number` as `office_accounts` gives it. An account is as old as its first contact."""
    stream = Stream(seed, "accounts")
    first_office = int(found.account.max()) + 1
    has = np.nonzero(number >= 0)[0]
    count = int(max(number.max(), first_office - 1)) + 1
    created = np.full(count, END)
    np.minimum.at(created, number[has], everyone.joined[has])
    np.minimum.at(created, found.account, found.created)
    size = stream.whole(12, 160, count)
    size[found.account] = found.size
    name, industry = _names(stream, count)
    return pd.DataFrame({
        "account_id": account_ids(np.arange(count)), "account_name": name, "industry": industry, "employees": size,
        "segment": np.where(np.arange(count) < first_office, "prospect", "office"), "country": "JP",
        "owner": np.array(OWNERS, dtype=object)[stream.whole(0, len(OWNERS) - 1, count)], "created_at": utc(created)})


def _names(stream: Stream, count: int) -> tuple[Texts, Texts]:
    """Made-up names, no two alike, and the industry of each."""
    parts = {part: [row for row in rows("companies.csv") if row["part"] == part]
             for part in ("first", "second", "trade")}
    sizes = [len(some) for some in parts.values()]
    combined = stream.some(int(np.prod(sizes)), int(np.prod(sizes)))
    place, lap = combined[np.arange(count) % len(combined)], np.arange(count) // len(combined)
    first, second, trade = np.unravel_index(place, sizes)
    text = {part: np.array([row["text"] for row in some], dtype=object) for part, some in parts.items()}
    plain = text["first"][first] + text["second"][second] + text["trade"][trade]
    form = stream.pick((.6, .25, .15), count)
    again = np.array(["", *(str(number) for number in range(2, int(lap.max()) + 2))], dtype=object)[lap]
    named = np.array([FORMS[kind].format(name) for kind, name in zip(form, plain + again, strict=True)], dtype=object)
    return named, np.array([row["industry"] for row in parts["trade"]], dtype=object)[trade]


def deals(everyone: People, number: Whole, table: pd.DataFrame, found: Leads, seed: int) -> pd.DataFrame:
    """The table of deals by the time of opening: one a lead that got so far, and more business with offices."""
    stream = Stream(seed, "deals")
    lead, more = found.has_deal, _expansions(stream, everyone, number)
    account = np.concatenate([found.account[lead], number[more["who"]]])
    opened, decided = (np.concatenate([ours[lead], more[name]]) for ours, name in (
        (found.opened, "opened"), (found.decided, "decided")))
    won, is_open = np.concatenate([found.won[lead], more["won"]]), np.isnat(decided)
    people = table["employees"].to_numpy()[account]
    last = np.where(is_open, opened + np.floor((END - opened).astype(np.int64) * stream.uniform(len(opened)))
                    .astype("timedelta64[s]"), decided)
    made = pd.DataFrame({
        "account_id": account_ids(account), "account_name": table["account_name"].to_numpy()[account],
        "user_id": np.concatenate([found.user_id[lead], everyone.user_id[more["who"]]]),
        "stage": np.where(is_open, np.array(OPEN_STAGES, dtype=object)[stream.pick((.4, .4, .2), len(won))],
                          np.where(won, "won", "lost")),
        "pipeline": np.where(np.arange(len(won)) < lead.sum(), "new", "expansion"),
        # A year of the office plan for every thirty people or part of them.
        "amount": plan.PRICE["office"] * 12 * (1 + people // 30), "currency": CURRENCY, "tax_included": True,
        "owner": table["owner"].to_numpy()[account],
        "channel": np.array(CHANNELS, dtype=object)[stream.pick((.35, .20, .15, .10, .20), len(won))],
        "opened_at": utc(opened), "last_activity_at": utc(last), "closed_at": utc(decided),
        "won": masked(won.astype(object), ~is_open), "reason": _reasons(stream, won, is_open)})
    made = made.sort_values("opened_at", kind="stable", ignore_index=True)
    made.insert(0, "deal_id", ids("D", np.arange(1, len(made) + 1), 5))
    return made


def _reasons(stream: Stream, won: Flags, is_open: Flags) -> Texts:
    chances = stream.uniform(len(won))
    why = [np.array(reasons, dtype=object)[np.floor(chances * len(reasons)).astype(np.int64)]
           for reasons in (WON_FOR, LOST_FOR)]
    return masked(np.where(won, *why), ~is_open)


def _expansions(stream: Stream, everyone: People, number: Whole) -> dict[str, np.ndarray]:
    """More business with the accounts of the office plan, asked of one contact each."""
    _, who = np.unique(np.where(number < 0, -1, number), return_index=True)
    who = who[number[who] >= 0]
    who = who[stream.flags(EXPANDS, len(who))]
    since = np.maximum(everyone.joined[who], START)
    waited = np.floor((END - since).astype(np.int64) * stream.uniform(len(who)))
    opened: Stamps = since + waited.astype("timedelta64[s]")
    decided = opened + stream.whole(7 * DAY, 60 * DAY, len(who)).astype("timedelta64[s]")
    return {"who": who, "opened": opened, "decided": np.where(decided <= END, decided, NEVER),
            "won": stream.flags(EXPANSION_WON, len(who))}


def with_account(frame: pd.DataFrame, everyone: People, number: Whole) -> pd.DataFrame:
    """A table by customer with the account of those who have one."""
    has = number >= 0
    account = dict(zip(everyone.user_id[has], account_ids(number[has]), strict=True))
    return frame.assign(account_id=frame["user_id"].map(account))
