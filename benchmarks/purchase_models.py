"""How well the purchase models find what made the data: `python -m benchmarks.purchase_models` writes a page of docs.

Customers are drawn, with fixed seeds, from models whose parameters are known, and the model is fitted to them. A fit is
good where its likelihood has an inner maximum that is at least as high as at the truth; otherwise it has to say so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError
from engagelab.ltv.bgnbd import BGNBD
from engagelab.ltv.bgnbd import _Likelihood as OfBGNBD
from engagelab.ltv.buying import Buying
from engagelab.ltv.fitting import Model, customers
from engagelab.ltv.gamma_gamma import GammaGamma
from engagelab.ltv.gamma_gamma import _objective as of_amounts
from engagelab.ltv.pareto_nbd import ParetoNBD
from engagelab.ltv.pareto_nbd import _likelihood as of_pareto
from engagelab.metrics.intervals import wilson, z_value

PAGE = Path(__file__).parents[1] / "docs" / "purchase_models.md"
WEEKS = 52
FROM, GOAL = 2000, (.93, .97)     # the goal holds from so many customers on
Z = z_value(.95)
NEW = f"purchases of a new customer in {WEEKS} weeks"
SPEND = "mean amount of all customers"
FREQUENCIES = np.arange(12)       # of the customers whose amounts are drawn, and how many of a hundred have each
SHARES = np.array([50, 18, 9, 6, 4, 3, 3, 2, 2, 1, 1, 1]) / 100


@dataclass(frozen=True)
class Study:
    """A model, the parameters from which customers are drawn, and how many samples of how many customers."""

    model: type[Model]
    truths: tuple[tuple[float, ...], ...]
    draws: dict[int, int]


STUDIES = (
    Study(BGNBD, (
        (.243, 4.414, .793, 2.426), (.1, 20, .8, 2.4), (2, 4, .8, 2.4), (5, 10, 1, 4), (.25, 4.4, .1, 2.5),
        (.25, 4.4, 3, 3), (.5, 4, 8, 24), (.25, 4.4, .2, .3), (10, 20, 10, 30), (.05, .5, .2, .2), (1, 100, .8, 2.4),
        (.5, .5, .8, 2.4)), {200: 40, 2000: 80, 10_000: 20, 100_000: 3}),
    Study(ParetoNBD, ((.553, 10.578, .606, 11.669), (2, 4, .5, 20), (.5, 4, 2, 40), (5, 10, 5, 100)),
          {200: 20, 2000: 40}),
    Study(GammaGamma, ((6.25, 3.74, 15.44), (1, 2.5, 3000), (.5, 5, 50), (20, 10, 100)),
          {200: 60, 2000: 60, 10_000: 20}),
)


def drawn(true: Model, n: int, seed: int) -> pd.DataFrame:
    """A sample of customers; the age of those who buy is from half to the whole of the weeks."""
    random = np.random.RandomState(seed + 10**6)     # not that of the simulation
    if isinstance(true, GammaGamma):
        who = pd.DataFrame({"frequency": random.choice(FREQUENCIES, n, p=SHARES)})
        return true.simulate(seed, who)
    assert isinstance(true, Buying)
    ages = random.uniform(WEEKS / 2, WEEKS, n)
    return type(true)(true.params, every="week", data=pd.DataFrame({"T": ages})).simulate(seed)


def loglik(model: Model, table: pd.DataFrame) -> float:
    """The log-likelihood of a model with given parameters."""
    theta = np.log(model.params.to_numpy())
    if isinstance(model, GammaGamma):
        known = table[table["frequency"] > 0]
        x, m = known["frequency"].to_numpy("float64"), known["monetary"].to_numpy()
        return len(known) * of_amounts(x, m)(theta)[0]
    who = customers(table)
    return who.n * (OfBGNBD(who)(theta)[0] if isinstance(model, BGNBD) else of_pareto(theta, who)[0])


def answer(model: Model, params: np.ndarray) -> float:
    """What the model is asked for: purchases of a new customer, or the mean amount of all."""
    other = type(model)(dict(zip(model.NAMES, params, strict=True)), every="week")
    return (other.population_mean if isinstance(other, GammaGamma)
            else other.expected_purchases_of_new(f"{WEEKS} weeks"))


def intervals(model: Model) -> dict[str, tuple[float, float]]:
    """The interval of each parameter as the model gives it; of the answer on its logarithm, by the delta method."""
    ends = {row.metric: (row.low, row.high) for row in model.frame.itertuples()}
    theta, steps = np.log(model.params.to_numpy()), 1e-4 * np.eye(len(model.NAMES))
    slope = np.array([np.log(answer(model, np.exp(theta + step)) / answer(model, np.exp(theta - step))) / 2e-4
                      for step in steps])
    middle, spread = answer(model, np.exp(theta)), Z * np.sqrt(slope @ model.covariance.to_numpy() @ slope)
    name = SPEND if isinstance(model, GammaGamma) else NEW
    return ends | {name: (middle * np.exp(-spread), middle * np.exp(spread))}


def truth_of(true: Model, name: str) -> float:
    """The true value of a parameter or of the answer."""
    return float(true.params[name]) if name in true.NAMES else answer(true, true.params.to_numpy())


def tried(study: Study, values: tuple[float, ...], n: int, seeds: range) -> pd.DataFrame:
    """One row a sample and quantity: what became of the fit, and whether the interval held the truth."""
    true, rows = study.model(dict(zip(study.model.NAMES, values, strict=True)), every="week"), []
    for seed in seeds:
        table, made, state = drawn(true, n, seed), None, "failed"
        try:
            made = study.model().fit(table)
        except DataError:
            state = "refused"
        if made is not None:
            high = made.loglik >= loglik(true, table) - 1e-6
            state = "flagged" if made.flag else "good" if high else "failed"
        found = intervals(made) if made is not None and state == "good" else {"": (np.nan, np.nan)}
        rows += [(values, n, seed, state, name, low <= truth_of(true, name) <= high if name else np.nan)
                 for name, (low, high) in found.items()]
    return pd.DataFrame(rows, columns=["truth", "n", "seed", "state", "name", "held"])


def ends(found: pd.DataFrame) -> Iterator[str]:
    """A line for each size: what became of the fits."""
    fits = found.drop_duplicates(["truth", "n", "seed"])
    for n, rows in fits.groupby("n"):
        counts = rows["state"].value_counts()
        told = [f"{counts.get(state, 0):,}" for state in ("good", "flagged", "refused", "failed")]
        flagged = rows[rows["state"] == "flagged"]["truth"].value_counts()
        each = len(rows) // rows["truth"].nunique()
        where = f"{flagged.index[0]} ({flagged.iloc[0]} of {each})" if len(flagged) else ""
        yield f"| {n:,} | {len(rows):,} | {' | '.join(told)} | {where} |"


def held(found: pd.DataFrame) -> Iterator[str]:
    """A line for each size and quantity: how often the intervals held the truth, and where least often."""
    good = found[found["state"] == "good"]
    for (n, name), rows in good.groupby(["n", "name"], sort=False):
        each = rows.groupby("truth")["held"].agg(["mean", "size"])
        each = each[each["size"] >= each["size"].max() / 2]
        share = float(rows["held"].mean())
        low, high = wilson(rows["held"].sum(), len(rows))
        inside, may_be = GOAL[0] <= round(share, 3) <= GOAL[1], low <= GOAL[1] and high >= GOAL[0]
        verdict = "" if n < FROM else "met" if inside else "chance" if may_be else "MISSED"
        yield (f"| {n:,} | {name} | {len(rows):,} | {100 * share:.1f} | {100 * each['mean'].min():.1f} | "
               f"{each['mean'].idxmin()} | {verdict} |")


BORDER = words.text("fitting.no_inner").partition(":")[0]
HEAD = f"""# How well the purchase models find what made the data

