"""Orders, items and subscriptions: the sums are right, the shares as planned."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sample import plan
from engagelab.sample.exports.vendor import quarters
from engagelab.sample.lives import lives
from engagelab.sample.people import people
from engagelab.sample.purchases import orders as usual_orders


def test_an_order_is_the_sum_of_its_items(company):
    orders, items = company["orders"].set_index("order_id"), company["order_items"]
    goods = (items["quantity"] * items["unit_price"]).groupby(items["order_id"]).sum()
    assert np.allclose(goods.loc[orders.index], orders["subtotal"] + orders["discount"], atol=1e-6)
    assert np.allclose(orders["total"], orders["subtotal"] + orders["shipping"], atol=1e-6)
    assert ((orders["discount"] > 0) == orders["coupon"].notna()).all()


def test_the_tax_is_the_eight_percent_that_the_price_contains(company):
    orders = company["orders"]
    smallest = orders["currency"].map({"JPY": 1, "USD": .01})
    assert ((orders["tax"] - orders["total"] * 8 / 108).abs() <= .5 * smallest + 1e-9).all()
    assert orders["tax_included"].all()


def test_a_few_who_speak_english_pay_in_dollars_and_never_at_the_till(company):
    orders = company["orders"].merge(company["customers"][["user_id", "language"]], on="user_id")
    foreign = orders["currency"] == "USD"
    assert foreign.mean() == pytest.approx(.015, abs=.006)
    assert set(orders.loc[foreign, "language"]) == {"en"} and set(orders.loc[foreign, "channel"]) == {"web"}
    items = company["order_items"].merge(orders[["order_id", "currency"]], on="order_id")
    assert (items["currency_x"] == items["currency_y"]).all()


def test_amounts_are_whole_yen_and_whole_cents(company):
    orders = company["orders"]
    unit = orders["currency"].map({"JPY": 1, "USD": 100})
    for name in ("subtotal", "shipping", "tax", "discount", "points", "total", "refunded"):
        least = orders[name] * unit
        assert (least.round() / unit == orders[name]).all(), name


def test_points_are_part_of_the_total_and_used_by_some(company):
    orders = company["orders"]
    assert ((orders["points"] >= 0) & (orders["points"] <= orders["total"])).all()
    assert .08 < (orders["points"] > 0).mean() < .2


def test_orders_at_the_till_are_of_the_home_shop_and_no_others_are_of_a_shop(company):
    orders = company["orders"].merge(company["customers"][["user_id", "shop_id"]], on="user_id", suffixes=("", "_home"))
    till = orders["channel"] == "pos"
    assert (orders["shop_id"].notna() == till).all()
    assert (orders.loc[till, "shop_id"] == orders.loc[till, "shop_id_home"]).all()


def test_goods_cost_less_than_their_price(company):
    items = company["order_items"]
    assert ((items["cost"] > 0) & (items["cost"] < items["unit_price"])).all()


def test_lines_are_counted_from_one_and_prices_are_those_of_the_list(company):
    items = company["order_items"]
    assert (items.groupby("order_id")["line"].agg(lambda line: list(line) == list(range(1, len(line) + 1)))).all()
    assert items.groupby(["sku", "currency"])["unit_price"].nunique().eq(1).all()


def test_what_was_given_back_fits_the_state(company):
    orders = company["orders"]
    full, part = orders["status"] == "refunded", orders["status"] == "partially_refunded"
    assert (orders.loc[full, "refunded"] == orders.loc[full, "total"]).all()
    assert ((orders.loc[part, "refunded"] > 0) & (orders.loc[part, "refunded"] < orders.loc[part, "total"])).all()
    assert (orders.loc[~full & ~part, "refunded"] == 0).all()
    assert (orders["cancelled_at"].notna() == (orders["status"] == "voided")).all()
    assert (orders["paid_at"].isna() == (orders["status"] == "pending")).all()


@pytest.fixture(scope="module")
def many():
    everyone = people(5, 30_000)
    orders, _ = usual_orders(everyone, lives(everyone, 5).closed, 5)
    return orders


def test_nobody_gets_more_back_than_was_paid_in_either_currency(many):
    for _, orders in many.groupby("currency"):
        back = orders[orders["status"].isin(["refunded", "partially_refunded"])]
        assert len(back) > 10
        assert ((back["refunded"] > 0) & (back["refunded"] <= back["total"])).all()


def test_a_dollar_of_goods_is_about_as_many_yen_as_the_list_says(many):
    mean = many.groupby("currency")["total"].mean()
    assert mean["JPY"] / mean["USD"] == pytest.approx(150, rel=.15)


def test_the_share_of_coupons_is_the_planned_one_in_every_quarter(many):
    orders = many
    share = orders["coupon"].notna().groupby(quarters(orders["ordered_at"])).mean()
    assert np.allclose(share, plan.COUPON, atol=.02)


def test_a_subscription_has_a_reason_exactly_where_it_is_closed(company):
    table = company["subscriptions"]
    assert (table["reason"].notna() == table["closed_at"].notna()).all()
    assert (table["closed_at"].dropna() > table.loc[table["closed_at"].notna(), "opened_at"]).all()


def test_the_price_of_the_office_plan_rises_for_all_in_july_2026(company):
    table = company["subscriptions"]
    raised = pd.Timestamp("2026-07-01", tz="Asia/Tokyo")
    office, changed = table["plan"] == "office", table["repriced_at"].notna()
    assert (table.loc[~office, "amount"] == table.loc[~office, "plan"].map(plan.PRICE)).all()
    assert plan.PRICE["office"] * (1 + plan.PRICE_RISE) == pytest.approx(plan.OFFICE_PRICE_REPRICED)
    runs = (table["opened_at"] < raised) & ~(table["closed_at"] < raised)
    assert (changed == (office & runs)).all() and set(table["repriced_at"].dropna()) == {raised}
    assert (table["former_amount"].notna() == changed).all()
    assert (table.loc[changed, "former_amount"] == plan.PRICE["office"]).all()
    dear = changed | (office & (table["opened_at"] >= raised))
    asked = np.where(dear, plan.OFFICE_PRICE_REPRICED, plan.PRICE["office"])
    assert (table["amount"] == asked)[office].all()
