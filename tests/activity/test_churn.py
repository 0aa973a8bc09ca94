"""Churn against a count by hand and a brute-force one."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from engagelab.activity.churn import _share, churn
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


def _there(rows, moment):
    """Which of a customer's rows run; whoever opens one on that day runs on from one closed on the day before."""
    day = pd.Timedelta(days=1)
    renewed = rows["opened_at"].between(moment, moment + day, inclusive="left").any()
    return (rows["opened_at"] < moment) & ~(rows["closed_at"] < (moment - day if renewed else moment))


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
                    return rows[_there(rows, moment)]
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
    assert row["n_eff"] == pytest.approx(400**2 / (100**2 + 50**2 + 50**2 + 200**2))
    assert (row["low"], row["high"]) == pytest.approx(
        proportion_confint(.225 * row["n_eff"], row["n_eff"], method="wilson"))
    assert row["se"] == pytest.approx(np.sqrt(.225 * .775 / row["n_eff"]))
    net, first, then = table.loc["net_revenue_retention"], np.array([100, 50, 50, 200.0]), np.array([60, 90, 0, 200.0])
    residual = then - then.sum() / 400 * first
    assert net["se"] == pytest.approx(np.sqrt((residual**2).sum() * 4 / 3) / 400)


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


def test_revenue_that_nobody_lost_may_yet_be_lost_and_net_retention_has_no_interval_and_says_so():
    frame = plans(("a", "2026-01-01", None, 10.0), ("b", "2026-01-01", None, 30.0), columns=["paid"])
    table = churn(frame, **NAMES, amount="paid", since="2026-02-01", until="2026-03-01").set_index("metric")
    row = table.loc["revenue_churn"]
    assert (row["estimate"], row["low"], row["flag"]) == (0, 0, "")
    assert row["high"] == pytest.approx(proportion_confint(0, 1.6, method="wilson")[1])
    assert table.loc["gross_revenue_retention", "low"] == pytest.approx(1 - row["high"])
    net = table.loc["net_revenue_retention"]
    assert (net["estimate"], net["se"], net["flag"]) == (1, 0, "too few or too equal values for an interval")
    assert np.isnan([net["low"], net["high"]]).all()


@pytest.mark.parametrize(("customers", "loss"), [(30, .05), (100, .2)])
def test_intervals_of_revenue_hold_where_amounts_differ_and_stay_between_0_and_1(customers, loss):
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(1500):
        paid = rng.lognormal(3, 1, customers)
        lost = np.where(rng.random(customers) < loss, paid, 0)
        _, low, high, *_ = _share(lost, paid, 0, .95)
        assert 0 <= low < high <= 1
        held += low <= loss <= high
    assert .93 < held / 1500 < .985


RENEWED = {"the last day": "2026-03-31", "its last second": "2026-03-31T23:59:59", "the next day": "2026-04-01"}


@pytest.mark.parametrize("end", RENEWED.values(), ids=RENEWED)
@pytest.mark.parametrize("every", ["day", "month", "year"])
def test_a_contract_renewed_as_a_period_begins_is_not_lost_and_pays_once(end, every):
    frame = plans(*[(name, "2025-04-01", end, 100.0) for name in "abc"],
                  *[(name, "2026-04-01", None, amount) for name, amount in (("a", 100.0), ("b", 150.0), ("c", 60.0))],
                  ("d", "2025-04-01", end, 100.0), columns=["amount"])
    table = churn(frame, **NAMES, amount="amount", every=every, since="2026-03-31", until="2026-04-03",
                  fiscal_year_starts=4)
    rows = table.set_index(["metric", every])
    before, after = table[every].unique()[[0, 1]]
    lost, label = (1, before) if end != "2026-04-01" else (1, after)
    if every == "year":
        assert rows.loc[("churn", "FY2025"), "n"] == 0     # nobody ran before the first day
    else:
        assert rows.loc[("churn", label), ["count", "n"]].tolist() == [lost, 4]
        assert rows.loc["churn"]["count"].sum() == 1
    there = 4 if label == after else 3
    assert rows.loc[("gross_revenue_retention", after), ["base", "n"]].tolist() == [100 * there, there]
    assert rows.loc[("net_revenue_retention", after), "count"] == 310    # a change of price belongs to the new period


