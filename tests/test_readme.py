"""The README, in both languages: its tour runs, its picture is fresh, its links lead somewhere."""

import doctest
import importlib.util
import re
import warnings
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from engagelab import cli, words
from engagelab.notebook.tags import needs

ROOT = Path(__file__).parents[1]
READMES = {"en": ROOT / "README.md", "ja": ROOT / "README.ja.md"}
DISPLAY = [part for name in ("width", "max_columns", "max_rows", "precision")  # what `el.setup` sets
           for part in (f"display.{name}", pd.get_option(f"display.{name}"))]


@pytest.fixture(params=READMES, ids=str)
def language(request):
    return request.param


@pytest.fixture
def page(language):
    return READMES[language].read_text("utf-8")


def test_the_tour_runs_and_has_some_twenty_lines(language, page):
    typed = re.findall(r"^(?:>>>|\.\.\.) ", page, re.MULTILINE)
    assert 8 <= len(typed) <= 20
    with warnings.catch_warnings(), words.speaking("en"), pd.option_context(*DISPLAY):
        failed, tried = doctest.testfile(str(READMES[language]), module_relative=False, encoding="utf-8",
                                         optionflags=doctest.NORMALIZE_WHITESPACE)
    assert (failed, tried) == (0, len(typed))


def test_both_tours_give_the_same_numbers():
    def numbers(path):
        rows = re.findall(r"^ *NPS .*\d$", path.read_text("utf-8"), re.MULTILINE)
        return [re.findall(r"[+−]?\d+\.\d|\d{3}$", row) for row in rows]

    assert numbers(READMES["en"]) == numbers(READMES["ja"])
    assert len(numbers(READMES["en"])) == 6


def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert len(links) > 15
    for link in links:
        path, _, place = link.partition("#")
        assert "://" not in link
        assert not path or (ROOT / path).exists(), link
        text = (ROOT / path).read_text("utf-8") if place and path else page
        headings = [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-")
                    for line in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
        assert not place or place in headings, link


def test_every_notebook_is_listed_in_its_language(language, page):
    folder = ROOT / "notebooks" if language == "en" else ROOT / "notebooks/ja"
    for path in sorted(folder.glob("*.ipynb")):
        assert f"({path.relative_to(ROOT).as_posix()})" in page


# The tables of the words that the README has for files.
FILES = {"mailings": "email_campaigns email_sends", "mails": "email_sends", "posts": "social_posts",
         "pulse surveys": "pulses", "order lines": "order_items", "app": "events", "web events": "events"}


def test_the_files_that_a_question_lives_on_are_those_that_its_cells_need():
    rows = re.findall(r"\(notebooks/(\d\d_\w+)\.ipynb\) \| (.+) \|", READMES["en"].read_text("utf-8"))
    assert len(rows) == 8
    for name, files in rows[:-1]:  # the last notebook brings the others together
        notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        tables = {need.partition(".")[0] for cell in notebook.cells for need in needs(cell)}
        said = {table for file in re.split(r"[,;] | or ", files) for table in FILES.get(file, file).split()}
        assert tables - {"customers"} == said, name  # of customers every file tells


def test_every_command_that_it_shows_is_one(page):
    shown = re.findall(r"engagelab(?: -\S+ \S+)* (\w+)(.*)$", "\n".join(re.findall(r"```\n(.*?)```", page, re.DOTALL)),
                       re.MULTILINE)
    lines = [f"{command}{rest}".split() for command, rest in shown if not rest.startswith(" &&") and command != "cd"]
    assert {line[0] for line in lines} >= {"report", "test", "lab", "init", "doctor"}
    for line in lines:
        cli.parser().parse_args(line)


def test_the_picture_is_what_its_code_draws(language):
    place = ROOT / "docs/pictures/from_export_to_decision.py"
    spec = importlib.util.spec_from_file_location("from_export_to_decision", place)
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    stored = (place.parent / code.NAME[language]).read_text("utf-8")
    assert stored == code.draw(language), f"python {place.relative_to(ROOT)} draws it again"
    assert f"docs/pictures/{code.NAME[language]}" in READMES[language].read_text("utf-8")
    assert max(code.columns(line) for line in re.findall(r">([^<]+)</text>", stored)) < 60
