"""Durations as people write them: a number with its unit, "7 days"."""

import re

from engagelab import words
from engagelab.errors import UsageError, one_of
from engagelab.summaries.periods import EVERY

MICROSECONDS = {"second": 10**6, "minute": 60 * 10**6, "hour": 3600 * 10**6, "day": 86400 * 10**6,
                "week": 7 * 86400 * 10**6}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
MONTH = 30.4375  # days of a mean month: 365.25 / 12
WRITTEN = re.compile(r"\s*(\d+)\s*([a-z]+?)s?\s*")


def duration(name: str, value: object) -> int:
    """Microseconds of a duration with a fixed length: seconds to weeks, for a month has none.

    >>> duration("within", "7 days") == 7 * 86_400_000_000
    True
    >>> duration("within", "0 days")
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: within must be a duration above zero such as '7 days', not '0 days'
    """
    number, unit = _parsed(name, value, MICROSECONDS)
    return number * MICROSECONDS[unit]


def steps(name: str, value: object, every: str) -> int:
    """How many periods of `every` a duration is.

    >>> steps("windows", "4 weeks", "day"), steps("windows", "1 year", "month")
    (28, 12)
    >>> steps("windows", "10 days", "week")
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: windows must be a number of whole weeks, not '10 days': the calendar counts by week
    """
    one_of("every", every, EVERY)
    units = MICROSECONDS if every in MICROSECONDS else MONTHS
    number, unit = _parsed(name, value, MICROSECONDS | MONTHS)
    length, rest = divmod(number * units.get(unit, 0), units[every])
    if not length or rest:
        raise UsageError("summaries.not_whole", name=name, value=repr(value),
                         every=words.text(f"activity.every_{every}"))
    return length


def days(name: str, value: object) -> float:
    """Days of a duration; months, quarters and years count as their mean length, 365.25 days a year.

    >>> days("horizon", "39 weeks"), days("horizon", "12 months")
    (273.0, 365.25)
    """
    number, unit = _parsed(name, value, MICROSECONDS | MONTHS)
    return number * (MONTHS[unit] * MONTH if unit in MONTHS else MICROSECONDS[unit] / MICROSECONDS["day"])


def _parsed(name: str, value: object, units: dict[str, int]) -> tuple[int, str]:
    found = WRITTEN.fullmatch(value.lower()) if isinstance(value, str) else None
    if not found or found[2] not in units or not int(found[1]):
        raise UsageError("summaries.no_duration", name=name, value=repr(value))
    return int(found[1]), found[2]
