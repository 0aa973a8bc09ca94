"""What is saved comes back, runs nowhere, and holds nothing that was hidden."""

import csv
import io
import tempfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.kpi.tree import Tree
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import nps, rate
from engagelab.report.save import save
from engagelab.sources.read import read

RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.sampled_from(
    ['=HYPERLINK("http://x","y")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "'=1", "''=1", "＝1", "_x0041_"])


def cells(path):
    return [list(row) for row in csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))]


def values(path, sheet=0):
    return [list(row) for row in openpyxl.load_workbook(path).worksheets[sheet].values]


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=4))
@example(["\x08_x0008_", "\ufffe", "a\r\nb"])
def test_no_text_can_run_and_every_text_comes_back(texts):
    with tempfile.TemporaryDirectory() as folder:
        frame = pd.DataFrame({"text": texts})
        rows = cells(save(frame, Path(folder) / "t.csv"))[1:]
        for row, text in zip(rows, texts, strict=True):
            assert not row[0].lstrip(" ").startswith(RUNS) and row[0] in (text, f"'{text}")
        book = openpyxl.load_workbook(save(frame, Path(folder) / "t.xlsx"))
        for cell, text in zip(book.active["A"][1:], texts, strict=True):
            assert openpyxl.utils.escape.unescape(cell.value) == text
            assert cell.data_type in ("s", "inlineStr", "f") and (cell.quotePrefix or not text.startswith(RUNS))


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT.map(str.strip).filter(lambda text: text.casefold().isprintable() and text.isascii()), min_size=1))
def test_reading_takes_the_apostrophe_off_again(texts):
    reviews = pd.DataFrame({"platform": "own", "rating": 5, "review_id": [f"r{i}" for i in range(len(texts))],
                            "created_at": pd.Timestamp("2026-04-01", tz="UTC"), "text": texts})
    with tempfile.TemporaryDirectory() as folder:
        back = read(save(reviews, Path(folder) / "reviews.csv"), table="reviews", on_bad="return").frame
    expected = [text if text else None for text in texts]
    assert [None if pd.isna(text) else text for text in back["text"]] == expected


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell(tmp_path):
    frame = pd.DataFrame({
        "whole": pd.array([-3, None], dtype="Int64"), "part": [-.1, 1 / 3],
        "yes": pd.array([True, None], dtype="boolean"),
        "money": [Decimal("12.50"), Decimal("-3")], "long": [2**60, 1], "day": [date(2026, 4, 1), None],
        "local": pd.to_datetime(["2026-04-01 09:30:05", None]), "old": pd.to_datetime(["1850-01-01", None]),
        "at": pd.to_datetime(["2026-04-01 09:30+09:00", None])})
    assert cells(save(frame, tmp_path / "a.csv"))[1:] == [
        ["-3", "-0.1", "True", "12.5", str(2**60), "2026-04-01", "2026-04-01T09:30:05", "1850-01-01T00:00:00",
         "2026-04-01T00:30:00Z"],
        ["", repr(1 / 3), "", "-3", "1", "", "", "", ""]]
    assert values(save(frame, tmp_path / "a.xlsx"))[1:] == [
        [-3, -.1, True, 12.5, str(2**60), datetime(2026, 4, 1), datetime(2026, 4, 1, 9, 30, 5), "1850-01-01T00:00:00",
         "2026-04-01T00:30:00Z"],
        [None, 1 / 3, None, -3, 1, None, None, None, None]]


def test_a_table_of_ours_is_read_back_as_it_was(tmp_path):
    orders = pd.DataFrame({"order_id": ["001", "=2"], "user_id": ["a", "b"], "total": [1.5, -2.0],
                           "ordered_at": pd.to_datetime(["2026-04-01 09:30:01", "2026-04-02 00:00:00"], utc=True),
                           "tax_included": pd.array([True, None], dtype="boolean"), "coupon": ["-10%", None]})
    for name in ("orders.csv", "orders.xlsx"):
        back = read(save(orders, tmp_path / name)).frame
        for column in orders:
            assert [None if pd.isna(value) else value for value in back[column]] == [
                None if pd.isna(value) else value for value in orders[column]], (name, column)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_is_hidden_is_not_in_the_file(tmp_path, language):
    answers = pd.DataFrame({"team": ["a"] * 4 + ["b"] * 9 + ["c"] * 30, "score": [9, 3] * 21 + [9]})
    with words.speaking(language):
        table = measure(answers, {"nps": nps("score")}, by="team", total=True)
    table.loc[:1, ["estimate", "low", "count"]] = 54321.0   # as if somebody had put the numbers back
    table["n"] = [4, 9, 30, 43]
    with words.speaking("en"):
        for name in ("t.csv", "t.xlsx"):
            path = save(table, tmp_path / name)
            rows = cells(path) if name == "t.csv" else values(path)
            head = rows[0]
            for row in rows[1:3]:
                assert {row[head.index(column)] for column in ("estimate", "low", "high", "se", "count", "n", "n_eff",
                                                               "n_missing")} <= {"", None}
                assert row[head.index("team")] in ("a", "b") and row[head.index("flag")]
            assert str(rows[3][head.index("n")]) == "30"
            assert b"54321" not in path.read_bytes()


