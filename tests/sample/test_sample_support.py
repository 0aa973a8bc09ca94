"""The tickets: some are open, times fit the stamps."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sample.company import generate
from engagelab.sample.dates import END
from engagelab.sample.support import FIRST_REPLY_MEDIAN

LAST = pd.Timestamp(END).tz_localize("Asia/Tokyo")


def test_stamps_and_minutes_say_the_same(company):
    solved = company["tickets"].dropna(subset=["solved_at"])
    took = (solved["solved_at"] - solved["created_at"]).dt.total_seconds() / 60
    assert (took == solved["resolution_minutes"]).all()
    assert (solved["first_reply_minutes"] <= solved["resolution_minutes"]).all()


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
    minutes = generate(20_000, 5)["tickets"]["first_reply_minutes"].dropna()
    assert minutes.median() == pytest.approx(FIRST_REPLY_MEDIAN, rel=.05)
    assert minutes.mean() > 1.5 * minutes.median()
    assert (minutes == np.floor(minutes)).all()
