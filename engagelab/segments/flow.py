"""Where customers went between two times: from which state or segment to which, who came, and who is gone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.lifecycle import STATES
from engagelab.display import named, shown
from engagelab.errors import DataError
from engagelab.metrics.looks import page, plain, rounded
from engagelab.metrics.shares import shares
from engagelab.plots.flow import flow as picture
from engagelab.plots.flow import kind_of
from engagelab.privacy.ids import check_ids
from engagelab.segments.rfm import rfm_segments
from engagelab.summaries.frames import fetched

CAME, GONE = "came", "gone"


@dataclass(frozen=True, repr=False)
class Flow:
    """The moves: `.frame`, a row a state before and a state after; `.notes`."""

    frame: pd.DataFrame
    notes: tuple[str, ...]

    def cells(self) -> pd.DataFrame:
        """The moves that somebody made, as they are looked at: rounded."""
        made = self.frame[self.frame["count"] > 0].reset_index(drop=True)
        kind = kind_of([*made["before"], *made["after"]])
        for name in ("before", "after"):
            made[name] = [named(named(state, kind), "state") for state in made[name]]
        return rounded(made, ["before", "after", "estimate", "interval", "count", "n"], "share")

    def __repr__(self) -> str:
        return plain([self.cells()], self.notes)

    def _repr_html_(self) -> str:
        return page([self.cells()], self.notes)

    def plot(self, **how: Any):
        """Bands from state to state: see `plots.flow`."""
        return picture(self.frame, **how)


def flow(before: Any, after: Any, *, user: str, state: str = "segment", confidence: float = .95) -> Flow:
    """From which state to which customers went between two times.

    before, after : a row a customer, at the one time and at the other: what `measure()` takes, or what `rfm` gives.
    user, state : their columns; the states of `activity.states` stand in `state`, the segments of `rfm` in `segment`.

    Returns `Flow`. `.frame` has a row a state before and a state after, those that nobody went between too: `count` of
    `n` who were there before, with Wilson's interval. Who is only in the second table "came", and is counted by
    itself; who is only in the first is "gone". Rows without a customer are left out and counted in `.notes`.
    Raises DataError where a customer has several rows, a state is called "came" or "gone", or ids are numbers here and
    text there.

    >>> spring = pd.DataFrame({"who": list("abcd"), "state": ["new", "new", "active", "active"]})
    >>> summer = pd.DataFrame({"who": list("abce"), "state": ["active", "dormant", "active", "new"]})
    >>> found = flow(spring, summer, user="who", state="state")
    >>> found.frame.query("count > 0")[["before", "after", "estimate", "count", "n"]]
        before    after  estimate  count  n
    1      new   active       0.5    1.0  2
    2      new  dormant       0.5    1.0  2
    5   active   active       0.5    1.0  2
    7   active     gone       0.5    1.0  2
    8     came      new       1.0    1.0  1
    >>> print(found.notes[0])
    Of 4 before, 1 (25.0%) are where they were, 2 have moved and 1 are gone; 1 came.
    """
    notes: list[str] = []
    one, other = (_states(table, name, user, state, notes) for table, name in ((before, "before"), (after, "after")))
    if not len(one) and not len(other):
        raise DataError("flow.nobody")
    if len(one) and len(other) and len({pd.api.types.is_numeric_dtype(side.index) for side in (one, other)}) > 1:
        raise DataError("flow.kinds", column=repr(user))
    both = pd.concat([one, other], axis="columns", keys=["before", "after"])
    both = both.fillna({"before": CAME, "after": GONE})
    order = _order({*one, *other})
    counts = pd.crosstab(both["before"], both["after"]).reindex(
        index=[*(name for name in order if name in set(one)), CAME],
        columns=[*(name for name in order if name in set(other)), GONE], fill_value=0)
    places = pd.MultiIndex.from_product([counts.index, counts.columns], names=["before", "after"])
    rows = places.to_frame(index=False).assign(count=counts.to_numpy().ravel())
    rows["n"] = rows["before"].map(counts.sum(axis="columns"))
    rows = rows[~((rows["before"] == CAME) & (rows["after"] == GONE))]
    rows.insert(0, "metric", "flow")
    stayed = int(np.trace(counts.reindex(index=order, columns=order, fill_value=0)))
    gone, came = (int(side.to_numpy().sum()) for side in (counts[GONE], counts.loc[CAME]))
    notes.insert(0, words.text(
        "flow.stayed", n=len(one), count=stayed, share=shown(stayed / len(one) if len(one) else np.nan, "share"),
        moved=len(one) - stayed - gone, gone=gone, came=came))
    return Flow(shares(rows, confidence=confidence), tuple(notes))


def _states(table: Any, name: str, user: str, state: str, notes: list[str]) -> pd.Series:
    """The state of each user, by user."""
    rows = fetched(getattr(table, "frame", table), [user, state])
    lacking = int(rows[user].isna().sum())
    if lacking:
        notes.append(words.text("flow.no_user", name=words.text(f"label.{name}"), n=lacking, column=repr(user)))
        rows = rows[rows[user].notna()]
    check_ids(pd.Index(rows[user]))
    if len(twice := rows.loc[rows.duplicated(user), user]):
        raise DataError("flow.twice", name=name, value=repr(twice.iloc[0]))
    held = rows[state].astype(object).where(rows[state].notna(), words.text("metrics.missing"))
    held = held.astype("str")
    if (taken := held.isin([CAME, GONE])).any():
        raise DataError("metrics.reserved_value", value=repr(held[taken].iloc[0]))
    return pd.Series(held.to_numpy(), index=pd.Index(rows[user]), name=name)


def _order(states: set[str]) -> list[str]:
    """The states as the lifecycle or the segments of RFM stand, others by name; the unknown last."""
    missing = words.text("metrics.missing")
    known = next((names for names in (STATES, tuple(rfm_segments()["segment"])) if states <= {*names, missing}), ())
    places = {name: place for place, name in enumerate(known)}
    return sorted(states, key=lambda name: (name == missing, places.get(name, len(places)), name))
