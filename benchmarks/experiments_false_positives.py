"""How often `compare()` errs: `python -m benchmarks.experiments_false_positives` prints it, `--write` writes the page.

Arms that differ in nothing are drawn with fixed seeds and compared, and it is counted how often a difference is called
sure; an interval of 95 % must do so in 5 of 100, whatever is measured. Of rates all outcomes are counted out, none
drawn. The page is `docs/experiments_false_positives.md`.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from scipy import stats

from engagelab.experiments.contrast import FEW, Pair, each_p
from engagelab.experiments.estimate import Arms, arms_of
from engagelab.experiments.read import Cells, Metric, Trial, Units
from engagelab.metrics import intervals, two_shares
from engagelab.metrics.nouns import mean, nps, ratio
from engagelab.summaries.moments import Ask, Sums

PAGE = Path(__file__).parents[1] / "docs" / "experiments_false_positives.md"
LONG, BLOCK = 100_000, 2_000
RARE = 1e-5  # tables rarer than that count as false alarms without being asked
ALPHA, BAND, LEAST_COVERAGE = .05, (.04, .06), .94
ROWS = Units()
Values = np.ndarray   # (draws, units, values), NaN where not known
CLEAR = .005, .15  # p of the score test that leave no doubt of the exact one
SPLITS = {"1:1": (1, 1), "2:1": (2, 1), "4:1": (4, 1), "9:1": (9, 1), "1:9": (1, 9)}
SHARES = (.01, .02, .05, .1, .2, .3, .5)


@dataclass(frozen=True)
class Study:
    """Something that is measured, in arms of so many units, and how it is drawn."""

    name: str
    sizes: tuple[int, int]
    metric: Metric
    draw: Callable[[np.random.RandomState, int, int], Values]
    units: Units = ROWS


def _metric(noun, values: int, covariates: tuple[str, ...] = (), incomplete: tuple[str, ...] = ()) -> Metric:
    return Metric(noun.name, noun, Ask(tuple("abc"[:values])), covariates, incomplete)


def _spend(random, draws, n):
    return random.gamma(2, 10, (draws, n, 1))


def _half_missing(random, draws, n):
    return np.where(random.random_sample((draws, n, 1)) < .5, np.nan, _spend(random, draws, n))


def _clusters(random, draws, n):
    """Shops of 1 to about 15 visits, alike within a shop: the sum of the visits, and how many there were."""
    visits = 1 + random.poisson(5, (draws, n))
    total = visits * random.normal(20, 4, (draws, n)) + np.sqrt(visits) * random.normal(0, 8, (draws, n))
    return np.stack([total, visits], axis=2)


def _before(random, draws, n):
    before = random.gamma(2, 10, (draws, n))
    return np.stack([.8 * before + random.gamma(2, 6, (draws, n)), before], axis=2)


def _before_missing(random, draws, n):
    """New customers, three in ten, have no spend before and spend otherwise."""
    made = _before(random, draws, n)
    new = random.random_sample((draws, n)) < .3
    return np.stack([np.where(new, random.gamma(1, 15, (draws, n)), made[..., 0]), np.where(new, 20.0, made[..., 1]),
                     new], axis=2)


def _clicks(random, draws, n):
    views = 1 + random.poisson(random.gamma(2, 4, (draws, n)))
    return np.stack([random.binomial(views, random.beta(2, 18, (draws, n))), views], axis=2)


def _scores(random, draws, n):
    kind = random.random_sample((draws, n))
    return np.stack([kind < .35, kind > .75], axis=2) * 1.0


def _baskets(random, draws, n):
    return random.lognormal(3, 1.2, (draws, n, 1))


MEAN = _metric(mean("spend"), 1)
STUDIES = (
    Study("mean", (200, 200), MEAN, _spend),
    Study("mean, half missing", (400, 400), MEAN, _half_missing),
    Study("mean, split 9:1", (1800, 200), MEAN, _spend),
    Study("mean over clusters", (100, 100), MEAN, _clusters, Units("cluster", "shop")),
    Study("mean, CUPED", (150, 150), _metric(mean("spend", adjust="before"), 1, ("before",)), _before),
    Study("mean, CUPED, covariate missing", (150, 150),
          _metric(mean("spend", adjust="before"), 1, ("before",), ("before",)), _before_missing),
    Study("ratio", (200, 200), _metric(ratio("clicks", "views"), 2), _clicks),
    Study("NPS", (150, 150), _metric(nps("recommend"), 2), _scores),
)
SKEWED = tuple(Study(f"mean of lognormal amounts, split {name}", (n * first, n * second), MEAN, _baskets)
               for name, (first, second) in (("1:1", (1, 1)), ("9:1", (9, 1))) for n in (20, 50, 100, 200, 500, 1000))


def simulated(study: Study, draws: int, seed: int = 1) -> np.ndarray:
    """The p of each draw, by the functions of the comparison itself."""
    random, found = np.random.RandomState(seed), []
    trial = Trial(("A", "B"), (study.metric,), study.units, None, [], (), None, {}, 1 - ALPHA, (), None)
    for start in range(0, draws, BLOCK):
        size = min(BLOCK, draws - start)
        parts = [study.draw(random, size, n) for n in study.sizes]
        found.append(_p(trial, [_moments(part) for part in parts], size))
    return np.concatenate(found)


def _moments(values: Values) -> dict[str, np.ndarray]:
    """n, means and covariances of each draw."""
    known = ~np.isnan(values).any(axis=2)
    n = known.sum(axis=1)
    held = np.where(known[..., None], values, 0.0)
    middle = held.sum(axis=1) / n[:, None]
    apart = np.where(known[..., None], held - middle[:, None], 0.0)
    return {"rows": np.full(len(n), values.shape[1]), "n": n, "mean": middle,
            "cov": np.einsum("dui,duj->dij", apart, apart, optimize=False) / n[:, None, None]}


def _p(trial: Trial, parts: list[dict[str, np.ndarray]], size: int) -> np.ndarray:
    both = {name: np.stack([part[name] for part in parts], axis=1).reshape(2 * size, *parts[0][name].shape[1:])
            for name in parts[0]}
    sums = Sums(both["rows"], both["n"], both["n"], both["n"], both["n"], both["mean"], both["cov"],
                both["mean"] * both["n"][:, None], np.full(both["mean"].shape, np.nan))
    if trial.metrics[0].covariates:   # the slope is that of one experiment
        parted = (_arms(trial, _part(sums, i)) for i in range(size))
    else:
        arms = _arms(trial, sums)
        parted = (_part(arms, i) for i in range(size))
    return each_p([Pair(one, 1, "newcombe") for one in parted])


def _arms(trial: Trial, sums: Sums) -> Arms:
    size = len(sums.n)
    of_all = replace(trial, arms=tuple(map(str, range(size))))
    return arms_of(of_all, Cells(np.arange(size), np.zeros(size), np.zeros(size, dtype=int), [""], [sums]), 0)


def _part(whole, i: int):
    """The two arms of one draw."""
    return type(whole)(*(value[2 * i:2 * i + 2] if isinstance(value, np.ndarray) else value
                         for value in (getattr(whole, field.name) for field in fields(whole))))


@dataclass(frozen=True)
class Outcomes:
    """All tables of two rates that are not rarer than 1e-12, and how likely each is."""

    first: np.ndarray
    second: np.ndarray
    sizes: tuple[int, int]
    chance: np.ndarray

    @property
    def few(self) -> np.ndarray:
        """Where the exact test is taken."""
        n = np.array(self.sizes)
        share = (self.first + self.second) / n.sum()
        return np.minimum(share, 1 - share) * n.min() < FEW


def outcomes(shares: tuple[float, float], sizes: tuple[int, int]) -> Outcomes:
    """What may be counted if these are the true shares."""
    ranges = [np.arange(stats.binom.ppf(1e-12, n, share), stats.binom.ppf(1 - 1e-12, n, share) + 1)
              for share, n in zip(shares, sizes, strict=True)]
    first, second = (grid.ravel() for grid in np.meshgrid(*ranges, indexing="ij"))
    chance = stats.binom.pmf(first, sizes[0], shares[0]) * stats.binom.pmf(second, sizes[1], shares[1])
    keep = chance > 1e-12
    return Outcomes(first[keep], second[keep], sizes, chance[keep])


def rate_p(first: int, second: int, sizes: tuple[int, int]) -> float:
    """The p of one table, by the functions of the comparison itself."""
    count, n = np.array([first, second], dtype=float), np.array(sizes, dtype=float)
    nothing = np.zeros((2, 0))
    share = count / n
    arms = Arms(share, np.sqrt(share * (1 - share) / n), n, n, 0 * n, count, "", nothing, np.zeros((2, 0, 0)), nothing)
    return Pair(arms, 1, "newcombe").p()


def alarms(share: float, sizes: tuple[int, int], exact: dict[tuple[int, int], float] | None = None,
           least: float = 0.0) -> tuple[float, float]:
    """The least and the largest that the share of false alarms of a rate can be.

    `exact` keeps the p of tables with few. Those rarer than `least` are not asked, and count as either; nor are those
    whose p by the score test is far from alpha on either side, as the exact one is then on the same.
    """
    made = outcomes((share, share), sizes)
    n = [np.full(len(made.first), float(size)) for size in sizes]
    called = two_shares.newcombe_p(made.second, n[1], made.first, n[0]) < ALPHA
    score = two_shares.miettinen_nurminen_p(made.second, n[1], made.first, n[0])
    ask = made.few & (score > CLEAR[0]) & (score < CLEAR[1])
    sure = float(made.chance[np.where(made.few, score <= CLEAR[0], called)].sum())
    open_ = 0.0
    exact = {} if exact is None else exact
    for first, second, chance in zip(made.first[ask], made.second[ask], made.chance[ask], strict=True):
        if chance < least:
            open_ += chance
            continue
        key = int(first), int(second)
        key = (min(key), max(key)) if sizes[0] == sizes[1] else key
        if key not in exact:
            exact[key] = rate_p(*key, sizes)
        sure += chance * (exact[key] < ALPHA)
    return sure, sure + open_


def coverage(shares: tuple[float, float], sizes: tuple[int, int], least: float = 1.0) -> float:
    """The least that the share of intervals with the true difference in them can be.

    Tables with few that are rarer than `least` count as if theirs never held it; the others are asked, but for those
    where the score test of the true difference leaves no doubt.
    """
    made = outcomes(shares, sizes)
    n = [np.full(len(made.first), float(size)) for size in sizes]
    low, high = intervals.newcombe(made.second, n[1], made.first, n[0])
    apart = shares[1] - shares[0]
    ask = made.few & (made.chance >= least)
    score = two_shares.miettinen_nurminen_p(made.second, n[1], made.first, n[0], apart)
    for i in np.flatnonzero(ask & (score > CLEAR[0]) & (score < CLEAR[1])):
        low[i], high[i], _ = two_shares.exact_difference(made.second[i], sizes[1], made.first[i], sizes[0])
    holds = (low <= apart) & (apart <= high)
    holds[ask & (score >= CLEAR[1])], holds[ask & (score <= CLEAR[0])] = True, False
    return float(made.chance[holds & (ask | ~made.few)].sum())


def grid(expected: int) -> Iterator[tuple[str, tuple[float, float], tuple[int, int]]]:
    """Splits, true shares and sizes with so many expected successes where there are fewest: alike, a third off."""
    for name, parts in SPLITS.items():
        for share in SHARES:
            for other in (share, share * 4 / 3, share * 2 / 3):
                smallest = int(np.ceil(expected / min(share, other)))
                yield name, (share, other), (smallest * parts[0] // min(parts), smallest * parts[1] // min(parts))


def verdict(share: float, band: tuple[float, float]) -> str:
    """Whether a share lies where it has to."""
    return "" if band[0] <= share <= band[1] else "**missed**"


def drawn_lines(studies: tuple[Study, ...], draws: int, band: tuple[float, float] = BAND) -> Iterator[str]:
    """A line a study: the share of false alarms and its error by chance."""
    for study in studies:
        called = (simulated(study, draws) < ALPHA).mean()
        error = np.sqrt(called * (1 - called) / draws)
        yield (f"| {study.name} | {study.sizes[0]:,} + {study.sizes[1]:,} | {100 * called:.2f} ± {196 * error:.2f} | "
               f"{verdict(called, band)} |\n")


def rate_lines() -> Iterator[str]:
    """A line a share and split, with so few expected that some tables are compared exactly."""
    for expected in (1, 2, 5, 10, 20):
        for name in ("1:1", "4:1"):
            parts, told = SPLITS[name], []
            for share in (.02, .1, .5):
                smallest = int(np.ceil(expected / share))
                told.append(alarms(share, (smallest * parts[0], smallest * parts[1]), {}, RARE)[1])
            yield (f"| {expected} | {name} | {' | '.join(f'{100 * value:.2f}' for value in told)} | "
                   f"{verdict(max(told), (0, BAND[1]))} |\n")


def coverage_lines() -> Iterator[str]:
    """A line a split: the least and the mean coverage over all shares; of few expected, some."""
    for expected in (10, 20):
        found: dict[str, list[float]] = {}
        for name, shares, sizes in grid(expected):
            if expected == 20:
                found.setdefault(name, []).append(coverage(shares, sizes))
            elif name in ("1:1", "4:1") and shares[0] in (.1, .5) and shares[1] >= shares[0]:
                found.setdefault(name, []).append(coverage(shares, sizes, RARE))
        for name, values in found.items():
            yield (f"| {expected} | {name} | {len(values)} | {100 * min(values):.2f} | {100 * np.mean(values):.2f} | "
                   f"{verdict(min(values), (LEAST_COVERAGE, 1))} |\n")


def page() -> str:
    """The whole page."""
    return f"""# How often a comparison errs

