"""The only writer of notebook outputs; `check` proves that the stored ones are what the cells give."""

from collections.abc import Iterator
from pathlib import Path

import nbformat

from engagelab.files import write_text
from engagelab.notebook.editions import japanese, translation
from engagelab.notebook.execute import execute, read, text_of


def editions(path: Path) -> Iterator[tuple[Path, nbformat.NotebookNode]]:
    """The lesson at a path and where it is stored, in English and then in Japanese."""
    yield path, read(path)
    yield translation(path).with_suffix(path.suffix), japanese(path)


def rebuild(path: Path, notebook: nbformat.NotebookNode) -> bool:
    """Run the notebook and store it at the path with its outputs. True if the bytes there changed."""
    fresh = text_of(execute(notebook, folder=path.parent))
    if path.is_file() and fresh == path.read_text("utf-8"):
        return False
    write_text(path, fresh)
    return True


def check(path: Path, notebook: nbformat.NotebookNode) -> str:
    """Where what is stored at the path differs from what the cells give now; "" where it is the same to the byte."""
    stored = path.read_text("utf-8").splitlines() if path.is_file() else []
    fresh = text_of(execute(notebook, folder=path.parent)).splitlines()
    for number, (old, new) in enumerate(zip(stored, fresh, strict=False), 1):
        if old != new:
            return f"{path.name}:{number}: {old.strip()[:80]!r} != {new.strip()[:80]!r}"
    return "" if len(stored) == len(fresh) else f"{path.name}: {len(stored)} != {len(fresh)}"
