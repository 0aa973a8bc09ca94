"""Suppression by itself, against the sums that a reader could make."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engagelab.privacy.cells import ALL, hidden


def hide(sizes, least=5):
    cells = [(key,) for key in sizes] + [(ALL,)]
    n = np.array([*sizes.values(), sum(sizes.values())])
    return dict(zip([*sizes, "all"], hidden(cells, n, np.full(len(n), least)), strict=True))


def test_nobody_is_no_secret():
    assert hide({"a": 0, "b": 9, "c": 9}) == {"a": "", "b": "", "c": "", "all": ""}


def test_a_lone_part_hides_its_total():
    assert hidden([("a",), (ALL,)], np.array([7, 7]), np.array([10, 5])) == ["few", "complement"]


def test_a_hidden_total_does_not_follow_from_its_parts():
    cells = [("a", "x"), ("a", "y"), ("a", ALL), ("b", ALL), (ALL, ALL)]
    why = hidden(cells, np.array([20, 20, 40, 3, 43]), np.array([5] * 5))
    assert why[3] == "few"
    assert why[2] == "complement"
    assert why[0] == "complement"


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_no_sum_leaves_one_unknown_and_no_shown_cell_is_small(sizes):
    found = hide(dict(enumerate(sizes)))
    known = {**dict(enumerate(sizes)), "all": sum(sizes)}
    assert all(why or not 0 < known[key] < 5 for key, why in found.items())
    assert sum(bool(why) for key, why in found.items() if known[key]) != 1 or len([n for n in sizes if n]) == 0
    if not found["all"]:
        secret = sum(known[key] for key, why in found.items() if why)
        assert secret == 0 or secret >= 5
