"""The tickets: some are open, times fit the stamps."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sample import plan
from engagelab.sample.dates import END
from engagelab.sample.draws import Stream
from engagelab.sample.lives import lives
from engagelab.sample.people import NEVER, people
from engagelab.sample.support import FIRST_REPLY_MEDIAN, _replies, tickets

LAST = pd.Timestamp(END).tz_localize("Asia/Tokyo")


def test_stamps_and_minutes_say_the_same(company):
    solved = company["tickets"].dropna(subset=["solved_at"])
    took = (solved["solved_at"] - solved["created_at"]).dt.total_seconds() / 60
    assert (took == solved["resolution_minutes"]).all()
    assert (solved["first_reply_minutes"] <= solved["resolution_minutes"]).all()


def test_most_who_leave_have_asked_in_the_weeks_before(company):
    gone = company["subscriptions"].dropna(subset=["closed_at"])
    asked = company["tickets"].merge(gone, on="user_id")
    weeks = pd.Timedelta(days=plan.DAYS_OF_TROUBLE)
    asked = asked[(asked["created_at"] < asked["closed_at"]) & (asked["created_at"] >= asked["closed_at"] - weeks)]
    assert gone["user_id"].isin(asked["user_id"]).mean() == pytest.approx(plan.TICKET_BEFORE_LEAVING, abs=.03)


def test_the_desk_is_open_from_seven_to_eleven_at_night(company):
    hour = company["tickets"]["created_at"].dt.tz_convert("Asia/Tokyo").dt.hour
    assert hour.between(7, 22).all()


@pytest.mark.parametrize("leaving", [.05, .30, .55])
def test_fast_replies_stand_as_much_rarer_before_leaving_as_planned(leaving):
    count = 20_000
    created = np.full(count, np.datetime64("2026-01-01T10:00:00"))
    closed = np.where(np.arange(count) < leaving * count, created + np.timedelta64(20, "D"), NEVER)
    fast = _replies(Stream(3, "test"), np.ones(count, dtype=bool), closed, created) <= plan.FAST_REPLY_MINUTES
    gone = ~np.isnat(closed)
    assert gone[fast].mean() / gone[~fast].mean() == pytest.approx(plan.LEAVING_FAST_TO_SLOW, rel=.05)
    assert fast.mean() == pytest.approx(.8, abs=.01)


def test_about_six_percent_are_open_and_have_no_time_of_solution(company):
    tickets = company["tickets"]
    unsolved = tickets["solved_at"].isna()
    assert .04 < unsolved.mean() < .08
    assert tickets.loc[unsolved, "resolution_minutes"].isna().all()
    assert (unsolved == tickets["status"].isin(["New", "Open", "Pending"])).all()
    assert (tickets["first_reply_minutes"].isna() == (tickets["status"] == "New")).all()


def test_only_solved_tickets_are_rated(company):
    tickets = company["tickets"]
    assert (tickets.loc[tickets["solved_at"].isna(), "csat"] == "not_offered").all()
    assert set(tickets["csat"]) == {"good", "bad", "offered", "not_offered"}


def test_the_first_reply_has_its_median_and_a_long_tail():
    everyone = people(5, 20_000)
    minutes = tickets(everyone, lives(everyone, 5).closed, 5)["first_reply_minutes"].dropna().astype(float)
    assert minutes.median() == pytest.approx(FIRST_REPLY_MEDIAN, rel=.05)
    assert minutes.mean() > 1.5 * minutes.median()
    assert (minutes == np.floor(minutes)).all()
