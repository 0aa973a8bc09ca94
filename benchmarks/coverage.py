"""How often the intervals hold the truth: `python -m benchmarks.coverage` writes docs/coverage.md.

Where the outcomes can be listed (shares, NPS), every one is added up with its chance; elsewhere samples are drawn with
fixed seeds from a population whose truth is known. A situation is one population of the grid.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats import binom, multinomial

from engagelab.metrics import intervals
from engagelab.metrics.nouns import Noun, mean, nps
from engagelab.surveys.agreement import agreement
from engagelab.surveys.change import change
from engagelab.surveys.drivers import drivers
from engagelab.surveys.importance import shapley
from engagelab.surveys.reliability import alpha, feldt, one_factor

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
SIZES = (20, 50, 200)
MEAN, LEAST = (.94, .975), {20: .90, 50: .905, 200: .92}  # the goal: on average, and in each situation
WIDE = .90
SCORES = {  # chances of the answers 0 to 10
    "most say 7 to 9": (.01, .01, .02, .03, .04, .09, .12, .22, .24, .13, .09),
    "many tens and a tail of disappointed": (.03, .02, .02, .03, .03, .07, .06, .12, .18, .16, .28),
    "two camps": (.15, .10, .08, .05, .04, .06, .05, .08, .12, .12, .15),
    "a new team, most in the middle": (.02, .02, .04, .08, .13, .26, .17, .14, .08, .04, .02),
}
TOP = {"four in five give ten": (.03, .01, .01, .01, .01, .02, .01, .02, .03, .05, .80)}
WELL, TENS, CAMPS, NEW = SCORES.values()
CHANGES = {  # the scores of two waves, and the correlation of what lies behind them
    "no change, correlation .6": (WELL, WELL, .6),
    "no change in two camps, correlation .3": (CAMPS, CAMPS, .3),
    "a new team comes to most 7 to 9, correlation .8": (NEW, WELL, .8),
    "most 7 to 9 come to many tens, correlation .6": (WELL, TENS, .6),
    "no change where four in five give ten, correlation .6": (*TOP.values(), *TOP.values(), .6),
}
CUTS = {"used evenly": (-1.5, -.5, .5, 1.5), "mostly 4 and 5": (-2, -1.4, -.7, .3)}  # of a normal item, into 1 to 5
Found = Iterator[tuple[str, float, float]]  # a situation, the share of intervals that hold the truth, and of none


@dataclass(frozen=True)
class Task:
    """An interval: over which situations it is tried, how, by how many draws (0: all outcomes), and if to a goal."""

    interval: str
    situations: str
    found: Callable[[int, int], Found]
    draws: int = 0
    promised: bool = True


@dataclass(frozen=True)
class Row:
    """What was found for one interval and n."""

    task: Task
    n: int
    mean: float
    least: float
    where: str
    none: float

    @property
    def verdict(self) -> str:
        """Whether the goal was met; where there is none, whether the interval is too narrow."""
        middle, least = round(self.mean, 3), round(self.least, 3)  # as they are shown
        if not self.task.promised:
            return "wide" if least < WIDE else ""
        return "met" if MEAN[0] <= middle <= MEAN[1] and least >= LEAST[self.n] else "MISSED"

    def __str__(self) -> str:
        how = f"{self.task.draws:,} draws" if self.task.draws else "all outcomes"
        none = f"{100 * self.none:.1f}" if self.none else ""
        return (f"| {self.task.interval} | {how} | {self.n} | {100 * self.mean:.1f} | {100 * self.least:.1f} | "
                f"{self.where} | {none} | {self.verdict} |")


def rows(task: Task, sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """The lines of one task, one for each n."""
    made = []
    for n in sizes:
        names, covered, none = zip(*task.found(n, task.draws), strict=True)
        place = int(np.argmin(covered))
        made.append(Row(task, n, float(np.mean(covered)), covered[place], names[place], max(none)))
    return made


def held(low: np.ndarray, high: np.ndarray, truth: float) -> tuple[float, float]:
    """The share of intervals that hold the truth, and of samples that give no interval."""
    known = ~np.isnan(np.asarray(low, dtype=float))
    inside = (np.asarray(low) <= truth + 1e-9) & (truth - 1e-9 <= np.asarray(high))
    return float(inside[known].mean()), float(1 - known.mean())


def outcomes(first: float, last: float, step: float) -> Callable[[int, int], Found]:
    """Wilson's interval, every number of answers added up."""
    def found(n: int, draws: int) -> Found:
        low, high = intervals.wilson(np.arange(n + 1), n)
        for share in np.round(np.arange(first, last + step / 2, step), 10):
            inside = (low <= share + 1e-9) & (share - 1e-9 <= high)
            yield f"{share:.3g}", float(binom.pmf(np.arange(n + 1), n, share)[inside].sum()), 0.
    return found


