"""What cannot be right in the settings of a folder, each with the key and what the setting takes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from engagelab import tables, words
from engagelab.errors import SourceError, near
from engagelab.sources.declarations import OURS, declaration, declarations, names_people
from engagelab.sources.pictures import picture_kind
from engagelab.sources.questions import KINDS
from engagelab.sources.settings import FILE, FileSettings, Settings
from engagelab.sources.stamps import is_form, is_zone, parse
from engagelab.sources.values import convert

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def problems(settings: Settings) -> Iterator[SourceError]:
    """Everything in the settings that cannot be right, but for the logo."""
    yield from (*_company(settings), *_amounts(settings), *_files(settings), *_surveys(settings))


def wrong(key: str, value: object, form: str, allowed: Iterable[str] = (), table: str = "") -> SourceError:
    """The refusal of a value, which says what the setting takes."""
    allowed = list(allowed)
    expected = words.text(f"sources.settings.form.{form}", allowed=words.joined(allowed), table=table)
    return SourceError("sources.settings.kind", file=FILE, key=key, value=repr(value), expected=expected,
                       near=near(value, allowed))


def check_logo(folder: Path | str, settings: Settings) -> None:
    """Raise SourceError where the logo is not in the folder or, by its first bytes, no picture."""
    if not settings.logo:
        return
    path = Path(folder) / settings.logo
    if not path.is_file() or not path.resolve().is_relative_to(Path(folder).resolve()):
        raise wrong("logo", settings.logo, "logo_missing")
    if not picture_kind(path.read_bytes()):
        raise wrong("logo", settings.logo, "logo_kind")


def _company(settings: Settings) -> Iterator[SourceError]:
    """What could only be wrong in the settings of the company as a whole."""
    if settings.language not in words.LANGUAGES:
        yield wrong("language", settings.language, "language", words.LANGUAGES)
    if not 1 <= settings.fiscal_year_starts <= 12:
        yield wrong("fiscal_year_starts", settings.fiscal_year_starts, "month")
    hexadecimal = [isinstance(color, str) and _COLOR.fullmatch(color) for color in settings.colors]
    if len(hexadecimal) != 2 or not all(hexadecimal):
        yield wrong("colors", list(settings.colors), "colors")
    if settings.currency and not _CURRENCY.fullmatch(settings.currency):
        yield wrong("currency", settings.currency, "currency")
    if not is_zone(settings.timezone):
        yield wrong("timezone", settings.timezone, "zone")
    if not 0 < settings.value.margin <= 1:
        yield wrong("value.margin", settings.value.margin, "share")
    if not 0 <= settings.value.discount < 1:
        yield wrong("value.discount", settings.value.discount, "share")
    scale = settings.pulse.scale
    if scale and (len(scale) != 2 or not all(type(end) is int for end in scale) or scale[0] >= scale[1]):
        yield wrong("pulse.scale", list(scale), "scale")


def _amounts(settings: Settings) -> Iterator[SourceError]:
    """Amounts that are none."""
    for group, key in (("experiment", "cost"), ("kpi", "budget")):
        amount = getattr(getattr(settings, group), key)
        if not 0 <= amount < float("inf"):
            yield wrong(f"{group}.{key}", amount, "amount")


def _files(settings: Settings) -> Iterator[SourceError]:
    """What could only be wrong in the settings of single files."""
    for name, entry in settings.files.items():
        if entry.timezone and not is_zone(entry.timezone):
            yield wrong(f"files.{name}.timezone", entry.timezone, "zone")
        if entry.table and entry.table not in tables.tables():
            yield wrong(f"files.{name}.table", entry.table, "one_of", tables.tables())
        known = [*declarations(), *(f"{OURS} {table}" for table in tables.tables())]
        if entry.format and entry.format not in known:
            yield wrong(f"files.{name}.format", entry.format, "one_of", known)
        else:
            yield from _columns(name, entry)


def _columns(name: str, entry: FileSettings) -> Iterator[SourceError]:
    """Columns of a file that are said to be what no table has: a format has its table, else `table` says it."""
    table = declaration(entry.format).table if entry.format else entry.table
    there = [column for own, declared in tables.tables().items() if table in ("", own) for column in declared.columns]
    form = "column_of" if table else "column"
    for theirs, ours in entry.columns.items():
        for one in ours if isinstance(ours, list) and ours else [ours]:
            if not isinstance(one, str) or one not in there:
                yield wrong(f"files.{name}.columns.{theirs}", one, form, there, table)
    for group in ("values", "constants", "joined"):
        for ours in getattr(entry, group):
            if ours not in there:
                yield wrong(f"files.{name}.{group}", ours, form, there, table)
    yield from _joined(name, entry, tables.tables()[table].columns if table in tables.tables() else {})
    yield from _added(name, entry, tables.tables()[table].columns if table in tables.tables() else {})


def _added(name: str, entry: FileSettings, columns: Mapping[str, tables.Column]) -> Iterator[SourceError]:
    """Values that their column cannot hold, forms that are none."""
    for ours, values in entry.values.items():
        if not isinstance(values, dict):
            yield wrong(f"files.{name}.values.{ours}", values, "values")
        else:
            for theirs, value in values.items():
                yield from _value_of(f"files.{name}.values.{ours}.{theirs}", value, columns.get(ours))
    for ours, value in entry.constants.items():
        yield from _value_of(f"files.{name}.constants.{ours}", value, columns.get(ours))
    for form in entry.dates:
        if not isinstance(form, str) or not is_form(form):
            yield wrong(f"files.{name}.dates", form, "form")


def _joined(name: str, entry: FileSettings, columns: Mapping[str, tables.Column]) -> Iterator[SourceError]:
    """Columns to be joined that are no list of names; an id is made without a key, and could be traced to a person."""
    for ours, theirs in entry.joined.items():
        if not (isinstance(theirs, list) and theirs and all(isinstance(one, str) for one in theirs)):
            yield wrong(f"files.{name}.joined.{ours}", theirs, "names")
        elif ours in columns and columns[ours].kind == "id":
            for one in filter(names_people, theirs):
                yield wrong(f"files.{name}.joined.{ours}", one, "nobody")


def _value_of(where: str, value: object, column: tables.Column | None) -> Iterator[SourceError]:
    cells = pd.Series([str(value)], dtype=object)
    if not isinstance(value, str | int | float):
        yield wrong(where, value, "text")
    elif column is not None and column.kind == "time":
        if not parse(cells, ("iso",)).values.notna().all():
            yield wrong(where, value, "value_of", table=column.name)
    elif column is not None and convert(cells, column).bad:
        yield wrong(where, value, "value_of", column.allowed, column.name)


def _surveys(settings: Settings) -> Iterator[SourceError]:
    """What could only be wrong in the settings of surveys."""
    for name, survey in settings.surveys.items():
        for asked, kind in survey.questions.items():
            if kind not in KINDS:
                yield wrong(f"surveys.{name}.questions.{asked}", kind, "one_of", KINDS)
