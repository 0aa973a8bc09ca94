"""A changed digit, a deleted output, a stripped notebook and a repainted chart each fail; the untouched one passes."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from PIL import Image, ImageDraw

from engagelab.notebook.execute import canonical, execute, text_of

ROOT = Path(__file__).parents[2]
CELLS = ["import matplotlib.pyplot as plt\nprint(27.8)", "plt.bar(['a', 'b'], [3, 4])\nplt.show()"]


def change_a_digit(notebook):
    notebook.cells[0].outputs[0].text = "27.9\n"


def delete_an_output(notebook):
    notebook.cells[0].outputs = []


def strip(notebook):
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None


def repaint_the_chart(notebook):
    data = notebook.cells[1].outputs[0].data
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
    across, down = picture.size
    ImageDraw.Draw(picture).rectangle([across * .7, down * .5, across * .75, down * .6], fill="white")
    painted = io.BytesIO()
    picture.save(painted, "png")
    data["image/png"] = base64.b64encode(painted.getvalue()).decode()


def recolour_the_chart(notebook):
    """Every colour becomes the grey of the same lightness: two series can no longer be told apart."""
    data = notebook.cells[1].outputs[0].data
    grey = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("L").convert("RGB")
    painted = io.BytesIO()
    grey.save(painted, "png")
    data["image/png"] = base64.b64encode(painted.getvalue()).decode()


FAULTS = (change_a_digit, delete_an_output, strip, repaint_the_chart, recolour_the_chart)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """Which of the notebooks fails, all of them run by pytest as the project's own are."""
    folder = tmp_path_factory.mktemp("strict")
    good = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    good = execute(good, folder=folder)
    for fault in (None, *FAULTS):
        notebook = nbformat.reads(text_of(canonical(good)), as_version=4)
        if fault:
            fault(notebook)
        folder.joinpath(f"{fault.__name__ if fault else 'untouched'}.ipynb").write_text(
            nbformat.writes(notebook), encoding="utf-8")
    run = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={ROOT}",
                          f"--confcutdir={folder}", "-c", str(ROOT / "pyproject.toml"), "-p", "conftest",
                          "--nbval-sanitize-with", str(ROOT / "tests/sanitize.cfg"), "-rA", str(folder)],
                         cwd=ROOT, capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    return {path.stem: any(line.startswith("FAILED") and path.name in line for line in lines)
            for path in folder.glob("*.ipynb")} if any("passed" in line for line in lines) else run.stdout


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_fails(outcome, fault):
    assert outcome[fault.__name__] is True


def test_the_untouched_notebook_passes(outcome):
    assert outcome["untouched"] is False
