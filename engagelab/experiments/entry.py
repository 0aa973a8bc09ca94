"""What was planned before the data were seen, and where a comparison departs from it.

What is changed after the start, and looks before the end, have to be told: CONSORT 2010 (Schulz et al., BMJ 340:c332),
items 3b, 6b and 7b.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from engagelab import words
from engagelab.display import MISSING

SETTINGS = ("control", "better", "margin", "confidence", "correct", "spending")   # compared as they are
APART = .1  # of the planned units, by which a look is elsewhere than planned


def departures(plan: Any, settings: Mapping[str, Any]) -> list[str]:
    """Where a comparison was made otherwise than planned, a sentence each; none where it was made as planned.

    plan : an experiment of the register, or what `el.plan` gives; what is not there, or None, was not planned, and only
        a margin, looks and peeking are then a departure. settings : what was done, `.settings` of a `Comparison`.

    >>> import pandas as pd
    >>> from types import SimpleNamespace
    >>> from engagelab.experiments.compare import compare
    >>> from engagelab.metrics.nouns import rate
    >>> mails = pd.DataFrame({"variant": ["A", "B"] * 50, "opened": [0, 1, 1, 1] * 25})
    >>> done = compare(mails, rate("opened"), arm="variant", control="A", confidence=.9, peek=True)
    >>> for sentence in departures(SimpleNamespace(metric="rate(opened)", n=60, confidence=.95), done.settings):
    ...     print(sentence)
    Fewer than planned: A 50 of 60, B 50 of 60.
    The results were looked at all the time, which was not planned.
    Confidence: planned 0.95, done 0.9.
    """
    return [*_measured(plan, settings), *_units(plan, settings), *_asked(plan, settings)]


def _measured(plan: Any, settings: Mapping[str, Any]) -> Iterator[str]:
    measured, done = settings["metrics"], settings["primary"]
    planned = getattr(plan, "primary", None) or getattr(plan, "metric", None)
    if planned not in measured:   # `el.plan` may know the noun alone
        planned = dict(zip(settings["nouns"], measured, strict=True)).get(planned, planned)
    if planned and planned not in measured:
        yield words.text("departures.not_measured", planned=planned, done=words.joined(measured))
    elif planned and done not in (None, planned):
        yield _sentence("primary", planned, done)
    lacking = [name for name in getattr(plan, "guardrails", None) or () if name not in measured]
    if lacking:
        yield words.text("departures.guardrails", names=words.joined(lacking))


def _units(plan: Any, settings: Mapping[str, Any]) -> Iterator[str]:
    done, looks = settings["arms"], settings["looks"]
    planned = getattr(plan, "arms", done)
    number = isinstance(planned, int)   # `el.plan` knows no names
    if planned != len(done) if number else set(planned) != set(done):
        yield _sentence("arms", planned, len(done) if number else done)
    shares = getattr(plan, "split", None) or {}
    first = shares.get(getattr(plan, "control", next(iter(shares), None)), 1)   # a plan has the control first
    meant = (*(getattr(plan, "looks", None) or ()), 1)   # at a planned look they need not be all there
    few, so_far = [], meant[min(len(looks), len(meant)) - 1] if looks else 1
    planned_n = getattr(plan, "clusters" if settings.get("unit") == "cluster" else "n", None) or 0
    for arm, n in settings["n"].items():
        least = math.ceil(so_far * planned_n * shares.get(arm, 1) / first - 1e-9)
        if n < least:
            few.append(words.text("departures.few", arm=arm, n=n, planned=least))
    if few:
        yield words.text("departures.fewer", arms=words.joined(few))


def _asked(plan: Any, settings: Mapping[str, Any]) -> Iterator[str]:
    planned, done = len(getattr(plan, "looks", None) or ()), len(settings["looks"])
    if not getattr(plan, "peek", False):
        if settings["peek"]:
            yield words.text("departures.peek")
        if done > planned:
            yield words.text("departures.looks", n=done, planned=planned)
    for look, (meant, made) in enumerate(zip(getattr(plan, "looks", None) or (), settings["looks"], strict=False), 1):
        if abs(meant - made) > APART:
            yield words.text("departures.look", look=look, planned=f"{meant:.0%}", done=f"{made:.0%}")
    asked, had = getattr(plan, "share", None) or 0, settings.get("share", 1)
    if had < asked - 1e-9:
        yield words.text("departures.share", planned=f"{asked:.0%}", done=f"{had:.0%}")
    for name in SETTINGS:
        asked, had = getattr(plan, name, None), settings[name]
        told = name == "margin" if asked is None else name != "spending" or had is not None
        if told and asked != had:
            yield _sentence(name, asked, had)


def _sentence(name: str, planned: object, done: object) -> str:
    return words.text("departures.otherwise", what=words.text(f"departures.what_{name}"), planned=_value(planned),
                      done=_value(done))


def _value(value: object) -> str:
    if isinstance(value, tuple | list):
        return words.joined(value)
    if isinstance(value, int | float):
        return f"{value:g}"
    return MISSING if value is None else str(value)
