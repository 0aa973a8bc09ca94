import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.segments.next_action import next_action

TABLE = pd.DataFrame({
    "user_id": list("abcdef"), "orders": [5, 0, 7, 2, 9, None],
    "consent_marketing": pd.array([True, True, False, True, None, True], dtype="boolean"),
    "last_order_at": pd.to_datetime(["2026-01-01", None, "2026-05-01", "2026-01-15", "2026-01-01", "2026-04-30"],
                                    utc=True),
    "mailed_at": pd.to_datetime([None, None, None, "2026-04-28", None, "2026-04-24"], utc=True)})
RULES = [{"action": "thank you", "when": "orders > 0", "priority": 2},
         {"action": "win back", "when": "days_since(last_order_at) > 90 and orders >= 2", "priority": 1,
          "reason": "{days_since(last_order_at)} days since the last order, {orders} orders before"}]


def test_the_first_rule_by_priority_wins_and_consent_and_frequency_hold_back():
    found = next_action(TABLE, RULES, last_contact="mailed_at")
    assert found.frame["action"].tolist() == ["win back", *["(none)"] * 5]
    assert found.frame["status"].tolist() == ["message", "no_rule", "no_consent", "contacted_lately", "no_consent",
                                              "no_rule"]
    assert found.frame["rule"].tolist()[:1] + found.frame["rule"].tolist()[2:5] == [2, 1, 2, 2]
    assert found.frame["reason"][0] == "120 days since the last order, 5 orders before"
    assert found.frame["reason"][3] == "contacted lately (win back)"
    assert found.at == pd.Timestamp("2026-05-01", tz="UTC")


def test_the_summary_counts_each_rule():
    summary = next_action(TABLE, RULES, last_contact="mailed_at").summary
    assert summary["rule"].tolist() == [2, 1]
    assert summary.loc[0, ["meet", "first", "no_consent", "contacted_lately", "count", "unknown"]].tolist() == [
        3, 3, 1, 1, 1, 0]
    assert summary.loc[1, ["meet", "first", "no_consent", "contacted_lately", "count", "unknown"]].tolist() == [
        4, 1, 1, 0, 0, 1]
    assert summary["evidence"].tolist() == ["days_since(last_order_at), orders", "orders"]


def test_who_was_written_to_exactly_one_cap_ago_may_be_written_to_again():
    table = TABLE.assign(orders=1, consent_marketing=True, mailed_at=pd.to_datetime(
        ["2026-04-24", "2026-04-24 00:00:01", "2026-05-02", None, "2026-04-23", "2026-05-01"], utc=True,
        format="ISO8601"))
    found = next_action(table, [{"action": "x", "when": "True"}], last_contact="mailed_at", at="2026-05-01")
    assert found.frame["status"].eq("message").tolist() == [True, False, False, True, True, False]


def test_a_rule_that_nobody_meets_or_that_never_comes_first_is_said():
    found = next_action(TABLE, [*RULES, {"action": "late", "when": "orders > 6"},
                                {"action": "never", "when": "orders > 99"}])
    assert "rule 3 (late) never comes first: all 2 who meet it are taken before by rule 2, rule 1." in found.notes
    assert "Nobody meets rule 4 (never)." in found.notes
    assert any(note.startswith("Whether 1 customers meet rule 3") for note in found.notes)
    assert "Nobody is held back for a recent message, as no column last_contact= was given." in found.notes


def test_without_a_reason_the_values_that_were_read_are_the_reason():
    found = next_action(TABLE, [{"action": "x", "when": "orders >= 5 and not missing(last_order_at)"}])
    assert found.frame["reason"][0] == "orders = 5, missing(last_order_at) = no"


def test_rules_come_from_a_frame_or_a_csv_file_too(tmp_path):
    frame = pd.DataFrame(RULES)
    frame.to_csv(tmp_path / "rules.csv", index=False, encoding="utf-8-sig")
    one, other, third = (next_action(TABLE, rules) for rules in (RULES, frame, tmp_path / "rules.csv"))
    pd.testing.assert_frame_equal(one.frame, other.frame)
    pd.testing.assert_frame_equal(one.summary, third.summary)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([True, False, None]), st.integers(0, 20)), min_size=1,
                max_size=30), st.permutations([0, 1, 2]))
