"""Signals as the columns of a logistic regression, and chances from fits that have not seen the row.

Each row is scored by a fit on the other folds, and that score is turned into a chance by a second fit (Platt 1999,
Advances in Large Margin Classifiers, 61-74) on scores which are out of sample themselves and in which the row's fold
has no part: so what is reported of the chances holds for rows to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, named, shown
from engagelab.errors import DataError, UsageError
from engagelab.metrics.calibration import ended
from engagelab.metrics.logistic import Logistic, expit, logistic, logit
from engagelab.privacy.ids import check_ids
from engagelab.privacy.pseudonyms import keyed
from engagelab.summaries.frames import numbers

RIDGE = .16          # 1 / 2.5 squared: an odds ratio of 12 for one standard deviation is still plausible
SKEWED = 1.0         # skewness from which on counts are taken on a logarithm
RARE, RAREST = .01, 10   # a level with fewer rows than this share, or this number, goes to "other"; a column in which
#                        fewer rows than this number differ from the others is not learned from
MARK = .5                # the size of yes and no, whatever the share: a rare mark shall not count for more
FEWEST = 10          # of either outcome, below which nothing is learned
OTHER = "(other)"    # the level of the rare ones, and of what was never learned from


@dataclass(frozen=True)
class Signal:
    """How a column is read: `kind` number, log, yes or category; its `levels`; what is put where it is missing."""

    name: str
    kind: str
    fill: float
    levels: tuple[str, ...]
    has_missing: bool
    n_missing: int

    @property
    def parts(self) -> list[str]:
        """What its columns stand for: "" for the number itself, a level, or what is missing."""
        return [*(self.levels[1:] if self.kind == "category" else [""]),
                *([words.text("metrics.missing")] if self.has_missing else [])]

    def columns(self, table: pd.DataFrame) -> np.ndarray:
        """Its columns for a table, a row a row."""
        if self.kind == "category":
            found = self.texts(table)
            out = [found == one for one in self.levels[1:]]  # the first is what they are compared with
            missing = found.isna()
        else:
            values = numbers(table, [self.name])[self.name]
            if self.kind == "log" and (values < 0).any():
                row = int(np.argmax((values < 0).to_numpy()))
                raise DataError("leads.below", column=repr(self.name), row=row + 1, value=f"{values.iloc[row]:g}")
            missing = values.isna()
            out = [(np.log1p(values) if self.kind == "log" else values).fillna(self.fill)]
        out += [missing] if self.has_missing else []
        return np.column_stack([column.to_numpy(dtype="float64") for column in out])

    def texts(self, table: pd.DataFrame) -> pd.Series:
        """The levels of a category, the rare and the unknown as "other"."""
        found = table[self.name].astype("object").map(str, na_action="ignore")
        return found.where(found.isna() | found.isin(self.levels), OTHER)

    def told(self, table: pd.DataFrame) -> list[str]:
        """Its values in words."""
        if self.kind == "category":
            return [words.text("metrics.missing") if pd.isna(value) else level(value) for value in self.texts(table)]
        values = numbers(table, [self.name])[self.name]
        if self.kind == "yes":
            return [words.text({1.0: "leads.is_true", 0.0: "leads.is_false"}.get(value, "metrics.missing"))
                    for value in values]
        return [words.text("metrics.missing") if np.isnan(value) else shown(value, "count" if value == round(
            value) else "number") for value in values]


def signal(table: pd.DataFrame, name: str) -> Signal:
    """How the column is read, from the rows that are learned from.

    >>> signal(pd.DataFrame({"views": [0, 1, 1, 2, 40, None]}), "views")
    Signal(name='views', kind='log', fill=1.239..., levels=(), has_missing=True, n_missing=1)
    """
    column = table[name]
    gaps = int(column.isna().sum())
    if column.dtype.kind in "mM":
        raise UsageError("leads.time", column=repr(name))
    known = column.dropna()
    if not pd.api.types.is_numeric_dtype(column) and not all(isinstance(value, Number) for value in known):
        counts = known.map(str).value_counts()
        counts = counts.sort_index().sort_values(ascending=False, kind="stable")
        common = counts[counts >= max(RARE * len(table), RAREST)].index
        levels = [*common, *([OTHER] if len(common) < len(counts) else [])]
        return Signal(name, "category", 0.0, tuple(levels), gaps > 0, gaps)
    values = numbers(table, [name])[name].dropna()
    if values.isin([0, 1]).all():
        return Signal(name, "yes", float(values.mean()) if len(values) else 0.0, (), gaps > 0, gaps)
    kind = "log" if values.min() >= 0 and float(values.to_frame().skew().iloc[0]) > SKEWED else "number"
    values = np.log1p(values) if kind == "log" else values
    return Signal(name, kind, float(values.mean()), (), gaps > 0, gaps)


@dataclass(frozen=True)
class Design:
    """Signals as columns around their mean, after a column of ones: numbers in standard deviations of the rows that
    were learned from, marks (flags, levels, what is missing) in halves of the way from no to yes (Gelman 2008,
    Statistics in Medicine 27, 2865-2873). `kept` says of each column of the signals whether it is among them."""

    signals: tuple[Signal, ...]
    kept: np.ndarray
    mean: np.ndarray
    size: np.ndarray

    @property
    def parts(self) -> list[tuple[int, str]]:
        """Of each column but the ones the place of its signal and what it stands for."""
        every = [(place, part) for place, one in enumerate(self.signals) for part in one.parts]
        return [one for one, kept in zip(every, self.kept, strict=True) if kept]

    @property
    def owner(self) -> np.ndarray:
        """The place of the signal to which each column belongs; the ones are left out."""
        return np.array([place for place, _ in self.parts])

    def matrix(self, table: pd.DataFrame) -> np.ndarray:
        """The columns for a table."""
        raw = np.column_stack([one.columns(table) for one in self.signals])[:, self.kept]
        return np.column_stack([np.ones(len(table)), (raw - self.mean) / self.size])

    def why(self, table: pd.DataFrame, weights: np.ndarray, most: int = 3, least: float = .1) -> list[str]:
        """What moves each row most from the mean, in words: up to `most` signals that move the odds by `least`."""
        first = np.unique(self.owner, return_index=True)[1]
        moved = np.add.reduceat(self.matrix(table)[:, 1:] * weights, first, axis=1)
        told = [one.told(table) for one in self.signals]
        out = []
        for row, by in enumerate(moved):
            order = [i for i in np.argsort(-np.abs(by), kind="stable")[:most] if abs(by[i]) >= least]
            parts = [(key, words.joined(words.text("leads.value", name=label(self.signals[i].name), value=told[i][row])
                                        for i in order if (by[i] > 0) == up))
                     for key, up in (("leads.raises", True), ("leads.lowers", False))]
            out.append(words.text("money.semicolon").join(words.text(key, what=what) for key, what in parts if what)
                       or words.text("leads.average"))
        return out


def level(value: str) -> str:
    """A level as a person reads it.

    >>> level("(other)"), level("seminar")
    ('(other)', 'seminar')
    """
    return words.text("leads.other") if value == OTHER else value


def label(name: str) -> str:
    """A signal as a person reads it.

    >>> label("price_page")
    'price page'
    """
    said = named(name, "driver")
    return heading(name) if said == name else said


def design(table: pd.DataFrame, names: Sequence[str]) -> tuple[Design, list[str]]:
    """The columns of the signals in which enough rows differ from the others to learn from, and what is left out.

    >>> rows = pd.DataFrame({"views": [1.0, 3.0] * 10, "site": "a"})
    >>> made, left = design(rows, ["views", "site"])
    >>> made.matrix(pd.DataFrame({"views": [2.0, 3.0]})).tolist(), left
    ([[1.0, 0.0], [1.0, 1.0]], ['site'])
    """
    found, keeps, left, means, sizes = [], [], [], [], []
    for name in names:
        one = signal(table, name)
        raw = one.columns(table) if one.parts else np.ones((len(table), 0))
        unit = np.maximum(np.abs(raw).max(axis=0, initial=0), 1)   # or the squares of huge numbers would be infinite
        keep = np.array([differing(column) >= RAREST for column in (raw / unit).T], dtype=bool)
        value = np.array([part == "" and one.kind in ("number", "log") for part in one.parts], dtype=bool)
        if not keep.any():
            left.append(label(name))
            continue
        left += [f"{label(name)} {level(part)}".rstrip() for part, kept in zip(one.parts, keep, strict=True)
                 if not kept]
        found.append(one)
        keeps.append(keep)
        means.append(((raw / unit).mean(axis=0) * unit)[keep])
        sizes.append(np.where(value, (raw / unit).std(axis=0) * unit, MARK)[keep])
    if not found:
        raise DataError("leads.constant", columns=words.joined(map(repr, names)), least=RAREST)
    return Design(tuple(found), np.concatenate(keeps), np.concatenate(means), np.concatenate(sizes)), left


def differing(column: np.ndarray) -> int:
    """How many rows have not the most common value.

    >>> differing(np.array([0, 0, 0, 5, 7]))
    2
    """
    return len(column) - int(np.unique(column.round(12), return_counts=True)[1].max(initial=0))


def by_user(table: pd.DataFrame, user: str) -> pd.DataFrame:
    """The rows in the order of their users, so that the order in which they came changes nothing.

    >>> by_user(pd.DataFrame({"user_id": ["b", "a"]}), "user_id")["user_id"].tolist()
    ['a', 'b']
    """
    if table[user].isna().any():
        raise DataError("segments.no_user", column=repr(user), row=int(table[user].isna().argmax()) + 1,
                        n=int(table[user].isna().sum()))
    check_ids(pd.Index(table[user].astype("str")))
    return table.sort_values(user, key=lambda users: users.map(str), kind="stable", ignore_index=True)


def outcomes(table: pd.DataFrame, outcome: str) -> pd.Series:
    """How each row ended, 1, 0 or NaN, if enough ended either way to learn from.

    >>> outcomes(pd.DataFrame({"won": [True, False] * 10 + [None]}), "won").sum()
    np.float64(10.0)
    """
    did = ended(numbers(table, [outcome], scale=(0, 1))[outcome], outcome)
    for key, n in (("leads.few_true", int(did.sum())), ("leads.few_false", int((did == 0).sum()))):
        if n < FEWEST:
            raise DataError(key, column=repr(outcome), n=n, least=FEWEST)
    return did


def checked(names: Sequence[str], user: str, outcome: str | None, own: Sequence[str], folds: int, seed: int) -> None:
    """Refuse arguments that do not go together; `own` are the columns that the answer adds."""
    for column in filter(None, (outcome, user)):
        if column in names or (column == user == outcome):
            raise UsageError("leads.among", column=repr(column))
        if column in own:
            raise UsageError("metrics.reserved", column=repr(column))
    for name, value, least, most in (("folds", folds, 3, 50), ("seed", seed, 0, 2**32 - 1)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise UsageError("leads.whole", name=name, least=least, most=most, value=repr(value))


def folds_of(users: pd.Series, did: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold of each row, by a hash of its user, as many who did in each: the order of the rows changes nothing.

    >>> np.bincount(folds_of(pd.Series(list("abcdefghij")), np.repeat([1, 0], 5), 5, 0)).tolist()
    [2, 2, 2, 2, 2]
    """
    codes, unique = pd.factorize(users)
    if len(unique) < FEWEST:
        raise DataError("leads.few_users", column=repr(users.name), n=len(unique), least=FEWEST)
    once = pd.DataFrame({"did": np.zeros(len(unique))})
    once["did"] = pd.Series(did).groupby(codes).max()
    once["hash"] = [keyed(str(user), f"folds {seed:>10}") for user in unique]
    place = once.sort_values("hash").groupby("did").cumcount().sort_index().to_numpy()
    return (place % folds)[codes]


