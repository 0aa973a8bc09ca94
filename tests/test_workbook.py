"""The workbook against openpyxl, the reader that people use."""

import io
import zipfile
from datetime import datetime

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.workbook import Sheet, workbook

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)


def _read(made):
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(made)).active.values]


def written(*rows):
    return workbook([Sheet("Sheet1", rows)])


@given(st.lists(st.tuples(st.integers(-10**9, 10**9), WORDS, st.none() | WORDS), min_size=1, max_size=5))
def test_numbers_words_and_gaps_come_back(rows):
    made = written(["a", "b", "c"], *rows)
    read = _read(made)
    assert read[0] == ["a", "b", "c"]
    assert [[*row, None][:3] for row in read[1:]] == [list(row) for row in rows]


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda stamp: stamp.replace(microsecond=0)))
def test_every_second_comes_back(stamp):
    assert _read(written(["at"], (np.datetime64(stamp),)))[1] == [stamp]


@pytest.mark.parametrize("text", ["<b>&amp;</b>", "  blanks  ", "=1+1", "二行\n目", '"quoted"'])
def test_words_are_never_markup_or_formulas(text):
    made = written(["a"], (text,))
    assert _read(made)[1] == [text]
    assert openpyxl.load_workbook(io.BytesIO(made)).active["A2"].data_type in ("s", "inlineStr", "f")
    assert b"<f>" not in made


def test_nothing_in_the_file_tells_when_or_where_it_was_made():
    first, second = (written(["a"], (1,)) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.testzip() is None


def test_a_sheet_to_be_printed_is_a_page_wide_and_has_its_heads_on_each_page():
    names = ["it's <a> & b", "2"]
    made = workbook([Sheet(name, [["head"], [1]]) for name in names], printed=True)
    read = openpyxl.load_workbook(io.BytesIO(made))
    assert read.sheetnames == names
    for sheet in read:
        page = sheet.page_setup
        assert (page.orientation, page.fitToWidth, page.fitToHeight) == ("landscape", 1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.print_title_rows == "$1:$1"
    assert made == workbook([Sheet(name, [["head"], [1]]) for name in names], printed=True)
    wide = openpyxl.load_workbook(io.BytesIO(workbook([Sheet("1", [[1, 2]], (301, 300), ("", ""))], printed=True)))
    assert wide.active.page_setup.fitToWidth == 3
