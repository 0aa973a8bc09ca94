"""A page is printed by a browser: the same bytes each time, and in one clear line why not."""

import re
import stat
import sys
from pathlib import Path

import pytest

from engagelab.notebook.browsers import browser
from engagelab.report.pdf import FIXED, NoPDF, pdf, printer

PAGE = """<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>朝凪 (A) \\ /CreationDate (D:2</title>
<style>@page { size: A4 }</style></head><body><h1 id="a">朝凪</h1><a href="#b">to</a>
<p id="b" style="break-before: page">second</p></body></html>"""
ours = pytest.mark.skipif(browser() is None, reason="no Chromium, Chrome or Edge on this machine")
scripts = pytest.mark.skipif(sys.platform == "win32", reason="the browsers of these tests are shell scripts")


@pytest.fixture
def pretend(tmp_path):
    """A program in place of a browser: lines of a shell script; $made is where the PDF goes."""
    def made(*lines):
        program = tmp_path / "browser"
        find = 'for word; do case "$word" in --print-to-pdf=*) made="${word#*=}";; esac; done'
        program.write_text("\n".join(["#!/bin/sh", find, *lines, ""]), encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program
    return made


@ours
def test_the_same_page_is_printed_to_the_same_bytes():
    first, second = pdf(PAGE, browser()), pdf(PAGE, browser())
    assert first == second and first.startswith(b"%PDF-")
    assert first.count(FIXED) == 2 and not re.search(rb"Date \(D:(?!20000101)", first)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", first)
    assert abs(float(box[1]) - 210 / 25.4 * 72) < 1 and abs(float(box[2]) - 297 / 25.4 * 72) < 1     # A4 in points
    assert len(re.findall(rb"/Type /Page\b", first)) == 2
    assert b"file:" not in first and bytes(Path.cwd()) not in first
    assert printer(first).startswith("Skia/PDF")


@scripts
def test_the_moment_of_printing_gives_way_to_a_stamp_of_the_same_length(pretend):
    dates = "/CreationDate (D:20261122212137+09'00')\\n/ModDate (D:20261122212137-03'30')>>"
    made = pdf(PAGE, pretend(f'printf "%s\\n%%%%EOF\\n" "{dates}" > "$made"'))
    text = dates.replace("20261122212137+09'00'", "20000101000000+00'00'").replace("20261122212137-03'30'",
                                                                                   "20000101000000+00'00'")
    assert made.decode().startswith(text) and len(made.decode()) == len(dates) + len("\n%%EOF\n")


@scripts
@pytest.mark.parametrize(("lines", "said"), [
    (("echo dbus is away >&2", "echo 'no usable sandbox' >&2"), "browser printed nothing: no usable sandbox"),
    (('printf "%%PDF-1.4 cut" > "$made"',), "browser printed nothing: "),
    (("exit 3",), "browser printed nothing: ")])
def test_a_browser_that_prints_nothing_whole_is_quoted(pretend, lines, said):
    with pytest.raises(NoPDF) as caught:
        pdf(PAGE, pretend(*lines))
    assert str(caught.value) == said


@scripts
def test_a_browser_that_hangs_is_ended_even_where_it_leaves_something_behind(pretend):
    with pytest.raises(NoPDF, match=r"browser did not finish within 0\.2 seconds and was ended"):
        pdf(PAGE, pretend("sleep 5 &", "exec sleep 5"), timeout=.2)


def test_a_program_that_cannot_be_started_is_said(tmp_path):
    with pytest.raises(NoPDF, match="printed nothing: "):
        pdf(PAGE, tmp_path / "none")
