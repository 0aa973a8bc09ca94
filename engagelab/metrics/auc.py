"""How well a number tells who does something: the area under the ROC curve.

It is the chance that somebody who did has more of the number than somebody who did not, ties counting half (Hanley and
McNeil 1982, Radiology 143, 29-36). Error: DeLong, DeLong and Clarke-Pearson (1988, Biometrics 44, 837-845). The
interval is made on the logit, so that it stays between 0 and 1 (Pepe 2003, The Statistical Evaluation of Medical
Tests, section 5.2).
"""

import numpy as np
from numpy.typing import ArrayLike

from engagelab.metrics.intervals import z_value


def auc(number: ArrayLike, did: ArrayLike, confidence: float = .95) -> tuple[float, float, float, float]:
    """(area, low, high, error): .5 tells nothing, 1 everything, below .5 those who did have less.

    number, did : arrays as long as each other, without gaps; `did` is true or false. All are NaN where all or none
    did, and the interval where nobody is out of order or only one did, or did not.

    >>> [round(value, 3) for value in auc([1, 2, 3, 3, 4, 5], [False, False, True, False, True, True])]
    [0.944, 0.475, 0.997, 0.079]
    """
    from scipy.stats import rankdata

    number, did, z = np.asarray(number, dtype=float), np.asarray(did, dtype=bool), z_value(confidence)
    ones, zeros = int(did.sum()), int((~did).sum())
    if not ones or not zeros:
        return np.nan, np.nan, np.nan, np.nan
    every = rankdata(number)
    above = (every[did] - rankdata(number[did])) / zeros       # of each who did: the share below
    below = 1 - (every[~did] - rankdata(number[~did])) / ones  # of each who did not: the share above
    area = float(above.mean())
    if min(ones, zeros) < 2:
        return area, np.nan, np.nan, np.nan
    se = float(np.sqrt(above.var(ddof=1) / ones + below.var(ddof=1) / zeros))
    if se == 0 or not 0 < area < 1:
        return area, np.nan, np.nan, se
    middle, half = np.log(area / (1 - area)), z * se / (area * (1 - area))
    low, high = (float(1 / (1 + np.exp(-end))) for end in (middle - half, middle + half))
    return area, low, high, se
