"""What is known of each vendor's export, read from `declarations/*.toml`.

A declaration is data: which header cells give the format away, their columns beside ours in every
language and age of the file, the forms of its stamps and their zone, which columns name people.
A further vendor is one more entry.
"""

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files

import pandas as pd

from engagelab import tables, words
from engagelab.errors import UsageError, one_of

# Stamps of a file that no declaration describes: ISO 8601, year first, and both orders of day and month.
GENERAL_DATES = (
    "iso", "%Y-%m-%d %H:%M:%S %z", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%Y年%m月%d日", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H:%M:%S", "%b %d, %Y", "%d %b %Y", "%b %d, %Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y", "%d/%m/%Y",
    "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p",
    "%m月%d日", "%b %d", "%m/%d", "%d/%m")
OURS = "engagelab"
_PARTS = re.compile(r"\s[-–—|>]\s|[:：\[［]\s*(?=\S)")

Names = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Declaration:
    """One format: how to know it and what its columns are to us."""

    name: str
    table: str
    platform: str = ""
    languages: tuple[str, ...] = ("en",)
    signatures: tuple[tuple[str, ...], ...] = ()
    signature_first: bool = False           # the signature is the first cell: weak, so its place counts
    columns: Names = field(default_factory=dict)      # ours -> theirs, the first that a file has is taken
    fallback: Names = field(default_factory=dict)     # taken where nothing better names the person
    items: Names = field(default_factory=dict)        # columns of the second table of a line-item file
    items_table: str = ""
    one_per: str = ""                       # the main table has one row for each of these, the first
    paid: Names = field(default_factory=dict)         # the same counts, paid: a second row for the post
    second: str = ""
    boosted: tuple[str, ...] = ()           # any of these filled and not zero: the post was paid for
    lifetime: tuple[str, ...] = ()          # says "Lifetime", or the day that a row of counts is for
    phantom: tuple[str, ...] = ()           # a row without all of these is none of the vendor's
    previews: tuple[str, ...] = ()          # says whether an answer was a trial
    made_id: Names = field(default_factory=dict)      # columns that make an id, where there is none
    id_of_url: dict[str, str] = field(default_factory=dict)  # what of the row's url is the id where that is damaged
    joined: Names = field(default_factory=dict)       # a text put together of several columns
    twice: tuple[str, ...] = ()             # names that stand twice in the file: the first is meant
    only: Names = field(default_factory=dict)         # theirs -> what it says of rows that the table holds
    absent: Names = field(default_factory=dict)       # kind -> figures that stand for none, or for none known yet
    less: Names = field(default_factory=dict)         # an amount from which others, where there are any, are taken
    report: tuple[str, ...] = ()            # titles of a file that is no table: keys and values in sections
    options_row: bool = False               # a second header row may name the options of each question
    sums: Names = field(default_factory=dict)         # a count that the file gives in parts, where it gives all
    consent_status: str = ""                # who has this status has agreed to messages; nobody else has
    constants: dict[str, object] = field(default_factory=dict)        # said of every row whose file says nothing else
    items_constants: dict[str, object] = field(default_factory=dict)
    status_from_name: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    dates: tuple[str, ...] = GENERAL_DATES
    zone: str = ""                          # what the vendor's stamps are in, where the rule is fixed
    survey: bool = False
    commented: bool = False                 # tables under comments, read as one; see blocks.py
    per: dict[str, float] = field(default_factory=dict)      # how many of theirs are one of ours, where units differ
    header_rows: int = 1
    unescape: bool = False
    personal: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    known_beginnings: tuple[str, ...] = ()
    known_endings: tuple[str, ...] = ()
    known_parts: tuple[str, ...] = ()

    def names(self) -> set[str]:
        """Every column name that the declaration knows, plainly written."""
        listed: list[str] = [*self.known, *self.personal, *self.boosted, *self.lifetime, *self.previews, *self.only]
        for group in (self.columns, self.fallback, self.items, self.paid, self.made_id, self.joined):
            listed += [name for theirs in group.values() for name in theirs]
        return {plain(name) for name in listed}

    def knows(self, name: str, names: set[str]) -> bool:
        """Whether a column is expected in such a file."""
        text = plain(name)
        return (text in names or text.startswith(tuple(map(plain, self.known_beginnings)))
                or text.endswith(tuple(map(plain, self.known_endings)))
                or any(text.endswith(plain(part)) or (part.endswith("_") and plain(part) in text)
                       for part in self.known_parts))


@functools.cache
def plain(name: str) -> str:
    """A header cell without what differs between files: width, case, blanks, a stray backslash.

    >>> plain("  Post  ID\\\\"), plain("ＵＲＬ　クリック数")
    ('post id', 'url クリック数')
    """
    return normal(name)


def normal(text: str) -> str:
    """What `plain` does, for cells: these are too many to be kept in mind."""
    text = unicodedata.normalize("NFKC", text).replace("\ufeff", "")
    return " ".join(text.split()).strip("\\").strip().casefold()


def _frozen(value: object) -> object:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value


