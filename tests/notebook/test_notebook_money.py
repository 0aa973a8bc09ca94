"""What a notebook does with amounts of several kinds: the most common kind stays, and the rest is said."""

import pandas as pd

from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean
from engagelab.notebook.money import one_currency


def test_rows_of_other_currencies_and_with_other_tax_are_left_out_and_said():
    plans = pd.DataFrame({"amount": [1.0, 2.0, 3.0, 4.0, 5.0], "currency": ["JPY", None, "JPY", "USD", "JPY"],
                          "tax_included": pd.array([True, True, False, True, None], dtype="boolean")})
    kept, currency, said = one_currency(plans, "JPY")
    assert (kept["amount"].tolist(), currency) == ([1, 2, 5], "JPY")
    assert said == ("Only amounts in JPY are counted; 1 rows in USD are left out. "
                    "1 rows do not say whether the tax is in; they are taken as with tax. "
                    "Only amounts with tax are counted; 1 other rows are left out.")
    assert measure(kept, mean("amount"))["n"].item() == 3


def test_rows_that_do_not_say_the_tax_are_taken_like_all_others_and_said():
    plans = pd.DataFrame({"amount": [1.0, 2.0], "tax_included": pd.array([None, False], dtype="boolean")})
    kept, _, said = one_currency(plans, "JPY")
    assert said == "1 rows do not say whether the tax is in; they are taken as without tax."
    assert measure(kept, mean("amount"))["n"].item() == 2


def test_a_table_of_one_kind_stays_whole_without_a_word():
    plans = pd.DataFrame({"amount": [1.0, 2.0], "currency": ["JPY", None]})
    for table in (plans, plans.drop(columns="currency"), plans[:0]):
        kept, currency, said = one_currency(table, "JPY")
        assert (len(kept), currency, said) == (len(table), "JPY", "")


def test_rows_that_say_no_currency_at_all_are_a_kind_of_their_own():
    plans = pd.DataFrame({"amount": [1.0, 2.0, 3.0], "currency": [None, "USD", "USD"]})
    assert one_currency(plans, "")[2] == "Only amounts in USD are counted; 1 rows in (missing) are left out."
