"""A folder of exports, read as one: a table a kind, people named by keyed pseudonyms, all of it accounted for."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from engagelab import tables as canonical
from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.privacy.pseudonyms import key_file, read_key
from engagelab.sources.folder_files import data_files, read_by_settings
from engagelab.sources.gaps import gaps
from engagelab.sources.job import Options
from engagelab.sources.merge import Identities, Part, identities, matches, merge
from engagelab.sources.problems import COLUMNS
from engagelab.sources.read import read_with
from engagelab.sources.reading import Reading
from engagelab.sources.settings import Settings
from engagelab.sources.settings_file import read_settings

IDENTITIES = "identities.csv"
_FRAME = {"file": "str", "format": "str", "table": "str", "rows": "Int64", "kept": "Int64", "rejected": "Int64",
          "replaced": "Int64", "first": "datetime64[us, UTC]", "last": "datetime64[us, UTC]", "problem": "str"}


@dataclass(frozen=True, repr=False, eq=False)
class Folder(Mapping[str, pd.DataFrame]):
    """The tables of a folder: `folder["orders"]`, `"orders" in folder`.

    `.frame` has a row a file (file, format, table, rows, kept, rejected, replaced, first, last,
    problem); `.rejects` what was set aside in all of them; `.readings` each file's own reading;
    `.matches` for each two tables how many people are in both; `.conflicts` the ids that were given
    to two persons; `.today` the newest stamp in the data; `.skipped` what is no export; `.said` whose key
    was used, and what the settings name that is not there.
    """

    tables: dict[str, pd.DataFrame]
    frame: pd.DataFrame
    rejects: pd.DataFrame
    readings: dict[str, Reading]
    settings: Settings
    matches: pd.DataFrame
    conflicts: tuple[str, ...]
    today: pd.Timestamp | None
    skipped: tuple[str, ...]
    said: tuple[str, ...]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def report(self) -> str:
        """Files, tables, people across tables, and all that was set aside or skipped."""
        lines = [words.text("sources.folder.tables", tables=words.joined(f"{name} {len(frame):,}"
                                                                       for name, frame in self.tables.items()))]
        for row in self.frame.itertuples():
            if row.problem:
                lines.append(words.text("sources.folder.problem", problem=row.problem))
            else:
                lines.append(words.text("sources.folder.file", file=row.file, format=row.format, kept=row.kept,
                                        rejected=row.rejected, replaced=row.replaced))
        for name, frame in self.tables.items():
            if "still_growing" in frame and frame["still_growing"].any():
                lines.append(words.text("sources.folder.growing", table=name, n=int(frame["still_growing"].sum())))
        lines += [words.text("sources.folder.match", **{str(name): value for name, value in row.items()})
                  for row in self.matches.to_dict("records")]
        if self.conflicts:
            lines.append(words.text("sources.folder.conflicts", n=len(self.conflicts),
                                    names=words.joined(self.conflicts)))
        if self.skipped:
            lines.append(words.text("sources.folder.skipped", names=words.joined(self.skipped)))
        if self.today is not None:
            lines.append(words.text("sources.folder.today", today=f"{self.today:%Y-%m-%d %H:%M}"))
        return "\n".join([*lines, *self.said])

    def __repr__(self) -> str:
        return self.report()

    def _repr_html_(self) -> str:
        return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in self.report().splitlines()) + "</ul>"


def read_folder(folder: str | Path, *, settings: Settings | None = None, keep_personal: bool = False,
                key: bytes | str | None = None) -> Folder:
    """Read every export of a folder, one table a kind.

    People are named by keyed pseudonyms of their addresses, so that tables still join; without
    `key` the user's own key file is used, and made at the first use. A file that cannot be read is
    named in `.frame` with its error, and the others are read. Options of single files, saved
    mappings and the kinds of survey questions come from `settings`, or from `engagelab.toml`.

    >>> import pathlib, tempfile
    >>> place = pathlib.Path(tempfile.mkdtemp())
    >>> text = "order_id,user_id,ordered_at,total\\n1,C1,2026-09-30T12:34:56Z,1200\\n"
    >>> _ = (place / "orders.csv").write_text(text, encoding="utf-8")
    >>> data = read_folder(place, key=b"a key for examples")
    >>> len(data["orders"]), "tickets" in data
    (1, False)
    """
    settings = read_settings(folder) if settings is None else settings
    files, skipped = data_files(folder)
    said: list[str] = []
    if key is None:
        key, new = read_key(folder)
        said.append(words.text("sources.folder.new_key" if new else "sources.folder.key", file=key_file(folder)))
    readings: dict[str, Reading] = {}
    problems: dict[str, str] = {}
    for path in files:
        try:
            readings[path.name] = read_by_settings(path, settings, keep_personal, key)
        except EngagelabError as error:
            problems[path.name] = str(error)
    people, joined = _people(Path(folder), key, problems, keep_personal)
    said += [words.text("sources.folder.waiting", source=source, n=n) for source, n in people.waiting.items()]
    tables, replaced = _tables(readings, people, joined, settings.currency)
    said += gaps(settings, readings, problems, tables)
    stamps = [reading.source.stamp for reading in readings.values() if reading.source.stamp is not None]
    rejects = [reading.rejects for reading in readings.values() if len(reading.rejects)]
    return Folder(tables, _files(readings, problems, replaced),
                  pd.concat(rejects, ignore_index=True) if rejects else pd.DataFrame(columns=list(COLUMNS)),
                  readings, settings, matches(tables, people.conflicts), people.conflicts, max(stamps, default=None),
                  tuple(skipped), tuple(said))


def _people(folder: Path, key: bytes | str, problems: dict[str, str],
            keep_personal: bool) -> tuple[Identities, pd.DataFrame | None]:
    """Who is who, by the folder's list of identities if it has one."""
    path = folder / IDENTITIES
    if not path.exists():
        return Identities(), None
    try:
        frame = read_with(path, Options(keep_personal=True), format="engagelab identities").frame
    except EngagelabError as error:
        problems[IDENTITIES] = str(error)
        return Identities(), None
    return identities(frame, key), frame if keep_personal else frame.drop(columns="source_id")