def test_everybody_has_one_status_and_nobody_without_consent_or_too_soon_gets_a_message(rows, priorities):
    at = pd.Timestamp("2026-05-01", tz="UTC")
    table = pd.DataFrame({"user_id": range(len(rows)), "orders": [row[0] for row in rows],
                          "consent_marketing": pd.array([row[1] for row in rows], dtype="boolean"),
                          "mailed": [at - pd.Timedelta(days=row[2]) for row in rows]})
    rules = [{"action": str(place), "when": f"orders > {place}", "priority": priority}
             for place, priority in enumerate(priorities)]
    found = next_action(table, rules, last_contact="mailed", at=at)
    for (orders, agreed, days), (_, action, status, *_) in zip(rows, found.frame.itertuples(index=False), strict=True):
        met = [place for place in np.argsort(priorities) if orders > place]
        expected = "(none)" if not met or agreed is not True or days < 7 else str(met[0])
        assert action == expected
        assert (status == "message") == (expected != "(none)")
    assert found.summary[["no_consent", "contacted_lately", "count"]].sum(axis="columns").equals(found.summary["first"])


def test_the_order_of_rows_changes_nothing_and_it_speaks_japanese():
    order = [3, 1, 5, 0, 4, 2]
    one, other = (next_action(table, RULES).frame for table in (TABLE, TABLE.iloc[order]))
    pd.testing.assert_frame_equal(one.iloc[order].reset_index(drop=True), other)
    with words.speaking("ja"):
        found = next_action(TABLE, RULES)
        assert found.frame["reason"][1] == "該当するルールなし"
        assert "同意なし2人" in repr(found)
        assert "<table>" in found._repr_html_()


@pytest.mark.parametrize(("rules", "message"), [
    ([], "at least one rule"), ("", "there is no file"), ([{"action": "x"}], "rule 1 has no 'when'"),
    ([{"when": "True"}], "rule 1 has no 'action'"), ([{"action": "x", "wenn": "True"}], "did you mean 'when'"),
    ([{"action": "(none)", "when": "True"}], "stands for no action"),
    ([{"action": "x", "when": "True", "priority": "high"}], "priority must be a number, not 'high'"),
    ([{"action": "x", "when": "ordrs > 1"}], "rule 1 (x), when: there is no column 'ordrs'"),
    ([{"action": "x", "when": "True", "reason": "{ordrs}"}], "rule 1, reason: there is no column 'ordrs'"),
    ([{"action": "x", "when": "True", "reason": "{orders"}], "cannot be read"),
    ([{"action": "x", "when": "True", "reason": "{orders:>9}"}], "nothing after it"),
    ([{"action": "x", "when": "True", "reason": "{orders > 1}"}], "only columns")])
def test_rules_that_cannot_be_read_are_refused(rules, message):
    with pytest.raises(UsageError) as error:
        next_action(TABLE, rules)
    assert message in str(error.value)


@pytest.mark.parametrize(("change", "message"), [
    ({"user_id": "a"}, "'a' stands in several rows"), ({"user_id": [None, *"bcdef"]}, "empty in 1 rows"),
    ({"consent_marketing": "yes"}, "'yes' is neither True nor False"),
    ({"consent_marketing": [1, 0, 2, 1, 1, 1]}, "row 3: 2 is neither"),
    ({"mailed_at": "2026-01-01"}, "holds no dates")])
def test_tables_that_cannot_be_used_are_refused(change, message):
    with pytest.raises(DataError) as error:
        next_action(TABLE.assign(**change), RULES, last_contact="mailed_at")
    assert message in str(error.value)


def test_columns_that_are_not_there_and_durations_that_are_none_are_refused():
    with pytest.raises(NoColumn, match="consent_marketing"):
        next_action(TABLE.drop(columns="consent_marketing"), RULES)
    with pytest.raises(UsageError, match="frequency_cap must be a duration"):
        next_action(TABLE, RULES, frequency_cap="soon")
    with pytest.raises(UsageError, match="at"):
        next_action(TABLE, RULES, at="today")
    with pytest.raises(DataError, match="no rows"):
        next_action(TABLE.head(0), RULES)


@pytest.mark.parametrize("rule", [
    {"action": "x", "when": "orders > 0", "reason": "Dear {first_name}"}, {"action": "x", "when": "email != 'q'"},
    {"action": "x", "when": "missing(Phone)"}])
def test_columns_that_name_a_person_are_in_no_rule_and_no_reason(rule):
    table = TABLE.assign(first_name="Ann", email="ann@example.com", Phone="1")
    with pytest.raises(UsageError, match="names a person"):
        next_action(table, [rule])


@pytest.mark.parametrize("name", ["action", "status", "rule", "reason"])
def test_a_column_of_the_answer_cannot_be_that_of_the_customers(name):
    with pytest.raises(UsageError, match=f"a column '{name}' of its own"):
        next_action(TABLE.rename(columns={"user_id": name}), RULES, user=name)
