"""What is no experiment, or cannot be measured: one clear line that says what it is and what to do."""

import numpy as np
import pandas as pd
import pytest

from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.experiments.compare import compare
from engagelab.metrics.design import Design
from engagelab.metrics.nouns import mean, nps, quantile, rate, ratio

N = 400


def people(**columns):
    random = np.random.RandomState(3)
    return pd.DataFrame({"arm": np.repeat(["A", "B"], N // 2), "x": random.normal(5, 1, N),
                         "before": random.gamma(2, 3, N), "who": np.arange(N), "text": "no",
                         "opened": np.arange(N) % 3 == 0, **columns})


def ran(data=None, metrics=None, **how):
    how = {"arm": "arm", "control": "A"} | how
    return compare(people() if data is None else data, metrics or {"x": mean("x")}, **how)


ARGUMENTS = {
    "control absent": ({"control": "C"}, DataError, "no arm 'C' in column 'arm'; it has 'A', 'B'"),
    "arm column absent": ({"arm": "armm"}, NoColumn, "no column 'armm'.*did you mean 'arm'"),
    "by is the arm": ({"by": "arm"}, UsageError, "by names the column of arms, 'arm'; name a column of segments"),
    "by holds the arm": ({"by": ["opened", "arm"]}, UsageError, "by names the column of arms"),
    "split of others": ({"split": {"A": 1, "C": 1}}, UsageError, "each arm once: 'A', 'B', not 'A', 'C'"),
    "split of one": ({"split": {"A": 1}}, UsageError, "each arm once: 'A', 'B', not 'A'"),
    "split of 0": ({"split": {"A": 1, "B": 0}}, UsageError, "split of 'B' must be a number above 0, not 0"),
    "split below 0": ({"split": {"A": 1, "B": -1}}, UsageError, "split of 'B' must be a number above 0, not -1"),
    "split unknown": ({"split": {"A": 1, "B": np.nan}}, UsageError, "split of 'B' must be a number above 0, not nan"),
    "split of text": ({"split": {"A": 1, "B": "half"}}, UsageError, "split of 'B' must be .* not 'half'"),
    "split a list": ({"split": [.5, .5]}, UsageError, r"each arm once: 'A', 'B', not \[0.5, 0.5\]"),
    "combine of others": ({"combine": {"all": ["B", "D"]}}, DataError, "combine: there is no arm 'D'"),
    "combine a text": ({"combine": "x"}, UsageError, "combine must be a mapping of a name to its arms.*not 'x'"),
    "combine a list": ({"combine": ["B"]}, UsageError, "combine must be a mapping"),
    "combine an arm twice": ({"combine": {"all": ["B"], "some": ["B"]}}, UsageError, "names an arm twice"),
    "combine as another arm": ({"combine": {"A": ["B"]}}, UsageError, "gives a group the name of an arm"),
    "by is over": ({"by": "who", "over": "who"}, UsageError, "by and over both name the column 'who'"),
    "confidence 0": ({"confidence": 0}, UsageError, "confidence must lie between 0 and 1"),
    "start in words": ({"start": "June"}, UsageError, "start.*'June'"),
    "units of no metric": ({"units": {"y": "JPY"}}, UsageError, "units must be one of 'x', not 'y'"),
    "plan a number": ({"plan": 5}, UsageError, "plan must be what el.plan.. gives, .* not int"),
    "plan a text": ({"plan": "x"}, UsageError, "plan must be .* not str"),
    "plan a table": ({"plan": people()}, UsageError, "plan must be .* not DataFrame"),
    "look without a plan": ({"look": 1}, UsageError, "look= needs a plan with looks"),
    "look and peek": ({"look": 1, "peek": True}, UsageError, "choose one"),
    "confidence": ({"confidence": 95}, UsageError, "confidence must lie between 0 and 1"),
    "correction": ({"correct": "dunnet"}, UsageError, "did you mean 'dunnett'"),
    "metric of text": ({"metrics": {"x": mean("text")}}, DataError, "'text' holds text, not numbers: 'no' in row 1"),
    "rate of text": ({"metrics": {"x": rate("text")}}, DataError, "column 'text' holds text, not numbers"),
    "rate of amounts": ({"metrics": {"x": rate("before")}}, DataError, "'before' holds .* not a whole number"),
    "covariate of text": ({"metrics": {"x": mean("x", adjust="text")}}, DataError, "column 'text' holds text"),
    "user absent": ({"user": "whom"}, NoColumn, "no column 'whom'.*did you mean 'who'"),
    "quantile of users": ({"metrics": {"q": quantile("x")}, "design": Design(weights="before")}, UsageError,
                          "quantiles need one row a unit"),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_an_argument_that_cannot_be_right_is_refused(case):
    how, kind, message = ARGUMENTS[case]
    with pytest.raises(kind, match=message):
        ran(**how)


def some(column, value):
    return {column: people()[column].mask(np.arange(N) == 7, value)}


TABLES = {
    "one arm": ({"arm": "A"}, {}, "column 'arm' has only one arm, 'A'; a comparison needs rows of at least two"),
    "no arm": ({"arm": None}, {}, "column 'arm' names no arm"),
    "arms apart by a space": ({"arm": np.repeat(["A", "A ", "B"], [150, 50, 200])}, {},
                              "column 'arm': the arms 'A' and 'A ' differ by spaces or capital letters only; write"),
    "arms apart by capitals": ({"arm": np.repeat(["A", "b", "B"], [200, 50, 150])}, {}, "the arms .* differ by spaces"),
    "a user in two arms": ({"who": np.arange(N) % 300}, {"user": "who"}, "100 units of 'who' are in more than one arm"),
    "a shop in two arms": ({"who": np.arange(N) % 300}, {"cluster": "who"}, "'who' are in more than one arm of 'arm'"),
    "no value in an arm": ({"x": np.where(np.arange(N) < N // 2, 1.0, np.nan)}, {},
                           "metric 'x': all values are missing in arm 'B'; leave out"),
    "no value at all": ({"x": np.nan}, {}, "metric 'x': all values are missing in arm 'A', 'B'"),
    "infinite": (some("x", np.inf), {}, r"column 'x' holds an infinite value.*row 8"),
    "infinite covariate": (some("before", -np.inf), {"metrics": {"x": mean("x", adjust="before")}},
                           r"column 'before' holds an infinite value.*row 8"),
    "negative weight": (some("before", -2.0), {"design": Design(weights="before")},
                        "column 'before' holds a negative weight, -2"),
    "score off the scale": (some("before", 11.0), {"metrics": {"x": nps("before")}}, "not a whole number from 0 to 10"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_is_no_experiment_is_refused(case):
    columns, how, message = TABLES[case]
    with pytest.raises(DataError, match=message):
        ran(people(**columns), **how)


def test_an_empty_table_is_refused():
    with pytest.raises(DataError, match="column 'arm' names no arm: the table is empty"):
        ran(people().head(0))


def test_the_same_is_refused_where_nothing_is_known_of_users_in_an_arm():
    data = people(x=np.where(np.arange(N) < N // 2, 1.0, np.nan), who=np.arange(N) // 2)
    for metric in (mean("x"), mean("x", adjust="before"), ratio("x", "before")):
        with pytest.raises(DataError, match="all values are missing in arm 'B'"):
            ran(data, {"m": metric}, user="who")


def test_rows_without_an_arm_are_counted_and_left_out():
    found = ran(people(arm=np.where(np.arange(N) < 11, None, people()["arm"])))
    assert "11 rows without a value in 'arm' belong to no arm and are left out" in found.notes
    assert found.frame["n_control"].tolist() == [N // 2 - 11]


def test_blank_text_is_no_arm():
    found = ran(people(arm=np.where(np.arange(N) < 11, " ", people()["arm"])))
    assert "11 rows without a value in 'arm' belong to no arm and are left out" in found.notes
    assert found.frame["arm"].tolist() == ["B"] and found.frame["n_control"].tolist() == [N // 2 - 11]


def test_arms_may_be_told_as_the_table_or_the_person_writes_them():
    data = people(flag=np.arange(N) % 3 == 0, three=np.arange(N) % 3)
    assert ran(data, arm="flag", control=False, combine={"t": [True]}, split={False: 2, "t": 1}).frame["arm"][0] == "t"
    assert ran(data, combine={"z": "B"}).frame["arm"].tolist() == ["z"]
    counts = data["three"].value_counts()
    for split in (counts, counts.to_dict(), dict(zip(counts.index, counts.to_numpy(), strict=True))):
        assert ran(data, arm="three", control=0, split=split).checks["status"].iloc[0] == "passed"
    spaced = people(arm=np.repeat(["A", "A ", "B"], [150, 50, 200]))
    assert ran(spaced, control="A", combine={"A": ["A", "A "]}).frame["n_control"].tolist() == [200]


def test_a_plan_may_be_a_mapping():
    assert "Fewer than planned: A 200 of 5,000, B 200 of 5,000." in ran(plan={"n": 5000}).notes


@pytest.mark.parametrize("columns", [{"x": 3.0}, {"x": np.repeat([1.0, 2.0], N // 2)}, {"before": 0.0},
                                     {"before": -1.0}, {"before": np.nan}])
def test_what_has_no_spread_or_no_denominator_is_a_check_and_no_verdict(columns):
    metric = mean("x") if "x" in columns else ratio("x", "before")
    if columns.get("before") != columns.get("before"):
        with pytest.raises(DataError, match="all values are missing"):
            ran(people(**columns), {"m": metric})
        return
    found = ran(people(**columns), {"m": metric})
    assert found.frame["verdict"].iloc[0] in ("cannot_tell", "no_verdict")
    assert set(found.checks["check"]) & {"no_spread", "negative_denominator"}
    assert isinstance(repr(found), str) and "<table" in found._repr_html_()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_an_arm_of_hardly_anybody_is_compared_as_far_as_it_goes(n):
    data = people().head(N // 2 + n)
    metrics = {"mean": mean("x"), "adjusted": mean("x", adjust="before"), "rate": rate("opened"),
               "ratio": ratio("x", "before"), "median": quantile("x")}
    found = ran(data, metrics, split={"A": N // 2, "B": n}, guardrails=False)
    verdicts = found.frame.set_index("metric")["verdict"]
    if n == 1:
        assert (verdicts.drop("rate") == "cannot_tell").all()
    assert f"({n} in B)" in found.checks.loc[found.checks["check"] == "small_arms", "sentence"].iloc[0]
    assert isinstance(repr(found), str)