def test_a_row_a_calendar_month_is_one_customer_who_stays():
    months = pd.date_range("2026-01-01", "2026-06-01", freq="MS")
    frame = plans(*[(name, month, month + pd.offsets.MonthEnd(), 10.0) for month in months for name in "ab"
                    if name == "a" or month.month < 4], columns=["amount"])
    table = churn(frame, **NAMES, amount="amount", until="2026-07-01")
    rows = table[table["metric"] == "churn"].set_index("month")
    assert rows["n"].tolist() == [2, 2, 1, 1, 1]
    assert rows["count"].to_dict() == {"2026-02": 0, "2026-03": 1, "2026-04": 0, "2026-05": 0, "2026-06": 1}
    assert table.loc[table["metric"] == "revenue_churn", "base"].tolist() == [20, 20, 10, 10, 10]


def test_who_comes_back_after_a_day_without_any_was_lost():
    frame = plans(("a", "2026-01-05", "2026-03-30"), ("a", "2026-04-01", None), ("b", "2026-01-05", None))
    assert churn(frame, **NAMES, until="2026-05-01")["count"].tolist() == [0, 1, 0]


def test_ends_agreed_for_later_are_not_taken_for_observed():
    late = plans(*BY_HAND, ("g", "2026-02-20", "2099-12-31"), ("h", "2026-02-20", "2026-02-25"))
    table = churn(late, **NAMES)
    assert table[["month", "flag"]].to_numpy().tolist() == [["2026-02", "period not complete"]]
    assert "newest opening, 2026-02-20" in table.attrs["notes"][-1] and "2099-12-31" in table.attrs["notes"][-1]
    assert len(churn(late, **NAMES, until="2026-05-01")) == 3
    assert "newest stamp" in churn(plans(*BY_HAND), **NAMES).attrs["notes"][-1]


def test_a_window_without_a_period_is_refused():
    table = plans(*BY_HAND)
    for window, said in (({"since": "2026-04-01", "until": "2026-03-01"}, "since '2026-04-01' is not before"),
                         ({"since": "2026-03-20", "until": "2026-03-10"}, "since '2026-03-20' is not before"),
                         ({"until": "2026-01-10"}, "since '2026-02-01' is not before until '2026-01-10'"),
                         ({"since": "2027-01-01"}, "since '2027-01-01' is not before until '2026-04-01'")):
        with pytest.raises(DataError, match=said):
            churn(table, **NAMES, **window)


@pytest.mark.parametrize("name", ["(all)", "(missing)"])
def test_a_group_or_reason_called_like_a_label_of_the_answer_is_refused(name):
    table = plans(*BY_HAND).assign(why=[name, None, *"abcde"])
    for option in ({"by": "why"}, {"reason": "why"}):
        with pytest.raises(DataError, match="which is the answer's own label"):
            churn(table, **NAMES, **option)
    with pytest.raises(UsageError, match="by names a column twice"):
        churn(table, **NAMES, by=["why", "why"])


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


PRICES = {"amount": "amount", "former": "former", "changed": "changed"}


def priced(*rows):
    """Rows of customer, opened, closed, amount, former amount, and when it was changed."""
    frame = plans(*(row[:3] for row in rows))
    return frame.assign(amount=[row[3] for row in rows], former=pd.array([row[4] for row in rows], "Float64"),
                        changed=pd.to_datetime([row[5] for row in rows], utc=True))


def revenue(table, month):
    rows = table[table["month"] == month].set_index("metric")
    return {name: (row["count"], row["base"], row["n"], row["n_missing"]) for name, row in rows.iterrows()
            if name != "churn"}


