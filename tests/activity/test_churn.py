"""Churn against a count by hand and a brute-force one."""

import numpy as np
import pandas as pd
import pytest

from engagelab.activity.churn import churn
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics import intervals

NAMES = {"user": "user_id", "opened": "opened_at", "closed": "closed_at"}


def plans(*rows, **more):
    frame = pd.DataFrame(rows, columns=["user_id", "opened_at", "closed_at", *more.get("columns", [])])
    return frame.assign(opened_at=pd.to_datetime(frame["opened_at"], utc=True),
                        closed_at=pd.to_datetime(frame["closed_at"], utc=True))


BY_HAND = [("a", "2026-01-05", "2026-02-28"),   # the last day of February: lost in February
           ("b", "2026-01-05", "2026-03-01"),   # lost in March
           ("c", "2026-02-01", None),           # not there when February began
           ("d", "2026-02-10", "2026-02-20"),   # came and went inside a month: in no count
           ("e", "2026-01-01", "2026-02-10"), ("e", "2026-02-15", None),  # paused, there at both ends
           ("f", "2026-01-31", "2026-03-31")]


def test_churn_by_hand():
    table = churn(plans(*BY_HAND), **NAMES, until="2026-05-01")
    assert list(table) == ["metric", "month", "estimate", "low", "high", "se", "count", "n", "n_eff", "n_missing",
                           "method", "flag"]
    table = table.set_index("month")
    assert table["n"].to_dict() == {"2026-02": 4, "2026-03": 4, "2026-04": 2}
    assert table["count"].to_dict() == {"2026-02": 1, "2026-03": 2, "2026-04": 0}
    assert (table.loc["2026-03", "low"], table.loc["2026-03", "high"]) == intervals.wilson(2, 4)
    assert set(table["flag"]) == {""}


def test_the_last_period_is_flagged_where_the_table_does_not_reach_its_end():
    table = churn(plans(*BY_HAND[:6]), **NAMES).set_index("month")
    assert table.index.tolist() == ["2026-02", "2026-03"]
    assert table["flag"].tolist() == ["", "period not complete"]
    assert churn(plans(*BY_HAND), **NAMES).set_index("month")["flag"].to_dict() == {"2026-02": "", "2026-03": ""}


def test_periods_follow_the_zone():
    night = plans(("a", "2026-01-05", "2026-02-28T20:00:00Z"), ("b", "2026-01-05", None))
    for zone, month in ((None, "2026-02"), ("Asia/Tokyo", "2026-03")):
        table = churn(night, **NAMES, tz=zone, until="2026-05-01").set_index("month")
        assert table["count"].idxmax() == month


@pytest.mark.parametrize("every", ["month", "week", "quarter"])
def test_churn_is_what_a_loop_over_people_counts(every):
    rng = np.random.default_rng(11)
    n = 80
    opened = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 200, n), unit="D")
    closed = opened + pd.to_timedelta(rng.integers(0, 150, n), unit="D")
    frame = pd.DataFrame({"user_id": rng.integers(0, 25, n), "opened_at": opened,
                          "closed_at": closed.where(rng.random(n) < .6), "plan": rng.choice(["p", "q"], n)})
    table = churn(frame, **NAMES, every=every, by="plan", until="2026-12-01")
    form = {"month": "M", "week": "W-SUN", "quarter": "Q"}[every]
    starts = pd.period_range("2025-12-01", "2026-12-31", freq=form)
    checked = 0
    for plan in "pq":
        for period in starts:
            start, stop = (stamp.tz_localize("UTC") for stamp in (period.start_time, (period + 1).start_time))
            label = {"month": f"{period}", "week": f"{period.start_time:%Y-%m-%d}", "quarter": f"{period}"}[every]
            row = table[(table["plan"] == plan) & (table[every] == label)]
            if not len(row):
                continue
            there, lost = set(), set()
            for user, rows in frame.groupby("user_id"):
                def running(moment, rows=rows):
                    return rows[(rows["opened_at"] < moment) & ~(rows["closed_at"] < moment)]
                if (running(start)["plan"] == plan).any():
                    there.add(user)
                    if not len(running(stop)):
                        lost.add(user)
            assert (row["n"].item(), row["count"].item()) == (len(there), len(lost))
            checked += 1
    assert checked > 5


def test_revenue_churn_is_gross_and_counts_paying_less():
    frame = plans(("a", "2026-01-01", "2026-02-15", 100.0), ("a", "2026-02-15", None, 60.0),
                  ("b", "2026-01-01", "2026-02-15", 50.0), ("b", "2026-02-16", None, 90.0),
                  ("c", "2026-01-01", "2026-02-10", 50.0), ("d", "2026-01-01", None, 200.0), columns=["amount"])
    table = churn(frame, **NAMES, amount="amount", until="2026-03-01").set_index("metric")
    row = table.loc["revenue_churn"].iloc[-1] if table.loc["revenue_churn"].ndim > 1 else table.loc["revenue_churn"]
    assert (row["count"], row["base"], row["n"]) == (90, 400, 4)
    paid, lost = np.array([100, 50, 50, 200.0]), np.array([40, 0, 50, 0.0])
    residual = lost - lost.sum() / paid.sum() * paid
    assert row["se"] == pytest.approx(np.sqrt((residual**2).sum() * 4 / 3) / 400)


