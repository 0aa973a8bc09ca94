"""What a folder's settings name and the folder does not have: said, so that a setting never silently does nothing."""

import fnmatch
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from engagelab import words
from engagelab.errors import near
from engagelab.sources.reading import Reading
from engagelab.sources.settings import FILE, Settings


def gaps(settings: Settings, readings: Mapping[str, Reading], unread: Iterable[str],
         tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """A line for each file, survey and segment column of the settings that is not there.

    Parameters: the files that were read, by name; the names of those that could not be; the
    folder's tables.
    """
    unread = list(unread)
    files = [*readings, *unread]
    surveys = _surveys(settings, readings, unread, tables)
    lines = [words.text("sources.folder.no_file", file=FILE, name=name, near=near(name, files))
             for name in settings.files if not any(name == file or fnmatch.fnmatchcase(file, name) for file in files)]
    lines += [words.text("sources.folder.no_survey", file=FILE, name=name, near=near(name, surveys))
              for name in settings.surveys if name not in surveys]
    people = tables.get("customers")
    if people is not None and settings.segment and (
            settings.segment not in people or people[settings.segment].isna().all()):
        lines.append(words.text("sources.folder.no_segment", file=FILE, column=settings.segment,
                                near=near(settings.segment, set(people.columns) - {settings.segment})))
    return lines


def _surveys(settings: Settings, readings: Mapping[str, Reading], unread: Iterable[str],
             tables: Mapping[str, pd.DataFrame]) -> set[str]:
    """The surveys that are there; a file that could not be read may well be the survey that it is named after."""
    asked = [*unread, *(name for name, reading in readings.items() if len(reading.codebook))]
    named = {settings.of_file(name).survey or Path(name).stem for name in asked}
    return named | (set(tables["surveys"]["survey"].dropna()) if "surveys" in tables else set())
