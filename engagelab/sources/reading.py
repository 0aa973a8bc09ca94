"""A file that has been read: its tables, what was set aside, and what is to be said of it."""

import html
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from engagelab import tables, words
from engagelab.errors import SourceError
from engagelab.sources.addresses import MASK, masked, mostly_addresses
from engagelab.sources.files import open_file
from engagelab.sources.problems import one_line
from engagelab.sources.records import different


@dataclass(frozen=True)
class Source:
    """Where a table came from.

    `rows` of the file below its header; `kept` and `rejected` of them (their sum); `cells` that
    were set to missing; `masked` texts and categories that held an address or telephone number; `first` and
    `last` stamp of the table's own time; `stamp`, the newest stamp of any kind inside; `zone`, from
    where the zone of its stamps is known: `stamp file format argument utc` (taken as UTC for want
    of a word) or "" for a file without stamps; `sheets`, further ones of a workbook with tables, not read; `renamed`
    columns of ours in which a keyed pseudonym stands for an address, telephone number or name.
    """

    file: str
    format: str
    table: str
    encoding: str
    delimiter: str
    rows: int
    kept: int
    rejected: int
    cells: int
    first: pd.Timestamp | None
    last: pd.Timestamp | None
    stamp: pd.Timestamp | None
    zone: str
    zone_name: str
    preamble: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    masked: int = 0
    sheets: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raw:
    """How to show a file's rows as they stand: read again when asked, never kept."""

    path: Path
    digest: int
    first: int
    names: tuple[str, ...]
    hidden: frozenset[int]
    footers: np.ndarray
    keep_personal: bool

    def frame(self) -> pd.DataFrame:
        """The rows as text by their line, without the columns that name people; notes behind the data are blank."""
        opened = open_file(self.path)
        if opened.digest != self.digest:
            raise SourceError("sources.changed", file=self.path.name)
        rows = opened.below(self.first, len(self.names))
        shown = [place for place in range(len(self.names)) if place not in self.hidden]
        cells = rows.columns(shown, [])
        frame = pd.DataFrame({place: cells[place].astype(object) for place in shown}).fillna("").astype("str")
        if not self.keep_personal:
            shown = [place for place in shown if not mostly_addresses(frame[place])]
            frame = pd.DataFrame({place: masked(frame[place])[0].astype("str") for place in shown}, index=frame.index)
        frame = frame[shown].set_axis(different([self.names[place] for place in shown]), axis="columns")
        frame.index = pd.Index(rows.lines, name="line")
        if not self.keep_personal:      # who made the report stands in its notes
            frame.iloc[self.footers] = ""
        if self.hidden:     # in a row of another width a name may stand under any column
            frame.loc[rows.widths != len(self.names)] = MASK
        return frame


@dataclass(frozen=True, repr=False, eq=False)
class Reading:
    """A loaded file.

    `.frame` is its main canonical table, `.tables` all of them by name; `.rejects` what was not
    read (file, line, column, value, reason, severity: "row" or "cell"); `.raw` the rows as text by
    line; `.codebook` a survey's questions; `.source` where it came from; `.report()` says it all.
    """

    tables: dict[str, pd.DataFrame]
    rejects: pd.DataFrame
    codebook: pd.DataFrame
    source: Source
    _raw: Raw = field()

    @property
    def frame(self) -> pd.DataFrame:
        """The main canonical table."""
        return self.tables[self.source.table]

    @property
    def raw(self) -> pd.DataFrame:
        """The file's rows as text, indexed by line, without personal columns; read anew from the file."""
        return self._raw.frame()

    def report(self) -> str:
        """What was read, what was set aside and why, and what had to be taken as given."""
        source = self.source
        lines = [words.text("sources.report.read", file=source.file, format=source.format,
                            tables=words.joined(f"{name} {len(frame):,}" for name, frame in self.tables.items()),
                            encoding=source.encoding),
                 words.text("sources.report.rows", rows=source.rows, kept=source.kept, rejected=source.rejected,
                            cells=source.cells)]
        counted = self.rejects.groupby(["reason", "severity"], sort=True).size().rename("n").reset_index()
        lines += [words.text(f"sources.report.{row['severity']}", n=row["n"], reason=row["reason"])
                  for row in counted.to_dict("records")]
        if source.first is not None and source.last is not None:
            lines.append(words.text("sources.report.period", first=f"{source.first:%Y-%m-%d %H:%M}",
                                    last=f"{source.last:%Y-%m-%d %H:%M}"))
        if source.zone:
            lines.append(words.text(f"sources.report.zone_{source.zone}", zone=source.zone_name))
        if source.masked:
            lines.append(words.text("sources.report.masked", n=source.masked))
        for key, names in (("personal", source.personal), ("renamed", source.renamed), ("unknown", source.unknown),
                           ("lacking", source.lacking), ("sheets", source.sheets),
                           ("unrecognised", self._unrecognised()), ("turned", self._directed("turned")),
                           ("assumed", self._directed("assumed"))):
            if names:
                lines.append(words.text(f"sources.report.{key}", n=len(names), names=words.joined(names)))
        return "\n".join(lines)

    def _unrecognised(self) -> tuple[str, ...]:
        unknown = ~self.codebook["confirmed"].astype(bool) & self.codebook["kind"].isin(["scale", "choice"])
        return tuple(one_line(asked) for asked in self.codebook["question"][unknown])

    def _directed(self, how: str) -> tuple[str, ...]:
        return tuple(one_line(asked) for asked in self.codebook["question"][self.codebook["direction"] == how])

    def _head(self) -> pd.DataFrame:
        """The first rows without what somebody wrote in words of their own, which stands in `.frame`."""
        columns = tables.table(self.source.table).columns
        return self.frame.head()[[name for name in self.frame if name not in columns or columns[name].kind != "text"]]

    def __repr__(self) -> str:
        first = self._head().to_string(max_colwidth=30, max_cols=8, float_format="{:,.2f}".format)
        return f"{self.report()}\n\n{first}"

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{html.escape(line)}</li>" for line in self.report().splitlines())
        table = self._head().to_html(max_cols=12, border=0, float_format="{:,.2f}".format)
        return f"<ul>{said}</ul>{table}"
