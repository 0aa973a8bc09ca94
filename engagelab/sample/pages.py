"""What leads do where sales can see it: shared pages with the time on them, mails, seminars, and visits booked.

A visit is booked mostly once the deal is won: whoever uses it to foresee the decision has looked into the future.
"""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts
from engagelab.sample.dates import END, Stamps
from engagelab.sample.draws import Stream, Whole
from engagelab.sample.leads import Leads, account_ids
from engagelab.sample.people import DAY

PRICE_LIST = "price_list"
DOCUMENTS = ("company_profile", "case_study", "trial_offer", "bean_guide", "faq")
MAIL_CLICKS, SEMINAR = .6, .15


def lead_events(found: Leads, seed: int) -> list[pd.DataFrame]:
    """Views of shared pages before the decision, clicks in mails, seminars attended, visits booked: a frame each."""
    stream = Stream(seed, "shared pages")
    return [_views(stream, found), *_others(stream, found), _visits(stream, found)]


def _views(stream: Stream, found: Leads) -> pd.DataFrame:
    who = np.repeat(np.arange(len(found)), found.views)
    first = np.zeros(len(who), dtype=bool)
    first[np.cumsum(found.views) - found.views] = True
    documents = np.array(DOCUMENTS, dtype=object)[stream.whole(0, len(DOCUMENTS) - 1, len(who))]
    return _frame(found, who, "document_view", _between(stream, found.created[who], found.until[who])).assign(
        page="/share", content_id=np.where(first & found.price_page[who], PRICE_LIST, documents),
        seconds=_seconds(stream, found, who))


def _seconds(stream: Stream, found: Leads, who: Whole) -> Whole:
    """Seconds on each page, such that the lead's mean is the drawn one: totals are split at rounded running sums."""
    share = .4 + 1.2 * stream.uniform(len(who))
    ends = np.cumsum(found.views)
    running = np.cumsum(share)
    before = np.concatenate([[0.0], running[ends - 1]])[:-1]
    within = (running - before[who]) / (running[ends - 1] - before)[who]
    upto = np.floor(within * (found.views * found.seconds)[who] + .5).astype(np.int64)
    starts = ends - found.views
    seconds = np.diff(upto, prepend=0)
    seconds[starts] = upto[starts]
    return seconds


def _others(stream: Stream, found: Leads) -> list[pd.DataFrame]:
    """What says nothing of the decision: clicks in mails, and seminars."""
    return [_frame(found, who, event, _between(stream, found.created[who], found.until[who]))
            for event, share in (("mail_click", MAIL_CLICKS), ("seminar_attended", SEMINAR))
            for who in [np.nonzero(stream.flags(share, len(found)))[0]]]


def _visits(stream: Stream, found: Leads) -> pd.DataFrame:
    """Visits booked: as many of the won as of the lost before the decision, the others within ten days after it."""
    who = np.nonzero(found.visit & ~np.isnat(found.decided))[0]
    early = ~found.won[who] | stream.flags(plan.VISIT["lost"] / plan.VISIT["won"], len(who))
    decided = found.decided[who]
    since = np.where(early, found.opened[who], decided)
    until = np.where(early, decided, np.minimum(decided + np.timedelta64(10 * DAY, "s"), END))
    return _frame(found, who, "visit_booked", _between(stream, since, until))


def _between(stream: Stream, since: Stamps, until: Stamps) -> Stamps:
    return since + np.floor((until - since).astype(np.int64) * stream.uniform(len(since))).astype("timedelta64[s]")


def _frame(found: Leads, who: Whole, event: str, occurred: Stamps) -> pd.DataFrame:
    accounts: Texts = account_ids(found.account[who])
    return pd.DataFrame({"user_id": found.user_id[who], "event": event, "occurred": occurred, "platform": "web",
                         "account_id": accounts})
