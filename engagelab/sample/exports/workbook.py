"""A workbook of one sheet, as a form service writes it."""

from collections.abc import Iterable

from engagelab.sample.text_files import Written
from engagelab.workbook import Sheet
from engagelab.workbook import workbook as written


def workbook(header: list[str], rows: Iterable[tuple], count: int) -> Written:
    """A workbook with a header and rows of words, whole numbers, stamps (datetime64) and nothing (None)."""
    return Written(written([Sheet("Sheet1", [header, *rows])]), count)