@functools.cache
def declarations() -> dict[str, Declaration]:
    """All declared formats by name.

    >>> declarations()["meta_instagram"].columns["saves"]
    ('Saves', '保存数')
    """
    found = {}
    for file in sorted(files(__package__).joinpath("declarations").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            for name, entry in tomllib.loads(file.read_text("utf-8")).items():
                found[name] = _made(name, entry)
    return found


def _made(name: str, entry: dict[str, object]) -> Declaration:
    known = {field.name for field in fields(Declaration)}
    for key in entry:
        one_of(name, key, known)
    made = Declaration(name=name, **{key: _frozen(value) for key, value in entry.items()})  # type: ignore[arg-type]
    for group, table in ((made.columns, made.table), (made.fallback, made.table), (made.paid, made.table),
                         (made.items, made.items_table)):
        for ours in group:
            one_of(f"{name}.{table}", ours, tables.table(table).columns)
    return made


def declaration(name: str) -> Declaration:
    """One declaration by its format's name, or that of one of our own tables."""
    if name.startswith(OURS + " "):
        return ours(name.removeprefix(OURS + " "))
    return declarations()[one_of("format", name, [*declarations(), *(f"{OURS} {table}" for table in tables.tables())])]


@functools.cache
def ours(table: str) -> Declaration:
    """The declaration of a file whose header is ours."""
    columns: Names = {name: (name,) for name in tables.table(table).columns}
    return Declaration(name=f"{OURS} {table}", table=table, columns=columns, signatures=(tables.table(table).required,),
                       known_beginnings=tuple(f"{name}{tables.HEADING}" for name in columns))


def own(name: str) -> str:
    """Our name of a column, without the heading in another language that a template has behind it.

    >>> own("Month / 月 *")
    'month'
    """
    return plain(name).partition(tables.HEADING)[0]


def targets(mapping: Mapping[str, str | Sequence[str]]) -> set[str]:
    """Our columns of a mapping {their column: ours, or several of ours}."""
    return set(_theirs(mapping))


def mapped(mapping: Mapping[str, str | Sequence[str]], table: str | None) -> Declaration:
    """A declaration made of the caller's own mapping {their column: ours}.

    The table may be left out where the mapped names fit one table alone.
    """
    wanted = targets(mapping)
    if table is None:
        fit = [name for name, columns in tables.tables().items() if wanted <= set(columns.columns)]
        full = [name for name in fit if set(tables.table(name).required) <= wanted]
        fit = full or fit
        if len(fit) != 1:
            key = "sources.mapping_fits_many" if fit else "sources.mapping_fits_none"
            raise UsageError(key, columns=words.joined(sorted(wanted)), tables=words.joined(fit))
        table = fit[0]
    for name in wanted:
        one_of("mapping", name, tables.table(table).columns)
    return Declaration(name="mapping", table=table, columns=_theirs(mapping), signatures=(tuple(mapping),))


def overlaid(base: Declaration, mapping: Mapping[str, str | Sequence[str]]) -> Declaration:
    """A declaration in which the caller's own columns come first."""
    theirs = _theirs(mapping)
    for name in theirs:
        one_of("mapping", name, tables.table(base.table).columns)
    taken = {plain(name) for name in mapping}
    rest = {ours: tuple(name for name in names if plain(name) not in taken) for ours, names in base.columns.items()}
    return replace(base, columns=rest | theirs)


def _theirs(mapping: Mapping[str, str | Sequence[str]]) -> Names:
    out: dict[str, list[str]] = {}
    for theirs, given in mapping.items():
        for name in [given] if isinstance(given, str) else given:
            out.setdefault(name, []).append(theirs)
    return {name: tuple(names) for name, names in out.items()}


def amended(base: Declaration, *, values: Mapping[str, Mapping[str, object]], constants: Mapping[str, object],
            joined: Mapping[str, Sequence[str]], dates: tuple[str, ...]) -> Declaration:
    """A declaration with what the settings of a file add: values by other names, constants, joined columns, forms."""
    columns = tables.table(base.table).columns
    for key, group in (("values", values), ("constants", constants), ("joined", joined)):
        for name in group:
            one_of(key, name, columns)
    own = {name: {normal(theirs): str(value) for theirs, value in entry.items()} for name, entry in values.items()}
    ids = {name for name in joined if columns[name].kind == "id"}
    return replace(
        base, dates=dates or base.dates, constants=base.constants | dict(constants),
        values=base.values | {name: base.values.get(name, {}) | entry for name, entry in own.items()},
        columns={name: theirs for name, theirs in base.columns.items() if name not in joined},
        made_id=base.made_id | {name: tuple(joined[name]) for name in ids},
        joined=base.joined | {name: tuple(theirs) for name, theirs in joined.items() if name not in ids})


def formats() -> pd.DataFrame:
    """The formats that are read without a word from the caller, one row each.

    Columns: `format`, `table`, `platform`, `languages`, `where` (how to get the file), `pitfalls`.

    >>> formats().set_index("format").loc["shopify_orders", "table"]
    'orders, order_items'
    """
    rows: Iterable[dict[str, str]] = (
        {"format": one.name, "table": ", ".join(filter(None, (one.table, one.items_table))), "platform": one.platform,
         "languages": ", ".join(one.languages), "where": words.text(f"sources.{one.name}.where"),
         "pitfalls": words.text(f"sources.{one.name}.pitfalls")} for one in declarations().values())
    return pd.DataFrame(rows)


@functools.cache
def wording() -> dict[str, dict]:
    """The words by which personal columns, total rows and kinds of question are known."""
    return tomllib.loads(files(__package__).joinpath("wording.toml").read_text("utf-8"))


def names_people(name: str) -> bool:
    """Whether a column, by its name, holds what identifies a person.

    >>> names_people("お名前"), names_people("商品名"), names_people("Contact Information - Name")
    (True, False, True)
    """
    known, whole, last = wording()["personal"], plain(name), plain(last_part(name))
    return any(text.rstrip(" ?？:*") in known["names"] for text in (whole, last)) or any(
        word in whole for word in known["parts"])


def last_part(name: str) -> str:
    """The last part of a heading: an option or item of the question before it.

    >>> last_part("Contact Information - Name"), last_part("Name")
    ('Name', 'Name')
    """
    return _PARTS.split(name.rstrip("]］ "))[-1]
