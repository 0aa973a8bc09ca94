"""Who leaves, how long people stay, and whether those leave who said so.

Staff is small, and colleagues know who left: so every table here is hidden below five people (below ten where two
attributes are crossed), and why people left is told only where at least five left. No answer names anybody.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.churn import churn
from engagelab.activity.log import stamps
from engagelab.activity.spells import fetched
from engagelab.activity.spells import named as groups
from engagelab.display import interval, named, shown
from engagelab.errors import DataError, one_of
from engagelab.metrics.answer import grouping
from engagelab.metrics.auc import auc
from engagelab.metrics.nouns import SURVEY_MIN_N
from engagelab.metrics.shares import answered as answer
from engagelab.metrics.suppress import suppressed
from engagelab.metrics.survival import median_duration
from engagelab.summaries import periods
from engagelab.surveys.follow import compared, people
from engagelab.surveys.link import Link

DAY = pd.Timedelta(days=1)
YEAR = 365.25  # days


def turnover(employees: Any, *, user: str = "user_id", hired: str = "hired_at", left: str = "left_at",
             reason: str | None = None, voluntary: str | None = None, every: str = "quarter", since: object = None,
             until: object = None, tz: str | None = None, by: str | Sequence[str] | None = None,
             confidence: float = .95, fiscal_year_starts: int = 1) -> pd.DataFrame:
    """The share of those employed when a period began who are not when it ends.

    employees : a row an employment; whatever `measure()` takes. The arguments are those of `activity.churn`. Who comes
        and goes within a period is in no rate of it: see `tenure()`.
    since : from when on the table holds everybody who left; unless said, from the period of the first who did.
    reason, voluntary : columns that say why people left, and whether of their own will; each adds its rows.

    Returns the columns of `measure()`, `count` leavers of `n` employed at the start, Wilson's interval: the metrics
    `turnover` and, with `voluntary`, `voluntary_turnover`, `involuntary_turnover` and, where leavers have no flag,
    `unexplained_turnover`. A cell of fewer than five employed is hidden; so are its rows that say why, unless at least
    five left.

    >>> staff = pd.DataFrame({"user_id": list("abcdefgh"), "hired_at": pd.Timestamp("2025-02-01"),
    ...                       "left_at": pd.to_datetime(["2026-01-15", "2026-02-20"] + [None] * 6)})
    >>> turnover(staff, every="quarter", since="2026-01-01", until="2026-04-01")[["quarter", "estimate", "count", "n"]]
      quarter  estimate  count  n
    0  2026Q1      0.25    2.0  8
    """
    names = grouping(by, one_of("every", every, periods.EVERY), "reason", "people")
    data = fetched(employees, [user, hired, left, *names, *filter(None, (reason, voluntary))], (hired, left))
    first, notes = _since(stamps(data, left), since, until, tz)
    table = churn(data, user=user, opened=hired, closed=left, reason=reason, voluntary=voluntary, every=every,
                  since=first, until=until, tz=tz, by=by, confidence=confidence, fiscal_year_starts=fiscal_year_starts)
    whole = (table["metric"] == "churn") & (table["reason"] == words.text("metrics.all") if reason else True)
    leavers = table[[*names, every]].merge(table[whole], how="left", on=[*names, every])["count"]
    people = np.where(whole, table["n"], np.where(leavers > 0, leavers, table["n"]))
    hidden = suppressed(table.assign(people=people), names, period=every, people="people").drop(columns="people")
    hidden["metric"] = hidden["metric"].str.replace("churn", "turnover", regex=False).astype("str")
    hidden.attrs = table.attrs | {"notes": [*table.attrs["notes"], *notes]}
    return hidden


def _since(gone: pd.Series, since: object, until: object, tz: str | None) -> tuple[object, list[str]]:
    """From when on leavers are in the table: before the first of them nobody can be seen to leave."""
    if (end := periods.moment("until", until, tz)) is not None:
        gone = gone[gone < pd.Timestamp(end, unit="us", tz="UTC")]  # others are only announced
    if since is not None or not gone.notna().any():
        return since, []
    return gone.min(), [words.text("leaving.since", first=gone.min().date())]


def tenure(employees: Any, *, hired: str = "hired_at", left: str = "left_at", since: object = None,
           until: object = None, tz: str | None = None, by: str | Sequence[str] | None = None,
           confidence: float = .95) -> pd.DataFrame:
    """The years after which half have left, in each group: the median by Kaplan-Meier.

    since : from when on the table holds everybody who left. Those hired before are in it only because they had stayed,
        so they count from the tenure on that they had then; who had left by then is left out. Unless said, the day
        of the first leaving in the table.
    until : up to when it holds them; its newest stamp unless said.

    Returns the columns of `measure()`: `count` have left, of `n`. The last day belongs to the tenure. Fewer than five
    people are hidden; there is no median where half have not left yet, or too few were at risk early on.

    >>> staff = pd.DataFrame({"hired_at": pd.Timestamp("2024-01-01"), "left_at": pd.to_datetime(
    ...     ["2024-06-30", "2024-12-30", "2025-06-30", "2025-09-30", "2025-12-31"] + [None] * 4)})
    >>> tenure(staff, since="2024-01-01", until="2026-07-01")[["metric", "estimate", "low", "count", "n"]].round(2)
       metric  estimate  low  count  n
    0  tenure       2.0  0.5    5.0  9
    """
    names = grouping(by, "left", "tenure", "entry")
    data = fetched(employees, [hired, left, *names], (hired, left))
    begun, gone = stamps(data, hired), stamps(data, left)
    for column, wrong, key in ((hired, begun.isna(), "churn.missing"), (left, gone < begun, "activity.closed_early")):
        if wrong.any():
            raise DataError(key, column=repr(column), opened=repr(hired), n=int(wrong.sum()),
                            row=int(wrong.to_numpy().argmax()) + 1)
    since, notes = _since(gone, since, until, tz)
    start, end = (periods.moment(name, value, tz) for name, value in (("since", since), ("until", until)))
    first = begun.min() if start is None else pd.Timestamp(start, unit="us", tz="UTC")
    last = pd.concat([begun, gone]).max() + DAY if end is None else pd.Timestamp(end, unit="us", tz="UTC")
    notes = [words.text("activity.observed_until")] * (end is None) + notes
    if first >= last:
        raise DataError("summaries.no_window", since=repr(str(first)), until=repr(str(last)))
    seen = gone < last
    inside = ~(gone < first) & (begun < last)
    notes += [words.text("leaving.outside", n=int((~inside).sum()))] * bool((~inside).any())
    spans = data[names].apply(groups).assign(
        left=seen, tenure=_years((gone + DAY).where(seen, last) - begun),
        entry=_years(first - begun).clip(lower=0.0))[inside]
    table = median_duration(spans, duration="tenure", ended="left", entry="entry", by=names, confidence=confidence)
    table = suppressed(table.assign(metric=pd.Series("tenure", index=table.index, dtype="str")), names)
    table.attrs = {"notes": notes}
    return table


def _years(lengths: pd.Series) -> pd.Series:
    return lengths.dt.total_seconds() / (YEAR * DAY.total_seconds())


def intent(answers: Any, employees: Any, *, stay: str = "stay", cut: Sequence[float] = (7,),
           within: str = "182 days", answered: str = "answered_at", user: str = "user_id", hired: str = "hired_at",
           left: str = "left_at", voluntary: str | None = "voluntary", until: object = None, tz: str | None = None,
           confidence: float = .95) -> Link:
    """Whether those leave who said that they would not stay.

    answers : a row a respondent (and wave) as `wide()` makes it, kept with `answered_at`; each one's first answer
        counts, so hand in one wave for that wave's.
    stay, cut : the question on the intent to stay, and the scores from which a group begins, two at least.
    employees : a row an employment. The last day belongs to it, as in `tenure()`.
    voluntary : the flags of who left of their own will: only they count as leavers, of all who were observed for the
        time `within`, and a group of which fewer than five left, for whatever reason, is hidden; None counts all.

    Returns a `Link`, as `follow()` does: `.frame` is leaving in the upper group less the lower one, `.parts` the share
    that left in each group, and, as its last row, the `auc`: the chance that of one who left and one who did not the
    leaver had said the lower score (.5 tells nothing). Hidden where either are fewer than five.

    >>> said = pd.DataFrame({"user_id": list("abcdefghijkl"), "stay": [2, 3, 3, 4, 5, 6, 7, 8, 8, 9, 9, 10],
    ...                      "answered_at": pd.Timestamp("2026-02-10", tz="UTC")})
    >>> staff = pd.DataFrame({"user_id": list("abcdefghijkl"), "hired_at": pd.Timestamp("2024-04-01", tz="UTC"),
    ...                       "left_at": pd.to_datetime(["2026-05-01"] * 4 + [None] * 7 + ["2026-06-01"], utc=True)})
    >>> found = intent(said, staff, cut=(7,), voluntary=None, until="2026-09-30")
    >>> found.parts[["metric", "group", "estimate", "count", "n"]].round(2)
                  metric       group  estimate  count   n
    0  left_after_answer     below 7      0.67    4.0   6
    1  left_after_answer  7 and more      0.17    1.0   6
    2  left_after_answer       (all)      0.42    5.0  12
    3                auc       (all)      0.80    NaN  12
    """
    table, notes = people(answers, employees, time=None, amount=None, opened=hired, closed=left, voluntary=voluntary,
                          score=stay, answered=answered, user=user, within=within, until=until, tz=tz, by=[],
                          last_day=True)
    said = {"score": stay, "amount": "", "within": named(within, "within")}
    what = "left_by_choice" if voluntary else "left"
    link = compared(table, notes, cut, [], what, said, confidence)
    gone = table["value"].to_numpy()
    area, low, high, se = auc(-table["score"], gone, confidence)
    fewest, few = min(gone.sum(), (~gone).sum()), np.nan
    if fewest < SURVEY_MIN_N:
        area = low = high = se = few
    flag = words.text("leaving.flag_few", n=SURVEY_MIN_N) if fewest < SURVEY_MIN_N else words.text(
        "metrics.flag_no_interval") if np.isnan(low) else ""
    row = answer(pd.DataFrame({"metric": ["auc"], "group": [words.text("metrics.all")]}), {
        "estimate": area, "low": low, "high": high, "se": se, "count": few, "n": len(table),
        "n_eff": float(len(table)), "method": words.text("leaving.method_auc")}, [flag])
    way = "none" if np.isnan(low) else "tells" if low > .5 else "wrong" if high < .5 else "unclear"
    sentence = words.text(f"leaving.intent_{way}", who=words.text(f"leaving.who_{what}"), area=shown(area, "share"),
                          interval=interval(low, high, "share"))
    return replace(link, parts=pd.concat([link.parts, row], ignore_index=True),
                   sentence=f"{link.sentence} {sentence}")
