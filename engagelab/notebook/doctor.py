"""`engagelab doctor`: what a folder of export files can answer, and what is missing."""

from pathlib import Path

import pandas as pd

from engagelab import words
from engagelab.errors import SourceError
from engagelab.notebook.execute import read
from engagelab.notebook.places import notebooks
from engagelab.notebook.setup import span
from engagelab.notebook.tags import answerable, needs
from engagelab.sources.folder import IDENTITIES, Folder, read_folder
from engagelab.sources.gaps import gaps
from engagelab.sources.problems import reasons
from engagelab.sources.settings import FILE
from engagelab.sources.settings_checks import check_logo
from engagelab.sources.settings_file import read_settings


def doctor(folder: Path, *, language: str | None = None) -> str:
    """The tables that the folder gives, what is not known, and what each notebook can make of them.

    From here on `language` is spoken, else the folder's own. Errors: those of `read_folder`.
    """
    settings = read_settings(folder, logo=False)
    words.set_language(language or settings.language)
    company = read_folder(folder, settings=settings)
    name = settings.name or Path(folder).resolve().name
    if company.frame.empty and not company.tables:
        return words.text("report.nothing", folder=name, problems=words.text("report.no_files"))
    since, until = span(company)
    unread = company.frame[company.frame["problem"].fillna("").ne("")]
    parts = [("doctor.found", _tables(company)),
             ("doctor.unread", [words.text("doctor.problem", file=row.file, problem=row.problem)
                                for row in unread.itertuples()]),
             ("doctor.set_aside", _set_aside(company)),
             ("doctor.unknown", _unknown(company, folder, list(unread["file"]))),
             ("doctor.answers", [_lesson(path, company) for path in notebooks()])]
    title = words.text("doctor.title", name=name, since=since, until=until) if until else name
    return "\n\n".join([title, *("\n  ".join([words.text(key), *lines]) for key, lines in parts if lines)])


def _set_aside(company: Folder) -> list[str]:
    """Each file of which rows were set aside, with how many and why."""
    rows = company.rejects[company.rejects["severity"] == "row"]
    return [words.text("doctor.rows", file=file, n=len(part), reasons=words.joined(reasons(part)))
            for file, part in rows.groupby("file", sort=True)]


def _unknown(company: Folder, folder: Path, unread: list[str]) -> list[str]:
    """What is known to be unknown: channels, and what the settings name that is not there."""
    lines = []
    answers = company.get("surveys")
    if answers is not None:
        asked = answers["channel"] if "channel" in answers else pd.Series(None, index=answers.index, dtype="str")
        silent = sorted(answers["survey"][asked.isna()].dropna().unique())
        if silent:
            lines.append(words.text("doctor.no_channel", file=FILE, surveys=words.joined(silent)))
    lines += gaps(company.settings, company.readings, unread, company.tables)
    try:
        check_logo(folder, company.settings)
    except SourceError as error:
        lines.append(str(error))
    return lines


def _tables(company: Folder) -> list[str]:
    read_files = company.frame[company.frame["problem"].fillna("").eq("")]
    lines = []
    for name, frame in company.tables.items():
        named = [name in tables.split(", ") for tables in read_files["table"]]
        files = sorted(read_files.loc[named, "file"]) or [IDENTITIES]
        few = words.joined(files)
        if len(files) > 3:
            few = words.text("doctor.files", n=len(files), first=files[0], last=files[-1])
        lines.append(words.text("doctor.table", table=words.text(f"table.{name}"), rows=len(frame), files=few))
    return lines


def _lesson(path: Path, company: Folder) -> str:
    wanted = {table for cell in read(path).cells for table in needs(cell)}
    lacking = sorted(wanted - answerable(company.tables))
    tables = words.joined(words.text(f"table.{table}") for table in lacking)
    key = "doctor.lesson_partly" if lacking else "doctor.lesson"
    return words.text(key, name=path.stem, tables=tables)
