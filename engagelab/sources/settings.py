"""A folder's own settings, `engagelab.toml`: who the company is and how its files are to be read.

Format: TOML 1.0. A key that is not known is an error, so that a slip of the pen is not a setting
that silently does nothing.
"""

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from engagelab import tables, words
from engagelab.errors import SourceError, UsageError, near
from engagelab.files import write_text
from engagelab.sources.declarations import OURS, declaration, declarations, names_people
from engagelab.sources.job import Options
from engagelab.sources.pictures import picture_kind
from engagelab.sources.questions import KINDS
from engagelab.sources.read import read_with
from engagelab.sources.reading import Reading
from engagelab.sources.stamps import is_form, is_zone, parse
from engagelab.sources.values import convert

FILE, REGISTER = "engagelab.toml", "experiments.csv"
DATA_ENDINGS = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".ndjson", ".parquet"})
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# what a setting takes, where its kind alone does not say it
_FORMS = {"language": "language", "timezone": "zone", "currency": "currency", "colors": "colors",
          "fiscal_year_starts": "month", "dayfirst": "flag", "year": "year", "cost": "amount", "budget": "amount"}
_BY_KIND = {str: "text", int: "number", float: "share", tuple: "list"}


@dataclass(frozen=True)
class FileSettings:
    """How one file, or every file of a pattern, is read.

    `columns` {their column: ours, or several of ours}; `values` {our column: {theirs: ours}}, where `*`
    is any other; `constants` {our column: what holds for every row}; `joined` {our column: their
    columns}, put together with a blank, or into an id; `dates`, the file's own forms.
    """

    table: str = ""
    format: str = ""
    survey: str = ""
    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    joined: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    timezone: str = ""
    dayfirst: bool | None = None
    year: int | None = None


@dataclass(frozen=True)
class SurveySettings:
    """What a survey's questions are, and where it was asked."""

    channel: str = ""
    touchpoint: str = ""
    questions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventSettings:
    """Which events of the log count as being active, which one begins a life, where, and the steps of a funnel."""

    active: tuple[str, ...] = ()
    begin: tuple[str, ...] = ()
    platform: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class PulseSettings:
    """The questions of the employees' pulse: which is the `outcome` that the drivers explain, which asks whether they
    mean to `stay`, and the lowest and the highest answer of all closed questions."""

    outcome: str = ""
    stay: str = ""
    scale: tuple[int, ...] = ()


@dataclass(frozen=True)
class ValueSettings:
    """What a customer's money is worth: the share of the price that is left as `margin`, and a year's `discount`."""

    margin: float = 1.0
    discount: float = 0.0


@dataclass(frozen=True)
class ExperimentSettings:
    """The experiment to decide on: its `name` in the table of assignments, the `control` arm, how long after the start
    counts (`within`, such as "14 days"), how long before it explains (`before`), the `split` that was planned, and what
    it `cost` beside what its outcome holds already."""

    name: str = ""
    control: str = ""
    within: str = "14 days"
    before: str = "90 days"
    split: Mapping[str, float] = field(default_factory=dict)
    cost: float = 0.0


@dataclass(frozen=True)
class KpiSettings:
    """The company's own tree of its profit: its text as `el.kpi.Tree` reads it, and the `values` of leaves that no
    table tells; the `budget` that is to be decided on (0: none); the `keys` of its key indicators, five at most."""

    tree: str = ""
    keys: tuple[str, ...] = ()
    budget: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CampaignSettings:
    """A campaign, and the day on which it began."""

    name: str = ""
    since: str = ""


GROUPS = {"events": EventSettings, "pulse": PulseSettings, "value": ValueSettings, "experiment": ExperimentSettings,
          "kpi": KpiSettings}


@dataclass(frozen=True)
class Settings:
    """The content of `engagelab.toml`.

    >>> Settings(name="Asanagi Coffee").fiscal_year_starts
    1
    """

    name: str = ""
    logo: str = ""
    colors: tuple[str, ...] = ("#0b5c5a", "#d9822b")
    language: str = "en"
    timezone: str = "UTC"
    currency: str = ""
    fiscal_year_starts: int = 1
    segment: str = "segment"
    events: EventSettings = field(default_factory=EventSettings)
    pulse: PulseSettings = field(default_factory=PulseSettings)
    value: ValueSettings = field(default_factory=ValueSettings)
    experiment: ExperimentSettings = field(default_factory=ExperimentSettings)
    kpi: KpiSettings = field(default_factory=KpiSettings)
    campaigns: tuple[CampaignSettings, ...] = ()
    files: Mapping[str, FileSettings] = field(default_factory=dict)
    surveys: Mapping[str, SurveySettings] = field(default_factory=dict)

    def of_file(self, name: str) -> FileSettings:
        """The settings of a file: by its name, or by the first pattern that it fits."""
        if name in self.files:
            return self.files[name]
        return next((entry for pattern, entry in self.files.items() if fnmatch.fnmatchcase(name, pattern)),
                    FileSettings())

    def of_survey(self, name: str) -> SurveySettings:
        """The settings of a survey."""
        return self.surveys.get(name, SurveySettings())


