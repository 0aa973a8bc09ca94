"""The profit of a folder as a tree: in one currency, whole periods as whole, one's own lines and values."""

from dataclasses import replace

import pytest

from engagelab.errors import SourceError
from engagelab.kpi.formula import label
from engagelab.kpi.watch import watch
from engagelab.notebook.indicators import monthly
from engagelab.notebook.periods import periods
from engagelab.notebook.profit import profit_tree
from engagelab.notebook.setup import open_data


@pytest.fixture(scope="module")
def sample():
    return open_data("sample")


def changed(company, name, frame=None, **settings):
    tables = {**company.tables, name: frame} if name else company.tables
    return replace(company, tables=tables, settings=replace(company.settings, **settings))


def test_periods_that_the_data_cover_are_whole_in_every_table(sample):
    values = profit_tree(sample, periods(sample)).values
    assert (values.frame["flag"] == "").all()


def test_a_collapse_of_the_newest_month_is_watched(sample):
    orders, when = sample["orders"], periods(sample)
    late = orders["ordered_at"] >= "2026-09-01"
    few = changed(sample, "orders", orders[~late | (orders.index % 10 == 0)])
    found = watch(monthly(few, when, []))
    assert found.frame.loc[found.frame["metric"] == "customers", "moved"].tolist() == ["down"]


def test_costs_in_another_currency_are_left_out_and_said(sample):
    costs = sample["costs"]
    some = costs.assign(currency=costs["currency"].mask(costs["channel"] == "search", "USD"))
    found = profit_tree(changed(sample, "costs", some), periods(sample))
    assert any("are not in JPY" in note for note in found.notes)
    kept = costs.loc[(costs["channel"] != "search") & (costs["month"] >= "2026-06-30T15:00Z"), "amount"].sum()
    frame = found.values[periods(sample).now].frame.set_index("metric")
    assert frame.loc["marketing", "estimate"] == kept


def test_subscriptions_in_another_currency_are_no_yen(sample):
    held = sample["subscriptions"]
    half = held.assign(currency=held["currency"].mask(held.index % 2 == 0, "EUR"))
    whole, part = (profit_tree(one, periods(sample)) for one in (sample, changed(sample, "subscriptions", half)))
    ran = [one.values[periods(sample).now].frame.set_index("metric").loc["running", "estimate"]
           for one in (whole, part)]
    assert ran[1] == pytest.approx(ran[0] / 2, rel=.05)


def test_without_a_currency_of_the_company_it_is_that_of_the_amounts(sample):
    assert profit_tree(changed(sample, "", currency=""), periods(sample)).currency == "JPY"
    assert profit_tree(changed(sample, "", currency="EUR"), periods(sample)).currency == "JPY"


def test_a_value_of_ones_own_may_have_an_error_and_must_be_a_leaf(sample):
    own = replace(sample.settings.kpi, tree="left = order_sales - rent", values={"rent": [1000.0, 50.0]})
    found = profit_tree(changed(sample, "", kpi=own), periods(sample)).values[periods(sample).now].frame
    assert found.set_index("metric").loc["rent", ["estimate", "se"]].tolist() == [1000, 50]
    with pytest.raises(SourceError, match="no leaf rnt"):
        profit_tree(changed(sample, "", kpi=replace(own, values={"rent": 1, "rnt": 2})), periods(sample))


def test_orders_that_do_not_say_the_tax_count_as_the_others_and_it_is_said(sample):
    orders = sample["orders"]
    few = orders.assign(tax_included=orders["tax_included"].where(orders.index % 20 == 0))
    whole, part = (profit_tree(one, periods(sample)) for one in (sample, changed(sample, "orders", few)))
    leaf, now = "order_value", periods(sample).now
    before, after = (one.values[now].frame.set_index("metric").loc[leaf, "estimate"] for one in (whole, part))
    assert after == before
    assert any("do not say whether the tax is in" in note for note in part.notes)
    assert [note for note in part.notes if "left out" in note] == [note for note in whole.notes if "left out" in note]
    assert all("rate" not in note for note in whole.notes)


def test_without_a_margin_the_tree_ends_in_sales(sample):
    value = replace(sample.settings.value, margin=1.0)
    bare = profit_tree(changed(sample, "", value=value), periods(sample))
    assert bare.only_sales and label(bare.tree.nodes["profit"]) == "Sales less marketing"
    priced = profit_tree(sample, periods(sample))
    assert not priced.only_sales and label(priced.tree.nodes["profit"]) == "Profit after marketing"
