"""Activity by brute force: plain Python over sets, from the definitions alone, sharing nothing with the package.

A row is (user, moment, groups, event, value); a moment is an aware datetime, or a date. Every answer is a dictionary
from (*groups, ...) to numbers, None where nothing was observed.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

MICROSECOND, DAY = timedelta(microseconds=1), timedelta(days=1)


def start_of(every, day, starts=1):
    """The first day of a period, found by walking back."""
    while not {"day": True, "week": day.weekday() == 0, "month": day.day == 1,
               "quarter": day.day == 1 and (day.month - starts) % 3 == 0,
               "year": (day.month, day.day) == (starts, 1)}[every]:
        day -= DAY
    return day


def next_start(every, start, starts=1):
    day = start + DAY
    while start_of(every, day, starts) == start:
        day += DAY
    return day


class Log:
    """What was observed: `rows` as (group, user, place, event, value), place -1 for all before `since`."""

    def __init__(self, rows, every="day", since=None, until=None, tz=None, starts=1, events=None):
        self.every, self.starts, self.zone = every, starts, ZoneInfo(tz or "UTC")
        if rows and not isinstance(rows[0][1], datetime):  # days, which no zone shifts
            self.zone = ZoneInfo("UTC")
            rows = [(user, self.midnight(day), *rest) for user, day, *rest in rows]
        moments = [at for _, at, *_ in rows]
        newest, oldest = (self.local(at) for at in (max(moments), min(moments)))
        self.since = self.moment(since) or self.midnight(oldest.date())
        self.until = self.moment(until) or (
            max(moments) + MICROSECOND if every == "day" else self.midnight(newest.date() + DAY))
        self.ended = self.until if until else self.midnight(newest.date() + DAY)
        first, last = self.local(self.since).date(), self.local(self.until - MICROSECOND).date()
        self.starts_at = [start_of(every, first, starts)]
        while next_start(every, self.starts_at[-1], starts) <= last:
            self.starts_at.append(next_start(every, self.starts_at[-1], starts))
        places = {start: place for place, start in enumerate(self.starts_at)}
        self.rows = [(groups, user, -1 if at < self.since else places[start_of(every, self.local(at).date(), starts)],
                      event, 0.0 if value is None else value)
                     for user, at, groups, event, value in rows
                     if at < self.until and user is not None and (events is None or event in events)]
        self.groups = sorted({groups for groups, *_ in self.rows})

    def local(self, at):
        return at.astimezone(self.zone).replace(tzinfo=None)

    def midnight(self, day):
        """The first moment of a local day; where the clock skips it, the moment of the change."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def moment(self, text):
        if text is None:
            return None
        return datetime.fromisoformat(text).replace(tzinfo=self.zone).astimezone(UTC)

    def label(self, place):
        start = self.starts_at[place]
        if self.every in ("day", "week"):
            return start.isoformat()
        if self.every == "month":
            return f"{start:%Y-%m}"
        fiscal = ("FY" if self.starts > 1 else "") + str(start.year - (start.month < self.starts))
        return fiscal + (f"Q{(start.month - self.starts) % 12 // 3 + 1}" if self.every == "quarter" else "")

    def whole(self, place):
        start, end = self.starts_at[place], next_start(self.every, self.starts_at[place], self.starts)
        return self.midnight(start) >= self.since and self.midnight(end) <= self.until

    @cached_property
    def places(self):
        return range(len(self.starts_at))

    @cached_property
    def begun(self):
        """The first place that was observed from its first moment."""
        return int(self.midnight(self.starts_at[0]) < self.since)

    @cached_property
    def last_whole(self):
        return self.places[-1] if self.whole(self.places[-1]) else self.places[-1] - 1

    def by_user(self, groups, name=None):
        """Of each user of the groups the places, of one event or of all."""
        found = defaultdict(set)
        for held, user, place, event, _ in self.rows:
            if held == groups and name in (None, event):
                found[user].add(place)
        return found

    def values(self, groups):
        """Of each user of the groups the value by place."""
        found = defaultdict(lambda: defaultdict(float))
        for held, user, place, _, value in self.rows:
            if held == groups:
                found[user][place] += value
        return found


def active_users(log, sizes):
    """{(*groups, size, label): how many}"""
    found = {}
    for groups in log.groups:
        users = log.by_user(groups)
        for size in sizes:
            for place in log.places:
                window = set(range(place - size + 1, place + 1))
                count = sum(bool(places & window) for places in users.values())
                found[*groups, size, log.label(place)] = count if place - size + 1 >= log.begun else None
    return found


def retention(log, kind, ages, first_event=None, return_event=None):
    """{(*groups, age): (came back, observed that long, began too late)}"""
    found = {}
    for groups in log.groups:
        began = {user: min(places) for user, places in log.by_user(groups, first_event).items()}
        back = log.by_user(groups, return_event)
        fresh = {user: first for user, first in began.items() if first >= 0}
        for earlier, age in zip([0, *ages], ages, strict=False):
            old = {user: first for user, first in fresh.items() if first + age <= log.last_whole}
            ends = {"nday": (age, age), "unbounded": (age, len(log.places)), "bracket": (earlier + 1, age)}[kind]
            came = [user for user, first in old.items()
                    if any(ends[0] <= place - first <= ends[1] for place in back[user])]
            found[*groups, age] = len(came), len(old), len(fresh) - len(old)
    return found


