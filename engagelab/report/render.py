"""An executed notebook as one self-contained page: no link leads outside, the code is folded away.

The order of a page is not that of the lesson: the answer comes first, then the scorecard, the
alerts, the findings and, last and small, the method.
"""

import html
import re
from dataclasses import dataclass
from importlib.resources import files

import jinja2
import mistune
import nbformat

from engagelab import __version__, words
from engagelab.notebook.tags import SECTIONS, section, tags

# Whatever raw HTML a Markdown text holds is shown as text: some of it comes from the data.
markdown = mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])
DARK, LIGHT = "#1d2433", .2  # above this luminance white writing has a contrast below 4.5 to 1
SHOWN = ("text/html", "image/png", "text/markdown", "text/plain")
BORDER = re.compile(r'<table border="1"')


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
        return "#ffffff" if luminance(self.colors[0]) < LIGHT else DARK

    @property
    def heading(self) -> str:
        """The first colour as one of writing on white; a dark grey where it is too light for that."""
        return self.colors[0] if luminance(self.colors[0]) < LIGHT else DARK


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


def page(notebook: nbformat.NotebookNode, look: Look) -> str:
    """The page of an executed notebook, as one HTML text."""
    parts: dict[str, list[str]] = {name: [] for name in SECTIONS}
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = next(iter(re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE)), heading)
        if "hidden" not in tags(cell):
            parts[section(cell)].append(_cell(cell, heading))
    return _template("page.html.j2").render(
        look=look, title=title(notebook), version=__version__, word=words.text,
        sections=[(name, "".join(parts[name])) for name in SECTIONS if any(parts[name])])


def index(pages: list[tuple[str, str, str]], look: Look, problems: list[str], alerts: str = "") -> str:
    """The page that leads to the others: (file name, title, first sentence of the answer) each; and alerts."""
    return _template("index.html.j2").render(look=look, pages=pages, problems=problems, alerts=alerts,
                                             version=__version__, word=words.text)


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
                    return html.unescape(re.sub(r"[*\\]", "", text.split("\n\n")[0]))
    return ""


def _template(name: str) -> jinja2.Template:
    folder = files(__package__)
    loader = jinja2.FunctionLoader(lambda wanted: folder.joinpath(wanted).read_text("utf-8"))
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(name)


def _cell(cell: nbformat.NotebookNode, heading: str) -> str:
    if cell.cell_type == "markdown":
        text = re.sub(r"^# .+$", "", cell.source, count=1, flags=re.MULTILINE)  # the title stands on top of the page
        return str(markdown(text))
    outputs = "".join(_output(output, heading) for output in cell.get("outputs", ()))
    if not outputs:
        return ""
    return outputs + _code(cell.source)


def _code(source: str) -> str:
    word = html.escape(words.text("report.code"))
    return f"<details class='code'><summary>{word}</summary><pre>{html.escape(source)}</pre></details>\n"


def _output(output: nbformat.NotebookNode, heading: str) -> str:
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>\n"
    data = output.get("data", {})
    kind = next((kind for kind in SHOWN if kind in data), None)
    if kind == "text/html":
        return f"<div class='table'>{BORDER.sub('<table', data[kind])}</div>\n"
    if kind == "image/png":
        picture = data[kind].replace("\n", "")
        alt = html.escape(heading, quote=True)
        return f"<figure><img alt='{alt}' src='data:image/png;base64,{picture}'></figure>\n"
    if kind == "text/markdown":
        return str(markdown(data[kind]))
    return f"<pre>{html.escape(data[kind])}</pre>\n" if kind else ""
