"""The quality of chances against brute force, statsmodels, and simulations in which the truth is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.discrete.discrete_model import Logit

from engagelab.errors import DataError, UsageError
from engagelab.metrics.auc import auc
from engagelab.metrics.calibration import calibration, reliability
from engagelab.metrics.shares import TAIL


def made(n=500, seed=0, slope=1.0):
    """Chances that are right where slope is 1."""
    random = np.random.RandomState(seed)
    score = random.normal(-1, 1, n)
    did = (random.uniform(size=n) < 1 / (1 + np.exp(-slope * score))).astype(float)
    return pd.DataFrame({"chance": 1 / (1 + np.exp(-score)), "won": did})


def of(rows, metric, column="estimate"):
    return calibration(rows, "chance", "won").set_index("metric").loc[metric, column]


def test_brier_and_skill_are_the_mean_squares_of_all_rows():
    rows = made()
    squares = [(p - y) ** 2 for p, y in zip(rows["chance"], rows["won"], strict=True)]
    share = sum(rows["won"]) / len(rows)
    assert of(rows, "brier") == pytest.approx(sum(squares) / len(rows))
    assert of(rows, "brier_skill") == pytest.approx(1 - sum(squares) / len(rows) / (share * (1 - share)))


def test_slope_and_intercept_are_those_of_statsmodels():
    rows = made(slope=.6)
    score = np.log(rows["chance"] / (1 - rows["chance"])).to_numpy()
    slope = Logit(rows["won"].to_numpy(), np.column_stack([np.ones(500), score])).fit(disp=0, tol=1e-12)
    level = Logit(rows["won"].to_numpy(), np.ones((500, 1)), offset=score).fit(disp=0, tol=1e-12)
    for metric, fit in (("calibration_slope", slope), ("calibration_intercept", level)):
        assert of(rows, metric) == pytest.approx(fit.params[-1], abs=1e-9)
        assert of(rows, metric, "se") == pytest.approx(fit.bse[-1], abs=1e-8)
        ends = [of(rows, metric, "low"), of(rows, metric, "high")]
        assert ends == pytest.approx(fit.conf_int()[-1].tolist(), abs=1e-7)


def test_the_area_is_that_of_delong():
    rows = made()
    assert [of(rows, "area_under_curve", name) for name in ("estimate", "low", "high", "se")] == list(
        auc(rows["chance"], rows["won"]))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=10, max_size=60), st.randoms())
def test_lift_is_the_mean_over_all_orders_of_equal_chances_and_the_order_of_rows_changes_nothing(pairs, random):
    rows = pd.DataFrame(pairs, columns=["chance", "won"]).assign(chance=lambda frame: frame["chance"] / 10)
    if rows["won"].nunique() < 2:
        return
    depth, left, caught = len(rows) / 10, len(rows) / 10, 0.0
    for _, group in sorted(rows.groupby("chance"), key=lambda pair: -pair[0]):
        taken = min(left, len(group))
        caught, left = caught + taken * group["won"].mean(), left - taken
    assert of(rows, "lift_top_tenth") == pytest.approx(caught / depth / rows["won"].mean())
    order = list(range(len(rows)))
    random.shuffle(order)
    again, first = (calibration(frame, "chance", "won") for frame in (rows.iloc[order], rows))
    pd.testing.assert_frame_equal(again, first, rtol=1e-7)


def test_intervals_hold_the_truth_in_95_of_100_simulations():
    random = np.random.RandomState(9)
    score = random.normal(-1, 1, 1_000_000)
    p = 1 / (1 + np.exp(-score))
    base, brier = p.mean(), (p * (1 - p)).mean()
    truth = {"calibration_slope": 1, "calibration_intercept": 0, "brier": brier,
             "brier_skill": 1 - brier / base / (1 - base), "lift_top_tenth": p[p >= np.quantile(p, .9)].mean() / base}
    hits = []
    for seed in range(200):
        found = calibration(made(400, seed), "chance", "won").set_index("metric")
        hits.append([found.loc[name, "low"] <= value <= found.loc[name, "high"] for name, value in truth.items()])
    assert (np.abs(np.mean(hits, axis=0) - .95) < .04).all()


def test_chances_that_are_too_extreme_have_a_slope_below_one():
    rows = made(4000, slope=.5)
    assert of(rows, "calibration_slope", "high") < 1
    assert of(made(4000), "calibration_slope", "low") < 1 < of(made(4000), "calibration_slope", "high")


def test_chances_of_0_and_1_and_chances_that_tell_all_have_no_slope_and_say_so():
    for chance in ([0, .5, .5, 1] * 10, [.2, .2, .8, .8] * 10):
        found = calibration(pd.DataFrame({"chance": chance, "won": [0, 0, 1, 1] * 10}), "chance", "won")
        row = found[found["metric"] == "calibration_slope"].iloc[0]
        assert np.isnan(row["estimate"]) and "not known" in row["flag"]
    same = calibration(pd.DataFrame({"chance": .3, "won": [0, 1] * 20}), "chance", "won").set_index("metric")
    assert same.loc["lift_top_tenth", "estimate"] == pytest.approx(1)
    assert np.isnan(same.loc["calibration_slope", "estimate"])


def test_few_outcomes_are_flagged_and_missing_rows_are_counted():
    rows = pd.DataFrame({"chance": [.1, .2, .3, None, .5], "won": [0, 1, 0, 1, None]})
    found = calibration(rows, "chance", "won")
    assert found["flag"].str.contains("fewer than 10").all()
    assert set(found["n"]) == {3} and set(found["n_missing"]) == {2}


def test_the_answers_have_the_columns_of_every_answer():
    assert list(calibration(made(), "chance", "won").columns) == ["metric", *TAIL]
    assert list(reliability(made(), "chance", "won").columns) == ["metric", "bin", *TAIL, "chance", "chance_low",
                                                                  "chance_high"]


@pytest.mark.parametrize(("rows", "error", "said"), [
    ({"chance": [.2, 1.2], "won": [0, 1]}, DataError, "row 2: 1.2 lies off the scale"),
    ({"chance": [.2, .3], "won": [0, .5]}, DataError, "row 2: 0.5"),
    ({"chance": [.2, .3], "won": [1, 1]}, DataError, "all 2 known outcomes are the same"),
    ({"chance": [.2, np.inf], "won": [0, 1]}, DataError, "row 2"),
    ({"chance": [.2, .3], "won": ["yes", "no"]}, DataError, "'yes' is no number"),
])
def test_what_is_no_chance_or_no_outcome_is_named_with_its_row(rows, error, said):
    with pytest.raises(error, match=said):
        calibration(pd.DataFrame(rows), "chance", "won")


def test_bins_and_columns_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="same column"):
        calibration(made(), "won", "won")
    with pytest.raises(UsageError, match="bins has to be"):
        reliability(made(), "chance", "won", bins=1)


def test_bins_are_of_equal_size_and_hold_every_row_once():
    rows = made(1000)
    found = reliability(rows, "chance", "won")
    bins, spread = (found[found["metric"] == name] for name in ("share_happened", "share_of_rows"))
    assert bins["n"].tolist() == [100] * 10 and spread["count"].sum() == 1000
    order = rows.sort_values("chance")
    for at, row in enumerate(bins.to_dict("records")):
        part = order.iloc[100 * at:100 * at + 100]
        assert [row["estimate"], row["chance"]] == pytest.approx([part["won"].mean(), part["chance"].mean()])
    inside = [((rows["chance"] >= low) & (rows["chance"] < high)).sum() for low, high in zip(
        spread["chance_low"], spread["chance_high"], strict=True)]
    assert spread["count"].tolist()[:-1] == inside[:-1]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=50), st.integers(2, 12))
def test_equal_chances_are_never_parted(pairs, bins):
    rows = pd.DataFrame(pairs, columns=["chance", "won"]).assign(chance=lambda frame: frame["chance"] / 5)
    if rows["won"].nunique() < 2:
        return
    found = reliability(rows, "chance", "won", bins=bins)
    found = found[found["metric"] == "share_happened"]
    assert found["n"].sum() == len(rows)
    assert (found["chance_low"].to_numpy()[1:] > found["chance_high"].to_numpy()[:-1]).all()
