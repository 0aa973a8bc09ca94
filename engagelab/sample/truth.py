"""What is true of the sample company, and what the naive reading of its tables says instead."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.sample import plan
from engagelab.sample.dates import BEFORE, NOW, QUARTERS
from engagelab.sample.exports.vendor import months, quarters

Tables = Mapping[str, pd.DataFrame]
FLAT, RAMPED = "2026-04", "2026-09"
FACEBOOK_PARTS = ["likes", "shares", "comments", "clicks"]


def truths(tables: Tables) -> dict[str, object]:
    """The planted truths with the naive claim of these tables, and what else is so of them.

    Words stand in every language of the catalogue. Rates are fractions, NPS is in points.
    """
    return {"truths": [_channels(tables), _opens(tables), _paid(tables)], "also_so": _also(tables)}


def _channels(tables: Tables) -> dict[str, object]:
    answers = tables["surveys"].query("kind == 'nps'")
    quarter = np.array(QUARTERS, dtype=object)[quarters(answers["answered_at"])]
    before, now = (nps(answers["score"][quarter == name]) for name in (BEFORE, NOW))
    return _truth(
        1, "nps_by_channel", naive={"metric": "nps", BEFORE: _short(before), NOW: _short(now),
                                    "change": _short(now - before)},
        true={"metric": "nps", **{f"level_{name}": value for name, value in plan.NPS.items()},
              "change_within_channel": 0.0, "change_at_fixed_mix": 0.0,
              "share_in_app": {BEFORE: plan.IN_APP[-2], NOW: plan.IN_APP[-1]}},
        where={"table": "surveys", "filter": "kind == 'nps'", "time": "answered_at", "by": "channel",
               "periods": [BEFORE, NOW], "unit": "points"})


def _opens(tables: Tables) -> dict[str, object]:
    sends = tables["email_sends"].query("delivered")
    month = pd.Series(months(sends["sent_at"]), index=sends.index)
    opened = {name: sends["opened"][month == place].mean() for name, place in ((FLAT, 12), (RAMPED, 17))}
    return _truth(
        2, "machine_opens", naive={"metric": "opened", FLAT: _short(opened[FLAT], 4), RAMPED: _short(opened[RAMPED], 4),
                                   "change": _short(opened[RAMPED] - opened[FLAT], 4)},
        true={"metric": "human_open_rate", "level": plan.HUMAN_OPEN, "change": 0.0, "click_rate": plan.CLICK,
              "machine_opens": {FLAT: plan.MACHINE_OPEN[12], RAMPED: plan.MACHINE_OPEN[17]}},
        where={"table": "email_sends", "filter": "delivered", "time": "sent_at",
               "metric": "share of opened and not machine_opened", "periods": [FLAT, RAMPED], "unit": "fraction"})


def _paid(tables: Tables) -> dict[str, object]:
    posts = tables["social_posts"].query("platform == 'facebook'")
    quarter = np.array(QUARTERS, dtype=object)[quarters(posts["posted_at"])]
    parts = posts[FACEBOOK_PARTS].sum(axis=1)
    rate = {name: parts[quarter == name].sum() / posts["reach"][quarter == name].sum() for name in (BEFORE, NOW)}
    return _truth(
        3, "paid_reach", naive={"metric": "engagement_rate", BEFORE: _short(rate[BEFORE], 5),
                                NOW: _short(rate[NOW], 5), "change": _short(rate[NOW] - rate[BEFORE], 5)},
        true={"metric": "engagement_rate", "promotion": "organic", BEFORE: plan.ORGANIC[-2], NOW: plan.ORGANIC[-1],
              "change": _short(plan.ORGANIC[-1] - plan.ORGANIC[-2], 5), "paid_rate": plan.PAID,
              "same_on_x": "all posts there are organic; clicks are the five kinds of clicks"},
        where={"table": "social_posts", "filter": "platform == 'facebook' and promotion == 'organic'",
               "time": "posted_at", "metric": "(likes + shares + comments + clicks) / reach, sums over sums",
               "metric_x": "(likes + reposts + follows + clicks + replies) / impressions, sums over sums",
               "periods": [BEFORE, NOW], "unit": "fraction"})


def nps(scores: pd.Series) -> float:
    """Net promoter score in points: the share of 9 and 10 less that of 0 to 6 (Reichheld 2003)."""
    return float(100 * ((scores >= 9).mean() - (scores <= 6).mean()))


def _also(tables: Tables) -> dict[str, object]:
    reviews, orders, tickets = tables["reviews"], tables["orders"], tables["tickets"]
    quarter = quarters(reviews["created_at"])
    coupon = orders["coupon"].isna().groupby(quarters(orders["ordered_at"])).mean()
    return {
        "reviews": {"text": _said("sample.also_reviews"),
                    "count": {name: int((quarter == place).sum()) for place, name in enumerate(QUARTERS)},
                    "mean_stars": {name: _short(reviews["rating"][quarter == place].mean(), 3)
                                   for place, name in enumerate(QUARTERS)}},
        "full_price_share": {"text": _said("sample.also_coupons"),
                             "planned": {name: round(1 - share, 2)
                                         for name, share in zip(QUARTERS, plan.COUPON, strict=True)},
                             "found": {name: _short(coupon[place], 4) for place, name in enumerate(QUARTERS)}},
        "churn_a_month": {"text": _said("sample.also_churn"), **plan.CHURN},
        "open_tickets": {"text": _said("sample.also_tickets"),
                         "share": _short(tickets["solved_at"].isna().mean(), 4)}}


def _truth(number: int, name: str, naive: dict[str, object], true: dict[str, object],
           where: dict[str, object]) -> dict[str, object]:
    key = f"sample.truth_{number}_"
    return {"id": number, "name": name, "title": _said(key + "title"),
            "naive": {"claim": _said(key + "naive")} | naive, "truth": {"claim": _said(key + "true")} | true,
            "where": where, "method": _said(key + "method")}


def _said(key: str) -> dict[str, str]:
    return {language: words.catalogue()[key][language] for language in words.LANGUAGES}


def _short(value: float, digits: int = 2) -> float:
    return round(float(value), digits)
