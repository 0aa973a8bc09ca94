"""Who is counted within which time."""

import pandas as pd
import pytest

from engagelab.activity.firsts import Firsts, bought_by, windows_of
from engagelab.errors import UsageError

TABLE = pd.DataFrame({"who": ["a", "a", "b", "b", "c"], "shop": ["x", "y", "y", "y", None], "at": pd.to_datetime(
    ["2026-04-01", "2026-04-03", "2026-04-20", "2026-04-21", "2026-04-01"], utc=True)})


def counted(**options):
    bought = bought_by(TABLE, None, None, user="who", time="at", until="2026-04-25", **({"by": None} | options))
    firsts = Firsts(bought, windows_of(["3 days", "1 week"]))
    return firsts, firsts.counted(bought.source, "second_period - first_period")


def test_whoever_was_not_observed_for_the_whole_time_is_not_counted_even_if_seen_to_move():
    _, table = counted()
    columns = ["customers", "observed_0", "moved_0", "observed_1", "moved_1"]
    assert table[columns].to_numpy().tolist() == [[3, 3, 2, 2, 1]]


def test_groups_are_those_of_the_first_purchase_and_a_missing_one_is_shown():
    firsts, table = counted(by="shop")
    assert table[["group_1", "customers"]].to_numpy().tolist() == [["x", 1], ["y", 1], ["(missing)", 1]]
    rows = firsts.rows("m", table)
    assert rows["group_1"].tolist() == ["x", "x", "y", "y", "(missing)", "(missing)"]
    assert rows["n_missing"].tolist() == [0, 0, 0, 1, 0, 0]


def test_durations_are_whole_days_and_differ():
    assert windows_of("2 weeks") == {"2 weeks": 14}
    for wrong in ("1 hour", [], ["1 day", "1 day"], 7, None, [7]):
        with pytest.raises(UsageError, match="within"):
            windows_of(wrong)
    with pytest.raises(UsageError, match="rename"):
        bought_by(TABLE.assign(to=1), None, None, user="who", time="at", by="to")
