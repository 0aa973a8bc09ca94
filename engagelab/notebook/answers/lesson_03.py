"""The answers of lesson 03, in plain pandas and scipy: who answered both waves, shops, drivers and the low ones."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pandas as pd

from engagelab.notebook.answers.answer import Answer
from engagelab.sources.folder import Folder

LEAST = 5          # respondents of a shop that may be shown
LOWEST = 8         # shops that are looked at because they were low
SURE = .05


def _answers(company: Folder) -> tuple[pd.DataFrame, list[str]]:
    """A row an answered form, by wave and employee, with a column a question and the shop; and the last two waves."""
    pulses = company["pulses"]
    rows = pulses.pivot_table(index=["wave", "user_id"], columns="question_id", values="score")
    waves = pulses.groupby("wave")["answered_at"].min().sort_values().index
    return rows.join(pulses.groupby(["wave", "user_id"])["shop_id"].first()), list(waves[-2:])


def _changed(company: Folder, question: str, worth: Callable[[pd.Series], pd.Series], within: float) -> Answer:
    """The mean change of those who answered both waves; naive is that of all."""
    rows, (before, after) = _answers(company)
    score = worth(rows[question].dropna()).unstack("wave")
    both = score[[before, after]].dropna()
    return Answer((both[after] - both[before]).mean(), score[after].mean() - score[before].mean(), within)


def enps_of_the_same(company: Folder) -> Answer:
    """The change in eNPS, in points."""
    pulses = company["pulses"]
    question = pulses.loc[pulses["kind"] == "enps", "question_id"].iloc[0]
    return _changed(company, question, lambda score: 100.0 * (score >= 9) - 100.0 * (score <= 6), .05)


def stay_of_the_same(company: Folder) -> Answer:
    """The change in the intent to stay."""
    return _changed(company, "stay", lambda score: score, .005)


def _surprise(one: pd.Series, others: pd.Series) -> float:
    """The larger p of Welch's test and Student's."""
    from scipy.stats import ttest_ind

    return max(ttest_ind(one, others, equal_var=alike).pvalue for alike in (True, False))


def shops_apart(company: Folder) -> Answer:
    """The shops that differ from all others, one by one with Holm's correction; those named are no longer others."""
    rows, (_, now) = _answers(company)
    asked = rows[rows.index.get_level_values("wave") == now].dropna(subset=["shop_id", "satisfaction"])
    shops = asked.groupby("shop_id")["satisfaction"]
    left = {str(shop): score for shop, score in shops if len(score) >= LEAST}
    named: list[str] = []
    while len(left) > 1:
        p = {shop: _surprise(score, pd.concat([other for name, other in left.items() if name != shop]))
             for shop, score in left.items()}
        first = min(p, key=p.__getitem__)
        if p[first] * len(left) >= SURE:
            break
        named.append(first)
        del left[first]
    return Answer(named)


def leading_driver(company: Folder) -> Answer:
    """What explains most of satisfaction, over all orders in which the drivers may come; naive is the lowest mean."""
    rows, pulses = _answers(company)[0], company["pulses"]
    names = list(pulses.loc[pulses["dimension"].isin(["organisation", "job", "person"]), "question_id"].unique())
    known = rows[["satisfaction", *names]].dropna()
    related = known.corr()
    explained: dict[frozenset[str], float] = {frozenset(): 0.0}
    gained = dict.fromkeys(names, 0.0)
    for order in permutations(names):
        for place, name in enumerate(order):
            less, more = frozenset(order[:place]), frozenset(order[:place + 1])
            if more not in explained:
                some = list(more)
                with_outcome = related.loc[some, "satisfaction"]
                explained[more] = float(with_outcome @ np.linalg.solve(related.loc[some, some], with_outcome))
            gained[name] += explained[more] - explained[less]
    return Answer(max(gained, key=gained.__getitem__), known[names].mean().idxmin())


def lowest_shops(company: Folder) -> Answer:
    """How much the shops with the lowest scores for tools rose, though nothing was done; naive is the rise of all."""
    rows, (before, after) = _answers(company)
    means = rows.dropna(subset=["shop_id", "tools"]).groupby(["wave", "shop_id"])["tools"].agg(["mean", "count"])
    score = means["mean"].where(means["count"] >= LEAST).unstack("wave")
    change = score[after] - score[before]
    return Answer(change[score[before].nsmallest(LOWEST).index].mean(), change.mean(), .005)


EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    "03.1": enps_of_the_same, "03.2": stay_of_the_same, "03.3": shops_apart, "03.4": leading_driver,
    "03.5": lowest_shops}