def test_net_retention_sees_a_price_rise_and_gross_does_not():
    # 100 + 100 + 50 are paid on 1 July; b goes, a pays 20 more from 1 July on, c 20 less from the 10th, d is new
    frame = priced(("a", "2026-01-05", None, 120.0, 100.0, "2026-07-01"),
                   ("b", "2026-01-05", "2026-07-20", 100.0, None, None),
                   ("c", "2026-02-01", None, 30.0, 50.0, "2026-07-10"), ("d", "2026-07-02", None, 500.0, None, None))
    table = churn(frame, **NAMES, **PRICES, since="2026-06-01", until="2026-09-01")
    assert revenue(table, "2026-07") == {"revenue_churn": (120, 250, 3, 0), "gross_revenue_retention": (130, 250, 3, 0),
                                         "net_revenue_retention": (150, 250, 3, 0)}
    assert revenue(table, "2026-06")["net_revenue_retention"] == (250, 250, 3, 0)
    assert revenue(table, "2026-08")["net_revenue_retention"] == (650, 650, 3, 0)


def test_what_was_paid_before_is_missing_where_nobody_says_it():
    frame = priced(("a", "2026-01-05", None, 120.0, None, "2026-07-10"), ("b", "2026-01-05", None, 80.0, None, None))
    table = churn(frame, **NAMES, **PRICES, since="2026-07-01", until="2026-09-01")
    assert revenue(table, "2026-07")["net_revenue_retention"] == (80, 80, 1, 1)
    assert revenue(table, "2026-08")["net_revenue_retention"] == (200, 200, 2, 0)
    more = priced(("a", "2026-01-05", None, 120.0, None, None), ("a", "2026-07-10", None, np.nan, None, None),
                  ("b", "2026-01-05", None, 80.0, None, None))
    table = churn(more, **NAMES, **PRICES, since="2026-07-01", until="2026-08-01")
    assert revenue(table, "2026-07")["net_revenue_retention"] == (80, 80, 1, 1)


def test_gross_retention_and_revenue_churn_are_one_together():
    frame = priced(*[(name, "2026-01-05", None if i % 3 else "2026-07-09", 50.0 + i, 40.0 + i, "2026-07-03")
                     for i, name in enumerate("abcdefgh")])
    table = churn(frame, **NAMES, **PRICES, since="2026-07-01", until="2026-08-01").set_index("metric")
    lost, kept = table.loc["revenue_churn"], table.loc["gross_revenue_retention"]
    assert lost["estimate"] + kept["estimate"] == pytest.approx(1)
    assert (lost["low"], lost["se"]) == pytest.approx((1 - kept["high"], kept["se"]))


def test_the_price_rise_of_the_sample_company_shows_in_july_and_only_there(company):
    subscriptions = company["subscriptions"]
    table = churn(subscriptions, user="user_id", opened="opened_at", closed="closed_at", amount="amount",
                  former="former_amount", changed="repriced_at", by="plan", tz="Asia/Tokyo", since="2026-04-01",
                  until="2026-10-01")
    rows = table[(table["plan"] == "office")].set_index(["metric", "month"])["estimate"]
    for month in ("2026-04", "2026-05", "2026-06", "2026-08", "2026-09"):
        assert rows["net_revenue_retention", month] == pytest.approx(1 - rows["churn", month])
    assert rows["net_revenue_retention", "2026-07"] == pytest.approx(10584 / 9800 * (1 - rows["churn", "2026-07"]))
    assert rows["gross_revenue_retention", "2026-07"] == pytest.approx(1 - rows["churn", "2026-07"])


SPELLS = st.lists(st.tuples(
    st.sampled_from("abcd"), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60)), st.sampled_from([0, 10, 25]),
    st.one_of(st.none(), st.tuples(st.sampled_from([0, 5, 40]), st.integers(0, 120))),
    st.sampled_from([True, False, None]), st.sampled_from("pq")), min_size=1, max_size=14)


