"""What is measured: small frozen objects that say what to sum and how to make an estimate of it.

The same object is measured, followed over time and compared: `rate mean ratio quantile nps csat ces`. Its
columns are names; the table goes to `measure()`. The definitions and their sources stand in `catalogue()`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engagelab import words
from engagelab.errors import UsageError, one_of
from engagelab.metrics import intervals
from engagelab.summaries.moments import Ask, Scale, Sums
from engagelab.summaries.view import Columns

BETTER = ("higher", "lower")
ALIKE = 1e-12  # of a square: what is left of it is the rounding of equal values, and no spread
SURVEY_MIN_N = 5
Adjust = str | Sequence[str] | Mapping[str, str]  # columns, or a dict of these and when each was measured


class NotAColumnName(UsageError, TypeError):
    """A noun was given data where it takes the name of a column."""


@dataclass(frozen=True)
class Estimates:
    """The answer of a noun for each group, as arrays; `method` is one sentence for all."""

    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    se: np.ndarray
    method: str
    count: np.ndarray | None = None
    base: np.ndarray | None = None
    n_eff: np.ndarray | None = None  # where it is not Kish's
    doubt: np.ndarray | None = None  # why there is no interval, or what it means, where the figures do not tell


@dataclass(frozen=True, kw_only=True)
class Noun(ABC):
    """A metric: its `name`, the direction that is `better`, the fewest respondents a cell shows (`min_n`).

    For comparisons: `adjust`, columns known before the start that explain it, with `adjust_dates`, when each was
    measured ("" where it was not told); `margin`, how much worse is still accepted.
    """

    better: str = "higher"
    min_n: int | None = None
    adjust: Adjust = ()
    adjust_dates: tuple[str, ...] = ()
    margin: float | None = None

    def __post_init__(self) -> None:
        one_of("better", self.better, BETTER)
        checked_min_n(self.min_n)
        if self.margin is not None and not (_is_number(self.margin) and 0 < self.margin < math.inf):
            raise UsageError("metrics.margin", value=repr(self.margin))
        told = [self.adjust] if isinstance(self.adjust, str) else self.adjust
        if not isinstance(told, Sequence | Mapping) or not all(isinstance(name, str) and name for name in told):
            raise UsageError("metrics.adjust", value=repr(self.adjust))
        kept = dict(zip(told, self.adjust_dates or [""] * len(told), strict=True))
        dates = told if isinstance(told, Mapping) else kept
        object.__setattr__(self, "adjust", tuple(dates))
        object.__setattr__(self, "adjust_dates", tuple(map(str, dates.values())))

    @property
    @abstractmethod
    def name(self) -> str:
        """What the metric is called where the caller gives it no name."""

    @property
    def hides(self) -> bool:
        """Whether small cells are hidden without being told so."""
        return False

    @property
    def unit(self) -> str:
        """The unit of its estimate, as `engagelab.display.shown` takes it."""
        return "number"

    @abstractmethod
    def ask(self, columns: Columns) -> Ask:
        """What has to be summed, over the names that `columns` gives."""

    @abstractmethod
    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The estimate of each group from its moments."""

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """How the estimate moves with each of its means: (groups, k), from the means (groups, k).

        >>> Nps("score").gradient(np.array([[.5, .2]])).tolist()
        [[100.0, -100.0]]
        >>> Ratio("clicks", "views").gradient(np.array([[2., 8.]])).tolist()
        [[0.125, -0.03125]]
        """
        raise UsageError("metrics.not_of_sums", noun=self.name)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def checked_min_n(min_n: int | None) -> None:
    """Refuse a least number of respondents that is no count."""
    if min_n is not None and (isinstance(min_n, bool) or not isinstance(min_n, int) or min_n < 0):
        raise UsageError("metrics.min_n", value=repr(min_n))


def column_name(noun: str, value: object) -> str:
    """`value`, if it is the name of a column.

    >>> column_name("mean", [1, 2])
    Traceback (most recent call last):
    ...
    engagelab.metrics.nouns.NotAColumnName: mean takes the name of a column, such as el.mean("spend"), not a list; ...
    """
    if isinstance(value, str) and value:
        return value
    raise NotAColumnName("metrics.column_name", noun=noun, type=type(value).__name__)


