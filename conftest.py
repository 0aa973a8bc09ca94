"""Notebooks as tests, more strictly than nbval does it alone.

nbval compares the text of outputs, but no picture, and nothing at all in a notebook that was
stripped. Here a figure that looks different fails, and so does a cell that was never run.
"""

import base64
import functools
import io
import os
import pickle
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from nbval.plugin import IPyNbCell
from PIL import Image

from engagelab import words
from engagelab.notebook import setup
from engagelab.notebook.execute import ONE_WAY

os.environ.update(ONE_WAY)  # the kernels of the tests run as those of `engagelab rebuild` do

# No test leaves this machine, nor does a process that it starts: see tests/offline/sitecustomize.py.
OFFLINE = str(Path(__file__).parent / "tests/offline")
CALLS = Path(tempfile.mkdtemp()) / "calls"
os.environ["ENGAGELAB_TEST_CALLS"] = str(CALLS)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [OFFLINE, os.environ.get("PYTHONPATH")]))
exec(Path(OFFLINE, "sitecustomize.py").read_text("utf-8"), {"__name__": "offline"})  # here, as this one has started

# made of docstrings, whose examples run where they stand; and a module that the machine's Python may have by this name
collect_ignore = ["docs/reference", "tests/offline"]
BLOCK = 16  # pixels: a marker or a letter fills a good part of one block
TOLERANCE = 8  # of 255: what another version of the font renderer may shift; a repainted marker gives 30 and more

read_folder = setup.read_folder


@functools.cache
def sample_as_read(language):
    """What the files of the sample company say; a test that opens it gets a copy of its own."""
    return pickle.dumps(read_folder(setup.folder_of(setup.SAMPLE)))


def read_once(folder):
    """`setup` reads the sample company once a process and language; any other folder, and all else, as ever."""
    if Path(folder).resolve() == Path(__file__).parent / "data":
        return pickle.loads(sample_as_read(words.language()))
    return read_folder(folder)


setup.read_folder = read_once
compare_texts, run_cell = IPyNbCell.compare_outputs, IPyNbCell.runtest


@pytest.fixture(autouse=True)
def closed_figures():
    """What a test or an example has drawn is closed: beyond twenty open figures matplotlib warns."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown():
    """A test that asked another machine for something fails, also where the refusal was swallowed."""
    if CALLS.exists():
        asked = CALLS.read_text("utf-8").splitlines()
        CALLS.unlink()
        pytest.fail(f"left this machine: {', '.join(sorted(set(asked)))}", pytrace=False)


def pytest_unconfigure():
    """What was written down has been told."""
    shutil.rmtree(CALLS.parent, ignore_errors=True)


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
