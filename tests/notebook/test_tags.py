"""A notebook fits itself to the tables that are there."""

import nbformat

from engagelab.notebook.tags import fitted, needs, section, with_parameters


def cell(source, *tags):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})


def sources(notebook):
    return [one.source for one in notebook.cells]


NOTEBOOK = nbformat.v4.new_notebook(cells=[
    cell("data = 'sample'", "parameters"), cell("teach", "lesson"), cell("a", "needs:orders"),
    cell("b", "needs:orders"), cell("c", "needs:orders", "needs:tickets", "section:method"), cell("d")])


def test_with_every_table_and_lessons_nothing_is_left_out():
    assert sources(fitted(NOTEBOOK, {"orders", "tickets"}, lessons=True)) == sources(NOTEBOOK)


def test_lessons_go_without_a_word():
    assert sources(fitted(NOTEBOOK, {"orders", "tickets"}, lessons=False)) == ["data = 'sample'", "a", "b", "c", "d"]


def test_what_is_left_out_is_said_once_a_heading_at_the_end():
    notebook = nbformat.v4.new_notebook(cells=[
        cell("answer", "needs:orders"), nbformat.v4.new_markdown_cell("## Why?", metadata={"tags": ["needs:orders"]}),
        cell("a", "needs:orders"), cell("b", "needs:tickets"), nbformat.v4.new_markdown_cell("## How?"), cell("c")])
    fit = fitted(notebook, set(), lessons=False)
    assert sources(fit) == ["## How?", "c", "- Left out: “The answer” needs orders.\n"
                            "- Left out: “Why?” needs orders, support tickets."]
    assert section(fit.cells[-1]) == "method"
    assert sources(fitted(notebook, {"orders", "tickets"}, lessons=False)) == sources(notebook)


def test_an_answer_that_stands_below_a_heading_is_left_out_as_the_answer():
    heading = nbformat.v4.new_markdown_cell("## Why?")
    fit = fitted(nbformat.v4.new_notebook(cells=[heading, cell("a", "section:answer", "needs:orders")]), set(),
                 lessons=False)
    assert sources(fit)[-1] == "- Left out: “The answer” needs orders."


def test_a_cell_that_needs_two_tables_goes_where_one_is_lacking():
    assert "c" not in sources(fitted(NOTEBOOK, {"orders"}, lessons=False))
    assert needs(NOTEBOOK.cells[4]) == ["orders", "tickets"]


def test_parameters_are_given_behind_the_cell_that_declares_them():
    assert sources(with_parameters(NOTEBOOK, data="a'b", n=2))[:2] == ["data = 'sample'", "data = \"a'b\"\nn = 2"]


def test_an_answer_of_which_another_part_stands_is_not_left_out():
    cells = [nbformat.v4.new_markdown_cell("# 01 A page"),
             nbformat.v4.new_code_cell("1", metadata={"tags": ["section:answer", "needs:orders"]}),
             nbformat.v4.new_code_cell("2", metadata={"tags": ["section:answer"]})]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert [cell.source for cell in fitted(notebook, set(), lessons=False).cells] == ["# 01 A page", "2"]
    notebook.cells.pop()
    assert "Left out: “The answer”" in fitted(notebook, set(), lessons=False).cells[-1].source
