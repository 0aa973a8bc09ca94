"""The folder: the same bytes every time, whole or not at all, and nothing of others is touched."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engagelab.errors import EngagelabError, UsageError
from engagelab.sample import write, writing
from engagelab.tables import said, tables

DATA = Path(__file__).parents[2] / "data"


def _bytes(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file()}


def test_the_committed_sample_comes_again_byte_for_byte(files):
    committed = json.loads((DATA / "manifest.json").read_text("utf-8"))
    assert (committed["customers"], committed["seed"]) == (4000, 7)
    found = _bytes(DATA)
    assert set(found) == set(files)
    assert [name for name in files if found[name] != files[name].content] == []


def test_the_manifest_names_every_file_with_its_checksum_size_and_rows(files):
    told = json.loads(files["manifest.json"].content)
    assert set(told["files"]) | {"manifest.json"} == set(files)
    for name, line in told["files"].items():
        content = files[name].content
        assert line["sha256"] == hashlib.sha256(content).hexdigest()
        assert line["bytes"] == len(content)
    assert told["files"]["customers.csv"]["rows"] == 4000 + 1500
    assert "rows" not in told["files"]["README.md"]


def test_the_sample_is_small_enough_for_a_repository(files):
    assert sum(len(file.content) for file in files.values()) <= 30_000_000


def test_no_byte_depends_on_zone_locale_hash_seed_threads_or_folder(tmp_path):
    code = "import sys; from engagelab.sample import write; write(sys.argv[1], customers=250, seed=3)"
    settings = [{"TZ": "America/St_Johns", "LC_ALL": "C", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
                {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "PYTHONUTF8": "1"}]
    written = []
    for number, setting in enumerate(settings):
        out = tmp_path / f"place {number}" / "data"
        subprocess.run([sys.executable, "-c", code, str(out)], check=True, env=os.environ | setting, cwd=tmp_path)
        written.append(_bytes(out))
    assert written[0] == written[1]


def test_words_in_another_language_change_no_byte(tmp_path):
    first = _bytes(write(tmp_path / "en", customers=200))
    writing.words.set_language("ja")
    try:
        assert _bytes(write(tmp_path / "ja", customers=200)) == first
    finally:
        writing.words.set_language("en")


def test_an_earlier_sample_is_replaced_whole(tmp_path):
    out = write(tmp_path / "data", customers=200, seed=1)
    again = write(out, customers=220, seed=2)
    assert json.loads((again / "manifest.json").read_text("utf-8"))["customers"] == 220
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("stranger", ["orders_of_mine.csv", "exports/mine.csv", ".hidden"])
def test_a_folder_with_anything_else_is_refused_and_left_alone(tmp_path, stranger):
    out = write(tmp_path / "data", customers=200)
    (out / stranger).write_text("mine")
    before = _bytes(out)
    with pytest.raises(UsageError, match=stranger):
        write(out, customers=200)
    assert _bytes(out) == before


@pytest.mark.parametrize("manifest", ["", "{}", "[]", '{"files": 3}', '{"files": ["mine.csv"]}',
                                      '{"generator": 1, "files": ["mine.csv"]}', "\ud800"])
def test_a_manifest_of_somebody_else_makes_no_folder_ours(tmp_path, manifest):
    (tmp_path / "manifest.json").write_bytes(manifest.encode("utf-8", "surrogatepass"))
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(UsageError):
        write(tmp_path, customers=200)
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_an_empty_folder_and_one_kept_by_git_are_filled(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ".gitkeep").touch()
    assert (write(tmp_path / "data", customers=200) / "manifest.json").is_file()


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "data").write_text("mine")
    with pytest.raises(UsageError) as refused:
        write(tmp_path / "data")
    assert refused.value.key == "sample.not_folder"


def test_a_file_above_the_folder_is_refused_by_its_name(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="file is a file, not a folder"):
        write(tmp_path / "file" / "deep" / "data", customers=200)


def test_a_size_that_cannot_be_leaves_nothing_behind(tmp_path):
    with pytest.raises(UsageError):
        write(tmp_path / "data", customers=3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["replace", "rename"])
def test_when_the_disk_fails_the_folder_is_as_it_was(tmp_path, monkeypatch, broken):
    out = write(tmp_path / "data", customers=200, seed=1)
    before, calls = _bytes(out), []
    whole = getattr(Path, broken)

    def failing(self, *args):
        calls.append(self)
        if len(calls) == 2:
            raise OSError("no space left")
        return whole(self, *args)

    monkeypatch.setattr(Path, broken, failing)
    with pytest.raises((OSError, EngagelabError), match="no space left"):
        write(out, customers=200, seed=2)
    monkeypatch.undo()
    assert _bytes(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_dictionary_explains_every_column_of_every_table(company, files):
    text = files["dictionary.md"].content.decode()
    for name, frame in company.items():
        section = text.split(f"## {name}\n")[1].split("\n## ")[0]
        for column in frame.columns:
            assert f"| {column} | {said(name, column, 'ja')[0]} | {tables()[name].columns[column].kind} |" in section


def test_the_texts_name_the_call_that_makes_them(files):
    assert "`engagelab sample --customers 4000 --seed 7 --out data/`" in files["README.md"].content.decode()


def test_every_text_file_ends_its_lines_alike(files):
    for name, file in files.items():
        if not name.startswith("exports/"):
            assert b"\r" not in file.content
            assert file.content.endswith(b"\n")
