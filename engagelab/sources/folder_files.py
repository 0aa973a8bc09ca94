"""The files of a folder that may be exports, and how each is read by the folder's settings."""

from pathlib import Path

from engagelab.errors import UsageError
from engagelab.files import PREFIX
from engagelab.sources.job import Options
from engagelab.sources.read import read_with
from engagelab.sources.reading import Reading
from engagelab.sources.settings import FILE, REGISTER, Settings

DATA_ENDINGS = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".ndjson", ".parquet"})


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
        name = path.name.casefold()
        plainly = path.suffix.casefold() in DATA_ENDINGS and not name.startswith((".", "~$", "readme", "license"))
        if name.startswith(PREFIX) or not (path.is_file() or plainly):      # half written; a folder of other things
            continue
        if not path.is_file():      # a folder or a pipe that is named as an export, a link that leads nowhere
            others.append(path.name)
        elif plainly and name != "identities.csv" and not is_register(path):
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
