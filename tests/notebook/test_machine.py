"""`engagelab doctor` without a folder: what is wrong with a machine, what to do, and the line for the teacher."""

import hashlib
import json
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from engagelab import words
from engagelab.cli import main
from engagelab.notebook import machine as room
from engagelab.notebook import places
from engagelab.notebook.machine import BAD, GOOD, MIND, Finding, Machine, listed, machine

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def english():
    yield
    words.set_language("en")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A small folder of the project, in which this test runs."""
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "workshop").mkdir()
    (tmp_path / "workshop" / "01_customers.ipynb").write_text("{}", "utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(b"x\n1\n")
    sums = {"a.csv": hashlib.sha256(b"x\n1\n").hexdigest(), "truth.json": "0" * 64}
    (tmp_path / "data" / "manifest.json").write_text(
        json.dumps({"files": {name: {"sha256": sum_, "bytes": 4} for name, sum_ in sums.items()}}), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_this_machine_runs_the_lessons(monkeypatch):
    monkeypatch.setattr(room, "CELL", "import sys\nprint(sys.prefix, end='')")   # from the zip the real one is run
    found = machine()
    assert found.ready, str(found)
    assert [one.topic for one in found.findings] == [
        "python", "folder", "packages", "data", "kernel", "font", "browser", "disk"]
    assert found.line.startswith("engagelab doctor: ready | Python 3.")
    assert str(found).splitlines()[-1] == found.line


def test_the_line_for_the_teacher_is_ascii_and_names_neither_folder_nor_person(monkeypatch):
    finding = Finding("kernel", BAD, "/home/hanako/朝凪 could not be started", "RuntimeError")
    for language in words.LANGUAGES:
        words.set_language(language)
        line = Machine((finding, Finding("disk", GOOD, "", "disk 9 GB"))).line
        assert line == "engagelab doctor: NOT READY: kernel RuntimeError | disk 9 GB"
    odd = Machine((Finding("packages", BAD, "", "numpy 2.0\u3042"),)).line
    assert odd.isascii()


def test_what_only_deserves_a_thought_does_not_stop_anybody():
    found = Machine((Finding("font", MIND, "no font", "no Japanese font"),))
    assert found.ready and found.line == "engagelab doctor: ready | no Japanese font"


def test_a_file_that_a_spreadsheet_saved_and_one_that_is_gone_are_named(home):
    assert room._data().state == GOOD    # what is planted is kept from participants, and not missed
    (home / "data" / "a.csv").write_bytes(b"x\r\n1\r\n")
    assert (room._data().state, room._data().short) == (BAD, "0 lacking 1 changed")
    assert "1 files were changed (a.csv)" in room._data().says
    (home / "data" / "a.csv").unlink()
    assert room._data().short == "1 lacking 0 changed"


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', '{"files": {"a.csv": {}}}', '{"other": 1}'])
def test_a_manifest_that_cannot_be_read_is_said(home, text):
    (home / "data" / "manifest.json").write_text(text, "utf-8")
    assert (room._data().state, room._data().short) == (BAD, "no manifest")
    (home / "data" / "manifest.json").unlink()
    assert room._data().short == "no manifest"


def test_the_manifest_of_the_sample_lists_all_but_what_is_planted():
    names = set(listed(ROOT / "data"))
    there = {path.relative_to(ROOT / "data").as_posix() for path in (ROOT / "data").rglob("*") if path.is_file()}
    assert names == there - {"truth.json", "manifest.json"}


def test_another_version_of_a_package_is_said_and_one_that_does_not_fit_stops(monkeypatch):
    real = room._version
    monkeypatch.setattr(room, "_version", lambda name: "3.9.9" if name == "pandas" else real(name))
    assert room._packages().state == MIND and "pandas 3.9.9 (tested: 3." in room._packages().says
    monkeypatch.setattr(room, "_version", lambda name: {"pandas": "2.3.3", "duckdb": ""}.get(name, real(name)))
    found = room._packages()
    assert found.state == BAD and found.short == "pandas 2.3.3 duckdb"


def test_outside_the_project_it_says_where_to_run_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "__file__", str(tmp_path / "lib/engagelab/notebook/places.py"))
    states = {look().topic: look().state for look in (room._lessons, room._packages, room._data, room._kernel)}
    assert set(states.values()) == {BAD}


def test_a_kernel_of_another_python_is_told_from_ours(home, monkeypatch):
    monkeypatch.setattr(room, "CELL", "print('/usr', end='')")
    found = room._kernel()
    assert (found.state, found.short) == (BAD, "of another Python") and "/usr" in found.says


def test_a_kernel_that_dies_is_said_in_one_line(home, monkeypatch):
    monkeypatch.setattr(room, "CELL", "import os\nos._exit(1)")
    found = room._kernel()
    assert found.state == BAD and found.short == "DeadKernelError" and "\n" not in found.says


def test_a_full_disk_stops(monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage(5e8))
    assert room._disk().state == BAD and "only 0.5 GB" in room._disk().says


def test_no_font_and_no_browser_are_remarks(monkeypatch):
    monkeypatch.setattr(room, "japanese_font", lambda: "")
    monkeypatch.setattr(room, "browser", lambda: None)
    assert (room._font().state, room._browser().state) == (MIND, MIND)
    assert "engagelab[ja]" in room._font().says and "ENGAGELAB_BROWSER" in room._browser().says


def test_the_command_speaks_the_language_and_ends_with_the_line(monkeypatch, capsys):
    monkeypatch.setattr(room, "_kernel", lambda: Finding("kernel", BAD, "x", "died"))
    monkeypatch.setattr("engagelab.cli.machine", lambda: Machine((room._python(), room._kernel())))
    assert main(["doctor", "--language", "ja"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "このパソコンで講座のノートブックを動かせるか："
    assert said[-1].startswith("engagelab doctor: NOT READY: kernel died | Python ") and said[-1].isascii()
    assert str(Path(sys.prefix)) not in said[-1]