@dataclass(frozen=True)
class Fitted:
    """A fit on all rows, the turn of its score into a chance, and the chance of each row out of sample."""

    fit: Logistic
    platt: Logistic
    chance: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """What a standard deviation of each column adds to the score of the chance."""
        return self.fit.coefficients[1:] * self.platt.coefficients[1]

    def chances(self, matrix: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The chances of rows with the ends of their intervals: how far the fit may be off, not how a row may end."""
        level, slope = self.platt.coefficients
        plain = matrix @ self.fit.coefficients
        score, turned = level + slope * plain, np.column_stack([np.ones(len(plain)), plain])
        spread = slope**2 * np.einsum("ij,jk,ik->i", matrix, self.fit.covariance, matrix)
        spread += np.einsum("ij,jk,ik->i", turned, self.platt.covariance, turned)   # turning scores has its error too
        half = z * np.sqrt(spread)
        return expit(score), expit(score - half), expit(score + half)


def cross_fitted(matrix: np.ndarray, did: np.ndarray, fold: np.ndarray, *, rising: bool = False) -> Fitted:
    """The fit, its calibration, and out-of-sample chances, from a fit without each fold and without each two."""
    whole = logistic(matrix, did, ridge=RIDGE, rising=rising)
    last = int(fold.max())

    def without(*left: int) -> np.ndarray:
        rows = ~np.isin(fold, left)
        return logistic(matrix[rows], did[rows], ridge=RIDGE, start=whole.coefficients, rising=rising).coefficients

    inner, outer = np.zeros((last + 1, len(did))), np.zeros(len(did))   # inner[k]: scores by fits that left k out too
    for one in range(last + 1):
        outer[fold == one] = matrix[fold == one] @ without(one)
        for other in range(one + 1, last + 1):
            theta = without(one, other)
            inner[one, fold == other] = matrix[fold == other] @ theta
            inner[other, fold == one] = matrix[fold == one] @ theta
    chance = np.empty(len(did))
    for one in range(last + 1):
        here = fold == one
        level, slope = platt(inner[one, ~here], did[~here]).coefficients
        chance[here] = expit(level + slope * outer[here])
    return Fitted(whole, platt(outer, did), chance)


def platt(score: np.ndarray, did: np.ndarray) -> Logistic:
    """The constant and the slope that turn scores into chances; scores that say the reverse say nothing: slope 0.

    >>> platt(np.array([-1.0, 1.0, 1.0]), np.array([1, 0, 0])).coefficients.round(2).tolist()
    [-0.45, 0.0]
    """
    ones, zeros = did.sum(), (1 - did).sum()
    targets = np.where(did > 0, (ones + 1) / (ones + 2), 1 / (zeros + 2))   # Platt's, so that there is always an end
    fit = logistic(np.column_stack([np.ones(len(score)), score]), targets)
    if fit.coefficients[1] > 0:
        return fit
    share = targets.mean()
    return Logistic(np.array([float(logit(share)), 0.0]), np.diag([1 / (len(did) * share * (1 - share)), 0.0]), True)
