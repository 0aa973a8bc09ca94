"""What is said of a leaf by itself, hidden or with its own interval, is what `measure` says; a table is one."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab.kpi.totals import total
from engagelab.kpi.tree import Tree
from engagelab.metrics.intervals import wilson


@pytest.mark.parametrize(("noun", "answers"), [(el.nps("s"), [10] * 6), (el.nps("s"), [0] * 5 + [9]),
                                               (el.csat("s"), [5] * 6), (el.csat("s"), [5, 1, 3]),
                                               (el.rate("s", min_n=9), [0, 1, 1, 1, 0])])
@pytest.mark.parametrize("by", [None, "shop"])
def test_what_a_measure_hides_or_masks_a_tree_hides_with_the_same_words(noun, answers, by):
    data = pd.DataFrame({"s": answers, "shop": "east", "user": range(len(answers))})
    flag = el.measure(data, noun, by=by)["flag"].iloc[0]
    values = Tree("value = leaf * 1").evaluate({"leaf": (noun, data)}, by=by)
    found = values.frame.set_index("metric")
    assert found[["estimate", "low", "high", "se", "n", "n_missing"]].isna().all(axis=None) and flag
    assert found["flag"].to_dict() == {"value": f"leaf: {flag}", "leaf": flag}
    assert np.isnan(values.inputs.value[0]) and np.isnan(values.inputs.cov[0, 0])


@pytest.mark.parametrize("user", [None, "user"])
def test_a_change_of_hidden_answers_is_hidden_too(user):
    one, other = (pd.DataFrame({"s": [10] * count + [5] * (9 - count), "user": range(9)}) for count in (9, 4))
    found = Tree("value = leaf * 1").explain(*({"leaf": (el.nps("s"), table)} for table in (one, other)), user=user)
    assert found.frame[["before", "change", "contribution", "low"]].isna().all(axis=None)
    assert found.frame["flag"].tolist() == ["leaf: masked: nearly all promoters", "masked: nearly all promoters"]


@pytest.mark.parametrize("user", [None, "user"])
def test_one_table_at_both_ends_is_one_estimate(user):
    data = pd.DataFrame({"x": np.arange(40.0), "y": np.arange(40.0) % 3, "user": range(40)})
    tree = Tree("all = m + more + sum")
    before = {"m": (el.mean("x"), data), "more": (el.mean("y"), data), "sum": (5, .3)}
    after = {"m": (el.mean("x"), data), "more": 2, "sum": (6, .4)}
    for ends in ((before, {**before, "sum": (6, .4)}), (before, after),
                 (tree.evaluate(before), tree.evaluate({**before, "sum": (6, .4)}))):
        found = tree.explain(*ends, user=user if ends[1] is after else None).frame.set_index("metric")
        assert found.loc["m", "contribution"] == 0 and np.isnan(found.loc["m", "low"])
    found = tree.explain(before, {**before, "sum": (6, .4)}, user=user).frame
    assert (found["high"] - found["low"])[0] == pytest.approx(2 * 1.959964 * .5)


def test_a_leaf_has_the_interval_of_its_measure():
    data = pd.DataFrame({"y": [True] + [False] * 19, "x": np.arange(20.0), "s": [9, 10, 3, 7] * 5})
    nouns = {"a": el.rate("y"), "b": el.mean("x"), "c": el.nps("s"), "d": el.ratio("x", "s"), "e": total("x")}
    values = Tree("r = (a + b + c + d + e) * 1").evaluate({name: (noun, data) for name, noun in nouns.items()},
                                                          confidence=.9)
    found = values.frame.set_index("metric").loc[list(nouns), ["low", "high"]].to_numpy(dtype=float)
    wanted = el.measure(data, nouns, confidence=.9)[["low", "high"]].to_numpy(dtype=float)
    assert found == pytest.approx(wanted)
    twice = Tree("r = 3 - a * 2").evaluate({"a": (el.rate("y"), data)}).frame.iloc[0]
    low, high = wilson(1, 20)
    assert twice[["low", "high"]].tolist() == pytest.approx([3 - 2 * high, 3 - 2 * low])
