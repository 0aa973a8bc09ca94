"""Who the customers are: what other subjects need to know of them, and their own table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, bank, ids, masked
from engagelab.sample.dates import END, MONTHS, START, Stamps, days_in, month_of, utc
from engagelab.sample.draws import Flags, Floats, Stream, place

DAY = 86_400
SHOPS = 24
HAS_PLAN = {"home": .88, "gift": .33, "office": 1.0}
AGREES_TO_ANALYSIS, ASKED_LATER = .93, .30
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
    shop: Texts
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
    last, last_roman = names(stream, "last_name", english)
    first, first_roman = names(stream, "first_name", english)
    plan_chances = stream.uniform(customers)
    won_by = np.where(segment == "office", plan.OFFICE_CHANNEL, _won_by(stream, joined)).astype(object)
    host = np.where(english, "@example.com", "@example.jp").astype(object)
    return People(
        user_id=ids("C", number), email=last_roman + "." + first_roman + number.astype(str).astype(object) + host,
        first_name=first, last_name=last, joined=joined, segment=segment,
        plan=_plans(plan_chances, segment, won_by), won_by=won_by, english=english,
        shop=ids("S", 1 + Stream(seed, "home shop").pick(_sizes(), customers), 2),
        uses_app=stream.flags(.62, customers),
        agrees=stream.flags(.88, customers), reads_news=stream.flags(.50, customers))


def _joined(stream: Stream, customers: int) -> Stamps:
    earlier = round(customers * .55)
    window = int((END - START).astype(np.int64))
    days = np.concatenate([
        # Square roots: the company grew, so more of the old customers came late.
        np.floor((np.sqrt(stream.uniform(earlier)) - 1) * 1095),
        np.floor(_spread(stream, customers - earlier) * (window // DAY - 1))])
    seconds = stream.whole(7 * 3600, 22 * 3600, customers)
    return np.sort(START + (days.astype(np.int64) * DAY + seconds).astype("timedelta64[s]"))


def _spread(stream: Stream, count: int) -> Floats:
    """When each joins, from 0 for the first day of the data to 1 for the last: months by their planned weights."""
    ends = np.cumsum(days_in(np.arange(len(MONTHS))))
    weights = np.cumsum(plan.JOINING)
    chances = stream.even(stream.uniform(count), .2)
    return np.interp(chances, np.append(0, weights / weights[-1]), np.append(0, ends / ends[-1]))


def _won_by(stream: Stream, joined: Stamps) -> Texts:
    """The channel that won each: of those who join in the data, campaigns win few before the spring's, more since."""
    names, shares = np.array(list(plan.WON_BY), dtype=object), np.array(list(plan.WON_BY.values()))
    by_campaign, chances, month = names == "campaign", stream.uniform(len(joined)), month_of(joined)
    begins = int(month_of(np.array([plan.CAMPAIGN], dtype="datetime64[s]"))[0])
    part = sum(plan.JOINING[:begins]) / sum(plan.JOINING)
    usual = shares[by_campaign][0]
    found = np.empty(len(joined), dtype=object)
    for here, won in ((month < 0, usual), ((month >= 0) & (month < begins), plan.CAMPAIGN_BEFORE),
                      (month >= begins, (usual - part * plan.CAMPAIGN_BEFORE) / (1 - part))):
        weights = np.where(by_campaign, won, shares * (1 - won) / (1 - usual))
        found[here] = names[place(chances[here], weights.tolist())]
    return found


def names(stream: Stream, name: str, english: Flags) -> tuple[Texts, Texts]:
    """One name a row from a bank, as it is written and in Roman letters."""
    chances = stream.uniform(len(english))
    written, roman = np.empty(len(english), dtype=object), np.empty(len(english), dtype=object)
    for language, here in (("en", english), ("ja", ~english)):
        pairs = np.array([text.split("|") for text in bank(name, None, language)], dtype=object)
        chosen = pairs[np.floor(chances[here] * len(pairs)).astype(np.int64)]
        written[here], roman[here] = chosen[:, 0], chosen[:, 1]
    return written, roman


def _sizes() -> list[float]:
    """The shops by the customers that they have: the oldest twice as many as the youngest."""
    return [2 - place / SHOPS for place in range(SHOPS)]


def _plans(chances: Floats, segment: Texts, won_by: Texts) -> Texts:
    """The plan of each customer, or nothing: two thirds of those who come for gifts have none."""
    has = np.array([HAS_PLAN[name] for name in segment])
    light = has * np.array([plan.LIGHT_BY_CHANNEL.get(name, 0.0) for name in won_by])
    at_home = np.where(chances < light, "light", "standard").astype(object)
    return masked(np.where(segment == "office", "office", at_home).astype(object), chances < has)


def _analysis(everyone: People, seed: int) -> Stamps:
    """When each agreed to the analysis of behaviour, at once or when asked later on (NaT: not)."""
    stream = Stream(seed, "consent to analysis")
    agrees, later = (stream.flags(share, len(everyone)) for share in (AGREES_TO_ANALYSIS, ASKED_LATER))
    at_once = everyone.joined + stream.whole(0, 600, len(everyone)).astype("timedelta64[s]")
    ever = np.maximum(everyone.joined, START)
    span = (END - ever).astype(np.int64)
    asked = ever + np.floor(span * stream.uniform(len(everyone))).astype(np.int64).astype("timedelta64[s]")
    return np.where(agrees, np.where(later, asked, at_once), NEVER)


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
    analysis = _analysis(everyone, seed)
    stars = np.array([1, 2, 3, 4, 5])[stream.pick((.08, .24, .32, .22, .14), count)]
    return pd.DataFrame({
        "user_id": everyone.user_id, "email": everyone.email, "first_name": everyone.first_name,
        "last_name": everyone.last_name, "phone": "050-0000-" + pd.Series(ids("", np.arange(count) % 10_000, 4)),
        "created_at": utc(everyone.joined), "channel": everyone.won_by, "segment": everyone.segment,
        "plan": everyone.plan, "stage": "customer", "converted_at": utc(everyone.joined), "shop_id": everyone.shop,
        "language": np.where(everyone.english, "en", "ja"), "country": "JP",
        "status": status, "rating": stars, "consent_marketing": status == "subscribed",
        "consent_at": utc(consent), "consent_analysis": ~np.isnat(analysis), "consent_analysis_at": utc(analysis),
        "changed_at": utc(latest)})


def identities(table: pd.DataFrame) -> pd.DataFrame:
    """Which member number and which e-mail address belong to one person of the table of customers."""
    count = len(table)
    person = ids("P", np.arange(1, count + 1))
    return pd.DataFrame({
        "person": np.repeat(person, 2), "source": np.tile(np.array(["member", "email"], dtype=object), count),
        "source_id": table[["user_id", "email"]].to_numpy(dtype=object).reshape(-1)})
