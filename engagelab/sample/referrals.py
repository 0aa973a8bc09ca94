"""Who referred whom: most referrals of known grade come from customers of two years and more who answered 7 or 8.

Everybody whom the channel "referral" won in the eighteen months was referred; others were referred
and did not join. The grade of a referrer is that of the last answer to the question of recommendation
before the referral (Reichheld 2003: 9 and 10 promote, 7 and 8 are passive); many never answered.
"""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import ids, masked
from engagelab.sample.dates import END, MONTHS, START, Stamps, local, month_at, month_of, utc
from engagelab.sample.draws import Flags, Stream, Whole, place
from engagelab.sample.people import DAY, NEVER, People

CHANNELS, CHANNEL_SHARES = ("code", "link", "shop"), (.45, .35, .20)
# Referred who did not join, for each who did; from asking to joining in days; what chance decides alone.
IN_VAIN, LONGEST, FREE = .8, 30, .25
UNKNOWN = 0
KINDS = ("unknown", *plan.REFERRERS)


def referrals(everyone: People, closed: Stamps, answers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table of referrals in the order in which they were made; `answers` is the table of surveys."""
    stream = Stream(seed, "referrals")
    joiner = np.nonzero((everyone.won_by == "referral") & (everyone.joined >= START))[0]
    ago = (stream.uniform(len(joiner)) * LONGEST * DAY).astype(np.int64) + 60
    joined = everyone.joined[joiner]
    since = np.minimum((joined - START).astype(np.int64), ago)
    first = joined - (since * np.where(since < ago, stream.uniform(len(joiner)), 1)).astype("timedelta64[s]")
    vain = round(len(joiner) * IN_VAIN)
    # Who does not join is asked at the same times as others who do.
    again = first[np.floor(stream.uniform(vain) * len(joiner)).astype(np.int64)]
    referred = np.minimum(np.append(first, again + stream.whole(0, 5 * 3600, vain).astype("timedelta64[s]")), END)
    came = np.arange(len(referred)) < len(joiner)
    order = np.argsort(referred, kind="stable")
    who = _referrers(stream, everyone, closed, answers, referred[order])
    invited = np.append(everyone.user_id[joiner], np.full(vain, None, dtype=object))[order]
    became = np.append(joined, np.full(vain, NEVER))[order]
    return pd.DataFrame({
        "referral_id": ids("F", np.arange(1, len(referred) + 1)), "user_id": everyone.user_id[who],
        "referred_id": masked(invited, came[order]), "referred_at": utc(referred[order]), "joined_at": utc(became),
        "channel": np.array(CHANNELS, dtype=object)[stream.pick(CHANNEL_SHARES, len(referred))],
        "reward": np.where(came[order], plan.REWARD, 0), "currency": "JPY"})


def _referrers(stream: Stream, everyone: People, closed: Stamps, answers: pd.DataFrame, referred: Stamps) -> Whole:
    """One customer a referral: of the wanted kind, and of that kind during the whole month."""
    month = month_of(referred)
    known = stream.planted(np.full(len(referred), plan.REFERRER_KNOWN), month, FREE)
    kinds_in_turn = stream.even(stream.uniform(len(referred)), FREE)
    wanted = np.where(known, 1 + place(kinds_in_turn, tuple(plan.REFERRERS.values())), UNKNOWN)
    chances = stream.uniform(len(referred))
    who = np.empty(len(referred), dtype=np.int64)
    for now, kinds in enumerate(_kinds(everyone, closed, answers)):
        for kind in range(len(KINDS)):
            here = np.nonzero((month == now) & (wanted == kind))[0]
            pool = _first_of(kinds == kind, kinds == UNKNOWN, kinds >= 0, everyone.joined < START)
            who[here] = pool[np.floor(chances[here] * len(pool)).astype(np.int64)]
    return who


def _first_of(*groups: Flags) -> Whole:
    """The members of the first group that has any."""
    return next(found for group in groups if len(found := np.nonzero(group)[0]))


def _kinds(everyone: People, closed: Stamps, answers: pd.DataFrame) -> list[Whole]:
    """A month each: the kind of every customer who can refer in it, by place in KINDS; -1 for who cannot."""
    answers = answers[answers["kind"] == "nps"].sort_values("answered_at", kind="stable")
    who = pd.Series(np.arange(len(everyone)), index=everyone.user_id).loc[answers["user_id"]].to_numpy()
    answered = month_of(local(answers["answered_at"]).to_numpy().astype("datetime64[s]"))
    score, latest = answers["score"].to_numpy(dtype=float), np.full(len(everyone), np.nan)
    found = []
    for month in range(len(MONTHS)):
        start, end = month_at(np.array([month, month + 1])).astype("datetime64[s]")
        old, new = (everyone.joined < month_at(np.array(at - plan.LONG_STANDING_MONTHS)).astype("datetime64[s]")
                    for at in (month, month + 1))
        grade = np.select([np.isnan(latest), latest >= 9, latest <= 6, old, ~new], [UNKNOWN, 3, 4, 1, 2], -1)
        able = everyone.plan.astype(bool) & (everyone.joined < start) & ~(closed < end)
        now = answered == month
        able[who[now]] = False
        found.append(np.where(able, grade, -1))
        latest[who[now]] = score[now]
    return found
