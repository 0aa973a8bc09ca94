"""What the tags on a notebook's cells mean when a page is made of it.

    parameters       the cell whose assignments a report replaces
    lesson           teaching, exercises, the sample's truth: only on the sample company
    needs:TABLE      left out, with a sentence saying so under "method", where the data have no such table;
                     needs:surveys.KIND where no question of that kind was asked
    section:NAME     where on the page: answer, scorecard, alerts, findings (the default), method
    hidden           runs, but does not show on a page
    exercise         for whoever has the notebook open: no page runs it or shows it
"""

import re
from collections.abc import Mapping

import nbformat
import pandas as pd

from engagelab import words

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
SECTIONS = ("answer", "scorecard", "alerts", "findings", "method")


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def needs(cell: nbformat.NotebookNode) -> list[str]:
    """The tables without which the cell says nothing."""
    return [tag.removeprefix("needs:") for tag in tags(cell) if tag.startswith("needs:")]


def answerable(tables: Mapping[str, pd.DataFrame]) -> set[str]:
    """What a cell may need and these tables give: their names, and the kinds of question of the surveys."""
    kinds = set(tables["surveys"]["kind"].dropna()) if "surveys" in tables else set()
    return {*tables, *(f"surveys.{kind}" for kind in kinds)}


def section(cell: nbformat.NotebookNode) -> str:
    """The part of the page in which the cell shows."""
    return next((tag.removeprefix("section:") for tag in tags(cell) if tag.startswith("section:")), "findings")


def fitted(notebook: nbformat.NotebookNode, tables: set[str], *, lessons: bool) -> nbformat.NotebookNode:
    """The notebook with the cells that these tables can answer.

    What is left out is said at the end, a sentence a heading; a cell for teaching goes without a
    word unless `lessons`.
    """
    kept: list[nbformat.NotebookNode] = []
    gaps: dict[str, set[str]] = {}
    heading = words.text("report.answer")
    for cell in notebook.cells:
        found = HEADING.search(cell.source) if cell.cell_type == "markdown" else None
        heading = found[1].strip() if found else heading
        lacking = {table for table in needs(cell) if table not in tables}
        if "exercise" in tags(cell) or ("lesson" in tags(cell) and not lessons):
            continue
        if lacking:
            part = words.text("report.answer") if section(cell) == "answer" else heading
            gaps.setdefault(part, set()).update(lacking)
        else:
            kept.append(cell)
    answered = any(section(cell) == "answer" and cell.cell_type == "code" for cell in kept)
    if answered:    # another part of the answer stands
        gaps.pop(words.text("report.answer"), None)
    said = [words.text("report.left_out", heading=heading,
                       tables=words.joined(words.text(f"table.{table}") for table in sorted(lacking)))
            for heading, lacking in gaps.items()]
    if said:
        kept.append(nbformat.v4.new_markdown_cell("\n".join(f"- {line}" for line in said),
                                                  metadata={"tags": ["section:method"]}))
    fresh = nbformat.v4.new_notebook(metadata=notebook.metadata)
    fresh.cells = kept
    return fresh


def with_parameters(notebook: nbformat.NotebookNode, **values: object) -> nbformat.NotebookNode:
    """The notebook with one more cell behind the one tagged `parameters`, which gives these values."""
    source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    injected = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters", "hidden"]})
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if "parameters" in tags(cell):
            cells.append(injected)
    fresh = nbformat.v4.new_notebook(metadata=notebook.metadata)
    fresh.cells = cells
    return fresh
