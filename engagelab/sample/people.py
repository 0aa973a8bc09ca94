"""Who the customers are: what other subjects need to know of them, and their own table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, bank, ids, masked
from engagelab.sample.dates import END, START, Stamps, utc
from engagelab.sample.draws import Flags, Stream

DAY = 86_400
NEVER = np.datetime64("NaT", "s")


@dataclass(frozen=True)
class People:
    """All customers, a place each in every array, in the order in which they joined."""

    user_id: Texts
    email: Texts
    first_name: Texts
    last_name: Texts
    joined: Stamps
    segment: Texts
    plan: Texts
    won_by: Texts
    english: Flags
    uses_app: Flags
    agrees: Flags
    reads_news: Flags

    def __len__(self) -> int:
        return len(self.user_id)


def people(seed: int, customers: int) -> People:
    """As many customers as asked for: 55 % of them joined in the three years before the data begin."""
    stream = Stream(seed, "people")
    joined = _joined(stream, customers)
    english = stream.flags(.06, customers)
    segment = np.array(plan.SEGMENTS, dtype=object)[stream.pick((.72, .12, .16), customers)]
    number = np.arange(1, customers + 1)
    last, last_roman = _names(stream, "last_name", english)
    first, first_roman = _names(stream, "first_name", english)
    host = np.where(english, "@example.com", "@example.jp").astype(object)
    return People(
        user_id=ids("C", number), email=last_roman + "." + first_roman + number.astype(str).astype(object) + host,
        first_name=first, last_name=last, joined=joined, segment=segment, plan=_plans(stream, segment),
        won_by=np.array(list(plan.WON_BY), dtype=object)[stream.pick(list(plan.WON_BY.values()), customers)],
        english=english, uses_app=stream.flags(.62, customers),
        agrees=stream.flags(.88, customers), reads_news=stream.flags(.50, customers))


def _joined(stream: Stream, customers: int) -> Stamps:
    earlier = round(customers * .55)
    window = int((END - START).astype(np.int64))
    days = np.concatenate([
        # Square roots: the company grew, so more of the old customers came late.
        np.floor((np.sqrt(stream.uniform(earlier)) - 1) * 1095),
        np.floor(stream.uniform(customers - earlier) * (window // DAY - 1))])
    seconds = stream.whole(7 * 3600, 22 * 3600, customers)
    return np.sort(START + (days.astype(np.int64) * DAY + seconds).astype("timedelta64[s]"))


def _names(stream: Stream, name: str, english: Flags) -> tuple[Texts, Texts]:
    chances = stream.uniform(len(english))
    written, roman = np.empty(len(english), dtype=object), np.empty(len(english), dtype=object)
    for language, here in (("en", english), ("ja", ~english)):
        pairs = np.array([text.split("|") for text in bank(name, None, language)], dtype=object)
        chosen = pairs[np.floor(chances[here] * len(pairs)).astype(np.int64)]
        written[here], roman[here] = chosen[:, 0], chosen[:, 1]
    return written, roman


def _plans(stream: Stream, segment: Texts) -> Texts:
    """The plan of each customer, or nothing: two thirds of those who come for gifts have none."""
    chances = stream.uniform(len(segment))
    at_home = np.where(chances < .38, "light", np.where(chances < .88, "standard", "")).astype(object)
    chosen = np.where(segment == "office", "office", at_home).astype(object)
    gift = segment == "gift"
    chosen[gift] = np.where(chances[gift] < .33, "light", "").astype(object)
    return masked(chosen, chosen != "")


def customers(everyone: People, seed: int, left_list: Stamps, refused: Flags) -> pd.DataFrame:
    """The table of customers, with the state in which the mailing list is at the end.

    `left_list`: when each left the list (NaT: not), `refused`: whose address takes no mail.
    """
    stream = Stream(seed, "customers")
    count = len(everyone)
    status = np.full(count, "subscribed", dtype=object)
    status[~everyone.agrees | ~np.isnat(left_list)] = "unsubscribed"
    status[refused] = "cleaned"
    consent = np.where(everyone.agrees, everyone.joined + stream.whole(0, 600, count).astype("timedelta64[s]"), NEVER)
    latest = np.where(np.isnat(left_list), everyone.joined, left_list)
    stars = np.array([1, 2, 3, 4, 5])[stream.pick((.08, .24, .32, .22, .14), count)]
    return pd.DataFrame({
        "user_id": everyone.user_id, "email": everyone.email, "first_name": everyone.first_name,
        "last_name": everyone.last_name, "phone": "050-0000-" + pd.Series(ids("", np.arange(count) % 10_000, 4)),
        "created_at": utc(everyone.joined), "channel": everyone.won_by, "segment": everyone.segment,
        "plan": everyone.plan, "language": np.where(everyone.english, "en", "ja"), "country": "JP",
        "status": status, "rating": stars, "consent_marketing": status == "subscribed",
        "consent_at": utc(consent), "changed_at": utc(latest)})


def identities(everyone: People) -> pd.DataFrame:
    """Which member number and which e-mail address belong to one person."""
    count = len(everyone)
    person = ids("P", np.arange(1, count + 1))
    return pd.DataFrame({
        "person": np.repeat(person, 2), "source": np.tile(np.array(["member", "email"], dtype=object), count),
        "source_id": np.column_stack([everyone.user_id, everyone.email]).reshape(-1)})