Customers are drawn from a model whose parameters are known, each observed for half a year to a year, and the model is
fitted to them. A fit is *good* where the likelihood has an inner maximum, at least as high as at the truth; *flagged*
where it says "{BORDER}"; *refused* where nobody bought twice; *failed* where it is none of these, which must not be.
Then: in how many of the good fits the interval of 95 % held the truth, in percent, over all situations, and in the
situation where it did least often (chance alone moves that by some points). The goal: {100 * GOAL[0]:.0f} to
{100 * GOAL[1]:.0f} from {FROM:,} customers on. Intervals of parameters are those of `.frame`; that of the answer is
made on its logarithm by the delta method. Where a share lies off the goal by no more than chance brings about in so
many samples (Wilson's interval), the verdict is "chance".
"""
FOOT = """
`python -m benchmarks.purchase_models` writes this page again, in some minutes.
"""


def section(study: Study, found: pd.DataFrame) -> str:
    """The tables of one model."""
    title = words.text(study.model.TITLE)
    names = ", ".join(study.model.NAMES)
    return (f"\n## {title}\n\nSituations ({names}): {'; '.join(map(str, study.truths))}.\n\n"
            "| customers | samples | good | flagged | refused | failed | flagged most often |\n"
            "| ---: | ---: | ---: | ---: | ---: | ---: | --- |\n" + "".join(f"{line}\n" for line in ends(found))
            + "\n| customers | of | good fits | held the truth | least | where | verdict |\n"
            "| ---: | --- | ---: | ---: | ---: | --- | --- |\n" + "".join(f"{line}\n" for line in held(found)))


def study_of(study: Study, say: Callable[[str], None] = print) -> str:
    """A model's samples drawn, fitted and told."""
    parts = [tried(study, values, n, range(place * draws, (place + 1) * draws))
             for n, draws in study.draws.items() for place, values in enumerate(study.truths)]
    told = section(study, pd.concat(parts, ignore_index=True))
    say(told)
    return told


def main() -> None:
    """Compute all and write the page."""
    PAGE.write_text(HEAD + "".join(map(study_of, STUDIES)) + FOOT, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
