"""`engagelab report`: the lessons on a folder of export files, as pages."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engagelab import words
from engagelab.errors import EngagelabError, SourceError
from engagelab.files import write_text
from engagelab.kpi.watch import ALERTS as HEADS
from engagelab.notebook.execute import execute, read
from engagelab.notebook.setup import SAMPLE, language_of, open_data, span
from engagelab.notebook.tags import answerable, fitted, with_parameters
from engagelab.report.render import Look, answer, index, moved, page, title, together
from engagelab.sources.folder import Folder
from engagelab.sources.pictures import picture_kind

ALERTS = "alerts.csv"


@dataclass(frozen=True)
class Made:
    """What became of one notebook: its page, or why there is none."""

    notebook: str
    path: Path | None
    title: str = ""
    answer: str = ""
    problem: str = ""
    alerts: str = ""


def report(notebooks: list[Path], data: str, out: Path) -> Iterator[Made]:
    """Make a page of each notebook on the data, then the index; a notebook that fails is said, the others go on.

    What moved, as the cells of the section "alerts" tell it, goes to `alerts.csv`: by itself the list that is sent on.

    Parameters: `data`, a folder of export files or "sample"; `out`, the folder of the pages.
    Errors: those of `read_folder`, and SourceError where no file of the folder can be read; before
    anything is written.
    """
    words.set_language(language_of(data))
    company = open_data(data)
    if not company.tables:
        why = "; ".join(company.frame["problem"].dropna()) or words.text("report.no_files")
        raise SourceError("report.nothing", folder=Path(data).name, problems=why)
    look = look_of(company, Path(data))
    made = []
    for path in notebooks:
        one = _page(path, data, company, look, out)
        made.append(one)
        yield one
    pages = [(one.path.name, one.title, one.answer) for one in made if one.path]
    problems = [words.text("report.failed", name=one.title, error=one.problem) for one in made if not one.path]
    watched = [one.alerts for one in made if one.alerts]
    if watched:
        write_text(out / ALERTS, "\ufeff" + together(watched))    # with the mark by which Excel knows the encoding
    elif (out / ALERTS).is_file() and (out / ALERTS).read_text("utf-8-sig").startswith(",".join(HEADS)):
        (out / ALERTS).unlink()   # that of an earlier run, which tells of other data
    write_text(out / "index.html", index(pages, look, problems, ALERTS if watched else ""))


def _page(path: Path, data: str, company: Folder, look: Look, out: Path) -> Made:
    source = read(path)
    fit = fitted(source, answerable(company.tables), lessons=data == SAMPLE)
    where = data if data == SAMPLE else str(Path(data).resolve())
    try:
        done = execute(with_parameters(fit, data=where), folder=path.parent)
    except EngagelabError as error:
        return Made(path.stem, None, title(source), problem=str(error.values.get("error", error)))
    target = out / f"{path.stem}.html"
    write_text(target, page(done, look))
    return Made(path.stem, target, title(source), answer(done), alerts=moved(done))


def look_of(company: Folder, folder: Path) -> Look:
    """The company's name, colours and logo, and the time that its data cover."""
    settings = company.settings
    logo = ""
    if settings.logo:
        picture = (folder / settings.logo).read_bytes()
        logo = f"data:{picture_kind(picture)};base64,{base64.b64encode(picture).decode()}"
    since, until = span(company)
    period = words.text("report.period", since=since, until=until) if until else ""
    return Look(settings.name or folder.resolve().name, (settings.colors[0], settings.colors[1]), settings.language,
                logo, period, sample=str(folder) == SAMPLE)
