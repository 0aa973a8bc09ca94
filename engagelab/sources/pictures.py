"""Whether a file is a picture that a page can show, by its first bytes and not by its name.

Signatures as each format's own specification gives them: PNG (W3C, Portable Network Graphics), JPEG
(ITU-T T.81), GIF 87a and 89a (CompuServe), WebP (RFC 9649), SVG (W3C, an XML document of that root).
"""

import re

_BEGINNINGS = {"image/png": rb"\x89PNG\r\n\x1a\n", "image/jpeg": rb"\xff\xd8\xff", "image/gif": rb"GIF8[79]a",
               "image/webp": rb"RIFF....WEBP",
               "image/svg+xml": rb"(\xef\xbb\xbf)?\s*((<\?xml.*?\?>|<!--.*?-->|<!DOCTYPE svg[^\[>]*(\[.*?\]\s*)?>)\s*)*"
                                rb"<svg[\s>]"}
_ENOUGH = 8192


def picture_kind(content: bytes) -> str:
    """The media type of a picture, "" where it is none.

    >>> picture_kind(b"GIF89a..."), picture_kind(b"<html>")
    ('image/gif', '')
    """
    return next((kind for kind, begins in _BEGINNINGS.items() if re.match(begins, content[:_ENOUGH], re.S)), "")