def test_two_flags_hide_as_one_does(tmp_path):
    table = pd.DataFrame([[3, "", "非表示：回答者5人未満"]], columns=["n", "flag", "flag"])
    assert cells(save(table, tmp_path / "t.csv"))[1][0] == ""


def test_a_share_is_shown_in_percent_and_stays_a_number(tmp_path):
    mails = pd.DataFrame({"opened": [True, True, False]})
    table = measure(mails, {"open_rate": rate("opened"), "own": rate("opened")})
    sheet = openpyxl.load_workbook(save(table, tmp_path / "t.xlsx")).active
    place = [cell.value for cell in sheet[1]].index("estimate") + 1
    assert [(sheet.cell(row, place).value, sheet.cell(row, place).number_format) for row in (2, 3)] == [
        (2 / 3, "0.0%"), (2 / 3, "General")]
    assert sheet["A1"].font.bold and not sheet["A2"].font.bold
    assert sheet.column_dimensions["A"].width > len("open_rate")


def test_several_tables_are_sheets_and_anything_with_a_frame_is_a_table(tmp_path):
    class Answer:
        frame = pd.DataFrame({"x": [1]})

    path = save({"orders": pd.DataFrame({"a": [1]}), "回答": Answer()}, tmp_path / "all.xlsx")
    assert openpyxl.load_workbook(path).sheetnames == ["orders", "回答"]
    assert values(path, 1) == [["x"], [1]]


def test_an_index_with_a_name_is_a_column(tmp_path):
    counts = pd.DataFrame({"plan": ["a", "a", "b"], "x": [1, 2, 3]}).groupby("plan").sum()
    assert cells(save(counts, tmp_path / "c.csv")) == [["plan", "x"], ["a", "3"], ["b", "3"]]
    assert cells(save(counts.reset_index()[1:], tmp_path / "c.csv")) == [["plan", "x"], ["b", "3"]]
    wide = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("=x", "mean"), ("y", "n")]))
    assert cells(save(wide, tmp_path / "c.csv"))[0] == ["'=x mean", "y n"]
    assert values(save(pd.DataFrame({"a": []}), tmp_path / "c.xlsx")) == [["a"]]


def test_the_same_table_gives_the_same_bytes(tmp_path):
    frame = pd.DataFrame({"a": [.1, None], "t": ["x", "日本"]})
    for ending in ("csv", "xlsx"):
        assert save(frame, tmp_path / f"1.{ending}").read_bytes() == save(frame, tmp_path / f"2.{ending}").read_bytes()
    assert (tmp_path / "1.csv").read_bytes() == "\ufeffa,t\n0.1,x\n,日本\n".encode()


@pytest.mark.parametrize(("data", "name", "match"), [
    (pd.DataFrame({"a": [1]}), "a.xls", "must be one of '.csv', '.xlsx', '.svg', not '.xls'"),
    (pd.DataFrame({"a": [1]}), "a.svg", "only a KPI tree or what it explained .* not a DataFrame"),
    (pd.DataFrame({"a": [1]}), "none/a.csv", "there is no folder for"),
    (pd.DataFrame({"a": [1]}), "d.csv", "is a folder"),
    ({"a": pd.DataFrame()}, "a.csv", "a CSV file holds one table"),
    ([1, 2], "a.csv", "not a list"),
    ({}, "a.xlsx", "not a dict"),
    ({"x" * 32: pd.DataFrame()}, "a.xlsx", "1 to 31 letters"),
    ({"a/b": pd.DataFrame()}, "a.xlsx", "'a/b'"),
    ({"History": pd.DataFrame()}, "a.xlsx", "'History'"),
    ({"A": pd.DataFrame(), "a": pd.DataFrame()}, "a.xlsx", "two sheets would be called 'A'"),
    (pd.DataFrame({"a": [1, -np.inf]}), "a.csv", "column 'a', row 2 is infinite"),
    (pd.DataFrame({"a": ["x" * 32_768]}), "a.xlsx", "32,768 letters and a cell holds 32,767"),
    (pd.DataFrame({"a": np.zeros(1_048_576)}), "a.xlsx", "1,048,576 rows"),
    (pd.DataFrame(np.zeros((1, 16_385))), "a.xlsx", "16,385 columns")])
def test_what_cannot_be_saved_is_refused_and_nothing_is_written(tmp_path, data, name, match):
    (tmp_path / "d.csv").mkdir()
    with pytest.raises((UsageError, DataError), match=match):
        save(data, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


def test_an_explained_change_is_saved_as_its_picture(tmp_path):
    why = Tree("x = a + b").explain({"a": 1, "b": 2}, {"a": 2, "b": 2})
    assert save(why, tmp_path / "x.svg").read_bytes() == why.svg().encode()
