"""The only writer of notebook outputs; `check` proves that the stored ones are what the cells give."""

from pathlib import Path

from engagelab.files import write_text
from engagelab.notebook.execute import execute, read, text_of


def rebuild(path: Path) -> bool:
    """Run the notebook and store it with its outputs. True if its bytes changed."""
    stored = path.read_text("utf-8")
    fresh = text_of(execute(read(path), folder=path.parent))
    if fresh == stored:
        return False
    write_text(path, fresh)
    return True


def check(path: Path) -> str:
    """Where the stored notebook differs from what its cells give now; "" where it is the same to the byte."""
    stored = path.read_text("utf-8").splitlines()
    fresh = text_of(execute(read(path), folder=path.parent)).splitlines()
    for number, (old, new) in enumerate(zip(stored, fresh, strict=False), 1):
        if old != new:
            return f"{path.name}:{number}: {old.strip()[:80]!r} != {new.strip()[:80]!r}"
    return "" if len(stored) == len(fresh) else f"{path.name}: {len(stored)} != {len(fresh)}"
