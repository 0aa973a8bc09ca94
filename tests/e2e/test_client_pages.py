"""Reports for several clients from the files as vendors export them: in parallel, for a period, made again later."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from engagelab import cli, words
from engagelab.notebook.browsers import browser
from engagelab.report.pdf import FIXED

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SHOP = ("orders_export_*.csv", "nps_*.csv", "zendesk_tickets.csv", "subscribed_members_*.csv")
PRESS = ("instagram_content_*.csv", "nps_email.csv", "orders_export_*.csv")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two clients with parts of the exports, in two languages, and one whose settings cannot be read."""
    place = tmp_path_factory.mktemp("agency")
    settings = (ROOT / "data/exports/engagelab.toml").read_text("utf-8")
    for name, patterns in (("shop", SHOP), ("press", PRESS), ("broken", ())):
        folder = place / "clients" / name
        folder.mkdir(parents=True)
        for path in (path for pattern in patterns for path in (ROOT / "data/exports").glob(pattern)):
            shutil.copy(path, folder / path.name)
        known = settings.replace('language = "en"', 'language = "ja"') if name == "press" else settings
        (folder / "engagelab.toml").write_text("name = [" if name == "broken" else known, encoding="utf-8")
    return place


@pytest.fixture(autouse=True)
def inside(monkeypatch):
    monkeypatch.chdir(ROOT)
    yield
    words.set_language("en")


def report(*arguments):
    return cli.main(["report", "01", "08", *map(str, arguments)])


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def pages(place):
    """The pages of the two good clients, made two notebooks at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        data = [place / "clients/shop", place / "clients/press"]
        assert report("--data", *data, "--out", place / "out", "--jobs", 2) == 0
    words.set_language("en")
    return place / "out"


def test_one_after_the_other_gives_the_same_bytes(place, pages):
    data = [place / "clients/shop", place / "clients/press"]
    assert report("--data", *data, "--out", place / "serial", "--jobs", 1) == 0
    assert contents(place / "serial") == contents(pages)
    assert {"shop/01_customers.html", "press/08_report_of_the_quarter.xlsx", "index.html"} <= set(contents(pages))


def test_each_client_has_its_own_language_and_nothing_of_this_machine_is_told(place, pages):
    assert '<html lang="ja">' in (pages / "press/01_customers.html").read_text("utf-8")
    assert '<html lang="en">' in (pages / "shop/01_customers.html").read_text("utf-8")
    for name, content in contents(pages).items():
        assert str(place).encode() not in content and str(ROOT).encode() not in content, name


def test_they_are_made_again_to_the_byte_until_a_byte_of_the_data_changes(place, pages, capsys):
    assert report("--reproduce", pages / "manifest.json") == 0
    n = len(json.loads((pages / "manifest.json").read_text("utf-8"))["files"])
    assert f"{n} of {n} files have the same bytes" in capsys.readouterr().out
    changed = place / "clients/shop/zendesk_tickets.csv"
    whole = changed.read_bytes()
    changed.write_bytes(whole[:-2] + b"9" + whole[-1:])
    try:
        assert report("--reproduce", pages / "manifest.json") == 1
    finally:
        changed.write_bytes(whole)
    assert capsys.readouterr().out.startswith("shop: zendesk_tickets.csv was changed since")


def test_an_earlier_period_is_reported_as_if_the_data_ended_with_it(place):
    cut = place / "cut"
    shutil.copytree(place / "clients/press", cut / "press")
    for path in (cut / "press").glob("*2026Q3*"):
        path.unlink()
    (cut / "press/nps_email.csv").unlink()      # the one file with stamps of both times
    shutil.copytree(place / "clients/press", cut / "whole/press")
    (cut / "whole/press/nps_email.csv").unlink()
    for data, out in ((cut / "press", "a"), (cut / "whole/press", "b")):
        assert report("--data", data, "--out", cut / out, "--period", "2026Q2", "--language", "en") == 0
    first, second = ((cut / out / "01_customers.html").read_text("utf-8") for out in "ab")
    assert "FY2026Q1" in first and '<html lang="en">' in first
    answers = [page.partition('class="answer"')[2].partition("</section>")[0] for page in (first, second)]
    assert answers[0] and answers[0] == answers[1]


def test_a_period_that_is_not_there_says_what_is(place, capsys):
    assert report("--data", place / "clients/shop", "--out", place / "none", "--period", "2031Q1") == 1
    assert "from 2025Q3 (FY2025Q2) to 2026Q3 (FY2026Q2) both are whole" in capsys.readouterr().err
    assert not (place / "none").exists()


def test_a_broken_client_and_a_killed_kernel_cost_their_pages_alone(place, tmp_path, monkeypatch, capsys):
    killing = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 02 Killed"),
                                              nbformat.v4.new_code_cell("import os\nos.kill(os.getpid(), 9)")])
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "engagelab"\n', encoding="utf-8")
    shutil.copy(ROOT / "notebooks/01_customers.ipynb", tmp_path / "notebooks")
    nbformat.write(killing, tmp_path / "notebooks/02_killed.ipynb")
    monkeypatch.chdir(tmp_path)
    data = [place / "clients/broken", place / "clients/shop"]
    assert cli.main(["report", "--data", *map(str, data), "--out", "out", "--jobs", "2"]) == 1
    told = capsys.readouterr().out
    assert "broken; engagelab.toml is not valid TOML" in told and "shop/02_killed; Killed: no page, because" in told
    assert {name for name in contents(tmp_path / "out") if name.endswith(".html")} == {
        "index.html", "broken/index.html", "shop/index.html", "shop/01_customers.html"}
    assert told.count("02_killed") == 1 and "shop/01_customers\n" in told


@pytest.mark.skipif(browser() is None, reason="no Chromium, Chrome or Edge on this machine")
def test_a_page_is_printed_and_made_again_to_the_byte(place, tmp_path, capsys):
    assert cli.main(["report", "01", "--data", str(place / "clients/press"), "--out", str(tmp_path), "--pdf"]) == 0
    content = (tmp_path / "01_customers.pdf").read_bytes()
    assert content.startswith(b"%PDF") and FIXED in content and b"file:" not in content
    assert cli.main(["report", "--reproduce", str(tmp_path / "manifest.json")]) == 0
    assert "01_customers.pdf：同一" in capsys.readouterr().out
