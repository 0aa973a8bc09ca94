"""Did they change, or did others answer? Two waves compared among all, among those who answered both, and the rest.

The change of all is the sum of what those who answered both waves changed and of what those who left and those who
joined make of it: the decomposition with entry and exit of Melitz and Polanec (2015, RAND Journal of Economics 46,
362-375). Intervals: Student's t of the individual changes; the two waves' own intervals with their correlation for all
(MOVER, Zou and Donner 2008, Statistics in Medicine 27, 1693-1710); Graybill and Deal's (1959, Biometrics 15, 543-550)
mean of the paired and the unpaired estimate, with the standard error of Meier (1953, Biometrics 9, 59-73).
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, interval, metric_name, shown, table_html
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.metrics.answer import grouping
from engagelab.metrics.intervals import z_value
from engagelab.metrics.measure import Metrics, measure, named
from engagelab.metrics.nouns import SURVEY_MIN_N, Noun, Quantile, checked_min_n
from engagelab.metrics.suppress import CROSSED
from engagelab.plots.waves import waves
from engagelab.summaries.engine import source
from engagelab.surveys.wave_tables import MIDNIGHT, answers_of, compared, of_two

OWN = ("group", "part", "before", "after", "difference", "n_before", "n_after", "n_paired")  # columns of the answer


@dataclass(frozen=True)
class Change:
    """Two waves compared: `.frame`, a row a metric and `group` of respondents; and where the change comes from.

    who : the scores of those who stayed, left and joined, in the waves in which they answered; an answer.
    parts : how much each of them makes of the change of all; the three add up to it.
    waves : the metrics of all who answered, in every wave of the data; an answer.
    """

    frame: pd.DataFrame
    who: pd.DataFrame = field(repr=False)
    parts: pd.DataFrame = field(repr=False)
    waves: pd.DataFrame = field(repr=False)
    units: dict[str, str] = field(repr=False)
    confidence: float = .95
    notes: tuple[str, ...] = ()

    def say(self) -> list[str]:
        """What happened, in a sentence or two for each metric and group."""
        keys = _keys(self.frame)
        return [sentence for values, rows in self.frame.groupby(keys, sort=False)
                for sentence in self._told(dict(zip(keys, values, strict=True)), rows)]

    def _told(self, keys: dict[str, Any], rows: pd.DataFrame) -> list[str]:
        unit, name = self.units[keys["metric"]], metric_name(keys["metric"])
        if len(keys) > 1:
            name = words.text("waves.named", metric=name, group=words.joined(list(keys.values())[1:]))
        told = [_sentence(row, words.text(f"waves.of_{row['group']}", metric=name), unit, self.confidence)
                for row in rows.to_dict("records") if row["group"] in ("all", "stayed")]
        own = self.parts[(self.parts[list(keys)] == list(keys.values())).all(axis="columns")]
        parts = own.set_index("part")["difference"]
        if len(parts) and parts.notna().all() and own.loc[own["part"] != "stayed", "n"].sum():
            made = {"change": rows["difference"].iloc[0], "total": parts["left"] + parts["joined"],
                    "left": parts["left"], "joined": parts["joined"]}
            told.append(words.text("waves.exchange", **{part: shown(value, unit, signed=True)
                                                        for part, value in made.items()}))
        return told

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: rounded, in words."""
        frame, units = self.frame, self.frame["metric"].map(self.units)
        out = {heading(key): [metric_name(value) if key == "metric" else value for value in frame[key]]
               for key in _keys(frame)}
        out[words.text("waves.group")] = [words.text(f"waves.group_{group}") for group in frame["group"]]
        for name in ("before", "after", "difference"):
            out[heading(name)] = [shown(value, unit, signed=name == "difference")
                                 for value, unit in zip(frame[name], units, strict=True)]
        out[heading("interval")] = [shown(None) if np.isnan(low) else interval(low, high, unit, signed=True)
                                   for low, high, unit in zip(frame["low"], frame["high"], units, strict=True)]
        for name in ("n_before", "n_after"):
            out[heading(name)] = [shown(n, "count") for n in frame[name].astype("float64")]
        return pd.DataFrame(out | {heading("flag"): frame["flag"].tolist()})

    def __repr__(self) -> str:
        return "\n".join([*self.say(), *self.notes])

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.say())
        notes = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in self.notes)
        return said + table_html(self.cells()) + notes

    def plot(self, *, title: str = "", ax: Any = None, **which: str):
        """The waves as a picture (see `plots.waves`); `which` picks one, as in `metric="enps", team="stores"`."""
        tables = []
        for table in (self.waves, self.who):
            for name, value in which.items():
                table = table[table[column_of(name, table.columns)] == value]
            tables.append(table)
        units = {self.units[metric] for metric in tables[0]["metric"]}
        return waves(*tables, unit=units.pop() if len(units) == 1 else "number", title=title, ax=ax)