def nps_outcomes(n: int, step: float) -> Found:
    """Tango's interval, every outcome added up, for every pair of shares of promoters and detractors on the grid."""
    outcomes = np.array([(p, q) for p in range(n + 1) for q in range(n + 1 - p)])
    low, high = intervals.nps_score(outcomes[:, 0], outcomes[:, 1], n)
    cells = np.column_stack([outcomes, n - outcomes.sum(axis=1)])
    grid = np.round(np.arange(step, 1, step), 10)
    for p in grid:
        for q in grid[grid < 1 - p + 1e-12]:
            true = 100 * (p - q)
            inside = (low <= true + 1e-9) & (true - 1e-9 <= high)
            yield f"{p:g} promoters, {q:g} detractors", float(
                multinomial.pmf(cells[inside], n, [p, q, max(1 - p - q, 0)]).sum()), 0.


def means(populations: dict[str, tuple[float, ...]]) -> Callable[[int, int], Found]:
    """Student's interval of a mean of scores from 0 to 10."""
    def found(n: int, draws: int) -> Found:
        values = np.arange(11)
        for seed, (name, chances) in enumerate(populations.items()):
            counts = np.random.RandomState(seed).multinomial(n, chances, size=draws)
            middle = counts @ values / n
            se = np.sqrt(np.maximum(counts @ values**2 - n * middle**2, 0) / (n - 1) / n)
            yield name, *held(*intervals.around(middle, se, n - 1), float(np.dot(chances, values)))
    return found


def amounts(n: int, draws: int) -> Found:
    """Student's interval of a mean of amounts."""
    for seed, spread in enumerate((.5, 1.0)):
        values = np.exp(spread * np.random.RandomState(seed).standard_normal((draws, n)))
        low, high = intervals.around(values.mean(axis=1), values.std(axis=1, ddof=1) / n**.5, n - 1)
        yield f"standard deviation of the logarithm {spread:g}", *held(low, high, float(np.exp(spread**2 / 2)))


def moved(noun: Noun, value: Callable[[tuple[float, ...]], float], both: float) -> Callable[[int, int], Found]:
    """The interval of a change: of those who stayed where all answer `both` waves, otherwise of everybody."""
    def found(n: int, draws: int) -> Found:
        for seed, (name, (before, after, along)) in enumerate(CHANGES.items()):
            random, gone = np.random.RandomState(seed), round((1 - both) * n)
            first, own, new = (random.standard_normal((draws, n)) for _ in range(3))
            stayed = np.concatenate([first[:, gone:], new[:, :gone]], axis=1)
            latent = (first, along * stayed + (1 - along**2)**.5 * own)
            sample, person = np.repeat(np.arange(draws), n), np.tile(np.arange(n), draws)
            waves = [pd.DataFrame({
                "wave": wave, "sample": sample, "user_id": 2 * n * sample + person + wave * gone,
                "score": np.searchsorted(ndtri(np.cumsum(chances)[:-1]), each).ravel()})
                for wave, (chances, each) in enumerate(zip((before, after), latent, strict=True))]
            frame = change(pd.concat(waves, ignore_index=True), noun, user="user_id", by="sample", min_n=0).frame
            group = frame[frame["group"] == ("all" if gone else "stayed")]
            yield name, *held(group["low"].to_numpy(), group["high"].to_numpy(), value(after) - value(before))
    return found


def mean_of(chances: tuple[float, ...]) -> float:
    """The true mean of scores."""
    return float(np.dot(chances, np.arange(11)))


def nps_of(chances: tuple[float, ...]) -> float:
    """The true NPS of scores."""
    return 100 * (sum(chances[9:]) - sum(chances[:7]))


