"""JupyterLab in a real browser: the lessons run, an untrusted copy shows its tree, an exercise is solved by typing."""

import ast
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import lab
import nbformat
import pytest

from engagelab.notebook.browsers import browser
from engagelab.notebook.editions import SOLUTION, student
from engagelab.notebook.execute import read, text_of
from engagelab.notebook.tags import tags

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser() is None, reason="no Chromium, Chrome or Edge is installed"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (extra `browser`)")]
ROOT = Path(__file__).parents[2]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><rect width="300" height="200"/></svg>'


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A copy of the project, in a folder with a space and Japanese letters in its name."""
    return lab.copied(ROOT, tmp_path_factory.mktemp("lab") / "my kit 研修")


@pytest.fixture(scope="module")
def address(kit):
    with lab.server(kit) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    with lab.chromium() as opened:
        yield opened


@pytest.fixture
def seen(chromium):
    """A tab; afterwards nothing may have failed on it or have asked another machine for anything."""
    with lab.tab(chromium) as seen:
        yield seen
        assert seen.errors == []
        assert seen.outside == []


def lesson(folder, number):
    path = next((folder / "notebooks").glob(f"{number}_*.ipynb"))
    return path, read(path)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def pictures_of(notebook):
    """How many pictures the stored outputs hold: of what can be shown in two ways, the page."""
    count = 0
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            count += data["text/html"].count("<img") if "text/html" in data else "image/png" in data
    return count


@pytest.mark.parametrize("number", ["01", "07", "08"])
def test_run_all_gives_every_output_and_picture_and_no_error(number, kit, address, seen):
    path, stored = lesson(kit, number)
    opened = lab.Lesson(seen.page, address, f"notebooks/{path.name}")
    opened.run_all()
    assert opened.errors() == []
    assert opened.outputs() == [len(cell.outputs) for cell in code_cells(stored)]
    sizes = opened.pictures()
    assert len(sizes) == pictures_of(stored) > 2
    assert min(height for _, height in sizes) > 10
    assert opened.page.locator("[data-mime-type='text/csv']").count() == 0  # a table with CSV beside it stays a table


def test_a_list_of_alerts_shows_as_the_table_and_not_as_its_csv(kit, address, seen):
    path, stored = lesson(kit, "08")
    place = next(number for number, cell in enumerate(stored.cells)
                 if any("text/csv" in output.get("data", {}) for output in cell.get("outputs", ())))
    shown = lab.Lesson(seen.page, address, f"notebooks/{path.name}").cell(place)
    assert shown.locator(".jp-OutputArea-output table tr").count() > 3
    assert shown.locator(".jp-OutputArea-output[data-mime-type='text/html']").count() == 1


def test_an_untrusted_copy_that_nobody_ran_shows_the_picture_of_the_tree(kit, address, seen):
    _, notebook = lesson(kit, "07")
    drawn = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", {"image/svg+xml": SVG})])
    notebook.cells.append(drawn)
    (kit / "sent.ipynb").write_text(text_of(notebook), encoding="utf-8", newline="\n")
    opened = lab.Lesson(seen.page, address, "sent.ipynb")
    place = next(number for number, cell in enumerate(notebook.cells)
                 if any("<img" in output.get("data", {}).get("text/html", "") for output in cell.get("outputs", ())))
    tree = opened.cell(place).locator("img")
    assert tree.get_attribute("src").startswith("data:image/svg+xml;base64,")
    assert tree.evaluate("img => img.decode().then(() => img.height)") > 300
    assert len(opened.pictures()) == pictures_of(notebook)
    last = opened.cell(len(notebook.cells) - 1).locator(".jp-OutputArea-output")
    assert last.locator("img, svg").count() == 0  # JupyterLab trusts it so little that it hides a bare SVG


def exercises(notebook):
    """Of each exercise its number, its place and its solution, a line a statement."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and "exercise" in tags(cell):
            name = re.search(r'el\.check\("([\d.]+)"', cell.source)[1]
            inner = SOLUTION.search(cell.source)[0].strip().splitlines()[1:-1]
            yield name, place, ast.unparse(ast.parse("\n".join(inner))).splitlines()


def test_a_student_solves_the_exercises_by_typing(kit, address, seen):
    path, solved = lesson(kit, "01")
    (kit / "workshop").mkdir(exist_ok=True)
    copy = kit / "workshop" / path.name
    copy.write_text(text_of(student(solved)), encoding="utf-8", newline="\n")
    opened = lab.Lesson(seen.page, address, f"workshop/{path.name}")
    opened.run_all()
    assert opened.errors() == []
    found = list(exercises(solved))
    assert len(found) >= 3
    for name, place, lines in found:
        said = opened.cell(place).locator(".jp-OutputArea-output").last
        assert re.search(rf"{re.escape(name)}: (not yet|nothing there yet)", said.inner_text())
        starter = next(line for line in read(copy).cells[place].source.splitlines() if "  # " in line)
        opened.type_below(place, starter, lines)
        opened.until(lambda place=place, name=name:
                     f"{name}: right" in opened.cell(place).locator(".jp-OutputArea").inner_text())
    assert opened.errors() == []


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of a client, in Japanese, from the files as vendors export them."""
    out = tmp_path_factory.mktemp("reports")
    subprocess.run([sys.executable, "-m", "engagelab.cli", "report", "01", "07", "--data", str(ROOT / "data/exports"),
                    "--language", "ja", "--out", str(out)], check=True, cwd=ROOT, capture_output=True)
    return sorted(out.glob("*.html"))


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_opens_without_an_error_and_nothing_overflows_sideways(pages, chromium, width):
    assert {"01_customers.html", "07_kpi_tree.html", "index.html"} == {path.name for path in pages}
    for path in pages:
        with lab.tab(chromium, width=width) as seen:
            seen.page.goto(path.as_uri())
            assert (seen.errors, seen.console, seen.outside) == ([], [], [])
            assert seen.page.evaluate("document.documentElement.lang") == "ja"
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            sizes = lab.pictures(seen.page, "img")
            assert sizes or path.name == "index.html"
            assert all(height > 10 for _, height in sizes)  # wider ones than a telephone scroll in a box of their own
