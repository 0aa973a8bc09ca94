"""Two tables for `before_after`: one series of days, and shops with and without an action over three waves."""

import numpy as np
import pandas as pd

from engagelab.roi import before_after

NOISE = np.random.RandomState(0).normal(size=(2, 60))
DAYS = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=60), "sales": 100 + NOISE[0], "other": 50 + NOISE[1]})
AT = "2026-02-15"
WAVES = ("2026-02", "2026-05", "2026-08")
SHOPS = pd.DataFrame([(f"s{i}", wave, 10 + i + .3 * NOISE[0, 3 * i + at] + 2 * (i < 4 and at == 2), "ko"[i > 3])
                      for i in range(10) for at, wave in enumerate(WAVES)], columns=["shop", "wave", "score", "region"])


def days(**told):
    return before_after(told.pop("data", DAYS), told.pop("value", "sales"), **{"time": "day", "at": AT, **told})


def shops(**told):
    return before_after(told.pop("data", SHOPS), "score", **{
        "time": "wave", "at": "2026-08", "unit": "shop", "treated": ["s0", "s1", "s2", "s3"], **told})
