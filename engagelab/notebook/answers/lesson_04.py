"""The answers of lesson 04, in plain pandas: what customers bring, who is lost, who had booked, how many to hold out.

Counted are, as in the lesson, those who agreed to analysis. How many to hold out follows Fleiss, Levin and Paik
(Statistical Methods for Rates and Proportions, 2003, section 4.2.2).
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.periods import periods
from engagelab.sources.folder import Folder

BEST = .1                       # the part of the customers that has grade A
EFFECT, POWER, SURE = .08, .8, .975
YEN = 1.0                       # to which an amount has to be right


def _of(company: Folder, table: str) -> pd.DataFrame:
    """The rows of those who agreed to analysis."""
    people, rows = company["customers"], company[table]
    return rows[rows["user_id"].isin(people.loc[people["consent_analysis"].fillna(False), "user_id"])]


def _orders(company: Folder) -> pd.DataFrame:
    """Orders, with the day and the month in which they were made where the company is."""
    orders = _of(company, "orders")
    at = orders["ordered_at"].dt.tz_convert(company.settings.timezone)
    void = orders["status"].eq("voided")
    return orders.assign(at=at, day=at.dt.normalize(), month=at.dt.strftime("%Y-%m"), void=void)


def _brings(company: Folder) -> pd.DataFrame:
    """A row a customer: the margin in the company's money, and clicks in mails and on offers."""
    items, rates, orders = company["order_items"], company["rates"], _orders(company)
    cost = (items["quantity"] * items["cost"]).groupby(items["order_id"]).sum()
    months = rates["month"].dt.tz_convert(company.settings.timezone).dt.strftime("%Y-%m")
    worth = dict(zip(zip(rates["currency"], months, strict=True), rates["rate"], strict=True))
    factor = [worth.get(key, 1.0) for key in zip(orders["currency"], orders["month"], strict=True)]
    margin = factor * (orders["subtotal"] - orders["points"].fillna(0) - orders["refunded"].fillna(0)
                       - orders["order_id"].map(cost))
    margin = margin[~orders["void"]].groupby(orders["user_id"]).sum()
    sends, events = company["email_sends"], company["events"]
    clicked = pd.concat([sends.loc[sends["clicked"].fillna(False), "user_id"],
                         events.loc[events["event"] == "offer_click", "user_id"]]).value_counts()
    people = _of(company, "customers")
    who = pd.Index(people.loc[people["stage"] != "lead", "user_id"])
    return pd.DataFrame({"margin": margin, "clicks": clicked}).reindex(who).fillna(0)


def _best(score: pd.Series) -> pd.Series:
    """Who has grade A: everybody from the score on at which the part is nearest to a tenth."""
    above = score.rank(ascending=False, method="max") / len(score)
    return score >= score.iloc[int(np.argmin((above - BEST).abs()))]


def margin_of_the_best(company: Folder) -> Answer:
    """What a customer of grade A brings; naive is graded by clicks."""
    each = _brings(company)
    mean = {by: each.loc[_best(each[by]), "margin"].mean() for by in each}
    return Answer(mean["margin"], mean["clicks"], YEN)


def part_of_offices(company: Folder) -> Answer:
    """The part of the margin that offices bring; naive is their part of the customers."""
    margin, people = _brings(company)["margin"], company["customers"].set_index("user_id")
    office = people["segment"].reindex(margin.index).eq("office")
    return Answer(margin[office].sum() / margin.sum(), office.mean(), .005)


def more_lost(company: Folder) -> Answer:
    """How many more have not bought for long, and never bought often; naive draws the boundaries anew at either end."""
    orders, when = _orders(company), periods(company)
    known = orders[~orders["void"] & (orders["total"] - orders["refunded"].fillna(0) - orders["points"].fillna(0) > 0)]
    end = pd.Timestamp(when.until, tz=when.tz)
    start = orders.loc[when.label(orders["ordered_at"]) == when.now, "day"].min()
    length = min(start - orders["at"].min(), pd.Timedelta("365 days")).floor("D")

    def lives(until: pd.Timestamp) -> pd.DataFrame:
        days = known[(known["at"] >= until - length) & (known["at"] < until)].groupby("user_id")["day"]
        return pd.DataFrame({"away": (until - days.max()).dt.days, "bought": days.nunique()})

    def lost(each: pd.DataFrame, measured_by: pd.DataFrame) -> int:
        away, bought = (np.quantile(measured_by[name], part, method="inverted_cdf")
                        for name, part in (("away", .8), ("bought", .4)))
        return int(((each["away"] > away) & (each["bought"] <= bought)).sum())

    now, then = lives(end), lives(start)
    return Answer(lost(now, now) - lost(then, now), lost(now, now) - lost(then, then))


def booked_before(company: Folder) -> Answer:
    """The shares of won and of lost leads that had booked a visit before; naive counts visits after that, too."""
    deals, events = _of(company, "deals"), company["events"]
    deals = deals[deals["pipeline"].eq("new")].sort_values(["opened_at", "deal_id"]).drop_duplicates("user_id")
    closed = deals.dropna(subset="won").set_index("user_id")["closed_at"]
    visits = events[(events["event"] == "visit_booked") & events["user_id"].isin(closed.index)]
    earlier = visits[visits["occurred_at"] < visits["user_id"].map(closed)]
    decided = deals.dropna(subset="won")
    right, naive = (decided["user_id"].isin(seen["user_id"]).groupby(decided["won"]).mean().to_list()
                    for seen in (earlier, visits))
    return Answer(right, naive, .0005)


def held_out(company: Folder) -> Answer:
    """The fewest customers held out with whom the effect is seen; naive is the usual tenth of them."""
    from scipy.stats import norm

    orders, when = _orders(company), periods(company)
    there = when.label(orders["ordered_at"]) == when.now
    start = orders.loc[there, "day"].min()
    last = orders.loc[orders["at"] < start].groupby("user_id")["at"].max()
    quiet = last.index[last < start - pd.Timedelta("30 days")]
    base, n = quiet.isin(orders.loc[there, "user_id"]).mean(), len(_brings(company))
    held = np.arange(2, n // 2 + 1)
    middle = (held * base + (n - held) * (base + EFFECT)) / n
    no_effect = np.sqrt(middle * (1 - middle) * (1 / held + 1 / (n - held)))
    apart = np.sqrt(base * (1 - base) / held + (base + EFFECT) * (1 - base - EFFECT) / (n - held))
    power = norm.cdf((EFFECT - norm.ppf(SURE) * no_effect) / apart)
    return Answer(int(held[np.argmax(power >= POWER)]), round(.1 * n), 1)


EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    "04.1": margin_of_the_best, "04.2": part_of_offices, "04.3": more_lost, "04.4": booked_before, "04.5": held_out}
