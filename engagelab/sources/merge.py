"""Several exports of one kind to one table; and who is who across the tables.

Where the same thing is in several files, the newest export has the word: the one with the latest
stamp inside, of two such the one that no spreadsheet has damaged, and then the later by name. Never
the clock, never the file's own date.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import combinations

import pandas as pd

from engagelab import tables
from engagelab.privacy.pseudonyms import pseudonym
from engagelab.sources.values import identified

# What is replaced together: an order with its items, a form with its answers, a post with both its rows,
# a web report of some days.
UNITS = {"order_items": ("order_id",), "surveys": ("survey", "respondent_id"), "social_posts": ("platform", "post_id"),
         "web_traffic": ("report", "since", "until")}
GROWING = {"social_posts", "email_campaigns"}
GROWS_FOR = pd.Timedelta(days=7)
PERSONS = frozenset(name for table in tables.tables().values() for name in table.people)
APPLIED = ("email", "member", "survey")     # the sources whose ids the tables carry


@dataclass(frozen=True)
class Part:
    """One file's share of a table."""

    file: str
    format: str
    stamp: pd.Timestamp | None
    frame: pd.DataFrame
    sound: bool = True

    @property
    def order(self) -> tuple[pd.Timestamp, bool, str]:
        """By what the newest export is found."""
        return (self.stamp if self.stamp is not None else pd.Timestamp(0, tz="UTC"), self.sound, self.file)


def merge(table: str, parts: list[Part]) -> tuple[pd.DataFrame, dict[str, int]]:
    """One table of its parts, and how many rows of each file gave way to a newer one."""
    parts = _identified(parts) if table == "social_posts" else parts
    newest_first = sorted(parts, key=lambda part: part.order, reverse=True)
    declared = tables.table(table)
    unit = [name for name in UNITS.get(table, declared.key) if all(name in part.frame for part in parts)]
    people = declared.key == ("user_id",)
    seen: dict[str, pd.MultiIndex | None] = {}
    kept, replaced = [], {}
    for part in newest_first:
        frame = _flagged(table, part)
        # one person in two systems: their columns complete each other; two mappings are two systems
        group = (part.file if part.format == "mapping" else part.format) if people else ""
        here = pd.MultiIndex.from_frame(frame[unit]) if unit else None
        old = seen.get(group)
        if here is not None and old is not None:
            gone = here.isin(old)
            replaced[part.file] = int(gone.sum())
            frame, here = frame[~gone], here[~gone]
        if here is not None:
            seen[group] = here if old is None else old.append(here)
        kept.append(frame)
    whole = pd.concat([frame for frame in reversed(kept) if len(frame)] or kept[:1], ignore_index=True)
    if people and whole["user_id"].duplicated().any():
        whole = _completed(whole)
    return tables.typed(whole, table), replaced


def _completed(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a person: the newest value of each column, and an older one only where there is none."""
    return frame[::-1].groupby("user_id", sort=False).first().reset_index()[frame.columns][::-1].reset_index(drop=True)


def _identified(parts: list[Part]) -> list[Part]:
    """Posts that go by their url, for a spreadsheet damaged the id, by the id that another file has for that url."""
    both = pd.concat([part.frame.reindex(columns=["post_id", "url"]) for part in parts], ignore_index=True)
    found = identified(both["post_id"], both["url"])
    out, begin = [], 0
    for part in parts:
        old = part.frame["post_id"].astype(object)
        new = found.iloc[begin:begin + len(old)].set_axis(old.index)
        begin += len(old)
        new = new.mask(new.ne(old) & new.duplicated(keep=False), old)      # never two rows under one id in a file
        frame = part.frame.assign(post_id=new.astype(part.frame["post_id"].dtype))
        out.append(replace(part, frame=frame, sound=new.equals(old)))
    return out


def _flagged(table: str, part: Part) -> pd.DataFrame:
    if table not in GROWING:
        return part.frame
    time = tables.table(table).time
    young = part.frame[time] > part.stamp - GROWS_FOR if part.stamp is not None else False
    return part.frame.assign(still_growing=pd.Series(young, index=part.frame.index, dtype="boolean"))


@dataclass(frozen=True)
class Identities:
    """Which ids are one person: `people` from id (addresses as pseudonyms) to person; `conflicts` name two.

    `people` are the ids that stand in the tables' `user_id`: addresses, member numbers, a survey's
    own ids. `waiting` counts those of other systems, which no table carries yet: an id of Google
    Analytics that reads like a member number is another person's.
    """

    people: dict[str, str] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    waiting: dict[str, int] = field(default_factory=dict)

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The table with the person in the place of each id that has one."""
        found = {name: frame[name].map(self.people) for name in frame if name in PERSONS and self.people}
        return frame.assign(**{name: mapped.where(mapped.notna(), frame[name]).astype("str")
                               for name, mapped in found.items()})


def identities(frame: pd.DataFrame, key: bytes | str) -> Identities:
    """The people of `identities.csv` (person, source, source_id).

    An id that is given to two persons is a conflict: it is named, and left as it is.
    """
    applied = frame["source"].isin(APPLIED)
    at = frame["source_id"].str.contains("@", regex=False).astype(bool)
    address = (applied & at) | (frame["source"] == "email")
    ids = frame["source_id"].astype(object).str.strip()
    ids = ids.mask(address, pseudonym(ids, key))
    person = frame["person"].astype(object).str.strip()
    person = person.mask(person.str.contains("@", regex=False).astype(bool), pseudonym(person, key))
    found: dict[tuple[str, str], set[str]] = {}
    # the ids of the tables are one space; that of each other system is its own
    for source, one, who in zip(frame["source"].astype(object).mask(applied, ""), ids, person, strict=True):
        found.setdefault((source, one), set()).add(who)
    conflicts = tuple(sorted(f"{source}:{one}" if source else one for (source, one), who in found.items()
                             if len(who) > 1))
    sure = {key: min(who) for key, who in found.items() if len(who) == 1}
    waiting = Counter(source for source, _ in sure if source)
    return Identities({one: who for (source, one), who in sure.items() if not source}, conflicts,
                      dict(sorted(waiting.items())))


def matches(frames: dict[str, pd.DataFrame], conflicts: tuple[str, ...]) -> pd.DataFrame:
    """For each two tables that name people: how many are in both, in one alone, and in conflict."""
    who = {name: set(frame["user_id"].dropna()) for name, frame in frames.items()
           if "user_id" in frame and frame["user_id"].notna().any()}
    rows = [(left, right, len(who[left] & who[right]), len(who[left] - who[right]), len(who[right] - who[left]),
             len((who[left] | who[right]) & set(conflicts))) for left, right in combinations(who, 2)]
    return pd.DataFrame(rows, columns=["left", "right", "matched", "left_only", "right_only", "conflicting"])
