"""What becomes of a mail: whether it arrives, is opened, clicked, unsubscribed from.

People have habits: a few click on much that they get, hunters of coupons on nearly all that they
open, offices hardly ever. As many in all as planned open and click, whoever they are.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.draws import Floats, Stream, Whole
from engagelab.sample.hunters import hunters
from engagelab.sample.people import People

UNSUBSCRIBES, COMPLAINTS, BOUNCES = .0025, .0002, .014
# The part of the sends that open, or click, or do not by chance alone; the others keep to the plan.
FREE = .15
OFFICE, USUAL, KEEN, HUNTER = range(4)
KEEN_SHARE = .08
# How early each habit stands in the order of opening, and how likely it clicks on what it opened.
LATENESS = np.array([1.0, 1.0, .3, .1])
CLICKS = np.array([.05, 1.0, 2.0, 8.0])


@dataclass(frozen=True)
class Planted:
    """Clicks as a test has them: the cell of each addressee, and of each cell the share that clicks."""

    cell: Whole
    rate: Floats


def habits(everyone: People, seed: int) -> Whole:
    """The habit of each customer with mails: OFFICE, USUAL, KEEN or HUNTER."""
    keen = Stream(seed, "mail habits").flags(KEEN_SHARE, len(everyone))
    habit = np.where(everyone.segment == "office", OFFICE, np.where(keen, KEEN, USUAL))
    return np.where(hunters(everyone, seed), HUNTER, habit)


def reactions(stream: Stream, who: Whole, habit: Whole, month: int, refused: np.ndarray,
              planted: Planted | None = None) -> pd.DataFrame:
    """The flags of one mailing, a row an addressee. Where nothing else is planted, plan.CLICK of the arrived click."""
    count = len(who)
    planted = planted or Planted(np.zeros(count, dtype=np.int64), np.array([plan.CLICK]))
    delivered = ~stream.flags(BOUNCES, count) & ~refused
    opener, leaver = stream.even(stream.uniform(count) * LATENESS[habit], FREE), stream.uniform(count)
    human = delivered & (opener < plan.HUMAN_OPEN)
    machine = delivered & ~human & (opener < plan.HUMAN_OPEN + plan.MACHINE_OPEN[month])
    # Whoever clicks has opened, so the clicks of a cell are shared out among its openers, by habit.
    weight = np.where(human, CLICKS[habit], 0.0)
    arrived, weights = (np.bincount(planted.cell, weights=values, minlength=len(planted.rate))
                        for values in (delivered, weight))
    each = planted.rate * arrived / np.maximum(weights, 1.0)
    clicked = stream.planted(np.minimum(weight * each[planted.cell], 1.0), planted.cell, FREE)
    unsubscribed = delivered & (leaver < UNSUBSCRIBES)
    complained = delivered & (leaver > 1 - COMPLAINTS)
    return pd.DataFrame({"who": who, "delivered": delivered, "opened": human | machine, "machine_opened": machine,
                         "clicked": clicked, "unsubscribed": unsubscribed, "complained": complained})
