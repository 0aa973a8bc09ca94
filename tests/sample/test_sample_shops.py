"""The shops by month: a row each, with the people who are in the table of employees."""

import pandas as pd
import pytest


def test_there_are_24_shops_in_18_months_in_two_regions(workplace):
    table = workplace()["shops"]
    assert len(table) == 24 * 18 and not table.duplicated(["shop_id", "month"]).any()
    assert table["shop_id"].unique().tolist() == [f"S{number:02}" for number in range(1, 25)]
    assert table.drop_duplicates("shop_id")["region"].value_counts().to_dict() == {"kanto": 12, "kansai": 12}
    assert table["shop_name"].nunique() == 24
    month = table["month"].dt.tz_convert("Asia/Tokyo")
    assert (month.dt.day == 1).all() and (month.dt.hour == 0).all()
    assert (table["opened_at"] < table["month"].min()).all()
    assert (table.groupby("shop_id")["opened_at"].nunique() == 1).all()


@pytest.mark.parametrize(("customers", "seed"), [(200, 1), (4000, 7)])
def test_people_are_those_of_the_table_of_employees(workplace, customers, seed):
    tables = workplace(customers, seed)
    staff = tables["employees"]
    for place in range(0, len(tables["shops"]), 37):
        row = tables["shops"].iloc[place]
        last = (row["month"].tz_convert("Asia/Tokyo") + pd.offsets.MonthBegin(1)) - pd.Timedelta(days=1)
        there = (staff["hired_at"] <= last) & ~(staff["left_at"] < last) & (staff["shop_id"] == row["shop_id"])
        assert there.sum() == row["employees"]


def test_money_is_whole_and_the_margin_is_what_goods_and_wages_leave(workplace):
    table = workplace()["shops"]
    assert (table[["sales", "margin"]] % 1 == 0).all(axis=None)
    assert (table["orders"] < table["visitors"]).all() and (table["margin"] < table["sales"]).all()
    assert .1 < table["margin"].sum() / table["sales"].sum() < .25
    assert (table.groupby("shop_id")["margin"].sum() > 0).all()
