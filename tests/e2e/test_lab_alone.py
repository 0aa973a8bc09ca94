"""JupyterLab as `engagelab lab` starts it, and a page in a browser, ask no other machine for anything."""

import json
import urllib.request
from importlib.util import find_spec

import lab
import nbformat
import pytest

from engagelab.notebook.browsers import browser
from engagelab.report.render import Look, page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone") / "kit"
    folder.mkdir()
    with lab.server(folder) as address:
        yield address


@pytest.mark.parametrize(("question", "answer"), [("update", {"notification": None}), ("news", {"news": []})])
def test_the_lab_asks_nobody_for_news(address, question, answer):
    """The server is a process of the tests: were it to ask, its call would be written down and fail this one."""
    with urllib.request.urlopen(f"{address}/lab/api/{question}?token={lab.TOKEN}", timeout=60) as said:
        assert json.load(said) == answer


def test_the_lab_lists_no_extensions_of_a_registry(address):
    with urllib.request.urlopen(f"{address}/lab/api/extensions?token={lab.TOKEN}&refresh=1&query=a",
                                timeout=60) as said:
        assert not [one["name"] for one in json.load(said) if not one["installed"]]


@pytest.mark.skipif(browser() is None, reason="no Chromium, Chrome or Edge is installed")
@pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (extra `browser`)")
def test_a_page_loads_no_picture_from_elsewhere(tmp_path):
    drawn = nbformat.v4.new_output("display_data", {"text/html": "<img src='https://example.com/pixel.png'>"})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A page"),
                                               nbformat.v4.new_code_cell("1", outputs=[drawn])])
    place = tmp_path / "page.html"
    place.write_text(page(notebook, Look("Asanagi", ("#123456", "#abcdef"), "en")), "utf-8")
    assert "https://example.com/pixel.png" in place.read_text("utf-8")
    with lab.chromium() as opened, lab.tab(opened) as seen:
        seen.page.goto(place.as_uri())
        assert seen.outside == []
        assert any("Content Security Policy" in line and "pixel.png" in line for line in seen.console)
