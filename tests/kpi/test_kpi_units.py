import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab import words
from engagelab.display import shown
from engagelab.kpi import units

UNITS = st.dictionaries(st.sampled_from(["JPY", "person", "month", "year", "order", "%", "pt"]),
                        st.integers(-3, 3).filter(bool), max_size=5)


@pytest.mark.parametrize(("text", "unit"), [
    ("JPY", {"JPY": 1}), ("円", {"JPY": 1}), ("¥", {"JPY": 1}), ("￥／人", {"JPY": 1, "person": -1}),
    ("jpy", {"JPY": 1}), ("USD / order", {"USD": 1, "order": -1}), ("1/month", {"month": -1}),
    ("1/か月", {"month": -1}), ("%", {"%": 1}),
    ("1", {}), ("people*months", {"person": 1, "month": 1}), ("人×月", {"person": 1, "month": 1}), ("pts", {"pt": 1}),
    ("JPY*JPY", {"JPY": 2}), ("person/person", {}), ("千円", {"千円": 1}), ("％", {"%": 1}),
    ("", None), ("JPY per person", None), ("JPY//month", None), ("/month", None), ("JPY/", None), ("JPY^2", None),
    ("100 JPY", None), ("12", None), ("JPY/(person*month)", None), ("a*" * 150 + "a", None)])
def test_a_unit_is_read_as_it_is_written_in_either_language(text, unit):
    assert units.read(text) == unit


@given(UNITS)
def test_what_is_written_is_read_as_it_was(unit):
    again = units.read(units.written(unit))
    assert again is not None and units.alike(again, unit)
    with words.speaking("ja"):
        assert units.alike(units.read(units.written(unit, shown=True)), unit)


@given(UNITS, UNITS, UNITS)
def test_units_are_multiplied_and_divided_as_numbers_are(one, other, third):
    assert units.product(units.product(one, other), other, -1) == one
    assert units.product(one, other) == units.product(other, one)
    assert units.product(units.product(one, other), third) == units.product(one, units.product(other, third))
    assert units.alike(one, other) == units.alike(other, one) and units.alike(one, one)


@pytest.mark.parametrize(("have", "want", "says"), [
    ("JPY/person", "JPY", "multiply x by something in person"),
    ("JPY", "JPY/person", "divide x by something in person"),
    ("USD", "JPY", "multiply x by something in JPY/USD"), ("person", "JPY", "multiply x by something in JPY/person"),
    ("JPY/month", "JPY/year", "multiply x by a line of its own, per_year = 12 [month/year]"),
    ("JPY/year", "JPY/month", "divide x by a line of its own, per_year = 12 [month/year]"),
    ("1/week", "1/day", "divide x by a line of its own, per_week = 7 [day/week]"),
    ("%", "JPY", "multiply x by something in JPY"), ("JPY", "%", "divide x by something in JPY"),
    ("%/month", "1", "multiply x by something in month")])
def test_the_remedy_says_what_is_missing(have, want, says):
    assert units.remedy("x", units.read(have), units.read(want)) == says


@given(UNITS, UNITS)
def test_the_remedy_is_right_for_whatever_units(have, want):
    """What it says to multiply or divide by gives the unit that is wanted."""
    if units.alike(have, want):
        return
    says = units.remedy("x", have, want)
    factor = units.read(says.partition("[")[2].rstrip("]") or says.partition(" in ")[2])
    assert factor is not None
    assert units.alike(units.product(have, factor, -1 if says.startswith("divide") else 1), want)


@pytest.mark.parametrize(("unit", "display", "per"), [
    ("%", "share", ""), ("pt", "points", ""), ("JPY", "JPY", ""), ("円/人/月", "JPY", "/person/month"),
    ("USD/order", "USD", "/order"), ("1/month", "share", "/month"), ("1/年", "share", "/year"),
    ("%/month", "share", "/month"), ("person", "count", ""), ("order", "count", ""), ("message", "count", ""),
    ("minute", "minutes", ""),
    ("order/person", "number", "/person"), ("person*month", "number", ""), ("1", "number", ""), ("", "number", ""),
    ("1/person", "number", "/person"), ("KRW/person", "KRW", "/person"), ("JPY*month", "number", ""),
    ("pt/month", "number", "/month")])
def test_a_number_is_shown_by_what_its_unit_is_of_and_per(unit, display, per):
    assert (units.display_unit(unit), units.per(unit)) == (display, per)
    assert shown(.5, units.display_unit(unit))


def test_the_words_behind_a_number_are_those_of_the_language():
    with words.speaking("ja"):
        assert (units.per("JPY/person/month"), units.written({"JPY": 1, "千本": -1}, shown=True)) == ("/人/月",
    "円/千本")
