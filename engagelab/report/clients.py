"""The companies of a run: each is read once for all its notebooks, and gets a folder of pages that is written whole."""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from glob import glob
from pathlib import Path
from urllib.parse import quote

from engagelab import words
from engagelab.errors import SourceError, UsageError
from engagelab.files import write_bytes, write_files
from engagelab.kpi.watch import ALERTS as HEADS
from engagelab.notebook.collect import VARIABLE as TABLES
from engagelab.notebook.periods import periods
from engagelab.notebook.places import lessons
from engagelab.notebook.setup import SAMPLE, folder_of, keep, language_of, open_data, span
from engagelab.notebook.tags import answerable
from engagelab.report.render import Look, overview, together
from engagelab.sources.folder import Folder
from engagelab.sources.pictures import picture_kind
from engagelab.sources.settings import Settings

ALERTS, INDEX = "alerts.csv", "index.html"
ENDINGS = (".html", ".xlsx", ".pptx", ".pdf")


@dataclass(frozen=True)
class Asked:
    """What is asked for: notebooks by the beginning of their names (all where there is none), a period, a language."""

    notebooks: tuple[str, ...] = ()
    period: str | None = None
    language: str | None = None
    pdf: bool = False


@dataclass(frozen=True)
class Client:
    """A company: its name, which is that of its folder, its data, and the folder of its pages."""

    name: str
    data: str
    pages: Path

    @property
    def folder(self) -> Path:
        """The folder of its data."""
        return folder_of(self.data)


@dataclass(frozen=True)
class Opened:
    """What the notebooks and pages need of a client's data; `parameters` and `env` go to each notebook."""

    look: Look
    tables: set[str]
    parameters: Mapping[str, str | None]
    env: Mapping[str, str]


@dataclass(frozen=True)
class Made:
    """What became of one notebook, or of a client that cannot be read: its page, or why there is none.

    `files` are the page and what stands beside it, `problems` sentences.
    """

    client: str
    notebook: str
    title: str = ""
    answer: str = ""
    alerts: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    problems: tuple[str, ...] = ()
    source: str = ""    # the digest of the notebook's cells
    so_far: tuple[int, int] = (0, 0)    # how many notebooks of the run are done, and of how many
    empty: bool = False     # no page, for the data have nothing for its findings

    @property
    def page(self) -> str:
        """The name of the page's file; "" where there is none."""
        return next((name for name in self.files if name.endswith(".html")), "")

    @property
    def beside(self) -> list[tuple[str, str]]:
        """What stands beside the page: (format, file name) each."""
        return [(name.rpartition(".")[2].upper(), name) for name in self.files if name != self.page]


def clients_of(data: Sequence[str], out: Path) -> list[Client]:
    """The companies of these folders; pages go straight to `out` where there is one, else each to a folder of its name.

    Parameters: `data`, folders of export files, patterns of them such as "clients/*" where the shell leaves these as
    they are, or "sample".
    Errors: UsageError for what is no folder, for two folders of one name, where the pages would go among the data,
    and where the notebooks that would run lie among the data.
    """
    folders = [one for pattern in data for one in _folders(pattern)]
    for one in folders:
        if one != SAMPLE and not Path(one).is_dir():
            raise UsageError("cli.no_folder", folder=one)
    names = [SAMPLE if one == SAMPLE else Path(one).resolve().name for one in folders]
    same = [[folder for folder, other in zip(folders, names, strict=True) if other.casefold() == name.casefold()]
            for name in names]     # many a disk does not tell upper case from lower
    for doubled in same:
        if len(doubled) > 1:
            raise UsageError("report.same_name", folders=words.joined(doubled))
    clients = [Client(name, folder, out / name if len(folders) > 1 else out)
               for name, folder in zip(names, folders, strict=True)]
    sources = {client.folder.resolve() for client in clients}
    for source in sources:
        if lessons().resolve().is_relative_to(source):      # whoever sent the data would have sent the code
            raise UsageError("report.lessons_in_data", folder=source)
    for client in clients:
        if client.pages.resolve() in sources:
            raise UsageError("report.out_is_data", folder=client.pages)
    return clients


def _folders(pattern: str) -> list[str]:
    """The folders that a pattern names; the text itself where it is a folder, or names none."""
    found = [] if Path(pattern).is_dir() else glob(pattern)     # noqa: PTH207 Path.glob takes no absolute pattern
    return [one for one in sorted(found) if Path(one).is_dir()] or [pattern]


