"""Cohorts against a count by sets, scipy's t interval, and the published purchases of CDNOW."""

import json
import math
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logs import COLUMNS, close, counts, frame, logs, observed
from scipy import stats

from engagelab.activity import calendar, cohorts

EVERY = ("day", "week", "month", "quarter", "year")
SPEC = find_spec("lifetimes")  # its own import does not run on pandas 3
FOLDERS = [Path(os.environ["ENGAGELAB_CDNOW"])] if "ENGAGELAB_CDNOW" in os.environ else []
FOLDERS += [Path(str(SPEC.origin)).parent / "datasets"] if SPEC else []


def cdnow(name, **how):
    """A file of CDNOW, from a folder of the machine or from an installed lifetimes, which has the sample alone."""
    for folder in FOLDERS:
        if (folder / name).is_file():
            bought = pd.read_csv(folder / name, sep=r"\s+", dtype=str, **how)
            return bought.assign(date=pd.to_datetime(bought["date"], format="%Y%m%d"))
    pytest.skip(f"{name} is in neither the folder ENGAGELAB_CDNOW nor an installed lifetimes")


def check(drawn, grouped):
    rows, how = drawn
    log = observed(rows, how, by=grouped)
    if log is None:
        return
    every, by = how["every"], ["plan"] * grouped
    made = {"by": by} | COLUMNS | {name: value for name, value in how.items() if name != "every"}
    answer = cohorts(frame(rows), every=every, **made)
    expected = oracle.cohorts(log)
    assert counts(answer, *by, "cohort", every, of=("age", "estimate", "n")) == expected
    shares = cohorts(calendar(frame(rows), event="event", every=every, **made), every=every, normalize=True)
    assert counts(shares, *by, "cohort", every, of=("age", "count", "n")) == expected
    if every != "day":
        rolled = cohorts(calendar(frame(rows), every="day", **made), every=every)
        pd.testing.assert_frame_equal(rolled, answer)


def check_values(drawn, grouped, cumulative):
    rows, how = drawn
    log = observed(rows, how, by=grouped)
    if log is None:
        return
    every, by = how["every"], ["plan"] * grouped
    answer = cohorts(frame(rows), **COLUMNS, value="value", by=by, cumulative=cumulative, **how)
    values = oracle.cohort_values(log, cumulative)
    close(counts(answer, *by, "cohort", every, of=("estimate",)), {key: sum(held) for key, held in values.items()})
    made = calendar(frame(rows), **COLUMNS, value="value", by=by, event="event", **(how | {"every": "day"}))
    each = cohorts(made, every=every, normalize=True, cumulative=cumulative)
    found = counts(each, *by, "cohort", every, of=("estimate", "low", "high", "n"))
    assert found.keys() == values.keys()
    for key, held in values.items():
        estimate, low, high, n = found[key]
        assert n == len(held) and math.isclose(estimate, np.mean(held), abs_tol=1e-9)
        if len(held) > 1 and np.std(held) > 0:
            ends = stats.t.interval(.95, n - 1, loc=np.mean(held), scale=stats.sem(held))
            assert np.allclose((low, high), ends, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=20)
@given(logs(everies=EVERY), st.booleans())
def test_cohorts_of_random_logs_are_those_counted_by_sets(drawn, grouped):
    check(drawn, grouped)


@settings(deadline=None, max_examples=20)
@given(logs(everies=EVERY, longest=90), st.booleans(), st.booleans())
def test_what_cohorts_are_worth_is_what_their_users_are_worth(drawn, grouped, cumulative):
    check_values(drawn, grouped, cumulative)


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(logs(everies=EVERY, longest=200, most=60), st.booleans(), st.booleans())
def test_cohorts_of_many_random_logs_are_those_counted_by_sets(drawn, grouped, cumulative):
    check(drawn, grouped)
    check_values(drawn, grouped, cumulative)


def test_large_amounts_that_differ_little_keep_their_interval():
    paid = 1e9 + np.arange(7)
    log = pd.DataFrame({"user": list("abcdefg"), "at": pd.Timestamp("2026-04-01"), "paid": paid})
    answer = cohorts(log, user="user", time="at", value="paid", normalize=True, until="2026-05-01")
    ends = stats.t.interval(.95, 6, loc=paid.mean(), scale=stats.sem(paid))
    assert np.allclose(answer[["low", "high"]].to_numpy() - 1e9, np.array([ends]) - 1e9, rtol=1e-6)


def test_who_paid_nothing_in_a_month_is_in_its_interval():
    log = pd.DataFrame({"user": list("abcdab"), "paid": [1.0, 2, 3, 4, 3, 5],
                        "at": pd.to_datetime(["2026-01-10"] * 4 + ["2026-02-10"] * 2)})
    answer = cohorts(log, user="user", time="at", value="paid", normalize=True, since="2026-01-01", until="2026-03-01")
    paid = [3, 5, 0, 0]
    ends = stats.t.interval(.95, 3, loc=np.mean(paid), scale=stats.sem(paid))
    assert np.allclose(answer.loc[answer["age"] == 1, ["low", "high"]].to_numpy(), [ends], rtol=1e-9)


def test_monthly_cohorts_of_cdnow_are_the_known_ones():
    case = next(case for case in json.loads((Path(__file__).parents[1] / "reference/activity.json").read_text("utf-8"))
                if case["name"] == "cohort_cdnow_master_counts")
    found = cohorts(cdnow("CDNOW_master.txt"), user="customer_id", time="date", since="1997-01-01",
                    until=case["inputs"]["until"])
    for cohort, expected in case["expected"].items():
        assert found.loc[found["cohort"] == cohort, "estimate"].tolist() == expected
    assert (found["flag"] == "").all()


def test_monthly_cohorts_of_the_cdnow_sample_are_those_of_pandas():
    bought = cdnow("CDNOW_sample.txt", header=None, names=["master", "customer", "date", "cds", "amount"])
    month = bought["date"].dt.to_period("M")
    first = month.groupby(bought["customer"]).transform("min")
    expected = bought.groupby([first.astype(str), month.astype(str)])["customer"].nunique()
    found = cohorts(bought, user="customer", time="date", since="1997-01-01", until="1998-07-01")
    found = found[found["estimate"] > 0].set_index(["cohort", "month"])["estimate"]
    assert found.to_dict() == expected.to_dict()


def test_the_worth_of_a_cohort_of_one_has_no_interval_and_says_so():
    log = pd.DataFrame({"user": list("abb"), "at": pd.to_datetime(["2026-01-10", "2026-02-10", "2026-02-11"]),
                        "paid": [1.0, 2.0, 3.0]})
    for normalize in (True, False):
        answer = cohorts(log, user="user", time="at", value="paid", normalize=normalize, since="2026-01-01",
                         until="2026-03-01")
        assert answer["low"].isna().all()
        assert set(answer["flag"]) == {"too few or too equal values for an interval"}
