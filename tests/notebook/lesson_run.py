"""The code cells of a lesson, run in this process on any data: what its exercises check, and what they say."""

import contextlib
import io
import re
from pathlib import Path

import nbformat

from engagelab.notebook.tags import tags

LESSONS = Path(__file__).parents[2] / "notebooks"
CHECK = re.compile(r'^el\.check\("(\d\d\.\d)", (.+)\)$', re.MULTILINE)


def lesson(number):
    """The solved lesson of a number such as "01"."""
    return nbformat.read(next(LESSONS.glob(f"{number}_*.ipynb")), as_version=4)


def run(notebook, data="sample", language="en"):
    """What each `el.check` of the notebook said, and which answer it was given: {exercise: (sentence, answer)}.

    A figure is closed rather than shown; warnings are errors, as the notebook's own first cell sets them.
    """
    import matplotlib.pyplot as plt

    space, said = {}, {}
    with contextlib.chdir(LESSONS), contextlib.redirect_stdout(io.StringIO()):
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            if "parameters" in tags(cell):
                exec(cell.source, space)
                space.update(data=str(data), language=language)
                continue
            checked = CHECK.search(cell.source)
            exec(compile(CHECK.sub("", cell.source), "cell", "exec"), space)
            if checked:
                answer = eval(checked[2], space)
                said[checked[1]] = (space["el"].check(checked[1], answer), answer)
            plt.close("all")
    return said
