"""RFM: customers scored by how recently, how often and for how much they bought, and named by readable rules.

The method is that of direct mail (Hughes, Strategic Database Marketing, 1994), with one change: equal values get equal
scores. A cut is the smallest value up to which at least k of `bins` equal parts of the customers lie (the inverse of
the empirical distribution), and belongs to the part beneath it. Where many are alike, some scores are given to nobody.
The names and their rules stand in `rfm_segments.csv`, the first that fits wins.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import named, shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics.intervals import around
from engagelab.metrics.looks import page, plain, rounded
from engagelab.metrics.shares import shares
from engagelab.plots.rfm_map import rfm_map
from engagelab.segments.people import check_ids
from engagelab.summaries import periods
from engagelab.summaries.purchases import recent

MEASURES = {"recency": "R", "frequency": "F", "monetary": "M"}
SCALE = 5           # of the scores in the rules
BINS = range(2, 11)
FRACTION = 6        # decimals of a total: sums taken in another order differ far behind them
QUIET = 7           # days without any purchase before the end that are said
APART = .1          # the part by which two windows may differ in length before it is said


@dataclass(frozen=True, repr=False)
class RFM:
    """Customers, their segments and the map: what `rfm` gives.

    frame : a row a customer. segments : an answer, a row a segment. map : a row a cell of scores R and F that has
    customers. cuts : the boundaries of the scores, to be used again or written as JSON.
    """

    frame: pd.DataFrame
    segments: pd.DataFrame
    map: pd.DataFrame
    cuts: dict[str, Any]
    notes: tuple[str, ...]
    sql: str = field(repr=False)
    unit: str = "number"

    def say(self) -> list[str]:
        """Who brings the most, and who brought much and stays away."""
        known = self.segments[self.segments["count"] > 0]
        top = known.sort_values("revenue_share", ascending=False, kind="stable").iloc[0]
        said = [words.text("rfm.top", segment=named(top["segment"], "segment"), n=int(top["count"]), share=shown(
            top["estimate"], "share"), revenue=shown(top["revenue_share"], "share"))]
        away = known[known["segment"].isin(["cannot_lose", "at_risk"])]
        if len(away):
            said.append(words.text("rfm.away", n=int(away["count"].sum()), revenue=shown(
                float(away["revenue_share"].sum()), "share"), segments=words.joined(
                    named(name, "segment") for name in away["segment"])))
        return said

    def cells(self) -> pd.DataFrame:
        """The segments as they are looked at: rounded."""
        shares = rounded(self.segments, ["segment", "count", "estimate", "interval", "revenue_share"], "share")
        typical = rounded(self.segments, ["recency_median", "frequency_median"])
        return shares.join(typical).join(rounded(self.segments, ["monetary_mean"], self.unit))

    def __repr__(self) -> str:
        return plain([self.cells()], (*self.say(), *self.notes))

    def _repr_html_(self) -> str:
        return page([self.cells()], (*self.say(), *self.notes))

    def plot(self, **how: Any):
        """The map of recency and frequency: see `plots.rfm_map`."""
        return rfm_map(self.map, **how)


def rfm(data: Any, *, user: str, time: str, amount: str, bins: int = 5, cuts: Mapping[str, Sequence[float]] | None =
        None, since: object = None, until: object = None, tz: str | None = None, collapse: str = "day",
        event: str | None = None, events: Sequence[str] | None = None, rules: pd.DataFrame | None = None,
        confidence: float = .95) -> RFM:
    """Which customers bought lately, often and for much, in segments with a name.

    data : what `measure()` takes, a row an order. user, time, amount : its columns of customers, stamps and amounts,
        these in one currency (`el.net` makes them so, and takes refunds out of their orders).
    bins : so many scores, from 1 to `bins`, the best, of equal parts of the customers. cuts : the boundaries of an
        earlier answer instead; the scores are then as many as they part.
    since, until : only orders from the one and before the other count. tz, event, events : as in `measure()` and the
        activity room. collapse : orders of one such period are one purchase.
    rules : a table like `rfm_segments()`, with other names or ranges.

    A row is a purchase where its amount is above 0; the others are counted in `.notes`.

    Returns `RFM`. `.frame` has a row a customer, sorted: `recency`, days from the last purchase to the last day
    observed; `frequency`, purchases; `monetary`, the total; scores `R F M`; `segment`. A score is one more than the
    number of cuts below the value; of recency, where little is good, `bins` less that number. `.segments` has the
    columns of `measure()`: the share of customers with Wilson's interval, and `revenue_share`, `recency_median`,
    `frequency_median`, `monetary_mean` with Student's interval. `.cuts` can be given to the next call.
    Raises UsageError for `bins`, `cuts` or `rules` that cannot be right; DataError where nobody bought or ids are
    e-mail addresses.

    >>> orders = pd.DataFrame({"who": list("aaabbc"), "total": [30.0, 20, 50, 20, 10, 5], "at": pd.to_datetime(
    ...     ["2026-04-01", "2026-05-01", "2026-06-29", "2026-04-02", "2026-04-20", "2026-06-28"], utc=True)})
    >>> found = rfm(orders, user="who", time="at", amount="total", bins=3, until="2026-07-01")
    >>> found.frame
      who  recency  frequency  monetary  R  F  M      segment
    0   a        1          3     100.0  3  3  3    champions
    1   b       71          2      30.0  1  2  2      at_risk
    2   c        2          1       5.0  2  1  1  about_to_sleep
    >>> found.cuts
    {'recency': [1, 2], 'frequency': [1, 2], 'monetary': [5.0, 30.0], 'days': 91}
    """
    if cuts is None and (not isinstance(bins, int) or bins not in BINS or isinstance(bins, bool)):
        raise UsageError("rfm.bins", value=repr(bins), low=BINS[0], high=BINS[-1])
    if user in (*MEASURES, *MEASURES.values(), "segment", "purchases", "amount", "last_day"):
        raise UsageError("metrics.reserved", column=repr(user))
    given = None if cuts is None else _cuts_given(cuts)
    table = rfm_segments() if rules is None else rules
    names = _names(table)
    bought = recent(data, user=user, time=time, value=amount, collapse=collapse, since=since, until=until, tz=tz,
                    event=event, events=events)
    if bought.empty:
        raise DataError("rfm.nobody", column=repr(amount))
    check_ids(pd.Index(bought[user].astype("str")))
    frame = pd.DataFrame({user: bought[user], "recency": bought.attrs["end"] - bought["last_day"],
                          "frequency": bought["purchases"], "monetary": bought["amount"].round(FRACTION)})
    days = int(bought.attrs["end"] - bought.attrs["first_day"] + 1)
    used = given or {name: _cuts(frame[name].to_numpy(), bins) for name in MEASURES}
    bins = len(used["recency"]) + 1
    for name, score in MEASURES.items():
        below = np.searchsorted(used[name], frame[name].to_numpy(), side="left")
        frame[score] = bins - below if name == "recency" else 1 + below
    place = _five(np.arange(1, bins + 1), bins) - 1
    r, f, m = (place[frame[score].to_numpy() - 1] for score in MEASURES.values())
    order = list(dict.fromkeys(table["segment"]))
    frame["segment"] = pd.Categorical.from_codes(names[r, f, m], pd.Index(order))
    last = periods.first_day(int(bought.attrs["end"]))
    notes = [*bought.attrs["notes"], words.text("rfm.method", first=periods.first_day(int(bought.attrs["first_day"])),
                                                last=last, column=repr(amount))]
    quiet = int(frame["recency"].min())
    notes += [words.text("rfm.quiet", n=quiet)] * (quiet >= QUIET) + _skipped(frame, bins) + _other_length(cuts, days)
    segments, cells = _segments(frame, order, confidence), _map(frame, bins)
    frame["segment"] = frame["segment"].astype("str")
    return RFM(frame, segments, cells, {**used, "days": days}, tuple(notes), bought.attrs["sql"], _unit(data))


def rfm_segments() -> pd.DataFrame:
    """The rules by which customers are named: a row a rule, the first that fits wins.

    `recency, frequency, monetary` are ranges of scores from 1 to 5, 5 the best. A score on a scale of other length is
    read where its middle stands among five.

    >>> rfm_segments()[:2]
         segment recency frequency monetary
    0  champions     4-5       4-5      4-5
    1      loyal     3-5       4-5      1-5
    """
    return pd.read_csv(io.StringIO(files(__package__).joinpath("rfm_segments.csv").read_text("utf-8")), dtype="str")


def _unit(data: Any) -> str:
    """The currency of a frame's amounts where it says one, else "number"."""
    known = set(data["currency"].dropna()) if isinstance(data, pd.DataFrame) and "currency" in data else set()
    return str(known.pop()) if len(known) == 1 else "number"


