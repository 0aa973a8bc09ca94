"""The zip for a participant: what it holds, what it must not hold, and the same bytes each time."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engagelab.cli import main
from engagelab.errors import UsageError
from engagelab.notebook.kit import PAGES, TOP, contents, kit

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder of the project with everything that a teacher may have in it."""
    root = tmp_path / "teacher"
    for name in ("pyproject.toml", "constraints.txt", "LICENSE", "README.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    files = ["workshop/START_HERE.md", "workshop/README.md", "workshop/teacher.md", "workshop/ja/README.md",
             "notebooks/01_a.ipynb", "notebooks/ja/01_a.ipynb", "workshop/01_a.ipynb", "workshop/ja/01_a.ipynb",
             *(f"workshop/{language}{name}" for language in ("", "ja/") for name in PAGES),
             "engagelab/__init__.py", "engagelab/words/a.csv", "engagelab/__pycache__/a.cpython-311.pyc",
             "engagelab/.DS_Store", "data/a.csv", "data/exports/b.csv", "data/truth.json", "data/my_customers.csv",
             "docs/truths.md", "tests/test_a.py", "workshop/.ipynb_checkpoints/01_a.ipynb", "team.key", ".git/config"]
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name}\n" * 9, "utf-8")
    sums = {name: {"sha256": "0"} for name in ("a.csv", "exports/b.csv", "truth.json")}
    (root / "data" / "manifest.json").write_text(json.dumps({"files": sums}), "utf-8")
    monkeypatch.chdir(root)
    return root


def test_a_participant_gets_the_lessons_to_solve_and_nothing_that_gives_them_away(home, tmp_path):
    n = kit(tmp_path / "out" / "workshop.zip")
    names = zipfile.ZipFile(tmp_path / "out" / "workshop.zip").namelist()
    pages = sorted(f"workshop/{language}{page}" for language in ("", "ja/") for page in PAGES)
    assert len(names) == n
    assert sorted(name.removeprefix(f"{TOP}/") for name in names) == sorted([
        "START_HERE.md", "LICENSE", "README.md", "constraints.txt", "pyproject.toml", "data/a.csv",
        "data/exports/b.csv", "data/manifest.json", "engagelab/__init__.py", "engagelab/words/a.csv",
        "workshop/01_a.ipynb", "workshop/ja/01_a.ipynb", *pages])
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "workshop.zip"]


def test_the_same_files_give_the_same_bytes_whatever_their_time(home, tmp_path):
    kit(tmp_path / "a.zip")
    for path in home.rglob("*"):
        os.utime(path, (1e9, 1e9))
    kit(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    members = zipfile.ZipFile(tmp_path / "a.zip").infolist()
    assert {member.date_time[0] for member in members} == {1980}
    assert [member.filename for member in members] == sorted(member.filename for member in members)


@pytest.mark.parametrize("name", [
    "workshop/01_a.ipynb", "workshop/ja/01_a.ipynb", "data/a.csv", "workshop/ja/questions.md"])
def test_where_a_file_lacks_or_a_copy_in_one_language_nothing_is_packed(home, tmp_path, name):
    (home / name).unlink()
    with pytest.raises(UsageError, match=f"not there: {name}; .*engagelab exercise"):
        kit(tmp_path / "workshop.zip")
    assert list(tmp_path.iterdir()) == [home]


def test_a_killed_run_leaves_the_old_zip(home, tmp_path, monkeypatch):
    out = tmp_path / "workshop.zip"
    out.write_bytes(b"old")
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        kit(out)
    assert out.read_bytes() == b"old" and sorted(tmp_path.iterdir()) == [home, out]


def test_the_command_says_how_large_the_zip_is(home, tmp_path, capsys):
    assert main(["workshop", "--out", str(tmp_path / "w.zip")]) == 0
    assert "w.zip: 18 files, 0." in capsys.readouterr().out


def test_the_folder_that_is_unpacked_knows_itself_as_the_project(home, tmp_path, monkeypatch):
    kit(tmp_path / "w.zip")
    zipfile.ZipFile(tmp_path / "w.zip").extractall(tmp_path / "朝凪 2026")
    there = tmp_path / "朝凪 2026" / TOP
    (there / "workshop" / "START_HERE.md").write_bytes((there / "START_HERE.md").read_bytes())
    monkeypatch.chdir(there / "workshop")
    assert contents()["workshop/01_a.ipynb"] == there / "workshop/01_a.ipynb"


def test_the_real_contents_name_no_solution_and_no_truth():
    names = set(contents())
    assert not [name for name in names if "truth" in name and not name.startswith("engagelab/")]
    assert not [name for name in names if name.startswith(("notebooks/", "tests/", "docs/", "."))]
    assert not names & {"workshop/README.md", "workshop/teacher.md", "workshop/ja/teacher.md"}
    for name, path in contents().items():
        if name.endswith(".ipynb"):
            assert "BEGIN SOLUTION" not in path.read_text("utf-8"), name


@pytest.mark.slow
@pytest.mark.usefixtures("with_registry")
def test_from_the_zip_alone_and_without_a_network_a_participant_runs_lesson_01(tmp_path):
    """As START_HERE says it, in a folder with a space and Japanese letters."""
    out = tmp_path / "workshop.zip"
    assert main(["workshop", "--offline", "this", "--out", str(out)]) == 0
    zipfile.ZipFile(out).extractall(tmp_path / "マイ フォルダ")
    there = tmp_path / "マイ フォルダ" / TOP
    lines = [line for line in (there / "START_HERE.md").read_text("utf-8").splitlines() if "--no-index" in line]
    assert lines[0].startswith(".venv/bin/python -m pip install --no-index --find-links wheels ")
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_", "PYTHON"))}

    def run(*command):
        done = subprocess.run(command, cwd=there, env=bare, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    run(sys.executable, "-m", "venv", ".venv")
    run("sh", "-c", lines[0])
    assert run(".venv/bin/engagelab", "doctor").splitlines()[-1].startswith("engagelab doctor: ready")
    for language in ("", "ja/"):
        lesson = sorted((there / "workshop" / language).glob("01_*.ipynb"))[0]
        run(".venv/bin/jupyter", "execute", "--inplace", str(lesson))
        cells = json.loads(lesson.read_text("utf-8"))["cells"]
        kinds = [output["output_type"] for cell in cells for output in cell.get("outputs", ())]
        assert kinds and "error" not in kinds