def read_settings(folder: Path | str, *, logo: bool = True) -> Settings:
    """The settings of a folder; all defaults where it has no `engagelab.toml`.

    With `logo=False` the picture of that name is not looked at.

    Raises SourceError that names the key for anything that is not known or cannot be right.
    """
    path = Path(folder) / FILE
    if not path.exists():
        return Settings()
    try:
        entries = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError("sources.settings.broken", file=FILE, problem=str(error)) from None
    entries["files"] = {name: _made(FileSettings, entry, f"files.{name}")
                        for name, entry in _group(entries, "files").items()}
    entries["surveys"] = {name: _made(SurveySettings, entry, f"surveys.{name}")
                          for name, entry in _group(entries, "surveys").items()}
    for name, kind in GROUPS.items():
        entries[name] = _made(kind, _group(entries, name), name)
    entries["campaigns"] = [_campaign(entry, number) for number, entry in enumerate(_campaigns(entries), 1)]
    settings = _made(Settings, entries, "")
    for wrong in (*_company(settings), *_amounts(settings), *_files(settings), *_surveys(settings)):
        raise wrong
    if logo:
        check_logo(folder, settings)
    return settings


def check_logo(folder: Path | str, settings: Settings) -> None:
    """Raise SourceError where the logo is not there or, by its first bytes, no picture."""
    if not settings.logo:
        return
    path = Path(folder) / settings.logo
    if not path.is_file():
        raise _wrong("logo", settings.logo, "logo_missing")
    if not picture_kind(path.read_bytes()):
        raise _wrong("logo", settings.logo, "logo_kind")


def _wrong(key: str, value: object, form: str, allowed: Iterable[str] = (), table: str = "") -> SourceError:
    """The refusal of a value, which says what the setting takes."""
    allowed = list(allowed)
    expected = words.text(f"sources.settings.form.{form}", allowed=words.joined(allowed), table=table)
    return SourceError("sources.settings.kind", file=FILE, key=key, value=repr(value), expected=expected,
                       near=near(value, allowed))


def _group(entries: dict[str, Any], name: str) -> dict[str, Any]:
    group = entries.get(name, {})
    if not isinstance(group, dict):
        raise _wrong(name, group, "group", [name])
    return group


def _campaigns(entries: dict[str, Any]) -> list[Any]:
    listed = entries.get("campaigns", [])
    if not isinstance(listed, list):
        raise _wrong("campaigns", listed, "campaigns")
    return listed


def _campaign(entry: Any, number: int) -> CampaignSettings:
    """One campaign; TOML knows dates of its own."""
    if isinstance(entry, dict) and isinstance(entry.get("since"), date):
        entry = {**entry, "since": entry["since"].isoformat()}
    made = _made(CampaignSettings, entry, f"campaigns.{number}")
    if not (made.name and _DAY.fullmatch(made.since) and parse(pd.Series([made.since]), ("iso",)).values.notna().all()):
        raise _wrong(f"campaigns.{number}", entry, "campaigns")
    return made


def _made(kind: Any, entries: Any, where: str) -> Any:
    """A settings object from its entries: known keys alone, each of the kind of its default."""
    if not isinstance(entries, dict):
        raise _wrong(where, entries, "table")
    defaults = {one.name: getattr(kind(), one.name) for one in fields(kind)}
    values = {}
    for key, value in entries.items():
        full = f"{where}.{key}" if where else key
        if key not in defaults:
            raise SourceError("sources.settings.unknown", file=FILE, key=full, near=near(key, defaults))
        made = tuple(value) if isinstance(value, list) else value
        if not isinstance(made, _kinds(key, defaults[key])) or isinstance(made, bool) != (key == "dayfirst"):
            form = _FORMS.get(key) or _BY_KIND.get(type(defaults[key]), "table")
            raise _wrong(full, value, form, words.LANGUAGES if key == "language" else ())
        values[key] = made
    return kind(**values)