@settings(max_examples=25, deadline=None)
@given(SPELLS)
def test_churn_and_revenue_are_what_a_loop_over_days_counts(rows):
    begin = pd.Timestamp("2026-01-20", tz="UTC")
    frame = pd.DataFrame({
        "user_id": [row[0] for row in rows], "opened_at": [begin + pd.Timedelta(days=row[1]) for row in rows],
        "closed_at": pd.to_datetime([None if row[2] is None else begin + pd.Timedelta(days=row[1] + row[2])
                                     for row in rows], utc=True),
        "amount": [float(row[3]) for row in rows], "own": pd.array([row[5] for row in rows], "boolean"),
        "former": pd.array([row[4] and float(row[4][0]) for row in rows], "Float64"),
        "changed": pd.to_datetime([None if row[4] is None else begin + pd.Timedelta(days=row[4][1]) for row in rows],
                                  utc=True), "plan": [row[6] for row in rows]})
    table = churn(frame, **NAMES, **PRICES, voluntary="own", every="week", by="plan", since="2026-01-26",
                  until="2026-04-06")
    table = table.set_index(["metric", "plan", "week"])
    for start in pd.date_range("2026-01-26", periods=10, freq="7D", tz="UTC"):
        expected = _of_the_week(frame, start, start + pd.Timedelta(days=7))
        for (metric, plan), (count, of) in expected.items():
            row = table.loc[(metric, plan, f"{start:%Y-%m-%d}")]
            assert row["count"] == pytest.approx(count)
            assert (row["n"] if "churn" in metric and metric != "revenue_churn" else row["base"]) == pytest.approx(of)


def _of_the_week(frame, start, stop):
    """Of each metric and plan, numerator and denominator, spell by spell and day by day."""
    found = {}
    for plan in sorted(set(frame["plan"])):
        lost = {"churn": 0, "voluntary_churn": 0, "involuntary_churn": 0}
        first_all, kept, shrunk, size = 0.0, 0.0, 0.0, 0
        for _, own in frame.groupby("user_id"):
            now, later = (list(own[_there(own, day)].itertuples()) for day in (start, stop))
            here = [row for row in now if row.plan == plan]
            if not here:
                continue
            size += 1
            if not later:
                lost["churn"] += 1
                will = max(now, key=lambda row: (row.closed_at, row.Index)).own
                if not pd.isna(will):
                    lost["voluntary_churn" if will else "involuntary_churn"] += 1
            before, after = (sum(row.former if not pd.isna(row.changed) and row.changed >= day else row.amount
                                 for row in rows) for rows, day in ((now, start), (later, stop)))
            mine = sum(row.former if not pd.isna(row.changed) and row.changed >= start else row.amount for row in here)
            share = mine / before if before else len(here) / len(now)
            first_all, kept, shrunk = first_all + mine, kept + after * share, shrunk + max(before - after, 0) * share
        found |= {(metric, plan): (count, size) for metric, count in lost.items()}
        found |= {("revenue_churn", plan): (shrunk, first_all), ("net_revenue_retention", plan): (kept, first_all),
                  ("gross_revenue_retention", plan): (first_all - shrunk, first_all)}
    return found


def test_voluntary_and_involuntary_churn_and_the_unexplained_add_up_to_all():
    frame = plans(("a", "2026-01-01", "2026-02-15", True), ("b", "2026-01-01", "2026-02-16", False),
                  ("c", "2026-01-01", "2026-02-17", None), ("d", "2026-01-01", None, None), columns=["own"])
    table = churn(frame, **NAMES, voluntary="own", since="2026-02-01", until="2026-03-01").set_index("metric")
    assert table["count"].to_dict() == {"churn": 3, "voluntary_churn": 1, "involuntary_churn": 1,
                                        "unexplained_churn": 1}
    assert set(table["n"]) == {4}
    table = churn(frame[frame["user_id"] != "c"], **NAMES, voluntary="own", since="2026-02-01", until="2026-03-01")
    assert "unexplained_churn" not in set(table["metric"])


