"""The answers of lesson 06 against what was planted, published or counted in another way."""

from dataclasses import replace

import numpy as np
import pytest

from engagelab.notebook import setup
from engagelab.notebook.answers import lesson_06
from engagelab.notebook.exercises import check


@pytest.fixture(scope="module")
def company():
    return setup.setup("sample")


def made(company, **changed):
    """The company with other tables."""
    return replace(company, tables={**company.tables, **changed})


def test_so_many_addresses_see_a_point_with_the_chance_that_statsmodels_gives_them(company):
    from statsmodels.stats.proportion import power_proportions_2indep

    mails = company["email_sends"]
    rate = mails.loc[mails["delivered"], "clicked"].mean()
    for effect, n in ((.01, lesson_06.needed(company).right), (.01 * rate, lesson_06.needed(company).naive)):
        power = power_proportions_2indep(effect, rate, n, alpha=.05, return_results=False)
        assert power == pytest.approx(.9, abs=.003)


def test_what_the_coupon_brings_is_what_every_head_was_given(company):
    # the profit of those offered it grows by 100 a head, by whichever customer
    trial = lesson_06.campaign(company)
    first = company["orders"].merge(trial.rows[["user_id", "arm", "assigned_at", "orders"]], on="user_id")
    first = first[first["arm"].eq("coupon") & first["ordered_at"].ge(first["assigned_at"]) & first["subtotal"].notna()]
    order = first.sort_values("ordered_at", kind="stable").iloc[0]["order_id"]
    orders = company["orders"].copy()
    orders.loc[orders["order_id"] == order, "subtotal"] += 100 * 1200
    more = lesson_06.rolled_out(made(company, orders=orders))
    assert more.right - lesson_06.rolled_out(company).right == pytest.approx(100 * 10_000, rel=.01)


def test_a_roll_out_read_off_the_table_in_whole_yen_is_taken(company):
    wanted = lesson_06.rolled_out(company).right
    assert ": right.**" in check("06.2", 10_000 * round(wanted / 10_000))


def test_the_difference_of_the_means_as_they_are_is_taken_too(company):
    means = lesson_06.campaign(company).rows.groupby("arm")["profit_per_head"].mean()
    assert ": right.**" in check("06.2", 10_000 * (means["coupon"] - means["holdout"]))
    assert ": not yet.**" in check("06.2", 10_000 * (means["holdout"] - means["coupon"]))


def test_the_interval_by_shop_holds_nothing_where_arms_are_drawn_anew(company):
    drawn, random, missed = company["assignments"], np.random.RandomState(5), 0
    mine = drawn["experiment"] == "service_test"
    shops = sorted(drawn.loc[mine, "cluster"].unique())
    for _ in range(30):
        arms = dict(zip(random.permutation(shops), ["usual", "new_service"] * (len(shops) // 2), strict=True))
        again = drawn.assign(arm=drawn["arm"].mask(mine, drawn["cluster"].map(arms)))
        low, high = lesson_06.by_shop(made(company, assignments=again)).right
        missed += not low < 0 < high
    assert missed <= 5  # one or two of thirty are meant to miss


def test_looking_is_as_dangerous_as_published(monkeypatch, company):
    for looks, alarm in ((5, .142), (10, .193), (20, .248)):  # Armitage, McPherson and Rowe 1969, table 2
        monkeypatch.setattr(lesson_06, "LOOKS", looks)
        assert lesson_06.false_alarms(company).right == pytest.approx(alarm, abs=.004)
