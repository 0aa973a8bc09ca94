"""Read an export file as the vendor wrote it: one call, a canonical table, nothing lost.

The steps are decode, rows, sniff, header, map, convert, account; each has its own module. What
cannot be read rightly is an error that names file, line, column and value, or a reject with its
place. Facts on the formats are data in `declarations/`.
"""

import ast
import html
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from engagelab import tables
from engagelab.errors import SourceError, UsageError, one_of
from engagelab.sources import declarations as known
from engagelab.sources.addresses import hidden as blotted
from engagelab.sources.declarations import Declaration, names_people, plain, wording
from engagelab.sources.files import Opened, Sniffed, match, open_file, place_of, refuse, sniff_file
from engagelab.sources.job import Job, Options
from engagelab.sources.reading import Raw, Reading, Source
from engagelab.sources.shape import Shaped, shape
from engagelab.sources.stamps import is_zone
from engagelab.words import joined

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_PIPED = re.compile(r"\{\{[^{}]*\}\}")
_MANNER = re.compile(r"(\([^()]*\))\s*$")
_MARKED = re.compile(r"[<&]|\{\{")
PLANNED = frozenset({"closed_at"})      # a stamp that may lie ahead says nothing of when a file was written


def read(path: str | Path, format: str | None = None, *, tz: str | None = None, dayfirst: bool | None = None,
         year: int | None = None, mapping: Mapping[str, str | Sequence[str]] | None = None, table: str | None = None,
         keep_personal: bool = False, pseudonymise: bytes | str | None = None, on_bad: str = "raise") -> Reading:
    """Read one export file.

    `format` is found from the header; `mapping={their column: ours, or several of ours}` reads a file
    of any other vendor, into `table` (which may be left out where the columns fit one table alone). `tz` is the
    zone of stamps for which neither the file nor its format has a rule. `dayfirst` and `year`
    settle stamps that leave the day or the year open. Columns that name people are left out unless
    `keep_personal`; with `pseudonymise=key` a person is named by a keyed pseudonym of the address.
    `on_bad="raise"` stops at the first bad row or cell; `"return"` sets it aside in `.rejects`.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> text = "order_id,user_id,ordered_at,total\\n1,C1,2026-09-30T12:34:56Z,1200\\n"
    >>> _ = (folder / "orders.csv").write_text(text, encoding="utf-8")
    >>> read(folder / "orders.csv").frame.loc[0, "total"]
    np.float64(1200.0)

    Raises SourceError for a file that cannot be read rightly, UsageError for an argument that
    cannot be right.
    """
    options = Options(tz=_zone(tz), dayfirst=dayfirst, year=year, keep_personal=keep_personal, key=pseudonymise)
    return read_with(Path(path), options, format=format, mapping=mapping, table=table,
                     on_bad=one_of("on_bad", on_bad, ("raise", "return")))


def sniff(path: str | Path) -> Sniffed:
    """Which format a file has, how sure that is, and which other formats are near.

    Raises SourceError, naming the three nearest formats and what they lack, where none fits.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "orders.csv"
    >>> _ = path.write_text("order_id,user_id,ordered_at,total\\n1,C1,2026-09-30T12:34:56Z,1200\\n", encoding="utf-8")
    >>> found = sniff(path)
    >>> found.name, found.table
    ('engagelab orders', 'orders')
    """
    return sniff_file(Path(path))


def formats() -> pd.DataFrame:
    """The formats known, one row each; see `engagelab.sources.declarations.formats`.

    >>> formats().set_index("format").loc["shopify_orders", "table"]
    'orders, order_items'
    """
    return known.formats()


def read_with(path: Path, options: Options, *, format: str | None = None,
              mapping: Mapping[str, str | Sequence[str]] | None = None, table: str | None = None,
              on_bad: str = "raise") -> Reading:
    """`read` with all its options in one object; a folder adds what its settings say of a survey."""
    opened = open_file(path)
    one, place = _declared(opened, format, mapping, table)
    one = known.amended(one, values=options.values, constants=options.constants, joined=options.joined,
                        dates=options.dates)
    _complete(one, opened, place, options.joined)
    line, header = opened.head[place]
    names = _named(header)
    if one.name.startswith(known.OURS):
        names = [known.own(name) if known.own(name) in one.columns else name for name in names]
    wordings, ids, zone, first = _further(opened, one, place)
    if one.options_row and place + 1 < len(opened.head):
        names, first = _options(one, header, opened.head[place + 1][1], place)
    names = names if one.survey else _told_apart(names, wordings)
    if one.survey:
        wordings = [_legible(name) for name in wordings or names]
    rows = opened.below(first, len(names))
    job = Job(opened.file, line, one, names, rows, options, zone, opened.delimiter)
    shaped = shape(job, wordings, ids)
    if on_bad == "raise":
        job.problems.raise_first()
    hidden = frozenset() if options.keep_personal else _hidden(one, names, job)
    raw = Raw(path.resolve(), opened.digest, first, tuple(names), hidden, job.problems.footers(),
              options.keep_personal)
    preamble = opened.comments or tuple(" ".join(filter(None, cells)) for _, cells in opened.head[:place] if any(cells))
    preamble = preamble if options.keep_personal else tuple(map(blotted, preamble))
    source = _source(job, opened, shaped, preamble, hidden)
    return Reading(shaped.tables, job.problems.frame(), shaped.codebook, source, raw)


