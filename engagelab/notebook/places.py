"""Where the notebooks, the data and the pages are."""

from pathlib import Path

from engagelab.errors import UsageError


def project(start: Path | None = None) -> Path:
    """The folder that holds `notebooks/` and `data/`: the current one, one above it, or the package's own.

    Errors: UsageError where there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks").is_dir() and (folder / "data").is_dir():
            return folder
    raise UsageError("notebook.no_project", folder=here.name)


def notebooks(names: list[str] | None = None, start: Path | None = None) -> list[Path]:
    """The lessons in their order; all of them, or those whose file name begins with one of the names.

    Errors: UsageError for a name that fits none.
    """
    found = sorted((project(start) / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not names:
        return found
    chosen = []
    for name in names:
        fits = [path for path in found if path.name.startswith(Path(name).name)]
        if not fits:
            raise UsageError("notebook.unknown", name=name, available=", ".join(path.stem for path in found))
        chosen += [path for path in fits if path not in chosen]
    return chosen
