"""What the same people did after they had answered: bought again, left, spent.

A row a person, so that nobody counts twice: the first answer. The last one would not do: who leaves gives no later
answer, so that choosing it chooses by what came after. Who was not observed for the whole time after the answer is left
out and counted; so the shares are plain ones, with Wilson's interval, and their differences Newcombe's (MOVER, see
`metrics.difference`).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from engagelab import money, words
from engagelab.activity.log import flags, stamps, written
from engagelab.activity.spells import fetched
from engagelab.display import interval, metric_name, named, shown
from engagelab.errors import DataError, UsageError
from engagelab.metrics.answer import grouping
from engagelab.metrics.difference import difference
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, rate
from engagelab.metrics.shares import answered as answer
from engagelab.metrics.suppress import suppressed
from engagelab.summaries import periods
from engagelab.summaries.durations import duration
from engagelab.summaries.frames import listed, numbers
from engagelab.surveys.link import Link

OWN = ("person", "at", "end", "value", "gone", "score",  # columns of the table of people
       "group", "people", "before", "after", "difference", "n_before", "n_after")  # and of the groups compared


def follow(answers: Any, data: Any, *, cut: Sequence[float], time: str | None = None, amount: str | None = None,
           opened: str | None = None, closed: str | None = None, voluntary: str | None = None, score: str = "score",
           answered: str = "answered_at", user: str = "user_id", within: str = "182 days", until: object = None,
           tz: str | None = None, by: str | Sequence[str] | None = None, confidence: float = .95) -> Link:
    """What people who answered high did within a time after it, against those who answered low.

    answers : a row an answer to one question. The first of each person counts.
    data : what they did, by the same `user`. Either `time`, the stamps of events such as orders: who has one after the
        answer, or, with `amount`, how much of it. Or `opened` and `closed` of subscriptions or employments: who left,
        that is had one at the answer and none any more when the time was over; those who had none are left out.
    cut : the scores from which a group begins, as in `cut=(7, 9)` for NPS, `cut=(4,)` for five steps.
    voluntary : flags of who left of their own will; only they count as leavers then, of all; and groups are hidden too
        of which some, but fewer than five, left for whatever reason.
    until : up to when `data` is observed; its newest stamp unless said. tz : zone of `until`.
    by : columns of groups, of `answers`.

    Returns a `Link`: `.frame` is the difference of the highest group less the lowest, for each group of `by` and over
    all; `.parts` the shares (or means) of all groups of answers. Groups of fewer than five people are hidden, of fewer
    than ten where `by` crosses them. `.effect` is the difference over all.

    Raises DataError for two answers of one person at one moment, and where nobody was observed long enough.

    >>> asked = pd.DataFrame({"user_id": list("abcdefghijkl"), "score": [5, 4, 5, 4, 5, 4, 1, 2, 3, 1, 2, 3],
    ...                       "answered_at": pd.Timestamp("2026-02-01", tz="UTC")})
    >>> plans = pd.DataFrame({"user_id": list("abcdefghijkl"), "opened_at": pd.Timestamp("2025-05-01", tz="UTC"),
    ...                       "closed_at": pd.to_datetime([None] * 5 + ["2026-03-01"] * 5 + [None] * 2, utc=True)})
    >>> found = follow(asked, plans, cut=(4,), opened="opened_at", closed="closed_at", until="2026-09-30")
    >>> found.parts[["group", "estimate", "count", "n"]].round(2)
            group  estimate  count   n
    0     below 4      0.67    4.0   6
    1  4 and more      0.17    1.0   6
    2       (all)      0.42    5.0  12
    >>> found.frame[["estimate", "low", "high"]].round(2)
       estimate   low  high
    0      -0.5 -0.77  0.04
    """
    names = grouping(by, *OWN)
    table, notes = people(answers, data, time=time, amount=amount, opened=opened, closed=closed, voluntary=voluntary,
                          score=score, answered=answered, user=user, within=within, until=until, tz=tz, by=names)
    what = "left_by_choice" if voluntary else "left" if closed else "amount" if amount else "came"
    return compared(table, notes, cut, names, what, {"score": score, "amount": amount or "",
                                                     "within": named(within, "within")}, confidence)


def people(answers: Any, data: Any, *, time: str | None, amount: str | None, opened: str | None, closed: str | None,
           voluntary: str | None, score: str, answered: str, user: str, within: str, until: object, tz: str | None,
           by: list[str], last_day: bool = False) -> tuple[pd.DataFrame, list[str]]:
    """A row a person whose whole time after the first answer was observed: `score`, `value`, groups; and notes.

    last_day : whether one is there throughout the day from `closed` on.
    """
    spells, dates = _kind(time, opened, closed, amount, voluntary), (time, opened, closed)
    table = _first(answers, user, score, answered, by)
    done = fetched(data, [user, *filter(None, (*dates, amount, voluntary))], dates, (amount,))
    done = pd.DataFrame({what: done[what] for what in money.ALIKE if what in done} | {
        "person": written(done[user]), "amount": numbers(done, [amount])[amount] if amount else np.nan, "own": (
            flags(done, voluntary) if voluntary else True)} | {
        ours: stamps(done, name) for ours, name in zip(("time", "opened", "closed"), dates, strict=True) if name})
    end, length = _end(done, dates, until, tz), pd.Timedelta(microseconds=duration("within", within))
    late, asked = table["at"] + length > end, len(table)
    table = table[~late].assign(end=table["at"] + length)
    more: list[str] = []
    if spells:
        if (wrong := done["closed"] < done["opened"]).any():
            raise DataError("activity.closed_early", column=repr(closed), opened=repr(opened), n=int(wrong.sum()),
                            row=int(wrong.to_numpy().argmax()) + 1)
        table, more = _left(table, done.assign(closed=done["closed"] + pd.Timedelta(days=int(last_day))), voluntary)
    else:
        table = _did(table, done, amount)
    if not len(table):
        raise DataError("follow.nobody", n=asked, late=int(late.sum()), within=repr(within), until=str(end.date()))
    notes = [words.text("follow.first", n=len(table), people=asked)]
    notes += [words.text("follow.late", n=int(late.sum()), within=named(within, "within"),
                         end=end.date())] * bool(late.any())
    notes += [words.text("follow.newest", end=end.date())] * (until is None)
    return table, [*notes, *more, words.text("link.no_effect_of_acting")]


def compared(table: pd.DataFrame, notes: list[str], cut: Sequence[float], by: list[str], what: str,
             said: dict[str, str], confidence: float) -> Link:
    """What those did who answered high, less those who answered low: "left", "left_by_choice", "came" or "amount"."""
    edges, shares = _edges(cut), table["value"].dtype == bool
    table = table.assign(group=np.searchsorted(edges, table["score"], side="right"))
    metric = f"mean({said['amount']})" if what == "amount" else f"{what}_after_answer"
    parts = _hidden(measure(table, {metric: rate("value") if shares else mean("value")} | (
        {"gone": rate("gone")} if what == "left_by_choice" else {}), by=["group", *by], total=True,
        confidence=confidence), metric, ["group", *by])
    labels = {str(i): text for i, text in enumerate(_labels(edges))}
    parts = parts.assign(group=parts["group"].replace(labels))
    said = said | {name: metric_name(said[name]) for name in ("score", "amount")}
    said = said | dict(zip(("low_group", "high_group"), (labels["0"], labels[str(len(edges))]), strict=True))
    sides = [parts[parts["group"] == said[end]] for end in ("low_group", "high_group")]
    if not all(map(len, sides)):
        return _nothing(parts, metric, by, words.text("follow.one_group", **said), len(table), tuple(notes))
    apart = difference(parts, over="group", before=said["low_group"], after=said["high_group"])
    pair = sides[0].merge(sides[1], on=["metric", *by], how="outer", suffixes=("_low", "_high"))
    frame = answer(apart[["metric", *by]], {
        "estimate": apart["difference"], "low": apart["low"], "high": apart["high"],
        "se": np.hypot(pair["se_low"], pair["se_high"]), "count": np.nan, "n": apart["n_before"] + apart["n_after"],
        "n_eff": pair["n_eff_low"] + pair["n_eff_high"], "method": apart["method"]}, apart["flag"].tolist())
    at = int(np.argmax((apart[by] == words.text("metrics.all")).all(axis="columns")))
    if between := 0 if pd.isna(frame["n"].iloc[at]) else len(table) - int(frame["n"].iloc[at]):
        notes = [words.text("follow.between", n=between), *notes]
    return Link(frame, float(frame["estimate"].iloc[at]), float(frame["se"].iloc[at]),
                words.text(f"follow.source_{what}", **said, n=len(table)), _sentence(apart.iloc[at], what, said), parts,
                "share" if shares else "number", tuple(notes))


def _hidden(measured: pd.DataFrame, metric: str, by: list[str]) -> pd.DataFrame:
    """The rows of the metric, small cells hidden; as in `turnover()` by all who left, where they tell why some did."""
    own = measured["metric"] == metric
    parts, left = measured[own].reset_index(drop=True), measured.loc[~own, "count"].to_numpy()
    people = np.where(left > 0, left, parts["n"]) if len(left) else parts["n"]
    return suppressed(parts.assign(people=people), by, people="people").drop(columns="people")


def _nothing(parts: pd.DataFrame, metric: str, by: list[str], why: str, n: int, notes: tuple[str, ...]) -> Link:
    """The answer where one of the two groups is empty: nothing is compared, and it says why."""
    keys = pd.DataFrame({"metric": [metric], **{name: [words.text("metrics.all")] for name in by}})
    blank = dict.fromkeys(("estimate", "low", "high", "se", "count"), np.nan)
    frame = answer(keys, blank | {"n": n, "n_eff": float(n), "method": ""}, [why])
    return Link(frame, np.nan, np.nan, "", f"{why}.", parts, "number", notes)


def _sentence(row: pd.Series, what: str, said: dict[str, str]) -> str:
    unit = "number" if what == "amount" else "share"
    way = "none" if np.isnan(row["low"]) else "up" if row["low"] > 0 else "down" if row["high"] < 0 else "unclear"
    return words.text(f"follow.sentence_{what}", **said, low=shown(row["before"], unit),
                      high=shown(row["after"], unit), verdict=words.text(
                          f"follow.verdict_{way}", interval=interval(row["low"], row["high"], unit, signed=True)))


def _kind(time: str | None, opened: str | None, closed: str | None, amount: str | None, voluntary: str | None) -> bool:
    """Whether the table is one of subscriptions and not of events."""
    if bool(time) == bool(opened and closed) or bool(opened) != bool(closed) or (opened and amount) or (
            voluntary and not opened):
        raise UsageError("follow.kind")
    return bool(opened)


def _edges(cut: Sequence[float]) -> np.ndarray:
    edges = np.asarray(cut if isinstance(cut, list | tuple) else [], dtype=float)
    if not len(edges) or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise UsageError("follow.cut", value=repr(cut))
    return edges


def _labels(edges: np.ndarray) -> list[str]:
    said = [f"{edge:g}" for edge in edges]
    middle = [words.text("follow.from_to", low=low, high=high) for low, high in pairwise(said)]
    return [words.text("follow.below", high=said[0]), *middle, words.text("follow.from", low=said[-1])]


def _first(answers: Any, user: str, score: str, answered: str, by: list[str]) -> pd.DataFrame:
    """The first answer of each person: `person`, `at`, `score` and the columns of groups."""
    table = fetched(answers, listed("columns", [user, score, answered, *by]), (answered,)).reset_index(drop=True)
    table = table[by].assign(person=written(table[user]), at=stamps(table, answered),
                             score=numbers(table, [score])[score])
    table = table.dropna(subset=["person", "at", "score"]).sort_values("at", kind="stable")
    again = table.duplicated(["person", "at"]) & (table.groupby("person").cumcount() == 1)  # beside the first answer
    if again.any():
        raise DataError("follow.twice", user=repr(table["person"][again].iloc[0]), n=int(again.sum()),
                        at=str(table["at"][again].iloc[0]))
    return table.drop_duplicates("person").sort_values("person", ignore_index=True)


def _end(done: pd.DataFrame, dates: Sequence[str | None], until: object, tz: str | None) -> pd.Timestamp:
    """Up to when the table is observed."""
    moment = periods.moment("until", until, tz)
    if moment is not None:
        return pd.Timestamp(moment, unit="us", tz="UTC")
    newest = done.select_dtypes("datetimetz").max().max()
    if pd.isna(newest):
        raise DataError("summaries.no_stamps", column=words.joined(repr(name) for name in dates if name))
    return newest


def _did(table: pd.DataFrame, done: pd.DataFrame, amount: str | None) -> pd.DataFrame:
    """Whether each has an event after the answer, or the sum of its amounts."""
    both = table[["person", "at", "end"]].merge(done, on="person")
    inside = both[(both["time"] > both["at"]) & (both["time"] <= both["end"])].reset_index(drop=True)
    if amount is None:
        return table.assign(value=table["person"].isin(inside["person"]))
    for what in money.ALIKE:
        if what in inside:
            seen = inside.loc[inside["amount"].notna(), what].value_counts(dropna=False)
            money.check_alike([amount], what, seen.to_dict())
    spent = inside.groupby("person")["amount"].sum()
    return table.assign(value=table["person"].map(spent).fillna(0.0).astype("float64"))


def _left(table: pd.DataFrame, done: pd.DataFrame, voluntary: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Whether each who was there at the answer was there no more at the end (`gone`), of their own will; and notes."""
    both = table[["person", "at", "end"]].merge(done, on="person")

    def there(moment: str) -> pd.Series:
        return (both["opened"] <= both[moment]) & ~(both["closed"] <= both[moment])

    here = table["person"].isin(both["person"][there("at")])
    gone = here & ~table["person"].isin(both["person"][there("end")])
    ended = both[(both["closed"] > both["at"]) & (both["closed"] <= both["end"])].sort_values("closed", kind="stable")
    own = table["person"].map(ended.drop_duplicates("person", keep="last").set_index("person")["own"]).astype("boolean")
    notes = [words.text("follow.away", n=int((~here).sum()))] * bool((~here).any())
    notes += [words.text("follow.unflagged", voluntary=voluntary)] * bool((gone & own.isna()).any())
    return table.assign(value=gone & own.fillna(False).astype(bool), gone=gone)[here], notes
