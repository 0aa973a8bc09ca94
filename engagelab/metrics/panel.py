"""Two waves that partly the same people answered: the estimates of each part, and how they vary together.

A person's influence on an estimate is its gradient times how far the person's values lie from the mean (Taylor
linearisation: Woodruff 1971, JASA 66, 411-414). Who answered twice has one influence on a difference, the sum of both,
so that the error of a change among the same people comes out smaller, as it should. For a mean this is the paired t.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.metrics.intervals import difference_interval
from engagelab.metrics.nouns import ALIKE, Estimates, Noun
from engagelab.summaries.moments import Sums

WHOLE = ("before", "after")
PARTS = ("stayed_before", "stayed_after", "left", "joined")
EQUAL = 1e-7  # of a standard error, whose square has lost every digit: all who stayed moved by the same


@dataclass(frozen=True)
class Panel:
    """A metric in two waves, by group.

    cells : "before" and "after" (all who answered) and the `PARTS`: tables of estimate, low, high, se, count and n.
    errors : standard errors of the change of "all", of those who "stayed", and of what "left" and "joined" make of it.
    correlation : of the estimates of "before" and "after"; positive where those who answered twice answer alike.
    apart : whether those who left, or joined, differ from those who stayed, at the level of confidence for both.
    sums : the moments of "before" and "after" of one group after the other, and of its `PARTS`.
    """

    cells: dict[str, pd.DataFrame]
    errors: dict[str, np.ndarray]
    correlation: np.ndarray
    apart: np.ndarray
    method: str
    sums: tuple[Sums, Sums]


def panel(noun: Noun, values: np.ndarray, group: np.ndarray, after: np.ndarray, person: np.ndarray, size: int,
          confidence: float) -> Panel:
    """What one metric says of each of `size` groups.

    values : (rows, k), all known. group : the code of each row's group. after : whether the row is of the later wave.
    person : a code that two rows share where one person of the group answered both waves; rows come in its order.
    """
    both, wave = np.bincount(person, minlength=1)[person] == 2, after.astype(int)
    codes = 2 * group + wave, 4 * group + wave + np.where(both, 0, 2)
    whole, part = (_sums_of(values, code, many * size) for code, many in zip(codes, (2, 4), strict=True))
    found = [noun.estimates(sums, confidence) for sums in (whole, part)]
    cells = {**_tables(WHOLE, found[0], whole.n), **_tables(PARTS, found[1], part.n)}
    everybody, stayers = (_influence(noun, values, sums, code) for sums, code in zip((whole, part), codes, strict=True))
    stayers = np.where(both, stayers, 0.0)
    first = np.unique(person, return_index=True)[1]

    def product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        each = [np.bincount(person, influence, minlength=1) for influence in (one, other)]
        return np.bincount(group[first], (each[0] * each[1])[:len(first)], minlength=size)

    own, there, here = np.where(after, stayers, -stayers), (stayers - everybody) * ~after, (everybody - stayers) * after
    errors = {name: _error(product(influence, influence), cells[kind]["n"].to_numpy(), cells["before"]["estimate"])
              for name, influence, kind in (("stayed", own, "stayed_before"), ("left", there, "before"),
                                            ("joined", here, "after"))}
    sides = everybody * ~after, everybody * after
    with np.errstate(invalid="ignore", divide="ignore"):
        together = product(*sides) / np.sqrt(product(sides[0], sides[0]) * product(sides[1], sides[1]))
    together = np.clip(np.nan_to_num(together), -1, 1)
    errors["all"] = _error_of_all(cells["before"]["se"].to_numpy(), cells["after"]["se"].to_numpy(), together)
    return Panel(cells, errors, together, _apart(noun.estimates(part, (1 + confidence) / 2)), found[0].method,
                 (whole, part))


def _error_of_all(before: np.ndarray, after: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """The standard error of a difference from those of its two estimates; 0 where it is no more than rounding."""
    error = np.sqrt(np.maximum(before**2 + after**2 - 2 * correlation * before * after, 0.0))
    return np.where(error <= EQUAL * (before + after), 0.0, error)


def _sums_of(values: np.ndarray, code: np.ndarray, size: int) -> Sums:
    """The moments of the rows of each code below `size`."""
    def total(column: np.ndarray) -> np.ndarray:
        return np.bincount(code, column, minlength=size)

    n, k = np.bincount(code, minlength=size), values.shape[1]
    sums = np.column_stack([total(values[:, i]) for i in range(k)])
    with np.errstate(invalid="ignore"):
        mean = sums / n[:, None]
        off = values - mean[code]
        cov = np.stack([np.column_stack([total(off[:, i] * off[:, j]) for j in range(k)]) for i in range(k)], axis=1)
        return Sums(n, n, n, n.astype(float), n.astype(float), mean, cov / n[:, None, None], sums, sums)


def _tables(kinds: tuple[str, ...], found: Estimates, n: np.ndarray) -> dict[str, pd.DataFrame]:
    """The estimates of each kind, a row a group."""
    count = np.full(len(n), np.nan) if found.count is None else found.count
    table = pd.DataFrame({"estimate": found.estimate, "low": found.low, "high": found.high, "se": found.se,
                          "count": count, "n": n})
    return {kind: table.iloc[place::len(kinds)].reset_index(drop=True) for place, kind in enumerate(kinds)}


def _influence(noun: Noun, values: np.ndarray, sums: Sums, code: np.ndarray) -> np.ndarray:
    """By how much each row moves the estimate of its cell."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return ((values - sums.mean[code]) * noun.gradient(sums.mean)[code]).sum(axis=1) / sums.n[code]


def _error(square: np.ndarray, n: np.ndarray, scale: pd.Series) -> np.ndarray:
    """The standard error from the sum of squared influences of n people; 0 where it is no more than rounding."""
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(square * n / (n - 1))
    return np.where(n > 1, np.where(error <= ALIKE * np.abs(scale), 0.0, error), np.nan)


def _apart(found: Estimates) -> np.ndarray:
    """Whether left or joined differ from the stayers in the same wave, from their intervals."""
    ends = [np.reshape(end, (-1, len(PARTS))) for end in (found.estimate, found.low, found.high)]
    stayed_before, stayed_after, left, joined = ([end[:, place] for end in ends] for place in range(len(PARTS)))
    bounds = [difference_interval(*stayed, *others)[1:] for stayed, others in (
        (stayed_before, left), (stayed_after, joined))]
    return np.logical_or.reduce([(low > 0) | (high < 0) for low, high in bounds])