@dataclass(frozen=True)
class Rate(Noun):
    """A share of rows, from a column of true and false or of 0 and 1; Wilson's interval."""

    column: str

    @property
    def name(self) -> str:
        """The noun and its columns."""
        return f"rate({self.column})"

    @property
    def unit(self) -> str:
        """A fraction, shown in percent."""
        return "share"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        x = columns.number(self.column)
        return Ask((x,), known=x, scale=None if columns.flag(x) else Scale(x, 0, 1))

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The estimate of each group."""
        return share(sums, confidence)

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """1: the estimate is the mean."""
        return np.ones_like(mean)


def share(sums: Sums, confidence: float) -> Estimates:
    """A share of rows from its moments, with the interval of Wilson (1927)."""
    p, n = sums.mean[:, 0], sums.n_eff
    low, high = intervals.wilson(p * n, n, confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Estimates(p, low, high, np.sqrt(p * (1 - p) / n), words.text("metrics.method_wilson"), sums.counts[:, 0])


@dataclass(frozen=True)
class Mean(Noun):
    """A mean of the rows; Student's interval."""

    column: str

    @property
    def name(self) -> str:
        """The noun and its columns."""
        return f"mean({self.column})"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        return Ask((columns.number(self.column),))

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The estimate of each group."""
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = _spread(sums.cov[:, 0, 0], (ALIKE * sums.mean[:, 0]) ** 2)
            se = np.where(sums.n > 1, np.sqrt(spread / (sums.n_eff - 1)), np.nan)
        low, high = intervals.around(sums.mean[:, 0], se, sums.n_eff - 1, confidence)
        return Estimates(sums.mean[:, 0], low, high, se, words.text("metrics.method_t"))

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """1: the estimate is the mean."""
        return np.ones_like(mean)


@dataclass(frozen=True)
class Ratio(Noun):
    """A ratio of two sums, never a mean of ratios; delta method over the rows."""

    numerator: str
    denominator: str

    @property
    def name(self) -> str:
        """The noun and its columns."""
        return f"ratio({self.numerator}, {self.denominator})"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        return Ask((columns.number(self.numerator), columns.number(self.denominator)))

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The estimate of each group."""
        return ratio_of_sums(sums, confidence, words.text("metrics.method_delta"))

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """1/y and -x/y^2."""
        return gradient_of_ratio(mean)


