"""A picture is known by its first bytes, as its format's specification gives them."""

import pytest

from engagelab.sources.pictures import picture_kind

PICTURES = {
    b"\x89PNG\r\n\x1a\n\0\0": "image/png", b"\xff\xd8\xff\xe0\0": "image/jpeg", b"GIF87a..": "image/gif",
    b"GIF89a..": "image/gif", b"RIFF\x1a\n\0\0WEBPVP8 ": "image/webp", b"<svg xmlns='x'>": "image/svg+xml",
    b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a\nlogo --><!DOCTYPE svg PUBLIC "x">\n<svg>': "image/svg+xml"}
OTHERS = [b"", b"\x89PNG", b"GIF88a", b"RIFF\x1a\n\0\0WAVE", b"<html><svg></svg></html>", b"<svgs>", b"BM.."]


@pytest.mark.parametrize("content", PICTURES)
def test_pictures(content):
    assert picture_kind(content) == PICTURES[content]


@pytest.mark.parametrize("content", OTHERS)
def test_what_is_none(content):
    assert picture_kind(content) == ""
