"""Encodings: text that Python wrote in one is found to be in it, or read alike."""

import pytest

from engagelab.errors import SourceError
from engagelab.sources.decode import decode

JAPANESE = "投稿ID,日付,本文\n1,2026/04/01,朝の一杯をどうぞ。コーヒー豆①②\n"
FRENCH = "id,date,text\n1,2026-04-01,Café crème à emporter\n"


@pytest.mark.parametrize(
    "text, encoding",
    [
        (JAPANESE, "utf-8"),
        (JAPANESE, "cp932"),
        (JAPANESE, "utf-16"),
        (JAPANESE, "utf-16-le"),
        (JAPANESE, "utf-8-sig"),
        (FRENCH, "utf-8"),
        (FRENCH, "cp1252"),
        (FRENCH, "latin-1"),
        (FRENCH + "€ ‘quoted’\n", "cp1252"),
        ("name,note\n1,5 £ off\n2,25 °C\n3,Ünal\n", "latin-1"),
        ("id,text\n1,ﾊﾝｶｸとカタカナ\n", "cp932"),
    ],
)
def test_what_was_written_is_what_is_read(text, encoding):
    assert decode(text.encode(encoding), "a.csv").data.decode("utf-8") == text


@pytest.mark.parametrize(
    "data, line",
    [
        (JAPANESE.encode()[:-3], 2),
        ((JAPANESE + JAPANESE).encode().replace("杯".encode(), b"\xe6\x9d", 1), 2),
        (JAPANESE.encode("cp932")[:-2], 2),
        (JAPANESE.encode("utf-16")[:-1], 2),
        (b"order_id,total,status\n1,1200," + "あ".encode()[:-1], 2),  # the only letter that is not ASCII
        (b"order_id,total,status\n1,1200," + "あ".encode()[:-2], 2),
        (b"id,name\n1,Caf\xe9\n2,\x81 and \x9d\n", 3),  # control characters in latin-1, nothing in Windows-1252
    ],
)
def test_a_letter_cut_in_two_is_an_error_that_names_the_line(data, line):
    with pytest.raises(SourceError, match=f"a.csv line {line}: a letter is cut off or damaged"):
        decode(data, "a.csv")


@pytest.mark.parametrize("byte", [b"\x8d", b"\x8f", b"\x90", b"\x9d"])
def test_a_byte_that_latin_1_alone_reads_costs_one_letter_and_not_the_file(byte):
    done = decode(b"id,text\n1,caf" + byte + b" au lait\n", "a.csv")
    assert (done.encoding, done.data.decode()) == ("latin-1", "id,text\n1,caf\ufffd au lait\n")


@pytest.mark.parametrize(
    "start", ["<html>", "\n<!DOCTYPE HTML PUBLIC>", "<?xml version='1.0'?><html>", "<!-- x --><html lang='ja'>"]
)
def test_web_pages_are_refused(start):
    with pytest.raises(SourceError, match="web page"):
        decode(start.encode(), "a.csv")


def test_a_cell_that_holds_a_tag_is_no_web_page():
    assert decode(b"text\n<html>\n", "a.csv").encoding == "utf-8"