def ratio_of_sums(sums: Sums, confidence: float, method: str) -> Estimates:
    """First value over second, with the linearised standard error (Cochran, Sampling Techniques, 1977, chapter 6)."""
    top, bottom = sums.mean[:, 0], sums.mean[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.where(bottom != 0, top / bottom, np.nan)
        apart = sums.cov[:, 0, 0] + r * r * sums.cov[:, 1, 1]
        spread = _spread(apart - 2 * r * sums.cov[:, 0, 1], ALIKE * apart + (ALIKE * top) ** 2)
        se = np.where(sums.n > 1, np.sqrt(spread / (sums.n_eff - 1)) / np.abs(bottom), np.nan)
    low, high = intervals.around(r, se, sums.n_eff - 1, confidence)
    return Estimates(r, low, high, se, method, sums.totals[:, 0], sums.totals[:, 1])


def gradient_of_ratio(mean: np.ndarray) -> np.ndarray:
    """How first over second moves with each: 1/y and -x/y^2."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.column_stack([1 / mean[:, 1], -mean[:, 0] / mean[:, 1] ** 2])


def _spread(variance: np.ndarray, rounding: np.ndarray) -> np.ndarray:
    """The variance, 0 where it is no more than rounding."""
    return np.where(variance <= rounding, 0.0, variance)


@dataclass(frozen=True)
class Quantile(Noun):
    """The value below which a share `q` of the rows lies; interval from the ranks, for any distribution."""

    column: str
    q: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.q, bool) or not isinstance(self.q, int | float) or not 0 < self.q < 1:
            raise UsageError("metrics.q", value=repr(self.q))

    @property
    def name(self) -> str:
        """The noun and its columns."""
        return f"quantile({self.column}, {self.q:g})"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        return Ask((), known=columns.number(self.column))

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """Refused: no sums tell a quantile, which is read from the counts of values (see `quantiles`)."""
        raise UsageError("metrics.not_of_sums", noun=self.name)


@dataclass(frozen=True)
class Survey(Noun):
    """A score on a scale of whole numbers; cells of fewer than five respondents are hidden."""

    column: str

    @property
    def hides(self) -> bool:
        """Answers of few people could be recognised."""
        return True


@dataclass(frozen=True)
class Nps(Survey):
    """Share of 9 and 10 less share of 0 to 6, in points."""

    interval: str = "score"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("interval", self.interval, intervals.NPS_INTERVALS)

    @property
    def name(self) -> str:
        """The noun and its columns."""
        return f"nps({self.column})"

    @property
    def unit(self) -> str:
        """Points from -100 to 100."""
        return "points"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        x = columns.number(self.column)
        return Ask((f"{x} >= 9", f"{x} <= 6"), known=x, scale=Scale(x, 0, 10))

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The estimate of each group."""
        p, q, n = sums.mean[:, 0], sums.mean[:, 1], sums.n_eff
        low, high = intervals.nps(p * n, q * n, n, confidence=confidence, interval=self.interval)
        with np.errstate(invalid="ignore", divide="ignore"):
            se = 100 * np.sqrt(intervals.nps_variance(p, q, np.ones_like(p)) / n)
        return Estimates(100 * (p - q), low, high, se, words.text(f"metrics.method_nps_{self.interval}"))

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """100 points for promoters, -100 for detractors."""
        return np.broadcast_to([100.0, -100.0], mean.shape)


@dataclass(frozen=True)
class Favourable(Survey):
    """The share of answers among the `top` values of a scale; Wilson's interval."""

    kind: str = "csat"
    top: int = 2
    scale: tuple[int, int] = (1, 5)

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = _scale(self.kind, self.scale)
        if isinstance(self.top, bool) or not isinstance(self.top, int) or not 0 < self.top <= high - low:
            raise UsageError("metrics.top", noun=self.kind, value=repr(self.top), most=high - low)

    @property
    def name(self) -> str:
        """The noun and its columns."""
        return f"{self.kind}({self.column})"

    @property
    def unit(self) -> str:
        """A fraction, shown in percent."""
        return "share"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        x, (low, high) = columns.number(self.column), self.scale
        return Ask((f"{x} >= {high - self.top + 1}",), known=x, scale=Scale(x, low, high))

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The estimate of each group."""
        return share(sums, confidence)

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """1: the estimate is the mean."""
        return np.ones_like(mean)


def _scale(noun: str, scale: object) -> tuple[int, int]:
    whole = isinstance(scale, tuple) and len(scale) == 2 and all(
        isinstance(end, int) and not isinstance(end, bool) for end in scale)
    if whole and scale[0] < scale[1]:  # type: ignore[index]
        return scale  # type: ignore[return-value]
    raise UsageError("metrics.scale", noun=noun, value=repr(scale))


def rate(column: str, *, better: str = "higher", min_n: int | None = None, adjust: Adjust = (),
         margin: float | None = None) -> Rate:
    """The share of rows where `column` is true (or 1); missing values do not count.

    >>> rate("opened").name
    'rate(opened)'
    """
    return Rate(column_name("rate", column), better=better, min_n=min_n, adjust=adjust, margin=margin)


def mean(column: str, *, better: str = "higher", min_n: int | None = None, adjust: Adjust = (),
         margin: float | None = None) -> Mean:
    """The mean of `column`; missing values do not count.

    >>> mean("spend").name
    'mean(spend)'
    """
    return Mean(column_name("mean", column), better=better, min_n=min_n, adjust=adjust, margin=margin)


def ratio(numerator: str, denominator: str, *, better: str = "higher", min_n: int | None = None, adjust: Adjust = (),
          margin: float | None = None) -> Ratio:
    """The sum of `numerator` over the sum of `denominator`, over rows that know both.

    >>> ratio("clicks", "impressions").name
    'ratio(clicks, impressions)'
    """
    return Ratio(column_name("ratio", numerator), column_name("ratio", denominator), better=better, min_n=min_n,
                 adjust=adjust, margin=margin)


def quantile(column: str, q: float = .5, *, better: str = "higher", min_n: int | None = None) -> Quantile:
    """The `q` quantile of `column`, the median where `q` is not said (Hyndman and Fan's type 7, as in pandas).

    >>> quantile("first_reply_minutes", .9, better="lower").name
    'quantile(first_reply_minutes, 0.9)'
    """
    return Quantile(column_name("quantile", column), q, better=better, min_n=min_n)


def nps(column: str, *, interval: str = "score", better: str = "higher", min_n: int | None = None, adjust: Adjust = (),
        margin: float | None = None) -> Nps:
    """Net Promoter Score of answers from 0 to 10, from -100 to 100 points; eNPS where employees answer.

    interval : score (Tango, the default), adjusted_wald, bonett_price, wald or bootstrap.

    >>> nps("recommend").name
    'nps(recommend)'
    """
    return Nps(column_name("nps", column), interval=interval, better=better, min_n=min_n, adjust=adjust, margin=margin)


def csat(column: str, *, top: int = 2, scale: tuple[int, int] = (1, 5), better: str = "higher",
         min_n: int | None = None, adjust: Adjust = (), margin: float | None = None) -> Favourable:
    """The share of satisfied answers: the `top` values of the scale.

    >>> csat("satisfaction").name
    'csat(satisfaction)'
    """
    return Favourable(column_name("csat", column), top=top, scale=scale, better=better, min_n=min_n,
                      adjust=adjust, margin=margin)


def ces(column: str, *, top: int = 3, scale: tuple[int, int] = (1, 7), better: str = "higher", min_n: int | None = None,
        adjust: Adjust = (), margin: float | None = None) -> Favourable:
    """The share who agree that it was easy: the `top` values of the scale; the mean score is `mean()`.

    >>> ces("effort").name
    'ces(effort)'
    """
    return Favourable(column_name("ces", column), kind="ces", top=top, scale=scale, better=better, min_n=min_n,
                      adjust=adjust, margin=margin)