Arms that differ in nothing are drawn {LONG:,} times, with fixed seeds, and compared by the functions of `el.compare`.
A difference is called sure at 95 % confidence: that has to be wrong in 4 to 6 of 100 (± is what chance leaves open).

| what is measured | units | false alarms, % | |
| --- | ---: | ---: | --- |
{''.join(drawn_lines(STUDIES, LONG))}
## Rates

All outcomes are counted out, so there is no chance in these figures. By what was counted, Newcombe's interval is taken
where at least {FEW} are expected in each arm, and the exact one otherwise. "Expected" is the number of successes
expected in the smaller arm; the three columns are true rates of 2, 10 and 50 %. Below 10 expected, at most 6 % is
asked for: where nearly nobody does it, no test can be wrong in 5 of 100.

| expected | split | false alarms at 2 %, % | at 10 % | at 50 % | |
| ---: | --- | ---: | ---: | ---: | --- |
{''.join(rate_lines())}
How many of the intervals hold the true difference, over true rates of 1 to 50 % and differences of none, a third more
and a third less (of 10 expected: rates of 10 and 50 %, none and a third more); at least 94 % is asked for.

| expected | split | cases | least, % | mean, % | |
| ---: | --- | ---: | ---: | ---: | --- |
{''.join(coverage_lines())}
## Very skewed amounts

Lognormal amounts, of which the largest 1 % make 13 % of the sum: a mean of few of them is not normal yet. In equal
arms that makes the comparison cautious; in unequal ones it gives too many false alarms until the smaller arm has about
1,000 customers. (Kohavi, Deng, Longbotham and Xu 2014, KDD, ask for 355 times the square of the skewness in each arm.)
`el.experiments.aa` tells on one's own data.

| what is measured | units | false alarms, % | |
| --- | ---: | ---: | --- |
{''.join(drawn_lines(SKEWED, LONG // 5, (0, BAND[1])))}
`python -m benchmarks.experiments_false_positives --write` writes this page again, in some minutes.
"""


def main() -> None:
    """Compute all, and print or write the page."""
    made = page()
    if "--write" in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8", newline="\n")
    else:
        sys.stdout.write(made)


if __name__ == "__main__":
    main()
