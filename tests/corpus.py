"""Files that nobody meant to be read, each with part of what is said of it ("" where it is read)."""

import io
import zipfile


def _zipped(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


HEADER = "order_id,user_id,ordered_at,total\n"
ROW = "{0},C{0},2026-09-30T12:34:56Z,1200\n"
ROWS = "".join(ROW.format(number) for number in range(20_000))
CORPUS = {
    "a PDF renamed": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "file.csv"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "file.csv"),
    "zeros": (b"\0" * 100_000, "file.csv"),
    "an archive": (_zipped("orders.csv", HEADER), "zip archive"),
    "an archive called a workbook": (_zipped("xl/workbook.xml", "<x/>"), "file.csv"),
    "a page": (b"<html><body><table><tr><td>order_id</td></tr></table></body></html>", "web page"),
    "a quote that never closes": (HEADER + '1,"C1,2026-09-30T12:34:56Z,1200\n' + ROWS, "line 2"),
    "a NUL in a row": (HEADER + "1,C\x001,2026-09-30T12:34:56Z,1200\n", "file.csv"),
    "a sound header and a row of a thousand cells": (HEADER + "1," * 1_000 + "\n", "line 2"),
    "formulas": (HEADER + '"=HYPERLINK(""http://example.com"",""x"")",=1+1,2026-09-30T12:34:56Z,1200\n', ""),
    "marks that turn the writing round": (HEADER + "\u202e1,C\u200f1,2026-09-30T12:34:56Z,1200\n", ""),
    "a carriage return in a cell": (HEADER + '1,"C\r1",2026-09-30T12:34:56Z,1200\n', ""),
    "two encodings": (HEADER.encode() + "1,顧客,2026-09-30T12:34:56Z,1\n".encode()
                      + "2,顧客,2026-09-30T12:34:56Z,1\n".encode("cp932"), "line 3"),
    "a header of nothing but commas": ("," * 5_000 + "\n" + "1," * 5_000 + "\n", "none of the known headers"),
    "JSON": ('{"order_id": 1, "total": [1, 2]}\n' * 3, "file.csv"),
}
