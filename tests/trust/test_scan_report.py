"""One report of every lesson on a folder of unmistakable people and hostile names: nobody comes out, nothing runs.

The company is that of `planted`. The notebooks as they were executed are looked through as well: they hold each result
as text, as HTML and as a table with all its digits, and what was printed.
"""

import html
import io
import json
import logging
import re
import zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

import openpyxl
import planted
import pytest

from engagelab import cli, words
from engagelab.report import run

pytestmark = pytest.mark.slow
PICTURE = re.compile(r"base64,[A-Za-z0-9+/=\\n]+|\"image/png\": \"[^\"]*\"")
TAGS = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "nav", "div", "span",
        "h1", "h2", "h3", "p", "ul", "ol", "li", "a", "img", "figure", "table", "thead", "tbody", "tr", "td", "th",
        "small", "strong", "b", "em", "code", "pre", "details", "summary", "br", "blockquote", "hr", "dl", "dt", "dd",
        "del"}
ATTRIBUTES = {"lang", "charset", "name", "content", "class", "id", "href", "alt", "src", "style", "width", "height",
              "http-equiv"}
STYLE = re.compile(r"text-align:(left|right)|color:#[\da-f]{6};font-weight:600|max-width:100%;height:auto")
LINK = re.compile(r"#f\d+|[\w.%-]+\.(html|xlsx|pptx|pdf|csv)")


class Seen(HTMLParser):
    """What a browser makes of a page: its elements, their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of pages, the executed notebooks, and all that was said on the way."""
    place = tmp_path_factory.mktemp("planted")
    data, out, done, logged = planted.write(place / "files"), place / "out", [], []
    real = run.execute

    def watched(*how, **more):
        done.append(real(*how, **more))
        return done[-1]

    class Keep(logging.Handler):
        def emit(self, record):
            logged.append(record.getMessage())

    keep = Keep()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGAGELAB_KEY", str(place / "a.key"))
        patch.setattr(run, "execute", watched)
        logging.getLogger().addHandler(keep)
        try:
            assert cli.main(["report", "--data", str(data), "--out", str(out), "--jobs", "2"]) == 0
        finally:
            logging.getLogger().removeHandler(keep)
            words.set_language("en")
    return out, done, "\n".join(logged)


def texts(out):
    """Each text in the files of a report, by the file and the part of it; pictures are none."""
    for path in sorted(out.rglob("*")):
        if path.suffix in (".xlsx", ".pptx"):
            with zipfile.ZipFile(path) as archive:
                for part in archive.namelist():
                    if part.endswith((".xml", ".rels")):
                        yield f"{path.name} {part}", archive.read(part).decode("utf-8")
        elif path.is_file():
            yield path.name, PICTURE.sub("", path.read_text("utf-8"))


def test_the_report_names_nobody(made):
    out, _, logged = made
    assert len(list(out.glob("0*.html"))) == len(list(out.glob("0*.xlsx"))) == len(list(out.glob("0*.pptx"))) == 8
    for name, text in texts(out):
        assert planted.leaks(html.unescape(text)) == [], name
    assert planted.leaks(logged) == []


def test_the_executed_notebooks_name_nobody(made):
    assert len(made[1]) == 8
    for notebook in made[1]:
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        assert outputs
        for output in outputs:
            text = PICTURE.sub("", json.dumps(output, ensure_ascii=False))
            assert planted.leaks(html.unescape(text)) == [], text[:300]


def test_no_element_and_no_attribute_of_a_page_came_from_the_data(made):
    shown = ""
    for path in sorted(made[0].rglob("*.html")):
        seen = Seen(path.read_text("utf-8"))
        shown += "".join(seen.text)
        for tag, attributes in seen.elements:
            assert tag in TAGS and set(attributes) <= ATTRIBUTES, (path.name, tag, attributes)
            assert STYLE.fullmatch(attributes.get("style", "text-align:left")), attributes
            assert LINK.fullmatch(attributes.get("href", "#f1")), attributes
            assert re.match(r"data:image/(png;base64|svg\+xml[;,])", attributes.get("src", "data:image/png;base64"))
            assert "qzhack" not in "".join(str(value) for name, value in attributes.items() if name != "alt")
    for hostile in ("<script>qzhack()</script>", "[x](javascript:qzhack())", "=cmd|' /C qzhack'!A0"):
        assert hostile in shown, f"{hostile} is shown as the text that it is"


def test_no_cell_of_a_workbook_is_a_formula_and_no_part_leads_out(made):
    found = []
    for path in sorted(made[0].rglob("*.xlsx")):
        book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
        cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
        assert not any("<f>" in part or "<f " in part or "<hyperlink" in part or 'TargetMode="External"' in part
                       for part in parts.values())
        found += [cell for cell in cells if isinstance(cell.value, str)
                  and re.match(r"\s*[=+@＝＋＠]|-\d+\+|\t", cell.value)]
        assert all(cell.quotePrefix for cell in cells if isinstance(cell.value, str)
                   and re.match(r"\s*[=+@＝＋＠]|\t", cell.value))
    assert any("HYPERLINK" in cell.value or "cmd|" in cell.value for cell in found), "none of the planted is there"


def test_slides_hold_hostile_names_as_texts_alone(made):
    shown = ""
    for path in sorted(made[0].rglob("*.pptx")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".rels"):
                    assert 'TargetMode="External"' not in archive.read(name).decode("utf-8")
                if re.match(r"ppt/slides/slide\d+\.xml", name):
                    root = ElementTree.fromstring(archive.read(name))
                    assert not [node for node in root.iter() if node.tag.endswith(("}hlinkClick", "}hlinkHover"))]
                    shown += "".join(node.text or "" for node in root.iter() if node.tag.endswith("}t"))
    assert "qzhack" in shown


def test_a_list_of_alerts_is_safe_in_a_spreadsheet(made):
    for path in made[0].rglob("*.csv"):
        for line in path.read_text("utf-8-sig").splitlines():
            assert not re.search(r'(^|,)"?[=+@\t＝＋＠]', line), line
