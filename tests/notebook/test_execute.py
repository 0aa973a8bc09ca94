"""A notebook runs in this Python, keeps nothing of the moment, and says which cell failed."""

import nbformat
import pytest

from engagelab.notebook.execute import NotebookFailed, execute, text_of


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def test_the_same_cells_give_the_same_bytes_in_this_python(tmp_path):
    given = notebook("import sys; print(sys.executable.split('/')[-1][:6])", "object()", "len({'a', 'b'}), hash('a')")
    first, second = (text_of(execute(given, folder=tmp_path)) for _ in range(2))
    assert first == second
    assert "0xADDRESS" in first
    assert '"python"' in first


def test_a_failing_cell_is_named_in_one_line(tmp_path):
    with pytest.raises(NotebookFailed) as caught:
        execute(notebook("1", "# why\n1 / 0"), folder=tmp_path)
    assert str(caught.value) == "cell 1 (# why) failed: ZeroDivisionError: division by zero"
