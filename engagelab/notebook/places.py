"""Where the notebooks, the data and the pages are."""

import tomllib
from pathlib import Path

from engagelab import words
from engagelab.errors import UsageError

LESSONS = "[0-9][0-9]_*.ipynb"
SOLVED, COPIES = "notebooks", "workshop"    # a participant has the copies alone


def project(start: Path | None = None) -> Path:
    """The folder of the project: the current one, one above it, or the package's own.

    It is known by its lessons, `notebooks/NN_*.ipynb` or `workshop/NN_*.ipynb`, and by a `pyproject.toml`
    with the project's name; a folder that happens to have notebooks and data of its own is another.

    Errors: UsageError where there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if _is_project(folder):
            return folder
    raise UsageError("notebook.no_project", folder=here.name)


def _is_project(folder: Path) -> bool:
    if not any(any((folder / name).glob(LESSONS)) for name in (SOLVED, COPIES)):
        return False
    try:
        declared = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):   # none, or none that can be read
        return False
    named = declared.get("project")
    return isinstance(named, dict) and named.get("name") == "engagelab"


def lessons(start: Path | None = None) -> Path:
    """The folder of the lessons: solved ones, or where there are none, those to solve."""
    here = project(start)
    return here / (SOLVED if any((here / SOLVED).glob(LESSONS)) else COPIES)


def notebooks(names: list[str] | None = None, start: Path | None = None, *, language: str = "en") -> list[Path]:
    """The lessons in their order; all of them, or those whose file name begins with one of the names.

    Those in Japanese lie in a folder of their own, `ja`.
    Errors: UsageError where there are none, and for a name that fits none.
    """
    folder = lessons(start)
    found = sorted((folder if language == "en" else folder / language).glob(LESSONS))
    if not names:
        return found
    chosen = []
    for name in names:
        fits = [path for path in found if path.name.startswith(Path(name).name)]
        if not fits:
            raise UsageError("notebook.unknown", name=name, available=words.joined(path.stem for path in found))
        chosen += [path for path in fits if path not in chosen]
    return chosen
