"""The first cell of every notebook: the data, the language, and how numbers and pictures look."""

import hashlib
import os
import pickle
import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd

from engagelab import words
from engagelab.errors import SourceError, UsageError
from engagelab.files import write_bytes
from engagelab.notebook import collect
from engagelab.notebook.places import project
from engagelab.sources.folder import Folder, read_folder
from engagelab.sources.settings_file import read_settings
from engagelab.tables import complete, tables

SAMPLE = "sample"
KEPT = "ENGAGELAB_DATA"  # the environment variable that names a file which `keep` wrote, behind its SHA-256
ABOUT_PEOPLE = ("accounts", "customers", "employees", "subscriptions")

_opened: list[Folder] = []  # what the notebook works on, for the checks of its exercises


def setup(data: str = SAMPLE, *, language: str | None = None) -> Folder:
    """Open the data of a company, and set display and language for the notebook.

    Parameters: `data`, a folder of export files, or "sample" for the made-up company that comes
    with the notebooks; `language`, "en" or "ja", else what the folder's engagelab.toml says.

    Errors: those of `read_folder`.

    >>> company = setup("sample", language="en")
    >>> company.settings.name, len(company["tickets"])
    ('Asanagi Coffee', 3338)
    """
    # An answer with a warning beside it is not an answer: what warns is an error, but for what the
    # kernel says to its makers, and a letter that no font here can draw.
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", module=r"ipykernel|jupyter_client|zmq|tornado|asyncio|IPython")
    warnings.filterwarnings("ignore", message="Glyph .* missing from font")
    pd.set_option("display.width", 120, "display.max_columns", 30, "display.max_rows", 60, "display.precision", 4)
    if os.environ.get(collect.VARIABLE):    # a report wants the tables beside what is shown
        collect.on()
    words.set_language(language or language_of(data))  # before the data are read: what is said of them is kept
    return keep_open(open_data(data))


def keep_open(company: Folder) -> Folder:
    """The company, which is from here on what the notebook works on."""
    _opened[:] = [company]
    return company


def opened() -> Folder:
    """What the notebook works on. Errors: UsageError where `setup` has not been called."""
    if not _opened:
        raise UsageError("exercise.no_data")
    return _opened[0]


def open_data(data: str) -> Folder:
    """The tables of a folder of export files, or those of the sample company.

    Every table has all its declared columns, so that a cell may name one that some vendor's file
    lacks; it then holds nothing.

    >>> company = open_data("sample")
    >>> company.settings.name, len(company["tickets"])
    ('Asanagi Coffee', 3338)
    """
    if (known := _kept(data)) is not None:
        return known
    company = read_folder(folder_of(data))
    return replace(company, tables={name: complete(frame, name) for name, frame in company.tables.items()})


def keep(data: str, company: Folder, path: Path) -> dict[str, str]:
    """Write what was read of `data` for the kernels of a run, so that the folder is read once for all its notebooks.

    Gives the environment by which a kernel finds it, and knows that nobody has put another file in its place.
    """
    content = pickle.dumps((data, company), protocol=pickle.HIGHEST_PROTOCOL)
    write_bytes(path, content)
    return {KEPT: f"{hashlib.sha256(content).hexdigest()} {path}"}


def _kept(data: str) -> Folder | None:
    """What the run that started this process has read of `data`; None where it was started by none."""
    digest, _, path = os.environ.get(KEPT, "").partition(" ")
    if not path:
        return None
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:    # a pickle can hold code: only the very bytes are taken
        raise SourceError("sources.changed", file=Path(path).name)
    name, known = pickle.loads(content)  # noqa: S301 the bytes that `keep` wrote
    return known if name == data else None


def folder_of(data: str) -> Path:
    """The folder of the data: the one that is named, here or in the project, or that of the sample company."""
    if data == SAMPLE:
        return project() / "data"
    here = Path(data)
    return here if here.is_dir() or not (project() / data).is_dir() else project() / data


def language_of(data: str) -> str:
    """The language that the folder's settings ask for."""
    return read_settings(folder_of(data)).language


def span(company: Folder) -> tuple[str, str]:
    """The first and the last day that the data observe, in the company's time zone; "" where there is no stamp.

    The day on which somebody became a customer or was hired is a fact about the person, older than any
    observation; it counts only where there is nothing else.
    """
    stamps = {name: frame[column].dropna() for name, frame in company.tables.items()
              if (column := tables()[name].time) and column in frame}
    known = [times for name, times in stamps.items() if len(times) and name not in ABOUT_PEOPLE]
    known = known or [times for times in stamps.values() if len(times)]
    if not known:
        return "", ""
    zone = company.settings.timezone
    first, last = min(times.min() for times in known), max(times.max() for times in known)
    return f"{first.tz_convert(zone):%Y-%m-%d}", f"{last.tz_convert(zone):%Y-%m-%d}"
