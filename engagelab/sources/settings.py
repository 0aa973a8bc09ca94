"""A folder's own settings, `engagelab.toml`: who the company is and how its files are to be read.

Format: TOML 1.0. A key that is not known is an error, so that a slip of the pen is not a setting
that silently does nothing.
"""

import fnmatch
import os
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from engagelab import tables, words
from engagelab.errors import EngagelabError, SourceError, UsageError, near
from engagelab.sources.declarations import declaration
from engagelab.sources.job import Options
from engagelab.sources.questions import KINDS
from engagelab.sources.read import read_with
from engagelab.sources.reading import Reading
from engagelab.sources.stamps import is_zone

FILE = "engagelab.toml"
DATA_ENDINGS = frozenset({".csv", ".tsv", ".txt", ".xlsx"})
_KANA = re.compile(r"[\u3041-\u30ff]")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class FileSettings:
    """How one file, or every file of a pattern, is read."""

    table: str = ""
    format: str = ""
    survey: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
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
    events: Mapping[str, str] = field(default_factory=dict)
    campaigns: tuple[Any, ...] = ()
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


def read_settings(folder: Path | str) -> Settings:
    """The settings of a folder; all defaults where it has no `engagelab.toml`.

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
    settings = _made(Settings, entries, "")
    _check(settings)
    return settings


def _group(entries: dict[str, Any], name: str) -> dict[str, Any]:
    group = entries.get(name, {})
    if not isinstance(group, dict):
        raise SourceError("sources.settings.kind", file=FILE, key=name, value=repr(group))
    return group


def _made(kind: Any, entries: Any, where: str) -> Any:
    """A settings object from its entries: known keys alone, each of the kind of its default."""
    if not isinstance(entries, dict):
        raise SourceError("sources.settings.kind", file=FILE, key=where, value=repr(entries))
    defaults = {one.name: getattr(kind(), one.name) for one in fields(kind)}
    values = {}
    for key, value in entries.items():
        full = f"{where}.{key}" if where else key
        if key not in defaults:
            raise SourceError("sources.settings.unknown", file=FILE, key=full, near=near(key, defaults))
        value = tuple(value) if isinstance(value, list) else value
        if not isinstance(value, _kinds(key, defaults[key])) or isinstance(value, bool) != (key == "dayfirst"):
            raise SourceError("sources.settings.kind", file=FILE, key=full, value=repr(value))
        values[key] = value
    return kind(**values)


def _kinds(key: str, default: object) -> type | tuple[type, ...]:
    if key == "dayfirst":
        return bool
    return int if key == "year" else dict if isinstance(default, Mapping) else type(default)


def _check(settings: Settings) -> None:
    """Refuse values that could only be wrong."""
    wrong: list[tuple[str, object]] = []
    if settings.language not in words.LANGUAGES:
        wrong.append(("language", settings.language))
    if not 1 <= settings.fiscal_year_starts <= 12:
        wrong.append(("fiscal_year_starts", settings.fiscal_year_starts))
    wrong += [("colors", color) for color in settings.colors
              if not isinstance(color, str) or not _COLOR.fullmatch(color)]
    zones = {"timezone": settings.timezone}
    zones |= {f"files.{name}.timezone": entry.timezone for name, entry in settings.files.items() if entry.timezone}
    wrong += [(key, zone) for key, zone in zones.items() if not is_zone(zone)]
    wrong += [(f"files.{name}.table", entry.table) for name, entry in settings.files.items()
              if entry.table and entry.table not in tables.tables()]
    wrong += [(f"surveys.{name}.questions.{asked}", kind) for name, survey in settings.surveys.items()
              for asked, kind in survey.questions.items() if kind not in KINDS]
    if wrong:
        raise SourceError("sources.settings.kind", file=FILE, key=wrong[0][0], value=repr(wrong[0][1]))
    for entry in settings.files.values():
        if entry.format:
            declaration(entry.format)


def options_for(name: str, settings: Settings, keep_personal: bool, key: bytes | str | None) -> Options:
    """How a file of a folder is read: its own settings, then the folder's."""
    entry = settings.of_file(name)
    survey = entry.survey or Path(name).stem
    asked = settings.of_survey(survey)
    # UTC is what is taken anyway, and then said to be taken
    tz = entry.timezone or (settings.timezone if settings.timezone != "UTC" else None)
    return Options(tz=tz, dayfirst=entry.dayfirst, year=entry.year,
                   keep_personal=keep_personal, key=key, survey=survey, channel=asked.channel,
                   touchpoint=asked.touchpoint, kinds=dict(asked.questions))


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
        if plainly and name != "identities.csv":
            found.append(path)
        elif name not in (FILE, "identities.csv"):
            others.append(path.name)
    return found, others


def propose(folder: Path | str) -> Settings:
    """Settings for a folder from what its files say; nothing is written.

    Zone as a file names it; currency as most orders have it; language as most questions and posts
    are written; each survey's questions with the kinds that were recognised.
    """
    readings = []
    for path in data_files(folder)[0]:
        try:
            readings.append(read_with(path, Options(), on_bad="return"))
        except EngagelabError:
            continue            # said by read_folder; a proposal takes what it can read
    texts = [text for reading in readings for text in _texts(reading)]
    language = "ja" if sum(bool(_KANA.search(text)) for text in texts) * 2 > len(texts) else "en"
    currency = _most([value for reading in readings for frame in reading.tables.values() if "currency" in frame
                      for value in frame["currency"].dropna()])
    zone = _most([reading.source.zone_name for reading in readings if reading.source.zone == "file"])
    if not zone:
        zone = "Asia/Tokyo" if language == "ja" or currency == "JPY" else "UTC"
    surveys = {reading.codebook["survey"].iloc[0]: SurveySettings(
        questions=dict(zip(reading.codebook["question"], reading.codebook["kind"], strict=True)))
        for reading in readings if len(reading.codebook)}
    return Settings(name=re.sub(r"[_-]+", " ", Path(folder).resolve().name).strip(), language=language, timezone=zone,
                    currency=currency, fiscal_year_starts=4 if zone == "Asia/Tokyo" else 1, surveys=surveys)


def _texts(reading: Reading) -> list[str]:
    columns = [name for name in ("text", "subject", "question") if name in reading.frame]
    return [text for name in columns for text in reading.frame[name].dropna().drop_duplicates().head(200)]


def _most(values: list[str]) -> str:
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value)) if counted else ""


def write_settings(folder: Path | str, settings: Settings, *, force: bool = False) -> Path:
    """Write `engagelab.toml`, whole or not at all.

    Raises UsageError where there is one already, unless `force`.
    """
    path = Path(folder) / FILE
    if path.exists() and not force:
        raise UsageError("sources.settings.exists", file=str(path))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".engagelab-", suffix=".toml")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(_toml(settings))
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _toml(settings: Settings) -> str:
    entries = asdict(settings)
    files, surveys = entries.pop("files"), entries.pop("surveys")
    lines = [f"{key} = {_value(value)}" for key, value in entries.items()]
    for group, tables_ in (("files", files), ("surveys", surveys)):
        for name, entry in tables_.items():
            lines += ["", f"[{group}.{_value(name)}]"]
            lines += [f"{key} = {_value(value)}" for key, value in entry.items()
                      if value is not None and (group == "surveys" or value not in ("", {}))
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
