"""The tickets of the support desk. What is not answered or solved by the last day is still open.

Most who leave have asked for something in the weeks before. Of the tickets of running subscriptions
half as many end in leaving where the first reply came fast as where it came late.
"""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, drawn, ids, masked
from engagelab.sample.dates import END, MONTHS, START, Stamps, days_in, month_at, month_of, utc
from engagelab.sample.draws import Flags, Stream, Whole
from engagelab.sample.people import DAY, NEVER, People

TICKETS_A_MONTH = .048
TOPICS = ("delivery", "subscription", "payment", "product", "app")
FIRST_REPLY_MEDIAN, RESOLUTION_MEDIAN = 95.0, 760.0
STUCK = .07
# The part of the tickets before leaving, and of the fast replies, that chance decides alone.
FREE = .25


def tickets(everyone: People, closed: Stamps, seed: int) -> pd.DataFrame:
    """The table of tickets, in the order in which they came. Times are whole minutes, skewed to the right."""
    stream = Stream(seed, "support")
    who, created = _asked(stream, everyone, closed)
    count = len(who)
    topic = np.array(TOPICS, dtype=object)[stream.pick((.34, .26, .14, .12, .14), count)]
    reply = _replies(stream, everyone.plan[who].astype(bool), closed[who], created)
    work = np.floor(stream.skewed(RESOLUTION_MEDIAN, 1.5, count)).astype(np.int64)
    # A few wait for a supplier or a bank, so long that most of them are open on the last day.
    work = np.where(stream.flags(STUCK, count), work + 400 * 1440, work)
    left = ((END - created).astype(np.int64)) // 60
    replied, solved = reply <= left, reply + work <= left
    score = _satisfaction(stream, solved, work)
    status = np.where(solved, np.where(reply + work + 4 * 1440 <= left, "Closed", "Solved"),
                      np.where(replied, np.where(stream.flags(.5, count), "Pending", "Open"), "New"))
    spent = (reply + work) * np.timedelta64(60, "s")
    return pd.DataFrame({
        "ticket_id": ids("", np.arange(5001, 5001 + count), 4), "user_id": everyone.user_id[who],
        "created_at": utc(created), "solved_at": utc(np.where(solved, created + spent, NEVER)),
        "status": status, "priority": np.array(["Low", "Normal", "High", "Urgent"], dtype=object)[
            stream.pick((.15, .65, .16, .04), count)],
        "channel": np.array(["Web form", "Mail", "Chat"], dtype=object)[stream.pick((.45, .35, .20), count)],
        "type": np.where(topic == "delivery", "Problem", "Question"), "topic": topic,
        "subject": drawn(stream, "ticket", topic, everyone.english[who]),
        "first_reply_minutes": masked(reply, replied), "resolution_minutes": masked(reply + work, solved),
        "reopens": np.where(solved & stream.flags(.05, count), 1, 0),
        "replies": np.where(replied, 1 + stream.pick((.5, .3, .15, .05), count), 0),
        "csat": score, "tags": topic})


def _asked(stream: Stream, everyone: People, closed: Stamps) -> tuple[Whole, Stamps]:
    """Who asks when: everybody now and then, and leavers in the weeks before they leave."""
    month = np.arange(len(MONTHS))
    there = month > month_of(everyone.joined)[:, None]
    who, when = np.nonzero(stream.uniform(there.shape) < TICKETS_A_MONTH * there)
    day = np.floor(stream.uniform(len(who)) * days_in(when)).astype(np.int64)
    minute = stream.whole(7 * 60, 23 * 60 - 1, len(who))
    created = month_at(when).astype("datetime64[s]") + (day * DAY + minute * 60).astype("timedelta64[s]")
    more, troubled = _troubled(stream, everyone, closed, who, created)
    who, created = np.append(who, more), np.append(created, troubled)
    order = np.argsort(created, kind="stable")
    return who[order], created[order]


def _troubled(stream: Stream, everyone: People, closed: Stamps, who: Whole, created: Stamps) -> tuple[Whole, Stamps]:
    """The tickets that are still lacking before people leave, given those that come now and then."""
    last = closed.astype("datetime64[D]")
    trouble = last - np.timedelta64(plan.DAYS_OF_TROUBLE, "D")
    since = np.maximum(np.maximum(everyone.joined, START).astype("datetime64[D]"), trouble)
    day = created.astype("datetime64[D]")
    asked = np.zeros(len(everyone), dtype=bool)
    asked[who[(day >= since[who]) & (day < last[who])]] = True
    leaver = (last - since).astype(np.int64) > 1
    leaver &= ~np.isnat(last)
    quiet = np.nonzero(leaver & ~asked)[0]
    lacking = plan.TICKET_BEFORE_LEAVING * leaver.sum() - (leaver & asked).sum()
    share = np.clip(lacking / max(len(quiet), 1), 0, 1)
    more = quiet[stream.planted(np.full(len(quiet), share), np.zeros(len(quiet)), FREE)]
    span = (last[more] - since[more]).astype(np.int64) - 1
    before = (1 + np.floor(stream.uniform(len(more)) * span)).astype("timedelta64[D]")
    minute = stream.whole(7 * 60, 23 * 60 - 1, len(more))
    return more, (last[more] - before).astype("datetime64[s]") + (minute * 60).astype("timedelta64[s]")


def _replies(stream: Stream, subscribes: Flags, closed: Stamps, created: Stamps) -> Whole:
    """Minutes to the first reply, by Bayes: the fast ones stand as much rarer before leaving as is planned.

    Counted are tickets of running subscriptions that the data follow long enough; for the others chance decides.
    """
    minutes = 1 + np.floor(stream.skewed(FIRST_REPLY_MEDIAN, 1.1, len(created))).astype(np.int64)
    late = minutes > plan.FAST_REPLY_MINUTES
    after = np.timedelta64(plan.AFTER_TICKET_DAYS, "D")
    counted = subscribes & ~(closed < created) & (created <= END - after)
    leaving = counted & (closed <= created + after)
    fast = 1 - late.mean()
    # With a the share of all who leave, those with a fast reply leave with r and those with a late one with r / ratio.
    share = leaving.sum() / max(counted.sum(), 1)
    chance_fast = plan.LEAVING_FAST_TO_SLOW * share / (plan.LEAVING_FAST_TO_SLOW * fast + 1 - fast)
    of_leaving = chance_fast * fast / max(share, 1e-9)
    of_staying = min((1 - chance_fast) * fast / max(1 - share, 1e-9), 1.0)
    chance = np.where(leaving, of_leaving, np.where(counted, of_staying, fast))
    wished = stream.planted(chance, 2 * counted + leaving, FREE)
    found = np.empty(len(created), dtype=np.int64)
    found[np.argsort(~wished, kind="stable")] = minutes[np.argsort(late, kind="stable")]
    return found


def _satisfaction(stream: Stream, solved: Flags, work: np.ndarray) -> Texts:
    """Good or bad where the requester answered; the slower it was, the more are bad. Offered is no answer."""
    count = len(solved)
    asked, answers = stream.flags(.85, count), stream.flags(.38, count)
    good = stream.flags(np.where(work > 2 * 1440, .74, .90))
    said = np.where(answers, np.where(good, "good", "bad"), "offered")
    return np.where(solved & asked, said, "not_offered").astype(object)
