"""The answers of lesson 06: textbook formulas, least squares, a jackknife and a simulation."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pandas as pd

from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.campaign import campaign
from engagelab.sources.folder import Folder

ROLLED_OUT = 10_000  # customers
LOOKS, WALKS = 26, 100_000


def needed(company: Folder) -> Answer:
    """How many in each arm see one point more with a chance of 90 %; and, mistaken, one per cent more.

    Fleiss, Levin and Paik (2003, Statistical methods for rates and proportions, formula 4.14).
    """
    mails, normal = company["email_sends"], NormalDist()
    rate = float(mails.loc[mails["delivered"], "clicked"].mean())

    def each(effect: float) -> int:
        other, middle = rate + effect, rate + effect / 2
        spread = (normal.inv_cdf(.975) * math.sqrt(2 * middle * (1 - middle))
                  + normal.inv_cdf(.9) * math.sqrt(rate * (1 - rate) + other * (1 - other)))
        return math.ceil((spread / effect)**2)
    return Answer(each(.01), each(.01 * rate), within=5)


def rolled_out(company: Folder) -> Answer:
    """What a roll-out changes, by least squares with what was known before; and the profit with those offered it.

    The difference of the means as they are is right, too; so is a figure read off the table in whole yen.
    """
    trial = campaign(company)
    rows = pd.DataFrame() if trial.rows is None else trial.rows.dropna(subset="profit_per_head")
    before, offered = rows["profit_per_head_before"], rows["arm"] != trial.control
    known = pd.DataFrame({"all": 1, "offered": offered, "before": before.fillna(before.mean()), "new": before.isna()})
    effect = np.linalg.lstsq(known.to_numpy("float64"), rows["profit_per_head"], rcond=None)[0][1]
    with_it, without = (rows.loc[who, "profit_per_head"].mean() for who in (offered, ~offered))
    return Answer(ROLLED_OUT * effect, ROLLED_OUT * with_it, within=ROLLED_OUT * (abs(with_it - without - effect) + .6))


def by_shop(company: Folder) -> Answer:
    """The interval of the difference in the share who ordered, by a jackknife over shops; and one over customers.

    Efron (1982, The jackknife, the bootstrap and other resampling plans, chapter 3), with Welch's degrees of freedom.
    """
    from scipy.stats import t as student

    drawn, orders = company["assignments"], company["orders"]
    drawn = drawn[drawn["experiment"] == "service_test"]
    pairs = drawn.merge(orders[~orders["status"].isin(["voided", "cancelled", "canceled"])], on="user_id")
    after = pairs["ordered_at"] - pairs["assigned_at"]
    came = set(pairs.loc[(after >= pd.Timedelta(0)) & (after < pd.Timedelta("240 days")), "user_id"])
    shops = drawn.assign(came=drawn["user_id"].isin(came)).groupby(["arm", "cluster"])["came"].agg(["sum", "count"])
    apart = total = free = alone = 0.0
    for arm, sign in (("new_service", 1), ("usual", -1)):
        each = shops.loc[arm]
        left, m = each.rsub(each.sum()), len(each)
        share, without = each["sum"].sum() / each["count"].sum(), left["sum"].div(left["count"])
        spread = (m - 1) / m * ((without - without.mean())**2).sum()
        apart, total, free = apart + sign * share, total + spread, free + spread**2 / (m - 1)
        alone += share * (1 - share) / each["count"].sum()
    wide, narrow = student.ppf(.975, total**2 / free) * math.sqrt(total), NormalDist().inv_cdf(.975) * math.sqrt(alone)
    return Answer([apart - wide, apart + wide], [apart - narrow, apart + narrow], within=.004)


def false_alarms(_company: Folder) -> Answer:
    """The chance that a look a week for half a year, at nothing, raises an alarm, by simulation; and that of one look.

    Armitage, McPherson and Rowe (1969, JRSS A 132, 235-244), table 2, has .248 for 20 looks.
    """
    walks = np.random.RandomState(1).normal(size=(WALKS, LOOKS)).cumsum(axis=1) / np.sqrt(np.arange(1, LOOKS + 1))
    alarm = np.abs(walks) > NormalDist().inv_cdf(.975)
    return Answer(float(alarm.any(axis=1).mean()), float(alarm[:, 0].mean()), within=.006)


EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    "06.1": needed, "06.2": rolled_out, "06.3": by_shop, "06.4": false_alarms}
