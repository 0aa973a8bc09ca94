"""The command line: what goes wrong is one line and an exit code of 1."""

import subprocess
import sys

import pytest

from engagelab import words
from engagelab.cli import main
from engagelab.notebook import places


@pytest.fixture(autouse=True)
def english():
    yield
    words.set_language("en")


def test_init_writes_nothing_for_an_empty_folder(tmp_path, capsys):
    assert main(["init", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_init_writes_settings_that_are_read_back(tmp_path, capsys):
    (tmp_path / "orders.csv").write_text("order_id,ordered_at,currency\n1,2026-09-30,EUR\n", "utf-8")
    assert main(["init", str(tmp_path)]) == 0
    assert 'currency = "EUR"' in (tmp_path / "engagelab.toml").read_text("utf-8")
    assert main(["doctor", str(tmp_path)]) == 0
    assert "orders: 1 rows" in capsys.readouterr().out


def test_without_notebooks_a_rebuild_fails(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "__file__", str(tmp_path / "lib/engagelab/notebook/places.py"))
    assert main(["rebuild"]) == 1
    assert "no folder with engagelab's notebooks" in capsys.readouterr().err


def test_the_module_runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "engagelab.cli"], capture_output=True, text=True)
    assert done.returncode == 2 and "usage: engagelab" in done.stderr
