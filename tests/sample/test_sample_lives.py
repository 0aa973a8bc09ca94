"""Who leaves when: the planned kinds, chances and mean lives."""

import numpy as np
import pytest

from engagelab.sample import plan
from engagelab.sample.costs import mean_life
from engagelab.sample.dates import MONTHS, month_of
from engagelab.sample.lives import lives
from engagelab.sample.people import people


@pytest.fixture(scope="module")
def large():
    everyone = people(5, 40_000)
    return everyone, lives(everyone, 5)


def _at_risk(everyone, life, here, since=0, until=18):
    """(leaving, months at risk) of some customers from one month to before another."""
    joined = month_of(everyone.joined[here])
    closed = np.where(np.isnat(life.closed[here]), len(MONTHS), 0)
    closed = np.where(closed, closed, month_of(np.where(closed, MONTHS[0].astype("datetime64[s]"), life.closed[here])))
    return (sum(int((closed == month).sum()) for month in range(since, until)),
            sum(int(((joined < month) & (closed >= month)).sum()) for month in range(since, until)))


def _leaves_at(found, chance):
    """Two standard errors of free draws are many here, where most of the leaving keeps to its plan."""
    leaving, months = found
    assert abs(leaving / months - chance) < 2 * (chance * (1 - chance) / months) ** .5


def test_the_kinds_leave_at_their_chances(large):
    everyone, life = large
    home = np.isin(everyone.plan, plan.HOME_PLANS)
    _leaves_at(_at_risk(everyone, life, home & life.quick), plan.LEAVE_QUICK)
    _leaves_at(_at_risk(everyone, life, home & ~life.quick), plan.LEAVE_SLOW)
    office = everyone.plan == "office"
    _leaves_at(_at_risk(everyone, life, office, 0, 15), plan.LEAVE_OFFICE)
    _leaves_at(_at_risk(everyone, life, office, 15, 18), plan.LEAVE_OFFICE_REPRICED)


def test_nobody_leaves_without_a_plan_or_in_the_month_of_joining(large):
    everyone, life = large
    gone = ~np.isnat(life.closed)
    assert everyone.plan[gone].astype(bool).all()
    assert (month_of(life.closed[gone]) > month_of(everyone.joined[gone])).all()


def test_of_the_starters_at_home_forty_percent_are_quick_and_of_each_channel_its_share(large):
    everyone, life = large
    starters = np.isin(everyone.plan, plan.HOME_PLANS) & (month_of(everyone.joined) >= 0)
    assert life.quick[starters].mean() == pytest.approx(plan.QUICK_SHARE, abs=.01)
    for channel, share in plan.QUICK_BY_CHANNEL.items():
        assert life.quick[starters & (everyone.won_by == channel)].mean() == pytest.approx(share, abs=.01)


def test_those_from_before_the_data_are_mostly_slow(large):
    everyone, life = large
    home = np.isin(everyone.plan, plan.HOME_PLANS)
    before = home & (month_of(everyone.joined) < -24)
    assert life.quick[before].mean() < .05


def test_the_planned_shares_make_the_planned_whole():
    assert sum(plan.WON_BY.values()) == pytest.approx(1)
    assert sum(plan.WON_BY[name] * plan.QUICK_BY_CHANNEL[name] for name in plan.WON_BY) == pytest.approx(
        plan.QUICK_SHARE)
    assert sum(plan.WON_BY[name] * mean_life(name) for name in plan.WON_BY) == pytest.approx(plan.MEAN_LIFE)
    first_month = plan.QUICK_SHARE * plan.LEAVE_QUICK + (1 - plan.QUICK_SHARE) * plan.LEAVE_SLOW
    assert 1 / first_month == pytest.approx(9.6, abs=.02)


def test_a_price_and_a_churn_make_the_value_of_the_office_plan_fall_by_ten_percent():
    before = plan.PRICE["office"] / plan.LEAVE_OFFICE
    now = plan.OFFICE_PRICE_REPRICED / plan.LEAVE_OFFICE_REPRICED
    assert now / before == pytest.approx(.9)
