"""What was planned before the data were seen, and where a comparison departs from it.

What is changed after the start, and looks before the end, have to be told: CONSORT 2010 (Schulz et al., BMJ 340:c332),
items 3b, 6b and 7b.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engagelab import words
from engagelab.display import MISSING

SETTINGS = ("control", "better", "margin", "confidence", "correct", "spending")   # compared as they are


@dataclass(frozen=True)
class Entry:
    """A plan as the register keeps it, for `el.compare(..., plan=entry)`; what it does not tell is None or empty.

    name, version : of the experiment, and of its plan, from 1. start : the day on which this version was written.
    metric : what is judged, in words; `primary` what a comparison calls it. guardrails : what must not get worse.
    n : units in the control's arm. split : an arm's share, where they are not equal. looks : shares of the whole at
    which it is looked at; peek : whether it is looked at all the time, with intervals that allow it.
    """

    name: str
    version: int
    start: date
    hypothesis: str
    metric: str
    primary: str
    arms: tuple[str, ...]
    control: str
    better: str
    stop: str
    owner: str = ""
    guardrails: tuple[str, ...] = ()
    margin: float | None = None
    split: Mapping[str, float] | None = None
    unit: str | None = None
    baseline: float | None = None
    effect: float | None = None
    n: int | None = None
    power: float | None = None
    weeks: int | None = None
    confidence: float | None = None
    correct: str | None = None
    looks: tuple[float, ...] | None = None
    spending: str | None = None
    peek: bool = False


def departures(plan: Any, settings: Mapping[str, Any]) -> list[str]:
    """Where a comparison was made otherwise than planned, a sentence each; none where it was made as planned.

    plan : an `Entry`, or whatever has some of its attributes; what is not there, or None, was not planned, and only a
        margin, looks and peeking are then a departure.
    settings : what was done, of which may be left out what is not known: `metrics`, the names of all that were
        measured, and `nouns`, those of their nouns, for a plan that has no `primary`; `primary`; `arms`, the control
        among them, and `control`; `n`, a dict of the units by arm; `margin`, `better`, `confidence`, `correct`,
        `spending`; `looks`, the shares at which it was looked at so far, and `peek`; `start`, the day of the first
        unit.

    >>> plan = Entry("coupon", 1, date(2025, 11, 20), "It pays", "profit", "profit", ("holdout", "coupon"), "holdout",
    ...              "higher", "at 1,200 in each arm", n=1200, confidence=.95)
    >>> for sentence in departures(plan, {"n": {"holdout": 1300, "coupon": 800}, "confidence": .9, "peek": True}):
    ...     print(sentence)
    Fewer than planned: coupon 800 of 1,200.
    The results were looked at all the time, which was not planned.
    Confidence: planned 0.95, done 0.9.
    """
    return [*_measured(plan, settings), *_units(plan, settings), *_looked(plan, settings), *_otherwise(plan, settings),
            *_begun(plan, settings)]


def _measured(plan: Any, settings: Mapping[str, Any]) -> Iterator[str]:
    planned, done = getattr(plan, "primary", None), settings.get("primary")
    measured = [str(name) for name in settings.get("metrics") or []]
    if not planned:   # a plan without names knows the noun alone
        planned, measured = getattr(plan, "metric", None), [str(name) for name in settings.get("nouns") or []]
    if planned and measured and planned not in measured:
        yield words.text("departures.not_measured", planned=planned, done=words.joined(measured))
    elif planned and done and planned != done:
        yield _sentence("primary", planned, done)
    lacking = [name for name in getattr(plan, "guardrails", None) or () if name not in measured]
    if measured and lacking:
        yield words.text("departures.guardrails", names=words.joined(lacking))


def _units(plan: Any, settings: Mapping[str, Any]) -> Iterator[str]:
    planned, done = getattr(plan, "arms", None), list(map(str, settings.get("arms") or []))
    if isinstance(planned, int) and done and planned != len(done):
        yield _sentence("arms", planned, len(done))
    elif isinstance(planned, tuple | list) and done and set(map(str, planned)) != set(done):
        yield _sentence("arms", planned, done)
    few, looks = [], settings.get("looks")
    so_far = looks[-1] if looks and getattr(plan, "looks", None) else 1   # at a planned look they need not be all there
    for arm, n in (settings.get("n") or {}).items():
        least = math.ceil(so_far * _planned_n(plan, str(arm)) - 1e-9)
        if least and n < least:
            few.append(words.text("departures.few", arm=arm, n=int(n), planned=least))
    if few:
        yield words.text("departures.fewer", arms=words.joined(few))


def _planned_n(plan: Any, arm: str) -> int:
    """How many units were planned in the arm; 0 where that is not told."""
    n, split, control = (getattr(plan, name, None) for name in ("n", "split", "control"))
    if not n:
        return 0
    shares = {str(name): share for name, share in (split or {}).items()}
    first = str(control) if control is not None else next(iter(shares), "")   # a plan has the control first
    return math.ceil(n * shares[arm] / shares[first] - 1e-9) if {arm, first} <= set(shares) else int(n)


def _looked(plan: Any, settings: Mapping[str, Any]) -> Iterator[str]:
    peek, looks = getattr(plan, "peek", False), getattr(plan, "looks", None)
    if settings.get("peek") and not peek:
        yield words.text("departures.peek")
    done = settings.get("looks")
    if done and not peek and len(done) > (len(looks) if looks else 0):
        yield words.text("departures.looks", n=len(done), planned=len(looks) if looks else 0)


def _otherwise(plan: Any, settings: Mapping[str, Any]) -> Iterator[str]:
    for name in SETTINGS:
        planned, done = getattr(plan, name, None), settings.get(name)
        told = name in settings and (planned is not None or (name == "margin" and hasattr(plan, name)))
        if told and planned != done and not (name == "spending" and done is None):
            yield _sentence(name, planned, done)


def _begun(plan: Any, settings: Mapping[str, Any]) -> Iterator[str]:
    planned, done = getattr(plan, "start", None), settings.get("start")
    if planned and done is not None and _day(done) < _day(planned):
        yield words.text("departures.start", planned=_day(planned), done=_day(done))


def _day(moment: Any) -> str:
    return moment.date().isoformat() if isinstance(moment, datetime) else str(moment)[:10]


def _sentence(name: str, planned: object, done: object) -> str:
    return words.text("departures.otherwise", what=words.text(f"departures.what_{name}"), planned=_value(planned),
                      done=_value(done))


def _value(value: object) -> str:
    if isinstance(value, tuple | list):
        return words.joined(value)
    if isinstance(value, int | float):
        return f"{value:g}"
    return MISSING if value is None else str(value)
