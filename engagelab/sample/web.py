"""What customers do on the web: sessions with their source, what they look at, and clicks on offers."""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import ids, masked, rows
from engagelab.sample.dates import MONTHS, Stamps, days_in, month_at, month_of
from engagelab.sample.draws import Flags, Stream, Whole
from engagelab.sample.hunters import hunters
from engagelab.sample.people import DAY, People

SESSIONS_A_MONTH = .09
# source, medium, campaign, weight; the spring campaign is paid for from its first month on.
SOURCES = (("google", "organic", None, .34), ("google", "cpc", "spring", .16), ("instagram", "social", None, .15),
           ("line", "social", "line_broadcast", .10), ("newsletter", "email", "newsletter", .10),
           ("(direct)", "(none)", None, .15))
LANDING = ("/", "/beans", "/plans", "/gift", "/journal")
LOOKS, ADDS = .60, .30


def web_events(everyone: People, seed: int) -> list[pd.DataFrame]:
    """Sessions, products looked at and put into the cart, and clicks on offers."""
    return [*_sessions(everyone, seed), _offers(everyone, seed)]


def _sessions(everyone: People, seed: int) -> list[pd.DataFrame]:
    stream = Stream(seed, "web")
    there = np.arange(len(MONTHS)) > month_of(everyone.joined)[:, None]
    who, month = np.nonzero((stream.uniform(there.shape) < SESSIONS_A_MONTH) & there)
    began = _when(stream, month)
    which = stream.pick([weight for *_, weight in SOURCES], len(who))
    before = began < np.datetime64(plan.CAMPAIGN)
    source, medium, campaign = (np.array(values, dtype=object)[which]
                                for values in list(zip(*SOURCES, strict=True))[:3])
    session = pd.DataFrame({
        "user_id": everyone.user_id[who], "session_id": ids("W", np.arange(1, len(who) + 1)), "event": "session_start",
        "occurred": began, "platform": "web",
        "page": np.array(LANDING, dtype=object)[stream.pick((.30, .28, .18, .14, .10), len(who))],
        "source": source, "medium": medium, "campaign": masked(campaign, ~before | (campaign != "spring"))})
    products = np.array([row["sku"] for row in rows("products.csv")], dtype=object)
    looks = stream.flags(LOOKS, len(who))
    viewed = session.loc[looks, ["user_id", "session_id", "platform"]].assign(
        event="product_view", content_id=products[stream.whole(0, len(products) - 1, int(looks.sum()))],
        occurred=began[looks] + _later(stream, int(looks.sum())))
    cart = viewed[stream.flags(ADDS, len(viewed))]
    added = cart.assign(event="cart_add", occurred=cart["occurred"].to_numpy() + _later(stream, len(cart)))
    return [session, viewed, added]


def _offers(everyone: People, seed: int) -> pd.DataFrame:
    """Clicks on offers: many of each hunter of coupons, few of the others, hardly any of offices."""
    stream = Stream(seed, "offer clicks")
    rate = np.array([plan.OFFER_CLICKS[name] for name in everyone.segment])
    rate[hunters(everyone, seed)] = plan.OFFER_CLICKS["hunter"]
    there: Flags = np.arange(len(MONTHS)) > month_of(everyone.joined)[:, None]
    clicks = np.floor(rate[:, None] + stream.uniform(there.shape)).astype(np.int64) * there
    who, month = np.nonzero(clicks)
    times = clicks[who, month]
    return pd.DataFrame({"user_id": everyone.user_id[np.repeat(who, times)], "event": "offer_click",
                         "occurred": _when(stream, np.repeat(month, times)), "platform": "web", "page": "/offers"})


def _when(stream: Stream, month: Whole) -> Stamps:
    day = np.floor(stream.uniform(len(month)) * days_in(month)).astype(np.int64)
    seconds = day * DAY + stream.whole(7 * 3600, 23 * 3600, len(month))
    return month_at(month).astype("datetime64[s]") + seconds.astype("timedelta64[s]")


def _later(stream: Stream, count: int) -> np.ndarray:
    return stream.whole(10, 600, count).astype("timedelta64[s]")
