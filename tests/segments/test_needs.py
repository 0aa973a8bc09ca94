"""Needs: shares counted again by loops, rules that name nobody for one order, and consent."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.segments.needs import needs
from engagelab.segments.profile import profile

START = pd.Timestamp("2026-01-01", tz="UTC")


@pytest.fixture(scope="module")
def company():
    return el.example()


@pytest.fixture(scope="module")
def made(company):
    return needs(company, tz="Asia/Tokyo")


def tables(orders=(), views=(), tickets=()):
    """Orders (user, day, categories), views (user, day, category) and tickets (user, day)."""
    def day(n):
        return START + pd.Timedelta(days=n)
    frame = pd.DataFrame([(str(i), user, day(n)) for i, (user, n, _) in enumerate(orders)],
                         columns=["order_id", "user_id", "ordered_at"]).astype({"ordered_at": "datetime64[us, UTC]"})
    items = [(str(i), each, each.upper()) for i, (_, _, those) in enumerate(orders) for each in those]
    items += [("none", each, each.upper()) for each in ("x", "y", "z")]
    log = pd.DataFrame([(user, day(n), each.upper(), "product_view") for user, n, each in views],
                       columns=["user_id", "occurred_at", "content_id", "event"]).astype(
                           {"occurred_at": "datetime64[us, UTC]"})
    asked = pd.DataFrame([(str(i), user, day(n), "app") for i, (user, n) in enumerate(tickets)], columns=[
        "ticket_id", "user_id", "created_at", "topic"]).astype({"created_at": "datetime64[us, UTC]"})
    return {"orders": frame, "order_items": pd.DataFrame(items, columns=["order_id", "category", "sku"]),
            "events": log, "tickets": asked}


def test_shares_and_recommendations_of_the_sample_are_what_a_loop_counts(company, made):
    mine = company["orders"][company["orders"]["status"] != "voided"]
    lines = company["order_items"].groupby("order_id")["category"].agg(set)
    of_sku = dict(zip(company["order_items"]["sku"], company["order_items"]["category"], strict=True))
    log = company["events"].assign(category=company["events"]["content_id"].map(of_sku)).dropna(subset="category")
    frame = made.frame.set_index("user_id")
    for user in frame.index[::97]:
        held = [lines[order] for order in mine.loc[mine["user_id"] == user, "order_id"]]
        seen = log.loc[log["user_id"] == user, "category"].value_counts()
        assert (frame.loc[user, "orders"], frame.loc[user, "views"]) == (len(held), seen.sum())
        for category in ("beans", "gift", "drip_bags", "equipment"):
            share = np.mean([category in each for each in held]) if held else np.nan
            np.testing.assert_equal(frame.loc[user, f"share_{category}"], share)
        left = {name: n for name, n in seen.items() if not any(name in each for each in held)}
        best = min(left, key=lambda name: (-left[name], name)) if left else None
        assert frame.loc[user, "recommendation"] == best if best else pd.isna(frame.loc[user, "recommendation"])


def test_only_customers_who_agreed_are_in_it(company, made):
    customers = company["customers"].query("stage == 'customer'")
    agreed = customers.loc[customers["consent_analysis"].fillna(False), "user_id"]
    assert made.frame["user_id"].tolist() == sorted(agreed)
    assert made.summary["count"].sum() == len(agreed)
    again = needs(profile(company, who="customers", tz="Asia/Tokyo", currency="JPY"), tz="Asia/Tokyo")
    pd.testing.assert_frame_equal(again.frame, made.frame)


def test_nobody_is_named_for_one_order_or_two(made):
    named = made.frame[made.frame["need"] == "mostly"]
    assert named["orders"].min() >= 3 and named["category"].notna().all()
    assert made.frame.loc[made.frame["need"] == "looks", "orders"].eq(0).all()
    assert made.frame.loc[made.frame["need"] == "looks", "views"].min() >= 3
    little = made.frame[made.frame["need"] == "little"]
    assert (little["orders"] < 3).all() and (little["views"] < 3).all()


def test_the_summary_is_an_answer_with_the_interval_of_statsmodels(made):
    row = made.summary.iloc[1]
    low, high = proportion_confint(row["count"], row["n"], method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert list(made.summary)[:4] == ["metric", "state", "need", "category"]
    assert made.summary["n"].eq(len(made.frame)).all()


ORDERS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60), st.sets(st.sampled_from("xyz"))), max_size=10)
VIEWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60), st.sampled_from("xyz")), max_size=10)
TICKETS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), max_size=5)


@settings(max_examples=25, deadline=None)
@given(orders=ORDERS, views=VIEWS, tickets=TICKETS, end=st.integers(20, 61), since=st.integers(0, 15))
def test_the_first_rule_that_fits_names_the_need(orders, views, tickets, end, since):
    made = tables(orders, views, tickets)
    if not orders + views + tickets:
        return
    rules = pd.DataFrame({
        "need": ["help", "mostly", "looks"], "of": ["tickets", "orders", "views"], "category": [None, "*", None],
        "at_least": [2, .5, 3], "least": [2, 3, 3], "within": ["10 days", None, None],
        "without": [None, None, "orders"]})
    found = needs(made, rules=rules, who=None, since=START + pd.Timedelta(days=since),
                  until=START + pd.Timedelta(days=end)).frame.set_index("user_id")
    kinds = [name for name, rows in (("orders", orders), ("views", views), ("tickets", tickets)) if rows]
    for user in found.index:
        bought = [(n, those) for who, n, those in orders if who == user and n < end]
        held = [those for n, those in bought if n >= since]
        seen = [each for who, n, each in views if who == user and since <= n < end]
        asked = [n for who, n in tickets if who == user and max(since, end - 10) <= n < end]
        known = [those for those in held if those]
        shares = {each: sum(each in those for those in known) / len(known) for each in "xyz"} if known else {}
        best = max(shares.values(), default=0)
        expected = ("help" if len(asked) >= 2 else "mostly" if len(known) >= 3 and best >= .5 else
                    "looks" if len(seen) >= 3 and not bought and "orders" in kinds else
                    "little" if len(held) < 3 and len(seen) < 3 else "mixed")
        assert found.loc[user, "need"] == expected
        if expected == "mostly":
            assert found.loc[user, "category"] == min(each for each in shares if shares[each] == best)


def test_the_state_is_that_of_the_activity_room_or_the_one_that_is_given(company, made):
    mine = company["orders"][company["orders"]["status"] != "voided"]
    end = max(frame[column].max() for frame, column in (
        (mine, "ordered_at"), (company["tickets"], "created_at"),
        (company["events"][company["events"]["content_id"].isin(company["order_items"]["sku"])], "occurred_at")))
    own = el.activity.states(mine, user="user_id", time="ordered_at", tz="Asia/Tokyo",
                             until=end + pd.Timedelta(microseconds=1)).set_index("user_id")["state"]
    frame = made.frame.set_index("user_id")
    pd.testing.assert_series_equal(frame.loc[frame["state"] != "lead", "state"],
                                   own.reindex(frame.index[frame["state"] != "lead"]), check_dtype=False)
    assert frame.loc[frame["state"] == "lead", "orders"].eq(0).all()
    given = needs(company, states=pd.DataFrame({"user_id": ["C000002"], "state": ["new"]}))
    assert given.frame["state"].dropna().tolist() == ["new"]
    assert set(given.summary["state"]) == {"new", "(missing)"}


def test_a_short_log_has_no_state_and_says_so():
    found = needs(tables([("a", 1, {"x"}), ("b", 2, {"y"})]), who=None)
    assert found.frame["state"].isna().all() and "state" not in found.summary
    assert any(note.startswith("no state: ") for note in found.notes)


def test_a_rule_whose_table_is_missing_is_said():
    found = needs({name: frame for name, frame in tables([("a", 1, {"x"})]).items() if name != "tickets"}, who=None)
    assert "the rule for Needs help was not used: there is no 'tickets'" in found.notes


def test_a_rule_of_one_category_names_those_of_it():
    rules = pd.DataFrame({"need": ["likes y"], "of": ["orders"], "category": ["y"], "at_least": [.5]})
    made = tables([("a", n, {"y"}) for n in range(3)] + [("b", n, {"x"}) for n in range(3)])
    found = needs(made, rules=rules, who=None).frame
    assert found["need"].tolist() == ["likes y", "mixed"] and found["category"].iloc[0] == "y"
    assert pd.isna(found["category"].iloc[1])
    with pytest.raises(UsageError, match="category must be one of"):
        needs(made, rules=rules.assign(category="Y"), who=None)


def test_an_order_twice_and_orders_without_items_are_counted_once_and_said():
    made = tables([("a", 1, {"x"}), ("a", 2, set())])
    made["orders"] = pd.concat([made["orders"], made["orders"].head(1)], ignore_index=True)
    found = needs(made, who=None)
    assert found.frame[["orders", "share_x"]].iloc[0].tolist() == [2, 1.0]
    assert "1 orders have no category in order_items and count for none" in found.notes
    assert any("1 rows without a customer, a time or a number of their own" in note for note in found.notes)


@pytest.mark.parametrize(("kind", "message", "call"), [
    (UsageError, "needs takes a profile", lambda: needs({"customers": pd.DataFrame({"user_id": ["a"]})}, who=None)),
    (UsageError, "needs takes a profile", lambda: needs(pd.DataFrame({"user_id": ["a"]}), who=None)),
    (UsageError, "of must be one of", lambda: needs(tables([("a", 1, {"x"})]), who=None, rules=pd.DataFrame(
        {"need": ["n"], "of": ["order"], "at_least": [1]}))),
    (DataError, "rules, row 1: 'n' takes at_least 3", lambda: needs(tables([("a", 1, {"x"})]), who=None, rules=(
        pd.DataFrame({"need": ["n"], "of": ["orders"], "category": ["x"], "at_least": [3]})))),
    (UsageError, "within must be a duration", lambda: needs(tables([("a", 1, {"x"})]), who=None, rules=pd.DataFrame(
        {"need": ["n"], "of": ["orders"], "at_least": [3], "within": ["soon"]}))),
    (DataError, "since", lambda: needs(tables([("a", 1, {"x"})]), who=None, since="2026-02-01", until="2026-01-01")),
])
def test_bad_input_of_needs_is_one_clear_line(kind, message, call):
    with pytest.raises(kind, match=message):
        call()


def test_needs_are_looked_at_in_both_languages(company, made):
    assert "Looks, does not buy" in repr(made) and "mostly" not in repr(made)
    try:
        words.set_language("ja")
        assert "閲覧のみ・購入なし" in made._repr_html_()
    finally:
        words.set_language("en")


def test_an_order_of_two_categories_is_one_order_and_counts_for_both():
    found = needs(tables([("a", 1, {"x", "y"}), ("a", 2, {"x"})]), who=None).frame.iloc[0]
    assert (found["orders"], found["share_x"], found["share_y"]) == (2, 1.0, .5)
