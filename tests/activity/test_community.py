"""A community against a count over sets, Garwood's exact interval and a simulation of posts that come in runs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from engagelab.activity import community
from engagelab.activity.community import _gamma
from engagelab.errors import DataError, NoColumn, UsageError

NAMES = {"user": "user_id", "time": "at", "event": "event"}
ROLES = {"post": ["post"], "answer": ["answer", "reply"], "read": ["read"]}


def log_of(*rows):
    frame = pd.DataFrame(rows, columns=["user_id", "event", "at"])
    return frame.assign(at=pd.to_datetime(frame["at"], utc=True, format="ISO8601"))


def at(table, **values):
    for name, value in values.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


LOG = log_of(("a", "post", "2026-04-01"), ("a", "post", "2026-04-02"), ("a", "read", "2026-04-02"),
             ("b", "reply", "2026-04-03"), ("b", "read", "2026-05-03"), ("c", "read", "2026-04-04"),
             (None, "read", "2026-04-05"), ("d", "open", "2026-04-06"), ("x", "post", "2026-05-10"),
             ("x", "answer", "2026-05-20"))
CUSTOMERS = pd.DataFrame({
    "user_id": ["a", "b", "c", "d", "l"],
    "converted_at": pd.to_datetime(["2025-01-01", "2026-04-30", "2026-05-01", "2026-06-02", None], utc=True)})


def test_members_roles_and_the_most_that_each_does():
    table = community(LOG, **NAMES, roles=ROLES)
    assert at(table, metric="members", month="2026-04")["estimate"] == 3
    april = {(row["metric"], row["role"]): row["count"] for _, row in table[table["month"] == "2026-04"].iterrows()}
    assert april == {("members", "(all)"): 3, ("role_share", "post"): 1, ("role_share", "answer"): 1,
                     ("role_share", "read"): 2, ("most_active", "post"): 1, ("most_active", "answer"): 1,
                     ("most_active", "read"): 1}
    whole = table[(table["month"] == "(all)") & (table["metric"] == "most_active")]
    assert whole["count"].tolist() == [2, 1, 1] and whole["estimate"].sum() == 1
    assert set(table.loc[table["month"] == "2026-05", "flag"]) == {"period not complete"}
    assert "1 rows without 'user_id'" in table.attrs["notes"][-1]
    assert list(table) == ["metric", "role", "month", "estimate", "low", "high", "se", "count", "n", "n_eff",
                           "n_missing", "method", "flag"]


def test_a_month_without_anybody_is_there_and_has_no_share():
    quiet = log_of(("a", "read", "2026-03-05"), ("a", "post", "2026-05-01"))
    table = community(quiet, **NAMES, roles={"post": ["post"], "read": ["read"]}, since="2026-02-01",
                      until="2026-06-01")
    assert table.loc[table["metric"] == "members", "estimate"].tolist() == [0, 1, 0, 1, 1]
    row = at(table, metric="role_share", role="post", month="2026-04")
    assert np.isnan(row["estimate"]) and row["flag"] == "no known value"
    assert not (table["flag"] == "period not complete").any()


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["post", "answer", "reply", "read", "open"]),
                          st.integers(0, 2400)), min_size=1, max_size=40))
def test_shares_are_what_sets_count(rows):
    base = [("a", name, "2026-01-31 15:30") for names in ROLES.values() for name in names]
    log = log_of(*base, *[(user, event, pd.Timestamp("2026-02-01") + pd.Timedelta(hours=hours))
                          for user, event, hours in rows])
    table = community(log, **NAMES, roles=ROLES, tz="Asia/Tokyo")
    local = log.assign(month=log["at"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m"))
    for month in [*local["month"].unique(), "(all)"]:
        here = local[local["month"] == month] if month != "(all)" else local
        did = {role: set(here.loc[here["event"].isin(names), "user_id"]) for role, names in ROLES.items()}
        members = set().union(*did.values())
        for role, people in did.items():
            row = at(table, metric="role_share", role=role, month=month)
            assert (row["count"], row["n"]) == (len(people), len(members))
        most = at(table, metric="most_active", role="answer", month=month)
        assert most["count"] == len(did["answer"] - did["post"])


def test_posts_are_counted_per_thousand_of_those_who_were_customers_by_then():
    table = community(LOG, **NAMES, roles=ROLES, customers=CUSTOMERS)
    april, may, whole = (at(table, metric="posts_per_1000", month=month) for month in ("2026-04", "2026-05", "(all)"))
    assert april[["role", "estimate", "count", "n"]].tolist() == ["post", 1000, 2, 2]   # x is no customer
    assert may[["estimate", "count", "n", "flag"]].tolist() == [0, 0, 3, "period not complete"]
    assert whole[["count", "n"]].tolist() == [2, 3]
    early = pd.concat([LOG, log_of(("c", "post", "2026-04-20"))])      # c became a customer in May
    table = community(early, **NAMES, roles=ROLES, customers=CUSTOMERS)
    assert [at(table, metric="posts_per_1000", month=month)["count"] for month in ("2026-04", "(all)")] == [2, 2]
    cut = community(LOG, **NAMES, roles=ROLES, customers=CUSTOMERS, until="2026-04-15")
    assert at(cut, metric="posts_per_1000", month="2026-04")[["n", "flag"]].tolist() == [1, "period not complete"]


def test_customers_without_an_id_or_a_date_are_no_customers_and_said():
    more = pd.DataFrame({"user_id": [None, None, "a"], "converted_at": pd.to_datetime(["2025-01-01"] * 3, utc=True)})
    table = community(LOG, **NAMES, roles=ROLES, customers=pd.concat([CUSTOMERS, more]))
    assert at(table, metric="posts_per_1000", month="2026-04")["n"] == 2
    assert table.attrs["notes"][-2:] == [
        "2 rows without 'user_id' were left out: they belong to no known user",
        "1 rows without a stamp in 'converted_at' were left out"]


def test_numbers_as_ids_are_found_beside_a_gap():
    log = log_of((1, "post", "2026-04-01"), (2, "reply", "2026-04-03"), (None, "read", "2026-04-05"))
    people = CUSTOMERS.head(2).assign(user_id=[1, 2])
    for ids in (people, pd.concat([people, people.tail(1).assign(user_id=None)])):
        table = community(log, **NAMES, roles=ROLES | {"answer": ["reply"]}, customers=ids, until="2026-05-01")
        assert at(table, metric="posts_per_1000", month="2026-04")[["count", "n"]].tolist() == [1, 2]


@pytest.mark.parametrize("count", [0, 1, 7, 250])
def test_the_interval_is_garwoods_where_nobody_posts_twice(count):
    low, high = _gamma(count, count, 1, .95)
    exact = (chi2.ppf(.025, 2 * count) / 2 if count else 0, chi2.ppf(.975, 2 * count + 2) / 2)
    assert (low, high) == pytest.approx(exact)


def test_the_interval_holds_where_posts_come_in_runs_and_one_poisson_count_would_not():
    rng = np.random.default_rng(5)
    held = {"gamma": 0, "poisson": 0}
    for _ in range(2000):
        each = rng.geometric(.4, rng.poisson(30))     # 30 people post, 2.5 times each
        total = each.sum()
        low, high = _gamma(float(total), float((each**2).sum()), float(each.max(initial=1)), .95)
        held["gamma"] += low <= 75 <= high
        held["poisson"] += chi2.ppf(.025, 2 * total) / 2 <= 75 <= chi2.ppf(.975, 2 * total + 2) / 2
    assert held["gamma"] / 2000 > .94
    assert held["poisson"] / 2000 < .8


def test_reach_by_employees_is_a_ratio_of_sums():
    posts = pd.DataFrame({"posted_at": pd.to_datetime(["2026-04-02", "2026-04-05", "2026-05-02"], utc=True),
                          "reach": [1000.0, 3000.0, None], "employee_reach": [100.0, 500.0, 40.0]})
    table = community(LOG, **NAMES, roles=ROLES, posts=posts)
    row = at(table, metric="employee_reach", month="(all)")
    assert row[["estimate", "count", "base", "n", "n_missing"]].tolist() == [.15, 600, 4000, 2, 1]
    assert list(table)[8:10] == ["base", "n"]


def test_what_cannot_be_right_is_refused():
    with pytest.raises(DataError, match="'event' holds no event 'community_post'"):
        community(LOG, **NAMES)
    for roles in ({}, {"post": "post"}, {"a": ["post"], "b": ["post"]}, {"a": [1]}, {"a": ["post"], "b": []}, ["post"]):
        with pytest.raises(UsageError, match="roles must be a dict"):
            community(LOG, **NAMES, roles=roles)
    with pytest.raises(UsageError, match="every must be one of"):
        community(LOG, **NAMES, roles=ROLES, every="months")
    with pytest.raises(DataError, match="no 'user_id' of the log is a user_id of the customers"):
        community(LOG, **NAMES, roles=ROLES, customers=CUSTOMERS.assign(user_id=list("uvwyz")))
    with pytest.raises(NoColumn, match="'user_id'"):
        community(LOG, **NAMES, roles=ROLES, customers=CUSTOMERS.drop(columns="user_id"))
    with pytest.raises(DataError, match=r"since '2027-01-01' is not before until '2026-01-01'"):
        community(LOG, **NAMES, roles=ROLES, since="2027-01-01", until="2026-01-01")
    with pytest.raises(DataError, match="none of them in the time"):
        community(LOG, **NAMES, roles=ROLES, since="2020-01-01", until="2020-02-01")
    nobody = community(log_of(("a", "other", "2020-01-05"), ("a", "post", "2026-04-01"), ("a", "answer", "2026-04-01"),
                              ("a", "read", "2026-04-01"), ("a", "reply", "2026-04-01")), **NAMES, roles=ROLES,
                       customers=CUSTOMERS, since="2020-01-01", until="2020-02-01")
    assert nobody.loc[nobody["metric"] == "members", "estimate"].tolist() == [0, 0]
    assert nobody.loc[nobody["metric"] == "posts_per_1000", "flag"].tolist() == ["no known value"] * 2


def test_in_the_sample_far_more_take_part_than_the_rule_of_thumb_says(company):
    table = community(company["events"], user="user_id", time="occurred_at", event="event",
                      customers=company["customers"], posts=company["social_posts"], tz="Asia/Tokyo")
    reads = at(table, metric="most_active", role="read", month="(all)")
    assert reads["high"] < .9
    posts = company["events"].query("event == 'community_post'")
    assert at(table, metric="posts_per_1000", month="(all)")["count"] == len(posts)
