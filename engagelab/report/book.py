"""The tables of a page as one workbook: a sheet a table, in full precision, with the methods that the page tells.

The first sheet says what the others hold. Of a table that lists persons only what the page shows of it is there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import nbformat
import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, named
from engagelab.notebook.collect import KIND
from engagelab.report.parts import Grid, Part, clean, grids, parts, plain_text
from engagelab.report.save import frame_of, sheet_of, width_of
from engagelab.tables import HEADING
from engagelab.workbook import NAME, Cell, Sheet, workbook

ODD_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]+")
NUMBER = re.compile(r"([+−-]?)((?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)(?:\.\d+)?)(%?)")
UNSURE = re.compile(r"(?:^|_)(?:low|high|se|p)$")     # columns of what was reckoned by a method
OURS = {"part": ("kpi_mix",), "before": ("segment", "state"), "after": ("segment", "state"), "kind": ("node",)}
ENDS = {"estimate": ("low", "high", "se"), "difference": ("low", "high", "se")}    # shown with it in one unit


def book(notebook: nbformat.NotebookNode) -> bytes | None:
    """The workbook of an executed notebook, in the current language; None where nothing on its page is a table.

    The numbers of hidden rows are empty, shares are in percent, texts are texts, also those that look like a formula.
    """
    found = [(part, sheet) for part in parts(notebook) for sheet in _sheets(part)]
    if not found:
        return None
    titles = [plain_text(part.heading) or words.text(f"report.{part.section}") for part, _ in found]
    names = [_name(place, title) for place, title in enumerate(titles, 1)]
    rows: list[list[object]] = [[Cell(words.text(f"report.book_{head}"), "head")
                                 for head in ("sheet", "title", "rows")]]
    rows += [[name, title, sum(1 for _ in sheet.rows) - 1]
             for name, title, (_, sheet) in zip(names, titles, found, strict=True)]
    contents = Sheet(words.text("report.book_contents"), rows, (34, 80, 8), ("", "", ""))
    return workbook([contents, *(replace(sheet, name=name) for name, (_, sheet) in zip(names, found, strict=True))],
                    printed=True)


def _name(place: int, title: str) -> str:
    """A sheet's name: no two are alike, for each begins with its number."""
    name = " ".join(f"{place} {ODD_NAME.sub(' ', clean(title))}".split()).rstrip("'")
    units = name.encode("utf-16-le")     # a spreadsheet counts a rare letter twice
    return name if len(units) <= 2 * NAME else units[:2 * NAME - 2].decode("utf-16-le", "ignore").rstrip() + "…"


def _sheets(part: Part) -> Iterator[Sheet]:
    """The tables that a cell put out."""
    tables = [grids(data.get("text/html", "")) for data in part.outputs]
    told = _methods(note for shown in tables for grid in shown for note in grid.notes)
    for data, shown in zip(part.outputs, tables, strict=True):
        if KIND in data:
            yield _full(data[KIND], shown, told)    # type: ignore[arg-type]
        else:
            yield from (_as_shown(grid, _methods(grid.notes) or told) for grid in shown)


def _full(table: Mapping[str, list], shown: list[Grid], told: str) -> Sheet:
    """The sheet of a table with all its digits."""
    frame = frame_of(pd.DataFrame({place: _typed([row[place] for row in table["rows"]], kind)
                                   for place, kind in enumerate(table["dtypes"])}).set_axis(table["columns"], axis=1))
    frame = frame.astype(object).where(~frame.isin([np.inf]), "∞").where(~frame.isin([-np.inf]), "−∞")
    percent = _shares(frame, shown[0] if len(shown) == 1 and len(shown[0].rows) == len(frame) else Grid())
    told = _methods(note for grid in shown for note in grid.notes) or told
    how = _method(told, [*map(str, frame.columns), *(head for grid in shown for head in grid.heads)])
    method = frame["method"].fillna("").replace("", how) if "method" in frame else how
    frame = frame.assign(method=method)
    sheet = sheet_of("-", frame, percent)
    heads = [_head(name) for name in frame.columns]
    widths = [max(width, width_of(head) + 2) for width, head in zip(sheet.widths, heads, strict=True)]
    body = [[(_named(cell, name) or None) if isinstance(cell, str) else cell
             for cell, name in zip(row, frame.columns, strict=True)] for row in list(sheet.rows)[1:]]
    return replace(sheet, rows=[[Cell(head, "head") for head in heads], *body], widths=widths)


