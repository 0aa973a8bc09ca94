"""Cells and files of which every byte is chosen."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.sample.text_files import canonical_file, cells, csv_file, json_file, whole


def test_flags_are_written_as_one_zero_and_nothing():
    frame = pd.DataFrame({"send_id": ["S1", "S2", "S3"], "opened": pd.array([True, False, None], dtype="boolean")})
    assert canonical_file(frame, "email_sends").content == b"send_id,opened\nS1,1\nS2,0\nS3,\n"


def test_rates_have_four_digits():
    assert cells(pd.Series([.02, float("nan"), 1 / 3]), "rate").tolist() == ["0.0200", "", "0.3333"]


@given(st.lists(st.one_of(st.none(), st.integers(-10**9, 10**9), st.floats(-1e6, 1e6)), min_size=1))
def test_numbers_come_back_as_they_were(values):
    column = pd.Series(values, dtype="float64")
    back = [float(text) if text else None for text in whole(column).tolist()]
    assert back == [None if value != value else value for value in column.tolist()]


@given(st.lists(st.text(st.characters(exclude_characters="\r\x00", codec="utf-8"), min_size=1), min_size=1),
       st.booleans())
def test_any_words_come_back_from_the_file(texts, quote_all):
    made = csv_file(pd.DataFrame({"text": texts}), bom=True, quote_all=quote_all)
    read = list(csv.reader(io.StringIO(made.content.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in read] == ["text", *texts]
    assert made.rows == len(texts)


@pytest.mark.parametrize(("options", "expected"), [
    ({}, b"a,b\n1,\n"), ({"bom": True}, b"\xef\xbb\xbfa,b\n1,\n"), ({"newline": "\r\n"}, b"a,b\r\n1,\r\n"),
    ({"quote_all": True}, b'"a","b"\n"1",""\n'),
    ({"encoding": "utf-16-le", "bom": True}, b"\xff\xfea\0,\0b\0\n\x001\0,\0\n\0")])
def test_marks_line_ends_quotes_and_encodings_are_as_asked(options, expected):
    assert csv_file(pd.DataFrame({"a": ["1"], "b": [None]}), **options).content == expected


def test_json_keeps_its_order_and_japanese_letters():
    assert json_file({"b": "朝凪", "a": 1}).content.decode() == '{\n  "b": "朝凪",\n  "a": 1\n}\n'