def open_client(client: Client, asked: Asked, kept: Path) -> Opened:
    """Read a client's data, and put them into the file `kept` for the kernels of its notebooks.

    Errors: those of `read_folder` and `periods`, and SourceError where no file of the folder can be read.
    """
    where = client.data if client.data == SAMPLE else str(client.folder.resolve())
    with words.speaking(asked.language or language_of(client.data)):
        company = open_data(where)
        if not company.tables:
            why = "; ".join(company.frame["problem"].dropna()) or words.text("report.no_files")
            if company.skipped:
                why = f"{why}; {words.text('sources.folder.skipped', names=words.joined(company.skipped))}"
            raise SourceError("report.nothing", folder=client.name, problems=why)
        look = look_of(company, client, asked.period)
        env = keep(where, company, kept)
        seen = company if asked.period is None else periods(company, asked.period).seen(company)
    return Opened(look, answerable(seen.tables),
                  {"data": where, "language": look.language, "period": asked.period}, {**env, TABLES: "1"})


def look_of(company: Folder, client: Client, period: str | None = None) -> Look:
    """The company's name, colours and logo in the current language, and the time that its data cover."""
    settings = company.settings
    logo = ""
    if settings.logo:
        picture = (client.folder / settings.logo).read_bytes()
        logo = f"data:{picture_kind(picture)};base64,{base64.b64encode(picture).decode()}"
    since, until = span(company)
    said = words.text("report.period", since=since, until=until) if until else ""
    if period is not None:
        when = periods(company, period)
        last = (date.fromisoformat(when.until) - timedelta(days=1)).isoformat()
        said = words.text("report.period_of", period=when.title(when.now), since=since, until=min(until, last))
    return Look(settings.name or client.name, (settings.colors[0], settings.colors[1]), words.language(), logo, said,
                sample=client.data == SAMPLE)


def plain_look(name: str, language: str) -> Look:
    """That of a page about several companies, or about one that cannot be read."""
    return Look(name, (Settings().colors[0], Settings().colors[1]), language)


def write_client(client: Client, look: Look, names: Sequence[str], made: Sequence[Made]) -> dict[str, bytes]:
    """Write the pages of a client, what stands beside them and their index; what was written, by name in its folder.

    names : of the notebooks that were asked for. Of one that gave no page, or a page without one of its files, those
        of an earlier run go: they tell of another time.
    """
    files = {name: content for one in made for name, content in one.files.items()}
    watched = [one.alerts for one in made if one.alerts]
    if watched:
        files[ALERTS] = ("\ufeff" + together(watched)).encode()     # with the mark by which Excel knows the encoding
    with words.speaking(look.language):
        files[INDEX] = overview("index.html.j2", look, pages=[one for one in made if one.page], quote=quote,
                                problems=[problem for one in made for problem in one.problems],
                                lacking=none_of(made),
                                alerts=ALERTS if watched else "").encode()
    write_files({client.pages / name: content for name, content in files.items()})
    for stale in [f"{name}{ending}" for name in names for ending in ENDINGS] + [ALERTS]:
        place = client.pages / stale
        if stale not in files and place.is_file() and (stale != ALERTS or _is_ours(place)):
            place.unlink()
    return files


def none_of(made: Sequence[Made]) -> str:
    """Which pages were not made for lack of data, and what their answer would be; "" where all were made."""
    titles = [words.text("report.quoted_why" if one.answer else "report.quoted", title=one.title, why=one.answer)
              for one in made if one.empty]
    return words.text("report.none", titles=words.joined(titles)) if titles else ""


def write_overview(path: Path, clients: Sequence[tuple[Client, Look, Sequence[Made]]], language: str) -> bytes:
    """Write the page that leads to those of several clients; its content."""
    there = [client for client, _, _ in clients if (client.pages / INDEX).is_file()]
    with words.speaking(language):
        content = overview("clients.html.j2", plain_look(words.text("report.clients"), language), clients=clients,
                           there=there, quote=quote, none_of=none_of).encode()
    write_bytes(path, content)
    return content


def _is_ours(alerts: Path) -> bool:
    return alerts.read_text("utf-8-sig", errors="replace").startswith(",".join(HEADS))


def jobs_at_most(jobs: int | None) -> int:
    """How many notebooks run at once: as many as are asked for, else as there are cores, at most 4."""
    return jobs or min(os.cpu_count() or 1, 4)
