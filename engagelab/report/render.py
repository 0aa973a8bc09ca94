"""An executed notebook as one self-contained page: no link leads outside, the code is folded away.

The answer comes first (`engagelab.report.parts` gives the order), the method and the code last and small.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from itertools import groupby
from urllib.parse import quote

import jinja2
import mistune
import nbformat

from engagelab import __version__, words
from engagelab.notebook.tags import section
from engagelab.report.parts import Part, parts, plain_text
from engagelab.report.save import width_of

# Whatever raw HTML a Markdown text holds is shown as text: some of it comes from the data.
markdown = mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])
INKS = ("#ffffff", "#1d2433", "#000000")
READABLE = 4.5  # the contrast that writing needs (WCAG 2.2, success criterion 1.4.3); white or black always has it
LONG = 4  # findings from which on a page lists them
SHOWN = ("text/html", "image/png", "text/markdown", "text/plain")
BORDER = re.compile(r'<table border="1"')
ASIDE = re.compile(r"<p>(?=<em>[^<]{1,20}</em>)")  # a paragraph that opens with a word of caution
TEXT = re.compile(r'<td(?= style="text-align:left">([^<]*)</td>)')
LONG_TEXT = 12  # letters, a Japanese one counted as two, from which on a cell is given room
HEADINGS = re.compile(r"<h2>(.+?)</h2>")


@dataclass(frozen=True)
class Look:
    """What makes a page the company's own."""

    name: str
    colors: tuple[str, str]
    language: str
    logo: str = ""  # a data URI
    period: str = ""
    sample: bool = False

    @property
    def ink(self) -> str:
        """The colour of writing on the first colour."""
        return next(ink for ink in INKS if contrast(ink, self.colors[0]) >= READABLE)

    @property
    def heading(self) -> str:
        """The first colour as one of writing on white; a dark grey where it is too light for that."""
        return self.colors[0] if contrast(self.colors[0], "#ffffff") >= READABLE else INKS[1]


