"""A refusal names the argument, the value and the way out, and travels whole."""

import pickle

import pytest

from engagelab import errors


def test_an_error_keeps_its_key_and_values_through_a_pickle():
    error = errors.NoColumn("errors.no_column", data="orders", column="'totl'", available="'total'")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.NoColumn
    assert (again.key, again.values, str(again)) == (error.key, error.values, str(error))


def test_a_missing_column_is_caught_as_key_error_and_as_value_error_and_prints_without_quotes():
    for kind in (KeyError, ValueError, errors.EngagelabError):
        with pytest.raises(kind) as caught:
            errors.column_of("totl", ["total"], "orders")
        assert str(caught.value) == "orders has no column 'totl'; it has 'total'; did you mean 'total'?"


def test_nothing_is_suggested_where_nothing_is_near():
    assert errors.near("zzz", ["total"]) == ""
