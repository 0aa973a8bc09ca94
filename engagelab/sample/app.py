"""Who uses the app, in which months and on which days; what it pushes; what its community writes.

Activity is planted by month: of those who joined in the data a share by the number of months since, which
fell with the spring campaign; of those who were there before, as many as the month lacks. Within a share the
habitual come first and those whose subscription has ended last. "Retention" as product analysts use it:
active in the n-th calendar month after the first (Amplitude, "Retention analysis: n-day").
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.dates import END, MONTHS, START, Stamps, days_in, month_at, month_of
from engagelab.sample.draws import Flags, Floats, Stream, Whole
from engagelab.sample.people import DAY, People

# The part that is active by chance alone; the others keep to the plan of their cohort and month.
FREE = .02
# A month with use has one day of it or a few.
DAYS = (.70, .20, .06, .03, .01)
PUSHED, OPENS_PUSH = .08, .25
MEMBERS, READS = .35, .16


@dataclass(frozen=True)
class AppUse:
    """`user`: the places of those with the app; `active`: a row each and a column a month; `heavy`: daily use.

    `opener` and `opened` name one opening of the app each: a place among all customers, and when.
    """

    user: Whole
    active: Flags
    heavy: Flags
    opener: Whole
    opened: Stamps


def app_use(everyone: People, closed: Stamps, seed: int) -> AppUse:
    """Who opens the app when. Whoever joins in the data opens it on that day."""
    stream = Stream(seed, "app")
    user = np.nonzero(everyone.uses_app)[0]
    joined, ends = everyone.joined[user], np.where(np.isnat(closed), END, closed)[user]
    first, last = month_of(joined), np.where(np.isnat(closed[user]), len(MONTHS), month_of(ends))
    habit = stream.uniform(len(user))
    early = joined < np.datetime64(plan.CAMPAIGN)
    order = np.where(early, habit + .5 * (last < len(MONTHS)), 2)
    heavy = np.zeros(len(user), dtype=bool)
    heavy[np.argsort(order, kind="stable")[:round(plan.HEAVY * early.sum())]] = True
    active = _active(stream, first, last, habit, heavy, len(everyone) * np.array(plan.ACTIVE_USERS))
    # A fourth root: daily use spreads slowly first, and all heavy users are there in the last month.
    since = np.maximum(np.floor(np.sqrt(np.sqrt(stream.uniform(len(user)))) * len(MONTHS)).astype(np.int64), first + 1)
    daily = heavy[:, None] & (np.arange(len(MONTHS)) >= since[:, None])
    beginner = np.nonzero(joined >= START)[0]
    parts = [(beginner, joined[beginner] + np.timedelta64(60, "s")), _some_days(stream, active & ~daily, first),
             _most_days(stream, user[heavy], daily[heavy])]
    who = np.concatenate([user[parts[0][0]], user[parts[1][0]], parts[2][0]])
    return AppUse(user, active, heavy, who, np.concatenate([when for _, when in parts]))


def _active(stream: Stream, first: Whole, last: Whole, habit: Floats, heavy: Flags, users: Floats) -> Flags:
    """In which months each is active: the planned share of each cohort, and in all as many `users` as planned."""
    active = np.zeros((len(first), len(MONTHS)), dtype=bool)
    begins = int(month_of(np.array([plan.CAMPAIGN], dtype="datetime64[s]"))[0])
    # Those from before the data come last, and make up what is lacking.
    for cohort in (*range(len(MONTHS)), -1):
        rows = np.nonzero(np.maximum(first, -1) == cohort)[0]
        shares = plan.ACTIVE["before" if cohort < begins else "since"]
        for month in range(max(cohort, 0), len(MONTHS)):
            order = habit[rows] + .8 * stream.uniform(len(rows)) + .6 * (month > last[rows])
            share = shares[min(month - cohort, len(shares) - 1)]
            if cohort < 0:
                share = (users[month] - active[:, month].sum()) / max(len(rows), 1)
            active[rows, month] = _present(stream, order, heavy[rows], share)
    return active


def _present(stream: Stream, order: Floats, heavy: Flags, share: float) -> Flags:
    """The planned share of a group: all heavy users, and of the others as many as are lacking."""
    others = np.nonzero(~heavy)[0]
    present = heavy.copy()
    present[others] = stream.even(order[others], FREE) < (share * len(heavy) - heavy.sum()) / max(len(others), 1)
    return present


def _some_days(stream: Stream, active: Flags, first: Whole) -> tuple[Whole, Stamps]:
    """One opening a day on a few days of every active month after that of joining."""
    who, month = np.nonzero(active & (np.arange(len(MONTHS)) > first[:, None]))
    days = 1 + stream.pick(DAYS, len(who))
    who, month = np.repeat(who, days), np.repeat(month, days)
    day = np.floor(stream.uniform(len(who)) * days_in(month)).astype(np.int64)
    return who, month_at(month).astype("datetime64[s]") + _clock(stream, day)


def _most_days(stream: Stream, user: Whole, daily: Flags) -> tuple[Whole, Stamps]:
    """One opening on most days of the months of daily use."""
    month = np.repeat(np.arange(len(MONTHS)), days_in(np.arange(len(MONTHS))))
    who, day = np.nonzero(stream.uniform((len(user), len(month))) < plan.HEAVY_DAYS * daily[:, month])
    return user[who], START + _clock(stream, day)


def _clock(stream: Stream, day: Whole) -> np.ndarray:
    return (day * DAY + stream.whole(6 * 3600, 23 * 3600, len(day))).astype("timedelta64[s]")


def app_events(everyone: People, use: AppUse, seed: int) -> list[pd.DataFrame]:
    """Joining, openings, push messages and the community, a frame each."""
    new = everyone.joined >= START
    return [
        pd.DataFrame({"user_id": everyone.user_id[new], "event": "sign_up", "occurred": everyone.joined[new],
                      "platform": np.where(everyone.uses_app[new], "app", "web")}),
        pd.DataFrame({"user_id": everyone.user_id[use.opener], "event": "app_open", "occurred": use.opened,
                      "platform": "app"}),
        *_pushes(everyone, use, seed), _community(everyone, use, seed)]


def _pushes(everyone: People, use: AppUse, seed: int) -> list[pd.DataFrame]:
    """A message to a tenth or so of the app's users on the second Wednesday; only who uses the app that month opens."""
    stream = Stream(seed, "push")
    sent = np.busday_offset(MONTHS.astype("datetime64[D]"), 1, roll="forward", weekmask="Wed").astype("datetime64[s]")
    sent = sent + np.timedelta64(18, "h")
    there = everyone.joined[use.user][:, None] < sent
    row, month = np.nonzero((stream.uniform(there.shape) < PUSHED) & there)
    opened = use.active[row, month] & stream.flags(OPENS_PUSH, len(row))
    who, push = everyone.user_id[use.user[row]], np.char.add("push_", MONTHS.astype(str)).astype(object)[month]
    after = stream.whole(30, 4 * 3600, len(row)).astype("timedelta64[s]")
    return [pd.DataFrame({"user_id": who[here], "event": event, "occurred": when[here], "platform": "app",
                          "campaign": push[here]})
            for event, here, when in (("push_sent", np.ones(len(row), dtype=bool), sent[month]),
                                      ("push_opened", opened, sent[month] + after))]


def _community(everyone: People, use: AppUse, seed: int) -> pd.DataFrame:
    """What some of the heavy users do on some of the days on which they open the app: read, answer, post."""
    stream = Stream(seed, "community")
    member = np.zeros(len(everyone), dtype=bool)
    member[use.user] = use.heavy & stream.flags(MEMBERS, len(use.user))
    here = np.nonzero(member[use.opener])[0]
    here = here[stream.flags(READS, len(here))]
    kinds = np.array(["community_read", "community_answer", "community_post"], dtype=object)
    threads = np.array([f"thread_{number:03}" for number in range(1, 121)], dtype=object)
    return pd.DataFrame({
        "user_id": everyone.user_id[use.opener[here]], "event": kinds[stream.pick((.80, .13, .07), len(here))],
        "occurred": use.opened[here] + stream.whole(30, 900, len(here)).astype("timedelta64[s]"), "platform": "app",
        "content_id": threads[stream.whole(0, len(threads) - 1, len(here))]})
