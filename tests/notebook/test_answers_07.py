"""The answers of lesson 07 against what was planted, published or counted in another way."""

import re

import pandas as pd
import pytest
from lesson_run import LESSONS

import engagelab as el
from engagelab import words
from engagelab.notebook.exercises import check
from engagelab.notebook.setup import open_data


def test_what_the_fee_brought_is_what_the_tree_says(wanted):
    stored = (LESSONS / "07_kpi_tree.ipynb").read_text("utf-8")
    assert re.search(rf"× Fee a month [^\n]* \+¥{wanted['07.1'].right:,.0f} ", stored)


def test_the_price_is_not_what_moved_profit_most(wanted):
    costs = el.example("costs")
    month = costs["month"].dt.tz_convert("Asia/Tokyo").dt.tz_localize(None)
    spent = costs.groupby(month.dt.to_period("Q").astype(str))["amount"].sum()
    assert 0 < wanted["07.1"].right < spent["2026Q2"] - spent["2026Q3"] < wanted["07.1"].naive


def test_the_churn_that_undoes_the_price_is_that_of_the_planted_prices(wanted):
    assert wanted["07.2"].right == pytest.approx(10_584 / 9_800, abs=1e-9)
    assert words.text("exercise.07.2.right") in check("07.2", 1.08)
    assert words.text("exercise.07.2.hint") in check("07.2", 1.09)


def test_the_churn_of_the_dearer_plan_is_counted_on_those_who_could_leave(wanted):
    held = el.example("subscriptions").query("plan == 'office'")
    starts = [f"2026-{month:02d}-01" for month in range(7, 11)]
    starts = [pd.Timestamp(day, tz="Asia/Tokyo") for day in starts]
    ran = [held[(held["opened_at"] < start) & ~(held["closed_at"] < start)] for start in starts[:-1]]
    left = sum((there["closed_at"] < end).sum() for there, end in zip(ran, starts[1:], strict=True))
    assert wanted["07.3"].right.iloc[-1] == left / sum(map(len, ran))


def test_the_offer_loses_what_the_campaign_of_the_lesson_says_and_about_what_was_planted(wanted):
    rows = el.campaign(open_data("sample")).rows
    means = rows.groupby("arm")["profit_per_head"].mean()
    assert wanted["07.4"].right == pytest.approx(means["coupon"] - means["holdout"])
    assert wanted["07.4"].right == pytest.approx(-53, abs=25)   # planted a head; chance moves it by some 19 yen
    assert wanted["07.4"].naive > 100