def test_employees_leave_as_their_table_says(workplace):
    employees = workplace()["employees"]
    table = churn(employees, user="user_id", opened="hired_at", closed="left_at", voluntary="voluntary", every="year",
                  tz="Asia/Tokyo", since="2025-04-01", until="2026-04-01", fiscal_year_starts=4).set_index("metric")
    start, stop = (pd.Timestamp(day, tz="Asia/Tokyo") for day in ("2025-04-01", "2026-04-01"))
    there = employees[(employees["hired_at"] < start) & ~(employees["left_at"] < start)]
    left = there[there["left_at"] < stop]
    assert table["count"].to_dict() == {"churn": len(left), "voluntary_churn": left["voluntary"].sum(),
                                        "involuntary_churn": (~left["voluntary"]).sum()}
    assert set(table["n"]) == {len(there)}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_and_a_frame_agree(tmp_path, ending):
    frame = plans(*BY_HAND).assign(amount=[float(i) for i in range(7)], currency="JPY",
                                   own=[True, None, False, True, None, True, False])
    if ending == "csv":
        frame.to_csv(tmp_path / "plans.csv", index=False)
    else:
        duckdb.query_df(frame, "frame", f"COPY (SELECT * FROM frame) TO '{tmp_path}/plans.parquet'")
    options = NAMES | {"amount": "amount", "voluntary": "own", "until": "2026-05-01", "tz": "Asia/Tokyo"}
    pd.testing.assert_frame_equal(churn(tmp_path / f"plans.{ending}", **options), churn(frame, **options))


def test_a_wrong_row_is_named_by_its_number():
    good = plans(*BY_HAND)
    late = plans(("a", "2026-01-05", None), ("b", "2026-02-05", "2026-01-05"))
    with pytest.raises(DataError, match="'closed_at' before 'opened_at', the first in row 2"):
        churn(late, **NAMES)
    with pytest.raises(DataError, match="'user_id' lacks 1 values, the first in row 7"):
        churn(good.assign(user_id=[*"abcdef", None]), **NAMES)
    with pytest.raises(DataError, match="'user_id' mixes text with numbers"):
        churn(good.assign(user_id=[*"abcdef", 7]), **NAMES)
    with pytest.raises(DataError, match="'amount' holds 1 amounts below 0 or infinite, the first in row 3"):
        churn(good.assign(amount=[1, 1, -1, 1, 1, 1, 1]), **NAMES, amount="amount")
    with pytest.raises(DataError, match=r"'own' holds .* not True and False"):
        churn(good.assign(own="yes"), **NAMES, voluntary="own")
    with pytest.raises(DataError, match=r"1 former amounts without a time in 'changed', the first in row 1"):
        churn(priced(("a", "2026-01-01", None, 1.0, 2.0, None)), **NAMES, **PRICES)
    for missing in ("former", "changed", "amount"):
        with pytest.raises(UsageError, match="needs both former="):
            churn(priced(("a", "2026-01-01", None, 1.0, 2.0, None)), **NAMES,
                  **{name: column for name, column in PRICES.items() if name != missing})


def test_a_file_in_which_nobody_has_left_yet_has_no_churn(tmp_path):
    path = tmp_path / "plans.csv"
    path.write_text("who,opened,closed\n1,2026-01-01,\n2,2026-01-05,\n", encoding="utf-8")
    table = churn(path, user="who", opened="opened", closed="closed", until="2026-03-01")
    assert table["count"].tolist() == [0.0] and table["n"].tolist() == [2]
    path.write_text("who,opened,closed\n1,2026-01-01,later\n", encoding="utf-8")
    with pytest.raises(DataError, match="column 'closed', row 1: 'later' is no time"):
        churn(path, user="who", opened="opened", closed="closed", until="2026-03-01")
