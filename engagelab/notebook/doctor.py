"""`engagelab doctor`: what a folder of export files can answer, and what is missing."""

from pathlib import Path

from engagelab import words
from engagelab.notebook.execute import read
from engagelab.notebook.places import notebooks
from engagelab.notebook.setup import span
from engagelab.notebook.tags import answerable, needs
from engagelab.sources.folder import IDENTITIES, Folder, read_folder


def doctor(folder: Path) -> str:
    """The tables that the folder gives, the files that gave none, and what each notebook can make of them."""
    company = read_folder(folder)
    since, until = span(company)
    lines = [words.text("doctor.title", name=company.settings.name, since=since, until=until), ""]
    lines += [words.text("doctor.found"), *_tables(company), ""]
    unread = company.frame[company.frame["problem"].fillna("").ne("")]
    if len(unread):
        lines += [words.text("doctor.unread"),
                  *("  " + words.text("doctor.problem", file=row.file, problem=row.problem)
                    for row in unread.itertuples()), ""]
    lines += [words.text("doctor.answers"), *(_lesson(path, company) for path in notebooks())]
    return "\n".join(lines)


def _tables(company: Folder) -> list[str]:
    read_files = company.frame[company.frame["problem"].fillna("").eq("")]
    lines = []
    for name, frame in company.tables.items():
        named = [name in tables.split(", ") for tables in read_files["table"]]
        files = sorted(read_files.loc[named, "file"]) or [IDENTITIES]
        few = ", ".join(files)
        if len(files) > 3:
            few = words.text("doctor.files", n=len(files), first=files[0], last=files[-1])
        lines.append("  " + words.text("doctor.table", table=words.text(f"table.{name}"), rows=len(frame), files=few))
    return lines


def _lesson(path: Path, company: Folder) -> str:
    wanted = {table for cell in read(path).cells for table in needs(cell)}
    lacking = sorted(wanted - answerable(company.tables))
    tables = ", ".join(words.text(f"table.{table}") for table in lacking)
    key = "doctor.lesson_partly" if lacking else "doctor.lesson"
    return "  " + words.text(key, name=path.stem, tables=tables)