def contrast(one: str, other: str) -> float:
    """How well one colour can be read on the other, from 1 to 21 (WCAG 2.2, contrast ratio).

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    dark, light = sorted([luminance(one), luminance(other)])
    return round((light + .05) / (dark + .05), 9)


def luminance(color: str) -> float:
    """How light a colour is, from 0 to 1 (WCAG 2.2, relative luminance).

    >>> luminance("#000000"), luminance("#ffffff")
    (0.0, 1.0)
    """
    digits = color.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place:place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= .04045 else ((part + .055) / 1.055) ** 2.4 for part in parts]
    return .2126 * linear[0] + .7152 * linear[1] + .0722 * linear[2]


def title(notebook: nbformat.NotebookNode) -> str:
    """The first heading of the notebook, without its number."""
    for cell in notebook.cells:
        found = re.search(r"^# (?:\d+ )?(.+)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            return found[1].strip()
    return ""


def page(notebook: nbformat.NotebookNode, look: Look, files: Sequence[str] = ()) -> str:
    """The page of an executed notebook, as one HTML text.

    Parameters: `files`, the names of the files beside the page to which its foot leads.
    """
    shown, said = parts(notebook), sentences(notebook)
    sections = [(name, "".join(_cell(part, said.get(part.heading, "")) for part in group))
                for name, group in groupby(shown, key=lambda part: part.section)]
    sections = [(name, content) for name, content in sections if content]
    contents: list[tuple[str, str]] = []
    for place, (name, content) in enumerate(sections):
        if name == "findings":
            sections[place] = name, HEADINGS.sub(lambda found: _anchor(found, contents), content)
    code = [(plain_text(part.heading), part.cell.source) for part in shown if part.cell.cell_type == "code"]
    links = [(quote(name), words.text(f"report.file_{name.rpartition('.')[2]}")) for name in files]
    return _template("page.html.j2").render(
        look=look, title=title(notebook), version=__version__, word=words.text, sections=sections, code=code,
        contents=contents if len(contents) >= LONG else [], files=links, css=_css_text)


def _anchor(found: re.Match[str], contents: list[tuple[str, str]]) -> str:
    """The heading with an anchor, under which it goes to the list of contents."""
    contents.append((f"f{len(contents) + 1}", found[1]))
    return f'<h2 id="{contents[-1][0]}">{found[1]}</h2>'


def _css_text(text: str) -> str:
    """A text as a string in a style sheet; each letter that could end it as its number (CSS Syntax 3, 4.3.7)."""
    return "".join(letter if letter.isalnum() else f"\\{ord(letter):x} " for letter in text)


def sentences(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """The first sentence that the code printed under each heading, as plain text: what a picture there shows."""
    found: dict[str, str] = {}
    for part in parts(notebook):
        for data in part.outputs:
            if "text/markdown" in data:
                found.setdefault(part.heading, plain_text(data["text/markdown"].strip("- ").split("\n")[0]))
    return found


def overview(template: str, look: Look, **values: object) -> str:
    """A page that leads to others, by the template of that name beside this file."""
    return _template(template).render(look=look, version=__version__, word=words.text, **values)


def moved(notebook: nbformat.NotebookNode) -> str:
    """The lists of what moved that the cells of the section "alerts" put out beside what they show, as one; "" if none.

    Such a list is CSV of `engagelab.kpi.watch`, all with the same heading.
    """
    return together([output["data"]["text/csv"] for cell in notebook.cells if section(cell) == "alerts"
                     for output in cell.get("outputs", ()) if "text/csv" in output.get("data", {})])


def together(lists: list[str]) -> str:
    """CSV texts of one heading as one."""
    return "".join([one.partition("\n")[0] + "\n" for one in lists[:1]] + [one.partition("\n")[2] for one in lists])


def answer(notebook: nbformat.NotebookNode) -> str:
    """The first sentence of the answer that the notebook printed, as plain text."""
    for cell in notebook.cells:
        if section(cell) == "answer" and cell.cell_type == "code":
            for output in cell.outputs:
                text = output.get("data", {}).get("text/markdown", "")
                if text:
                    return plain_text(text.removeprefix("- ").split("\n")[0])
    return ""


def _template(name: str) -> jinja2.Template:
    folder = resources(__package__)
    loader = jinja2.FunctionLoader(lambda wanted: folder.joinpath(wanted).read_text("utf-8"))
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(name)


def _cell(part: Part, said: str) -> str:
    if part.cell.cell_type == "markdown":
        text = re.sub(r"^# .+$", "", part.cell.source, count=1, flags=re.MULTILINE)  # it stands on top of the page
        return ASIDE.sub("<p class='caution'>", str(markdown(text)))
    alt = html.escape(": ".join(filter(None, (plain_text(part.heading), said))), quote=True)
    return "".join(_output(output, alt) for output in part.cell.get("outputs", ()))


def _output(output: nbformat.NotebookNode, alt: str) -> str:
    if output.output_type == "stream":  # what libraries tell their makers is not for the reader
        return f"<pre>{html.escape(output.text)}</pre>\n" if output.name == "stdout" else ""
    data = output.get("data", {})
    kind = next((kind for kind in SHOWN if kind in data), None)
    if kind == "text/html" and data[kind].startswith("<img "):
        picture, _, rest = data[kind].partition(">")
        return f"<figure class='wide'>{picture}></figure>\n<div class='table'>{rest}</div>\n"
    if kind == "text/html":
        table = TEXT.sub(lambda cell: f"<td{' class=long' * (width_of(cell[1]) >= LONG_TEXT)}",
                         BORDER.sub("<table", data[kind]))
        return f"<div class='table'>{table}</div>\n"
    if kind == "image/png":
        picture = data[kind].replace("\n", "")
        return f"<figure><img alt='{alt}' src='data:image/png;base64,{picture}'></figure>\n"
    if kind == "text/markdown":
        return str(markdown(data[kind]))
    return f"<pre>{html.escape(data[kind])}</pre>\n" if kind else ""
