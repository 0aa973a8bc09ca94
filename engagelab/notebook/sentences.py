"""Sentences printed by code, as Markdown, so that a number in prose is tested and cannot rot."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.display import interval, metric_name, shown
from engagelab.errors import one_of

# what Markdown would read as markup in somebody's own words
MARKUP = re.compile(r"([\\`*_\[\]<>&#|~$])")


class Sentence(str):
    """A line of Markdown that a notebook shows as prose."""

    def _repr_markdown_(self) -> str:
        return str(self)

    def replace(self, *how: Any) -> "Sentence":
        """The line with a piece of it replaced, a line still."""
        return Sentence(super().replace(*how))


def say(key: str, /, **values: object) -> Sentence:
    """The sentence for a key of the catalogue, with the values put in; text from data is escaped.

    >>> say("words.count", n=1234)
    '1,234'
    """
    return Sentence(words.text(key, **{name: plain(value) for name, value in values.items()}))


def plain(value: object) -> object:
    """A text from data, such that neither Markdown nor a browser reads markup in it.

    >>> plain("<b>R*D")
    '\\\\<b\\\\>R\\\\*D'
    """
    if isinstance(value, str) and not isinstance(value, Sentence):
        return MARKUP.sub(r"\\\1", value)
    return value


def direction(change: Mapping | None, null: float = 0) -> str:
    """What the interval of a change says: "up", "down", "unclear" where it holds `null`, "missing" where there is none.

    Parameters: a row of `difference` (or anything with `low` and `high`), or None.

    >>> [direction({"low": low, "high": low + 2}) for low in (1, -3, -1)], direction(None)
    (['up', 'down', 'unclear'], 'missing')
    """
    if change is None or pd.isna(change["low"]) or pd.isna(change["high"]):
        return "missing"
    if change["low"] > null:
        return "up"
    return "down" if change["high"] < null else "unclear"


def paragraphs(*sentences: str, kind: str = "text") -> Sentence:
    """Several sentences as one text, or as a list where kind="list"; what is no `Sentence` is escaped.

    >>> paragraphs("One.", "Two.", kind="list")
    '- One.\\n- Two.'
    """
    joined = [str(plain(sentence)) for sentence in sentences if sentence]
    if one_of("kind", kind, ("text", "list")) == "list":
        return Sentence("\n".join(f"- {sentence}" for sentence in joined))
    return Sentence("\n\n".join(joined))


def say_change(row: Mapping | None, unit: str = "number", *, metric: str = "",
               groups: tuple[str, str] | None = None) -> Sentence:
    """What a row of `difference` says: up, down, cannot tell, or why it cannot be compared.

    Parameters: a row (a Series or a dict), or None where there is none; `unit` as in
    `engagelab.display.shown`; `metric`, its name where the row's own is not the one to print; `groups`, words for the
    two where they are no times but groups, of which none rose or fell.

    >>> row = {"metric": "nps", "before": 19.2, "after": 29.1, "difference": 9.9, "low": 1.2, "high": 18.4,
    ...        "n_before": 700, "n_after": 680, "flag": ""}
    >>> say_change(row, "points")
    'NPS rose from +19.2 to +29.1 (change +9.9, 95% interval +1.2 to +18.4; n = 700 and 680).'
    >>> print(say_change(row, "points", groups=("by e-mail", "in the app")))
    NPS: +29.1 in the app, +19.2 by e-mail (difference +9.9, 95% interval +1.2 to +18.4; n = 680 and 700).
    """
    name, kind = metric or metric_name(row["metric"] if row is not None else ""), "apart" if groups else "change"
    if row is None or direction(row) == "missing":
        reason = (row["flag"] if row is not None else "") or words.text(f"{kind}.no_two")
        return say("change.missing", metric=name, reason=reason)
    way = direction(row)
    if groups:
        way = "unclear" if way == "unclear" else "known"
    elif row["difference"] == 0 and row["low"] == row["high"] == 0:
        way = "same"
    sentence = say(f"{kind}.{way}", metric=name, **dict(zip(("first", "second"), groups or (), strict=False)),
                   before=Sentence(shown(row["before"], unit)), after=Sentence(shown(row["after"], unit)),
                   change=Sentence(shown(row["difference"], unit, signed=True)),
                   interval=Sentence(interval(row["low"], row["high"], unit, signed=True)),
                   n_before=int(row["n_before"]), n_after=int(row["n_after"]))
    return _flagged(sentence, row)


def say_changes(changes: Iterable[tuple[Mapping | None, str, str]]) -> list[Sentence]:
    """What moved, a sentence each; then in one sentence what did not, and what could not be compared.

    Parameters: (row, unit, metric) for each, as `say_change` takes them.

    >>> up = {"metric": "csat", "before": .6, "after": .7, "difference": .1, "low": .02, "high": .18, "n_before": 90,
    ...       "n_after": 95, "flag": ""}
    >>> still = up | {"metric": "nps", "before": 20.0, "after": 21.0, "difference": 1.0, "low": -4.0, "high": 6.0}
    >>> for sentence in say_changes([(up, "share", ""), (still, "points", "")]):
    ...     print(sentence)
    CSAT (share satisfied) rose from 60.0% to 70.0% (change +10.0 pp, 95% interval +2.0 pp to +18.0 pp; n = 90 and 95).
    No change beyond noise: NPS.
    """
    changes = [(row, unit, metric or metric_name(row["metric"] if row is not None else ""))
               for row, unit, metric in changes]
    still = [metric for row, _, metric in changes if direction(row) == "unclear"]
    gone = [metric for row, _, metric in changes if direction(row) == "missing"]
    sentences = [say_change(row, unit, metric=metric) for row, unit, metric in changes
                 if direction(row) in ("up", "down")]
    for key, metrics in (("change.still", still), ("change.gone", gone)):
        if metrics:
            sentences.append(say(key, metrics=words.joined(metrics)))
    return sentences


def say_level(row: Mapping, unit: str = "number", *, metric: str = "") -> Sentence:
    """What a row of `measure` says: the estimate with its interval, or why there is none.

    >>> say_level({"metric": "nps", "estimate": 29.1, "low": 23.5, "high": 34.5, "n": 680, "flag": ""}, "points")
    'NPS is +29.1 (95% interval +23.5 to +34.5; n = 680).'
    """
    name = metric or metric_name(row["metric"])
    if pd.isna(row["estimate"]):
        return say("level.missing", metric=name, reason=row["flag"])
    sentence = say("level.known", metric=name, estimate=Sentence(shown(row["estimate"], unit)),
                   interval=Sentence(interval(row["low"], row["high"], unit)), n=int(row["n"]))
    return _flagged(sentence, row)


def _flagged(sentence: Sentence, row: Mapping) -> Sentence:
    """The sentence, and what the row's flag says of it."""
    flag = row.get("flag")
    return say("level.flagged", sentence=sentence, flag=flag) if isinstance(flag, str) and flag else sentence
