"""Truths 13 and 14: tests with a broken arm, with an interaction alone, and a coupon that pays for few."""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.truths.entry import Tables, entry, said, short
from engagelab.sample.truths.lives import price_rise

# Student's t at 97.5 % with 22 degrees of freedom: 24 shops less two means.
T_SHOPS = 2.0739
Z = 1.95996


def tests_by_mail(tables: Tables) -> dict[str, object]:
    """Truth 13, from the delivered mails of both tests."""
    lines, grid = (_mailed(tables, *names) for names in (("subject_lines", "notice"), ("two_by_two", "recipe")))
    arm = lines.groupby("arm")["clicked"].mean()
    size = tables["assignments"].query("experiment == 'subject_lines'").groupby("arm").size()
    main = {factor: grid.groupby(column)["clicked"].mean() for factor, column in (
        ("subject", "factor_a"), ("sender", "factor_b"))}
    return entry(
        13, "tests_by_mail",
        naive={"metric": "clicked", "A": short(arm["A"], 4), "B": short(arm["B"], 4),
               "change": short(arm["B"] - arm["A"], 4),
               "short_less_long": short(main["subject"]["short"] - main["subject"]["long"], 4),
               "person_less_brand": short(main["sender"]["person"] - main["sender"]["brand"], 4)},
        true={"metric": "clicked", "change": 0.0, "meant_for_each": .5,
              "assigned": {name: int(count) for name, count in size.items()}, "clicked": plan.CELLS,
              "interaction": short((plan.CELLS["short_person"] + plan.CELLS["long_brand"]
                                    - plan.CELLS["short_brand"] - plan.CELLS["long_person"]) / 2, 4)},
        where={"table": "email_sends", "filter": "delivered and scenario in ['notice', 'recipe']",
               "metric": "share of clicked", "arms": "assignments, by user_id",
               "subject_lines": "scenario == 'notice', within the strata of assignments",
               "two_by_two": "scenario == 'recipe', half the difference of the two diagonals", "unit": "fraction"})


def _mailed(tables: Tables, experiment: str, scenario: str) -> pd.DataFrame:
    """The delivered mails of a test, with the arm of each."""
    sends = tables["email_sends"].query("delivered and scenario == @scenario")
    return sends.merge(tables["assignments"].query("experiment == @experiment"), on="user_id")


def coupon(tables: Tables) -> dict[str, object]:
    """Truth 14: the coupon from orders and items, the price from subscriptions."""
    arms = tables["assignments"].query("experiment == 'coupon_holdout'")
    given = arms["arm"].eq("coupon").sum()
    redeemed = tables["orders"][tables["orders"]["coupon"].eq(plan.COUPON_CODE)]
    items, (price_naive, price_true) = tables["order_items"], price_rise(tables)
    cost = (items["quantity"] * items["cost"])[items["order_id"].isin(redeemed["order_id"])].sum()
    return entry(
        14, "coupon_holdout",
        naive={"metric": "profit_per_head", "redeemed": short(len(redeemed) / given, 4),
               "profit_per_head": short((redeemed["subtotal"].sum() - cost) / given, 1), "price": price_naive},
        true={"metric": "gain_per_head",
              "gain": plan.GAINED | {"all": round(sum(plan.STRATA[name] * gain for name, gain in plan.GAINED.items()))},
              "ordered": {name: {"holdout": without, "coupon": with_one}
                          for name, (without, with_one) in plan.BUYING.items()}, "price": price_true},
        where={"table": "orders", "filter": f"coupon == '{plan.COUPON_CODE}'", "time": "ordered_at",
               "arms": "assignments, experiment == 'coupon_holdout', by stratum: how often and how lately one had "
                       "ordered before, whether or not a subscription runs",
               "profit_per_head": "profit of the redeemed orders / all of the coupon arm; the holdout not looked at",
               "metric": "subtotal less quantity x cost of the orders within 14 days of assigned_at, a head of the arm",
               "price": "subscriptions, plan == 'office'", "periods": ["2025-12-01 to 2025-12-14"], "unit": "yen"})


def service(tables: Tables) -> dict[str, object]:
    """Whether customers of the shops with the new service order more: twelve shops, not 1,500 people."""
    drawn = tables["assignments"].query("experiment == 'service_test'")
    start = drawn["assigned_at"].min()
    orders = tables["orders"]
    bought = orders.loc[orders["ordered_at"].between(start, start + pd.Timedelta(days=90)), "user_id"]
    heads = drawn.assign(again=drawn["user_id"].isin(bought).astype(float))
    found: dict[str, dict[str, float]] = {}
    for unit, rows in (("person", heads), ("shop", heads.groupby(["arm", "cluster"], as_index=False)["again"].mean())):
        each = rows.groupby("arm")["again"]
        mean = each.mean()
        gap = mean["new_service"] - mean["usual"]
        half = (T_SHOPS if unit == "shop" else Z) * np.sqrt((each.var() / each.size()).sum())
        found |= {f"by_{unit}": {"change": short(gap, 4), "low": short(gap - half, 4), "high": short(gap + half, 4)}}
    return {"text": said("sample.also_service"), "planned": 0.0, "found": found}
