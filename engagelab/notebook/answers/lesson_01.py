"""The answers of lesson 01, by counting in pandas and by statsmodels."""

from collections.abc import Callable, Hashable

import pandas as pd

from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.periods import periods
from engagelab.sources.folder import Folder


def _answers(company: Folder, kind: str) -> pd.DataFrame:
    """The answers to the questions of a kind, each with its period."""
    answers = company["surveys"]
    answers = answers[(answers["kind"] == kind) & answers["score"].notna()]
    return answers.assign(period=periods(company).label(answers["answered_at"]))


def _nps(scores: pd.Series) -> float:
    return float(100 * ((scores >= 9).mean() - (scores <= 6).mean()))


def _change(company: Folder, asked: pd.DataFrame) -> float:
    """How the score of all answers changed, whoever gave them."""
    when = periods(company)
    before, now = (asked.loc[asked["period"] == period, "score"] for period in (when.before, when.now))
    return _nps(now) - _nps(before)


def _change_of_same_mix(company: Folder, asked: pd.DataFrame, by: str) -> float:
    """The changes of the groups, weighted by how many answers each gave before."""
    when = periods(company)
    total = weight = 0.0
    groups: dict[Hashable, pd.DataFrame] = dict(iter(asked.groupby(by)))
    for group in groups.values():
        before, now = (group.loc[group["period"] == period, "score"] for period in (when.before, when.now))
        if len(before) and len(now):
            total += len(before) * (_nps(now) - _nps(before))
            weight += len(before)
    return total / weight


def same_channels(company: Folder) -> Answer:
    """The change of the NPS with the mix of channels held still; naive, that of all answers."""
    asked = _answers(company, "nps")
    return Answer(_change_of_same_mix(company, asked, "channel"), _change(company, asked), within=.01)


def same_segments(company: Folder) -> Answer:
    """The change of the NPS with the mix of segments held still; naive, that with the channels held still."""
    asked = _answers(company, "nps")
    people = company["customers"].drop_duplicates("user_id").set_index("user_id")
    asked = asked.assign(segment=asked["user_id"].map(people["segment"]).fillna("?"))
    return Answer(_change_of_same_mix(company, asked, "segment"), _change_of_same_mix(company, asked, "channel"),
                  within=.01)


def vouched_for(company: Folder) -> Answer:
    """The lower end of Wilson's interval of the satisfied in the last period; naive, their share."""
    from statsmodels.stats.proportion import proportion_confint

    asked = _answers(company, "csat")
    good = asked.loc[asked["period"] == periods(company).now, "score"] >= 4
    low, _high = proportion_confint(good.sum(), len(good), method="wilson")
    return Answer(float(low), float(good.mean()), within=.0005)


def clicks_for_each_open(company: Folder) -> Answer:
    """Clicks for each open by a person, period by period; naive, for each open of any kind."""
    sends = company["email_sends"]
    sends = sends[sends["delivered"].fillna(True)]
    by_people = sends["opened"] & ~sends["machine_opened"]
    counts = sends.assign(by_people=by_people, period=periods(company).label(sends["sent_at"]))
    sums = counts.groupby("period")[["clicked", "opened", "by_people"]].sum().astype(float)
    return Answer(sums["clicked"] / sums["by_people"], sums["clicked"] / sums["opened"], within=.0005)


EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    "01.1": same_channels, "01.2": same_segments, "01.3": vouched_for, "01.4": clicks_for_each_open}
