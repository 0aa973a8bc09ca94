"""The tour and its experiment: orders of steps, planted shares, arms alike in all but the plan."""

import pandas as pd
import pytest

from engagelab.sample import plan
from engagelab.sample.lives import lives
from engagelab.sample.onboarding import CONTROL, NUDGED, arms, completes, kept, nudge_assignments, starters, tour_events
from engagelab.sample.people import people


@pytest.fixture(scope="module")
def large():
    everyone = people(5, 40_000)
    return everyone, lives(everyone, 5)


def test_the_planned_share_of_each_kind_completes_the_tour_with_the_nudge_and_without(large):
    everyone, life = large
    arm, done, here = arms(everyone, life, 5), completes(everyone, life, 5), starters(everyone)
    assert not done[~here].any()
    for quick, share in ((True, plan.TOUR_QUICK), (False, plan.TOUR_SLOW)):
        for nudged, more in ((True, plan.NUDGE_COMPLETES), (False, 0)):
            chosen = here & (life.quick == quick) & ((arm == NUDGED) == nudged)
            assert done[chosen].mean() == pytest.approx(share + more, abs=.02)


def test_the_arms_are_of_one_size_and_differ_in_retention_by_the_planned_point(large):
    everyone, life = large
    arm, stays = arms(everyone, life, 5), kept(everyone, life)
    nudged, control = arm == NUDGED, arm == CONTROL
    assert nudged.sum() == pytest.approx(control.sum(), rel=.005)
    assert stays[nudged].mean() - stays[control].mean() == pytest.approx(plan.NUDGE_KEEPS, abs=.001)
    assert life.quick[nudged].mean() == pytest.approx(life.quick[control].mean(), abs=.006)
    drawn = nudged | control
    for here in (drawn & stays, drawn & ~stays):
        for kind in (here & life.quick, here & ~life.quick):
            assert abs(nudged[kind].sum() - nudged[here].mean() * kind.sum()) <= 2
    for values in (everyone.uses_app, everyone.english, everyone.plan == "light"):
        assert values[nudged].mean() == pytest.approx(values[control].mean(), abs=.02)


def test_whoever_is_in_the_experiment_was_observed_for_the_whole_time(large):
    everyone, life = large
    rows = nudge_assignments(everyone, life, 5)
    latest = rows["assigned_at"].max() + pd.Timedelta(days=plan.KEPT_DAYS)
    assert latest <= pd.Timestamp("2026-09-30T23:59", tz="Asia/Tokyo")
    assert rows["user_id"].is_unique
    assert set(rows["arm"]) == {CONTROL, NUDGED}


def test_kept_counts_the_days_from_the_first_to_the_last(company):
    everyone = people(7, 4000)
    table = company["subscriptions"].set_index("user_id")
    days = (table["closed_at"] - table["opened_at"]).dt.days
    stays = pd.Series(kept(everyone, lives(everyone, 7)), index=everyone.user_id)
    assert (stays.loc[table.index] == (days.isna() | (days >= plan.KEPT_DAYS))).all()


def test_steps_of_a_tour_are_in_order_within_two_weeks_of_joining_and_before_the_end(company):
    events, people_table = company["events"], company["customers"].set_index("user_id")
    steps = events[events["event"].str.startswith("tour_")]
    names = steps["event"].where(steps["event"] != "tour_step", steps["content_id"])
    order = ["tour_started", "step_1", "step_2", "step_3", "tour_completed"]
    place = names.map({name: number for number, name in enumerate(order)})
    by_user = place.groupby(steps["user_id"])
    assert by_user.apply(lambda places: places.tolist() == list(range(len(places)))).all()
    after = steps["occurred_at"] - steps["user_id"].map(people_table["created_at"])
    assert after.between(pd.Timedelta(0), pd.Timedelta(days=14)).all()
    closed = steps["user_id"].map(company["subscriptions"].set_index("user_id")["closed_at"])
    assert not (steps["occurred_at"] > closed).any()


def test_only_who_completed_has_the_last_event(large):
    everyone, life = large
    table = tour_events(everyone, life, 5)
    done = set(table.loc[table["event"] == "tour_completed", "user_id"])
    assert done == set(everyone.user_id[completes(everyone, life, 5)])
    assert set(table["user_id"]) <= set(everyone.user_id[starters(everyone)])
