import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.errors import UsageError
from engagelab.segments.conditions import Condition
from engagelab.summaries import periods

TABLE = pd.DataFrame({
    "orders": [0, 3, 7, None], "plan": ["free", "plus", None, "plus"], "agreed": [True, False, None, True],
    "last": pd.to_datetime(["2026-01-01 00:00", "2026-03-31 12:00", None, "2026-05-01 00:00"], utc=True),
    "注文数": [1, 2, 3, 4],
    "level": pd.Categorical(["a", "b", "a", None]), "mixed": [1, "x", 2.0, None]})
AT = periods.moment("at", "2026-04-01", None)


def met(text, table=TABLE):
    return [None if one is pd.NA else bool(one) for one in Condition(text, table, "rule 1", AT).met()]


@pytest.mark.parametrize(("text", "expected"), [
    ("orders > 2", [False, True, True, None]),
    ("0 < orders <= 3", [False, True, False, None]),
    ("orders == 3 or plan == 'plus'", [False, True, None, True]),
    ("orders >= 0 and plan != 'free'", [False, True, None, None]),
    ("not agreed", [False, True, None, False]),
    ("agreed == False", [False, True, None, False]),
    ("plan in ['free', 'basic']", [True, False, None, False]),
    ("orders not in (0, 7)", [False, True, False, None]),
    ("days_since(last) > 0.4", [True, True, None, None]),
    ("days_since(last) == 90", [True, False, None, None]),
    ("last < '2026-02-01'", [True, False, None, False]),
    ("missing(plan)", [False, False, True, False]),
    ("missing(orders) or orders > 5", [False, False, True, True]),
    ("注文数 > 2", [False, False, True, True]),
    ("level == 'a'", [True, False, True, None]),
    ("orders > -1", [True, True, True, None]),
    ("True", [True] * 4),
    ("orders\n  > 2", [False, True, True, None])])
def test_a_condition_is_met_by_whom_it_says_and_unknown_where_a_value_is_missing(text, expected):
    assert met(text) == expected


FACES = {True: True, False: False, None: pd.NA}


@given(st.lists(st.tuples(*[st.sampled_from([True, False, None])] * 3), min_size=1, max_size=8),
       st.sampled_from(["a and b or not c", "not (a or b) and c", "a and not (b and c)", "a or b and c"]))
def test_and_or_not_are_those_of_python_whatever_the_unknown_turn_out_to_be(rows, text):
    """Where every way to fill the gaps gives one answer a condition may be known, and where known it is that answer."""
    table = pd.DataFrame(rows, columns=list("abc")).astype("boolean")
    for row, found in zip(rows, met(text, table), strict=True):
        ways = {eval(text, dict(zip("abc", filled, strict=True))) for filled in np.ndindex(2, 2, 2)
                if all(one is None or one == two for one, two in zip(row, filled, strict=True))}
        assert found is None or {found} == {bool(way) for way in ways}
        assert found is not None or None in row


@pytest.mark.parametrize(("text", "message"), [
    ("ordrs > 2", "no column 'ordrs'; did you mean 'orders'?\n    ordrs > 2\n    ^"),
    ("orders > 2 and days_since(lst) > 3", "no column 'lst'; did you mean 'last'?\n"
     "    orders > 2 and days_since(lst) > 3\n                              ^"),
    ("orders = 2", "write == for equal"), ("orders >", "cannot be read"), ("", "1 to 1,000 letters"),
    ("orders + 1 > 2", "only columns, numbers"), ("orders", "neither true nor false"),
    ("orders and agreed", "neither true nor false"), ("plan > 'a'", "a text can be compared by == and != alone"),
    ("orders == 'x'", "a number cannot be compared with a text"), ("plan in 'plus'", "after in stands a list"),
    ("plan in []", "after in stands a list"), ("daysince(last) > 3", "no function 'daysince'"),
    ("days_since(last, last) > 3", "takes the name of one column"), ("days_since(orders) > 3", "holds no dates"),
    ("last > 'soon'", "soon"), ("last == plan", "cannot be compared"), ("mixed == 1", "several kinds"),
    ("orders == None", "only columns, numbers"), ("orders is 3", "cannot be compared|== and !="),
    ("orders > 1e999", "only columns"), ("x" * 1001, "1 to 1,000 letters")])
def test_what_cannot_be_read_is_refused_with_its_place(text, message):
    with pytest.raises(UsageError) as error:
        met(text)
    assert any(part in str(error.value) for part in message.split("|"))


@pytest.mark.parametrize("text", [
    "__import__('os').system('true')", "().__class__", "orders.__class__", "(lambda: 1)()", "[x for x in orders]",
    "orders if True else 1", "f'{orders}'", "open('x')", "orders[0] > 1", "(a := 1)", "*orders", "orders > 1\\", "\0",
    "'\\d' == plan == 1", "not " * 240 + "orders",
    "(" * 300 + "1" + ")" * 300, "orders > " + "9" * 900, "1j == orders"])
def test_nothing_but_conditions_is_ever_run(text):
    with pytest.raises(UsageError):
        met(text)


def test_what_it_reads_is_told_in_the_order_of_the_text():
    condition = Condition("days_since(last) > 3 and orders > 2 or missing(plan) or orders < 0", TABLE, "rule 1")
    assert condition.uses() == ["days_since(last)", "orders", "missing(plan)"]
    assert condition.stamps() == ["last"]


def test_stamps_of_any_unit_and_without_a_zone_are_read_alike():
    for stamps in (TABLE["last"].dt.tz_localize(None), TABLE["last"].dt.tz_convert("Asia/Tokyo"),
                   TABLE["last"].dt.as_unit("s"), TABLE["last"].dt.as_unit("ns")):
        assert met("days_since(last) > 0.4", TABLE.assign(last=stamps)) == [True, True, None, None]


@pytest.mark.parametrize("text", ["x" + "()" * 490, "not " * 200 + "x", "-" * 900 + "1"])
def test_parts_within_parts_without_end_are_one_clear_line(text):
    with pytest.raises(UsageError, match="more than 30 parts within parts"):
        Condition(text, pd.DataFrame({"x": [True]}), "rule 1").met()
