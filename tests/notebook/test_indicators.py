"""Indicators by period: as the lessons measure them, from whatever tables there are."""

from dataclasses import replace

import pandas as pd
import pytest

import engagelab as el
from engagelab.notebook.indicators import indicators, monthly, promised
from engagelab.notebook.periods import Periods, periods
from engagelab.notebook.setup import open_data


@pytest.fixture(scope="module")
def company():
    return open_data("sample")


@pytest.fixture(scope="module")
def when(company):
    return periods(company)


@pytest.fixture(scope="module")
def measured(company, when):
    return indicators(company, when)


def test_a_rate_is_the_plain_share_of_its_rows(company, when, measured):
    sends = company["email_sends"]
    arrived = sends[sends["delivered"] & (when.label(sends["sent_at"]) == when.now)]
    people = (arrived["opened"] & ~arrived["machine_opened"]).mean()
    row = el.pick(measured, metric="human_open_rate", quarter=when.now)
    assert row["estimate"] == pytest.approx(people) and row["n"] == len(arrived)


@pytest.mark.parametrize("none", [0, None])
def test_an_order_without_a_discount_is_at_full_price_whether_it_says_none_or_nothing(company, when, none):
    orders = company["orders"][company["orders"]["currency"] == "JPY"]
    orders = orders.assign(discount=orders["discount"].where(orders["discount"] > 0, none))
    row = el.pick(indicators(replace(company, tables={"orders": orders}), when), metric="full_price_share",
                  quarter=when.now)
    stands = orders[~orders["status"].isin(["voided", "refunded"]) & orders["cancelled_at"].isna()
                    & (when.label(orders["ordered_at"]) == when.now)]
    cut = stands["discount"] > 0
    assert row["estimate"] == pytest.approx(1 - stands["subtotal"][cut].sum() / stands["subtotal"].sum())
    assert 0 < cut.mean() < 1


def test_nps_stands_at_the_mix_of_channels_of_the_period_before(company, when, measured):
    asked = company["surveys"].query("kind == 'nps'")
    asked = asked.assign(quarter=when.label(asked["answered_at"]))
    shares = asked[asked["quarter"] == when.before]["channel"].value_counts(normalize=True)
    now = asked[asked["quarter"] == when.now]
    score = (now["score"].ge(9).astype(int) - now["score"].le(6).astype(int)).groupby(now["channel"]).mean() * 100
    row = el.pick(measured, metric="nps", quarter=when.now)
    assert row["estimate"] == pytest.approx((score * shares).sum()) and when.before in row["note"]


def test_churn_is_that_of_the_last_month(company, when, measured):
    plans, first, end = company["subscriptions"], pd.Timestamp("2026-09-01", tz=when.tz), pd.Timestamp(
        "2026-10-01", tz=when.tz)
    there = plans[(plans["opened_at"] < first) & ~(plans["closed_at"] < first)].groupby("user_id")["closed_at"].apply(
        lambda closed: closed.isna().any() or (closed >= end).any())
    row = el.pick(measured, metric="churn", quarter=when.now)
    assert "2026-09" in row["note"] and row["n"] == pytest.approx(len(there), rel=.01)
    assert row["estimate"] == pytest.approx(1 - there.mean(), abs=.002)


def test_five_are_shown_with_the_year_before(company, when, measured):
    card, named = promised(company, when, measured)
    assert len(card) == 5 < len(named)
    row = el.pick(card, metric="csat")
    then = el.pick(measured, metric="csat", quarter="FY2025Q2")
    assert row["year_before"] == then["estimate"] and row["change"] == pytest.approx(row["estimate"] - then["estimate"])
    assert row["change_low"] < row["change"] < row["change_high"]


def with_kpi(company, **told):
    return replace(company, settings=replace(company.settings, kpi=replace(company.settings.kpi, **told)))


def test_a_company_chooses_its_own_keys(company, when, measured):
    own = with_kpi(company, keys=("ces", "none", "nps"))
    assert promised(own, when, measured)[0]["metric"].tolist() == ["ces", "nps"]


def test_without_targets_the_first_that_are_measured_are_shown_without_verdict(company, when, measured):
    bare = replace(company, tables={name: table for name, table in company.tables.items() if name != "targets"})
    card, _ = promised(bare, when, measured)
    assert len(card) == 5 and set(card["verdict"]) == {""}


def test_no_table_gives_no_row(company, when):
    bare = replace(company, tables={"customers": company["customers"]})
    found = indicators(bare, when)
    assert found.empty and promised(bare, when, found)[0].empty and monthly(bare, when, []).empty


def test_the_history_has_every_month_and_what_each_series_is_called(company, when):
    history = monthly(company, when, ["csat"])
    assert set(history["metric"]) == {"csat", "stayed", "joined", "fee", "customers", "order_value"}
    assert history.groupby("metric")["month"].nunique().eq(18).all()
    assert el.pick(history, metric="fee")["name"] == "Fee a month" and el.pick(history, metric="fee")["unit"] == "JPY"
    watched = el.kpi.watch(history)
    assert watched.frame["name"].tolist()[0] == "CSAT (share satisfied)"


def test_months_of_the_tree_add_up_to_the_quarter(company, when):
    history = monthly(company, when, [])
    joined = history[(history["metric"] == "joined") & history["month"].between("2026-07", "2026-09")]
    # who joins in a month and who joins in the quarter are told apart by the period, months that ran are the same
    ran = history[history["metric"].isin(["joined", "stayed"]) & history["month"].between("2026-07", "2026-09")]
    quarter = el.profit_tree(company, when).values[when.now].frame.set_index("metric")["estimate"]
    assert ran["estimate"].sum() == quarter["running"] and joined["estimate"].sum() < quarter["joined"]


def test_a_tree_of_its_own_that_cannot_be_told_by_month_leaves_the_indicators(company, when):
    own = with_kpi(company, tree="profit = fee * nothing")
    assert set(monthly(own, when, ["csat"])["metric"]) == {"csat"}


@pytest.mark.parametrize(("now", "every", "since", "year"), [
    ("FY2026Q2", "quarter", "2025-07-01", "FY2025Q2"), ("FY2026Q2", "quarter", "2025-07-02", ""),
    ("2026-09", "month", "2020-01-01", "2025-09"), ("2026-09-28", "week", "2020-01-01", "2025-09-29")])
def test_the_year_before_is_told_where_the_data_reach_back_to_its_first_day(now, every, since, year):
    starts = 4 if every == "quarter" else 1
    assert Periods(every, "", now, since, "2026-10-05", "UTC", fiscal_year_starts=starts).year_before == year


def test_the_history_begins_with_the_first_whole_month():
    found = Periods("quarter", "2026Q2", "2026Q3", "2025-04-02", "2026-10-01", "UTC").history
    assert (found.every, found.before, found.now) == ("month", "2025-05", "2026-09")
    short = Periods("month", "2026-08", "2026-09", "2026-09-02", "2026-10-01", "UTC").history
    assert (short.before, short.now) == ("2026-09", "2026-09")
