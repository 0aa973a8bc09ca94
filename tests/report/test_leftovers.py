"""What earlier runs left: altered pages, folders of runs that were killed, pages of a single company, empty pages."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engagelab import cli, files, words
from engagelab.report import run
from tests.report import tiny

ONE = {"01_orders": tiny.notebook("01 Orders", tiny.cell("one", "section:answer"))}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project in which no kernel runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "execute", tiny.pretend)
    monkeypatch.setattr(run, "find_spec", lambda name: None)    # no slides
    yield tiny.project(tmp_path, ONE, ["alpha", "beta"])
    words.set_language("en")


def report(*words_of_it):
    return cli.main(["report", *words_of_it, "--out", "out"])


def test_a_page_that_was_altered_by_hand_is_not_the_same(place, capsys):
    assert report("--data", "clients/alpha") == 0
    assert cli.main(["report", "--reproduce", "out/manifest.json"]) == 0
    page = place / "out/01_orders.html"
    page.write_text(page.read_text("utf-8").replace("said one", "said two"), encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["report", "--reproduce", "out/manifest.json"]) == 1
    said = capsys.readouterr().out
    assert "01_orders.html: changed since it was made\n" in said and "01_orders.html: the same bytes" not in said
    assert said.endswith("1 of 2 files have the same bytes\n")


def test_the_pages_of_one_company_go_where_those_of_several_come(place, capsys):
    report("--data", "clients/alpha")
    (place / "out/notes.txt").write_text("mine", encoding="utf-8")
    assert report("--data", "clients/alpha", "clients/beta") == 0
    assert sorted(path.name for path in (place / "out").iterdir()) == ["alpha", "beta", "index.html", "manifest.json",
                                                                       "notes.txt"]


def test_a_page_of_one_company_that_was_altered_stays_and_is_told(place, capsys):
    report("--data", "clients/alpha")
    (place / "out/01_orders.html").write_text("altered", encoding="utf-8")
    assert report("--data", "clients/alpha", "clients/beta") == 1
    assert (place / "out/01_orders.html").read_text("utf-8") == "altered"
    assert "01_orders.html is of an earlier run for one company, was changed" in capsys.readouterr().out


def test_the_folders_of_runs_that_were_killed_are_removed_and_those_of_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    kept = [tmp_path / f".engagelab-{files.HOST}-{os.getppid()}-a", tmp_path / f".engagelab-elsewhere-{gone.pid}-a",
            tmp_path / ".engagelab-notes"]
    for folder in (*kept, tmp_path / f".engagelab-{files.HOST}-{gone.pid}-a"):
        folder.mkdir()
        (folder / "data").write_bytes(b"of a company")
    with files.scratch() as own:
        files.sweep()
        assert sorted(tmp_path.iterdir()) == sorted([*kept, Path(own)])


def test_a_run_keeps_its_data_where_the_next_one_finds_them(place, monkeypatch):
    swept, kept = [], []
    monkeypatch.setattr(run, "sweep", lambda: swept.append(True))
    monkeypatch.setattr(run, "execute", lambda fit, folder, env: kept.append(env["ENGAGELAB_DATA"]) or tiny.pretend(
        fit, folder=folder))
    report("--data", "clients/alpha")
    assert swept and Path(kept[0]).parent.name.startswith(f".engagelab-{files.HOST}-{os.getpid()}-")


LACKING = {**ONE, "02_mail": tiny.notebook(
    "02 Mail", tiny.cell("none", "section:answer"), tiny.cell("opens", "needs:email_sends"))}


def test_a_lesson_whose_findings_are_all_left_out_gives_no_page_and_one_line(place, capsys):
    tiny.project(place, LACKING, [])
    (place / "out").mkdir()
    (place / "out/02_mail.html").write_text("of an earlier run", encoding="utf-8")
    assert report("--data", "clients/alpha") == 0
    assert "alpha/02_mail; no page for lack of data\n" in capsys.readouterr().out
    assert sorted(path.name for path in (place / "out").iterdir()) == ["01_orders.html", "index.html", "manifest.json"]
    index = (place / "out/index.html").read_text("utf-8")
    assert '<li class="none">No page for lack of data: “Mail” (said none)</li>' in index and "02_mail" not in index
    assert cli.main(["report", "--reproduce", "out/manifest.json"]) == 0


def test_the_index_over_several_companies_says_what_is_empty_too(place):
    tiny.project(place, LACKING, [])
    assert report("--data", "clients/alpha", "clients/beta", "--language", "ja") == 0
    index = (place / "out/index.html").read_text("utf-8")
    assert index.count('<p class="none">データがないため作成していないページ：「Mail」（said none）</p>') == 2
    assert 'class="problem"' not in index
