"""docs/machines.md tells what ran: every declared machine, nothing that failed, and the versions that are allowed."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from packaging.requirements import Requirement

from engagelab import cli

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("matrix", ROOT / "tests/machines/matrix.py")
matrix = importlib.util.module_from_spec(SPEC)
sys.modules["matrix"] = matrix
SPEC.loader.exec_module(matrix)

VARIANTS = matrix.declared()
NOT_RUN = pytest.mark.xfail(strict=True, reason="no row yet: `python tests/machines/matrix.py` writes them")
PAGE = (ROOT / matrix.PAGE).read_text("utf-8")
FOUND = {"python": "3.12.1", "versions": dict.fromkeys(matrix.LIBRARIES, "9.9")}


def table(heads):
    """The rows of a table of the page, as {head: cell}."""
    return {name: dict(zip(heads, line.strip("| ").split(" | "), strict=True))
            for name, line in matrix.kept(PAGE, heads).items()}


def pins(python):
    """The versions of constraints.txt for a Python."""
    lines = map(Requirement, (ROOT / "constraints.txt").read_text("utf-8").splitlines())
    return {line.name: str(line.specifier).removeprefix("==") for line in lines
            if not line.marker or line.marker.evaluate({"python_full_version": python + ".9"})}


@NOT_RUN
def test_on_every_declared_machine_all_tests_passed():
    rows = table(matrix.MACHINES)
    assert list(rows) == list(VARIANTS)
    for name, variant in VARIANTS.items():
        row = rows[name]
        assert matrix.passed(variant, row["tests"], row["notebooks"]), row
        assert row == dict(zip(matrix.MACHINES, matrix.lines(variant, FOUND, row["tests"], row["notebooks"])[0]
                               .strip("| ").split(" | "), strict=True))
        assert int(row["tests"].split()[0]) > 5000


@NOT_RUN
def test_with_pinned_versions_every_notebook_is_the_same_to_the_byte():
    n = len([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "notebooks/ja").glob("*.ipynb")])
    rows = table(matrix.MACHINES)
    assert {rows[name]["notebooks"] for name, one in VARIANTS.items() if one.versions == "pinned"} == {f"{n} of {n}"}


@NOT_RUN
def test_the_oldest_and_the_pinned_versions_are_those_that_ran():
    rows = table(matrix.VERSIONS)
    assert list(rows) == list(VARIANTS)
    for name, variant in VARIANTS.items():
        row, pinned = rows[name], pins(variant.python)
        assert row["Python"].startswith(variant.python + ".")
        for requirement in map(Requirement, matrix.PROJECT["dependencies"]):
            version, floor = row[requirement.name], min(re.findall(r">=([\d.]+)", str(requirement.specifier)))
            assert requirement.specifier.contains(version)
            if variant.versions == "pinned":
                assert version == pinned[requirement.name], (name, requirement.name)
            if variant.versions == "oldest":
                assert re.fullmatch(re.escape(floor) + r"(\.0)*", version), (requirement.name, version)


def test_every_python_processor_text_zone_locale_and_place_has_a_machine():
    machines = VARIANTS.values()
    assert {one.python for one in machines} == {"3.11", "3.12", "3.13"}
    assert {(one.avx, one.versions) for one in machines} >= {(False, "pinned"), (True, "oldest"), (True, "newest")}
    assert {one.text for one in machines} == set(matrix.PYARROW)
    assert {one.place for one in machines} == set(matrix.PLACES)
    assert len({one.zone for one in machines}) == 3 and len({one.locale for one in machines}) == 4


@pytest.mark.parametrize("tests, books, good", [
    ("6000 passed", "16 of 16", True), ("6000 passed, 12 skipped", "16 of 16", True),
    ("5999 passed, 1 failed", "16 of 16", False), ("5999 passed, 1 error, 2 skipped", "16 of 16", False),
    ("did not run", "16 of 16", False), ("6000 passed", "15 of 16", False), ("6000 passed", "0 of 0", False)])
def test_a_failure_is_not_called_passed(tests, books, good):
    assert matrix.passed(VARIANTS["Arrow"], tests, books) is good


@pytest.mark.parametrize("closing, code, said", [
    ("9 passed, 2 skipped, 3 deselected in 41.20s", 0, "9 passed, 2 skipped"),
    ("==== 1 failed, 9 passed, 1 error in 100.20s (0:01:40) ====", 1, "9 passed, 1 failed, 1 error"),
    ("9 passed in 41.20s", 3, "did not run"), ("no tests ran in 0.01s", 5, "did not run"), ("", 0, "did not run")])
def test_the_closing_line_of_pytest_is_understood(closing, code, said):
    assert matrix.counted(CompletedProcess([], code, f"FAILED 7 passed\n{closing}\n")) == said


def test_notebooks_are_counted_from_what_the_command_says(monkeypatch, capsys):
    differences = iter(["", "01_a.ipynb:3: 'x' != 'y'"])
    monkeypatch.setattr(cli, "check", lambda *_: next(differences))
    monkeypatch.setattr(cli, "notebooks", lambda _: [ROOT / "notebooks/01_a.ipynb"])
    monkeypatch.setattr(cli, "editions", lambda path: [(path, None), (path.parent / "ja" / path.name, None)])
    assert cli.main(["rebuild", "--check", "01"]) == 1
    assert matrix.compared(CompletedProcess([], 1, capsys.readouterr().out)) == "1 of 2"


def test_a_page_keeps_the_rows_of_machines_that_did_not_run():
    lines = {name: matrix.lines(one, FOUND, "6000 passed", "16 of 16") for name, one in VARIANTS.items()}
    whole = matrix.page("", lines)
    again = matrix.page(whole, {"Arrow": matrix.lines(VARIANTS["Arrow"], FOUND, "5999 passed, 1 failed", "16 of 16")})
    assert whole.splitlines() != again.splitlines()
    assert again.replace("5999 passed, 1 failed", "6000 passed") == whole
    assert matrix.page(whole, {}) == whole


def test_a_machine_that_did_not_come_to_be_is_not_run():
    one = VARIANTS["another CPU"]
    there = FOUND | {"python": "3.13.0", "avx": False, "text": "python", "zone": matrix.zone_names(one.zone),
                     "locale": one.locale, "writable": True}
    assert matrix.looked_at(one, CompletedProcess([], 0, json.dumps(there))) == there
    for name, other in {"python": "3.12.1", "avx": True, "text": "pyarrow", "zone": ["UTC", "UTC"], "locale": "C",
                        "writable": False}.items():
        with pytest.raises(SystemExit, match="not as declared"):
            matrix.looked_at(one, CompletedProcess([], 0, json.dumps(there | {name: other})))


def test_a_python_that_is_not_there_is_skipped_and_said(monkeypatch, capsys):
    monkeypatch.setattr(matrix, "pythons", lambda _: iter([sys.executable, "python0.0"]))
    assert matrix.interpreter("{}.{}".format(*sys.version_info)) == sys.executable
    monkeypatch.setattr(matrix, "declared", lambda: {"old": replace(VARIANTS["Arrow"], name="old", python="0.0")})
    assert matrix.main([]) == 0
    assert capsys.readouterr().out == "old: skipped, no Python 0.0\n"


@pytest.mark.slow
def test_the_examples_of_the_pages_give_their_digits_on_another_processor_in_another_zone():
    features = matrix.said(sys.executable, "-c", matrix.FEATURES)
    other = matrix.OLD_CPU | {"NPY_DISABLE_CPU_FEATURES": features, "TZ": "Pacific/Chatham", "LC_ALL": "C"}
    command = [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", "README.md", "docs/value.md"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | other, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
