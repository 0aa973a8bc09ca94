"""Scores: ranks by hand, contributions that add up, weights given and learned, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics.logistic import expit
from engagelab.segments import grade, score

SIGNALS = ["visits", "clicks", "-days_since"]
NAMES = ["visits", "clicks", "days_since"]


def made(n=400, seed=0):
    random = np.random.RandomState(seed)
    rows = pd.DataFrame({"user_id": [f"C{i:05d}" for i in range(n)], "visits": random.poisson(4, n),
                         "clicks": random.poisson(2, n), "days_since": random.exponential(30, n).round()})
    chance = expit(.6 * (rows["visits"] - 4) - .03 * (rows["days_since"] - 30))
    rows["renewed"] = (random.uniform(size=n) < chance).astype(float).mask(rows.index >= n - 20)
    return rows


@pytest.fixture(scope="module")
def learned():
    return score(made(), SIGNALS, outcome="renewed")


def test_the_score_is_the_weighted_sum_of_mid_ranks():
    rows, weights = made(), {"visits": 3, "clicks": 2, "days_since": 5}
    found = score(rows, SIGNALS, weights=weights).frame.set_index("user_id").loc[rows["user_id"]]
    rank = {name: (rankdata(rows[name]) - .5) / len(rows) for name in weights}
    expected = 100 * (.3 * rank["visits"] + .2 * rank["clicks"] + .5 * (1 - rank["days_since"]))
    assert found["score"].to_numpy() == pytest.approx(expected)
    assert found["score"].mean() == pytest.approx(50)


values = st.one_of(st.none(), st.integers(-3, 3).map(float))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(values, values), min_size=2, max_size=30), st.tuples(st.integers(0, 5), st.integers(1, 5)),
       st.randoms())
def test_contributions_add_up_equal_rows_have_equal_scores_and_order_changes_nothing(pairs, weights, random):
    rows = pd.DataFrame(pairs, columns=["a", "b"], dtype="float64")
    rows["user_id"] = [f"u{i:03d}" for i in range(len(pairs))]
    if rows[["a", "b"]].nunique().max() < 2:
        return
    given = dict(zip("ab", weights, strict=True))
    found = score(rows, ["a", "-b"], weights=given).frame
    assert (found["score"] - 50 - found["from_a"] - found["from_b"]).abs().max() < 1e-9
    assert found["score"].between(0, 100).all() and found["score"].mean() == pytest.approx(50)
    joined = found.merge(rows, on="user_id")
    assert (joined.groupby(["a", "b"], dropna=False)["score"].agg(np.ptp) < 1e-9).all()
    order = list(range(len(rows)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(score(rows.iloc[order], ["a", "-b"], weights=given).frame, found)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 9), min_size=3, max_size=30).filter(lambda found: len(set(found)) > 1))
def test_more_of_a_signal_is_never_a_lower_score(numbers):
    rows = pd.DataFrame({"user_id": range(len(numbers)), "a": numbers})
    found = score(rows, ["a"]).frame.merge(rows, on="user_id").sort_values("a")
    assert found["score"].is_monotonic_increasing


def test_weights_sum_to_one_and_the_parts_of_the_spread_too(learned):
    for found in (learned, score(made(), SIGNALS, weights={"visits": 6, "clicks": 3, "days_since": 1})):
        assert found.signals["estimate"].sum() == pytest.approx(1)
        assert found.signals["of_spread"].sum() == pytest.approx(1)
    assert score(made(), SIGNALS).signals["estimate"].tolist() == pytest.approx([1 / 3] * 3)


def test_what_is_missing_counts_as_the_middle_and_is_counted():
    rows = pd.DataFrame({"user_id": list("abc"), "visits": [1, None, 9]})
    found = score(rows, ["visits"])
    assert found.frame.set_index("user_id").loc["b", "score"] == 50
    assert found.signals["n_missing"].tolist() == [1] and any("visits (1)" in note.lower() for note in found.notes)


def test_learned_weights_find_what_counts_and_the_chances_are_out_of_sample(learned):
    weight = learned.signals.set_index("signal")["estimate"]
    assert weight["visits"] > .4 and weight["days_since"] > .2 and weight["clicks"] < .25
    assert ((learned.signals["low"] <= weight.to_numpy()) | learned.signals["low"].isna()).all()
    known = learned.frame.dropna(subset="renewed")
    brier = learned.quality.set_index("metric").loc["brier"]
    assert brier["estimate"] == pytest.approx(np.mean((known["chance"] - known["renewed"].astype(float)) ** 2))
    assert brier["n"] == 380 and learned.frame["chance"].notna().all()


def test_a_signal_that_counts_against_its_direction_has_no_weight_and_is_said():
    found = score(made(1000), ["visits", "days_since"], outcome="renewed")
    assert found.signals.set_index("signal")["estimate"].to_dict() == {"visits": 1, "days_since": 0}
    assert "in its direction" in found.signals.set_index("signal")["flag"]["days_since"]
    assert any(note.startswith("No weight") and "days since" in note for note in found.notes)
    with pytest.raises(DataError, match="none of these signals"):
        score(made(1000), ["-visits"], outcome="renewed")


def test_two_signals_that_say_the_same_and_one_that_says_nothing_are_named():
    rows = made().assign(sessions=lambda frame: 2 * frame["visits"], flat=1)
    notes = score(rows, ["visits", "sessions", "clicks", "flat"]).notes
    assert any("nearly the same (correlation 1.00)" in note for note in notes)
    assert any("left out: flat" in note for note in notes)


@pytest.mark.parametrize(("how", "error", "said"), [
    ({"weights": {"visits": 1}}, UsageError, "weights have to be"),
    ({"weights": {"visits": 0, "clicks": 0, "days_since": 0}}, UsageError, "not all 0"),
    ({"weights": {"visits": -1, "clicks": 1, "days_since": 1}}, UsageError, "weights have to be"),
    ({"weights": {"visits": 1, "clicks": 1, "days_since": 1}, "outcome": "renewed"}, UsageError, "one or the other"),
    ({"outcome": "visits"}, UsageError, "cannot be a signal"),
    ({"folds": 1}, UsageError, "folds"),
])
def test_arguments_that_cannot_be_are_refused(how, error, said):
    with pytest.raises(error, match=said):
        score(made(), SIGNALS, **how)


def test_rows_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="twice"):
        score(made(), ["visits", "-visits"])
    with pytest.raises(DataError, match="stands in several rows"):
        score(pd.concat([made(), made().head(2)]), SIGNALS)
    with pytest.raises(DataError, match="'many' is no number"):
        score(made().assign(visits="many"), SIGNALS)
    with pytest.raises(DataError, match="no signal varies"):
        score(made().assign(visits=1), ["visits"])
    with pytest.raises(DataError, match="no signal varies"):
        score(made().head(0), ["visits"])
    with pytest.raises(UsageError, match="only where"):
        score(made(), SIGNALS).plot()


def test_a_signal_that_tells_the_outcome_alone_is_named_as_by_leads():
    rows = made(1000).assign(invoices=lambda frame: frame["renewed"].fillna(0) * 3)
    rows["thanked"] = np.isin(rows.index, np.flatnonzero(rows["renewed"] == 1)[:30])
    found = score(rows, ["visits", "invoices", "thanked"], outcome="renewed")
    assert found.notes[0].startswith("invoices alone tells how it ended (AUC 1.00; ")
    assert found.notes[1].startswith("thanked alone tells how it ended (yes: 30 of 30 have the outcome, against ")
    flags = found.signals.set_index("signal")["flag"]
    assert flags["visits"] == "" and flags["invoices"] == flags["thanked"] == "tells the outcome alone: known before?"


def test_a_signal_in_which_few_differ_has_no_learned_weight():
    rows = made(1000).assign(fax=lambda frame: np.isin(frame.index, np.flatnonzero(frame["renewed"] == 1)[:4]))
    found = score(rows, ["visits", "fax"], outcome="renewed")
    assert found.signals["estimate"].tolist() == [1, 0]
    assert "The same for all but fewer than 10 of those learned from, so left out: fax." in found.notes
    assert score(rows, ["visits", "fax"]).signals["estimate"].tolist() == [.5, .5]


@pytest.mark.slow
def test_of_200_000_customers_the_slope_is_right_and_the_planted_best_have_the_highest_scores():
    random, n = np.random.RandomState(12), 200_000
    rows = pd.DataFrame({"user_id": np.arange(n), "visits": random.poisson(4, n), "spend": random.lognormal(3, 1, n),
                         "days_since": random.exponential(30, n)})
    best = random.uniform(size=n) < .08   # planted: they visit far more and have been here lately
    rows["visits"] += np.where(best, 8, 0)
    rows["days_since"] = rows["days_since"].where(~best, rows["days_since"] / 10)
    truth = expit(-4 + .15 * rows["visits"] + .4 * np.log1p(rows["spend"]) - .02 * rows["days_since"] + 1.5 * best)
    rows["renewed"] = (random.uniform(size=n) < truth).astype(float)
    found = score(rows, ["visits", "spend", "-days_since"], outcome="renewed")
    slope = found.quality.set_index("metric").loc["calibration_slope"]
    assert slope["low"] > .9 and slope["high"] < 1.1
    graded = grade(found).frame.set_index("user_id")["grade"]
    assert (graded.loc[np.flatnonzero(best)] == "A").mean() > .75


def test_it_is_looked_at_in_both_languages(learned):
    assert "Weights learned from 380 customers" in repr(learned) and "less" in repr(learned)
    with words.speaking("ja"):
        assert "少ないほど良い" in repr(learned) and "<table>" in learned._repr_html_()
