"""One number a period, of one series or of several units, before and after a date: what `before_after` looks at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, metric_name
from engagelab.errors import DataError, UsageError, one_of
from engagelab.metrics.measure import measure, named
from engagelab.metrics.nouns import Noun
from engagelab.summaries import periods
from engagelab.summaries.frames import fetched, listed, numbers

QUARTER = re.compile(r"(\d{4})Q([1-4])")
ONE = "all"  # the one column of a series
MOST = 2000  # periods; more take minutes


@dataclass(frozen=True)
class Panel:
    """Values by place of the period (rows, in whole steps of it) and unit (columns); NaN where nothing is known.

    name : of the metric, as it is said; unit : as in `engagelab.display.shown`. controls : control series by place.
    labels : of the places. start : the first place after. treated : which units were treated, None for a series.
    notes : what was left out.
    """

    metric: str
    name: str
    unit: str
    values: pd.DataFrame
    controls: pd.DataFrame
    labels: pd.Series
    start: int
    treated: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def after(self) -> np.ndarray:
        """Which periods are after."""
        return np.asarray(self.values.index >= self.start)

    @property
    def at(self) -> str:
        """The first period after."""
        return str(self.labels[self.labels.index >= self.start].iloc[0])

    @property
    def one_series(self) -> tuple[pd.Series, pd.DataFrame]:
        """The series of what had the action, and those beside it: the means of units where there are units."""
        if self.treated is None:
            return self.values.iloc[:, 0], self.controls
        series, others = (self.values.loc[:, side].mean(axis=1, skipna=False) for side in (self.treated, ~self.treated))
        return series, others.to_frame(ONE)

    def between(self, start: int, last: int) -> "Panel":
        """The periods up to a last one, parted at another start."""
        return replace(self, values=self.values.loc[:last], controls=self.controls.loc[:last], start=start)


def read(data: Any, value: str | Noun | dict[str, Noun], *, time: str, at: object, control: Sequence[str],
         unit: str | None, group: str | None, treated: object, every: str | None, tz: str | None,
         currency: str | None) -> Panel:
    """The panel of a column, or of a metric that is measured by period and unit.

    Errors: NoColumn; UsageError for arguments; DataError for text or an infinite number with its row, for a period that
    stands twice, and for a date with nothing before or nothing after it.
    """
    by = unit or group
    if every is not None:
        one_of("every", every, periods.EVERY)
    table, metric, name, shown_in = _column(data, value, time, control, by) if isinstance(
        value, str) else _measured(data, value, time, control, by, every, tz)
    table[ONE] = ONE if by is None else table[by]
    lost = int(table[["when", ONE]].isna().any(axis="columns").sum())
    table = table.dropna(subset=["when", ONE])
    if table.empty:
        raise DataError("before_after.nothing", value=repr(metric))
    table["place"], labels, start, split = _placed(table["when"], every, at, tz if isinstance(value, str) else None)
    twice = table[table.duplicated(["place", ONE])]
    if len(twice):
        raise DataError("before_after.twice", period=labels[twice["place"].iloc[0]], n=len(twice),
                        noun=f"el.mean({metric!r})")
    notes = [words.text("before_after.lost", n=lost)] if lost else []
    if split is not None and split in labels.index:
        notes.append(words.text("before_after.split", period=labels[split]))
        table, labels = table[table["place"] != split], labels.drop(split)
    values = table.pivot(index="place", columns=ONE, values="value").astype("float64")
    controls = table.drop_duplicates("place").set_index("place")[list(control)].reindex(values.index)
    chosen = None if treated is None else _treated(data, values.columns, unit, group or str(unit), treated)
    return Panel(metric, name, currency or shown_in, values, controls.astype("float64"), labels, start, chosen,
                 tuple(notes))


def _column(data: Any, value: str, time: str, control: Sequence[str], by: str | None
            ) -> tuple[pd.DataFrame, str, str, str]:
    """The rows as they are, with columns `when` and `value`; what the value is called, and how it is shown."""
    own = listed("control", [value, *control])
    rows = fetched(data, [time, *([by] if by else []), *own])
    table = numbers(rows, own).rename(columns={value: "value"}).assign(when=rows[time])
    return table.assign(**{by: _texts(rows[by])}) if by else table, value, heading(value), "number"


def _measured(data: Any, value: Noun | dict[str, Noun], time: str, control: Sequence[str], by: str | None,
              every: str | None, tz: str | None) -> tuple[pd.DataFrame, str, str, str]:
    """The same of a metric, measured by period and unit."""
    (name, noun), *more = named(value).items()
    if control or more:
        raise UsageError("before_after.noun", metrics=words.joined(named(value)))
    keys = [*([by] if by else []), *([] if every else [time])]
    found = measure(data, {name: noun}, by=keys or None, time=time if every else None, every=every, tz=tz)
    missing = found[[*keys, *([every] if every else [])]] == words.text("metrics.missing")
    found = found.mask(missing.reindex(columns=found.columns, fill_value=False))
    return found.rename(columns={every or time: "when", "estimate": "value"}), name, metric_name(name), noun.unit


def _placed(when: pd.Series, every: str | None, at: object, tz: str | None
            ) -> tuple[pd.Series, pd.Series, int, int | None]:
    """The place of each row, the labels of places, the first place after, and a place that the date splits."""
    numeric = pd.to_numeric(when, errors="coerce") if every is None and when.dtype.kind not in "mMb" else None
    if numeric is not None and numeric.notna().all():
        since: Any = pd.to_numeric(at, errors="coerce") if isinstance(at, str | int | float) else np.nan
        if np.isnan(since) or (numeric % 1).any():
            raise UsageError("before_after.numbers", at=repr(at))
        number, opens, split = numeric.astype("int64"), numeric, None
        label = number.astype("str")
    else:
        days, day, whole = _days(when, tz), *_day(at, tz)
        length = every or next(one for one in reversed(periods.EVERY) if len(
            {periods.number(one, each) for each in days.unique()}) == days.nunique())
        number = days.map({one: periods.number(length, one) for one in days.unique()})
        first = number.map({one: periods.start(length, one) for one in number.unique()})
        label = first.map(lambda one: periods.label(length, (one - date(1970, 1, 1)).days)) if every else (
            days if when.dtype.kind == "M" else when).astype("str").str[:10]
        own = periods.number(length, day)
        split = own if not whole or periods.start(length, own) < day else None
        opens, since = (first if every else days), day
        if split is not None and not every and (opens > first)[number == own].any():
            split = None    # a date within the period names it, as that of a wave: it is before or after
    step = int(np.gcd.reduce(np.diff(np.unique(number)))) or 1
    place = (number - number.min()) // step
    later = place[(opens >= since) & (number != split)]
    labels = pd.Series(label.to_numpy(), index=place.to_numpy()).groupby(level=0).first()
    if len(labels) > MOST:
        raise DataError("before_after.many", n=len(labels), most=MOST)
    if later.empty or not (opens < since)[number != split].any():
        raise DataError("before_after.outside", at=str(at), first=labels.iloc[0], last=labels.iloc[-1])
    return place, labels, int(later.min()), None if split is None else int((split - number.min()) // step)


def _days(when: pd.Series, tz: str | None) -> pd.Series:
    """The day of each row on the zone's calendar."""
    texts = when if when.dtype.kind == "M" else when.astype("str").str.replace(QUARTER, _first_month, regex=True)
    stamps = pd.to_datetime(texts, errors="coerce", format="mixed", utc=True)
    if stamps.isna().any():
        raise DataError("before_after.no_date", value=repr(str(when[stamps.isna()].iloc[0])))
    return stamps.dt.tz_convert(periods.zone(tz)).dt.date


