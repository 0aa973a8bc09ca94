"""What customers cost, by channel and month."""

import numpy as np
import pytest

from engagelab.sample import plan
from engagelab.sample.costs import cac, ltv
from engagelab.sample.exports.vendor import months


def _new(company):
    opened = company["subscriptions"].merge(company["customers"][["user_id", "channel"]], on="user_id")
    return opened[months(opened["opened_at"]) >= 0]["channel"].value_counts()


def test_costs_of_a_channel_are_its_new_subscriptions_at_their_price(company):
    spent, new = company["costs"].groupby("channel")["amount"].sum(), _new(company)
    assert set(spent.index) == {*plan.WON_BY, plan.OFFICE_CHANNEL}
    for channel in spent.index:
        assert spent[channel] == pytest.approx(new[channel] * cac(channel), abs=1)


def test_the_cheapest_channel_has_the_worst_ratio_and_referral_the_best():
    ratio = {channel: ltv(channel) / cac(channel) for channel in plan.WON_BY}
    assert min(plan.WON_BY, key=cac) == min(ratio, key=ratio.get) == "social"
    assert max(ratio, key=ratio.get) == "referral"
    assert ratio == pytest.approx(plan.LTV_TO_CAC)


def test_rewards_are_those_of_the_referrals_that_joined_in_the_month(company):
    referrals = company["referrals"].dropna(subset=["joined_at"])
    rewards = company["costs"].query("kind == 'rewards'").sort_values("month")
    paid = np.bincount(months(referrals["joined_at"]), weights=referrals["reward"], minlength=18)
    assert rewards["amount"].tolist() == paid.tolist()


def test_every_channel_and_kind_has_all_months_in_whole_yen_with_tax(company):
    costs = company["costs"]
    assert costs.groupby(["channel", "kind"])["month"].nunique().eq(18).all()
    assert ((costs["amount"] >= 0) & (costs["amount"] % 1 == 0)).all()
    assert costs["tax_included"].all() and set(costs["currency"]) == {"JPY"}


def test_foreign_money_has_a_rate_in_every_month(company):
    rates = company["rates"]
    assert rates.groupby("currency")["month"].nunique().to_dict() == {"EUR": 18, "USD": 18}
    assert set(company["orders"]["currency"]) - {"JPY"} <= set(rates["currency"])
    assert set(rates["to"]) == {"JPY"} and rates["rate"].between(100, 250).all()
