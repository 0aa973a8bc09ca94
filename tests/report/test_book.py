"""A workbook holds the tables of a page with all their digits, without hidden numbers, and no text runs."""

import io
import zipfile

import openpyxl
import pandas as pd
import pytest
from made_up import HIDDEN, PNG, code, note, notebook

import engagelab as el
from engagelab import words
from engagelab.report.book import book


def read(*cells):
    return openpyxl.load_workbook(io.BytesIO(book(notebook(*cells))))


def values(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_the_first_sheet_says_what_the_others_hold():
    made = read(note("## Who says: so/what? *really*"), code(HIDDEN), code(PNG, HIDDEN.head(1)),
                code(HIDDEN, tags=["section:scorecard"]))
    assert made.sheetnames == ["contents", "1 Scorecard", "2 Who says so what really", "3 Who says so what really"]
    assert values(made["contents"])[1:] == [["1 Scorecard", "Scorecard", 4],
                                            ["2 Who says so what really", "Who says: so/what? really", 4],
                                            ["3 Who says so what really", "Who says: so/what? really", 1]]
    assert {sheet.page_setup.orientation for sheet in made} == {"landscape"}


def test_hidden_numbers_are_not_there_and_the_others_are_whole():
    sheet = read(note("## A"), code(HIDDEN.assign(estimate=[1 / 3, .25, .5, .6])))["1 A"]
    head, first, hidden, *_ = values(sheet)
    assert first[head.index("estimate")] == 1 / 3
    assert sheet.cell(2, head.index("estimate") + 1).number_format == "0.0%"
    assert sheet.cell(2, head.index("n") + 1).number_format == "General"
    for name in ("estimate", "low", "high", "se / standard error", "count", "n"):
        assert hidden[head.index(name)] is None
    assert hidden[head.index("flag / note")].startswith("hidden")


def test_a_text_that_looks_like_a_formula_is_a_text():
    made = book(notebook(note("## =2+2"), code(HIDDEN)))
    sheet = openpyxl.load_workbook(io.BytesIO(made))["1 =2+2"]
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1")
    assert cell.data_type == "s"
    assert cell.quotePrefix
    assert "<f>" not in zipfile.ZipFile(io.BytesIO(made)).read("xl/worksheets/sheet2.xml").decode()


@pytest.mark.parametrize(("frame", "said"), [
    (HIDDEN, "Wilson score interval"),
    (HIDDEN.drop(columns="method"), None),
    (pd.DataFrame({"touchpoint": ["T1"], "satisfaction": .2, "satisfaction_low": .1, "satisfaction_high": .3}), None),
    (pd.DataFrame({"table": ["orders"], "rows": [3]}), "counted in, or read from, the files as they are")])
def test_a_method_is_the_tables_own_and_only_a_table_without_intervals_is_counted(frame, said):
    cell = code(frame)
    cell.outputs[0]["data"]["text/html"] += "<p><small>Begin with the shops: 26 people a month.</small></p>"
    head, *rows = values(read(note("## A"), cell)["1 A"])
    assert {row[head.index("method")] for row in rows} == {said}


@pytest.mark.parametrize(("heads", "beneath", "said"), [
    ("<th>share</th><th>95% interval</th>", "", None),
    ("<th>clusters</th><th>p value</th>", "<p><small>Cluster 1 buys more.</small></p>", None),
    ("<th>share</th><th>95% interval</th>", "<p><small>Method: Wilson</small></p>", "Wilson"),
    ("<th>grade</th><th>people</th>", "", "counted in, or read from, the files as they are")])
def test_a_table_as_shown_has_a_method_only_where_its_cell_tells_one(heads, beneath, said):
    class Listed:
        frame = pd.DataFrame({"user_id": ["u1"], "score": 1 / 3})

        def _repr_html_(self):
            return f"<table><tr>{heads}</tr><tr><td>1</td><td>2</td></tr></table>{beneath}"

    assert values(read(note("## A"), code(Listed()))["1 A"])[1][-1] == said


def test_heads_and_words_of_ours_are_in_the_language_of_the_page():
    frame = pd.DataFrame({"part": ["volume"], "kind": "definition", "before": "champions", "after": "gone",
                          "parent": "a", "change": 1.5, "se": .5, "noise": True, "reach_share": .5, "change_low": 1.0})
    with words.speaking("ja"):
        head, row = values(read(note("## A"), code(frame))["1 A"])
    assert row[:4] == ["数量", "定義式", "最優良顧客", "流出"]
    assert " ".join(head) == (
        "part / 要因 kind / 種類 before / 前期 after / 今期 parent / 上位の指標 change / 変化 se / 標準誤差 "
        "noise / 誤差の範囲内 reach_share / リーチ率 change_low / 変化（下限） method / 方法")


def test_a_column_may_be_called_as_a_word_of_ours_is():
    keys = [key.removeprefix("report.") for key in words.catalogue() if key.startswith("report.")]
    names = [key.removeprefix("head_") for key in keys]
    frame = pd.DataFrame({name: [1.5] for name in ("end", "end_low", *names)})
    head = values(read(note("## A"), code(frame))["1 A"])[0]
    assert head[:2] == ["end", "end_low"]
    assert not any("{" in name for name in head)


def test_a_list_of_persons_is_there_as_the_page_shows_it_and_no_more():
    class Listed:
        frame = pd.DataFrame({"user_id": [f"u{n}" for n in range(99)], "score": 1 / 3})

        def _repr_html_(self):
            return "<table><tr><th>score</th><th>share</th></tr><tr><td>0.33</td><td>−7.1%</td></tr></table>"

    made = read(note("## A"), code(Listed()))
    assert values(made["1 A"]) == [["score", "share", "method"],
                                   [.33, -.071, "counted in, or read from, the files as they are"]]
    assert made["1 A"]["B2"].number_format == "0.0%"


def test_infinite_numbers_stamps_and_missing_values_are_readable():
    stamps = pd.to_datetime(["2026-10-24T01:30:00Z", "2026-10-26T01:30:00Z", None])
    frame = pd.DataFrame({"x": [float("inf"), -float("inf"), None], "t": stamps.tz_convert("Europe/Berlin"),
                          "d": pd.to_datetime(["2026-01-01", None, None])})
    rows = values(read(note("## A"), code(frame))["1 A"])[1:]
    assert [row[0] for row in rows] == ["∞", "−∞", None]
    assert [str(row[1])[:16] for row in rows] == ["2026-10-24T01:30", "2026-10-26T01:30", "None"]
    assert [str(row[2])[:10] for row in rows] == ["2026-01-01", "None", "None"]


def test_rates_and_changes_are_in_percent_also_where_the_catalogue_does_not_know_them():
    change = pd.DataFrame({"metric": "ours", "before": [.25], "after": [.5], "difference": [.25], "low": [.1],
                           "high": [.4], "n_before": [4], "n_after": [4], "method": "MOVER", "flag": ""})
    sheet = read(note("## A"), code(change))["1 A"]
    assert [sheet.cell(2, place).number_format for place in range(2, 8)] == ["0.0%"] * 5 + ["General"]
    points = read(note("## A"), code(el.show(change.assign(before=25.0, after=50.0), "points")))["1 A"]
    assert points["B2"].number_format == "General"


def test_a_number_of_percent_is_not_taken_for_a_share():
    cell = code(pd.DataFrame({"estimate": [25.0]}))
    cell.outputs[0]["data"]["text/html"] = "<table><tr><th>estimate</th></tr><tr><td>25.0%</td></tr></table>"
    assert read(note("## A"), cell)["1 A"]["A2"].number_format == "General"


def test_names_of_sheets_are_as_a_spreadsheet_takes_them():
    heads = ("長い見出し" * 20, "\U0001f600" * 40, "[x]:*?/\\'", "\ud800\ufffe\x07" * 9, "")
    made = read(*[cell for head in heads for cell in (note(f"## {head}"), code(HIDDEN))])
    for name in made.sheetnames:
        assert 0 < len(name.encode("utf-16-le")) <= 62
        assert not set(name) & set("[]:*?/\\")
        assert name == name.strip("'")


def test_a_japanese_page_has_japanese_headings_and_the_same_numbers():
    english = values(read(note("## A"), code(HIDDEN))["1 A"])
    with words.speaking("ja"):
        japanese = values(read(note("## A"), code(HIDDEN))["1 A"])
    assert japanese[0][:3] == ["metric / 指標", "team / 部署", "estimate / 推定値"]
    assert [row[2:8] for row in japanese[1:]] == [row[2:8] for row in english[1:]]


def test_the_same_notebook_gives_the_same_bytes_and_one_without_tables_none():
    cells = [note("## A"), code(HIDDEN)]
    assert book(notebook(*cells)) == book(notebook(*cells))
    assert book(notebook(note("## A"), code("Said.", PNG), code(HIDDEN, tags=["hidden"]))) is None
