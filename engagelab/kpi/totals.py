"""What a tree counts and adds up: amounts, rows and people, where a metric is a level or a share.

How many rows come is itself chance, so that a total's error counts them as Poisson does: the sum of squares.
"""

from dataclasses import dataclass

import numpy as np

from engagelab import words
from engagelab.errors import UsageError
from engagelab.metrics import intervals
from engagelab.metrics.nouns import Estimates, Noun, column_name
from engagelab.summaries.moments import Ask, Sums
from engagelab.summaries.view import Columns


@dataclass(frozen=True)
class Total(Noun):
    """A sum over rows, which adds up over segments and periods."""

    column: str

    @property
    def name(self) -> str:
        """The noun and its column."""
        return f"total({self.column})"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        return Ask((columns.number(self.column),))

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The sum of each group, with the error of a compound Poisson sum."""
        se = np.sqrt(sums.n * (sums.cov[:, 0, 0] + sums.mean[:, 0] ** 2))
        low, high = intervals.around(sums.totals[:, 0], se, np.full(len(se), np.inf), confidence)
        return Estimates(sums.totals[:, 0], low, high, se, words.text("kpi.method_total"))

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """1: of the mean of its rows."""
        return np.ones_like(mean)


@dataclass(frozen=True)
class Rows(Noun):
    """How many rows there are."""

    @property
    def name(self) -> str:
        """What is counted."""
        return "rows()"

    @property
    def unit(self) -> str:
        """A whole number."""
        return "count"

    def ask(self, columns: Columns) -> Ask:
        """Nothing but the rows."""
        return Ask((), known="1")

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The number of rows, with Poisson's error."""
        n = sums.n.astype(float)
        low, high = intervals.around(n, np.sqrt(n), np.full(len(n), np.inf), confidence)
        return Estimates(n, low, high, np.sqrt(n), words.text("kpi.method_total"))


@dataclass(frozen=True)
class Users(Rows):
    """How many different people have a row."""

    @property
    def name(self) -> str:
        """What is counted."""
        return "users()"

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """Refused: rows alone do not tell how many people they are of."""
        raise UsageError("metrics.not_of_sums", noun=self.name)


@dataclass(frozen=True)
class PerUser(Noun):
    """How much, or how many rows, there is of each of the people who have any."""

    column: str | None = None

    @property
    def name(self) -> str:
        """The noun and its column."""
        return f"per_user({self.column or ''})"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        return Ask((columns.number(self.column),)) if self.column else Ask((), known="1")

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """Refused: rows alone do not tell how many people they are of."""
        raise UsageError("metrics.not_of_sums", noun=self.name)

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """1: the estimate is a mean over people."""
        return np.ones_like(mean)


ADDED_UP, OF_USERS = (Total, Rows), (Users, PerUser)


def total(column: str, *, better: str = "higher") -> Total:
    """A sum over rows: sales, costs, messages, or a column of true and false.

    >>> import pandas as pd
    >>> from engagelab.metrics.measure import measure
    >>> measure(pd.DataFrame({"amount": [10.0, 14.0]}), total("amount"))[["estimate", "se"]].round(1).values.tolist()
    [[24.0, 17.2]]
    """
    return Total(column_name("total", column), better=better)


def rows(*, better: str = "higher") -> Rows:
    """How many rows there are: orders, messages, visits.

    >>> rows().name
    'rows()'
    """
    return Rows(better=better)


def users(*, better: str = "higher") -> Users:
    """How many different people have a row, on a tree that is told `user=`.

    >>> users().name
    'users()'
    """
    return Users(better=better)


def per_user(column: str | None = None, *, better: str = "higher") -> PerUser:
    """What there is per person who has any: rows, or an amount, on a tree that is told `user=`.

    >>> per_user().name, per_user("amount").name
    ('per_user()', 'per_user(amount)')
    """
    return PerUser(column_name("per_user", column) if column is not None else None, better=better)
