"""Notebooks as tests, more strictly than nbval does it alone.

nbval compares the text of outputs, but no picture, and nothing at all in a notebook that was
stripped. Here a figure that looks different fails, and so does a cell that was never run.
"""

import base64
import io
import os
import sys

import numpy as np
import pytest
from nbval.plugin import IPyNbCell
from PIL import Image

from engagelab.notebook.execute import ONE_WAY

os.environ.update(ONE_WAY)  # the kernels of the tests run as those of `engagelab rebuild` do

collect_ignore = ["docs/reference"]  # made of docstrings, whose examples run where they stand
BLOCK = 16  # pixels: a marker or a letter fills a good part of one block
TOLERANCE = 8  # of 255: what another version of the font renderer may shift; a repainted marker gives 30 and more

compare_texts, run_cell = IPyNbCell.compare_outputs, IPyNbCell.runtest


@pytest.fixture(autouse=True)
def closed_figures():
    """What a test or an example has drawn is closed: beyond twenty open figures matplotlib warns."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The Japanese edition has the code of the English one: running it as well is for the slow suite."""
    for item in items:
        if "notebooks/ja/" in item.nodeid:
            item.add_marker(pytest.mark.slow)


def pictures(outputs):
    """The PNG pictures among the outputs, as pixels in colour."""
    found = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), dtype=float) for png in found]


def figure_difference(fresh, stored):
    """In words, how the fresh figures differ from the stored ones; "" where they look the same."""
    if len(fresh) != len(stored):
        return f"{len(fresh)} figures, {len(stored)} are stored"
    for number, (new, old) in enumerate(zip(fresh, stored, strict=True), 1):
        if new.shape != old.shape:
            return f"figure {number}: {new.shape[:2]} pixels, {old.shape[:2]} are stored"
        rows, columns = (size // BLOCK * BLOCK for size in new.shape[:2])
        apart = np.abs(new - old).max(axis=2)[:rows, :columns]
        apart = apart.reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
        worst = apart.mean(axis=(1, 3)).max(initial=0)
        if worst > TOLERANCE:
            return f"figure {number}: a block of pixels differs by {worst:.0f} of 255"
    return ""


def compare_outputs(self, test, ref, skip_compare=None):
    """nbval's comparison of texts, and then the figures."""
    if not compare_texts(self, test, ref, skip_compare):
        return False
    difference = figure_difference(pictures(test), pictures(ref))
    if difference:
        self.comparison_traceback.append(difference)
    return not difference


def runtest(self):
    """nbval's run of a cell; a cell that was never run has nothing to compare and fails."""
    if self.cell.execution_count is None:
        pytest.fail(f"cell {self.cell_num} was never run; engagelab rebuild runs it", pytrace=False)
    run_cell(self)


IPyNbCell.compare_outputs, IPyNbCell.runtest = compare_outputs, runtest
