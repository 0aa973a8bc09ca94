"""Amounts are comparable: every part against arithmetic by hand, rates against a plain loop, unlike ones refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import money, words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, quantile, rate, ratio

# A shop of 10 % tax. In Japan prices contain it; in the second row it is put on top, of the goods alone.
INSIDE = {"subtotal": 1980.0, "shipping": 550.0, "tax": 230.0, "total": 2530.0, "discount": 220.0, "points": 330.0,
          "refunded": 110.0, "tax_included": True, "currency": "JPY"}
ON_TOP = {"subtotal": 100.0, "shipping": 8.0, "tax": 10.0, "total": 118.0, "discount": 5.0, "points": 0.0,
          "refunded": 0.0, "tax_included": True, "currency": "JPY"}


def orders(*rows, **columns):
    frame = pd.DataFrame(list(rows)).astype({"tax_included": "boolean"})
    return frame.assign(ordered_at=pd.to_datetime(["2026-04-10"] * len(rows), utc=True), **columns)


def monthly(*rates):
    frame = pd.DataFrame(list(rates), columns=["currency", "month", "to", "rate"])
    return frame.assign(month=pd.to_datetime(frame["month"], utc=True), source="made up")


@pytest.mark.parametrize(("row", "of", "amount", "said"), [
    (INSIDE, [], 2750, "total in JPY; with tax; with refunds, points, coupons, shipping in it"),
    (INSIDE, ["coupons"], 2530, "total in JPY; with tax; net of coupons; with refunds, points, shipping in it"),
    (INSIDE, ["refunds", "coupons"], 2420,
     "total in JPY; with tax; net of refunds, coupons; with points, shipping in it"),
    (INSIDE, ["points", "coupons"], 2200, None),
    (INSIDE, ["shipping", "coupons"], 1980, None),
    (INSIDE, ["tax", "coupons"], 2300,
     "total in JPY; without tax; net of coupons; with refunds, points, shipping in it"),
    (INSIDE, ["tax", "shipping", "coupons"], 1800, None),
    (INSIDE, ["tax", "shipping"], 2000, None),
    (INSIDE, None, 1400, "total in JPY; without tax; net of refunds, points, coupons, shipping"),
    (ON_TOP, ["tax", "shipping", "coupons"], 100, None),
    (ON_TOP, ["tax", "coupons"], 108, None),
    (ON_TOP, ["tax"], 113, None)])
def test_each_part_is_taken_out_as_by_hand(row, of, amount, said):
    found = money.net(orders(row), of=of)
    assert found["amount"].item() == pytest.approx(amount)
    assert said is None or found.attrs["amount"] == said
    assert not {"total", "subtotal", "tax", "points"} & set(found)
    assert bool(found["tax_included"].item()) == (of is not None and "tax" not in of)


def test_what_the_table_does_not_tell_is_said_and_never_taken_as_nothing():
    bare = orders(INSIDE).drop(columns=["points", "tax_included"])
    assert money.net(bare).attrs["amount"] == (
        "total in JPY; net of refunds, coupons, shipping; not told: tax, points")
    with pytest.raises(DataError, match=r"'points' cannot be taken out of 'total'.* column 'points'"):
        money.net(bare, of="points")
    with pytest.raises(DataError, match=r"'tax' cannot be taken out .* column 'tax_included'"):
        money.net(bare, of=["tax"])
    with pytest.raises(UsageError, match="did you mean 'refunds'"):
        money.net(bare, of="refund")
    with words.speaking("ja"):
        assert money.net(orders(INSIDE)).attrs["amount"].startswith("total（JPY）；税抜；差引済み：返金")


def test_blanks_and_gaps_are_counted():
    table = orders(INSIDE, {**INSIDE, "refunded": None}, {**INSIDE, "currency": None}, {**INSIDE, "tax": None},
                   {**INSIDE, "tax_included": None}, {**INSIDE, "total": None})
    found = money.net(table)
    assert found["amount"].round(6).tolist()[:2] == [1400, 1500]
    assert found["amount"].isna().tolist() == [False, False, True, True, True, True]
    assert found.attrs["notes"] == [
        "a blank in 'refunded' was taken as none",
        "1 of 6 rows have an amount in 'total' and no currency; they have no comparable amount",
        "3 of 6 rows have no comparable amount, because 'total' or what has to be taken out is missing"]


def test_a_table_of_one_amount_needs_no_parts():
    costs = pd.DataFrame({"amount": [100.0, 3.0], "currency": ["JPY", "EUR"], "tax_included": [False, False],
                          "month": pd.to_datetime(["2026-03-31 15:00"] * 2, utc=True)})
    found = money.net(costs, currency="JPY", tz="Asia/Tokyo", rates=monthly(("EUR", "2026-03-31 15:00", None, 160.0)))
    assert found["amount"].tolist() == [100, 480]
    assert found.attrs["amount"] == "amount in JPY; without tax"


def test_tax_in_some_rows_and_out_in_others_is_refused_unless_it_can_be_taken_out():
    both = orders(INSIDE, {**INSIDE, "tax_included": False})
    with pytest.raises(DataError, match=r"with tax \(True\) and without it \(False\): (True|False) \(1\)"):
        money.net(both, of="refunds")
    assert money.net(both, of=["tax", "coupons"])["amount"].tolist() == pytest.approx([2300, 2530])
    with pytest.raises(DataError, match="1 rows say that the tax is not included, the first of them row 2"):
        money.net(orders(INSIDE, {**ON_TOP, "tax_included": False}))


def test_an_amount_without_a_currency_is_refused():
    for table in (orders(INSIDE).drop(columns="currency"), orders({**INSIDE, "currency": None})):
        with pytest.raises(DataError, match="no row says the currency of 'total'"):
            money.net(table)
    with pytest.raises(NoColumn):
        money.net(pd.DataFrame({"x": [1]}))
    with pytest.raises(DataError, match="not numbers"):
        money.net(pd.DataFrame({"total": ["1,200"], "currency": ["JPY"]}))


@pytest.mark.parametrize(("column", "bad", "match"), [
    ("refunded", "x", "column 'refunded' holds .*, not numbers"), ("total", True, "column 'total' holds bool"),
    ("tax_included", "yes", "column 'tax_included' holds .*, not True and False"),
    ("rate", "150", "column 'rate' holds .*, not numbers")])
def test_columns_of_another_kind_are_refused(column, bad, match):
    rates = monthly(("USD", "2026-04-01", "JPY", 150.0))
    with pytest.raises(DataError, match=match):
        money.net(DOLLARS.assign(**{column: bad}), currency="JPY",
                  rates=rates.assign(rate=bad) if column == "rate" else rates)
    with pytest.raises(UsageError, match="of must be one of"):
        money.net(DOLLARS, of=5)


DOLLARS = orders(INSIDE, {**INSIDE, "currency": "USD"}, {**INSIDE, "currency": "USD"})


@pytest.mark.parametrize(("rates", "error", "match"), [
    (None, UsageError, r"amounts in USD \(2\) cannot be converted to JPY without rates="),
    (monthly(), DataError, "no rate from USD to JPY for 2026-04, which 2 rows need, the first of them row 2"),
    (monthly(("USD", "2026-03-01", "JPY", 150.0)), DataError, "no rate from USD to JPY for 2026-04"),
    (monthly(("USD", "2026-04-01", "EUR", .9)), DataError, "no rate from USD to JPY"),
    (monthly(*[("USD", "2026-04-01", "JPY", 150.0)] * 2), DataError, "USD to JPY for 2026-04 is given twice"),
    (monthly(("USD", "2026-04-01", "JPY", 0.0)), DataError, "is 0.0; a rate is a number above 0"),
    (monthly(("USD", "2026-04-01", "JPY", float("nan"))), DataError, "a rate is a number above 0"),
    (monthly(("USD", "2026-03-31 15:00", "JPY", 150.0)), DataError, "not the first of a month at midnight in UTC"),
    (monthly(("USD", None, "JPY", 150.0)), DataError, "not the first of a month"),
    (monthly(("USD", "2026-04-02", "JPY", 150.0)), DataError, "not the first of a month"),
    (monthly(("USD", "2026-04-01", "JPY", 150.0)).drop(columns="rate"), NoColumn, "rates has no column 'rate'")])
def test_rates_that_cannot_be_right_are_refused(rates, error, match):
    with pytest.raises(error, match=match):
        money.net(DOLLARS, currency="JPY", rates=rates)


def test_the_goal_of_several_currencies_has_to_be_said():
    with pytest.raises(DataError, match=r"several currencies: USD \(2\), JPY \(1\)"):
        money.net(DOLLARS)


def test_a_row_without_a_stamp_has_no_rate():
    table = DOLLARS.assign(ordered_at=pd.to_datetime(["2026-04-01", None, "2026-04-01"], utc=True))
    with pytest.raises(DataError, match="row 2 in USD has no stamp"):
        money.net(table, currency="JPY", rates=monthly(("USD", "2026-04-01", "JPY", 150.0)))
    with pytest.raises(UsageError, match="time="):
        money.net(table.drop(columns="ordered_at"), currency="JPY", rates=monthly())
    with pytest.raises(DataError, match="not dates or stamps"):
        money.net(table.assign(ordered_at="2026-04-01"), currency="JPY", rates=monthly())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["JPY", "USD", "EUR", None]), st.integers(1, 12), st.integers(0, 10**6)),
                min_size=1, max_size=12).filter(lambda rows: any(row[0] for row in rows)))
def test_each_row_is_converted_at_the_rate_of_its_own_month_in_the_zone(rows):
    worth = {(name, month): 100.0 + month if name == "USD" else 150.0 + 2 * month
             for name in ("USD", "EUR") for month in range(1, 13)}
    rates = monthly(*((name, f"2026-{month:02d}-01", "JPY", rate) for (name, month), rate in worth.items()))
    rates["month"] = rates["month"].dt.tz_localize(None)  # a month by the calendar is a month in every zone
    stamps = pd.to_datetime([f"2026-{month:02d}-01 00:30" for _, month, _ in rows]).tz_localize("Asia/Tokyo")
    table = pd.DataFrame({"amount": [float(row[2]) for row in rows], "currency": [row[0] for row in rows],
                          "month": stamps.tz_convert("UTC")}, index=[7] * len(rows))
    found = money.net(table, currency="JPY", rates=rates, tz="Asia/Tokyo")
    expected = [amount * (1 if name == "JPY" else worth[name, month]) if name else np.nan
                for name, month, amount in rows]
    np.testing.assert_allclose(found["amount"], expected)
    assert set(found["currency"].dropna()) <= {"JPY"}


MIXED = pd.DataFrame({"total": [1.0, 2.0, 3.0, None], "goods": [1, 1, 1, 1], "currency": ["JPY", "USD", "JPY", "EUR"],
                      "ordered_at": pd.to_datetime(["2026-04-01", "2026-05-01", "2026-04-01", "2026-04-01"], utc=True)})


@pytest.mark.parametrize("noun", [mean("total"), quantile("total"), ratio("total", "goods"), ratio("goods", "total")])
@pytest.mark.parametrize("by", [{}, {"by": "goods"}, {"by": "currency", "total": True}])
def test_amounts_of_several_currencies_are_not_summed(noun, by):
    with pytest.raises(DataError, match=r"'total' has amounts of several currencies: JPY \(2\), USD \(1\)"):
        measure(MIXED, noun, **by)


def test_amounts_are_summed_within_a_currency_and_where_a_window_has_one_only():
    assert measure(MIXED, mean("total"), by="currency")["estimate"].tolist()[1:] == [2, 2]
    assert measure(MIXED, mean("total"), time="ordered_at", until="2026-05-01")["estimate"].item() == 2
    assert measure(MIXED, mean("goods"))["estimate"].item() == 1
    assert measure(MIXED, rate("goods"), by="currency", total=True)["n"].tolist() == [1, 2, 1, 4]
    own = MIXED.rename(columns={"total": "weight_of_box"})
    assert measure(own, mean("weight_of_box"))["estimate"].item() == 2


def test_weights_in_several_currencies_are_not_summed():
    with pytest.raises(DataError, match="several currencies"):
        measure(MIXED, mean("goods"), weights="total")


def test_amounts_with_tax_and_without_are_not_summed():
    table = MIXED.assign(currency="JPY", tax_included=pd.array([True, False, None, True], dtype="boolean"))
    with pytest.raises(DataError, match=r"with tax \(True\) and without it \(False\): false \(1\), true \(1\)"):
        measure(table, mean("total"))
    assert measure(table, mean("total"), by="tax_included")["n"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("noun", [mean("total"), quantile("total"), ratio("total", "goods")])
@pytest.mark.parametrize("column", ["currency", "tax_included"])
def test_amounts_of_which_some_rows_do_not_say_what_they_are_are_not_summed(noun, column):
    table = MIXED[MIXED["currency"].eq("JPY")].assign(tax_included=pd.array([True, True], dtype="boolean"))
    table[column] = table[column].where([True, False])
    with pytest.raises(DataError, match=rf"1 rows have an amount in 'total' .*'{column}', drop those rows"):
        measure(table, noun)
    assert measure(table, noun, by=column)["n"].sum() == 2
    assert measure(table[table[column].notna()], noun)["n"].item() == 1
    assert measure(table.assign(**{column: None}), noun)["n"].item() == 2
    blank = table.assign(total=table["total"].where(table[column].notna()))      # no amount, nothing to say of it
    assert measure(blank, noun)["estimate"].notna().all()


def test_what_net_gives_can_be_summed():
    table = orders(INSIDE, {**INSIDE, "currency": "USD", "tax_included": False})
    found = money.net(table, currency="JPY", rates=monthly(("USD", "2026-04-01", "JPY", 100.0)))
    assert measure(found, mean("amount"))["n"].item() == 2


def test_a_full_refund_leaves_nothing_whatever_was_in_the_total():
    order = {"total": 2080.0, "subtotal": 1480.0, "shipping": 600.0, "tax": 154.0, "discount": 100.0, "points": 300.0,
             "currency": "JPY", "tax_included": True}
    frame = pd.DataFrame([order | {"refunded": given_back} for given_back in (0.0, 1000.0, 1700.0, 2080.0)])
    # goods and shipping of 2,080, of which a refund takes the goods first and then the points and the shipping
    net = money.net(frame)["amount"] / (1 - 154 / 2080)
    assert net.round(6).tolist()[2:] == [0.0, 0.0]
    assert net[0] == pytest.approx(2080 - 300 - 600 / (1 - 154 / 2080) * (1 - 154 / 2080))
    assert money.net(frame, of=["refunds", "tax"])["amount"].iloc[3] == pytest.approx(0.0)


def test_voided_orders_have_no_amount_and_are_counted():
    frame = pd.DataFrame({"total": [100.0, 50.0], "status": ["paid", "voided"], "currency": "JPY"})
    net = money.net(frame)
    assert net["amount"].tolist()[0] == 100.0
    assert np.isnan(net["amount"].iloc[1])
    assert "1 voided orders have no amount" in net.attrs["notes"]


@pytest.mark.parametrize("status", ["Voided", "VOIDED", " cancelled", "Cancelled", "canceled"])
def test_a_voided_order_is_known_however_it_is_spelled(status):
    frame = pd.DataFrame({"total": [100.0, 50.0, 7.0], "status": ["Paid", status, None], "currency": "JPY"})
    net = money.net(frame)
    assert net["amount"].isna().tolist() == [False, True, False]
    assert "1 voided orders have no amount" in net.attrs["notes"]


def test_more_given_back_than_paid_stays_below_zero_and_is_counted():
    frame = orders({**INSIDE, "refunded": 3000.0}, INSIDE, {**INSIDE, "refunded": 2530.0},
                   {**INSIDE, "total": -500.0, "refunded": 0.0, "discount": 0.0}, {**INSIDE, "refunded": 9000.0})
    for of in (None, "refunds", ["refunds", "points", "shipping"]):
        found = money.net(frame.assign(status=["paid"] * 4 + ["voided"]), of=of)
        assert found["amount"].lt(0).tolist() == [True, False, False, True, False]
        assert "1 orders have more refunded than their total; their amount is below 0" in found.attrs["notes"]
    assert money.net(frame, of="refunds")["amount"].iloc[0] == 2530 - 3000      # a discount of it is gone as well
    assert not [note for note in money.net(frame, of=[]).attrs["notes"] if "below 0" in note]
    with words.speaking("ja"):
        assert "返金が合計を上回る注文2件は、金額がマイナスです" in money.net(frame).attrs["notes"]


def test_tax_on_top_comes_off_the_goods_alone_also_after_a_refund():
    order = {"total": 118.0, "subtotal": 100.0, "shipping": 10.0, "tax": 8.0, "currency": "JPY", "tax_included": True}
    frame = pd.DataFrame([order | {"refunded": given_back} for given_back in (0.0, 54.0, 108.0, 118.0)])
    assert money.net(frame)["amount"].round(9).tolist() == [100.0, 50.0, 0.0, 0.0]
    assert money.net(frame, of=["refunds", "tax"])["amount"].round(9).tolist() == [110.0, 60.0, 10.0, 0.0]
    assert money.net(frame, of=["refunds", "shipping"])["amount"].round(9).tolist() == [108.0, 54.0, 0.0, 0.0]