def _five(score: np.ndarray, bins: int) -> np.ndarray:
    """A score of so many as one of five: where the middle of its part lies."""
    return -(-SCALE * (2 * score - 1) // (2 * bins))


def _names(rules: pd.DataFrame) -> np.ndarray:
    """Of each cell of scores of five, the number of its name; the rules have to name them all."""
    for name in ("segment", *MEASURES):
        column_of(name, rules.columns)
    order = list(dict.fromkeys(rules["segment"]))
    out = np.full((SCALE,) * len(MEASURES), -1)
    for row in rules.to_dict("records"):
        cell = tuple(_range(str(row[name]), name) for name in MEASURES)
        part = out[cell]
        part[part < 0] = order.index(row["segment"])
    if (out < 0).any():
        r, f, m = np.argwhere(out < 0)[0] + 1
        raise UsageError("rfm.uncovered", r=r, f=f, m=m)
    return out


def _range(text: str, name: str) -> slice:
    """Scores such as 4-5 or 3 as places."""
    low, _, high = text.partition("-")
    high = high or low
    if not (low.isdecimal() and high.isdecimal() and 1 <= int(low) <= int(high) <= SCALE):
        raise UsageError("rfm.range", column=repr(name), value=repr(text), high=SCALE)
    return slice(int(low) - 1, int(high))


def _cuts(values: np.ndarray, bins: int) -> list:
    """The values up to which 1, 2 ... of `bins` parts of the customers lie."""
    ranks = [-(-k * len(values) // bins) - 1 for k in range(1, bins)]
    return np.partition(values, ranks)[ranks].tolist()


def _cuts_given(cuts: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The cuts of an earlier answer, if they are that."""
    try:
        made = {name: [float(value) for value in cuts[name]] for name in MEASURES}
        lengths = {len(values) for values in made.values()}
        right = len(lengths) == 1 and lengths.pop() + 1 in BINS and all(
            np.isfinite(values).all() and values == sorted(values) for values in made.values())
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError("rfm.cuts", columns=words.joined(MEASURES)) from error
    if not right:
        raise UsageError("rfm.cuts", columns=words.joined(MEASURES))
    return {name: list(cuts[name]) for name in MEASURES}


def _skipped(frame: pd.DataFrame, bins: int) -> list[str]:
    """Which scores nobody has, because many are alike."""
    notes = []
    if (frame["frequency"] == 1).all():
        notes.append(words.text("rfm.once", n=len(frame)))
    for name, score in MEASURES.items():
        lacking = sorted({*range(1, bins + 1)} - {*frame[score].unique()})
        if lacking:
            notes.append(words.text("rfm.skipped", measure=words.text(f"label.{name}"),
                                    scores=words.joined(lacking)))
    return notes


def _other_length(cuts: Mapping[str, Any] | None, days: int) -> list[str]:
    """That the cuts were made on a longer or shorter window, within which customers buy more or less often."""
    before = (cuts or {}).get("days")
    if cuts is None:
        return []
    if not isinstance(before, int | float) or abs(days - before) <= APART * before:
        return [words.text("rfm.given")]
    return [words.text("rfm.given"), words.text("rfm.other_length", before=int(before), now=days)]


def _segments(frame: pd.DataFrame, order: list[str], confidence: float) -> pd.DataFrame:
    """A row a segment, those without customers too."""
    held = frame.groupby("segment", observed=True)
    money = held["monetary"]
    found = pd.DataFrame({
        "count": held.size(), "revenue_share": money.sum() / frame["monetary"].sum(),
        "recency_median": held["recency"].median(), "frequency_median": held["frequency"].median(),
        "monetary_mean": money.mean(), "se": money.std() / np.sqrt(held.size())}).reindex(order)
    found[["count", "revenue_share"]] = found[["count", "revenue_share"]].fillna(0)
    low, high = around(found["monetary_mean"], found.pop("se"), np.maximum(found["count"] - 1, 1), confidence)
    answer = shares(pd.DataFrame({"metric": "rfm_segment", "segment": order, "count": found["count"].to_numpy(),
                                  "n": len(frame)}), confidence=confidence)
    return answer.join(found.drop(columns="count").assign(monetary_low=low, monetary_high=high).reset_index(drop=True))


def _map(frame: pd.DataFrame, bins: int) -> pd.DataFrame:
    """A row a cell of R and F: how many customers, their part of the revenue, and the name that most of them have."""
    held = frame.groupby(["R", "F"])["monetary"]
    most = frame.groupby(["R", "F", "segment"], observed=True).size().reset_index(name="size")
    most = most.sort_values("size", ascending=False, kind="stable").drop_duplicates(["R", "F"])
    out = pd.DataFrame({"count": held.size(), "n": len(frame), "revenue_share": held.sum() / frame["monetary"].sum(),
                        "monetary_mean": held.mean()}).reset_index()
    return out.merge(most[["R", "F", "segment"]].astype({"segment": "str"}), on=["R", "F"]).assign(bins=bins)
