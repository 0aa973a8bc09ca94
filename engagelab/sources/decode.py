"""Bytes to text: which encoding, and is it a table at all?

Order of trial: byte order mark, UTF-16 without one, UTF-8 strict, cp932, Windows-1252, and this once more
with a byte or so that only latin-1 knows, as files have that a spreadsheet saved again: it becomes a �.
A decoding is taken only where it fits the whole text: a file that is UTF-8 but for a broken
sequence is an error that names the line, and is not read as something else. What is none of these
is refused: as latin-1 any bytes would be text, many of them with control characters in it.
"""

import codecs
import re
from dataclasses import dataclass

from engagelab.errors import SourceError

BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_PIECE = 1 << 16
_NOWHERE = bytes([0x81, 0x8d, 0x8f, 0x90, 0x9d])    # letters that Windows-1252 does not have
_FEW = 1_000                                        # one byte in so many may be of those
HTML = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body|table)\b", re.I | re.S)


@dataclass(frozen=True)
class Decoded:
    """A file's text as UTF-8 bytes without a byte order mark, and the encoding that it came in."""

    data: bytes
    encoding: str


def decode(data: bytes, file: str) -> Decoded:
    """The text of a file, and in which encoding it was.

    >>> decode("投稿ID,日付".encode("cp932"), "posts.csv").encoding
    'cp932'

    Raises SourceError for an empty file, a web page, something that is no text, a broken sequence.
    """
    if not data[:1 << 16].strip() and not data.strip():
        raise SourceError("sources.empty_file", file=file)
    if data.startswith(OLD_EXCEL):
        raise SourceError("sources.old_excel", file=file)
    if data.startswith(ZIP):
        raise SourceError("sources.zip", file=file)
    encoding = _encoding(data, file)
    # UTF-8 is checked, and kept as it is
    text = (data if encoding == "utf-8" else data.decode("cp1252", "replace").encode("utf-8")
            if encoding == "latin-1" else _strict(data, encoding, file).encode("utf-8"))
    if not text[:1 << 16].strip() and not text.strip():
        raise SourceError("sources.empty_file", file=file)
    if b"\0" in text:
        raise SourceError("sources.binary", file=file)
    if HTML.match(text[:2000].decode("utf-8", "ignore")):
        raise SourceError("sources.html", file=file)
    return Decoded(text, encoding)


def _encoding(data: bytes, file: str) -> str:
    for bom, name in BOMS:
        if data.startswith(bom):
            return name
    head = data[:2000]
    if head.count(0) > len(head) // 8:
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    if _is_utf8(data):
        return "utf-8"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _older(data, file, error)
    return "utf-8"


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8 throughout, asked piece by piece: no second copy of the text is made."""
    whole, begin = memoryview(data), 0
    try:
        while begin < len(data):
            _, read = codecs.utf_8_decode(whole[begin:begin + _PIECE], "strict", begin + _PIECE >= len(data))
            begin += read       # a letter cut in two is left to the next piece
    except UnicodeDecodeError:
        return False
    return True


def _older(data: bytes, file: str, error: UnicodeDecodeError) -> str:
    """The encoding of bytes that are not UTF-8 throughout."""
    read = data.decode("utf-8", "replace")
    broken = read.count("\ufffd")
    cut_off = error.reason == "unexpected end of data"      # the first fault, and nothing stands behind it
    if cut_off or sum(letter > "\x7f" for letter in read) - broken >= broken:
        raise SourceError("sources.broken_text", file=file, line=_line(data, error.start), encoding="UTF-8")
    japanese, strange = _japanese(data.decode("cp932", "replace"))
    if japanese > strange:
        _strict(data, "cp932", file)
        return "cp932"
    nowhere = len(data) - len(data.translate(None, _NOWHERE))
    if nowhere > max(1, len(data) // _FEW):
        _strict(data, "cp1252", file)
    return "latin-1" if nowhere else "cp1252"


def _japanese(text: str) -> tuple[int, int]:
    """How many letters are plain Japanese, and how many are what western bytes look like in cp932."""
    plain = strange = 0
    for place, letter in enumerate(text):
        if letter > "\x7f":
            # kana, full-width signs and kanji of the first level begin with 0x81 to 0x97 in cp932; but so do
            # western quotation marks and dashes, which take the letter behind them along: don’t is don稚 there
            first, *rest = letter.encode("cp932", "replace")
            alone = max(text[place - 1:place], text[place + 1:place + 2]) < "\x80"
            western = alone and first > 0x83 and rest and rest[0] < 0x80
            if 0x81 <= first <= 0x97 and not western:
                plain += 1
            else:
                strange += 1
    return plain, strange


def _strict(data: bytes, encoding: str, file: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        name = "Windows-1252" if encoding == "cp1252" else encoding.upper().removesuffix("-SIG")
        line = data[:error.start].decode(encoding, "ignore").count("\n") + 1
        raise SourceError("sources.broken_text", file=file, line=line, encoding=name) from None


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
