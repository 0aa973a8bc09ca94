"""Where a browser is found: the variable first, then the PATH, then the usual places of Windows and macOS."""

import pytest

from engagelab.notebook.browsers import VARIABLE, browser


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any browser."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", "utf-8")
    path.chmod(0o755)
    return path


def test_where_there_is_none_there_is_none(bare):
    assert browser() is None


def test_one_on_the_path_is_found_and_chromium_before_edge(bare):
    edge = program(bare / "microsoft-edge")
    assert browser() == edge
    assert program(bare / "chromium") == browser()


def test_the_variable_has_the_first_word_as_a_file_or_a_name(bare, monkeypatch):
    program(bare / "chromium")
    own = program(bare / "my browsers" / "ブラウザー")
    monkeypatch.setenv(VARIABLE, str(own))
    assert browser() == own
    monkeypatch.setenv(VARIABLE, "chromium")
    assert browser() == bare / "chromium"


@pytest.mark.parametrize("wrong", ["nowhere", "/nowhere/chrome", "."])
def test_a_variable_that_names_nothing_finds_nothing_else_instead(bare, monkeypatch, wrong):
    program(bare / "chromium")
    monkeypatch.setenv(VARIABLE, wrong)
    assert browser() is None


def test_the_usual_place_of_windows_is_looked_at(bare, monkeypatch):
    monkeypatch.setenv("PROGRAMFILES", str(bare / "Program Files"))
    there = program(bare / "Program Files/Microsoft/Edge/Application/msedge.exe")
    assert browser() == there


def test_the_usual_place_of_macos_is_looked_at(bare):
    there = program(bare / "Applications/Chromium.app/Contents/MacOS/Chromium")
    assert browser() == there
