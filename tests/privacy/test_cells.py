"""Suppression by itself, against the sums that a reader could make."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.metrics.unanimity import alike
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


def cube(shape, draw):
    """The cells of a table with all its totals, and their sizes."""
    inner = {keys: int(draw()) for keys in product(*(range(size) for size in shape))}
    cells = list(product(*([*range(size), ALL] for size in shape)))
    sizes = [sum(n for keys, n in inner.items() if all(key in (ALL, own) for key, own in zip(cell, keys, strict=True)))
             for cell in cells]
    return cells, np.array(sizes)


def solved(cells, n, why):
    """The hidden cells that the shown ones determine, by exact elimination."""
    unknown = [at for at, reason in enumerate(why) if reason]
    rows = []
    for at, cell in enumerate(cells):
        for level in (level for level, key in enumerate(cell) if key is ALL):
            parts = [other for other, keys in enumerate(cells) if keys[level] is not ALL and n[other] > 0
                     and (*keys[:level], ALL, *keys[level + 1:]) == cell]
            rows.append([Fraction((place in parts) - (place == at)) for place in unknown])
    pivots = []
    for column in range(len(unknown)):
        found = next((row for row in rows if row[column]), None)
        if found is None:
            continue
        rows.remove(found)
        found = [value / found[column] for value in found]
        rows, pivots = ([[value - row[column] * own for value, own in zip(row, found, strict=True)]
                         if row[column] else row for row in group] for group in (rows, pivots))
        pivots.append(found)
    return {unknown[row.index(1)] for row in pivots if sum(map(bool, row)) == 1}


@pytest.mark.parametrize("shape, few", [((5, 6), .15), ((4, 5), .2), ((3, 3, 4), .1), ((3, 3, 3), .3)])
def test_no_small_cell_is_solved_by_all_sums_together(shape, few):
    rng = np.random.default_rng(20)
    for _ in range(40):
        cells, n = cube(shape, lambda: rng.integers(0 if few > .2 else 5, 10) if rng.random() < few
                        else rng.integers(10, 60))
        least = np.array([10 if sum(key is not ALL for key in cell) > 1 else 5 for cell in cells])
        why = hidden(cells, n, least)
        assert all(why[at] for at in range(len(cells)) if 0 < n[at] < least[at])
        assert not [at for at in solved(cells, n, why) if n[at] < least[at]]


def test_a_cell_between_two_hidden_squares_is_solved_unless_a_neighbour_is_hidden_too():
    # the first two lines less the first two columns leave the 6, though each of its sums hides three cells
    cells, n = cube((4, 4), iter([8, 7, 30, 31, 9, 8, 6, 33, 41, 40, 8, 9, 35, 52, 7, 8]).__next__)
    least = np.full(len(n), 10)
    few = ["few" if size < 10 else "" for size in n]
    assert [int(n[at]) for at in solved(cells, n, few)] == [6]
    why = hidden(cells, n, least)
    assert [cell for cell, reason in zip(cells, why, strict=True) if reason == "complement"] == [(0, 2)]
    assert not solved(cells, n, why)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_no_sum_leaves_one_unknown_and_no_shown_cell_is_small(sizes):
    found = hide(dict(enumerate(sizes)))
    known = {**dict(enumerate(sizes)), "all": sum(sizes)}
    assert all(why or not 0 < known[key] < 5 for key, why in found.items())
    assert sum(bool(why) for key, why in found.items() if known[key]) != 1 or len([n for n in sizes if n]) == 0
    if not found["all"]:
        secret = sum(known[key] for key, why in found.items() if why)
        assert secret == 0 or secret >= 5


def test_hidden_parts_whose_sizes_can_add_up_in_one_way_only_take_another_with_them():
    assert hide({"a": 4, "b": 4, "c": 6, "d": 30}) == {"a": "few", "b": "few", "c": "complement", "d": "", "all": ""}
    assert hide({"a": 1, "b": 5, "c": 6, "d": 30}) == {"a": "few", "b": "complement", "c": "complement", "d": "",
                                                      "all": ""}


def test_parts_that_may_be_the_same_people_need_a_part_of_enough():
    cells = [("1",), ("2",), ("3",), (ALL,)]  # the same three people in two waves
    assert hidden(cells, np.array([3, 3, 9, 9]), np.full(4, 5))[2] == "complement"
    assert hidden(cells, np.array([3, 3, 9, 15]), np.full(4, 5))[2] == ""


def test_a_total_over_two_keys_gives_nothing_away_where_the_totals_between_are_lacking():
    cells = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), (ALL, ALL)]
    assert hidden(cells, np.array([3, 9, 8, 30, 50]), np.full(5, 5)) == ["few", "", "complement", "", ""]


def answered(kinds):
    counts = np.array(kinds)
    return lambda places, unsaid: alike(pd.DataFrame(counts, columns=["kind_0", "kind_1"]))(places, unsaid)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=4))
def test_what_each_said_in_a_small_or_masked_part_has_more_than_one_solution(parts):
    kinds = [pair for pair in parts if sum(pair)]
    if not kinds:
        return
    kinds.append((sum(yes for yes, _ in kinds), sum(no for _, no in kinds)))
    n = np.array([yes + no for yes, no in kinds])
    why = hidden([*((i,) for i in range(len(kinds) - 1)), (ALL,)], n, np.full(len(n), 3), answered(kinds))
    secret = [i for i, reason in enumerate(why[:-1]) if reason]
    if why[-1] or not secret:
        return

    def possible(i):
        size, yes = n[i], kinds[i][0]
        sizes = {"few": range(1, 3), "complement": range(3, 21)}.get(why[i], [size])
        for m in sizes:
            for k in range(m + 1):
                near = min(k, m - k) <= 1
                if why[i] in ("few", "complement") or (why[i] == "beside" and not near) or (
                        why[i] == "alike" and near and (2 * k >= m) == (2 * yes >= size)):
                    yield m, k
    options = [list(possible(i)) for i in secret]
    whole = (sum(n[i] for i in secret), sum(kinds[i][0] for i in secret))
    for at, i in enumerate(secret):
        reach = {(0, 0)}
        for other in options[:at] + options[at + 1:]:
            reach = {(m + a, k + b) for m, k in reach for a, b in other if m + a <= whole[0] and k + b <= whole[1]}
        left = [(m, k) for m, k in options[at] if (whole[0] - m, whole[1] - k) in reach]
        assert (n[i], kinds[i][0]) in left
        if why[i] in ("few", "alike"):
            assert len(left) > 1


@pytest.mark.parametrize("shape", [(3, 3), (4, 4), (3, 5)])
def test_no_two_small_cells_are_told_together(shape):
    rng = np.random.default_rng(7)
    for _ in range(30):
        cells, n = cube(shape, lambda: rng.integers(1, 4) if rng.random() < .3 else rng.integers(5, 15))
        why = hidden(cells, n, np.full(len(n), 5))
        unknown = [at for at, reason in enumerate(why) if reason]
        rows = []
        for cell in cells:
            for level in (level for level, key in enumerate(cell) if key is ALL):
                rows.append([(keys[level] is not ALL and (*keys[:level], ALL, *keys[level + 1:]) == cell)
                             - (keys == cell) for keys in (cells[at] for at in unknown)])
        rank = np.linalg.matrix_rank(np.array(rows, dtype=float)) if unknown else 0
        for one, other in combinations(range(len(unknown)), 2):
            if n[unknown[one]] + n[unknown[other]] < 5:
                both = [at in (one, other) for at in range(len(unknown))]
                assert np.linalg.matrix_rank(np.array([*rows, both], dtype=float)) > rank
