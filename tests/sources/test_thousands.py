"""Points between thousands: never read quietly as a decimal point where the file leaves it open."""

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.errors import SourceError
from engagelab.sources.job import Options
from engagelab.sources.read import read, read_with
from engagelab.sources.thousands import decimal_comma, doubtful

HEAD = "order_id;ordered_at;currency;total;tax\n"


def places(*cells):
    return doubtful(pd.Series(cells, dtype=object)).tolist()


def test_a_point_is_no_decimal_one_where_the_column_has_decimal_commas():
    assert places("1.000", "25.500,50", "€ 2.000", "1,000", "7.5") == [0, 2, 3]
    assert places("1.000", "12,5") == [0]
    assert places("1.000", "-25.500", "3", "\u22121.000 €", "▲1.000", "€ -2.000") == [0, 1, 3, 4, 5]
    assert places("1.000", "0.5") == places("1.000", "0.125") == places("1.000", "1234.500") == []
    assert not decimal_comma(pd.Series(["1.000", "1,2O"]))      # a slip of the pen is no decimal comma


@given(st.lists(st.integers(1, 10**9), min_size=1))
def test_every_whole_number_with_points_between_thousands_is_in_doubt(numbers):
    """As Babel, ICU and a spreadsheet in German write them: f"{n:,}" with points in the place of commas."""
    cells = [f"{number:,}".replace(",", ".") for number in numbers]
    assert places(*cells) == [place for place, number in enumerate(numbers) if number > 999]


EUROPEAN = {
    "a decimal comma in another column":
        "order_id,ordered_at,total,tax\n" + '1,2025-07-01,1.000,"160,5"\n2,2025-07-02,900,1\n',
    "the same with semicolons": HEAD + "1;2025-07-01;EUR;1.000;160,50\n2;2025-07-02;EUR;900;90,10\n",
    "semicolons alone": "order_id;ordered_at;total;tax\n1;2025-07-01;1.000;160\n2;2025-07-02;900;90\n",
    "a column that says euro": "order_id,ordered_at,total,currency\n1,2025-07-01,1.000,EUR\n2,2025-07-02,900,EUR\n",
    "another such currency": "order_id,ordered_at,total,currency\n1,2025-07-01,1.000,brl\n2,2025-07-02,900,brl\n",
    "the sign of the euro": "order_id,ordered_at,total\n1,2025-07-01,1.000 €\n2,2025-07-02,900 €\n",
    "a sign in one row of another column": "order_id,ordered_at,total,tax\n1,2025-07-01,1.000,1\n2,2025-07-02,900,€9\n",
    "several points": "order_id;ordered_at;total\n1;2025-07-01;1.234.567\n2;2025-07-02;900\n",
}


@pytest.mark.parametrize("why", EUROPEAN)
def test_what_may_be_a_thousand_is_a_fault_with_its_place_and_never_one(load, why):
    with pytest.raises(SourceError, match=r"file.csv line 2, column '(total|tax)' .*(may have a point between thousands"
                                          r"|'160,50?' is not a number)"):
        load(EUROPEAN[why])
    reading = load(EUROPEAN[why], on_bad="return")
    assert reading.frame["total"].isna().tolist() == [True, False] and reading.frame["total"].iloc[1] == 900
    doubted = reading.rejects[reading.rejects["column"] == "total"]
    assert doubted["line"].tolist() == [2] and doubted["reason"].str.contains("between thousands").all()


SETTLED = {
    "a decimal point in the column": HEAD + "1;2025-07-01;EUR;1.000;160\n2;2025-07-02;EUR;9.50;90\n",
    "one in another column": HEAD + "1;2025-07-01;EUR;1.000;0.5\n2;2025-07-02;EUR;2.500;90\n",
    "commas between thousands": HEAD + "1;2025-07-01;EUR;1.000;1,234.567\n2;2025-07-02;EUR;2.500;9\n",
    "money that is written with a point": "order_id,ordered_at,total,currency\n1,2025-07-01,1.000,USD\n",
    "nothing that speaks of points": "order_id,ordered_at,total\n1,2025-07-01,1.000\n",
}


@pytest.mark.parametrize("why", SETTLED)
def test_where_the_file_settles_it_a_point_is_a_decimal_one(load, why):
    assert load(SETTLED[why]).frame["total"].iloc[0] == 1.0


def test_the_currency_of_the_settings_and_a_joined_sign_leave_it_open_too(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("no,day,sum\n1,2025-07-01,1.000\n", encoding="utf-8")
    columns = {"no": "order_id", "day": "ordered_at", "sum": "total"}
    assert read(path, mapping=columns, table="orders").frame["total"].tolist() == [1.0]
    for options in (Options(currency="EUR"), Options(constants={"currency": "EUR"})):
        with pytest.raises(SourceError, match="between thousands"):
            read_with(path, options, mapping=columns, table="orders")
    path.write_text("no,day,sign,sum\n1,2025-07-01,€,1.000\n", encoding="utf-8")
    with pytest.raises(SourceError, match="between thousands"):
        read_with(path, Options(joined={"total": ("sign", "sum")}), mapping={"no": "order_id", "day": "ordered_at"},
                  table="orders")


def test_a_workbook_of_texts_is_in_doubt_and_typed_numbers_of_records_are_not(tmp_path):
    book = openpyxl.Workbook()
    for row in (["order_id", "ordered_at", "total"], ["1", "2025-07-01", "1.000 €"]):
        book.active.append(row)
    book.save(tmp_path / "o.xlsx")
    with pytest.raises(SourceError, match="between thousands"):
        read(tmp_path / "o.xlsx")
    (tmp_path / "o.json").write_text('{"order_id": 1, "ordered_at": "2025-07-01", "total": 1.125, "currency": "EUR"}\n')
    assert read(tmp_path / "o.json").frame["total"].tolist() == [1.125]
