"""What could not be read: collected with its place, then raised or handed back as rejects."""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import SourceError
from engagelab.sources.addresses import MASK, hidden

COLUMNS = ("file", "line", "column", "value", "reason", "severity")
# What vendors themselves write into their files is set aside and said; it is no fault to be mended.
EXPECTED = frozenset({"total_row", "footer", "phantom", "preview", "empty_row", "not_finite", "repeated_row"})


class Problems:
    """The problems of one file, by the place of the row (counted from 0 below the header)."""

    def __init__(self, file: str, lines: np.ndarray):
        self.file, self.lines = file, lines
        self.dropped = np.zeros(len(lines), bool)
        self._found: list[tuple[int, int, str, str, str, str, str]] = []

    def rows(self, places: np.ndarray, reason: str, column: str = "", ours: str = "",
             values: pd.Series | None = None) -> None:
        """Set whole rows aside; a row is set aside once, for the first reason."""
        for place in places[~self.dropped[places]]:
            value = "" if values is None else _text(values.iloc[place])
            self._found.append((int(place), 0, column, ours, value, reason, "row"))
        self.dropped[places] = True

    def cells(self, places: np.ndarray, reason: str, column: str, ours: str, values: pd.Series, *,
              required: bool, personal: bool) -> None:
        """Cells that were not read: missing in the table, or the end of the row where it needs them."""
        places = places[~self.dropped[places]]
        severity = "row" if required else "cell"
        for place, value in zip(places, values.iloc[places], strict=True):
            self._found.append((int(place), 1, column, ours, MASK if personal else _text(value), reason, severity))
        if required:
            self.dropped[places] = True

    @property
    def cells_missing(self) -> int:
        """How many cells of rows that were kept are missing because they could not be read."""
        return sum(found[6] == "cell" and not self.dropped[found[0]] for found in self._found)

    def raise_first(self) -> None:
        """Raise what stands first in the file, if anything there is to be mended."""
        faults = [found for found in self._found if found[5] not in EXPECTED]
        if faults:
            place, _, column, ours, value, reason, _ = min(faults, key=lambda found: found[:3])
            said = _said(reason)
            own = f"sources.remedy.{reason}"
            remedy = words.text(own if words.has(own) else "sources.remedy.cell" if column else "sources.remedy.row")
            where = {"file": self.file, "line": int(self.lines[place]), "remedy": remedy}
            if not column:
                raise SourceError("sources.bad_row", reason=said, **where)
            shown = words.text("sources.quoted", value=one_line(value)) if value else ""
            raise SourceError("sources.bad_cell", column=column, ours=ours, problem=shown + said, **where)

    def frame(self) -> pd.DataFrame:
        """The rejects: file, line, column, value, reason, severity."""
        rows = [(self.file, int(self.lines[place]), column, value, _said(reason), severity)
                for place, _, column, _, value, reason, severity in sorted(self._found, key=lambda found: found[:3])]
        frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
        return frame.astype({"line": "int64"} | {name: "str" for name in COLUMNS if name != "line"})


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
