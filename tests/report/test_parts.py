"""The cells in the order of a page, Markdown as plain text, and tables read back from their HTML."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from made_up import code, note, notebook

from engagelab.display import table_html
from engagelab.notebook.sentences import plain
from engagelab.report.parts import Grid, clean, even, grids, parts, plain_text, runs

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)


def test_a_heading_holds_for_the_cells_of_its_section_alone():
    found = parts(notebook(
        note("# 01 Title"), note("## One"), code("a"), code("b", tags=["section:alerts"]),
        note("## Card", "section:scorecard"), code("c", tags=["section:scorecard"]), code("d", tags=["hidden"]),
        code("e"), code("f", tags=["section:answer"])))
    assert [(part.section, part.heading) for part in found if part.cell.cell_type == "code"] == [
        ("answer", ""), ("scorecard", "Card"), ("alerts", ""), ("findings", "One"), ("findings", "One")]


@given(TEXT)
def test_somebodys_own_words_come_out_of_markdown_as_they_were(text):
    assert plain_text(str(plain(text))) == text
    assert plain_text(f"**{plain(text)}** {plain(text)}") == f"{text} {text}"
    assert {bold for piece, bold in runs(f"**{plain(text)}**") if piece} <= {True}


def test_bold_ends_where_it_ends_and_entities_are_letters():
    assert runs("a **b** c &lt; d") == [("a ", False), ("b", True), (" c < d", False)]


@given(st.lists(st.lists(TEXT.map(str.strip).filter(bool), min_size=2, max_size=2), min_size=1, max_size=3))
def test_a_table_is_read_back_from_its_html(rows):
    (grid,) = grids(table_html(pd.DataFrame(rows, columns=["<a>", "b & c"])))
    assert (grid.heads, grid.rows) == (["<a>", "b & c"], rows)


def test_what_stands_above_and_beneath_a_table_goes_with_it():
    text = ("<p>Above.</p><table><tr><th>n</th></tr><tr><td>1<br><small>with 2</small></td></tr></table>"
            "<p><small>Beneath.<br>Twice.</small></p><style>td {}</style><p>Next.</p>"
            "<table><tr><th>m</th></tr><tr><td>3</td></tr></table>")
    first, second = grids(text)
    assert first == Grid(["n"], [["1\nwith 2"]], ["Beneath.", "Twice."], ["Above."])
    assert second == Grid(["m"], [["3"]], [], ["Next."])


def test_what_xml_cannot_hold_is_replaced():
    assert clean("a\x00\ud800\ufffeb\n") == "a\ufffd\ufffd\ufffdb\n"


def test_rows_are_made_equally_long_and_empty_columns_go():
    assert even(Grid(["a", "", "c"], [["1"], ["2", "", "3", "4"]])) == Grid(
        ["a", "c", ""], [["1", "", ""], ["2", "3", "4"]])
