"""A workbook of one sheet of which every byte is chosen.

Written here in full, because a library's bytes change with its version, with the XML writer that
it happens to find and with the clock. Office Open XML, ECMA-376, parts 1 and 2: the five parts
that every reader asks for, texts inline, stored without compression, members stamped 1980.
"""

import io
import zipfile
from collections.abc import Iterable
from xml.sax.saxutils import escape

import numpy as np

from engagelab.sample.text_files import Written

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STAMP_STYLE = 1
_DAY_ZERO = np.datetime64("1899-12-30T00:00:00")

_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy/m/d\\ h:mm:ss"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def workbook(header: list[str], rows: Iterable[tuple], count: int) -> Written:
    """A workbook with a header and rows of words, whole numbers, stamps (datetime64) and nothing (None).

    >>> import openpyxl
    >>> made = workbook(["ID", "時刻"], [(1, np.datetime64("2026-04-01T09:00:05"))], 1)
    >>> sheet = openpyxl.load_workbook(io.BytesIO(made.content)).active
    >>> list(sheet.values)
    [('ID', '時刻'), (1, datetime.datetime(2026, 4, 1, 9, 0, 5))]
    """
    lines = [_row(1, header), *(_row(place, row) for place, row in enumerate(rows, start=2))]
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, part in (_PARTS | {"xl/worksheets/sheet1.xml": sheet}).items():
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.create_system = 0  # otherwise the machine's own kind stands in the file
            archive.writestr(member, (_HEAD + part).encode("utf-8"))
    return Written(file.getvalue(), count)


def _row(place: int, values: Iterable) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    cells = [_cell(f"{letters[column]}{place}", value) for column, value in enumerate(values) if value is not None]
    return f'<row r="{place}">{"".join(cells)}</row>'


def _cell(at: str, value: object) -> str:
    if isinstance(value, np.datetime64):
        seconds = int((value - _DAY_ZERO) / np.timedelta64(1, "s"))
        return f'<c r="{at}" s="{_STAMP_STYLE}"><v>{seconds // 86_400}{_fraction(seconds % 86_400)}</v></c>'
    if isinstance(value, int):
        return f'<c r="{at}"><v>{value}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _fraction(seconds: int) -> str:
    """The part of a day in eleven digits, in whole numbers: a second is 1.2e-5 of a day."""
    return f".{(seconds * 10**11 + 43_200) // 86_400:011}"
