"""The Japanese edition tells the same numbers as the English one, in Japanese."""

import html
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from engagelab.notebook.editions import commented
from engagelab.notebook.tags import tags

ENGLISH = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(ENGLISH.glob("*.ipynb"))
NUMBER = re.compile(r"(\d(?:[\d,]*\d)?(?:\.\d+)?)\s?(k|M|B|T|万|億|兆)?(?![A-Za-z])")
SIZES = {"": 1, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "万": 1e4, "億": 1e8, "兆": 1e12}
SPELLED = 1000  # what English writes out (half, two, forty days, a thousand heads) stands in digits in Japanese
ENGLISH_WORDS = re.compile(r"(?:[A-Za-z][a-z']+[ ,]+){3}[a-z]+")


def texts(cell):
    """What the outputs of a cell say, as plain text."""
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        said = data.get("text/markdown") or data.get("text/html") or data.get("text/plain") or output.get("text", "")
        yield html.unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", said, flags=re.DOTALL))


def numbers(cell):
    """The numbers that a cell prints, whatever words for millions its language has."""
    found = (NUMBER.findall(text) for text in texts(cell))
    return Counter(float(f"{float(digits.replace(',', '')) * SIZES[size]:.6g}")
                   for one in found for digits, size in one)


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def editions(request):
    return [nbformat.read(path, as_version=4) for path in (request.param, ENGLISH / "ja" / request.param.name)]


def test_the_code_is_the_same(editions):
    english, japanese = editions
    assert [cell.cell_type for cell in english.cells] == [cell.cell_type for cell in japanese.cells]
    assert [tags(cell) for cell in english.cells] == [tags(cell) for cell in japanese.cells]
    assert [commented(cell.source) for cell in english.cells if cell.cell_type == "code"] == [
        cell.source for cell in japanese.cells if cell.cell_type == "code"]


def test_every_number_is_the_same(editions):
    for place, (english, japanese) in enumerate(zip(editions[0].cells, editions[1].cells, strict=True)):
        told, more = numbers(english) - numbers(japanese), numbers(japanese) - numbers(english)
        assert not told, (place, told)
        assert all(number == .5 or (number == int(number) and number <= SPELLED) for number in more), (place, more)


def test_as_many_pictures_are_drawn(editions):
    drawn = [["image/png" in output.get("data", {}) for cell in edition.cells for output in cell.get("outputs", ())]
             for edition in editions]
    assert drawn[0] == drawn[1]


def test_no_english_sentence_is_left(editions):
    for place, cell in enumerate(editions[1].cells):
        for text in [cell.source] if cell.cell_type == "markdown" else texts(cell):
            assert not ENGLISH_WORDS.search(text), (place, ENGLISH_WORDS.search(text))
