"""The two tests by mail: subject lines with a broken arm, and a two by two of subject and sender.

Subject lines: every customer gets one notice of new terms, half of each stratum meant for each arm. But the
tool drew some of the active addresses of arm A once more, forty minutes later, and put them into B.
Two by two: for four recipe mails each addressee has one of four cells.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts
from engagelab.sample.dates import Stamps, utc
from engagelab.sample.draws import Flags, Floats, Stream, Whole
from engagelab.sample.reactions import Planted

BEFORE_SENDING, DRAWN_AGAIN = np.timedelta64(2, "h"), np.timedelta64(40, "m")
STRATA = np.array(["quiet", "active"], dtype=object)


@dataclass(frozen=True)
class MailTest:
    """A test by mail, a place a customer: which of the arms, in which cell of planted clicks, in which stratum."""

    experiment: str
    names: list[str]
    arm: Whole
    cell: Whole
    rate: Floats
    stratum: Texts
    later: Flags

    def planted(self, who: Whole) -> Planted:
        """What these addressees do with a mail of the test."""
        return Planted(self.cell[who], self.rate)

    def assignments(self, user_id: Texts, first: Stamps) -> pd.DataFrame:
        """The rows of those who were mailed, drawn two hours before their first mail."""
        drawn = first - BEFORE_SENDING + self.later * DRAWN_AGAIN
        factors = [(name.split("_") if "_" in name else [None, None]) for name in self.names]
        table = pd.DataFrame({
            "experiment": self.experiment, "user_id": user_id, "arm": np.array(self.names, dtype=object)[self.arm],
            "assigned_at": utc(drawn), "stratum": self.stratum,
            "factor_a": np.array([pair[0] for pair in factors], dtype=object)[self.arm],
            "factor_b": np.array([pair[1] for pair in factors], dtype=object)[self.arm]})
        return table[~np.isnat(first)]


def subject_lines(active: Flags, seed: int) -> MailTest:
    """Two subject lines that do equally well, and arms that do not hold whom they were meant to hold."""
    stream, count = Stream(seed, "subject lines"), len(active)
    arm = halves(stream, active.astype(np.int64))
    movable = np.nonzero(active & (arm == 0))[0]
    moved = np.zeros(count, dtype=bool)
    moved[movable[stream.some(len(movable), round(plan.MOVED * count))]] = True
    quiet = max(plan.CLICK * count - plan.CLICK_ACTIVE * active.sum(), 0) / max(count - active.sum(), 1)
    arm = np.where(moved, 1, arm)
    return MailTest("subject_lines", ["A", "B"], arm, 2 * active + arm,
                    np.array([quiet, quiet, plan.CLICK_ACTIVE, plan.CLICK_ACTIVE]), STRATA[active.astype(int)], moved)


def two_by_two(count: int, seed: int) -> MailTest:
    """Subject and sender in four equal cells, in which only the fit of the two counts."""
    cell = Stream(seed, "two by two").some(count, count) % len(plan.CELLS)
    return MailTest("two_by_two", list(plan.CELLS), cell, cell, np.array(list(plan.CELLS.values())),
                    np.full(count, None, dtype=object), np.zeros(count, dtype=bool))


def halves(stream: Stream, stratum: Whole) -> Whole:
    """0 for one half of each stratum and 1 for the other, and half of all in each but for one."""
    arm = np.empty(len(stratum), dtype=np.int64)
    arm[np.lexsort((stream.uniform(len(stratum)), stratum))] = np.arange(len(stratum)) % 2
    return arm
