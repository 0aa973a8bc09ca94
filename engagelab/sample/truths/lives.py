"""Truths 4, 7 and 12, and the price part of 14: who leaves, and what a customer is worth."""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.costs import cac
from engagelab.sample.dates import BEFORE, MONTHS, NOW, QUARTERS, utc
from engagelab.sample.exports.vendor import months
from engagelab.sample.truths.entry import Tables, entry, short

HOME = list(plan.HOME_PLANS)


def satisfied(tables: Tables) -> dict[str, object]:
    """Truth 4: satisfaction with the plan and leaving in the half year after it; who refers."""
    answers = tables["surveys"].query("survey == 'csat_plan'").merge(tables["subscriptions"], on="user_id")
    left = answers["closed_at"] <= answers["answered_at"] + pd.Timedelta(days=plan.FOLLOWED_DAYS)
    happy = answers["score"] >= 4
    return entry(
        4, "satisfied_leave", naive={"metric": "left", "satisfied": short(left[happy].mean(), 4),
                                     "others": short(left[~happy].mean(), 4),
                                     "difference": short(left[happy].mean() - left[~happy].mean(), 4),
                                     "claimed_promoters_share_above": .5},
        true={"metric": "left", "difference": 0.0,
              "referrals_of_long_standing_passives": plan.REFERRERS["long_passive"],
              "referrals_of_promoters": plan.REFERRERS["promoter"]},
        where={"table": "surveys", "filter": "survey == 'csat_plan'", "time": "answered_at", "by": "plan",
               "metric": f"closed_at within {plan.FOLLOWED_DAYS} days of the answer, scores 4 and 5 less the others; "
                         "true of plan == 'office'",
               "referrals": "grade: the referrer's last nps answer before referred_at, where there is one; "
                            f"long-standing: a customer for {plan.LONG_STANDING_MONTHS} months", "unit": "fraction"})


def support(tables: Tables) -> dict[str, object]:
    """Truth 7: how many times as often subscribers with a ticket leave as those without."""
    subscriptions = tables["subscriptions"]
    asked = tables["tickets"].merge(subscriptions, on="user_id")
    asked = asked[~(asked["created_at"] > asked["closed_at"])]
    with_one = subscriptions["user_id"].isin(asked["user_id"])
    left = subscriptions["closed_at"].notna().groupby(with_one).mean().reindex([True, False])
    return entry(
        7, "fast_replies", naive={"metric": "left", "with_ticket": short(left[True], 4),
                                  "without_ticket": short(left[False], 4),
                                  "risk_ratio_ticket_to_none": short(left[True] / left[False], 3)},
        true={"metric": "left", "risk_ratio_fast_to_slow": plan.LEAVING_FAST_TO_SLOW,
              "leavers_with_ticket": plan.TICKET_BEFORE_LEAVING, "days_before_leaving": plan.DAYS_OF_TROUBLE},
        where={"table": "tickets", "filter": "first_reply_minutes == first_reply_minutes", "time": "created_at",
               "metric": f"subscription closed within {plan.AFTER_TICKET_DAYS} days of the ticket, of the tickets of "
                         f"running subscriptions that are {plan.AFTER_TICKET_DAYS} days old",
               "with_ticket": "subscriptions of users with a ticket while it ran; closed up to the end of the data",
               "by": f"first_reply_minutes <= {plan.FAST_REPLY_MINUTES}", "unit": "ratio of fractions"})


def first_month(tables: Tables) -> dict[str, object]:
    """Truth 12: the mean life that the first month suggests, and what a new subscription costs by channel."""
    starters = tables["subscriptions"].query("opened_at >= @first and plan in @home", local_dict={
        "first": utc(MONTHS[:1].astype("datetime64[s]"))[0], "home": HOME})
    opened = months(starters["opened_at"])
    seen = opened < len(MONTHS) - 1
    gone = starters["closed_at"].notna().to_numpy() & seen
    soon = months(starters["closed_at"][gone]) == opened[gone] + 1
    churn = soon.sum() / seen.sum()
    cost = costs_of_one(tables)
    return entry(
        12, "mean_life", naive={"metric": "mean_life", "first_month_churn": short(churn, 4),
                                "mean_life": short(1 / churn) if churn else None,
                                "cheapest": min(cost, key=lambda name: cost[name]), "cac": cost},
        true={"metric": "mean_life", "mean_life": plan.MEAN_LIFE, "quick_share": plan.QUICK_SHARE,
              "churn_quick": plan.LEAVE_QUICK, "churn_slow": plan.LEAVE_SLOW, "margin_share": plan.MARGIN_SHARE,
              "ltv_to_cac": plan.LTV_TO_CAC, "cac": {channel: short(cac(channel), 0) for channel in plan.WON_BY}},
        where={"table": "subscriptions", "filter": f"plan in {HOME}", "time": "opened_at",
               "metric": "months from opening to closing of those opened since April 2025; open ones are censored",
               "first_month_churn": "share closed in the calendar month after that of joining, all observed so long; "
                                    "nobody can leave in the month of joining",
               "ltv": "mean amount x margin_share x mean life, of the starters of a channel",
               "cac": "costs of a channel / subscriptions that home and gift customers of it opened since April 2025; "
                      "company leads that became customers are not among them", "unit": "months, yen"})


def costs_of_one(tables: Tables) -> dict[str, float]:
    """What a new subscription costs in yen, by channel at home."""
    ways = tables["customers"].set_index("user_id")["channel"]
    opened = tables["subscriptions"].query("opened_at >= @first", local_dict={
        "first": utc(MONTHS[:1].astype("datetime64[s]"))[0]})
    new = ways.loc[opened["user_id"]].value_counts()
    spent = tables["costs"].groupby("channel")["amount"].sum()
    return {channel: short(spent[channel] / new.get(channel, np.nan), 0) for channel in plan.WON_BY}


def price_rise(tables: Tables) -> tuple[dict[str, object], dict[str, object]]:
    """The price part of truth 14: (what the quarter's profit says, what is so of the lifetime value)."""
    profit = {name: plan.MARGIN_SHARE * sum(_paid(tables["subscriptions"], month)
                                            for month in range(3 * place, 3 * place + 3))
              for place, name in enumerate(QUARTERS)}
    churn = {BEFORE: plan.LEAVE_OFFICE, NOW: plan.LEAVE_OFFICE_REPRICED}
    price = {BEFORE: plan.PRICE["office"], NOW: plan.OFFICE_PRICE_REPRICED}
    value = {name: price[name] * plan.MARGIN_SHARE / churn[name] for name in (BEFORE, NOW)}
    return ({"metric": "profit", BEFORE: short(profit[BEFORE], 0), NOW: short(profit[NOW], 0),
             "change": short(profit[NOW] / profit[BEFORE] - 1, 4)},
            {"metric": "ltv", "churn": churn, "price": price, "margin_share": plan.MARGIN_SHARE,
             "ltv": {name: short(amount, 0) for name, amount in value.items()},
             "change": short(value[NOW] / value[BEFORE] - 1, 4)})


def _paid(subscriptions: pd.DataFrame, month: int) -> float:
    """What the offices pay in a month: those whose subscription runs on its first day."""
    first = utc(MONTHS[month:month + 1].astype("datetime64[s]"))[0]
    office = subscriptions["plan"] == "office"
    runs = subscriptions[office & (subscriptions["opened_at"] <= first) & ~(subscriptions["closed_at"] < first)]
    return float(runs["amount"].where(~(runs["repriced_at"] > first), runs["former_amount"]).sum())