def _zone(tz: str | None) -> str | None:
    if tz is not None and not is_zone(tz):
        raise UsageError("sources.no_such_zone", zone=repr(tz))
    return tz


def _declared(opened: Opened, format: str | None, mapping: Mapping[str, str | Sequence[str]] | None,
              table: str | None) -> tuple[Declaration, int]:
    """The declaration to read by, and the place of the header."""
    if table is not None:
        tables.table(table)
    if format is not None:
        one = known.declaration(format)
        return (known.overlaid(one, mapping), place_of(opened, one)) if mapping else (one, place_of(opened, one))
    found = match(opened)
    if mapping:
        wanted = known.targets(mapping)
        if found and table in (None, found[0].table) and wanted <= set(tables.table(found[0].table).columns):
            return known.overlaid(found[0], mapping), found[1]
        one = known.mapped(mapping, table)
        return one, place_of(opened, one)
    if found is None:
        raise refuse(opened)
    if table is not None and table not in (found[0].table, found[0].items_table):
        one = known.ours(table)
        return one, place_of(opened, one)
    return found


def _named(header: list[str]) -> list[str]:
    """The header's cells, without the empty ones behind the last name."""
    names = list(header)
    while names and not names[-1].strip():
        names.pop()
    return names


def _further(opened: Opened, one: Declaration, place: int) -> tuple[list[str], list[str], str, int]:
    """Further header rows: a survey's wordings, its own question ids and zone; and where rows begin."""
    below = [cells for _, cells in opened.head[place + 1:place + one.header_rows]]
    if below and not one.survey and any(cell.strip() for cell in below[0][:1]):
        below = []              # the row of descriptions, which has none of the first column, was taken out
    wordings = below[0] if below else []
    if len(below) < 2:
        return wordings, [], "", place + 1 + len(below)
    entries = [_import_id(cell) for cell in below[1]]
    if not any(entries):        # an older file with two header rows
        return wordings, [], "", place + 2
    zones = sorted({str(entry["timeZone"]) for entry in entries if "timeZone" in entry})
    if len(zones) > 1:
        raise SourceError("sources.many_zones", file=opened.file, line=opened.head[place + 2][0],
                          zones=", ".join(zones))
    ids = [str(entry.get("ImportId", "")) for entry in entries]
    return wordings, ids, _zone(zones[0]) or "" if zones else "", place + 3


def _options(one: Declaration, header: list[str], below: list[str], place: int) -> tuple[list[str], int]:
    """The header's cells, and where rows begin: a second row may name each question's options or items.

    That it is one is told from the columns that are no questions: under them it is empty. A blank
    cell of the first row belongs to the question at its left.
    """
    known_names, width = one.names(), max(len(header), len(below))
    header, below = header + [""] * (width - len(header)), below + [""] * (width - len(below))
    own = [cell for name, cell in zip(header, below, strict=True) if name.strip() and one.knows(name, known_names)]
    if not any(cell.strip() for cell in below) or any(cell.strip() for cell in own):
        return _named(header), place + 1
    names: list[str] = []
    asked = ""
    for name, option in zip(header, below, strict=True):
        asked = name if name.strip() else asked
        alone = not option.strip() or plain(option) in wording()["answers"]["names"]
        names.append(asked if alone else f"{asked} - {option.strip()}")
    return names, place + 2


def _told_apart(names: list[str], descriptions: list[str]) -> list[str]:
    """Names that stand twice, with what their descriptions say in brackets: (Total Count), (Unique Users)."""
    often = Counter(map(plain, names))
    said = [_MANNER.search(text) for text in [*descriptions, *[""] * len(names)]]
    return [f"{name} {how[1]}" if how and often[plain(name)] > 1 else name
            for name, how in zip(names, said, strict=False)]


