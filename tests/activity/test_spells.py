"""What runs and what is paid at the beginning of a day."""

from datetime import date

import numpy as np
import pandas as pd

from engagelab.activity.spells import spells


def made(rows, **options):
    frame = pd.DataFrame(rows, columns=["who", "opened", "closed", "amount", "former", "changed"])
    for name in ("opened", "closed", "changed"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return spells(frame.astype({"former": "float64"}), "who", "opened", "closed", [], options.get("tz"), "amount",
                  "former", "changed")


def test_a_spell_runs_from_the_day_after_its_first_midnight_to_its_last_day():
    table = made([("a", "2026-04-01", "2026-04-03", 10.0, None, None)])
    assert [bool(table.running(date(2026, 4, day))[0]) for day in (1, 2, 3, 4)] == [False, True, True, False]


def test_a_price_changed_at_midnight_is_still_the_former_one_then():
    table = made([("a", "2026-04-01", None, 12.0, 10.0, "2026-04-03"), ("b", "2026-04-02", None, 5.0, None, None)])
    assert [table.paid(date(2026, 4, day)).tolist() for day in (1, 2, 3, 4)] == [[0, 0], [10, 0], [10, 5], [12, 5]]


def test_whoever_goes_on_from_one_day_to_the_next_pays_at_midnight_what_was_paid_until_then():
    for end, begin in (("2026-04-03", "2026-04-03"), ("2026-04-02", "2026-04-03"),
                       ("2026-04-02 23:59:59", "2026-04-03 00:00:02")):
        first = pd.Timestamp("2026-04-01").strftime("%Y-%m-%d %H:%M:%S" if ":" in end else "%Y-%m-%d")
        table = made([("a", first, end, 10.0, None, None), ("a", begin, None, 12.0, None, None),
                      ("b", first, None, 5.0, None, None)])
        if end != "2026-04-03":
            assert table.running(date(2026, 4, 3)).tolist() == [True, False, True]
        assert [table.sums(table.paid(date(2026, 4, day))).tolist() for day in (2, 3, 4)] == [
            [10, 5], [10, 5], [12, 5]]


def test_days_are_those_of_the_zone():
    rows = [("a", "2026-04-01T16:00:00Z", None, 12.0, 10.0, "2026-06-30T15:00:00Z")]
    assert made(rows).paid(date(2026, 7, 1))[0] == 12
    assert made(rows, tz="Asia/Tokyo").paid(date(2026, 7, 1))[0] == 10
    assert made(rows, tz="Asia/Tokyo").paid(date(2026, 7, 2))[0] == 12


def test_amounts_are_added_up_by_customer():
    table = made([("a", "2026-04-01", None, 1.0, None, None), ("b", "2026-04-01", None, np.nan, None, None),
                  ("a", "2026-04-01", None, 2.0, None, None)])
    sums = table.sums(table.paid(date(2026, 5, 1)))
    assert sums[0] == 3
    assert np.isnan(sums[1])
