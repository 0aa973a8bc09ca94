"""What no vendor exports, under our own headings: lists, workbooks as a template gives them, and what our systems log.

So that the folder stays light, some of it is the latest part alone: mails by person, and the pulses.
"""

import numpy as np
import pandas as pd

from engagelab.sample.dates import MONTHS, local, written
from engagelab.sample.exports.vendor import months
from engagelab.sample.text_files import Written, canonical_file, cells, csv_file
from engagelab.tables import HEADING, said
from engagelab.tables import table as declared
from engagelab.workbook import Sheet, workbook

LISTS = ("accounts", "costs", "identities", "rates", "referrals", "shops", "subscriptions")
FORMS = ("targets", "touchpoints")
# The first month of the mails by person, and how many pulses; who had which arm of a test by mail goes with the mails.
SENDS_SINCE, WAVES, BY_MAIL = 12, 2, ("subject_lines", "two_by_two")


def own_files(tables: dict[str, pd.DataFrame]) -> dict[str, Written]:
    """All files that bear our own headings, but for those of single networks."""
    drawn = tables["assignments"]
    return {**{f"{name}.csv": canonical_file(tables[name], name) for name in LISTS},
            **{f"{name}.xlsx": _filled_in(tables[name], name) for name in FORMS},
            "assignments.csv": canonical_file(drawn[~drawn["experiment"].isin(BY_MAIL)], "assignments"),
            "employees.csv": _saved(tables["employees"], "employees"),
            **_sends(tables["email_sends"]), **_pulses(tables["pulses"])}


def _headings(frame: pd.DataFrame, table: str) -> list[str]:
    return [f"{name}{HEADING}{said(table, name, 'ja')[0]}" for name in frame.columns]


def _filled_in(frame: pd.DataFrame, table: str) -> Written:
    """A workbook with numbers as numbers, whole ones as such, and nothing where nothing is known."""
    found = frame.astype(object).where(frame.notna(), None)
    values = [[int(value) if isinstance(value, float) and value.is_integer() else value for value in found[name]]
              for name in found.columns]
    return Written(workbook([Sheet(table, [_headings(frame, table), *zip(*values, strict=True)])]), len(frame))


def _saved(frame: pd.DataFrame, table: str) -> Written:
    """As a Japanese spreadsheet saves a list: cp932, and of a stamp the day alone where it is midnight."""
    columns = declared(table).columns
    found: dict[str, object] = {}
    for name, heading in zip(frame.columns, _headings(frame, table), strict=True):
        if columns[name].kind == "time":
            clock = local(frame[name])
            day = written(clock, "{year}/{month}/{day}")
            found[heading] = np.where(clock == clock.dt.normalize(), day, day + written(clock, " {hour}:{minute:02}"))
        else:
            text = cells(frame[name], columns[name].kind)
            found[heading] = text.map({1: "TRUE", 0: "FALSE"}) if columns[name].kind == "flag" else text
    return csv_file(pd.DataFrame(found), encoding="cp932", newline="\r\n")


def _sends(sends: pd.DataFrame) -> dict[str, Written]:
    """The latest mails by month. What their subjects are stands in the campaigns."""
    month = months(sends["sent_at"])
    return {f"email_sends-{MONTHS[own]}.csv": canonical_file(sends[month == own].drop(columns="subject"), "email_sends")
            for own in range(SENDS_SINCE, len(MONTHS))}


def _pulses(pulses: pd.DataFrame) -> dict[str, Written]:
    """The last waves, a file each."""
    return {f"pulses-{wave}.csv": canonical_file(pulses[pulses["wave"] == wave], "pulses")
            for wave in sorted(pulses["wave"].unique())[-WAVES:]}
