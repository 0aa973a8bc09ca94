"""A template is read as it stands: its examples are set aside, and what is filled in comes back."""

import shutil
from datetime import datetime

import openpyxl
import pytest

from engagelab import words
from engagelab.cli import main
from engagelab.errors import UsageError
from engagelab.report.template import template
from engagelab.sources.folder import read_folder
from engagelab.sources.read import read, sniff
from engagelab.tables import said, tables

KEY = b"a key for tests"


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("table", tables())
def test_every_template_is_known_as_its_table_and_its_examples_are_no_data(tmp_path, table, language):
    with words.speaking(language):
        path = template(table, tmp_path / "filled.xlsx")
    found = read(path, pseudonymise=KEY)
    assert (found.source.table, len(found.frame), found.source.rejected) == (table, 0, 2)
    assert set(found.rejects["reason"]) == {"example row of the template"}
    assert found.source.unknown == () and set(found.raw.columns) <= set(tables()[table].columns)
    assert sniff(path).unknown == ()


def filled(path, *rows, keep=True, sheet="costs"):
    book = openpyxl.load_workbook(path)
    if not keep:
        book[sheet].delete_rows(2, 2)
    for row in rows:
        book[sheet].append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_filled_in_is_read_without_a_mapping(tmp_path, keep):
    filled(template("costs", tmp_path / "our costs.xlsx"),
           (datetime(2026, 4, 1), "search", "media", 1200, "JPY", True, ""),
           (datetime(2026, 5, 1), "referral", "rewards", 300.5, "JPY", True, "ledger"), keep=keep)
    found = read_folder(tmp_path, key=KEY)
    costs = found["costs"]
    assert costs["amount"].tolist() == [1200, 300.5]
    assert costs["channel"].tolist() == ["search", "referral"] and costs["tax_included"].all()
    assert f"{costs['month'].iloc[1]:%Y-%m-%d}" == "2026-05-01"
    assert len(found.rejects) == (2 if keep else 0)


def test_names_of_people_are_left_out_of_a_filled_template(tmp_path):
    row = ["E9", "taro@example.com", "Taro", "sales", None, None, "x", "full_time", datetime(2024, 4, 1)]
    path = filled(template("employees", tmp_path / "e.xlsx"), row, sheet="employees")
    assert not {"email", "name"} & set(read(path).frame)
    assert read(path, keep_personal=True).frame["name"].tolist() == ["Taro"]


def test_a_wrong_cell_is_named_by_our_column(tmp_path):
    row = (datetime(2026, 4, 1), "search", "media", "12OO", "JPY", True)
    path = filled(template("costs", tmp_path / "c.xlsx"), row)
    with pytest.raises(Exception, match=r"c.xlsx line 4, column 'amount'.*'12OO' is not a number"):
        read(path)


def test_required_columns_and_allowed_values_are_marked(tmp_path):
    book = openpyxl.load_workbook(template("targets", tmp_path / "t.xlsx"))
    sheet = book["targets"]
    assert sheet["A1"].value == "metric / 指標 *" and sheet["B1"].value == "period / 期間"
    assert sheet["A1"].fill.fgColor.rgb == "FFFFF2CC" and sheet["B1"].fill.fill_type is None
    choices = {str(each.sqref): each.formula1 for each in sheet.data_validations.dataValidation}
    assert choices == {"E2:E1048576": '"own,benchmark"'}
    assert sheet.column_dimensions["A"].number_format == "@"
    meanings = [row for row in book.worksheets[1].values if row[0] == "target"]
    assert meanings == [("target", "目標値", "*", "number / 数値",
                         "value to reach in the metric's unit / 指標の単位で達成すべき値", None)]


def test_no_list_of_choices_is_longer_than_a_workbook_takes():
    assert max(len(",".join(column.allowed)) for one in tables().values() for column in one.columns.values()) < 255


def test_a_template_has_the_same_bytes_each_time_and_replaces_nothing(tmp_path):
    first = template("costs", tmp_path / "1.xlsx").read_bytes()
    assert template("costs", tmp_path / "2.xlsx").read_bytes() == first
    with pytest.raises(UsageError, match=r"1.xlsx is there already"):
        template("costs", tmp_path / "1.xlsx")
    with pytest.raises(UsageError, match=r"must end in .xlsx"):
        template("costs", tmp_path / "1.csv")
    with pytest.raises(UsageError, match="did you mean 'costs'"):
        template("cost", tmp_path / "3.xlsx")


def test_the_command_writes_a_template(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["template", "rates"]) == 0
    assert "wrote rates.xlsx" in capsys.readouterr().out
    assert main(["template", "rates"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["template", "rates", "--out", "mine.xlsx"]) == 0
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("one", tables())
def test_every_column_has_a_heading_and_a_meaning_in_both_languages(one):
    for column, declared in tables()[one].columns.items():
        assert said(one, column, "en") == (column.replace("_", " "), declared.meaning)
        heading, meaning = said(one, column, "ja")
        assert heading.strip() and meaning.strip()


def test_headings_of_a_table_are_all_different():
    for name, one in tables().items():
        headings = [said(name, column, "ja")[0] for column in one.columns]
        assert len(set(headings)) == len(headings), name


def test_no_heading_is_left_of_a_column_that_is_gone():
    known = {f"column.{column}" for one in tables().values() for column in one.columns}
    known |= {f"column.{name}.{column}" for name, one in tables().items() for column in one.columns}
    assert {key for key in words.catalogue() if key.startswith("column.")} <= known
