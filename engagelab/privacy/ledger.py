"""A ledger of published numbers, so that two harmless answers do not tell together what neither may tell.

Each published cell is a set of answers whose sum a reader knows; together they are linear equations. A new cell is
refused where, with those before it, some combination of them rests on answers of fewer people than the threshold: a
set less a part of it, a total less its other parts, or two sets that are nearly equal (differencing: Hundepool et
al., Statistical Disclosure Control, 2012, sections 4.1 and 5.3; query audit by linear algebra: Chin and Ozsoyoglu,
IEEE Transactions on Software Engineering 8, 574-582, 1982).
"""

import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engagelab import words
from engagelab.errors import SourceError, UsageError
from engagelab.files import write_text
from engagelab.privacy.cells import ALIKE, EARLIER
from engagelab.privacy.pseudonyms import keyed

FORMAT = "engagelab ledger 1"
NONE = 1e-6    # a number below this is the rounding of 0
TRIES = 5000   # groups of people that are looked at one by one before a cell is refused unseen


@dataclass
class _Topic:
    """What was published of some columns: of each answer ("person answer", as hashes) the cells that it was in."""

    cells: int = 0
    masked: list[int] = field(default_factory=list)
    members: dict[str, list[int]] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)   # hashes: with what weight each answer was published


class Ledger:
    """What was published before, for `measure(..., user=, ledger=)`.

    path : a .json file that is kept from call to call, or None to remember as long as the object lives.
    key : the secret under which the people in the file are hashed, 8 bytes or more; a file needs one, always the same.
    answer : columns that tell several answers of the same person apart, such as "wave" or ["survey", "question_id"].
        Without it a person gives one answer to each column that is measured.

    Each column is a topic, and a cell belongs to that of every column that its metric sums. A cell whose number,
    together with the earlier ones of a topic, would tell of fewer people than its threshold, or what was masked because
    all answered alike, comes back hidden and is not remembered; so does one that has an answer with another weight than
    before (without weights each row counts as 1; the rows of a person are added up). The same cell again is shown
    again. Which of two cells is hidden depends on which was asked first. The file holds keyed hashes and no ids, but
    who has the key can find out who answered what was asked: keep both out of what is handed on.

    It sees what `measure` is asked with it, and nothing else: the tables of `surveys`, `change` and all others take no
    ledger. Nor does it see metrics without a threshold, columns that tell the same under another name, ids that change
    from file to file, what readers know already; and it does not ask whether a difference of enough people
    answered alike, or how closely all numbers bound one answer. Two processes that ask at the same moment are told so.

    Meant for thousands of respondents and hundreds of cells of a topic: with 5,000 people and 250 cells before it, a
    cell takes a tenth of a second.

    >>> import pandas as pd
    >>> from engagelab.metrics.measure import measure
    >>> from engagelab.metrics.nouns import nps
    >>> answers = pd.DataFrame({"user_id": range(12), "score": [9, 10, 4] * 4, "team": ["a"] * 10 + ["b"] * 2})
    >>> ledger = Ledger()
    >>> measure(answers, nps("score"), user="user_id", ledger=ledger)[["estimate", "n"]].round(1)
       estimate   n
    0      33.3  12
    >>> measure(answers[answers["team"] == "a"], nps("score"), user="user_id", ledger=ledger)["flag"].item()
    'hidden: with earlier numbers it would give away fewer than 5 respondents, or what is masked'
    >>> ledger
    Ledger in memory: 1 cell, 12 respondents
    """

    def __init__(self, path: str | Path | None = None, *, key: bytes | str | None = None,
                 answer: str | Sequence[str] | None = None):
        if path is not None and key is None:
            raise UsageError("privacy.ledger_key")
        self.path = None if path is None else Path(path)
        self.answer = [answer] if isinstance(answer, str) else list(answer or [])
        self._key = key if key is not None else secrets.token_bytes(32)
        self._check = keyed(FORMAT, self._key)
        self._seen: str | None = None
        self._topics: dict[str, _Topic] = {}
        self.read()

    def __repr__(self) -> str:
        cells = sum(topic.cells - len(topic.masked) for topic in self._topics.values())
        people = {member.split()[0] for topic in self._topics.values() for member in topic.members}
        place = words.text("privacy.in_memory") if self.path is None else self.path.name
        return words.text("privacy.ledger", place=place, n=cells, cells=words.text(
            "privacy.cell" if cells == 1 else "privacy.cells"), people=len(people))

    def read(self) -> None:
        """Take up what the file says now. Raises SourceError for a file that is no ledger or has another key."""
        if self.path is None:
            return
        self._seen = self.path.read_text("utf-8") if self.path.exists() else None
        self._topics = {} if self._seen is None else _parsed(self._seen, self._check, self.path)

    def write(self) -> None:
        """Put what is remembered in the file. Raises SourceError where another process wrote it since `read`."""
        text = json.dumps({"format": FORMAT, "key": self._check, "topics": {
            name: {"cells": topic.cells, "masked": topic.masked, "weights": dict(sorted(topic.weights.items())),
                   "members": {member: " ".join(map(str, topic.members[member])) for member in sorted(topic.members)}}
            for name, topic in sorted(self._topics.items())}}, ensure_ascii=False, indent=1) + "\n"
        if self.path is None or text == self._seen:
            return
        if (self.path.read_text("utf-8") if self.path.exists() else None) != self._seen:
            raise SourceError("privacy.ledger_changed", file=self.path.name)
        write_text(self.path, text)
        self._seen = text

    def publish(self, topics: Sequence[str], people: Sequence[str], answers: Sequence[str], weights: np.ndarray,
                cells: Sequence[np.ndarray], least: np.ndarray, why: Sequence[str]) -> list[str]:
        """Why each cell is hidden, now with what was published before; the shown ones are remembered.

        topics : the columns that are summed. people, answers, weights : whose each answer is, which of theirs, and how
        it counts. cells : the places of each cell's answers. least, why : each cell's threshold, and why it is hidden.
        """
        names = np.array([f"{keyed(_whole(who), self._key)} {keyed(which, self._key)}"
                          for who, which in zip(people, answers, strict=True)], dtype=object)
        audits = [_Audit(self._topics.setdefault(topic, _Topic()), names) for topic in topics]
        sets = [_sums(names[inside], weights[inside]) for inside in cells]
        for at in (at for at, reason in enumerate(why) if reason == ALIKE):
            for audit in audits:
                audit.mask(list(sets[at]))
        found = list(why)
        for at in sorted((at for at, reason in enumerate(why) if not reason and least[at] and sets[at]),
                         key=lambda at: (-len(sets[at]), at)):
            marks = {name: keyed(f"{name} {weight!r}", self._key) for name, weight in sets[at].items()}
            if all(audit.admits(marks, int(least[at])) for audit in audits):
                for audit in audits:
                    audit.take(marks)
            else:
                found[at] = EARLIER
        return found