def items(n: int, loadings: np.ndarray, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Answers to normal items of variance 1 that one factor stands behind."""
    random = np.random.RandomState(seed)
    for _ in range(draws):
        factor, own = random.standard_normal((n, 1)), random.standard_normal((n, len(loadings)))
        yield factor * loadings + own * np.sqrt(1 - loadings**2)


def alphas(n: int, draws: int) -> Found:
    """Feldt's interval of alpha, of normal items."""
    for seed, (k, truth) in enumerate((k, truth) for k in (3, 5, 10) for truth in (.6, .8, .9)):
        load = np.full(k, (truth / (k - truth * (k - 1)))**.5)
        found = [feldt(alpha(np.cov(x, rowvar=False)), n, k) for x in items(n, load, draws, seed)]
        yield f"{k} items, alpha {truth:g}", *held(*np.array(found).T, truth)


def cut_alpha(cuts: tuple[float, ...], load: float, k: int = 5) -> float:
    """The true alpha of k items that are cut into classes, by integration over the factor."""
    factor = np.linspace(-8, 8, 4001)
    chance = np.exp(-factor**2 / 2) / np.exp(-factor**2 / 2).sum()
    above = 1 - ndtr(np.array(cuts))
    given = (1 - ndtr((np.array(cuts)[:, None] - load * factor) / (1 - load**2)**.5)).sum(axis=0)  # the mean class
    between = float(chance @ given**2 - (chance @ given)**2)
    spread = float(above @ (2 * np.arange(len(cuts)) + 1) - above.sum()**2)
    return k * between / (spread + (k - 1) * between)


def cut_alphas(n: int, draws: int) -> Found:
    """Feldt's interval of alpha, of answers from 1 to 5."""
    for seed, (name, cuts) in enumerate(CUTS.items()):
        truth = cut_alpha(cuts, .5**.5)
        found = [feldt(alpha(np.cov(np.searchsorted(cuts, x), rowvar=False)), n, 5)
                 for x in items(n, np.full(5, .5**.5), draws, seed)]
        yield f"5 items, {name}, alpha {truth:.2f}", *held(*np.array(found).T, truth)


def omegas(n: int, draws: int) -> Found:
    """The logit interval of omega."""
    for seed, loadings in enumerate(([.8] * 4, [.9, .7, .6, .5], [.6] * 6)):
        load = np.array(loadings)
        truth = load.sum()**2 / (load.sum()**2 + (1 - load**2).sum())
        found = [one_factor(np.corrcoef(x, rowvar=False)).omega(n, .95)[1:3] for x in items(n, load, draws, seed)]
        yield "loadings " + " ".join(f"{each:g}" for each in loadings), *held(*np.array(found).T, truth)


def iccs(sizes: Callable[[int], list[int]]) -> Callable[[int, int], Found]:
    """The interval of ICC1, of teams of these sizes."""
    def found(n: int, draws: int) -> Found:
        team = np.repeat(np.arange(len(sizes(n))), sizes(n))
        for seed, truth in enumerate((.0, .1, .3)):
            random, ends = np.random.RandomState(seed), []
            for _ in range(draws):
                level, own = random.standard_normal(team[-1] + 1)[team], random.standard_normal(len(team))
                table = pd.DataFrame({"team": team, "score": truth**.5 * level + (1 - truth)**.5 * own})
                ends.append(agreement(table, "score", unit="team", min_n=0).frame[["low", "high"]].to_numpy()[0])
            yield f"ICC1 {truth:g}", *held(*np.array(ends).T, truth)
    return found


def driven(situations: tuple[tuple[tuple[float, ...], float, float], ...]) -> Callable[[int, int], Found]:
    """The bootstrap interval of each driver's share; a situation is slopes, the drivers' correlation and R squared."""
    def found(n: int, draws: int) -> Found:
        for seed, (slopes, along, explained) in enumerate(situations):
            k = len(slopes)
            names, between = [f"d{i}" for i in range(k)], np.full((k, k), along) + (1 - along) * np.eye(k)
            outcome = between @ slopes
            size = (float(slopes @ outcome) / explained)**.5
            parts = shapley(np.block([[between, outcome[:, None] / size], [outcome[None] / size, np.ones((1, 1))]]))
            random, root, bounds = np.random.RandomState(seed), np.linalg.cholesky(between), []
            for _ in range(draws):
                answers = pd.DataFrame(random.standard_normal((n, k)) @ root.T, columns=names)
                own = size * (1 - explained)**.5 * random.standard_normal(n)
                answers["outcome"] = answers[names] @ np.array(slopes) + own
                frame = drivers(answers, "outcome", names, draws=500).frame.set_index("driver")
                bounds.append(frame.loc[names, ["low", "high"]].to_numpy())
            for place, truth in enumerate(parts / parts.sum()):
                low, high = np.array(bounds)[:, place].T
                yield (f"share {truth:.2f} of {k} drivers that correlate {along:g} and explain {100 * explained:.0f} %",
                       *held(low, high, float(truth)))
    return found


TASKS = (
    Task("share (Wilson)", "5 to 95 %, by 1 point", outcomes(.05, .95, .01)),
    Task("NPS (Tango)", "promoters and detractors from 5 %, by 5 points", lambda n, _: nps_outcomes(n, .05)),
    Task("mean (Student)", "scores from 0 to 10: " + "; ".join(SCORES), means(SCORES), 50_000),
    Task("change of a mean", "all answer both waves: " + "; ".join(CHANGES), moved(mean("score"), mean_of, 1), 4_000),
    Task("change of NPS", "the same waves", moved(nps("score"), nps_of, 1), 4_000),
    Task("alpha (Feldt)", "3, 5 and 10 normal items; alpha .6, .8 and .9", alphas, 5_000),
    Task("alpha (Feldt), answers 1 to 5", "normal items cut in five, evenly or high", cut_alphas, 5_000, False),
    Task("rare share (Wilson)", "0.5 to 4.5 %, by half a point", outcomes(.005, .045, .005), promised=False),
    Task("mean (Student), heaped scores", *TOP, means(TOP), 50_000, False),
    Task("mean of amounts (Student)", "log-normal, moderately and very unequal", amounts, 20_000, False),
    Task("change of NPS of everybody", "the same waves, but half of those who answer one answer the other",
         moved(nps("score"), nps_of, .5), 2_000, False),
    Task("ICC1 (F)", "normal scores in teams of five; ICC1 0, .1 and .3", iccs(lambda n: [5] * (n // 5)), 500, False),
    Task("ICC1 (F), one large team", "half of the people in one team, the others in teams of 3; ICC1 0, .1 and .3",
         iccs(lambda n: [3] * (n // 6) + [n - n // 6 * 3]), 500, False),
    Task("omega (logit)", "four normal items, equally good or not, and six", omegas, 500, False),
    Task("driver's share (bootstrap)", "three normal drivers of two outcomes, 500 bootstraps",
         driven((((.6, .4, .2), .3, .45), ((.5, .5, .0), .5, .43))), 300, False),
    Task("driver's share (bootstrap), little explained", "six normal drivers that explain 10 and 15 %: flagged", driven(
        (((5, 4, 3, 2, 1, 0), .3, .1), ((5, 4, 3, 2, 1, 0), 0, .15))), 300, False),
)
HEAD = """# How often the intervals hold the truth

An interval of 95 % should hold the truth in 95 of 100 samples. Here is how often ours do, in populations whose truth is
known: for each interval and number of respondents the mean over several situations, the least, and the situation of the
least, in percent. "All outcomes" means that every possible sample was added up with its chance; otherwise samples were
drawn, with fixed seeds. Samples that give no interval (all answers equal; omega where one item is all factor) are not
counted; "none" has their share, in the situation where it is largest.

The goal, for shares from 5 %, means of scores that spread over the scale, NPS, their change among people who answered
both waves, and alpha of normal items: 94.0 to 97.5 on average, and in no situation below 90 at 20 respondents, 90.5 at
50, and 92 at 200. The other rows are shown as they came: "wide" means that the least is below 90, so that the interval
should be taken for wider than it is printed.

| interval | how | n | mean | least | where | none | verdict |
| --- | --- | ---: | ---: | ---: | --- | ---: | --- |
"""
FOOT = """
Where nearly everybody gives the same answer, and where few amounts are very large, Student's interval of a mean is too
narrow for 20 respondents. Measure the share who are satisfied (`el.csat`) or the median (`el.quantile`) there.

`python -m benchmarks.coverage` writes this page again, in some minutes.

## The situations

"""


def page(found: list[Row]) -> str:
    """The page of these rows."""
    told = [f"- **{task.interval}**: {task.situations}" for task in TASKS]
    told += [f"- Chances of 0 to 10 where {name}: " + ", ".join(f"{chance:g}" for chance in chances)
             for name, chances in (SCORES | TOP).items()]
    return HEAD + "".join(f"{row}\n" for row in found) + FOOT + "".join(f"{line}\n" for line in told)


def main() -> None:
    """Compute all rows and write the page."""
    found = []
    for task in TASKS:
        found += rows(task)
        print(*found[-len(SIZES):], sep="\n", flush=True)
    PAGE.write_text(page(found), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
