"""What a page, a workbook and slides have in common: the cells in the order of a page, and the tables that they show.

The order of a page is not that of the lesson: the answer comes first, then the scorecard, the alerts, the findings
and, last and small, the method.
"""

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import nbformat

from engagelab.notebook.tags import SECTIONS, section, tags

LINES, SKIPPED = ("br", "p", "li", "tr", "div"), ("style", "script", "svg")
ODD = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
TOKEN = re.compile(r"\\([\\`*_\[\]<>&#|~$])|(\*\*)|([*`])|([^\\*`]+|\\)")


@dataclass(frozen=True)
class Part:
    """A cell, the section of the page in which it stands, and the heading above it there."""

    section: str
    heading: str
    cell: nbformat.NotebookNode

    @property
    def outputs(self) -> list[dict[str, str]]:
        """What the cell put out, by MIME type."""
        return [output.get("data", {}) for output in self.cell.get("outputs", ())]


def parts(notebook: nbformat.NotebookNode) -> list[Part]:
    """The cells that show on a page, in its order."""
    found: list[Part] = []
    headings = dict.fromkeys(SECTIONS, "")
    for cell in notebook.cells:
        name = section(cell)
        if cell.cell_type == "markdown":
            headings[name] = next(iter(re.findall(r"^##+ (.+)$", cell.source, re.MULTILINE)), headings[name]).strip()
        if "hidden" not in tags(cell):
            found.append(Part(name, headings[name], cell))
    return [part for name in SECTIONS for part in found if part.section == name]


def found(notebook: nbformat.NotebookNode) -> bool:
    """Whether the code put out anything beside an answer and what is said of the method."""
    return any(part.outputs for part in parts(notebook) if part.section not in ("answer", "method"))


def runs(markdown: str) -> list[tuple[str, bool]]:
    """A line of Markdown as pieces of text, and whether each is bold.

    >>> runs("**NPS** of R\\\\*D rose: a &lt; b")
    [('NPS', True), (' of R', False), ('*', False), ('D rose: a < b', False)]
    """
    bold, found = False, []
    for escaped, strong, _, text in TOKEN.findall(markdown):
        bold ^= bool(strong)
        if escaped or text:
            found.append((escaped or html.unescape(text), bold))
    return found


def plain_text(markdown: str) -> str:
    """A line of Markdown as a reader sees it.

    >>> plain_text("**NPS** of R\\\\*D rose: a &lt; b")
    'NPS of R*D rose: a < b'
    """
    return "".join(text for text, _ in runs(markdown))


def clean(text: str) -> str:
    """The text without what XML, and so no office document, can hold.

    >>> clean("a\\x00b") == "a\\ufffdb"
    True
    """
    return ODD.sub("\ufffd", text)


@dataclass
class Grid:
    """A table as it is looked at: its headings, its rows, the sentences above it and the notes beneath, all texts."""

    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)


def grids(text: str) -> list[Grid]:
    """The tables of an HTML text.

    >>> grids("<table><tr><th>team</th></tr><tr><td>a &lt; b<br>c</td></tr></table><p><small>Counted.</small></p>")
    [Grid(heads=['team'], rows=[['a < b\\nc']], notes=['Counted.'], above=[])]
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return [even(grid) for grid in reader.grids if grid.rows]


def even(grid: Grid) -> Grid:
    """The table with as many cells in each row, where some stood across several columns; without columns of nothing."""
    wide = max(map(len, [grid.heads, *grid.rows]))
    rows = [[*row, *[""] * (wide - len(row))] for row in (grid.heads, *grid.rows)]
    kept = [place for place in range(wide) if any(row[place] for row in rows[1:])]
    heads, *rows = [[row[place] for place in kept] for row in rows]
    return Grid(heads, rows, grid.notes, grid.above)


class _Reader(HTMLParser):
    """Reads tables, what stands in <small> beneath each, and the paragraphs above."""

    def __init__(self) -> None:
        super().__init__()
        self.grids: list[Grid] = []
        self.row: list[str] = []
        self.text: list[str] = []
        self.above: list[str] = []
        self.within = ""    # the tag whose text is read: td, th, small or p
        self.skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipped += tag in SKIPPED
        if tag == "table":
            self.grids.append(Grid(above=self.above))
            self.above = []
        elif tag == "tr":
            self.row = []
        elif tag in ("td", "th") or (tag in ("small", "p") and self.within in ("", "p")):
            self.within, self.text = tag, []
        elif tag in LINES and self.text:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        if self.within and not self.skipped:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.skipped -= tag in SKIPPED
        if self.grids and tag == "tr" and self.row:
            self._place(self.grids[-1])
        elif tag == self.within:
            said, self.within = "".join(self.text).strip(), ""
            if tag in ("td", "th"):
                self.row.append(said)
            else:
                beneath = tag == "small" and self.grids
                place = self.grids[-1].notes if beneath else self.above
                place += [line.strip() for line in said.splitlines() if line.strip()]

    def _place(self, grid: Grid) -> None:
        if grid.heads:
            grid.rows.append(self.row)
        else:
            grid.heads = self.row
