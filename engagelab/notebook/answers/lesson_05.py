"""The answers of lesson 05: product-limit and likelihood written out, on months counted in plain pandas."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.periods import periods
from engagelab.sources.folder import Folder


def _held(company: Folder) -> tuple[pd.DataFrame, pd.DataFrame, pd.Timestamp, pd.Timestamp]:
    """All subscriptions by the company's clock, those of the largest segment, and both ends of the data."""
    when, of = periods(company), company.settings.segment
    customers = company["customers"].drop_duplicates("user_id")[["user_id", "channel", of]]
    held = company["subscriptions"].merge(customers, on="user_id", how="left")
    held = held.assign(**{name: held[name].dt.tz_convert(when.tz).dt.tz_localize(None)
                          for name in ("opened_at", "closed_at")})
    since, until = pd.Timestamp(when.since), pd.Timestamp(when.until)
    held["closed_at"] = held["closed_at"].mask(held["closed_at"] >= until)
    return held, held[held[of] == held[of].mode().iloc[0]], since, until


def median_life(company: Folder) -> Answer:
    """After how many months half have left: of all, and of those alone who have left already (Kaplan, Meier 1958)."""
    _, held, since, until = _held(company)
    opened, closed = (held[name].dt.normalize() for name in ("opened_at", "closed_at"))
    ended, last = closed.notna(), (closed + pd.Timedelta("1 day")).fillna(until)
    age, entry = (last - opened).dt.days, (since - opened).dt.days.clip(lower=0)

    def half(rows: pd.Series) -> float:
        stay = 1.0
        for day in sorted(age[rows & ended].unique()):
            stay *= 1 - (rows & ended & age.eq(day)).sum() / (rows & age.ge(day) & entry.lt(day)).sum()
            if stay <= .5:
                return day / 30.4375
        return float("nan")
    return Answer(half(age > entry), half(ended & (age > entry)), within=.05)


def _payments(company: Folder) -> pd.DataFrame:
    """What a new customer pays in the mean in each month to come: a row a channel, and a last one for all.

    Two kinds of leavers whose shares differ by channel, by maximum likelihood; half a customer of each kind is added.
    """
    from scipy.optimize import minimize

    _, held, since, until = _held(company)
    first, end = (12 * day.year + day.month for day in (since, until - pd.offsets.MonthBegin(1)))
    month = {name: 12 * held[name].dt.year + held[name].dt.month for name in ("opened_at", "closed_at")}
    began, gone = month["opened_at"], month["closed_at"].fillna(end + 1)
    entry, last = (first - began).clip(lower=1), (np.maximum(gone - began, 1)).clip(upper=end - began)
    seen = (began < end) & (last >= entry) & ~((began < first) & (gone - began < entry))
    channel, names = pd.factorize(held.loc[seen, "channel"], sort=True)
    entry, last, left = (part[seen].to_numpy() for part in (entry, last, gone <= end))

    def loss(theta: np.ndarray) -> float:
        churn, quick = 1 / (1 + np.exp(-theta[:2])), 1 / (1 + np.exp(-theta[2:]))
        share = np.stack([quick, 1 - quick])[:, channel]
        stay = (1 - churn)[:, None]
        lived = share * stay ** np.where(left, last - 1, last) * np.where(left, churn[:, None], 1)
        there = share * stay ** (entry - 1)
        return -np.log(lived.sum(axis=0) / there.sum(axis=0)).sum() - .5 * np.log(quick * (1 - quick)).sum()

    theta = minimize(loss, np.r_[-1, -3, np.zeros(len(names))], method="BFGS").x
    churn, quick = np.sort(1 / (1 + np.exp(-theta[:2])))[::-1], 1 / (1 + np.exp(-theta[2:]))
    quick = quick if theta[0] > theta[1] else 1 - quick
    ages = np.arange(1200)
    there = pd.DataFrame(quick[:, None] * (1 - churn[0]) ** ages + (1 - quick[:, None]) * (1 - churn[1]) ** ages, names)
    paid = there.mul(held[held["opened_at"] >= since].groupby("channel")["amount"].mean(), axis=0)
    starters = pd.Series(channel[began[seen].to_numpy() >= first]).value_counts(normalize=True).sort_index()
    paid.loc[words.text("metrics.all")] = starters.to_numpy() @ paid.to_numpy()
    return paid


def value_and_cost(company: Folder) -> Answer:
    """Lifetime value over acquisition cost of social media: of what is left of the price, and of the whole price."""
    held, _, since, _ = _held(company)
    won, costs = held[held["opened_at"] >= since], company["costs"]
    cost = costs.loc[costs["channel"] == "social", "amount"].sum() / won["channel"].eq("social").sum()
    whole = _payments(company).loc["social"].sum() / cost
    return Answer(company.settings.value.margin * whole, whole, within=.03)


def first_year(company: Folder) -> Answer:
    """What is left of twelve payments of a new customer of each channel and of all; and of a whole life of them."""
    paid = company.settings.value.margin * _payments(company)
    return Answer(paid.iloc[:, :12].sum(axis=1), paid.sum(axis=1), within=50)


def promoters(company: Folder) -> Answer:
    """The share of promoters among referrals by the answer just before; and among all answers."""
    surveys, referrals = company["surveys"], company["referrals"].reset_index(names="referral")
    asked = surveys[surveys["kind"].eq("nps") & surveys["score"].notna()]
    pairs = referrals.merge(asked[["user_id", "answered_at", "score"]], on="user_id")
    before = pairs[pairs["answered_at"] <= pairs["referred_at"]]
    newest = before.loc[before.groupby("referral")["answered_at"].idxmax()]
    return Answer((newest["score"] >= 9).mean(), (asked["score"] >= 9).mean(), within=.001)


EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    "05.1": median_life, "05.2": value_and_cost, "05.3": first_year, "05.4": promoters}