def cohorts(log):
    """{(*groups, cohort, label): (age, users active, size)}"""
    found = {}
    for groups in log.groups:
        users = log.by_user(groups)
        for first in log.places:
            cohort = [places for places in users.values() if min(places) == first]
            for place in log.places[first:] if cohort else []:
                found[*groups, log.label(first), log.label(place)] = (
                    place - first, sum(place in places for places in cohort), len(cohort))
    return found


def cohort_values(log, cumulative=False):
    """{(*groups, cohort, label): the values of its users}"""
    found = {}
    for groups in log.groups:
        users = log.values(groups)
        for first in log.places:
            cohort = [values for values in users.values() if min(values) == first]
            for place in log.places[first:] if cohort else []:
                reach = range(first, place + 1) if cumulative else [place]
                found[*groups, log.label(first), log.label(place)] = [
                    sum(values[at] for at in reach if at in values) for values in cohort]
    return found


def growth(log):
    """{(*groups, label): {part: how many users}}"""
    found = {}
    for groups in log.groups:
        users = log.by_user(groups)
        for place in log.places:
            now = {user for user, places in users.items() if place in places}
            before = {user for user, places in users.items() if place - 1 in places}
            new = {user for user in now if min(users[user]) == place}
            parts = {"active": now, "new": new, "retained": now & before, "resurrected": now - before - new,
                     "churned": before - now}
            known = PARTS_OF_FIRST if place == 0 else parts
            found[*groups, log.label(place)] = {
                part: len(held) if part in known else None for part, held in parts.items()}
    return found


PARTS_OF_FIRST = ("active", "new", "value")


def growth_values(log):
    """{(*groups, label): {part: how much value}}"""
    found = {}
    for groups in log.groups:
        users = log.values(groups)
        for place in log.places:
            parts = dict.fromkeys(
                ["value", "new", "retained", "resurrected", "expansion", "contraction", "churned"], 0.0)
            for values in users.values():
                now, before = values.get(place), values.get(place - 1)
                parts["value"] += now or 0.0
                if now is not None and min(values) == place:
                    parts["new"] += now
                elif now is not None and before is None:
                    parts["resurrected"] += now
                elif now is not None:
                    parts["retained"] += before
                    parts["expansion"] += max(now - before, 0.0)
                    parts["contraction"] += max(before - now, 0.0)
                elif before is not None:
                    parts["churned"] += before
            known = PARTS_OF_FIRST if place == 0 else parts
            found[*groups, log.label(place)] = {part: value if part in known else None for part, value in parts.items()}
    return found


def power_curve(log, size):
    """{(*groups, days): users}, of the groups of which anybody came"""
    window, found = set(range(log.last_whole - size + 1, log.last_whole + 1)), {}
    for groups in log.groups:
        days = [len(places & window) for places in log.by_user(groups).values()]
        found |= {(*groups, many): days.count(many) for many in range(1, size + 1) if any(days)}
    return found


def state(places, day, short, long, starts):
    """The state of who was there in these places, at the end of a day; None for who was not known yet."""
    here = {place for place in places if place <= day}
    if not here:
        return None if starts is None or starts > day else "lead"
    recent = {place for place in here if place > day - short and place >= 0}
    former = {place for place in here if day - short - long < place <= day - short and place >= 0}
    if recent:
        return "new" if min(here) > day - short and min(here) >= 0 else "active" if former else "won_back"
    return "at_risk" if any(place > day - long and place >= 0 for place in here) else "dormant"


def lifecycle(log, short, long, every="month", known=None):
    """{(*groups, label, state): (how many, known by then)}; `log` is by day, `known` has the day of each person."""
    found, begin = {}, short + long + log.begun
    names = ["lead", "new", "active", "won_back", "at_risk", "dormant"]
    joined = {user: max((day - log.starts_at[0]).days, 0) for user, day in (known or {}).items()}
    for groups in log.groups:
        users = log.by_user(groups)
        for day, start in enumerate(log.starts_at):
            tomorrow = start + DAY
            over = log.midnight(tomorrow) <= (log.until if every == "day" else log.ended)
            if not over or start_of(every, tomorrow, log.starts) != tomorrow:
                continue
            people = {user: state(users.get(user, ()), day, short, long, joined.get(user))
                      for user in {*users, *joined}}
            label = period_label(every, start_of(every, start, log.starts))
            total = sum(held is not None for held in people.values())
            for name in names[known is None:]:
                count = sum(held == name for held in people.values())
                found[*groups, label, name] = (count, total) if day + 1 >= begin else (None, None)
    return found


def period_label(every, start):
    return start.isoformat() if every in ("day", "week") else f"{start:%Y-%m}"


def days(first, many):
    """So many dates from the first one on."""
    return [date.fromisoformat(first) + timedelta(days=i) for i in range(many)]
