"""A workbook of which every byte is chosen.

Written here in full, because a library's bytes change with its version, with the XML writer that it happens to find
and with the clock. Office Open XML, ECMA-376, parts 1 and 2: the parts that every reader asks for, texts inline, stored
without compression, members stamped 1980. A text is never a formula, also after somebody has edited its cell.
"""

import io
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.sax.saxutils import escape, quoteattr

import numpy as np

ROWS, COLUMNS, LETTERS, NAME = 1_048_576, 16_384, 32_767, 31     # what a sheet, a cell and a sheet's name can hold
# What a spreadsheet may run (OWASP, CSV Injection); apostrophes before it count, so that one more can be taken off.
FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_QUOTED = re.compile(r'[,"\r\n]|^\s|\s$')
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DAY_ZERO = np.datetime64("1899-12-30T00:00:00", "us")
_DAY = 86_400_000_000
# What XML cannot hold, and what would be read as the sign of such a letter (ECMA-376, part 1, 22.9.2.19 ST_Xstring).
_ODD = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_HALF = re.compile("[\ud800-\udfff]")   # half a pair is no letter

# As wide as one page of A4, landscape, or as many as can be read, and as long as it takes (ECMA-376, part 1,
# 18.3.1.65 and 18.3.1.63).
_FIT = '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
_PAGE = ('<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
         '<pageSetup paperSize="9" orientation="landscape" fitToWidth="{wide}" fitToHeight="0"/>')
_LEGIBLE = 300   # letters that a printed page can hold side by side

# Each style as font, fill, number format and more; a cell says its place in this list.
_STYLES = {"": (0, 0, 0, ""), "stamp": (0, 0, 164, ""), "date": (0, 0, 165, ""), "percent": (0, 0, 166, ""),
           "head": (1, 0, 0, ""), "required": (1, 2, 0, ""), "example": (2, 0, 0, ""), "text": (0, 0, 49, ""),
           "quoted": (0, 0, 0, ' quotePrefix="1"')}
_PLACES = {name: place for place, name in enumerate(_STYLES)}


@dataclass(frozen=True)
class Cell:
    """A value in a style: `stamp date percent head required example text quoted`."""

    value: object
    style: str


@dataclass(frozen=True)
class Sheet:
    """A sheet: its rows, top to bottom; widths (in letters) and styles of whole columns; what cells may be chosen from.

    A value is text, a number, true or false, a stamp or date without a zone, a `Cell`, or None for nothing.
    """

    name: str
    rows: Iterable[Sequence[object]]
    widths: Sequence[float] = ()
    styles: Sequence[str] = ()
    lists: Mapping[int, Sequence[str]] = field(default_factory=dict)


def workbook(sheets: Sequence[Sheet], *, printed: bool = False) -> bytes:
    """The bytes of a workbook; of one to be `printed` each sheet fills the width of a page, or of as few as can be
    read, its first row on top of each.

    >>> import openpyxl
    >>> made = workbook([Sheet("1", [["ID", "時刻"], [1, np.datetime64("2026-04-01T09:00:05")]])])
    >>> list(openpyxl.load_workbook(io.BytesIO(made)).active.values)
    [('ID', '時刻'), (1, datetime.datetime(2026, 4, 1, 9, 0, 5))]
    """
    parts = _parts([sheet.name for sheet in sheets], printed=printed)
    parts |= {f"xl/worksheets/sheet{place}.xml": _sheet(sheet, printed=printed)
              for place, sheet in enumerate(sheets, 1)}
    return packed({name: (_HEAD + part).encode("utf-8") for name, part in parts.items()})


def packed(parts: Mapping[str, bytes]) -> bytes:
    """The parts of an office document as one file, the same bytes on every machine and at every time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.create_system = 0  # otherwise the machine's own kind stands in the file
            archive.writestr(member, part)
    return file.getvalue()


def _parts(names: list[str], *, printed: bool) -> dict[str, str]:
    sheets = range(1, len(names) + 1)
    types = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
                    for n in sheets)
    listed = "".join(f'<sheet name={quoteattr(_said(name))} sheetId="{n}" r:id="rId{n}"/>'
                     for n, name in zip(sheets, names, strict=True))
    tops = "".join(f'<definedName name="_xlnm.Print_Titles" localSheetId="{n}">{_quoted(name)}!$1:$1</definedName>'
                   for n, name in enumerate(names))
    relations = "".join(f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
                        for n in sheets)
    xfs = "".join(f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0" '
                  f'applyNumberFormat="1" applyFont="1" applyFill="1"{more}/>'
                  for font, fill, number, more in _STYLES.values())
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>{types}'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>'
        f'{f"<definedNames>{tops}</definedNames>" if printed else ""}</workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}<Relationship '
        f'Id="rId{len(names) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="3">'
        '<numFmt numFmtId="164" formatCode="yyyy/m/d\\ h:mm:ss"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="166" formatCode="0.0%"/></numFmts>'
        '<fonts count="3"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font>'
        '<font><i/><sz val="11"/><color rgb="FF808080"/><name val="Calibri"/></font></fonts>'
        '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/>'
        '</fill><fill><patternFill patternType="solid"><fgColor rgb="FFFFF2CC"/></patternFill></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(_STYLES)}">{xfs}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    }


def _quoted(name: str) -> str:
    """A sheet's name as a formula has it."""
    return escape("'" + _said(name).replace("'", "''") + "'")