def _kinds(key: str, default: object) -> type | tuple[type, ...]:
    if key == "dayfirst":
        return bool
    if isinstance(default, float):
        return (int, float)
    return int if key == "year" else dict if isinstance(default, Mapping) else type(default)


def _company(settings: Settings) -> Iterator[SourceError]:
    """What could only be wrong in the settings of the company as a whole."""
    if settings.language not in words.LANGUAGES:
        yield _wrong("language", settings.language, "language", words.LANGUAGES)
    if not 1 <= settings.fiscal_year_starts <= 12:
        yield _wrong("fiscal_year_starts", settings.fiscal_year_starts, "month")
    hexadecimal = [isinstance(color, str) and _COLOR.fullmatch(color) for color in settings.colors]
    if len(hexadecimal) != 2 or not all(hexadecimal):
        yield _wrong("colors", list(settings.colors), "colors")
    if settings.currency and not _CURRENCY.fullmatch(settings.currency):
        yield _wrong("currency", settings.currency, "currency")
    if not is_zone(settings.timezone):
        yield _wrong("timezone", settings.timezone, "zone")
    if not 0 < settings.value.margin <= 1:
        yield _wrong("value.margin", settings.value.margin, "share")
    if not 0 <= settings.value.discount < 1:
        yield _wrong("value.discount", settings.value.discount, "share")
    scale = settings.pulse.scale
    if scale and (len(scale) != 2 or not all(type(end) is int for end in scale) or scale[0] >= scale[1]):
        yield _wrong("pulse.scale", list(scale), "scale")


def _amounts(settings: Settings) -> Iterator[SourceError]:
    """Amounts that are none."""
    for group, key in (("experiment", "cost"), ("kpi", "budget")):
        amount = getattr(getattr(settings, group), key)
        if not 0 <= amount < float("inf"):
            yield _wrong(f"{group}.{key}", amount, "amount")


def _files(settings: Settings) -> Iterator[SourceError]:
    """What could only be wrong in the settings of single files."""
    for name, entry in settings.files.items():
        if entry.timezone and not is_zone(entry.timezone):
            yield _wrong(f"files.{name}.timezone", entry.timezone, "zone")
        if entry.table and entry.table not in tables.tables():
            yield _wrong(f"files.{name}.table", entry.table, "one_of", tables.tables())
        known = [*declarations(), *(f"{OURS} {table}" for table in tables.tables())]
        if entry.format and entry.format not in known:
            yield _wrong(f"files.{name}.format", entry.format, "one_of", known)
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
                yield _wrong(f"files.{name}.columns.{theirs}", one, form, there, table)
    for group in ("values", "constants", "joined"):
        for ours in getattr(entry, group):
            if ours not in there:
                yield _wrong(f"files.{name}.{group}", ours, form, there, table)
    yield from _joined(name, entry, tables.tables()[table].columns if table in tables.tables() else {})
    yield from _added(name, entry, tables.tables()[table].columns if table in tables.tables() else {})


def _added(name: str, entry: FileSettings, columns: Mapping[str, tables.Column]) -> Iterator[SourceError]:
    """Values that their column cannot hold, forms that are none."""
    for ours, values in entry.values.items():
        if not isinstance(values, dict):
            yield _wrong(f"files.{name}.values.{ours}", values, "values")
        else:
            for theirs, value in values.items():
                yield from _value_of(f"files.{name}.values.{ours}.{theirs}", value, columns.get(ours))
    for ours, value in entry.constants.items():
        yield from _value_of(f"files.{name}.constants.{ours}", value, columns.get(ours))
    for form in entry.dates:
        if not isinstance(form, str) or not is_form(form):
            yield _wrong(f"files.{name}.dates", form, "form")


def _joined(name: str, entry: FileSettings, columns: Mapping[str, tables.Column]) -> Iterator[SourceError]:
    """Columns to be joined that are no list of names; an id is made without a key, and could be traced to a person."""
    for ours, theirs in entry.joined.items():
        if not (isinstance(theirs, list) and theirs and all(isinstance(one, str) for one in theirs)):
            yield _wrong(f"files.{name}.joined.{ours}", theirs, "names")
        elif ours in columns and columns[ours].kind == "id":
            for one in filter(names_people, theirs):
                yield _wrong(f"files.{name}.joined.{ours}", one, "nobody")


