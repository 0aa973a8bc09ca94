"""Moments against numpy on the same rows, on easy and on hard numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import DataError
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, nps, ratio
from engagelab.summaries import sql
from engagelab.summaries.engine import source
from engagelab.summaries.moments import Ask, merge, moments
from engagelab.summaries.view import Columns, View


def view_of(frame, by=(), weights=None):
    columns = Columns(source(frame))
    for i, name in enumerate(by, 1):
        columns.reads[f"by_{i}"] = sql.Read(name, "key")
    if weights:
        columns.reads["w0"] = sql.Read(weights, "number")
    return View(columns, tuple(f"by_{i}" for i in range(1, len(by) + 1)), weighted=bool(weights)), columns


def both(frame, by=(), weights=None):
    """Moments of x and y together."""
    view, columns = view_of(frame, by, weights)
    return moments(view, [Ask((columns.number("x"), columns.number("y")))])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.one_of(st.none(), st.floats(-1e6, 1e6)), st.one_of(st.none(), st.integers(-1000, 1000)),
                          st.sampled_from("ab")), min_size=1, max_size=30))
def test_means_and_covariances_are_those_of_numpy(rows):
    frame = pd.DataFrame(rows, columns=["x", "y", "g"]).astype({"x": "float64", "y": "float64"})
    keys, (sums,), _ = both(frame, ["g"])
    for i, group in enumerate(keys["key_1"]):
        known = frame[frame["g"] == group].dropna()
        assert sums.n[i] == len(known)
        assert sums.rows[i] == (frame["g"] == group).sum()
        if len(known):
            np.testing.assert_allclose(sums.mean[i], known[["x", "y"]].mean(), rtol=1e-9, atol=1e-9)
            expected = np.cov(known[["x", "y"]].to_numpy().T, bias=True)
            np.testing.assert_allclose(sums.cov[i], expected, rtol=1e-7, atol=1e-6 * (1 + np.abs(expected).max()))


@pytest.mark.parametrize("first", [1e9, 0.0, -1e9])
def test_large_values_with_a_small_spread_keep_their_digits(first):
    rng = np.random.default_rng(3)
    x = np.concatenate([[first], 1e9 + rng.normal(0, 1, 20_000)])
    frame = pd.DataFrame({"x": x, "y": rng.normal(size=len(x)), "g": ["first"] * 1 + ["rest"] * 20_000})
    _, (sums,), _ = both(frame, ["g"])
    rest = x[1:] - 1e9
    assert sums.cov[1, 0, 0] == pytest.approx(rest.var(), rel=1e-9)
    assert sums.mean[1, 0] - 1e9 == pytest.approx(rest.mean(), abs=1e-6)


def test_groups_far_apart_each_keep_their_digits_with_and_without_weights():
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.normal(0, 1, 5000), 1e9 + rng.normal(0, 1, 5000)])
    frame = pd.DataFrame({"x": x, "y": 1.0, "g": np.repeat(["low", "high"], 5000), "w": 2.0})
    for weights in (None, "w"):
        answer = measure(frame, mean("x"), by="g", weights=weights, total=True).set_index("g")["se"]
        assert answer["high"] == pytest.approx((x[5000:] - 1e9).std(ddof=1) / np.sqrt(5000), rel=1e-7)
        assert answer["low"] == pytest.approx(x[:5000].std(ddof=1) / np.sqrt(5000), rel=1e-12)
        assert answer["(all)"] == pytest.approx(x.std(ddof=1) / np.sqrt(10_000), rel=1e-12)


def test_a_group_that_does_not_vary_has_a_spread_of_nothing():
    frame = pd.DataFrame({"price": [980.0] * 7 + [2980.0] * 7, "plan": ["a"] * 7 + ["b"] * 7})
    assert measure(frame, mean("price"), by="plan")["se"].tolist() == [0, 0]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.sampled_from("abc"), st.sampled_from("pq"), st.floats(.1, 5)),
                min_size=2, max_size=40), st.booleans())
def test_merged_groups_are_what_the_rows_together_give(rows, weighted):
    frame = pd.DataFrame(rows, columns=["x", "g", "h", "w"]).assign(y=lambda table: table["x"] ** 2)
    weights = "w" if weighted else None
    keys, (fine,), _ = both(frame, ["g", "h"], weights)
    codes, _ = pd.factorize(keys["key_1"], sort=True)
    merged = merge(fine, codes, codes.max() + 1)
    _, (coarse,), _ = both(frame, ["g"], weights)
    for field in ("rows", "n", "weight", "weight2", "mean", "cov", "totals"):
        expected = getattr(coarse, field)
        near = 1e-9 * (1 + np.abs(expected).max())
        np.testing.assert_allclose(getattr(merged, field), expected, rtol=1e-9, atol=near)


def test_a_sum_that_two_metrics_need_is_taken_once():
    frame = pd.DataFrame({"a": [1.0, 2], "b": [3.0, 4], "c": [5.0, 6]})
    text = measure(frame, {"one": mean("a"), "two": mean("a", better="lower"), "three": ratio("a", "b")}).attrs["sql"]
    assert text.count("sum(p0)") == 1


def test_an_empty_table_has_no_groups_and_one_empty_whole():
    frame = pd.DataFrame({"x": pd.Series(dtype="float64"), "g": pd.Series(dtype="str")})
    assert len(measure(frame, mean("x"), by="g")) == 0
    whole = measure(frame, mean("x"))
    assert whole["n"].item() == 0
    assert np.isnan(whole["estimate"].item())
    assert whole["flag"].item() == "no known value"


@pytest.mark.parametrize(("values", "noun", "said"), [
    ([5, 7, 11, 12, 12], nps("q"), "column 'q' holds 12, which is not a whole number from 0 to 10; 3 values are off "
                                   "the scale (the first is row 3)"),
    (["5", None, "good", "8"], nps("q"), "column 'q' holds text, not numbers: 'good' in row 3"),
    (["what somebody wrote at length"], mean("q"), "not numbers: 'what somebody wrote …' in row 1"),
    ([1.0, np.inf], mean("q"), r"column 'q' holds an infinite value, or one too large to square (the first is row 2)")])
def test_what_cannot_be_measured_is_named_with_its_row(tmp_path, values, noun, said):
    frame = pd.DataFrame({"q": values, "other": 1.0})
    frame.to_csv(tmp_path / "answers.csv", index=False)
    for data in (frame, tmp_path / "answers.csv"):
        with pytest.raises(DataError) as caught:
            measure(data, [mean("other"), noun])
        assert said in str(caught.value) and "VARCHAR" not in str(caught.value)


def test_the_first_row_is_that_of_the_window():
    frame = pd.DataFrame({"q": [11, 5, 11], "at": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"])})
    with pytest.raises(DataError, match=r"1 values are off the scale \(the first is row 3\)"):
        measure(frame, nps("q"), time="at", since="2026-02-01")


def test_a_weight_of_zero_or_none_is_told_and_a_negative_one_refused_with_its_row():
    frame = pd.DataFrame({"q": [5, 2, 1, 9], "w": [1, 0, 2, None]})
    found = measure(frame, mean("q"), weights="w")
    assert found["n_missing"].tolist() == [2]
    assert found.attrs["notes"] == ["2 rows whose weight in 'w' is 0 or empty count as missing"]
    assert measure(frame.assign(w=1.0, q=[1, 2, 3, None]), mean("q"), weights="w").attrs["notes"] == []
    with pytest.raises(DataError, match=r"-1 \(the first is row 4\)"):
        measure(frame.assign(w=[1, 2, 3, -1]), mean("q"), weights="w")


def test_more_than_eleven_values_together_are_not_mixed_up():
    frame = pd.DataFrame(np.random.RandomState(0).normal(size=(60, 13)), columns=[f"x{i}" for i in range(13)])
    view, columns = view_of(frame)
    _, (sums,), _ = moments(view, [Ask(tuple(columns.number(name) for name in frame))])
    assert sums.cov[0] == pytest.approx(np.cov(frame.to_numpy().T, ddof=0))
    assert sums.mean[0] == pytest.approx(frame.mean().to_numpy())