def _tables(readings: dict[str, Reading], people: Identities, joined: pd.DataFrame | None,
            currency: str) -> tuple[dict[str, pd.DataFrame], dict[str, int]]:
    """One table a kind, in the order in which the tables are declared."""
    parts: dict[str, list[Part]] = {}
    for file, reading in readings.items():
        for name, frame in reading.tables.items():
            parts.setdefault(name, []).append(Part(file, reading.source.format, reading.source.stamp,
                                                   people.apply(_priced(name, frame, currency))))
    tables, replaced = {}, dict.fromkeys(readings, 0)
    for name in canonical.tables():
        if name in parts:
            tables[name], gone = merge(name, parts[name])
            for file, n in gone.items():
                if name == readings[file].source.table:
                    replaced[file] += n
    if joined is not None:
        tables["identities"] = joined
    return tables, replaced


def _priced(name: str, frame: pd.DataFrame, currency: str) -> pd.DataFrame:
    """The company's currency for amounts of which the file does not say it."""
    columns = canonical.table(name).columns
    amounts = [column for column in frame if column in columns and columns[column].kind == "amount"]
    if not (currency and amounts and "currency" in columns and "currency" not in frame):
        return frame
    return canonical.typed(frame.assign(currency=currency), name)


def _files(readings: dict[str, Reading], problems: dict[str, str], replaced: dict[str, int]) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for file in sorted([*readings, *problems]):
        if file in problems:
            rows.append({"file": file, "problem": problems[file], "format": "", "table": ""})
        else:
            source = readings[file].source
            rows.append({"file": file, "format": source.format, "table": ", ".join(readings[file].tables),
                         "rows": source.rows, "kept": source.kept, "rejected": source.rejected,
                         "replaced": replaced[file], "first": source.first, "last": source.last, "problem": ""})
    return pd.DataFrame(rows, columns=list(_FRAME)).astype(_FRAME)