def _legible(text: str) -> str:
    """A question as it was read by those who were asked: without HTML, with … for an answer put into it."""
    return " ".join(html.unescape(_TAG.sub(" ", _PIPED.sub("…", text))).split()) if _MARKED.search(text) else text


def _complete(one: Declaration, opened: Opened, place: int, together: Mapping[str, Sequence[str]]) -> None:
    """What is to be joined is there; a mapping names every column without which a row is worth nothing."""
    have = {plain(cell) for cell in opened.head[place][1]}
    for ours, theirs in together.items():
        gone = [name for name in theirs if plain(name) not in have]
        if gone:
            raise SourceError("sources.no_required", file=opened.file, line=opened.head[place][0], ours=ours,
                              theirs=joined(map(repr, gone)))
    if not one.name.startswith("mapping"):
        return
    there = {*one.columns, *one.made_id, *one.joined, *one.constants}
    lacking = [name for name in tables.table(one.table).required
               if name not in there and not (name == "user_id" and "email" in there)]
    if lacking:
        raise SourceError("sources.mapping_lacks", file=opened.file, line=opened.head[place][0], table=one.table,
                          columns=joined(map(repr, lacking)))


def _import_id(cell: str) -> dict[str, object]:
    """One cell of the third header row: JSON, or the same in single quotes."""
    if not re.match(r"\s*\{.*ImportId", cell, re.S):
        return {}
    try:
        return dict(json.loads(cell))
    except ValueError:
        try:
            return dict(ast.literal_eval(cell))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return {}


def _hidden(one: Declaration, names: list[str], job: Job) -> frozenset[int]:
    """The columns that name people: by the declaration, by the table, by their own name."""
    columns = tables.table(one.table).columns
    theirs = [*one.personal, *(name for groups in (one.columns, one.joined) for ours, group in groups.items()
                               if columns[ours].personal for name in group)]
    hidden = set(job.places(tuple(theirs))) | job.naming
    plainly_ours = {place for ours, group in {**one.columns, **one.items}.items() for place in job.places(group)}
    plainly_ours |= set(job.asked)
    hidden |= {place for place, name in enumerate(names)
               if names_people(name) and place not in plainly_ours and name not in job.rows.pivoted}
    if one.survey:
        asked = {place for place, name in enumerate(names) if not one.knows(name, one.names())}
        listed = set(job.asked)
        hidden |= asked - listed        # questions whose answers are addresses or numbers to call
    return frozenset(hidden)


def _source(job: Job, opened: Opened, shaped: Shaped, preamble: tuple[str, ...], hidden: frozenset[int]) -> Source:
    one = job.one
    frame = shaped.tables[one.table]
    time = tables.table(one.table).time
    stamps = [frame[name].max() for name, column in tables.table(one.table).columns.items()
              if column.kind == "time" and name in frame and name not in PLANNED]
    newest = max((stamp for stamp in stamps if stamp is not pd.NaT), default=None)
    own = frame[time].dropna() if time and time in frame else pd.Series(dtype=object)
    zone = ("" if not (job.naive or job.in_stamp) else "stamp" if not job.naive else "file" if job.zone_in_file
            else "format" if one.zone else "argument" if job.options.tz else "utc")
    rejected, known_names = int(job.problems.dropped.sum()), one.names()
    unknown = () if one.survey else tuple(
        job.titles[place] for place, name in enumerate(job.names)
        if name.strip() and place not in hidden and not one.knows(name, known_names)
        and name not in job.rows.dimensions)
    lacking = () if one.name.startswith((known.OURS, "mapping")) else tuple(
        ours for ours, theirs in {**one.columns, **one.items}.items() if not job.places(theirs))
    if one.only and not job.places(tuple(one.only)):
        lacking += (next(iter(one.only)),)      # rows of another kind cannot be told apart
    return Source(
        file=opened.file, format=one.name, table=one.table, encoding=opened.encoding, delimiter=opened.delimiter,
        rows=job.n, kept=job.n - rejected, rejected=rejected, cells=job.problems.cells_missing,
        first=own.min() if len(own) else None, last=own.max() if len(own) else None, stamp=newest,
        zone=zone, zone_name=job.zone_in_file or one.zone or job.options.tz or "UTC", preamble=preamble,
        unknown=unknown, lacking=lacking, personal=tuple(job.titles[place] for place in sorted(hidden)),
        masked=job.masked, sheets=opened.sheets, renamed=tuple(job.renamed))
