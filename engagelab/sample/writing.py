"""The sample company as a folder of files: written whole or not at all."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError
from engagelab.files import scratch, sweep, write_bytes
from engagelab.sample.banks import rows
from engagelab.sample.company import generate
from engagelab.sample.dates import MONTHS
from engagelab.sample.exports import export_files
from engagelab.sample.exports.vendor import months
from engagelab.sample.settings import settings
from engagelab.sample.text_files import Written, canonical_file, json_file, text_file
from engagelab.sample.truths import truths
from engagelab.tables import Column, said, tables

VERSION = 1
MANIFEST = "manifest.json"
EXPORTS = "exports/"
# Keeps an empty folder in git, and is no longer needed once the sample stands there.
PLACEHOLDER = ".gitkeep"
BY_MONTH = ("email_sends", "events")


def write(out: str | os.PathLike[str], customers: int = 4000, seed: int = 7) -> Path:
    """Write the sample company into the folder `out` and give its path.

    The folder may be new, empty, or hold an earlier sample, which is replaced. Whatever goes
    wrong on the way, the folder is as it was. The same size and seed give the same bytes.

    Raises UsageError where the folder holds anything else, or where the size cannot be.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = write(Path(folder) / "data", customers=200)
    ...     sorted(path.name for path in made.iterdir())[:4]
    ['README.md', 'account_daily.csv', 'accounts.csv', 'assignments.csv']
    """
    folder = Path(out)
    _refuse_others(folder)
    files = sample_files(customers, seed)
    parent = folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    sweep(parent)
    with scratch(parent) as beside:     # so that taking its place is one step of the file system
        for name, file in files:
            write_bytes(Path(beside) / "made" / name, file.content)
        _replace(folder.absolute(), Path(beside))
    return folder


def sample_files(customers: int, seed: int) -> Iterator[tuple[str, Written]]:
    """All files with their path in the folder, one at a time, so that few are held; the manifest last."""
    made = generate(customers, seed)
    listed = {}
    for name, file in _files(made, customers, seed):
        listed[name] = {"sha256": hashlib.sha256(file.content).hexdigest(), "bytes": len(file.content),
                        **({} if file.rows is None else {"rows": file.rows})}
        yield name, file
    yield MANIFEST, json_file({"generator": VERSION, "customers": customers, "seed": seed,
                               "files": dict(sorted(listed.items()))})


def _files(made: dict[str, pd.DataFrame], customers: int, seed: int) -> Iterator[tuple[str, Written]]:
    yield from {"engagelab.toml": text_file(settings()), "truth.json": json_file(truths(made)),
                "dictionary.md": text_file(dictionary(made)),
                "README.md": text_file(_readme(customers, seed))}.items()
    for table, frame in made.items():
        yield from _canonical(table, frame)
    for name, file in export_files(made):
        yield EXPORTS + name, file


def _canonical(table: str, frame: pd.DataFrame) -> Iterator[tuple[str, Written]]:
    """One file a table, or one a month where it is long."""
    if table not in BY_MONTH:
        yield f"{table}.csv", canonical_file(frame, table)
        return
    period = months(frame[tables()[table].time])
    for month in np.unique(period):
        yield f"{table}-{MONTHS[month]}.csv", canonical_file(frame[period == month], table)


def dictionary(made: dict[str, pd.DataFrame]) -> str:
    """What every column of every table means, and what the pulses ask, as Markdown.

    >>> print(dictionary({"targets": pd.DataFrame({"metric": ["nps"]})}).splitlines()[6])
    | metric | 指標 | category |  |  | key of the catalogue of metrics |
    """
    spoken = {key: texts["en"] for key, texts in words.catalogue().items()}
    head = spoken["sample.dictionary_head"].split("|")
    lines = [f"# {spoken['sample.dictionary_title']}"]
    for table, frame in made.items():
        lines += ["", f"## {table}", "", f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
        columns = tables()[table].columns
        lines += [f"| {name} | {said(table, name, 'ja')[0]} | {columns[name].kind} | {_unit(columns[name], spoken)} | "
                  f"{spoken['sample.yes'] if columns[name].personal else ''} | {columns[name].meaning} |"
                  for name in frame.columns]
    lines += ["", f"## {spoken['sample.dictionary_pulses']}", ""]
    lines += [f"- {row['question_id']}: {row['en']} / {row['ja']}" for row in rows("pulse.csv")]
    return "\n".join(lines) + "\n"


def _unit(column: Column, spoken: dict[str, str]) -> str:
    if column.name.endswith("_minutes"):
        return spoken["sample.unit_minutes"]
    return spoken.get(f"sample.unit_{column.kind}", "")


def _readme(customers: int, seed: int) -> str:
    parts = []
    for language in words.LANGUAGES:
        said = {key: texts[language] for key, texts in words.catalogue().items()}
        parts += [f"# {said['sample.readme_title']}", *(said[f"sample.readme_{part}"] for part in (
            "body", "files", "limits", "exports")), said["sample.readme_made"].format(customers=customers, seed=seed)]
    return "\n\n".join(parts) + "\n"


def _refuse_others(folder: Path) -> None:
    """Nothing is replaced that a sample did not write."""
    for place in (folder, *folder.absolute().parents):
        if place.exists() and not place.is_dir():
            raise UsageError("sample.not_folder", folder=place)
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    known = {PLACEHOLDER, *_listed(folder / MANIFEST)}
    for name in found:
        if name not in known:
            raise UsageError("sample.not_ours", folder=folder, file=name)


def _listed(manifest: Path) -> set[str]:
    """The files of the sample that a manifest lists; none where it is not one of ours."""
    try:
        told = json.loads(manifest.read_text("utf-8"))
        return {MANIFEST, *told["files"].keys()} if told["generator"] else set()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def _replace(folder: Path, beside: Path) -> None:
    former = beside / "former"
    if folder.exists():
        folder.rename(former)
    try:
        (beside / "made").rename(folder)
    except OSError:
        if former.exists():
            former.rename(folder)
        raise
