"""The faults that are planted in a copy of the package: each can still be planted, and the page tells of all of them.

Whether each is caught is for `python tests/faults/plant.py`, three of them in .ci/run.
"""

import ast
import importlib.util
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("plant", ROOT / "tests/faults/plant.py")
plant = importlib.util.module_from_spec(SPEC)
sys.modules["plant"] = plant    # a dataclass looks its module up
SPEC.loader.exec_module(plant)

FAULTS = {fault.id: fault for fault in plant.declared()}
PAGE = (ROOT / plant.PAGE).read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| ")]
TABLE = {row[1]: row for row in ROWS[1:]}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_fault_can_be_planted(fault):
    text = fault.planted((ROOT / fault.file).read_text("utf-8"))  # refused unless the old text stands there once
    assert ast.parse(text) if fault.file.endswith(".py") else duckdb.extract_statements(text)
    for path, _, name in (test.partition("::") for stage in fault.stages for test in stage):
        assert (ROOT / path).exists()
        assert not name or f"def {name}(" in (ROOT / path).read_text("utf-8")


def test_a_fault_whose_text_is_gone_is_refused():
    fault = FAULTS["mean-n-for-n-less-one"]
    for text in ("", fault.old * 2):
        with pytest.raises(SystemExit, match=r"stands [02] times"):
            fault.planted(text)


def test_sixty_faults_of_every_room_and_their_names_are_unique():
    declared = plant.declared()
    assert len(declared) == len(FAULTS) == 60
    assert {"metrics", "summaries", "surveys", "ltv", "kpi", "sources", "privacy"} <= {fault.room for fault in declared}


def test_the_page_lists_the_declared_faults_and_what_caught_them():
    assert list(TABLE) == list(FAULTS)
    caught = {name: row[4] for name, row in TABLE.items() if row[4].startswith("[test_") or "engagelab/" in row[4]}
    missed = {name: row[4] for name, row in TABLE.items() if name not in caught}
    assert missed == {name: fault.uncaught for name, fault in FAULTS.items() if fault.uncaught}
    assert len(caught) >= 57
    assert plant.page([(fault, told(TABLE[name][4])) for name, fault in FAULTS.items()]) == PAGE


def told(cell):
    """The test that a cell of the page links to, as the script names it."""
    name, _, path = cell.partition("](../")
    return f"{path.rstrip(')')}::{name.strip('[')}" if path else cell


def test_the_tests_on_the_page_are_there():
    for row in TABLE.values():
        path, _, name = told(row[4]).partition("::")
        if path.startswith("tests/"):
            there = {node.name for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8")))
                     if isinstance(node, ast.FunctionDef)}
            assert name in there, f"no test {name} in {path}"


def test_a_caught_fault_fails_a_test_that_passes_without_it(tmp_path, monkeypatch):
    """The machinery on a made-up project: a fault that a test sees, and one that none sees."""
    for name, text in {"engagelab/room/twice.py": "def twice(x):\n    return 2 * x\n",
                       "tests/room/test_near.py": "def test_near():\n    pass\n",
                       "tests/room/test_twice.py": "from engagelab.room.twice import twice\n\n\n"
                                                   "def test_twice():\n    assert twice(2) == 4\n",
                       "engagelab/__init__.py": "", "engagelab/room/__init__.py": "",
                       "pyproject.toml": ""}.items():
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text)
    monkeypatch.setattr(plant, "ROOT", tmp_path / "project")
    faults = [plant.Fault("room", name, "engagelab/room/twice.py", "", "", "2 * x", new, "tests/room/test_near.py")
              for name, new in (("seen", "3 * x"), ("unseen", "x + x"))]
    assert plant.run(faults, 1) == [(faults[0], "tests/room/test_twice.py::test_twice"), (faults[1], plant.NO_TEST)]
