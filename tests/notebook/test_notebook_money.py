"""What a notebook does with amounts of several kinds: the most common kind stays, and the rest is said."""

import pandas as pd

from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean
from engagelab.money import net
from engagelab.notebook.money import no_amount, one_currency, tax_told


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


def test_orders_that_do_not_say_the_tax_keep_their_amount():
    few = {"total": 110.0, "subtotal": 110.0, "tax": 10.0, "currency": "JPY"}
    orders = pd.DataFrame([few | {"tax_included": True}, *[few | {"tax_included": None}] * 9])
    told, said = tax_told(orders.astype({"tax_included": "boolean"}))
    assert said == "9 rows do not say whether the tax is in; they are taken as with tax."
    assert net(told)["amount"].tolist() == [100.0] * 10
    assert no_amount(net(told)) == ""


def test_a_total_with_the_tax_on_top_is_not_taken_to_be_without():
    orders = pd.DataFrame({"total": [100.0, 110.0, 90.0], "subtotal": [100.0, 100.0, 90.0], "tax": [10.0, 10.0, 9.0],
                           "tax_included": pd.array([False, None, None], dtype="boolean"), "currency": "JPY"})
    told, said = tax_told(orders)
    assert told["tax_included"].tolist() == [False, True, False]
    assert said.startswith("1 rows do not say")
    assert net(told)["amount"].tolist() == [100.0, 100.0, 90.0]


def test_both_kinds_stay_only_where_the_tax_can_be_taken_out():
    orders = pd.DataFrame({"total": [110.0, 110.0, 100.0], "tax": [10.0, 10.0, 10.0], "currency": "JPY",
                           "tax_included": pd.array([True, True, False], dtype="boolean")})
    assert tax_told(orders)[1] == "" and len(tax_told(orders)[0]) == 3
    told, said = tax_told(orders.drop(columns="tax"))
    assert (len(told), said) == (2, "Only amounts with tax are counted; 1 other rows are left out.")


def test_orders_without_an_amount_are_told_from_void_ones():
    orders = pd.DataFrame({"amount": [1.0, None, None], "status": ["paid", "paid", "Voided"]})
    assert no_amount(orders).startswith("1 of 3 orders have no amount that can be compared")
