"""Who hunts for coupons: the few at home who click on every offer and buy only what is sold below its cost."""

import numpy as np

from engagelab.sample import plan
from engagelab.sample.draws import Flags, Stream
from engagelab.sample.people import People


def hunters(everyone: People, seed: int) -> Flags:
    """A place a customer: whether a hunter of coupons; a planted share of all, from those at home alone.

    >>> from engagelab.sample.people import people
    >>> everyone = people(7, 1000)
    >>> found = hunters(everyone, 7)
    >>> int(found.sum()), set(everyone.segment[found])
    (40, {'home'})
    """
    stream = Stream(seed, "hunters")
    order = stream.uniform(len(everyone)) + np.where(everyone.segment == "home", 0, 1)
    found = np.zeros(len(everyone), dtype=bool)
    found[np.argsort(order, kind="stable")[:round(len(everyone) * plan.HUNTERS)]] = True
    return found
