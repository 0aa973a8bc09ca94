"""What the models share: histories counted once, the maximiser against scipy's, standard errors, and the looks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.ltv.bgnbd import BGNBD
from engagelab.ltv.fitting import customers, dot, maximise, unit_of

HISTORIES = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(4, 6)), min_size=1, max_size=40)
GIVEN = {"r": .25, "alpha": 4.0, "a": .8, "b": 2.5}


@given(HISTORIES)
def test_like_histories_are_counted_once_and_each_customer_finds_the_own(rows):
    table = pd.DataFrame([(x, t_x if x else 0, age) for x, t_x, age in rows], columns=["frequency", "recency", "T"])
    who = customers(table)
    assert who.n == len(table) and who.weight.sum() == len(table)
    assert len(who.age) == len(table.drop_duplicates())
    again = np.column_stack([who.frequency, who.recency, who.age])[who.place]
    assert (again == table.to_numpy()).all()
    assert who.weight.tolist() == np.bincount(who.place).tolist()


def test_the_order_of_rows_changes_nothing():
    table = BGNBD(GIVEN, every="week").simulate(1, n=500, T="50 weeks")
    mixed = table.sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(BGNBD().fit(table).params, BGNBD().fit(mixed).params, check_exact=True)


@pytest.mark.parametrize("row, match", [
    ((1, np.nan, 5), "a number is missing"), ((-1, 0, 5), "below 0"), ((1.5, 2, 5), "no whole number"),
    ((1, 6, 5), "recency 6 lies beyond T 5"), ((0, 2, 5), "frequency 0 does not go with recency 2"),
    ((2, 0, 5), "frequency 2 does not go with recency 0"), (("many", 0, 5), "'many'"), ((np.inf, 2, 5), "inf")])
def test_a_history_that_cannot_be_is_named_with_its_row(row, match):
    table = pd.DataFrame([(0, 0, 5), row], columns=["frequency", "recency", "T"])
    with pytest.raises(DataError, match=match) as caught:
        customers(table)
    assert "row 2" in str(caught.value)


def test_a_customer_with_several_rows_is_refused():
    table = BGNBD(GIVEN, every="week").simulate(1, n=50, T="50 weeks")
    table.insert(0, "who", [*range(49), 7])
    with pytest.raises(DataError, match=r"'who': a customer stands in several rows, again in row 50 \(1 such rows\)"):
        BGNBD().fit(table)


def test_what_is_said_against_a_fit_goes_along_with_its_answers():
    even = pd.DataFrame({"frequency": 5, "recency": np.linspace(40, 50, 100), "T": 50.0})
    model = BGNBD().fit(even, every="week")
    for answer in (model.p_alive(), model.expected_purchases("8 weeks"), model.value("8 weeks")):
        assert answer.attrs["notes"] == [model.flag] and model.flag.startswith("no inner maximum")
    assert BGNBD(GIVEN, every="week").p_alive(even).attrs["notes"] == []


def test_nobody_and_a_missing_column_are_refused():
    with pytest.raises(DataError, match="no customer"):
        customers(pd.DataFrame({"frequency": [], "recency": [], "T": []}))
    with pytest.raises(UsageError, match="'T'"):
        customers(pd.DataFrame({"frequency": [1], "recency": [1.0]}))


def hills(theta):
    """Rosenbrock's banana in three dimensions, upside down, with its gradient."""
    x, y, z = theta
    value = -(100 * (y - x * x) ** 2 + (1 - x) ** 2 + 100 * (z - y * y) ** 2 + (1 - y) ** 2)
    return value, np.array([400 * x * (y - x * x) + 2 * (1 - x),
                            -200 * (y - x * x) + 400 * y * (z - y * y) + 2 * (1 - y), -200 * (z - y * y)])


@settings(max_examples=30)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_the_maximum_of_a_curved_valley_is_found_where_scipy_finds_it(start):
    scipys = minimize(lambda theta: -hills(theta)[0], start, jac=lambda theta: -hills(theta)[1], method="BFGS",
                      options={"gtol": 1e-9})
    found = maximise(hills, np.array(start))
    assert found.value >= -scipys.fun - 1e-9
    assert found.theta == pytest.approx([1, 1, 1], abs=1e-6) and found.inner


def test_a_function_that_rises_for_ever_has_no_inner_maximum():
    assert not maximise(lambda theta: (-float(np.exp(-theta).sum()), np.exp(-theta)), np.zeros(2)).inner
    assert not maximise(lambda theta: (float(theta[0]), np.array([1.0, 0.0])), np.zeros(2)).inner
    flat = maximise(lambda theta: (-float((theta[0] - 1) ** 2), np.array([-2 * (theta[0] - 1), 0.0])), np.zeros(2))
    assert not flat.inner


def test_standard_errors_are_those_of_the_observed_information():
    table = BGNBD(GIVEN, every="week").simulate(1, n=5000, T="50 weeks")
    model = BGNBD().fit(table)
    draws = model.draws(50_000, seed=1)
    assert np.log(draws).std(axis=0) == pytest.approx((model.se / model.params).to_numpy(), rel=.02)
    assert (draws > 0).all()
    row = model.frame.set_index("metric").loc["r"]
    assert row["low"] * row["high"] == pytest.approx(row["estimate"] ** 2)
    assert (BGNBD(GIVEN, every="week").draws(3) == list(GIVEN.values())).all()


def test_a_hundred_fits_hold_the_truth_as_often_as_they_say():
    held = np.zeros(4)
    for seed in range(100):
        model = BGNBD().fit(BGNBD(GIVEN, every="week").simulate(seed, n=4000, T="60 weeks"))
        frame = model.frame.set_index("metric")
        held += [frame.loc[name, "low"] <= value <= frame.loc[name, "high"] for name, value in GIVEN.items()]
    assert (held >= 88).all()


def test_parameters_are_checked_and_put_in_order():
    assert list(BGNBD({"b": 1, "a": 2, "alpha": 3, "r": 4}, every="week").params) == [4, 3, 2, 1]
    for wrong in ({"r": 1}, GIVEN | {"a": 0}, GIVEN | {"a": np.nan}, GIVEN | {"c": 1}):
        with pytest.raises(UsageError, match="parameters are r, alpha, a, b"):
            BGNBD(wrong, every="week")


def test_the_unit_of_time_is_the_tables_own_and_never_another():
    table = pd.DataFrame({"T": [1.0]})
    assert unit_of(table, "week") == "week"
    with pytest.raises(UsageError, match="every='week'"):
        unit_of(table, None)
    with pytest.raises(UsageError, match="'fortnight'"):
        unit_of(table, "fortnight")
    table.attrs["every"] = "day"
    assert unit_of(table, None) == "day"
    with pytest.raises(UsageError, match="'day', not 'week'"):
        unit_of(table, "week")


def test_a_fit_is_looked_at_in_both_languages():
    model = BGNBD().fit(BGNBD(GIVEN, every="week").simulate(1, n=2000, T="50 weeks"))
    assert repr(BGNBD()) == "BGNBD()"
    assert "alpha" in repr(model) and "Cronbach" not in repr(model)
    assert "fitted to 2,000 customers" in repr(model) and "<table" in model._repr_html_()
    with words.speaking("ja"):
        assert "顧客2,000人" in repr(model)


def test_the_sum_of_products_is_numpys():
    random = np.random.RandomState(0)
    one, other = random.normal(size=(2, 1000))
    assert dot(one, other) == pytest.approx(one @ other)
