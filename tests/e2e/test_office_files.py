"""The workbook and the slides of a page open in an office program without a complaint."""

import io
import shutil
import subprocess
from pathlib import Path

import nbformat
import openpyxl
import pytest

from engagelab import words
from engagelab.notebook.collect import VARIABLE
from engagelab.notebook.execute import execute, read
from engagelab.notebook.setup import open_data
from engagelab.notebook.tags import answerable, fitted
from engagelab.report.book import book
from engagelab.report.render import Look, page
from engagelab.report.slides import slides

pytestmark = pytest.mark.slow
pptx = pytest.importorskip("pptx")
ROOT = Path(__file__).parents[2]
LOOK = Look("Asanagi Coffee", ("#1f5f7a", "#d98e32"), "en", period="2026Q3")


@pytest.fixture(scope="module")
def lesson():
    words.set_language("en")
    fit = fitted(read(ROOT / "notebooks/01_customers.ipynb"), answerable(open_data("sample").tables), lessons=True)
    return execute(fit, folder=ROOT / "notebooks", env={VARIABLE: "1"})


def converted(content, name, folder):
    """The file as the office program writes it in PDF."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("no LibreOffice on this machine")
    (folder / name).write_bytes(content)
    done = subprocess.run(
        [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", "pdf",
         "--outdir", folder, folder / name], capture_output=True, text=True, timeout=180, check=True)
    assert "Error" not in done.stderr + done.stdout
    return (folder / name).with_suffix(".pdf").read_bytes()


def test_the_slides_become_pages_one_each(lesson, tmp_path):
    content = slides(lesson, LOOK)
    pages = converted(content, "01.pptx", tmp_path).count(b"/Type/Page/")
    assert pages == len(pptx.Presentation(io.BytesIO(content)).slides) > 10


def test_the_workbook_opens_and_holds_the_tables_of_the_page(lesson, tmp_path):
    content = book(lesson)
    assert converted(content, "01.xlsx", tmp_path).startswith(b"%PDF")
    made = openpyxl.load_workbook(io.BytesIO(content))
    shown = page(lesson, LOOK).partition("<main>")[2].count("<table")
    assert len(made.sheetnames) - 1 == made["contents"].max_row - 1 == shown
    for sheet in made.worksheets[1:]:
        head, *rows = sheet.iter_rows(values_only=True)
        assert all(row[head.index("method")] for row in rows)
        assert all("user_id" not in str(name) for name in head)


def test_the_tables_beside_a_page_change_nothing_on_it(lesson):
    bare = nbformat.from_dict(lesson)
    before = page(lesson, LOOK)
    for cell in bare.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("application/vnd.engagelab.table+json", None)
    assert page(bare, LOOK) == before
