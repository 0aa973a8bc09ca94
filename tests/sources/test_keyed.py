"""A report of keys and values becomes a table, and each of its lines is kept."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.sources import keyed

LINE = st.lists(st.text(st.sampled_from("ab:1 ,(%)"), max_size=6), max_size=4)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(LINE, st.sampled_from([["Overall Stats"], ["Combination 1 Stats"], ["Title:", "x"]]))))
def test_no_line_of_a_report_is_lost(lines):
    told = list(enumerate([["Campaign Report"], *lines], 1))
    header, *rows = keyed.table(told)
    filled = [(line, [cell.strip() for cell in cells if cell.strip()]) for line, cells in told[1:]]
    kept = {line for line, _ in rows}
    for line, cells in filled:
        paired = len(cells) <= 2 and bool(cells) and cells[0].endswith(":")
        assert not cells or line in kept or paired
    assert all(len(cells) in (1, len(header[1])) for _, cells in rows)


def test_a_key_that_stands_twice_in_a_section_keeps_its_first_value_and_its_second_line():
    lines = [(1, ["Campaign Report"]), (2, ["Title:", "A"]), (3, ["Title:", "B"])]
    assert keyed.table(lines) == [(1, ["Section", "Title"]), (1, ["", "A"]), (3, ["Title: | B"])]