def _day(at: object, tz: str | None) -> tuple[date, bool]:
    """The day of a moment on the zone's calendar, and whether the moment is its beginning."""
    clock = periods.clock(periods.moment("at", QUARTER.sub(_first_month, str(at)), tz) or 0, tz)
    return periods.first_day(clock // periods.DAY), clock % periods.DAY == 0


def _first_month(found: re.Match) -> str:
    return f"{found[1]}-{3 * int(found[2]) - 2:02d}-01"


def _texts(names: pd.Series) -> pd.Series:
    """Units and groups as `measure()` writes them: 3 for 3.0, too."""
    return names.convert_dtypes().astype("str")


def _treated(data: Any, units: pd.Index, unit: str | None, group: str, treated: object) -> np.ndarray:
    """Which of the units were treated."""
    several = isinstance(treated, list | tuple | set | frozenset | pd.Series | pd.Index | np.ndarray)
    groups = pd.Series(units, index=units)
    if unit not in (None, group):
        pairs = fetched(data, [str(unit), group]).dropna().apply(_texts).drop_duplicates().set_index(str(unit))[group]
        if pairs.index.has_duplicates:
            moved = pairs.index[pairs.index.duplicated()].nunique()
            raise DataError("before_after.moved", n=moved, column=repr(group))
        groups = pairs.reindex(units)
    wanted = _texts(pd.Series(list(treated) if several else [treated])).tolist()  # type: ignore[call-overload]
    for one in set(wanted) - set(groups):   # without a list of them: a unit may be a person or an address
        raise UsageError("before_after.treated", value=repr(one), n=groups.nunique(), column=repr(group))
    chosen = groups.isin(wanted).to_numpy()
    if not chosen.any() or chosen.all():
        raise UsageError("before_after.one_side", n=int(chosen.sum()), of=len(chosen))
    return chosen
