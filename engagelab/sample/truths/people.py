"""Truths 8 to 10: the employees' pulse, in which who answers changes and low shops come back by themselves."""

import pandas as pd

from engagelab.sample import plan
from engagelab.sample.pulses import BEFORE, NOW
from engagelab.sample.truths.campaigns import nps
from engagelab.sample.truths.entry import Tables, entry, short


def unhappy_left(tables: Tables) -> dict[str, object]:
    """Truth 8: the published score rises, those who answered both waves fall."""
    enps = {wave: nps(scores(tables, wave, "enps")["score"]) for wave in (BEFORE, NOW)}
    return entry(
        8, "unhappy_left", naive={"metric": "enps", BEFORE: short(enps[BEFORE]), NOW: short(enps[NOW]),
                                  "change": short(enps[NOW] - enps[BEFORE])},
        true={"metric": "enps", "published_change": plan.PUBLISHED_CHANGE, "paired_change": plan.PAIRED_CHANGE,
              "level_of_those_who_left": plan.ENPS["leavers"], "level_of_those_who_came": plan.ENPS["hires"]},
        where={"table": "pulses", "filter": "question_id == 'enps'", "time": "wave", "user": "user_id",
               "periods": [BEFORE, NOW], "unit": "points",
               "action": "a training for everybody in June and July 2026 (employees.training_at)",
               "paired": "mean of the respondents' own changes (-200 ... 200), those who answered both waves"})


def drivers(tables: Tables) -> dict[str, object]:
    """Truth 9: what scores lowest is not what drives, and a ranking of equals is chance."""
    means = {name: scores(tables, NOW, name)["score"].mean() for name in plan.DRIVERS}
    shops = scores(tables, NOW, "satisfaction").groupby("shop_id")["score"].mean()
    return entry(
        9, "voice_drives", naive={"lowest_mean": min(means, key=lambda name: means[name]),
                                  "means": {name: short(mean) for name, mean in means.items()},
                                  "best_shop": shops.idxmax(), "worst_shop": shops.idxmin(), "shops_ranked": len(shops),
                                  "gap": short(shops.max() - shops.min())},
        true={"metric": "satisfaction", "driver": "voice", "share_of_explained_variance": plan.SHARES,
              "shops_that_differ": len(plan.APART), "points_apart": plan.APART, "points_between_the_others": 0.0},
        where={"table": "pulses", "filter": f"wave == '{NOW}' and kind == 'scale'", "outcome": "satisfaction",
               "drivers": list(plan.DRIVERS), "by": "shop_id", "unit": "points from 0 to 10",
               "share": "Shapley share of R squared of the linear model of the outcome on all drivers",
               "shops": "each shop against the mean of all others, Holm's correction over 24"})


def talks(tables: Tables) -> dict[str, object]:
    """Truth 10: the worst shops of one month would have come back by themselves."""
    pilot, alike = (_change(tables, shops) for shops in (plan.PILOT, plan.ALIKE))
    dip = round(sum(plan.DIPS) / len(plan.DIPS), 2)
    return entry(
        10, "one_on_one", naive={"metric": "manager", **pilot},
        true={"metric": "manager", "effect": plan.ONE_ON_ONE, "change_with_talks": round(dip + plan.ONE_ON_ONE, 2),
              "change_without": dip, "found_without": alike["change"]},
        where={"table": "pulses", "filter": "question_id == 'manager'", "time": "wave", "user": "user_id",
               "cluster": "shop_id", "periods": [BEFORE, NOW], "unit": "points from 0 to 10",
               "with_talks": list(plan.PILOT), "alike": list(plan.ALIKE),
               "chosen": f"the eight lowest of the twelve shops of each region in {BEFORE}; talks in kanto only"})


def _change(tables: Tables, shops: tuple[str, ...]) -> dict[str, float]:
    answers = {wave: scores(tables, wave, "manager") for wave in (BEFORE, NOW)}
    mean = {wave: frame["score"][frame["shop_id"].isin(shops)].mean() for wave, frame in answers.items()}
    return {wave: short(level) for wave, level in mean.items()} | {"change": short(mean[NOW] - mean[BEFORE])}


def scores(tables: Tables, wave: str, question: str) -> pd.DataFrame:
    """The answers to one question of a wave."""
    pulses = tables["pulses"]
    return pulses[(pulses["wave"] == wave) & (pulses["question_id"] == question)]