def change(data: Any, metrics: Metrics, *, over: str = "wave", user: str | None = None,
           by: str | Sequence[str] | None = None, before: object = None, after: object = None,
           confidence: float = .95, min_n: int | None = None) -> Change:
    """Two waves compared: what those who answered both changed, and what the exchange of people makes of it.

    data : a row a respondent and wave; whatever `measure()` takes. metrics : nouns as `measure()` takes them, except
        quantiles. over : the column of waves, in the order of its values or categories; text by the numbers in it.
    before, after : two of its values, unless said the last two.
    user : the column of the respondent, the same in each wave. A row without one counts as somebody who answered once;
        without `user` nobody is matched, and the waves are compared as if they were independent.
    by : groups as they are at each wave: who moved has left one of them and joined another.
    min_n : as in `measure()`. Where one of stayed, left and joined is too small to be shown, none of them is, as "all"
        less the two others would tell it; nor are their scores where one of them, or all but one of it, answered alike.

    Returns `Change`. The `group` of a row of its `.frame`:
    - all: everybody who answered, which is what a plain chart shows. Who answered twice is counted as one person.
    - stayed: those who answered both waves. No interval where all of them moved alike, as in identical waves, whose
        change is exactly 0: equal values do not say how far others lie.
    - fresh: those who joined less those who left, who each answered one wave.
    - combined: of stayed and fresh, weighted by their precision; right only if who answers is chance, and flagged where
        those who left or joined differ from those who stayed.

    Left and joined are those whose answer is known in one of the two waves only, wherever they are otherwise.

    Raises UsageError for a quantile; DataError for a respondent who stands in a wave twice, with row, wave and id.

    >>> import engagelab as el
    >>> answers = pd.DataFrame({"wave": ["1"] * 20 + ["2"] * 20, "user_id": [*range(20), *range(10, 30)],
    ...                         "score": [2, 5, 9, 8, 3] * 2 + [9, 8] * 5 + [8, 9, 8, 8, 6] * 2 + [9, 10, 7, 9, 8] * 2})
    >>> made = change(answers, {"nps": el.nps("score")}, user="user_id")
    >>> made.frame[["group", "before", "after", "difference", "n_paired"]].round(1)
          group  before  after  difference  n_paired
    0       all     5.0   30.0        25.0        10
    1    stayed    50.0    0.0       -50.0        10
    2     fresh   -40.0   60.0       100.0         0
    3  combined     NaN    NaN        17.6        10
    >>> made.parts[["part", "difference"]].set_index("part")["difference"].round().to_dict()
    {'stayed': -50.0, 'left': 45.0, 'joined': 30.0}
    """
    z_value(confidence)
    checked_min_n(min_n)
    nouns, keys = named(metrics), grouping([*grouping(by), over], *OWN)[:-1]
    for noun in nouns.values():
        if isinstance(noun, Quantile):
            raise UsageError("waves.quantile", noun=noun.name)
    table = source(data)
    need = {name: _need(noun, len(keys), min_n) for name, noun in nouns.items()}
    rows, found, asks = answers_of(table, nouns, keys, over, user)
    series = measure(table, {name: replace(noun, min_n=need[name]) for name, noun in nouns.items()}, by=[*keys, over],
                     confidence=confidence)
    ends = _ends(found, over, before, after)
    two = of_two(rows, ends)
    made = [compared(name, noun, asks[name], two, keys, over, ends, need[name], confidence, user is not None)
            for name, noun in nouns.items()]
    frame, who, parts = (pd.concat(tables, ignore_index=True) for tables in zip(*made, strict=True))
    return Change(frame, who, parts, _ordered(series, over, found), {name: noun.unit for name, noun in nouns.items()},
                  confidence, tuple(_notes(rows, two, nouns, over, user, found, ends, bool(keys))))


