"""The answers of lesson 08: by repeating the answers, by counting series, by shop in pandas, by the tree's formula."""

from collections.abc import Callable
from itertools import count

import numpy as np
import pandas as pd

from engagelab.kpi.watch import LEAST
from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.indicators import indicators, monthly, promised
from engagelab.notebook.periods import periods
from engagelab.notebook.profit import profit_tree
from engagelab.sources.folder import Folder

FEWEST = 5  # respondents of a shop, below whom its mean is hidden


def answers_needed(company: Folder) -> Answer:
    """How many times as many answers it takes until the standard error of NPS is half of what it is; naive, twice."""
    asked, when = company["surveys"].query("kind == 'nps' and score == score"), periods(company)
    scores = asked.loc[when.label(asked["answered_at"]) == when.now, "score"]
    points = 100.0 * (scores.ge(9).astype(int) - scores.le(6).astype(int))

    def error(times: int) -> float:
        many = np.tile(points, times)
        return float(many.std() / len(many) ** .5)
    half = error(1) / 2 * (1 + 1e-9)
    return Answer(next(times for times in count(1) if error(times) <= half), 2)


def false_alarms(company: Folder) -> Answer:
    """A twentieth of the months of all series with enough of a past; naive, of the months of one series."""
    when = periods(company)
    card, _named = promised(company, when, indicators(company, when))
    history = monthly(company, when, card["metric"]).dropna(subset="estimate")
    known = history.groupby("name")["month"].agg(["size", "max"])
    watched = (known["size"].gt(LEAST) & known["max"].eq(when.history.now)).sum()
    return Answer(12 * watched / 20, 12 / 20, within=.01)


def support_without_talks(company: Folder) -> Answer:
    """The mean support in both waves in shops elsewhere that were as low as those with talks; naive, in the latter."""
    asked = company["pulses"].query("question_id == 'manager'").dropna(subset=["score", "shop_id"])
    asked = asked[asked["wave"].isin(sorted(asked["wave"].unique())[-2:])]
    shops = asked.groupby(["shop_id", "wave"])["score"].agg(["mean", "size"]).query("size >= @FEWEST")["mean"].unstack()
    staff, region = company["employees"], company["shops"].drop_duplicates("shop_id").set_index("shop_id")["region"]
    talks = shops.index.isin(staff.loc[staff["one_on_one_at"].notna(), "shop_id"].dropna())
    low = shops.iloc[:, 0] <= shops.loc[talks].iloc[:, 0].max()
    elsewhere = ~region.reindex(shops.index).isin(region.reindex(shops.index[talks]))
    return Answer(shops[low & elsewhere].mean(), shops.loc[talks].mean(), within=.001)


def months_needed(company: Folder) -> Answer:
    """The months of those who stay for a fifth more profit, the tree's formula solved for them; naive, a fifth more."""
    when = periods(company)
    profit = profit_tree(company, when)
    if profit is None:
        return Answer(float("nan"))
    now = pd.Series(profit.values[when.now].frame.set_index("metric")["estimate"])
    sales = (1.2 * now["profit"] + now["marketing"]) / now["margin"]
    return Answer((sales - now["order_sales"]) / now["fee"] - now["joined"], 1.2 * now["stayed"], within=.5)


EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    "08.1": answers_needed, "08.2": false_alarms, "08.3": support_without_talks, "08.4": months_needed}
