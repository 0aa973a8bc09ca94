"""Who is in the profile: one row a customer or lead, with what may be known of each, and consent respected.

A missing answer to the question of consent is no consent, and neither has somebody who is in no row of `customers`
(Regulation (EU) 2016/679, article 4(11): consent is a clear affirmative act).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.privacy.consent import PURPOSES, agreed
from engagelab.privacy.ids import check_ids
from engagelab.segments.totals import Limit, declared, moments, read_table, texts
from engagelab.summaries import periods
from engagelab.summaries.engine import source

STAGES = {"customers": "customer", "leads": "lead"}


@dataclass(frozen=True)
class People:
    """`.frame`, the attributes of those who are in, by user_id; `.known`, all ids of customers; `.open`, whether ids
    that `customers` does not know are in too; `.notes`."""

    frame: pd.DataFrame
    known: pd.Index
    open: bool
    limit: Limit
    notes: tuple[str, ...]


def people(tables: Mapping[str, Any], *, purpose: str | None, who: str | None, until: object,
           tz: str | None) -> People:
    """Who of the customers is in, and why the others are not."""
    one_of("purpose", purpose, (*PURPOSES, None))
    one_of("who", who, (*STAGES, None))
    limit, notes = ends(until, tz)
    if "customers" not in tables:
        if who is not None:
            raise UsageError("profile.no_stage", who=repr(who))
        notes.append(words.text("profile.no_customers"))
        return People(pd.DataFrame(index=pd.Index([], dtype="str", name="user_id")), pd.Index([], dtype="str"), True,
                      limit, tuple(notes))
    frame = _customers(tables["customers"], purpose, notes)
    known = frame.index
    frame, strict = _consenting(frame, purpose, notes)
    frame = _by_then(frame, limit, notes)
    if who is not None:
        frame = _of_stage(frame, who, notes)
    return People(frame, known, not strict and who is None, limit, tuple(notes))


def ends(until: object, tz: str | None) -> tuple[Limit, list[str]]:
    """`until` as a moment for all or for each."""
    if not isinstance(until, pd.Series):
        return Limit(periods.moment("until", until, tz)), []
    if not pd.api.types.is_datetime64_any_dtype(until):
        raise UsageError("profile.until", type=str(until.dtype))
    ids = texts(pd.Series(until.index))
    check_ids(pd.Index(ids.dropna()))
    if ids.isna().any() or ids.duplicated().any():
        raise UsageError("profile.until_ids", value=repr(until.index[int((ids.isna() | ids.duplicated()).argmax())]))
    stamps = until if until.dt.tz is not None else until.dt.tz_localize(
        periods.zone(tz), ambiguous=True, nonexistent="shift_forward")
    each = moments(stamps).set_axis(ids.array)
    n = int(each.isna().sum())
    return Limit(each=each), [words.text("profile.no_end", n=n)] * bool(n)


def _customers(data: Any, purpose: str | None, notes: list[str]) -> pd.DataFrame:
    """The table of customers with the columns of the profile that hold anything, by id; each once."""
    there = source(data).types
    column_of("user_id", there, "customers")
    asked = [made.column for made in declared()["customers"]] + [f"consent_{purpose}"] * (purpose is not None)
    frame = read_table("customers", data, ["user_id", *(column for column in asked if column in there)])
    ids = texts(frame["user_id"])
    if ids.isna().any():
        notes.append(words.text("profile.no_id", table=words.text("table.customers"), n=int(ids.isna().sum())))
    if (again := (ids.duplicated() & ids.notna())).any():
        row = int(again.to_numpy().argmax())
        raise DataError("profile.twice", table="customers", row=row + 1, n=int(again.sum()),
                        first=int((ids == ids[row]).to_numpy().argmax()) + 1)
    frame = frame.drop(columns="user_id").set_index(pd.Index(ids, name="user_id"))[ids.notna().to_numpy()]
    return frame[[column for column in frame if frame[column].notna().any()]]


def _consenting(frame: pd.DataFrame, purpose: str | None, notes: list[str]) -> tuple[pd.DataFrame, bool]:
    """Those who have agreed, and whether that is asked for at all."""
    column = f"consent_{purpose}"
    if purpose is None or column not in frame:
        notes.append(words.text("profile.no_purpose") if purpose is None
                     else words.text("profile.no_consent_column", column=repr(column)))
        return frame, False
    has = agreed(frame[column])
    notes.append(words.text("profile.consent", n=int((~has).sum()), all=len(frame),
                            purpose=words.text(f"profile.to_{purpose}")))
    return frame[has].drop(columns=column), True


def _by_then(frame: pd.DataFrame, limit: Limit, notes: list[str]) -> pd.DataFrame:
    """Those who were there before `until`, with what was so then."""
    if limit.none:
        return frame
    if limit.each is not None:
        here = frame.index.isin(limit.each.index)
        if not here.all():
            notes.append(words.text("profile.no_moment", n=int((~here).sum())))
        frame = frame[here]
        end = pd.Series(limit.each.reindex(frame.index).fillna(np.inf), index=frame.index)
    else:
        end = pd.Series(float(limit.moment or 0), index=frame.index)
    for column in ("created_at", "converted_at"):
        if column in frame:
            stamps = moments(frame[column])
            frame = frame.assign(**{column: frame[column].mask(stamps >= end)})
            if column == "created_at":
                early = (stamps < end) | stamps.isna()
                if not early.all():
                    notes.append(words.text("profile.later", n=int((~early).sum())))
            elif "stage" in frame:
                frame["stage"] = frame["stage"].mask(stamps >= end, STAGES["leads"])
    if "created_at" in frame:
        frame = frame[early]
    notes.append(words.text("profile.attributes_now"))
    return frame


def _of_stage(frame: pd.DataFrame, who: str, notes: list[str]) -> pd.DataFrame:
    if "stage" not in frame:
        raise UsageError("profile.no_stage", who=repr(who))
    unsaid = int(frame["stage"].isna().sum())
    if unsaid:
        notes.append(words.text("profile.unsaid_stage", n=unsaid))
    return frame[frame["stage"].eq(STAGES[who]).fillna(False).astype(bool)]
