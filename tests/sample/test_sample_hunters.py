"""Hunters of coupons: the planned share, at home, and what they buy."""

from engagelab.sample import plan
from engagelab.sample.coupon_test import SKU
from engagelab.sample.hunters import hunters
from engagelab.sample.people import people


def test_they_are_the_planned_share_and_all_at_home():
    for size in (200, 3_000):
        everyone = people(4, size)
        found = hunters(everyone, 4)
        assert found.sum() == round(plan.HUNTERS * size)
        assert set(everyone.segment[found]) == {"home"}
        assert (found == hunters(everyone, 4)).all()


def test_all_their_orders_but_those_of_the_experiment_have_the_deep_coupon_and_no_others_have(company):
    everyone = people(7, 4000)
    orders, items = company["orders"], company["order_items"]
    sets = orders["order_id"].isin(items.loc[items["sku"] == SKU, "order_id"])
    hunting = orders["user_id"].isin(everyone.user_id[hunters(everyone, 7)])
    assert ((orders["coupon"] == plan.HUNTED_OFF) == hunting)[~sets].all()
    assert hunting[~sets].sum() > 500


def test_the_deep_coupon_takes_the_planned_share_off_the_goods(company):
    orders = company["orders"].query("coupon == @plan.HUNTED_OFF and currency == 'JPY'")
    goods = orders["subtotal"] + orders["discount"]
    assert (orders["discount"] == goods * plan.HUNTED_PERCENT // 100).all()