def _methods(notes: Iterable[str]) -> str:
    """What the notes beneath tables tell of methods."""
    mark = words.text("shown.method", methods="")
    return words.sentences(dict.fromkeys(note.removeprefix(mark) for note in notes if note.startswith(mark)))


def _method(told: str, heads: Sequence[str]) -> str:
    """The method of a table for which the cell tells this one; without any, a table of no intervals is counted."""
    unsure = re.compile(words.text("report.unsure_heads"), re.IGNORECASE)
    return told or ("" if any(UNSURE.search(head) or unsure.search(head) for head in heads)
                    else words.text("report.counted"))


def _named(value: str, column: str) -> str:
    """A value as the page shows it, also that of a column whose words are of another one."""
    known = next((f"{room}.{value}" for room in OURS.get(column, ()) if words.has(f"{room}.{value}")), "")
    return words.text(known) if known else named(value, column)


def _typed(values: list, kind: str) -> pd.Series:
    """A column as it was, of numbers, flags, stamps or anything else."""
    if kind.startswith(("float", "Float")):
        return pd.Series(values, dtype=object).astype("float64")
    if kind.startswith(("int", "Int", "uint", "UInt")):
        return pd.Series(values, dtype="Int64")
    if kind.startswith("bool"):
        return pd.Series(values, dtype="boolean")
    if kind.startswith("datetime64"):
        return pd.to_datetime(pd.Series(values), utc="," in kind, format="ISO8601")
    return pd.Series(values, dtype=object)


def _shares(frame: pd.DataFrame, grid: Grid) -> dict[str, list[bool]]:
    """Which cells the page shows in percent, or as a change in percentage points; and rates, which count among n."""
    units = [words.text(f"unit.{unit}", value="") for unit in ("percent", "points")]
    found: dict[str, list[bool]] = {}
    if {"estimate", "count", "n"} <= set(frame.columns) and not grid.rows:
        rates = pd.to_numeric(frame["count"]) / pd.to_numeric(frame["n"])
        equal = np.isclose(rates.astype("float64"), frame["estimate"].astype("float64"))
        found = {name: list(equal) for name in ("estimate", *ENDS["estimate"])}
    for name in map(str, frame.columns):
        if name != "method" and heading(name) in grid.heads:
            place = grid.heads.index(heading(name))
            found[name] = [_is_share(value, row[place].splitlines()[0] if row[place] else "", units)
                           for value, row in zip(frame[name], grid.rows, strict=True)]
            found |= {end: found[name] for end in ENDS.get(name, ())}
    return found


def _is_share(value: object, text: str, units: Sequence[str]) -> bool:
    unit = next((unit for unit in units if text.endswith(unit)), None)
    known = NUMBER.fullmatch(text.removesuffix(unit)) if unit else None
    if known is None or not isinstance(value, float):
        return False
    return abs(abs(value) - float(known[2].replace(",", "")) / 100) < .01    # and no number of percent already


def _head(name: str) -> str:
    """Our name of a column, and what the page's language calls it where that is another."""
    said = _called(name)
    return name if said == name.replace("_", " ") else f"{name}{HEADING}{said}"


def _called(name: str) -> str:
    """What a column is called here; an end of an interval by what the interval is of."""
    if words.has(f"report.head_{name}"):
        return words.text(f"report.head_{name}")
    of, _, end = name.rpartition("_")
    if of and end in ("low", "high"):
        return words.text("report.end_of", of=_called(of), end=words.text(f"report.head_{end}"))
    return heading(name)


def _as_shown(grid: Grid, told: str) -> Sheet:
    """The sheet of a table of which only what the page shows may be sent, or of which there is no more."""
    how = _method(told, grid.heads)
    heads, rows = [*grid.heads, _called("method")], [[*row, how] for row in grid.rows]
    return Sheet("-", [[Cell(head, "head") for head in heads], *([_number(text) for text in row] for row in rows)],
                 [min(60, 2 + max(width_of(row[place]) for row in [heads, *rows])) for place in range(len(heads))],
                 [""] * len(heads))


def _number(text: str) -> object:
    """What a cell says, as a number where it is one."""
    known = NUMBER.fullmatch(text)
    if not known:
        return text or None
    value = float(known[2].replace(",", "")) * (-1 if known[1] in ("−", "-") else 1)
    return Cell(value / 100, "percent") if known[3] else int(value) if value == int(value) else value