def _sheet(sheet: Sheet, *, printed: bool) -> str:
    columns = "".join(f'<col min="{n}" max="{n}" width="{width}" customWidth="1" style="{_PLACES[style]}"/>'
                      for n, (width, style) in enumerate(zip(sheet.widths, sheet.styles, strict=True), 1))
    lists = "".join(f'<dataValidation type="list" allowBlank="1" sqref="{_letters(column)}2:{_letters(column)}{ROWS}">'
                    f'<formula1>"{escape(",".join(allowed))}"</formula1></dataValidation>'
                    for column, allowed in sheet.lists.items())
    rows = "".join(f'<row r="{place}">{"".join(_cells(place, row))}</row>' for place, row in enumerate(sheet.rows, 1))
    page = _PAGE.format(wide=math.ceil(sum(sheet.widths) / _LEGIBLE) or 1) if printed else ""
    return (f'<worksheet xmlns="{_MAIN}">{_FIT if printed else ""}{f"<cols>{columns}</cols>" if columns else ""}'
            f"<sheetData>{rows}</sheetData>"
            + (f'<dataValidations count="{len(sheet.lists)}">{lists}</dataValidations>' if lists else "")
            + f"{page}</worksheet>")


def _letters(column: int) -> str:
    """The letters of a column, counted from 0.

    >>> _letters(0), _letters(25), _letters(26), _letters(16383)
    ('A', 'Z', 'AA', 'XFD')
    """
    above, last = divmod(column, 26)
    return (_letters(above - 1) if above else "") + chr(65 + last)


def _cells(place: int, row: Sequence[object]) -> Iterable[str]:
    for column, given in enumerate(row):
        value, style = (given.value, given.style) if isinstance(given, Cell) else (given, "")
        if value is not None:
            yield _cell(f"{_letters(column)}{place}", value, style)


def _cell(at: str, value: object, style: str) -> str:
    if isinstance(value, date | np.datetime64):
        stamp = value if isinstance(value, np.datetime64) else np.datetime64(value.isoformat())
        ticks = int((stamp.astype("datetime64[us]") - _DAY_ZERO) / np.timedelta64(1, "us"))
        return f'<c r="{at}"{_style(style or "stamp")}><v>{ticks // _DAY}{_fraction(ticks % _DAY)}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{at}"{_style(style)} t="b"><v>{value:d}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{at}"{_style(style)}><v>{value!r}</v></c>'
    text = str(value)
    style = style or ("quoted" if FORMULA.match(text) else "")
    return (f'<c r="{at}"{_style(style)} t="inlineStr"><is><t xml:space="preserve">{escape(_said(text))}</t></is></c>')


def _style(name: str) -> str:
    return f' s="{_PLACES[name]}"' if name else ""


def _said(text: str) -> str:
    """The text as a workbook can hold it."""
    return _ODD.sub(lambda found: f"_x{ord(found[0]):04X}_", _HALF.sub("\ufffd", text))


def _fraction(ticks: int) -> str:
    """The part of a day in eleven digits, in whole numbers: a second is 1.2e-5 of a day."""
    return f".{(ticks * 10**11 + _DAY // 2) // _DAY:011}"


def csv_file(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows as CSV in UTF-8 (RFC 4180), with the mark by which Excel knows it; no text in it runs as a formula.

    >>> csv_file([("note", "change"), ("=1+1", -3), ("a, b", None)]).decode("utf-8-sig").splitlines()
    ['note,change', "'=1+1,-3", '"a, b",']
    """
    lines = [",".join(map(_safe, row)) or '""' for row in rows]     # an empty line is no row
    return ("\ufeff" + "\n".join([*lines, ""])).encode("utf-8", "replace")


def _safe(value: object) -> str:
    """A cell as CSV has it; a text that a spreadsheet would run with an apostrophe before it."""
    if value is None or isinstance(value, bool | int | float):
        return "" if value is None else repr(value)
    text = value.isoformat() if isinstance(value, date) else str(value)
    text = f"'{text}" if FORMULA.match(text) else text
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(text) else text
