"""What could not be read: collected with its place, then raised or handed back as rejects."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import SourceError
from engagelab.sources.addresses import MASK, hidden

COLUMNS = ("file", "line", "column", "value", "reason", "severity")
# What vendors themselves write into their files is set aside and said; it is no fault to be mended.
EXPECTED = frozenset({"total_row", "footer", "phantom", "preview", "empty_row", "not_finite", "repeated_row", "example",
                      "other_kind", "comparison"})
_FIGURES = re.compile(r"[\d\s.,/%+−-]{0,12}|[!-~]{1,2}")      # or too short to be a name


@dataclass(frozen=True)
class _Found:
    """The same problem of many rows or cells: their places, and for cells what stands in each."""

    places: np.ndarray
    of_cells: bool
    column: str
    ours: str
    values: list[str] | None
    reason: str
    severity: str


def reasons(rejects: pd.DataFrame) -> list[str]:
    """Why rows or cells were rejected, the most frequent first; a reason that is said of a column names it.

    >>> reasons(pd.DataFrame({"column": ["Total", "Total", ""], "reason": ["is not a number"] * 2 + ["footer"]}))
    ["'Total' is not a number", 'footer']
    """
    verbs = tuple(words.text("sources.reason_verbs").split("|"))
    said = [words.text("sources.reason_of", column=column, reason=reason)
            if column and reason.startswith(verbs) else reason
            for column, reason in zip(rejects["column"].fillna(""), rejects["reason"].fillna(""), strict=True)]
    return pd.Series(said, dtype=object).value_counts().index.tolist()


class Problems:
    """The problems of one file, by the place of the row (counted from 0 below the header).

    `untold` are the columns of which no cell is shown, for they name people or hold free text, and `answers` those of
    which a cell is shown only where it is written in figures: whoever answers a question may write a sentence.
    """

    def __init__(self, file: str, lines: np.ndarray, untold: Collection[str] = (), answers: Collection[str] = ()):
        self.file, self.lines, self._untold, self._answers = file, lines, untold, answers
        self.dropped = np.zeros(len(lines), bool)
        self._found: list[_Found] = []

    def rows(self, places: np.ndarray, reason: str, column: str = "", ours: str = "",
             values: pd.Series | None = None) -> None:
        """Set whole rows aside; a row is set aside once, for the first reason."""
        places = places[~self.dropped[places]]
        if len(places):
            shown = None if values is None else self._shown(column, values.iloc[places])
            self._found.append(_Found(places, False, column, ours, shown, reason, "row"))
            self.dropped[places] = True

    def cells(self, places: np.ndarray, reason: str, column: str, ours: str, values: pd.Series, *,
              required: bool) -> None:
        """Cells that were not read: missing in the table, or the end of the row where it needs them."""
        places = places[~self.dropped[places]]
        if len(places):
            shown = self._shown(column, values.iloc[places])
            self._found.append(_Found(places, True, column, ours, shown, reason, "row" if required else "cell"))
            if required:
                self.dropped[places] = True

    def _shown(self, column: str, cells: pd.Series) -> list[str]:
        """The cells as an error or a reject shows them: the one place where a value of a file gets into words."""
        if column in self._untold:
            return [MASK] * len(cells)
        told = map(_text, cells)
        return [text if _FIGURES.fullmatch(text) else MASK for text in told] if column in self._answers else list(told)

    def footers(self) -> np.ndarray:
        """The places of the rows that are notes behind the data."""
        return np.concatenate([np.zeros(0, np.int64), *(found.places for found in self._found
                                                        if found.reason == "footer")]).astype(np.int64)

    @property
    def cells_missing(self) -> int:
        """How many cells of rows that were kept are missing because they could not be read."""
        return sum(int((~self.dropped[found.places]).sum()) for found in self._found
                   if found.severity == "cell" and found.reason != "of_url")

    def raise_first(self) -> None:
        """Raise what stands first in the file, if anything there is to be mended."""
        faults = [found for found in self._found if found.reason not in EXPECTED]
        if faults:
            found = min(faults, key=lambda found: (found.places.min(), found.of_cells, found.column))
            first = int(found.places.argmin())
            said, value = _said(found.reason), found.values[first] if found.values else ""
            own = f"sources.remedy.{found.reason}"
            remedy = words.text(own if words.has(own) else
                                "sources.remedy.cell" if found.column else "sources.remedy.row")
            where = {"file": self.file, "line": int(self.lines[found.places[first]]), "remedy": remedy}
            if not found.column:
                raise SourceError("sources.bad_row", reason=said, **where)
            shown = words.text("sources.quoted", value=one_line(value)) if value else ""
            raise SourceError("sources.bad_cell", column=found.column, ours=found.ours, problem=shown + said, **where)

    def frame(self) -> pd.DataFrame:
        """The rejects: file, line, column, value, reason, severity."""
        sizes = [len(found.places) for found in self._found]
        which = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        place = np.concatenate([found.places for found in self._found]) if sizes else np.zeros(0, np.int64)
        by_column = sorted({found.column for found in self._found})
        column = np.array([by_column.index(found.column) for found in self._found], np.int32)
        of_cells = np.array([found.of_cells for found in self._found], bool)
        order = np.lexsort((column[which], of_cells[which], place)) if sizes else which
        which = which[order]

        def of_all(texts: list[str]) -> pd.Series:
            return pd.Series(pd.array([*texts, ""], dtype="str").take(which))

        values = of_all([""] * len(sizes))
        if any(found.values for found in self._found):
            told = [found.values or [""] * len(found.places) for found in self._found]
            values = pd.Series(np.concatenate([np.array(texts, dtype=object) for texts in told])[order], dtype="str")
        return pd.DataFrame({
            "file": of_all([self.file for _ in sizes]), "line": self.lines[place[order]].astype("int64"),
            "column": of_all([found.column for found in self._found]), "value": values,
            "reason": of_all([_said(found.reason) for found in self._found]),
            "severity": of_all([found.severity for found in self._found])}, copy=False)


def one_line(text: str) -> str:
    """A cell or column name as a message shows it: on one line, and not without end.

    >>> one_line("How likely are\\nyou?")
    'How likely are you?'
    """
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= 80 else plain[:79] + "…"


def _said(reason: str) -> str:
    """A reason in words; of an amount in another currency it names both."""
    key, *names = reason.split()
    return words.text(f"sources.reason.{key}", **dict(zip(("sign", "said"), names, strict=False)))


def _text(value: object) -> str:
    """A cell as it is shown; an address in a column of another sort is as personal there."""
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else hidden(str(value))