def test_reasons_stand_beside_the_whole():
    frame = plans(("a", "2026-01-01", "2026-02-15", "price"), ("b", "2026-01-01", "2026-02-16", None),
                  ("c", "2026-01-01", "2026-02-17", "price"), ("d", "2026-01-01", None, None), columns=["why"])
    table = churn(frame, **NAMES, reason="why", until="2026-03-01", since="2026-02-01")
    assert dict(zip(table["reason"], table["count"], strict=True)) == {"(all)": 3, "(missing)": 1, "price": 2}
    assert set(table["n"]) == {4}


@pytest.mark.parametrize("turned", [False, True])
def test_the_reason_of_somebody_with_several_subscriptions_is_that_of_the_last_one(turned):
    rows = [("a", "2026-01-01", "2026-02-10", "price"), ("a", "2026-01-02", "2026-02-20", "moved"),
            ("b", "2026-01-01", None, None)]
    table = churn(plans(*(rows[::-1] if turned else rows), columns=["why"]), **NAMES, reason="why",
                  since="2026-02-01", until="2026-03-01")
    assert dict(zip(table["reason"], table["count"], strict=True)) == {"(all)": 1, "moved": 1}


def test_the_hour_that_the_clock_repeats_does_not_turn_a_subscription_around():
    frame = plans(("a", "2026-10-25T00:50:00Z", "2026-10-25T01:10:00Z"),
                  ("b", "2026-10-01T00:00:00Z", None))
    table = churn(frame, **NAMES, tz="Europe/Berlin", until="2026-12-01")
    assert table[["n", "count"]].to_numpy().tolist() == [[1, 0]]


def test_periods_end_before_a_day_whose_midnight_the_clock_skips():
    frame = plans(("a", "2018-11-01", None))
    table = churn(frame, **NAMES, tz="America/Sao_Paulo", every="day", since="2018-11-02", until="2018-11-04")
    assert table["day"].tolist() == ["2018-11-02", "2018-11-03"]
    assert set(table["flag"]) == {""}


def test_revenue_that_nobody_lost_has_no_interval_and_says_so():
    frame = plans(("a", "2026-01-01", None, 10.0), ("b", "2026-01-01", None, 30.0), columns=["paid"])
    row = churn(frame, **NAMES, amount="paid", since="2026-02-01", until="2026-03-01").set_index("metric").loc[
        "revenue_churn"]
    assert (row["estimate"], row["se"], row["flag"]) == (0, 0, "too few or too equal values for an interval")
    assert np.isnan([row["low"], row["high"]]).all()


def test_wrong_tables_and_calls_are_refused():
    good = plans(*BY_HAND)
    with pytest.raises(DataError, match="1 rows have 'closed_at' before 'opened_at'"):
        churn(plans(("a", "2026-02-05", "2026-01-05")), **NAMES)
    with pytest.raises(DataError, match="'user_id' lacks 1 values"):
        churn(plans((None, "2026-02-05", None), ("a", "2026-02-05", None)), **NAMES)
    with pytest.raises(DataError, match="'opened_at' lacks 1 values"):
        churn(plans(("a", None, None), ("a", "2026-02-05", None)), **NAMES)
    with pytest.raises(DataError, match=r"several currencies: JPY \(4\), EUR \(3\)"):
        churn(good.assign(amount=1.0, currency=["EUR", "JPY"] * 3 + ["JPY"]), **NAMES, amount="amount")
    with pytest.raises(DataError, match="1 rows have an amount in 'amount' and no currency"):
        churn(good.assign(amount=1.0, currency=[None, *["JPY"] * 6]), **NAMES, amount="amount")
    with pytest.raises(DataError, match="with tax"):
        churn(good.assign(amount=1.0, tax_included=[True, False] * 3 + [True]), **NAMES, amount="amount")
    with pytest.raises(DataError, match="not dates or stamps"):
        churn(good.assign(opened_at="2026-01-01"), **NAMES)
    with pytest.raises(DataError, match="not numbers"):
        churn(good.assign(amount="1"), **NAMES, amount="amount")
    with pytest.raises(NoColumn):
        churn(good, user="user", opened="opened_at", closed="closed_at")
    with pytest.raises(UsageError, match="rename"):
        churn(good.assign(month=1), **NAMES, by="month")
    with pytest.raises(UsageError, match="every must be one of"):
        churn(good, **NAMES, every="monthly")


def test_an_empty_table_has_no_churn():
    assert len(churn(plans(*BY_HAND)[:0], **NAMES)) == 0


def test_a_fiscal_year_has_the_churn_of_its_own_days():
    table = plans(("a", "2025-02-01", "2026-03-31"), ("b", "2025-02-01", "2026-04-02"), ("c", "2025-02-01", None))
    found = churn(table, **NAMES, every="year", until="2026-05-01", fiscal_year_starts=4)
    assert found[["year", "count", "n", "flag"]].to_numpy().tolist() == [
        ["FY2025", 1.0, 3, ""], ["FY2026", 1.0, 2, "period not complete"]]
