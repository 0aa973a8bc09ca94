"""Days, weeks, months, quarters and years in a time zone.

A stamp arrives as whole microseconds since 1970 in UTC. It is shifted to the zone once, by literal offsets:
the zone's changes of clock inside the data's range, from `zoneinfo` (the IANA database). A period has a
consecutive number, so that it sorts; its label, by its first day, follows ISO 8601. Weeks start on Monday, whose date
is their label. Quarters and years are those of the calendar, or of a fiscal year that `starts` with another month; a
fiscal year is named by the calendar year in which it starts, as is usual in Japan: FY2026Q2.
"""

import functools
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from engagelab.errors import DataError, UsageError, one_of

MONTHS = {"month": 1, "quarter": 3, "year": 12}
EVERY = ("day", "week", *MONTHS)
LABEL = re.compile(r"\d{4}-\d\d(-\d\d)?|(FY)?\d{4}(Q[1-4])?")
DAY = 86_400_000_000  # microseconds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
FROM_MARCH = 719_468  # days from 1 March of year 0 to 1970
SHIFT = 70_000  # days, a multiple of 7: positive since 1900, so that // and % mean the same everywhere


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970.

    >>> microseconds(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return (moment - EPOCH) // timedelta(microseconds=1)


def zone(tz: str | None) -> ZoneInfo:
    """The time zone of that name; UTC where none is given."""
    if not isinstance(tz, str | None):
        raise UsageError("summaries.no_zone", tz=repr(tz))
    try:
        return ZoneInfo(tz or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError("summaries.no_zone", tz=repr(tz)) from error


@functools.lru_cache(maxsize=64)
def offsets(tz: str | None, low: int, high: int) -> tuple[tuple[int, int], ...]:
    """The zone's offsets from UTC between two stamps: (from this stamp on, this many microseconds).

    >>> [hours // 3_600_000_000 for _, hours in offsets("Europe/Berlin", 1767225600000000, 1785000000000000)]
    [1, 2]
    """
    here = zone(tz)

    def offset(stamp: int) -> int:
        ahead = (EPOCH + timedelta(microseconds=stamp)).astimezone(here).utcoffset() or timedelta()
        return ahead // timedelta(microseconds=1)

    found = [(low, offset(low))]
    for stamp in range(low, high + DAY, DAY):
        if offset(stamp) != found[-1][1]:
            before, after = stamp - DAY, stamp
            while after - before > 1:
                middle = (before + after) // 2
                before, after = (before, middle) if offset(middle) != found[-1][1] else (middle, after)
            found.append((after, offset(after)))
    return tuple(found)


def local(stamp: str, changes: tuple[tuple[int, int], ...]) -> str:
    """SQL that shifts the stamps of a column to the zone.

    >>> local("t0", ((0, 3600000000), (1774746000000000, 7200000000)))
    't0 + CASE WHEN t0 < 1774746000000000 THEN 3600000000 ELSE 7200000000 END'
    """
    if all(offset == 0 for _, offset in changes):
        return stamp
    if len(changes) == 1:
        return f"{stamp} + {changes[0][1]}"
    cases = " ".join(f"WHEN {stamp} < {until} THEN {offset}"
                     for (until, _), (_, offset) in zip(changes[1:], changes, strict=False))
    return f"{stamp} + CASE {cases} ELSE {changes[-1][1]} END"


def checked_starts(month: object) -> int:
    """`month`, if a fiscal year can start with it: a whole number from 1 to 12.

    >>> checked_starts(0)
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: fiscal_year_starts must be a month from 1 to 12, not 0
    """
    if isinstance(month, int) and not isinstance(month, bool) and 1 <= month <= 12:
        return month
    raise UsageError("summaries.fiscal_year", value=repr(month))


def index(every: str, stamp: str, starts: int = 1) -> str:
    """SQL for the consecutive number of the period, a BIGINT, of local microseconds; `start` and `number` read it.

    Months are found by whole numbers alone, so that every engine finds the same: days since March of year 0 are
    stretched to the Julian calendar, of which four years have 1461 days, and the months from March to January have
    153 days in five (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
    A fiscal period is one of the calendar, so many months later.

    >>> index("day", "t0")
    '(t0 + 6048000000000000) // 86400000000 - 70000'
    """
    one_of("every", every, EVERY)
    if every not in MONTHS:
        day = f"({stamp} + {SHIFT * DAY}) // {DAY}"  # the week from Monday, 5 January 1970, is number 0
        return f"{day} - {SHIFT}" if every == "day" else f"({day} + 3) // 7 - {SHIFT // 7 + 1}"
    day = f"({stamp} + {FROM_MARCH * DAY}) // {DAY}"
    julian = f"({day} + (3 * ((4 * ({day}) + 3) // 146097) + 3) // 4)"
    year = f"((4 * {julian} + 3) // 1461)"
    month = f"12 * {year} + (5 * ({julian} - 1461 * {year} // 4) + 2) // 153"
    later = checked_starts(starts) - 1
    return f"{month} + 2" if every == "month" else f"({month} + {2 - later % MONTHS[every]}) // {MONTHS[every]}"


def number(every: str, day: date, starts: int = 1) -> int:
    """The number that `index` gives to the period in which a day lies.

    >>> [number(every, date(2026, 9, 30)) for every in EVERY]
    [20726, 2960, 24320, 8106, 2026]
    """
    days = (day - date(1970, 1, 1)).days
    if every in MONTHS:
        return (day.year * 12 + day.month - 1 - (starts - 1) % MONTHS[every]) // MONTHS[every]
    return days if every == "day" else (days + 3) // 7 - 1


def start(every: str, number: int, starts: int = 1) -> date:
    """The first day of the period with that number.

    >>> start("month", 24320), start("week", 0)
    (datetime.date(2026, 9, 1), datetime.date(1970, 1, 5))
    """
    if every in MONTHS:
        months = number * MONTHS[every] + (starts - 1) % MONTHS[every]
        return date(months // 12, months % 12 + 1, 1)
    return first_day(number if every == "day" else 7 * number + 4)


def first_day(number: int) -> date:
    """The date of a day number.

    >>> first_day(20726)
    datetime.date(2026, 9, 30)
    """
    return date(1970, 1, 1) + timedelta(days=int(number))


def label(every: str, number: int, starts: int = 1) -> str:
    """What a period is called.

    >>> [label(every, 20726) for every in EVERY]
    ['2026-09-30', '2026-09-30', '2026-09', '2026Q3', '2026']
    >>> [label(every, 20726, starts=4) for every in EVERY]
    ['2026-09-30', '2026-09-30', '2026-09', 'FY2026Q2', 'FY2026']
    """
    day = first_day(number)
    if every not in ("quarter", "year"):
        return day.isoformat()[:7 if every == "month" else 10]
    year, quarter = day.year - (day.month < starts), (day.month - starts) % 12 // 3 + 1
    return f"{'FY' if starts > 1 else ''}{year:04d}" + (f"Q{quarter}" if every == "quarter" else "")


def start_of(every: str, day: date, starts: int = 1) -> date:
    """The first day of the period in which a day lies.

    >>> [start_of(every, date(2026, 9, 30)).isoformat() for every in EVERY]
    ['2026-09-30', '2026-09-28', '2026-09-01', '2026-07-01', '2026-01-01']
    >>> start_of("year", date(2026, 3, 31), starts=4)
    datetime.date(2025, 4, 1)
    """
    return start(every, number(every, day, starts), starts)


def next_start(every: str, start: date) -> date:
    """The first day of the period after the one that starts here."""
    if every in ("day", "week"):
        return start + timedelta(days=7 if every == "week" else 1)
    months = start.year * 12 + start.month - 1 + MONTHS[every]
    return date(months // 12, months % 12 + 1, 1)


def moment(name: str, value: object, tz: str | None) -> int | None:
    """A caller's `since` or `until` as microseconds since 1970; a stamp without a zone is in `tz`.

    >>> moment("since", "2026-04-01", "Asia/Tokyo") == moment("since", "2026-03-31 15:00+00:00", None)
    True
    """
    if value is None:
        return None
    try:
        stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise UsageError("summaries.no_moment", name=name, value=repr(value)) from error
    if stamp is pd.NaT or not re.match(r"\d{4}[-/]\d", str(value)):  # neither "now" nor a bare number is a date
        raise UsageError("summaries.no_moment", name=name, value=repr(value))
    when = stamp.to_pydatetime(warn=False)
    return microseconds(when if when.tzinfo else when.replace(tzinfo=zone(tz)))


def clock(stamp: int, tz: str | None) -> int:
    """A moment by the zone's own clock; the first moment of a day is its midnight, also where the clock skips that.

    >>> clock(moment("since", "2018-11-04", "America/Sao_Paulo"), "America/Sao_Paulo") % DAY
    0
    """
    here, before = (at + offsets(tz, at, at)[0][1] for at in (stamp, stamp - 1))
    return here // DAY * DAY if before // DAY < here // DAY else here


@dataclass(frozen=True)
class Window:
    """From when to when, in microseconds since 1970 of the zone's own clock, and the month with which a year starts."""

    since: int | None
    until: int
    starts: int = 1

    def whole(self, every: str, number: int) -> bool:
        """Whether the period that starts on that day lies in the window entirely."""
        end = (next_start(every, first_day(number)) - date(1970, 1, 1)).days * DAY
        return end <= self.until and (self.since is None or number * DAY >= self.since)


def checked_range(column: str, low: int, high: int) -> None:
    """Refuse stamps that no measurement has: a placeholder such as year 9999, or a wrong unit."""
    if low < microseconds(EARLIEST) or high >= microseconds(LATEST):
        raise DataError("summaries.far_stamp", column=repr(column))
