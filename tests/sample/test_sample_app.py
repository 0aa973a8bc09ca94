"""Use of the app: the planned shares month by month, daily users, and nobody before joining."""

import numpy as np
import pytest

from engagelab.sample import plan
from engagelab.sample.app import app_events, app_use
from engagelab.sample.dates import MONTHS, month_of
from engagelab.sample.lives import lives
from engagelab.sample.people import people


@pytest.fixture(scope="module")
def large():
    everyone = people(5, 40_000)
    return everyone, app_use(everyone, lives(everyone, 5).closed, 5)


def _first(everyone, use):
    return month_of(everyone.joined[use.user])


@pytest.mark.parametrize(("name", "since", "until"), [("before", 0, 11), ("since", 12, 17)])
def test_of_new_users_the_planned_share_is_active_in_each_month_after_the_first(large, name, since, until):
    everyone, use = large
    first, shares = _first(everyone, use), plan.ACTIVE[name]
    here = (first >= since) & (first <= until)
    for age in range(len(MONTHS) - since):
        seen = np.nonzero(here & (first + age < len(MONTHS)))[0]
        assert use.active[seen, first[seen] + age].mean() == pytest.approx(shares[min(age, len(shares) - 1)], abs=.02)


def test_as_many_as_planned_are_active_in_each_month_and_of_the_old_users_always_about_two_fifths(large):
    everyone, use = large
    old = _first(everyone, use) < 0
    assert np.allclose(use.active.sum(axis=0) / len(everyone), plan.ACTIVE_USERS, atol=.001)
    assert np.allclose(use.active[old].mean(axis=0), .40, atol=.03)


def test_active_users_grow_by_the_planned_share_at_every_seed():
    assert plan.ACTIVE_USERS[17] / plan.ACTIVE_USERS[11] - 1 == pytest.approx(plan.ACTIVE_GROWTH, abs=.001)
    for seed in range(5):
        everyone = people(seed, 4000)
        active = app_use(everyone, lives(everyone, seed).closed, seed).active.sum(axis=0)
        assert active[17] / active[11] - 1 == pytest.approx(plan.ACTIVE_GROWTH, abs=.02)


def test_nobody_opens_the_app_before_joining_and_everybody_new_does_on_that_day(large):
    everyone, use = large
    assert (use.opened >= everyone.joined[use.opener]).all()
    new = use.user[_first(everyone, use) >= 0]
    days = np.unique(np.stack([use.opener, use.opened.astype("datetime64[D]").astype("int64")]), axis=1)
    joined = np.stack([new, everyone.joined[new].astype("datetime64[D]").astype("int64")])
    assert set(map(tuple, joined.T)) <= set(map(tuple, days.T))


def test_the_months_with_openings_are_exactly_the_active_ones(large):
    everyone, use = large
    row_of = np.full(len(everyone), -1)
    row_of[use.user] = np.arange(len(use.user))
    found = np.zeros_like(use.active)
    found[row_of[use.opener], month_of(use.opened)] = True
    assert (found == use.active).all()


def test_four_hundred_heavy_users_of_four_thousand_customers_come_most_days_of_the_last_month(company):
    opened = company["events"].query("event == 'app_open'")
    local = opened["occurred_at"].dt.tz_convert("Asia/Tokyo")
    last = opened[local >= "2026-09-01"].assign(day=local.dt.date)
    days = last.groupby("user_id")["day"].nunique()
    assert (days >= 8).sum() == pytest.approx(400, rel=.1)
    assert days[days >= 8].mean() == pytest.approx(30 * plan.HEAVY_DAYS, rel=.05)
    assert days[days < 8].max() <= 5


def test_those_whose_subscription_has_ended_use_the_app_less(large):
    everyone, use = large
    closed = lives(everyone, 5).closed[use.user]
    gone = (closed < np.datetime64("2026-09-01")) & ~use.heavy
    runs = np.isnat(closed) & everyone.plan[use.user].astype(bool) & ~use.heavy
    assert use.active[gone, 17].mean() < .7 * use.active[runs, 17].mean()
    assert use.heavy[~np.isnat(closed)].mean() < .1 < use.heavy[np.isnat(closed)].mean()


def test_a_push_is_opened_only_after_it_was_sent_and_in_a_month_with_use(company):
    events = company["events"]
    sent = events.query("event == 'push_sent'").set_index(["user_id", "campaign"])["occurred_at"]
    opened = events.query("event == 'push_opened'").set_index(["user_id", "campaign"])["occurred_at"]
    assert sent.index.is_unique
    assert (opened > sent.loc[opened.index]).all()
    assert len(opened) / len(sent) == pytest.approx(.1, abs=.03)
    month = events["occurred_at"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m")
    in_use, pushed = ({*zip(events["user_id"][here], month[here], strict=True)}
                      for here in (events["event"] == "app_open", events["event"] == "push_opened"))
    assert pushed <= in_use


def test_members_of_the_community_read_more_than_they_write(company):
    counts = company["events"]["event"].value_counts()
    assert counts["community_read"] > 3 * (counts["community_answer"] + counts["community_post"])
    community = company["events"][company["events"]["event"].str.startswith("community")]
    assert community["content_id"].str.fullmatch(r"thread_\d{3}").all()
    assert (community["platform"] == "app").all()


def test_whoever_joins_in_the_data_signs_up_once_with_the_platform_of_the_person():
    everyone = people(3, 500)
    signed = app_events(everyone, app_use(everyone, lives(everyone, 3).closed, 3), 3)[0]
    new = everyone.joined >= np.datetime64("2025-04-01")
    assert signed["user_id"].tolist() == everyone.user_id[new].tolist()
    assert ((signed["platform"] == "app") == everyone.uses_app[new]).all()
