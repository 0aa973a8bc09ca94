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


def test_each_run_of_cells_that_lack_the_same_table_is_replaced_by_one_sentence():
    fit = fitted(NOTEBOOK, set(), lessons=False)
    assert sources(fit) == ["data = 'sample'", "*Left out: the data have no table of orders.*",
                            "*Left out: the data have no table of orders, support tickets.*", "d"]
    assert section(fit.cells[2]) == "method"


def test_a_cell_that_needs_two_tables_goes_where_one_is_lacking():
    assert "c" not in sources(fitted(NOTEBOOK, {"orders"}, lessons=False))
    assert needs(NOTEBOOK.cells[4]) == ["orders", "tickets"]


def test_parameters_are_given_behind_the_cell_that_declares_them():
    assert sources(with_parameters(NOTEBOOK, data="a'b", n=2))[:2] == ["data = 'sample'", "data = \"a'b\"\nn = 2"]
