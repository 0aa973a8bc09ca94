"""`engagelab.toml`, in which the settings of a folder stand: read and written.

Format: TOML 1.0. A key that is not known is an error, so that a slip of the pen is not a setting
that silently does nothing.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.errors import SourceError, UsageError, near
from engagelab.files import write_text
from engagelab.sources.settings import (
    FILE,
    GROUPS,
    CampaignSettings,
    FileSettings,
    Settings,
    SurveySettings,
)
from engagelab.sources.settings_checks import check_logo, problems, wrong
from engagelab.sources.stamps import parse

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
# what a setting takes, where its kind alone does not say it
_FORMS = {"language": "language", "timezone": "zone", "currency": "currency", "colors": "colors",
          "fiscal_year_starts": "month", "dayfirst": "flag", "year": "year", "cost": "amount", "budget": "amount"}
_BY_KIND = {str: "text", int: "number", float: "share", tuple: "list"}


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
    for problem in problems(settings):
        raise problem
    if logo:
        check_logo(folder, settings)
    return settings


def _group(entries: dict[str, Any], name: str) -> dict[str, Any]:
    group = entries.get(name, {})
    if not isinstance(group, dict):
        raise wrong(name, group, "group", [name])
    return group


def _campaigns(entries: dict[str, Any]) -> list[Any]:
    listed = entries.get("campaigns", [])
    if not isinstance(listed, list):
        raise wrong("campaigns", listed, "campaigns")
    return listed


def _campaign(entry: Any, number: int) -> CampaignSettings:
    """One campaign; TOML knows dates of its own."""
    if isinstance(entry, dict) and isinstance(entry.get("since"), date):
        entry = {**entry, "since": entry["since"].isoformat()}
    made = _made(CampaignSettings, entry, f"campaigns.{number}")
    if not (made.name and _DAY.fullmatch(made.since) and parse(pd.Series([made.since]), ("iso",)).values.notna().all()):
        raise wrong(f"campaigns.{number}", entry, "campaigns")
    return made


def _made(kind: Any, entries: Any, where: str) -> Any:
    """A settings object from its entries: known keys alone, each of the kind of its default."""
    if not isinstance(entries, dict):
        raise wrong(where, entries, "table")
    defaults = {one.name: getattr(kind(), one.name) for one in fields(kind)}
    values = {}
    for key, value in entries.items():
        full = f"{where}.{key}" if where else key
        if key not in defaults:
            raise SourceError("sources.settings.unknown", file=FILE, key=full, near=near(key, defaults))
        made = tuple(value) if isinstance(value, list) else value
        if not isinstance(made, _kinds(key, defaults[key])) or isinstance(made, bool) != (key == "dayfirst"):
            form = _FORMS.get(key) or _BY_KIND.get(type(defaults[key]), "table")
            raise wrong(full, value, form, words.LANGUAGES if key == "language" else ())
        values[key] = made
    return kind(**values)


def _kinds(key: str, default: object) -> type | tuple[type, ...]:
    if key == "dayfirst":
        return bool
    if isinstance(default, float):
        return (int, float)
    return int if key == "year" else dict if isinstance(default, Mapping) else type(default)


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