def _need(noun: Noun, attributes: int, min_n: int | None) -> int:
    """The fewest respondents with whom a cell of the metric is shown; a wave is no attribute."""
    told = min_n if min_n is not None else noun.min_n
    if told is not None or not noun.hides:
        return told or 0
    return SURVEY_MIN_N * (2 if attributes >= CROSSED else 1)


def _ends(found: list[str], over: str, before: object, after: object) -> tuple[str, str]:
    """The two waves that are compared, the last two unless said."""
    if len(found) < 2:
        raise DataError("difference.no_two", over=over, available=words.joined(map(repr, found)))
    same = {_plain(wave): wave for wave in found} | {wave: wave for wave in found}
    ends = [same.get(str(value)) or same.get(_plain(value)) or one_of(name, str(value), found)
            if value is not None else found[place]
            for name, value, place in (("before", before, -2), ("after", after, -1))]
    if ends[0] == ends[1]:
        raise UsageError("waves.same", wave=repr(ends[0]))
    return str(ends[0]), str(ends[1])


def _plain(wave: object) -> str:
    """A wave as it is compared: 9.0 as 9, true in small letters, a stamp in UTC and at midnight as its day."""
    if isinstance(wave, datetime) and wave.tzinfo:
        wave = wave.astimezone(UTC)
    text = str(wave).lower() if isinstance(wave, bool | np.bool_) else str(wave)
    return re.sub(r"\.0+$|(?<=\d)\+00(:00)?$", "", MIDNIGHT.sub("", text))


def _ordered(series: pd.DataFrame, over: str, found: list[str]) -> pd.DataFrame:
    """The metrics of all waves, each group's in the order of the waves."""
    table = series.assign(**{over: series[over].str.replace(MIDNIGHT, "", regex=True)})
    known = table[table[over].isin(found)]
    keys = list(table.columns[:list(table.columns).index(over)])
    order = np.lexsort([known[over].map(found.index), known.groupby(keys, sort=False).ngroup()])
    return known.iloc[order].reset_index(drop=True)


def _notes(rows: pd.DataFrame, two: pd.DataFrame, nouns: Mapping[str, Noun], over: str, user: str | None,
           found: list[str], ends: tuple[str, str], grouped: bool) -> Iterator[str]:
    """What else has to be said of the waves."""
    yield words.text("waves.note_ends", over=heading(over), before=ends[0], after=ends[1], waves=words.joined(found))
    if nowhere := int((rows["wave"] == words.text("metrics.missing")).sum()):
        yield words.text("waves.note_no_wave", n=nowhere, over=over)
    for name in nouns:
        columns = [column for column in two.columns if isinstance(column, tuple) and column[0] == name]
        if empty := int(two[columns].isna().any(axis="columns").sum()):
            yield words.text("waves.note_missing", metric=metric_name(name), n=empty)
    if user is None:
        yield words.text("waves.note_unpaired")
        return
    if nameless := int(two["person"].isna().sum()):
        yield words.text("waves.note_nameless", n=nameless, user=user)
    yield words.text("waves.note_moved" if grouped else "waves.note_left")


def _keys(frame: pd.DataFrame) -> list[str]:
    """The columns left of the group of respondents: `metric` and those of `by`."""
    return list(frame.columns[:list(frame.columns).index("group")])


def _sentence(row: Mapping, name: str, unit: str, level: float) -> str:
    """What one row says: up, down, cannot tell, or why there is no value."""
    if np.isnan(row["difference"]):
        return words.text("waves.no_value", name=name, reason=row["flag"])
    ends = {"name": name, "before": shown(row["before"], unit), "after": shown(row["after"], unit)}
    if np.isnan(row["low"]):
        return words.text("waves.no_interval", **ends, change=shown(row["difference"], unit, signed=True),
                          reason=row["flag"])
    way = "up" if row["low"] > 0 else "down" if row["high"] < 0 else "unclear"
    return words.text(f"waves.{way}", **ends, change=shown(row["difference"], unit, signed=True),
                      level=f"{100 * level:g}", interval=interval(row["low"], row["high"], unit, signed=True),
                      n_before=int(row["n_before"]), n_after=int(row["n_after"]))
