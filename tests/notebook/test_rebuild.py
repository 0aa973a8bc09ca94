"""Outputs are written by one command, which says what changed; and it can prove that nothing has."""

import nbformat
import pytest

from engagelab.notebook.execute import read
from engagelab.notebook.rebuild import check, rebuild


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "01_small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("2 + 2")]), path)
    return path


def test_a_rebuild_writes_outputs_once_and_then_changes_nothing(path):
    assert rebuild(path, read(path)) is True
    first = path.read_bytes()
    assert b'"4"' in first
    assert rebuild(path, read(path)) is False
    assert path.read_bytes() == first
    assert check(path, read(path)) == ""


def test_a_check_names_the_line_that_differs_and_writes_nothing(path):
    rebuild(path, read(path))
    changed = path.read_bytes().replace(b'"4"', b'"5"')
    path.write_bytes(changed)
    assert check(path, read(path)).startswith("01_small.ipynb:")
    assert "'\"5\"' != '\"4\"'" in check(path, read(path))
    assert path.read_bytes() == changed
