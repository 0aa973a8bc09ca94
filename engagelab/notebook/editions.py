"""The other editions of a lesson: in Japanese, and for those who solve its exercises.

The lesson in English is the one that is written. The Japanese one has the same code cells; the prose of its Markdown
cells stands in `notebooks/ja/NN_name.md`, each piece under the digest of the English that it translates, so that a
changed English sentence asks for its translation again. The student's copy is the lesson without its solutions and
without its outputs.
"""

import copy
import hashlib
import io
import re
import tokenize
from pathlib import Path

import nbformat

from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.files import write_text
from engagelab.notebook.execute import canonical, read, text_of
from engagelab.notebook.tags import tags

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
MARK = re.compile(r"^<!-- cell ([0-9a-f]{8}) -->\n", re.MULTILINE)
SOLUTION = re.compile(rf"^[ \t]*{BEGIN}\n.*?^[ \t]*{END}\n", re.MULTILINE | re.DOTALL)
NO_LANGUAGE = "language = None"


class Untranslated(EngagelabError):
    """A lesson and its Japanese prose do not fit together."""


def digest(source: str) -> str:
    """What a translation is filed under: the first eight hex digits of the SHA-256 of the English text."""
    return hashlib.sha256(source.encode("utf-8")).hexdigest()[:8]


def translation(path: Path) -> Path:
    """Where the Japanese prose of a lesson stands."""
    return path.parent / "ja" / f"{path.stem}.md"


def prose(path: Path) -> dict[str, str]:
    """The pieces of a translation, each by the digest of its English; none where there is no such file yet."""
    if not path.is_file():
        return {}
    parts = MARK.split(path.read_text("utf-8"))
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def japanese(path: Path) -> nbformat.NotebookNode:
    """The lesson at a path in Japanese, without outputs.

    Raises Untranslated where a cell has no translation, and where a translation has no cell.
    """
    notebook, said = blank(read(path)), prose(translation(path))
    used = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = commented(cell.source)
            continue
        name = digest(cell.source)
        if not said.get(name):
            first = next(iter(cell.source.strip().splitlines()), "")
            raise Untranslated("notebook.untranslated", file=translation(path).name, digest=name, line=first)
        used.add(name)
        cell.source = said[name]
    if set(said) - used:
        raise Untranslated("notebook.translated_twice", file=translation(path).name, digest=min(set(said) - used))
    return notebook


def commented(source: str) -> str:
    """A code cell with its language set and its comments in Japanese, where the catalogue of words knows them."""
    known = {row["en"]: row["ja"] for key, row in words.catalogue().items() if key.startswith("comment.")}
    lines = source.splitlines()
    for part in tokenize.generate_tokens(io.StringIO(source).readline):
        if part.type == tokenize.COMMENT and part.string in known:
            row, column = part.start
            lines[row - 1] = lines[row - 1][:column] + known[part.string]
    return "\n".join(lines).replace(NO_LANGUAGE, 'language = "ja"', 1)


def student(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The lesson without its solutions and without its outputs; it runs to its end as it is."""
    fresh = blank(notebook)
    for cell in fresh.cells:
        if "exercise" in tags(cell) and cell.cell_type == "code":
            cell.source = SOLUTION.sub("", cell.source)
    return fresh


def blank(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without its outputs."""
    fresh = copy.deepcopy(notebook)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return canonical(fresh)


def student_copies(path: Path, folder: Path) -> dict[Path, str]:
    """The student's copies of the lesson at a path, in both languages: each place in a folder, and its text."""
    return {folder / path.name: text_of(student(read(path))),
            folder / "ja" / path.name: text_of(student(japanese(path)))}


def write_copies(path: Path, folder: Path, *, check: bool = False) -> list[Path]:
    """Write the student's copies of a lesson into a folder, or only look; which of them are not as they should be."""
    stale = [place for place, text in student_copies(path, folder).items()
             if not place.is_file() or place.read_text("utf-8") != text]
    if not check:
        for place, text in student_copies(path, folder).items():
            write_text(place, text)
    return stale
