"""What a folder's files say of themselves: settings to begin with, for a person to look over."""

import fnmatch
import glob
import re
from collections import Counter
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

from engagelab import tables, words
from engagelab.errors import EngagelabError, SourceError
from engagelab.sources.declarations import declarations, plain, wording
from engagelab.sources.files import match, open_file
from engagelab.sources.folder_files import data_files
from engagelab.sources.job import Options
from engagelab.sources.read import read_with
from engagelab.sources.reading import Reading
from engagelab.sources.settings import FileSettings, Settings, SurveySettings

_KANA = re.compile(r"[\u3041-\u30ff]")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SEARCHED = 30         # rows in which a header may stand
_BRACKET = re.compile(r"\s*[\[(][^\[(]*[\])]$")
_KEY = b"any key will do"      # whom it names is not kept
_APART = re.compile(r"[^0-9A-Za-z]")


def propose(folder: Path | str) -> Settings:
    """Settings for a folder from what its files say; nothing is written.

    Zone as a file names it; currency as most orders have it; language as most questions and posts
    are written; each survey's questions with the kinds that were recognised, and its channel where
    the file's name says it; added columns of a vendor's file that are called as one of ours; for a file
    of no known format, the table and the columns that their names give away.

    Raises UsageError where there is no such folder, SourceError where it has no file to read.
    """
    paths = data_files(folder)[0]
    name = Path(folder).resolve().name
    if not paths:
        raise SourceError("report.nothing", folder=name, problems=words.text("report.no_files"))
    readings: list[Reading] = []
    stubs: dict[str, FileSettings] = {}
    for path in paths:
        try:
            readings.append(read_with(path, Options(key=_KEY), on_bad="return"))
        except EngagelabError:      # said by read_folder; a proposal takes what it can read
            stubs |= _stub(path)
    texts = [text for reading in readings for text in _texts(reading)]
    language = "ja" if sum(bool(_KANA.search(text)) for text in texts) * 2 > len(texts) else "en"
    currency = _most(value for reading in readings for frame in reading.tables.values() if "currency" in frame
                     for value in frame["currency"].dropna() if _CURRENCY.fullmatch(value))
    zone = _most(reading.source.zone_name for reading in readings if reading.source.zone == "file")
    if not zone:
        zone = "Asia/Tokyo" if language == "ja" or currency == "JPY" else "UTC"
    surveys = {reading.codebook["survey"].iloc[0]: SurveySettings(
        channel=channel_of(reading.source.file),
        questions=dict(zip(reading.codebook["question"], reading.codebook["kind"], strict=True)))
        for reading in readings if len(reading.codebook)}
    return Settings(name=re.sub(r"[_-]+", " ", name).strip(), language=language, timezone=zone, currency=currency,
                    fiscal_year_starts=4 if zone == "Asia/Tokyo" else 1, surveys=surveys,
                    files=_files(readings, [path.name for path in paths]) | stubs)


def _stub(path: Path) -> dict[str, FileSettings]:
    """A mapping to begin with for a file of no known format: the columns whose names say what they are.

    The table is the one that knows most of them; one column alone is no hint.
    """
    try:
        opened = open_file(path)
    except EngagelabError:
        return {}
    if match(opened) is not None:
        return {}
    found = [(table, place, _called(table, [plain(cell) for cell in cells]))
             for place, (_, cells) in enumerate(opened.head[:_SEARCHED]) for table in tables.tables()]
    table, place, called = max(found, key=lambda item: (_weight(item[0], item[2]), -item[1]), default=("", 0, {}))
    if len(called) < 2:
        return {}
    cells = opened.head[place][1]
    return {path.name: FileSettings(table=table, columns={cells[at]: ours for at, ours in called.items()})}


def _called(table: str, cells: list[str]) -> dict[int, str]:
    """The cells of a header that are called as a column of the table usually is: {place: ours}."""
    usual = wording()["columns"].get(table, {})
    names = {ours.replace("_", " "): ours for ours in tables.table(table).columns}
    names |= {name: ours for ours, said in usual.items() for name in said}
    found: dict[int, str] = {}
    for place, cell in enumerate(cells):
        ours = names.get(cell.replace("_", " "))
        if ours and ours not in found.values():
            found[place] = ours
    return found


def _weight(table: str, called: dict[int, str]) -> tuple[int, int]:
    """How well a table fits: how many columns it knows, and how many of them it cannot do without."""
    return len(called), len(set(tables.table(table).required) & set(called.values()))


def _texts(reading: Reading) -> list[str]:
    columns = [name for name in ("text", "subject", "question") if name in reading.frame]
    return [text for name in columns for text in reading.frame[name].dropna().drop_duplicates().head(200)]


def _most(values: Iterable[str]) -> str:
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value)) if counted else ""


def channel_of(file: str) -> str:
    """How a survey was asked, where its file's name says one way and no other.

    >>> channel_of("nps_in_app.csv"), channel_of("来店アンケート.xlsx"), channel_of("nps.csv")
    ('in_app', 'store', '')
    """
    text = plain(Path(file).stem).replace("_", " ").replace("-", " ")
    found = {channel for channel, names in wording()["channels"].items() if any(_says(text, name) for name in names)}
    return found.pop() if len(found) == 1 else ""


def _says(text: str, name: str) -> bool:
    """An English word as a whole, a Japanese one anywhere: `app` is not in `apple`."""
    return bool(re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", text)) if name.isascii() else name in text


def _files(readings: list[Reading], names: list[str]) -> dict[str, FileSettings]:
    """Columns that the company added to a vendor's file; files that share them under one pattern if one fits."""
    alike: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for reading in readings:
        added = _added(reading)
        if added:
            alike.setdefault((reading.source.format, tuple(added.items())), []).append(reading.source.file)
    found: dict[str, FileSettings] = {}
    for (_, columns), files in alike.items():
        pattern = _pattern(files)
        # a pattern must mean these files and no other
        fits = pattern and {name for name in names if fnmatch.fnmatchcase(name, pattern)} == set(files)
        for name in [pattern] if fits else files:
            found[name] = FileSettings(columns=dict(columns))
    return found


def _added(reading: Reading) -> dict[str, str]:
    """Columns that the format does not know and that are called as a column of its table: {theirs: ours}."""
    if reading.source.format not in declarations():
        return {}
    declared = tables.table(reading.source.table).columns
    found: dict[str, str] = {}
    for name in reading.source.unknown:
        ours = re.sub(r"[\s-]+", "_", _BRACKET.sub("", plain(name)))
        free = ours in declared and not declared[ours].personal and ours not in reading.frame
        if free and ours not in found.values():
            found[name] = ours
    return found


def _pattern(files: list[str]) -> str:
    """What the names have in common, to whole words, with a `*` for the rest; "" where that is little.

    >>> _pattern(["subscribed_members_1.csv", "cleaned_members_1.csv"])
    '*_members_1.csv'
    """
    first = _common(files)
    last = _common([name[len(first):][::-1] for name in files])[::-1]
    first = first[:max((found.end() for found in _APART.finditer(first)), default=0)]
    apart = _APART.search(last)
    last = last[apart.start():] if apart else ""
    common = bool(re.search(r"[^\W\d_]{3}", first + last.rpartition(".")[0]))
    return f"{glob.escape(first)}*{glob.escape(last)}" if len(files) > 1 and common else ""


def _common(names: list[str]) -> str:
    """The letters with which all the names begin."""
    return "".join(letters[0] for letters in takewhile(lambda letters: len(set(letters)) == 1,
                                                       zip(*names, strict=False)))
