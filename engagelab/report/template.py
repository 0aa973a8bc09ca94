"""A workbook to fill in, for what no vendor exports: costs, touchpoints, targets, employees, rates.

The first sheet has our column names with their Japanese headings and two example rows, which are set aside when the
file is read with them still in it. The second says what each column means. `read()` takes the file as it is.
"""

from datetime import date
from pathlib import Path

from engagelab import words
from engagelab.errors import UsageError
from engagelab.files import write_bytes
from engagelab.tables import EXAMPLE, HEADING, Column, Table, said, table
from engagelab.workbook import Cell, Sheet, workbook

REQUIRED = " *"
_AS_TEXT = ("id", "text", "category")   # or a spreadsheet drops the zeros of 0012 and takes 3-4 for a day


def template(name: str, path: str | Path | None = None) -> Path:
    """Write the workbook for a canonical table, and give its path: `<table>.xlsx` here, unless said.

    Raises UsageError where there is no such table, for another ending, and where there is a file already.

    >>> import tempfile
    >>> template("costs", Path(tempfile.mkdtemp()) / "costs.xlsx").name
    'costs.xlsx'
    """
    one = table(name)
    path = Path(path or f"{name}.xlsx")
    if path.suffix.lower() != ".xlsx":
        raise UsageError("template.ending", path=str(path))
    if path.exists():
        raise UsageError("template.exists", path=str(path))
    write_bytes(path, workbook([_form(one), _meanings(one)]))
    return path


def _form(one: Table) -> Sheet:
    columns = list(one.columns.values())
    heads = [f"{column.name}{HEADING}{said(one.name, column.name, 'ja')[0]}{REQUIRED * column.required}"
             for column in columns]
    rows: list[list[object]] = [[Cell(head, "required" if column.required else "head")
                                 for head, column in zip(heads, columns, strict=True)]]
    rows += [[_example(one, column, which) for column in columns] for which in (0, 1)]
    lists = {place: ("TRUE", "FALSE") if column.kind == "flag" else column.allowed
             for place, column in enumerate(columns) if column.allowed or column.kind == "flag"}
    return Sheet(one.name, rows, [max(14, 2 * len(head) - len(column.name)) for head, column in
                                  zip(heads, columns, strict=True)],
                 ["text" if column.kind in _AS_TEXT else "" for column in columns], lists)


def _example(one: Table, column: Column, which: int) -> Cell | None:
    """The cell of an example row; in one column it says that the row is an example."""
    keys = (f"example.{one.name}.{column.name}", f"example.{column.name}", f"example.kind_{column.kind}")
    found = next((words.text(key) for key in keys if words.has(key)), "|")
    text = column.allowed[which % len(column.allowed)] if column.allowed else found.split("|")[which]
    if column.name == one.marked:
        return Cell(f"{EXAMPLE}: {text or which + 1}", "example")
    if not text or column.kind in _AS_TEXT:
        return Cell(text, "example") if text else None
    if column.kind == "time":
        return Cell(date.fromisoformat(text), "date")
    return Cell(text == "TRUE" if column.kind == "flag" else float(text) if "." in text else int(text), "example")


def _meanings(one: Table) -> Sheet:
    """What each column means, in every language side by side."""
    def both(key: str) -> list[str]:
        return [words.catalogue()[key][language] for language in words.LANGUAGES]

    hints = [both(f"template.hint_{hint}") for hint in ("fill", "example", "required", "date", "blank")]
    rows: list[list[object]] = [[text] for hint in hints for text in hint]
    heads = [both(f"template.{head}") for head in ("column", "heading", "required", "kind", "meaning", "allowed")]
    rows += [[], [Cell(" / ".join(dict.fromkeys(head)), "head") for head in heads]]
    for column in one.columns.values():
        heading, meaning = said(one.name, column.name, "ja")
        kind = " / ".join(both(f"template.kind_{column.kind}"))
        english = said(one.name, column.name, "en")[1]
        rows.append([column.name, heading, "*" if column.required else None, kind,
                     english if english == meaning else f"{english} / {meaning}", ", ".join(column.allowed) or None])
    widths = (24, 24, 8, 24, 80, 40)
    return Sheet(words.text("template.sheet"), rows, widths, [""] * len(widths))
