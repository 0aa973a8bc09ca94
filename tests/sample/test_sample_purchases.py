"""Orders, items and subscriptions: the sums are right, the shares as planned."""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.company import generate
from engagelab.sample.exports.vendor import months, quarters


def test_an_order_is_the_sum_of_its_items(company):
    orders, items = company["orders"].set_index("order_id"), company["order_items"]
    goods = (items["quantity"] * items["unit_price"]).groupby(items["order_id"]).sum()
    assert (goods.loc[orders.index] == orders["subtotal"] + orders["discount"]).all()
    assert (orders["total"] == orders["subtotal"] + orders["shipping"]).all()
    assert ((orders["discount"] > 0) == orders["coupon"].notna()).all()


def test_the_tax_is_the_eight_percent_that_the_price_contains(company):
    orders = company["orders"]
    assert (orders["tax"] - orders["total"] * 8 / 108).abs().max() <= .5


def test_lines_are_counted_from_one_and_prices_are_those_of_the_list(company):
    items = company["order_items"]
    assert (items.groupby("order_id")["line"].agg(lambda line: list(line) == list(range(1, len(line) + 1)))).all()
    assert items.groupby("sku")["unit_price"].nunique().eq(1).all()


def test_what_was_given_back_fits_the_state(company):
    orders = company["orders"]
    full, part = orders["status"] == "refunded", orders["status"] == "partially_refunded"
    assert (orders.loc[full, "refunded"] == orders.loc[full, "total"]).all()
    assert ((orders.loc[part, "refunded"] > 0) & (orders.loc[part, "refunded"] < orders.loc[part, "total"])).all()
    assert (orders.loc[~full & ~part, "refunded"] == 0).all()
    assert (orders["cancelled_at"].notna() == (orders["status"] == "voided")).all()
    assert (orders["paid_at"].isna() == (orders["status"] == "pending")).all()


def test_the_share_of_coupons_is_the_planned_one_in_every_quarter():
    orders = generate(30_000, 5)["orders"]
    share = orders["coupon"].notna().groupby(quarters(orders["ordered_at"])).mean()
    assert np.allclose(share, plan.COUPON, atol=.02)


def test_subscriptions_close_at_the_planned_rate_in_every_plan():
    table = generate(30_000, 5)["subscriptions"]
    opened, closed = months(table["opened_at"]), table["closed_at"]
    end = np.where(closed.isna(), 18, months(closed.fillna(pd.Timestamp("2026-09-30", tz="UTC"))))
    for name, chance in plan.CHURN.items():
        here = (table["plan"] == name).to_numpy()
        at_risk = sum((here & (opened < month) & (end >= month)).sum() for month in range(18))
        leaving = (here & closed.notna().to_numpy()).sum()
        error = (chance * (1 - chance) / at_risk) ** .5
        assert abs(leaving / at_risk - chance) < 4 * error, name


def test_a_subscription_has_a_reason_exactly_where_it_is_closed(company):
    table = company["subscriptions"]
    assert (table["reason"].notna() == table["closed_at"].notna()).all()
    assert (table["closed_at"].dropna() > table.loc[table["closed_at"].notna(), "opened_at"]).all()
    assert (table["amount"] == table["plan"].map(plan.PRICE)).all()
