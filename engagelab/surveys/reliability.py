"""Do the items of a score measure one thing? Cronbach's alpha, McDonald's omega, and each item against the others.

Alpha: Cronbach (1951, Psychometrika 16, 297-334), its interval: Feldt (1965, Psychometrika 30, 357-370), exact where
answers are normal and items equally good. Omega: McDonald (1999, Test Theory, chapter 6), of one factor fitted to the
correlations by maximum likelihood (Joreskog 1967, Psychometrika 32, 443-482), its interval by the delta method on the
logit scale (Raykov and Marcoulides 2011, Introduction to Psychometric Theory, chapter 7). In R: psych::alpha and fa.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, one_of
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import page, plain, rounded
from engagelab.metrics.nouns import SURVEY_MIN_N
from engagelab.metrics.shares import answered
from engagelab.summaries.frames import fetched, listed, numbers
from engagelab.surveys.scores import reversed_of

DUST = 1e-6             # correlations and loadings nearer to 0 have no direction
LEAST_UNIQUE = .005     # of an item's variance; a fit that wants less is a Heywood case
METRICS = ("alpha", "alpha_standardised", "omega")
ITEM = ("alpha_if_dropped", "item_rest", "loading", "mean", "sd")


@dataclass(frozen=True)
class Reliability:
    """How well items agree: `.frame`, an answer with alpha and omega; `.items`, a row an item; `.notes`."""

    frame: pd.DataFrame
    items: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    def cells(self) -> list[pd.DataFrame]:
        """Both tables as they are looked at: rounded."""
        return [rounded(self.frame, ["metric", "estimate", "interval", "n", "n_missing", "flag"]),
                rounded(self.items, ["item", *ITEM, "n", "flag"])]

    def __repr__(self) -> str:
        return plain(self.cells(), self.notes)

    def _repr_html_(self) -> str:
        return page(self.cells(), self.notes)


def reliability(data: Any, items: Sequence[str], *, reverse: Sequence[str] = (), missing: str = "listwise",
                confidence: float = .95) -> Reliability:
    """Alpha and omega of items that are to make up one score, and what each item does to them.

    data : a row a respondent, a column an item (see `wide`); whatever `measure()` takes.
    reverse : items worded the other way round.
    missing : "listwise" leaves out who did not answer every item. "pairwise" takes each covariance from those who
        answered both items; `n` is then everybody who answered any, and the intervals rest on `n_eff`, the mean number
        who answered both items of a pair. (pingouin's rest on n, and hold alpha in 79 % where 40 % of answers lack.)

    Returns `Reliability`. `.frame` has a row each for `alpha` (raw), `alpha_standardised` (of the correlations, without
    an interval) and `omega`; `n` is counted after rows were left out. `.items` has for each item the raw alpha without
    it, its correlation with the sum of the others, its loading on the one factor (the loadings add up to a positive
    number), mean, standard deviation and n. An item that runs against the others is flagged and named in `.notes`.
    Omega needs three items and more respondents than items, and has no interval where an item is all factor (a Heywood
    case). Alpha of as many items as respondents, or more, is flagged. Fewer than five respondents, or an item without
    spread, give a flagged row without numbers.

    >>> asked = {"q1": [5, 1, 4, 2, 3, 5, 2, 4], "q2": [4, 2, 3, 2, 3, 4, 1, 5], "q3": [4, 1, 4, 3, 2, 5, 3, 3]}
    >>> reliability(pd.DataFrame(asked), ["q1", "q2", "q3"]).frame[["metric", "estimate", "low", "high", "n"]].round(3)
                   metric  estimate    low   high  n
    0               alpha     0.873  0.572  0.972  8
    1  alpha_standardised     0.870    NaN    NaN  8
    2               omega     0.912    NaN    NaN  8
    """
    names = listed("items", items)
    if len(names) < 2:
        raise UsageError("scores.two_items", value=repr(items))
    one_of("missing", missing, ("listwise", "pairwise"))
    z_value(confidence)
    answers = numbers(fetched(data, names), names)
    turned = reversed_of(reverse, names)
    whole = answers.dropna(how="any" if missing == "listwise" else "all")
    why = _why_not(answers, whole)
    signed = whole.assign(**{item: -whole[item] for item in turned})
    cov = np.full((len(names), len(names)), np.nan) if why else signed.cov().to_numpy()
    if not why and np.isnan(cov).any():
        why = words.text("scores.no_pair", items=words.joined(names[place] for place in np.argwhere(np.isnan(cov))[0]))
    n, pairs, unknown = len(whole), _pairs(whole), [np.nan] * 4
    correlation = np.full_like(cov, np.nan) if why else cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))
    factor = Factor(np.full(len(names), np.nan), why) if why else one_factor(correlation)
    raw, standard = alpha(cov), alpha(correlation)
    found = [unknown] * 3 if why else [[raw, *feldt(raw, pairs, len(names), confidence), np.nan],
                                       [standard, np.nan, np.nan, np.nan], factor.omega(pairs, confidence)]
    rough = words.text("scores.items_many") if n <= len(names) else ""
    flags = [why] * 3 if why else [
        rough, "; ".join(filter(None, [words.text("scores.no_interval"), rough])), factor.flag]
    if not why and not np.isfinite(raw):
        flags[:2] = [words.text("metrics.flag_by_nothing")] * 2
    hidden = n < SURVEY_MIN_N
    table = pd.DataFrame({"metric": METRICS, "n_missing": pd.NA if hidden else len(answers) - n})
    frame = answered(table, {
        **dict(zip(("estimate", "low", "high", "se"), np.array(found, dtype=float).T, strict=True)), "count": np.nan,
        "n": pd.NA if hidden else n, "n_eff": np.nan if hidden else pairs,
        "method": [words.text(f"scores.method_{name}") + words.text(f"scores.method_{missing}") for name in METRICS]},
        flags)
    each = _each(answers if missing == "pairwise" else whole, cov, factor, hidden)
    against = list(each["item"][each["flag"] != ""])
    notes = [words.text("scores.against", items=words.joined(map(repr, against)))] if against else []
    return Reliability(frame, each, tuple(notes))


def _pairs(whole: pd.DataFrame) -> float:
    """How many answered both items of a pair, on average over the pairs."""
    both = whole.notna().to_numpy().astype("float64")
    both = both.T @ both
    return float(both[np.triu_indices(len(both), 1)].mean())


def _why_not(answers: pd.DataFrame, whole: pd.DataFrame) -> str:
    """Why there is nothing to compute, or ""."""
    flat = [name for name in answers if answers[name].nunique() < 2]
    if not flat and len(whole) < SURVEY_MIN_N:
        return words.text("metrics.flag_few", n=SURVEY_MIN_N)
    flat = flat or [name for name in whole if whole[name].nunique() < 2]
    return words.text("scores.no_spread", items=words.joined(map(repr, flat))) if flat else ""


def alpha(cov: np.ndarray) -> float:
    """Cronbach's alpha from the covariances of the items; of their correlations it is the standardised one.

    >>> float(round(alpha(np.array([[2., 1.], [1., 2.]])), 4))
    0.6667
    """
    k, total = len(cov), cov.sum()
    return k / (k - 1) * (1 - np.trace(cov) / total) if abs(total) > 1e-12 * np.trace(cov) else np.nan


def feldt(value: float, n: float, items: int, confidence: float = .95) -> tuple[float, float]:
    """Feldt's interval of alpha, from F with n - 1 and (n - 1)(items - 1) degrees of freedom.

    >>> [float(round(bound, 4)) for bound in feldt(.8431427696, 30, 7)]
    [0.7394, 0.9158]
    """
    from scipy.special import fdtri

    low, high = (1 - (1 - value) * fdtri(n - 1, (n - 1) * (items - 1), (1 + side * confidence) / 2) for side in (1, -1))
    return float(low), float(high)


@dataclass(frozen=True)
class Factor:
    """One factor behind the items: its loadings on their standardised answers; `flag` says what is wrong with it."""

    loadings: np.ndarray
    flag: str = ""
    certain: bool = True

    def omega(self, n: float, confidence: float) -> list[float]:
        """Omega, the ends of its interval, and its standard error."""
        load, k = self.loadings, len(self.loadings)
        unique, common = 1 - load**2, load.sum() ** 2
        if np.isnan(load).any():
            return [np.nan] * 4
        value = common / (common + unique.sum())
        if not self.certain:
            return [value, np.nan, np.nan, np.nan]
        one = np.eye(k)
        slopes = [np.outer(one[i], load) + np.outer(load, one[i]) for i in range(k)]
        inverse = np.linalg.inv(np.outer(load, load) + np.diag(unique))
        each = inverse @ np.array([*slopes, *(np.outer(one[i], one[i]) for i in range(k))])
        information = (n - 1) / 2 * np.einsum("iab,jba->ij", each, each)
        total, rest = load.sum(), unique.sum()   # both in standard deviations of the items, which move along
        slope_total, slope_rest = np.append(unique, -load / 2), np.append(-2 * load * unique, load**2)
        slope = (2 * total * rest * slope_total - common * slope_rest) / (common + rest) ** 2
        se = float(np.sqrt(slope @ np.linalg.solve(information, slope)))
        logit, half = np.log(value / (1 - value)), z_value(confidence) * se / (value * (1 - value))
        return [value, *(float(1 / (1 + np.exp(-(logit + side * half)))) for side in (-1, 1)), se]


def one_factor(correlation: np.ndarray) -> Factor:
    """The one factor that is likeliest behind these correlations (factanal in R); loadings add up to a positive number.

    >>> one_factor(np.array([[1, .42, .35], [.42, 1, .3], [.35, .3, 1]])).loadings.round(3)
    array([0.7, 0.6, 0.5])
    """
    from scipy.optimize import minimize

    if len(correlation) < 3:
        return Factor(np.full(len(correlation), np.nan), words.text("scores.three_items"))
    if np.linalg.eigvalsh(correlation)[0] < 1e-9:
        return Factor(np.full(len(correlation), np.nan), words.text("scores.singular"))

    def fitted(unique: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = np.linalg.eigh(correlation / np.sqrt(np.outer(unique, unique)))
        return vectors[:, -1] * np.sqrt(np.maximum(values[-1] - 1, 0) * unique), values[:-1]

    def lack(unique: np.ndarray) -> tuple[float, np.ndarray]:
        load, rest = fitted(unique)
        return float((rest - np.log(rest) - 1).sum()), (load**2 + unique - 1) / unique**2

    start = np.clip((1 - .5 / len(correlation)) / np.diag(np.linalg.inv(correlation)), LEAST_UNIQUE, 1)
    found = minimize(lack, start, jac=True, method="L-BFGS-B", bounds=[(LEAST_UNIQUE, 1)] * len(correlation),
                     options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000})
    load = fitted(found.x)[0]
    load = load * (1 if load.sum() >= 0 else -1)
    heywood = bool((found.x < LEAST_UNIQUE * 1.01).any())
    return Factor(load, words.text("scores.heywood") if heywood else "", not heywood)


def _each(answers: pd.DataFrame, cov: np.ndarray, factor: Factor, hidden: bool) -> pd.DataFrame:
    """A row an item: what it does to alpha, how it goes with the others, and how it was answered."""
    k = len(cov)
    dropped = [alpha(np.delete(np.delete(cov, i, 0), i, 1)) if k > 2 else np.nan for i in range(k)]
    along = cov.sum(axis=0) - np.diag(cov)
    rest = cov.sum() - 2 * along - np.diag(cov)
    with np.errstate(invalid="ignore", divide="ignore"):
        item_rest = along / np.sqrt(np.diag(cov) * rest)
    against = np.where(np.isnan(factor.loadings), item_rest, factor.loadings) < -DUST
    few = answers.notna().sum().to_numpy() < SURVEY_MIN_N
    table = pd.DataFrame({
        "item": pd.Series(answers.columns, dtype="str"), "alpha_if_dropped": dropped, "item_rest": item_rest,
        "loading": factor.loadings, "mean": answers.mean().to_numpy(), "sd": answers.std().to_numpy(),
        "n": answers.notna().sum().astype("Int64").to_numpy()})
    table[["mean", "sd", "n"]] = table[["mean", "sd", "n"]].mask(pd.Series(few | hidden), axis=0)
    return table.assign(flag=pd.Series([words.text("scores.reverse") if turned else "" for turned in against],
                                       dtype="str"))
