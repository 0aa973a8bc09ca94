"""The signs of amounts: what they say where nobody else does, and what becomes of one that disagrees."""

import pandas as pd
import pytest

from engagelab.errors import SourceError
from engagelab.sources.currencies import signs
from engagelab.sources.folder import read_folder
from engagelab.sources.read import read
from engagelab.sources.settings import Settings

HEAD = "order_id,user_id,ordered_at,total,currency\n"


def orders(folder, *rows, currency=True):
    """Rows of total and currency as a file of orders."""
    path = folder / "orders.csv"
    cells = [f'"{total}",{code}' if currency else f'"{total}"' for total, code in rows]
    lines = [f"{n},C{n},2026-09-30,{text}" for n, text in enumerate(cells)]
    head = HEAD if currency else HEAD.replace(",currency", "")
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_signs_before_and_behind_in_every_width():
    cells = ["¥1,200", "￥1,200", "-$5", "7€", "£3", "500円", "JPY 9", "$5円", "12", None]
    assert signs(pd.Series(cells)).tolist() == ["¥", "¥", "$", "€", "£", "円", "jpy", "$/円", None, None]
    assert signs(pd.Series(["1,200", "3"])) is None and signs(pd.Series([1, 2])) is None


def test_a_sign_says_the_currency_where_the_row_does_not(tmp_path):
    path = orders(tmp_path, ("¥1,200", ""), ("$5", ""), ("7", "EUR"), ("8", ""))
    assert read(path).frame["currency"].fillna("").tolist() == ["JPY", "USD", "EUR", ""]
    path = orders(tmp_path, ("€7", ""), ("€8", ""), currency=False)
    assert read(path).frame[["total", "currency"]].values.tolist() == [[7, "EUR"], [8, "EUR"]]


def test_a_sign_against_its_row_is_a_fault_of_the_cell(tmp_path):
    path = orders(tmp_path, ("¥1,200", "JPY"), ("$1200", "JPY"), ("$5", "HKD"), ("¥5", "cny"), ("$5円", "JPY"))
    with pytest.raises(SourceError, match=r"line 3, column 'total' .*'\$1200' has the sign of USD, the row says JPY"):
        read(path)
    reading = read(path, on_bad="return")
    assert reading.frame["total"].fillna(-1).tolist() == [1200, -1, 5, 5, -1]
    assert reading.rejects["line"].tolist() == [3, 6]
    assert reading.rejects["severity"].tolist() == ["cell", "cell"]


@pytest.mark.parametrize("totals, left", [(["¥1,200", "$5", "€7"], []), (["¥1", "¥2", "3", "$5"], [1, 2, 3])])
def test_signs_that_differ_without_a_column_that_says_it(tmp_path, totals, left):
    reading = read(orders(tmp_path, *((total, "") for total in totals), currency=False), on_bad="return")
    assert reading.frame["total"].dropna().tolist() == left
    assert len(reading.rejects) == len(totals) - len(left)
    assert "other amounts have another" in reading.rejects["reason"].iloc[0]


def test_a_sign_against_the_settings(tmp_path):
    orders(tmp_path, ("¥1,200", ""), ("$5", ""), ("3", ""), currency=False)
    data = read_folder(tmp_path, settings=Settings(currency="JPY"), key=b"a key for tests")
    assert data["orders"]["total"].fillna(-1).tolist() == [1200, -1, 3]
    assert data["orders"]["currency"].tolist() == ["JPY"] * 3
    assert data.rejects["reason"].tolist() == ["has the sign of USD, engagelab.toml says JPY"]


def test_the_signs_of_items_are_held_against_their_order(tmp_path):
    text = (
        "Name,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Total,Currency\n"
        "#1,paid,2026-08-01 10:00:00 +0900,1,Mug,¥15,15,JPY\n#1,,,1,Bowl,$9,,\n"
    )
    (tmp_path / "orders_export.csv").write_text(text, encoding="utf-8")
    reading = read(tmp_path / "orders_export.csv", on_bad="return")
    assert reading.tables["order_items"]["unit_price"].fillna(-1).tolist() == [15, -1]
    assert reading.rejects["value"].tolist() == ["$9"]


def test_currencies_by_sign_or_in_small_letters_are_their_codes(load):
    text = "order_id,ordered_at,total,currency\n"
    for place, cell in enumerate(("jpy", "円", "￥", "¥", "€", "$", "points")):
        text += f"{place},2026-04-01,5,{cell}\n"
    assert load(text).frame["currency"].tolist() == ["JPY"] * 4 + ["EUR", "$", "points"]
