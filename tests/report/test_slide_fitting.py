"""No text is larger than its box, and none of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from engagelab.report.fitting import CELL, GAP, fit, height_of, laid_out, right
from engagelab.report.parts import Grid

WORDS = st.lists(st.text(st.sampled_from("ab cd長い、。0123"), min_size=1, max_size=300).map(str.strip).filter(bool),
                 min_size=1, max_size=8)


@given(WORDS, st.floats(2, 12), st.floats(.4, 5))
def test_every_box_holds_its_lines_and_all_is_said(lines, width, height):
    size, pages = fit(lines, width, height, (20, 14, 10))
    assert "".join("".join(page) for page in pages).replace(" ", "") == "".join(lines).replace(" ", "")
    assert all(height_of(page, size, width) <= height or len(page) == 1 for page in pages)
    assert size == 10 or len(pages) == 1


def test_the_largest_size_that_fits_is_taken():
    assert fit(["x" * 40], 4, 2, (40, 20, 10))[0] == 20
    assert fit([], 4, 2, (40, 20)) == (40, [])


@pytest.mark.parametrize("text", ["The quick brown fox jumps over the lazy dog", "+¥547,479 (+¥276,986 to"])
def test_letters_are_not_taken_to_be_narrower_than_a_font_draws_them(text):
    drawn = TextPath((0, 0), text, size=72, prop=FontProperties(family="DejaVu Sans")).get_extents().width / 72
    reckoned = height_of([text] * 1, 72, .21 + drawn * .9) / 72   # in a box a little narrower it needs a second line
    assert reckoned > height_of(["x"], 72, 10) / 72


@given(st.lists(st.lists(st.text(st.sampled_from("ab 長1"), max_size=60), min_size=3, max_size=3), min_size=1,
                max_size=30), st.floats(1, 5))
def test_a_table_stays_in_its_room(rows, height):
    widths, size, heights, kept = laid_out(Grid(["a", "b", "c"], rows), 12, height)
    assert sum(widths) <= 12.001
    assert len(heights) == len(kept) + 1
    assert kept == rows[:len(kept)]
    assert sum(heights) <= height or len(kept) == 1
    assert all(height_of([text], size, width - CELL + .2) + GAP <= high + 1e-9
               for row, high in zip(kept, heights[1:], strict=True) for text, width in zip(row, widths, strict=True))


def test_columns_of_figures_stand_at_the_right():
    rows = [["2", "+¥1,2", "2026-04", "x"], ["3", "–", "2026-05", "1"]]
    assert [right(rows, place) for place in range(4)] == [False, True, False, False]