def _whole(value: str) -> str:
    """An id as it is compared: whole numbers beside a gap come as 1.0."""
    return re.sub(r"^(-?\d+)\.0$", r"\1", value)


def _sums(names: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """The weight with which each answer counts."""
    members, places = np.unique(names.astype(str), return_inverse=True)
    return dict(zip(members.tolist(), np.bincount(places, weights, len(members)).tolist(), strict=True))


def _remember(topic: _Topic, members: Iterable[str], masked: bool = False) -> None:
    for member in members:
        topic.members.setdefault(member, []).append(topic.cells)
    topic.masked += [topic.cells] if masked else []
    topic.cells += 1


def _parsed(text: str, check: str, path: Path) -> dict[str, _Topic]:
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        topics = {name: _Topic(int(topic["cells"]), list(topic["masked"]), {
            member: [int(cell) for cell in cells.split()] for member, cells in topic["members"].items()},
            dict(topic["weights"]))
            for name, topic in content["topics"].items()}
        if not all(0 <= cell < topic.cells for topic in topics.values() for cells in topic.members.values()
                   for cell in cells):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise SourceError("privacy.no_ledger", file=path.name) from wrong
    if content["key"] != check:
        raise SourceError("privacy.other_key", file=path.name)
    return topics


class _Audit:
    """The published sets of one topic as equations over its answers and new ones.

    `basis` spans what a reader can work out. Answers that were in the same sets cannot be told apart: they are an
    atom, by `label`.
    """

    def __init__(self, topic: _Topic, new: Iterable[str]):
        members = sorted({*topic.members, *new})
        self.topic, self.place = topic, {member: column for column, member in enumerate(members)}
        names = [member.split()[0] for member in members]
        self.person = np.unique(names, return_inverse=True)[1] if names else np.empty(0, int)
        self.basis, self.label = np.zeros((0, len(members))), np.zeros(len(members), int)
        sets = np.zeros((topic.cells, len(members)))
        for column, member in enumerate(members):
            sets[topic.members.get(member, []), column] = 1
        self.masked = list(sets[topic.masked])
        shown = np.delete(sets, topic.masked, axis=0)
        if len(shown):  # none of them follows from the others, or it had not been remembered
            self.basis = np.linalg.qr(shown.T)[0].T
            self.label = np.unique(shown, axis=1, return_inverse=True)[1]

    def _beyond(self, one: np.ndarray) -> np.ndarray:
        """What of a set the published ones do not tell; empty where they tell all of it."""
        rest = one - self.basis.T @ (self.basis @ one)
        rest -= self.basis.T @ (self.basis @ rest)
        return rest if rest @ rest > NONE**2 * (one @ one) else rest[:0]

    def _add(self, one: np.ndarray) -> None:
        rest = self._beyond(one)
        self.basis = np.vstack([self.basis, rest / np.sqrt(rest @ rest)])
        self.label = np.unique(2 * self.label + (one > 0), return_inverse=True)[1]

    def _set(self, members: Iterable[str]) -> np.ndarray:
        one = np.zeros(len(self.place))
        one[[self.place[member] for member in members]] = 1
        return one

    def mask(self, members: Iterable[str]) -> None:
        """Keep the answer of these secret from here on, unless it was so before, or is known already."""
        one = self._set(members)
        if len(self._beyond(one)) and not any((one == other).all() for other in self.masked):
            self.masked.append(one)
            _remember(self.topic, members, masked=True)

    def admits(self, marks: dict[str, str], least: int) -> bool:
        """Whether the sum of these answers, with the weights that their marks tell, may be published."""
        if any(self.topic.weights.get(member, mark) != mark for member, mark in marks.items()):
            return False
        one = self._set(marks)
        if not len(self._beyond(one)):
            return True
        basis, label = self.basis, self.label
        hidden = [secret for secret in self.masked if len(self._beyond(secret))]
        self._add(one)
        safe = all(len(self._beyond(secret)) for secret in hidden) and not self._isolates(least)
        self.basis, self.label = basis, label
        return safe

    def take(self, marks: dict[str, str]) -> None:
        """Publish the sum of these answers."""
        one = self._set(marks)
        if len(self._beyond(one)):
            self._add(one)
            _remember(self.topic, marks)
            self.topic.weights.update(marks)

    def _isolates(self, least: int) -> bool:
        """Whether the newest set makes some combination known that rests on fewer than `least` people.

        A combination v rests on a group of atoms only if Pv = v, P being the projection on what is known, cut to them.
        Then the sizes of P's entries in the row of v's largest entry, its centre, add up to 1 or more within the group;
        and as their squares add up to the diagonal entry, that is at least 1 over the number of atoms.
        """
        _, first, size = np.unique(self.label, return_index=True, return_counts=True)
        many = self.person.max() + 1
        atoms, persons = np.divmod(np.unique(self.label * many + self.person), many)
        crowd = np.bincount(atoms, minlength=len(first))
        vectors = self.basis[:, first] * np.sqrt(size)
        weight = (vectors**2).sum(axis=0)
        kept = (crowd < least) & (weight > NONE)
        inside = kept[atoms]
        if not inside.any():
            return False
        atoms, persons = (np.cumsum(kept) - 1)[atoms[inside]], np.unique(persons[inside], return_inverse=True)[1]
        most = (least - 1) * np.bincount(persons).max()
        centres = np.flatnonzero(weight[kept] >= 1 / most - NONE)
        search = _Search(vectors[:, kept], atoms, persons, least)
        return any(search.found(centre) for centre in centres)


class _Search:
    """Looks for a group of fewer than `least` people on whom a newly known combination rests, atom by atom."""

    def __init__(self, vectors: np.ndarray, atoms: np.ndarray, persons: np.ndarray, least: int):
        self.vectors, self.atoms, self.persons, self.least = vectors, atoms, persons, least
        self.crowd, self.looked = np.bincount(atoms), 0

    def found(self, centre: np.intp) -> bool:
        """Whether there is such a group about this atom; also where it takes more than `TRIES` groups to tell."""
        row = np.abs(self.vectors[:, centre] @ self.vectors)
        share = np.bincount(self.persons, (row / self.crowd)[self.atoms])  # of each person, so that groups add up
        most = np.sort(share)[::-1][:self.least - 1]
        seen: set[frozenset[int]] = set()
        waiting = [frozenset(self.persons[self.atoms == centre].tolist())]
        while waiting:
            group = waiting.pop()
            short = 1 - NONE - share[list(group)].sum()
            if len(group) >= self.least or group in seen or short > most[:self.least - 1 - len(group)].sum():
                continue
            seen.add(group)
            self.looked += 1
            near, new = self._about(group)
            if new or self.looked > TRIES:
                return True
            waiting += [group | frozenset(self.persons[self.atoms == atom].tolist()) for atom in near]
        return False

    def _about(self, group: frozenset[int]) -> tuple[np.ndarray, bool]:
        """The atoms that hang together with those of the group, and whether a new combination rests on these alone."""
        held = np.bincount(self.atoms, np.isin(self.persons, list(group)), len(self.crowd))
        inside = held == self.crowd
        mine = self.vectors[:, inside]
        values, turned = np.linalg.eigh(mine.T @ mine)
        new = (np.abs(mine[-1] @ turned[:, values > 1 - NONE]) > NONE).any()
        return np.flatnonzero((np.abs(mine.T @ self.vectors) > NONE).any(axis=0) & ~inside), bool(new)
