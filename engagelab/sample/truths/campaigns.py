"""Truths 1 to 3: surveys, mails and posts in which the mix moved and the level did not."""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.dates import BEFORE, NOW, QUARTERS
from engagelab.sample.exports.vendor import months, quarters
from engagelab.sample.truths.entry import Tables, entry, short

FLAT, RAMPED = "2026-04", "2026-09"
FACEBOOK_PARTS = ["likes", "shares", "comments", "clicks"]


def channels(tables: Tables) -> dict[str, object]:
    """Truth 1: the score moves with the mix of channels."""
    answers = tables["surveys"].query("kind == 'nps'")
    quarter = np.array(QUARTERS, dtype=object)[quarters(answers["answered_at"])]
    before, now = (nps(answers["score"][quarter == name]) for name in (BEFORE, NOW))
    return entry(
        1, "nps_by_channel", naive={"metric": "nps", BEFORE: short(before), NOW: short(now),
                                    "change": short(now - before)},
        true={"metric": "nps", **{f"level_{name}": value for name, value in plan.NPS.items()},
              "change_within_channel": 0.0, "change_at_fixed_mix": 0.0,
              "share_in_app": {BEFORE: plan.IN_APP[-2], NOW: plan.IN_APP[-1]}},
        where={"table": "surveys", "filter": "kind == 'nps'", "time": "answered_at", "by": "channel",
               "periods": [BEFORE, NOW], "unit": "points"})


def opens(tables: Tables) -> dict[str, object]:
    """Truth 2: machines open mails."""
    sends = tables["email_sends"].query("delivered")
    month = pd.Series(months(sends["sent_at"]), index=sends.index)
    opened = {name: sends["opened"][month == place].mean() for name, place in ((FLAT, 12), (RAMPED, 17))}
    return entry(
        2, "machine_opens", naive={"metric": "opened", FLAT: short(opened[FLAT], 4), RAMPED: short(opened[RAMPED], 4),
                                   "change": short(opened[RAMPED] - opened[FLAT], 4)},
        true={"metric": "human_open_rate", "level": plan.HUMAN_OPEN, "change": 0.0, "click_rate": plan.CLICK,
              "machine_opens": {FLAT: plan.MACHINE_OPEN[12], RAMPED: plan.MACHINE_OPEN[17]}},
        where={"table": "email_sends", "filter": "delivered and scenario != 'recipe'", "time": "sent_at",
               "metric": "share of opened and not machine_opened", "periods": [FLAT, RAMPED], "unit": "fraction"})


def paid(tables: Tables) -> dict[str, object]:
    """Truth 3: bought reach halves the rate of all posts."""
    posts = tables["social_posts"].query("platform == 'facebook'")
    quarter = np.array(QUARTERS, dtype=object)[quarters(posts["posted_at"])]
    parts = posts[FACEBOOK_PARTS].sum(axis=1)
    rate = {name: parts[quarter == name].sum() / posts["reach"][quarter == name].sum() for name in (BEFORE, NOW)}
    return entry(
        3, "paid_reach", naive={"metric": "engagement_rate", BEFORE: short(rate[BEFORE], 5),
                                NOW: short(rate[NOW], 5), "change": short(rate[NOW] - rate[BEFORE], 5)},
        true={"metric": "engagement_rate", BEFORE: plan.ORGANIC[-2], NOW: plan.ORGANIC[-1],
              "change": short(plan.ORGANIC[-1] - plan.ORGANIC[-2], 5), "paid_rate": plan.PAID},
        where={"table": "social_posts",
               "filter": "platform == 'facebook' and promotion == 'organic' and author == 'brand'",
               "time": "posted_at", "metric": "(likes + shares + comments + clicks) / reach, sums over sums",
               "metric_x": "(likes + reposts + follows + clicks + replies) / impressions, sums over sums; "
                           "the same is planted there, all posts are organic, clicks are the five kinds of clicks",
               "periods": [BEFORE, NOW], "unit": "fraction"})


def nps(scores: pd.Series) -> float:
    """Net promoter score in points: the share of 9 and 10 less that of 0 to 6 (Reichheld 2003)."""
    return float(100 * ((scores >= 9).mean() - (scores <= 6).mean()))
