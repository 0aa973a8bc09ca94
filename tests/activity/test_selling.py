"""Cross-sell and up-sell against a loop over customers, and figures by hand."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.activity.selling import categories, cross_sell, up_sell
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics import intervals

NAMES = {"user": "who", "time": "at"}
BEGIN = datetime(2026, 4, 1, tzinfo=UTC)
PLANS = ["low", "middle", "high"]
LINES = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 40), st.sampled_from([*PLANS, None]),
                           st.sampled_from("xy")), min_size=1, max_size=25).filter(lambda rows: any(r[2] for r in rows))


def lines(*rows):
    return pd.DataFrame({"who": [row[0] for row in rows], "what": pd.Series([row[2] for row in rows], dtype="str"),
                         "at": pd.to_datetime([BEGIN + timedelta(days=row[1]) for row in rows], utc=True),
                         "shop": [row[3] if len(row) > 3 else "x" for row in rows]})


def lives(rows):
    """Of each customer: the group, and on which day which categories were bought."""
    found = {}
    for who in sorted({row[0] for row in rows if row[2]}):
        own = sorted(((day, shop, what) for name, day, what, shop in rows if name == who and what),
                     key=lambda row: row[:2])
        days = {}
        for day, _, what in own:
            days.setdefault(day, set()).add(what)
        found[who] = (own[0][1], days)
    return found


def counted(answer, *keys):
    return {tuple(row[:-3]): row[-3:] for row in answer[[*keys, "count", "n", "n_missing"]].to_numpy().tolist()}


@settings(max_examples=20, deadline=None)
@given(LINES, st.integers(10, 45))
def test_moves_between_categories_are_what_a_loop_over_customers_counts(rows, end):
    rows = [row for row in rows if row[1] < end] or [("a", 0, "low", "x")]
    if not any(row[2] for row in rows):
        return
    found = counted(cross_sell(lines(*rows), **NAMES, category="what", within=["5 days", "20 days"], by="shop",
                               until=BEGIN + timedelta(days=end)), "shop", "from", "to", "within")
    expected, kinds = {}, sorted({row[2] for row in rows if row[2]})
    for shop, days in lives(rows).values():
        start = min(days)
        later = next((day for day in sorted(days) if days[day] - days[start]), None)
        reached = days[later] - days[start] if later is not None else set()
        for first in [*days[start], "(all)"]:
            for goal in [kind for kind in [*kinds, "(all)"] if kind == "(all)" or kind != first]:
                for within, length in (("5 days", 5), ("20 days", 20)):
                    counts = expected.setdefault((shop, first, goal, within), [0, 0, 0])
                    if start + length > end - 1:
                        counts[2] += 1
                    else:
                        counts[1] += 1
                        counts[0] += later is not None and later - start <= length and (
                            goal == "(all)" or goal in reached)
    assert found == expected


@settings(max_examples=20, deadline=None)
@given(LINES, st.integers(10, 45))
def test_moves_to_other_plans_are_what_a_loop_over_customers_counts(rows, end):
    rows = [row for row in rows if row[1] < end] or [("a", 0, "low", "x")]
    if not any(row[2] for row in rows):
        return
    found = counted(up_sell(lines(*rows), **NAMES, plan="what", plans=PLANS, within="10 days",
                            until=BEGIN + timedelta(days=end)), "metric", "from", "within")
    expected = {(metric, "(all)", "10 days"): [0, 0, 0] for metric in ("moved_up", "moved_down")}
    for _, days in lives(rows).values():
        start = min(days)
        held = max(map(PLANS.index, days[start]))
        for metric, way in (("moved_up", 1), ("moved_down", -1)):
            if held == (2 if way == 1 else 0):
                continue
            moved = any(way * (max(map(PLANS.index, days[day])) - held) > 0 for day in days if 0 < day - start <= 10)
            for first in (PLANS[held], "(all)"):
                counts = expected.setdefault((metric, first, "10 days"), [0, 0, 0])
                if start + 10 > end - 1:
                    counts[2] += 1
                else:
                    counts[1] += 1
                    counts[0] += moved
    assert found == expected


@settings(max_examples=15, deadline=None)
@given(LINES, st.integers(10, 45))
def test_categories_bought_are_what_a_loop_over_customers_counts(rows, end):
    rows = [row for row in rows if row[1] < end] or [("a", 0, "low", "x")]
    if not any(row[2] for row in rows):
        return
    answer = categories(lines(*rows), **NAMES, category="what", within="10 days", by="shop",
                        until=BEGIN + timedelta(days=end))
    found = {key: values[0] for key, values in counted(answer, "shop", "within", "categories").items()}
    expected, sizes = {}, {}
    for shop, days in lives(rows).values():
        start = min(days)
        for within, length in (("10 days", 10), ("(all)", 99)):
            observed = length == 99 or start + length <= end - 1
            sizes.setdefault((shop, within), [0, 0])[0 if observed else 1] += 1
            if observed:
                number = len(set().union(*(what for day, what in days.items() if day - start <= length)))
                key = (shop, within, str(number))
                expected[key] = expected.get(key, 0) + 1
    assert found == expected
    for row in answer.itertuples():
        assert [row.n, row.n_missing] == sizes[row.shop, row.within]


def test_the_answers_are_in_order_and_have_wilsons_interval():
    table = lines(("a", 0, "tea"), ("a", 9, "cup"), ("b", 1, "tea"), ("b", 30, "pot"), ("c", 2, "cup"))
    found = cross_sell(table, **NAMES, category="what", within=["10 days", "20 days"], until="2026-05-20")
    assert list(found)[:4] == ["metric", "from", "to", "within"]
    assert found[["from", "to", "within"]].drop_duplicates().shape == (len(found), 3)
    assert found["from"].drop_duplicates().tolist() == ["cup", "tea", "(all)"]
    row = found[(found["from"] == "tea") & (found["to"] == "(all)") & (found["within"] == "10 days")].iloc[0]
    assert (row["low"], row["high"]) == intervals.wilson(1, 2)
    assert found.attrs["notes"][0] == "periods and windows are in UTC"
    ups = up_sell(table, **NAMES, plan="what", plans=["tea", "pot", "cup"], within=["10 days", "40 days"],
                  until="2026-06-20")
    assert ups["from"].tolist() == ["tea", "tea", "(all)", "(all)", "cup", "cup", "(all)", "(all)"]
    assert ups["within"].tolist() == ["10 days", "40 days"] * 4


def test_shares_of_customers_by_categories_add_up_to_one():
    table = lines(("a", 0, "tea"), ("a", 9, "cup"), ("b", 1, "tea"), ("b", 30, "pot"), ("c", 2, "cup"))
    found = categories(table, **NAMES, category="what", within="10 days", until="2026-06-20")
    assert found.groupby("within")["estimate"].sum().tolist() == pytest.approx([1, 1])


def test_categories_of_the_sample_company_are_those_of_a_count_in_pandas(company):
    items = company["order_items"].merge(company["orders"][["order_id", "user_id", "ordered_at"]])
    found = categories(items, user="user_id", time="ordered_at", category="category", until="2026-10-01",
                       tz="Asia/Tokyo")
    found = found[found["within"] == "(all)"].set_index("categories")["count"]
    expected = items.groupby("user_id")["category"].nunique().value_counts()
    assert found.to_dict() == {str(number): n for number, n in expected.items()}


def test_wrong_plans_and_calls_are_refused():
    table = lines(("a", 0, "low"), ("b", 1, "midle"))
    with pytest.raises(DataError, match="'what' holds the plan 'midle'; did you mean 'middle'"):
        up_sell(table, **NAMES, plan="what", plans=PLANS)
    for plans in ("low", ["low"], ["low", "low"], ["low", 2], None):
        with pytest.raises(UsageError, match="plans must list"):
            up_sell(table, **NAMES, plan="what", plans=plans)
    for call in (cross_sell, categories):
        with pytest.raises(NoColumn, match="'which'"):
            call(table, **NAMES, category="which")
        with pytest.raises(UsageError, match="rename"):
            call(table.assign(to=1), **NAMES, category="what", by="to")
    with pytest.raises(DataError, match=r"\(all\)"):
        cross_sell(lines(("a", 0, "(all)")), **NAMES, category="what")


def test_a_table_without_any_category_has_no_answer_and_says_why():
    found = cross_sell(lines(("a", 0, None)), **NAMES, category="what", within="1 day")
    assert found[["n", "flag"]].to_numpy().tolist() == [[0, "no known value"]]
    assert "1 rows without 'what' were left out" in found.attrs["notes"]


def test_who_buys_two_new_categories_on_a_day_counts_in_both_and_once_in_all_and_what_comes_later_not():
    table = lines(("a", 0, "tea"), ("a", 5, "cup"), ("a", 5, "pot"), ("a", 6, "can"))
    found = cross_sell(table, **NAMES, category="what", within="5 days", until="2026-05-01").set_index(["from", "to"])
    assert found.loc["tea", ["count", "n"]].T.to_dict("list") == {
        "can": [0, 1], "cup": [1, 1], "pot": [1, 1], "(all)": [1, 1]}
    assert found.loc[("(all)", "(all)"), ["count", "n"]].tolist() == [1, 1]


def test_the_last_day_of_a_time_belongs_to_it():
    table = lines(("a", 0, "tea"), ("a", 5, "cup"))
    for within, number in (("4 days", "1"), ("5 days", "2")):
        found = categories(table, **NAMES, category="what", within=within, until="2026-05-01")
        assert found.loc[0, "categories"] == number


def test_who_has_several_plans_on_the_first_day_began_with_the_highest():
    table = lines(("a", 0, "low"), ("a", 0, "middle"), ("a", 1, "high"))
    found = up_sell(table, **NAMES, plan="what", plans=PLANS, within="5 days", until="2026-05-01")
    assert found[["metric", "from", "count", "n"]].to_numpy().tolist() == [
        ["moved_up", "middle", 1, 1], ["moved_up", "(all)", 1, 1],
        ["moved_down", "middle", 0, 1], ["moved_down", "(all)", 0, 1]]


def test_a_fall_to_a_plan_of_the_first_day_is_a_fall_and_two_plans_side_by_side_are_not():
    options = NAMES | {"plan": "what", "plans": PLANS, "within": "20 days", "until": "2026-06-01"}
    fallen = up_sell(lines(("a", 0, "low"), ("a", 0, "high"), ("a", 10, "low")), **options).set_index("metric")
    assert fallen.loc["moved_down", ["from", "count", "n"]].to_numpy().tolist() == [["high", 1, 1], ["(all)", 1, 1]]
    both = lines(*[("a", day, plan) for day in (0, 10) for plan in ("low", "high")])
    assert up_sell(both, **options).set_index("metric").loc["moved_down", "count"].tolist() == [0, 0]


@pytest.mark.parametrize("name", ["start", "next", "customers", "rank_1", "moved_0", "key_1", "group_1"])
def test_a_group_may_be_called_like_a_column_of_ours(name):
    rows = [("a", 0, "low", "x"), ("a", 2, "high", "x"), ("b", 1, "low", "y"), ("b", 9, "high", "y")]
    usual, own = lines(*rows), lines(*rows).rename(columns={"shop": name})
    for call, more in ((cross_sell, {"category": "what"}), (categories, {"category": "what"}),
                       (up_sell, {"plan": "what", "plans": PLANS})):
        options = NAMES | more | {"within": "3 days", "until": "2026-05-01"}
        expected = call(usual, **options, by="shop").rename(columns={"shop": name})
        pd.testing.assert_frame_equal(call(own, **options, by=name), expected)


def test_numbers_beside_a_gap_are_the_same_categories_everywhere():
    table = lines(("a", 0, "x"), ("a", 2, "x"), ("b", 1, "x"), ("c", 3, "x")).assign(what=[1, 2.5, 1, None])
    found = cross_sell(table, **NAMES, category="what", within="3 days", until="2026-05-01")
    assert found[["from", "to", "count", "n"]].to_numpy().tolist() == [
        ["1.0", "2.5", 1, 2], ["1.0", "(all)", 1, 2], ["(all)", "1.0", 0, 2], ["(all)", "2.5", 1, 2],
        ["(all)", "(all)", 1, 2]]
    whole = table.assign(what=[1, 2, 1, None])
    found = up_sell(whole, **NAMES, plan="what", plans=["1", "2"], within="3 days", until="2026-05-01")
    assert found[["metric", "from", "count", "n"]].to_numpy().tolist() == [
        ["moved_up", "1", 1, 2], ["moved_up", "(all)", 1, 2], ["moved_down", "(all)", 0, 0]]


def test_a_group_of_which_nobody_was_observed_long_enough_has_no_share_and_no_other_groups_number():
    table = lines(("a", 0, "tea", "y"), ("b", 9, "tea", "x"))
    found = categories(table, **NAMES, category="what", within="5 days", by="shop", until="2026-04-12")
    assert found[["shop", "within", "count", "n", "n_missing"]].to_numpy().tolist() == [
        ["x", "(all)", 1, 1, 0], ["y", "5 days", 1, 1, 0], ["y", "(all)", 1, 1, 0]]


def test_a_plan_may_have_any_name():
    hostile = ["'; DROP TABLE x", 'say "hi"', "日本\\", "a%b_/*by*/"]
    table = lines(*[("a", i, plan) for i, plan in enumerate(hostile)])
    found = up_sell(table, **NAMES, plan="what", plans=hostile, within="2 days", until="2026-06-01")
    assert found.loc[0, ["from", "count"]].tolist() == [hostile[0], 1]
