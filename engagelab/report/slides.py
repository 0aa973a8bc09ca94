"""The findings of a page as slides: a slide a finding, made of its heading, its sentences and its picture.

Every sentence on a slide is one that the code printed. What the notebook says around it goes to the speaker's notes,
its word of caution also small beneath the finding.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby

import nbformat

from engagelab import words
from engagelab.errors import UsageError
from engagelab.notebook.sentences import plain
from engagelab.report.deck import MOST, Deck
from engagelab.report.parts import Grid, Part, even, grids, parts, plain_text
from engagelab.report.render import Look, title

CAUTION = re.compile(r"\*[^*\n]{1,20}\*")
BRANCH = re.compile(r"[│├└─ ]*")


@dataclass
class Slide:
    """What stands on a slide: sentences in Markdown, a picture (base64 of a PNG) or a table, a caution, and notes."""

    title: str
    said: list[str] = field(default_factory=list)
    picture: str = ""
    table: Grid | None = None
    caution: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)  # said by a table, for want of a sentence

    @property
    def taken(self) -> bool:
        """Whether there is a picture or a table already."""
        return bool(self.picture or self.table)


def slides(notebook: nbformat.NotebookNode, look: Look) -> bytes:
    """The slides of an executed notebook as a PPTX file, in the current language; the same notebook, the same bytes.

    Raises UsageError where python-pptx is not installed.
    """
    try:
        deck = Deck(look, title(notebook))
    except ImportError:
        raise UsageError("report.no_office") from None
    shown = parts(notebook)
    answer = [line for part in shown if part.section == "answer" for line in _printed(part)]
    deck.open(answer, words.text("report.answer"))
    for name, group in groupby(shown, key=lambda part: part.section):
        if name not in ("answer", "method"):
            for slide in _findings(group):
                deck.add(slide.title, slide.said, slide.picture, slide.table, slide.caution, slide.notes)
    method = [line for part in shown if part.section == "method" for line in _said(part)]
    if method:
        deck.add(words.text("report.method"), method)
    return deck.content()


def _findings(group: Iterable[Part]) -> list[Slide]:
    """The slides of a section; a heading with several pictures has several."""
    made: list[Slide] = []
    for heading, under in groupby(group, key=lambda part: (part.section, part.heading)):
        some = [Slide(plain_text(heading[1]) or words.text(f"report.{heading[0]}"))]
        for part in under:
            _told(part, some[-1])
            for data in part.outputs:
                _placed(data, some)
        whole = [replace(slide, said=_without_lead(slide)) for slide in some]
        made += [replace(slide, said=slide.said or slide.spare[:2]) for slide in whole if slide.said or slide.taken]
    return made


def _without_lead(slide: Slide) -> list[str]:
    """What a slide says, without a last sentence that leads to a list which is not there."""
    leads = slide.said and not slide.table and slide.said[-1].rstrip("* ").endswith((":", "："))
    return slide.said[:-1] if leads else slide.said


def _told(part: Part, slide: Slide) -> None:
    """What the notebook says itself: a caution, or prose for the notes."""
    if part.cell.cell_type == "markdown":
        for text in re.split(r"\n\s*\n", part.cell.source):
            line = " ".join(text.split()).lstrip("> ")
            if line and not line.startswith("#"):
                slide.notes.append(plain_text(line))
                slide.caution += [line] * bool(CAUTION.match(line))


def _placed(data: dict[str, str], some: list[Slide]) -> None:
    """Put an output on the last slide, or on a new one where there is no room."""
    picture, text = data.get("image/png", ""), data.get("text/html", "")
    tables = [_outline(data.get("text/plain", ""))] if text.startswith("<img ") else grids(text)
    if picture:
        _free(some).picture = picture.replace("\n", "")
    for grid in tables:
        notes = [note for note in grid.notes if not note.startswith(words.text("shown.method", methods=""))]
        some[-1].notes += grid.notes
        if not some[-1].picture:
            rest = len(grid.rows) - MOST
            short = Grid(grid.heads, grid.rows[:MOST],
                         [words.text("report.more_rows", n=rest)] if rest > 0 else [])
            _free(some).table = grid if text.startswith("<img ") else short
        some[-1].said += map(str, map(plain, grid.above))
        some[-1].spare += map(str, map(plain, notes))
    some[-1].said += _lines(data.get("text/markdown", ""))


def _free(some: list[Slide]) -> Slide:
    """A slide without a picture or table."""
    if some[-1].taken:
        some.append(Slide(some[-1].title))
    return some[-1]


def _outline(text: str) -> Grid:
    """The tree that is drawn as a picture, from its text: a row a branch."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    rows = []
    for line in lines[2:]:
        branch = BRANCH.match(line)
        depth = len(branch[0]) // 3 if branch else 0
        first, *rest = re.split(r"\s{2,}", line[len(branch[0]) if branch else 0:])
        rows.append(["\u3000" * depth + first, *rest])
    return even(Grid(["", *re.split(r"\s{2,}", "".join(lines[1:2]).strip())], rows))


def _printed(part: Part) -> list[str]:
    return [line for data in part.outputs for line in _lines(data.get("text/markdown", ""))]


def _said(part: Part) -> list[str]:
    """What a cell of the method says, in prose or as printed."""
    return _lines(part.cell.source) if part.cell.cell_type == "markdown" else _printed(part)


def _lines(markdown: str) -> list[str]:
    """The paragraphs and items of a text."""
    lines = [" ".join(text.split()) for text in re.split(r"\n\s*\n|\n(?=- )", markdown)]
    return [line.removeprefix("- ") for line in lines if line and not line.startswith("#")]