def _value_of(where: str, value: object, column: tables.Column | None) -> Iterator[SourceError]:
    cells = pd.Series([str(value)], dtype=object)
    if not isinstance(value, str | int | float):
        yield _wrong(where, value, "text")
    elif column is not None and column.kind == "time":
        if not parse(cells, ("iso",)).values.notna().all():
            yield _wrong(where, value, "value_of", table=column.name)
    elif column is not None and convert(cells, column).bad:
        yield _wrong(where, value, "value_of", column.allowed, column.name)


def _surveys(settings: Settings) -> Iterator[SourceError]:
    """What could only be wrong in the settings of surveys."""
    for name, survey in settings.surveys.items():
        for asked, kind in survey.questions.items():
            if kind not in KINDS:
                yield _wrong(f"surveys.{name}.questions.{asked}", kind, "one_of", KINDS)


def options_for(name: str, settings: Settings, keep_personal: bool, key: bytes | str | None) -> Options:
    """How a file of a folder is read: its own settings, then the folder's."""
    entry = settings.of_file(name)
    survey = entry.survey or Path(name).stem
    asked = settings.of_survey(survey)
    # UTC is what is taken anyway, and then said to be taken
    tz = entry.timezone or (settings.timezone if settings.timezone != "UTC" else None)
    return Options(tz=tz, dayfirst=entry.dayfirst, year=entry.year, values=entry.values, constants=entry.constants,
                   joined=entry.joined, dates=entry.dates,
                   keep_personal=keep_personal, key=key, survey=survey, channel=asked.channel,
                   touchpoint=asked.touchpoint, currency=settings.currency, kinds=dict(asked.questions))


def read_by_settings(path: Path, settings: Settings, keep_personal: bool, key: bytes | str | None) -> Reading:
    """One file of a folder, by the folder's settings; what is bad in it is set aside."""
    entry = settings.of_file(path.name)
    return read_with(path, options_for(path.name, settings, keep_personal, key), format=entry.format or None,
                     mapping=dict(entry.columns) or None, table=entry.table or None, on_bad="return")


def data_files(folder: Path | str) -> tuple[list[Path], list[str]]:
    """The files of a folder that may be exports, and the names of the others."""
    found, others = [], []
    base = Path(folder)
    if not base.is_dir():
        raise UsageError("sources.no_folder", folder=str(folder))
    for path in sorted(base.iterdir(), key=lambda path: path.name):
        if not path.is_file():
            continue
        name = path.name.casefold()
        plainly = path.suffix.casefold() in DATA_ENDINGS and not name.startswith((".", "~$", "readme", "license"))
        if plainly and name != "identities.csv" and not is_register(path):
            found.append(path)
        elif name not in (FILE, "identities.csv", REGISTER):
            others.append(path.name)
    return found, others


def is_register(path: Path) -> bool:
    """Whether a file is the register of experiments, which a folder may hold beside its exports."""
    if path.name != REGISTER or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline().removeprefix(b"\xef\xbb\xbf").startswith(b"name,version,step,")


def write_settings(folder: Path | str, settings: Settings, *, force: bool = False) -> Path:
    """Write `engagelab.toml`, whole or not at all.

    Raises UsageError where there is one already, unless `force`.
    """
    path = Path(folder) / FILE
    if path.exists() and not force:
        raise UsageError("sources.settings.exists", file=str(path))
    write_text(path, _toml(settings))
    return path


def _toml(settings: Settings) -> str:
    entries = asdict(settings)
    files, surveys = entries.pop("files"), entries.pop("surveys")
    lines = [f"{key} = {_value(value)}" for key, value in entries.items()]
    for group, tables_ in (("files", files), ("surveys", surveys)):
        for name, entry in tables_.items():
            lines += ["", f"[{group}.{_value(name)}]"]
            lines += [f"{key} = {_value(value)}" for key, value in entry.items()
                      if value is not None and (group == "surveys" or value not in ("", {}, ()))
                      and not (isinstance(value, dict) and value)]
            for key, value in entry.items():
                if isinstance(value, dict) and value:
                    lines += [f"[{group}.{_value(name)}.{key}]"]
                    lines += [f"{_value(theirs)} = {_value(ours)}" for theirs, ours in value.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(_ESCAPED.get(letter, letter) if letter >= " " and letter != "\x7f"
                             else _ESCAPED.get(letter, f"\\u{ord(letter):04x}") for letter in value) + '"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(key)} = {_value(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)


_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
