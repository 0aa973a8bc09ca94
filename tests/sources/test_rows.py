"""Rows and their lines: the numpy scan against Python's csv module."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import SourceError
from engagelab.sources import rows as r

CELL = st.text(st.sampled_from('ab,;"\n\té1E+'), max_size=5)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_scan_and_csv_module_agree_on_rows_cells_and_lines(table, end, quoting):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=quoting).writerows(table)
    text = out.getvalue()
    got = r.body(text.encode(), 0, 3, ",", "x.csv")
    reader = csv.reader(io.StringIO(text, newline=""))
    lines, cells, line = [], [], 1
    for row in reader:
        if row:
            lines.append(line)
            cells.append(row)
        line = reader.line_num + 1
    assert got.lines.tolist() == lines
    columns = got.columns([0, 1, 2], [])
    for place in range(3):
        assert columns[place].fillna("").tolist() == [row[place] for row in cells]


def test_a_written_table_takes_the_fast_way_and_an_odd_one_the_careful_way(monkeypatch):
    monkeypatch.setattr(r, "_careful", lambda *_: "careful")
    assert isinstance(r.body(b"aaaaaaaaa,b\n111111111,2\n", 1, 2, ",", "x"), r.Scanned)
    for odd in (b"aaaaaaaaa,b\n111111111\n", b"aaaaaaaaa,b\n\n111111111,2\n", b'aaaaaaaaa,b\n111111111,2"x\n',
                b"aaaaaaaaa,b\r1,2\r", b"a,b\n1,2\n"):
        assert r.body(odd, 1, 2, ",", "x") == "careful"


def test_an_apostrophe_before_a_formula_is_looked_for_from_the_very_first_cell_on():
    for data in (b"a,b\n'=1+1,2\n3\n", b"a,b\n1,2\n'=1+1\n", b'a;b\n1;"\'=1"\n2\n', b"aaaaaaaaa,b\n111111111,'=2\n"):
        assert r.body(data, 1, 2, ";" if b";" in data else ",", "x").guarded, data
    assert r.body(b"'=1+1,2\n3\n", 0, 2, ",", "x").guarded       # the careful way, whose text begins with that cell
    assert not r.body(b"a,b\nit's,don't\n3\n", 1, 2, ",", "x").guarded
    with pytest.raises(TypeError, match="abstract"):
        r.Rows()


def test_rows_of_another_width_are_counted_and_cut_to_the_header():
    rows = r.body(b'a,b\n1\n1,2,3,,\n"x\ny",2\n,,,4\n', 1, 2, ",", "x")
    assert rows.widths.tolist() == [1, 3, 2, 4]
    assert rows.lines.tolist() == [2, 3, 4, 6]
    assert rows.filled(np.array([0, 1, 3])).tolist() == [1, 3, 1]
    assert rows.columns([0, 1], [])[0].fillna("").tolist() == ["1", "1", "x\ny", ""]


def test_chunks_join_without_a_seam(monkeypatch):
    text = "".join(f'{n},"a ""{n}""\n,b",{n * 7}\n' for n in range(200)).encode()
    whole = r.body(text, 0, 3, ",", "x")
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr(r, "_CHUNK", size)
        part = r.body(text, 0, 3, ",", "x")
        np.testing.assert_array_equal(part.lines, whole.lines)
        assert part._scientific == whole._scientific is False


@pytest.mark.parametrize(
    "text, there",
    [
        (b"a\n1.22E+17\n", True),
        (b'a,b\n"1e5",2\n', True),
        (b"a\nfee1e5d\n", False),
        (b"a\nhttps://x/1e5/2\n", False),
        (b"a\n7E3", True),
        (b"a\n12\n", False),
    ],
)
def test_scientific_cells_are_noticed(text, there, monkeypatch):
    for size in (1 << 22, 4, 1):
        monkeypatch.setattr(r, "_CHUNK", size)
        assert r._scientific(text) is there


@pytest.mark.parametrize(
    "text, key, line", [('a,b\n1,"2\n3,4\n', "sources.open_quote", 2), ('a,b\n1,2\n"3"x,4\n', "sources.stray_quote", 3)]
)
def test_broken_quotes_name_their_line(text, key, line):
    with pytest.raises(SourceError) as error:
        r.body(text.encode(), 1, 2, ",", "x.csv")
    assert (error.value.key, error.value.values["line"]) == (key, line)


@pytest.mark.parametrize("delimiter", r.DELIMITERS)
def test_the_delimiter_is_found(delimiter):
    assert r.head(f"a{delimiter}b{delimiter}c\n1{delimiter}2{delimiter}3\n".encode()).delimiter == delimiter


def test_a_workbook_that_is_none_says_so(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 no book")
    with pytest.raises(SourceError, match="cannot be read as a workbook"):
        r.workbook(path, "a.xlsx")
