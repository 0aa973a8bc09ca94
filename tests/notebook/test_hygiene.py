"""What every committed notebook keeps to, so that it can be compared, sent and trusted."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from engagelab import words
from engagelab.notebook.execute import METADATA
from engagelab.notebook.tags import SECTIONS, needs, section, tags
from engagelab.tables import tables

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
KNOWN_TAGS = {"parameters", "lesson", "hidden", "exercise"}


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert PATHS


def test_it_was_run_once_from_the_first_cell_to_the_last(notebook):
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_no_output_is_an_error_or_a_warning(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


def test_no_cell_ends_with_a_semicolon(notebook):
    assert not [cell.source for cell in code_cells(notebook) if cell.source.rstrip().endswith(";")]


def test_nothing_in_it_leads_to_the_network_or_names_a_path_or_an_address_of_memory(path):
    text = path.read_text("utf-8")
    assert not re.search(r"https?://|<script|file://|/home/|/tmp/|C:\\\\", text)
    assert not re.search(r"0x[0-9a-f]{6,}", text)


def test_its_metadata_are_the_canonical_ones(notebook):
    assert dict(notebook.metadata) == METADATA
    assert [cell.id for cell in notebook.cells] == [f"cell-{number:02d}" for number in range(len(notebook.cells))]


def test_its_tags_are_known(notebook):
    for cell in notebook.cells:
        assert section(cell) in SECTIONS
        assert {need.split(".")[0] for need in needs(cell)} <= set(tables())
        assert {tag for tag in tags(cell) if ":" not in tag} <= KNOWN_TAGS
        assert {tag.split(":")[0] for tag in tags(cell) if ":" in tag} <= {"needs", "section"}


def test_it_opens_with_the_parameters_and_the_setup(notebook):
    first, second = code_cells(notebook)[:2]
    assert "parameters" in tags(first)
    assert "el.setup(" in second.source


def test_it_opens_and_closes_as_a_lesson_does(notebook):
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for part in ("**Question**", "**You will learn**", "**Minutes**", "**Tables**"):
        assert part in "".join(prose[:2]), part
    assert "## Key points" in prose[-1]


def literals(source):
    """The texts of a cell, but for those of a KPI tree, which hold their labels in every language."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "el.kpi.Tree"]
    of_trees = {id(part) for call in calls for part in ast.walk(call)}
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and id(node) not in of_trees]


def test_no_sentence_is_typed_into_a_cell(notebook):
    for cell in code_cells(notebook):  # a condition such as "orders >= 3 and ..." is no sentence
        assert not [text for text in literals(cell.source) if re.search(r"[^\W\d_],? ", text)
                    and not re.search(r"[<>=] \d", text)], cell.source


def test_every_key_that_a_cell_names_is_in_the_catalogue(notebook):
    for cell in code_cells(notebook):
        for key in re.findall(r'say\("([a-z0-9_.]+)"', cell.source):
            assert words.has(key), key


def test_no_number_with_a_unit_is_typed_into_prose_outside_the_teaching(notebook):
    for cell in notebook.cells[1:]:
        if cell.cell_type == "markdown" and "lesson" not in tags(cell):
            assert not re.search(r"\d+(\.\d+)? ?(%|points|yen|¥)", cell.source), cell.source


def test_it_is_small_enough_to_send(path):
    assert path.stat().st_size < 1_500_000


def test_the_readme_lists_it(path):
    assert path.name in (ROOT / "README.md").read_text("utf-8")
