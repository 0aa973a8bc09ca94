"""The tickets of the support desk. What is not answered or solved by the last day is still open."""

import numpy as np
import pandas as pd

from engagelab.sample.banks import Texts, drawn, ids, masked
from engagelab.sample.dates import END, MONTHS, Stamps, days_in, month_at, month_of, utc
from engagelab.sample.draws import Flags, Stream
from engagelab.sample.people import DAY, NEVER, People

TICKETS_A_MONTH = .036
TOPICS = ("delivery", "subscription", "payment", "product", "app")
FIRST_REPLY_MEDIAN, RESOLUTION_MEDIAN = 95.0, 760.0
STUCK = .07


def tickets(everyone: People, seed: int) -> pd.DataFrame:
    """The table of tickets, in the order in which they came. Times are whole minutes, skewed to the right."""
    stream = Stream(seed, "support")
    who, created = _asked(stream, everyone)
    count = len(who)
    topic = np.array(TOPICS, dtype=object)[stream.pick((.34, .26, .14, .12, .14), count)]
    reply = 1 + np.floor(stream.skewed(FIRST_REPLY_MEDIAN, 1.1, count)).astype(np.int64)
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


def _asked(stream: Stream, everyone: People) -> tuple[np.ndarray, Stamps]:
    month = np.arange(len(MONTHS))
    there = month > month_of(everyone.joined)[:, None]
    who, when = np.nonzero(stream.uniform(there.shape) < TICKETS_A_MONTH * there)
    day = np.floor(stream.uniform(len(who)) * days_in(when)).astype(np.int64)
    minute = stream.whole(7 * 60, 23 * 60 - 1, len(who))
    created = month_at(when).astype("datetime64[s]") + (day * DAY + minute * 60).astype("timedelta64[s]")
    order = np.argsort(created, kind="stable")
    return who[order], created[order]


def _satisfaction(stream: Stream, solved: Flags, work: np.ndarray) -> Texts:
    """Good or bad where the requester answered; the slower it was, the more are bad. Offered is no answer."""
    count = len(solved)
    asked, answers = stream.flags(.85, count), stream.flags(.38, count)
    good = stream.flags(np.where(work > 2 * 1440, .74, .90))
    said = np.where(answers, np.where(good, "good", "bad"), "offered")
    return np.where(solved & asked, said, "not_offered").astype(object)
