"""Leads: the planted truth 11, leaks, chances out of sample, and what is refused or said."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.calibration import calibration
from engagelab.metrics.logistic import expit
from engagelab.sample import plan
from engagelab.sample.truths.behaviour import FEATURES, decided_deals
from engagelab.segments import grade, leads
from engagelab.segments.leads import _doubts


def made(n=500, seed=0, waiting=20):
    random = np.random.RandomState(seed)
    rows = pd.DataFrame({"user_id": [f"L{i:05d}" for i in range(n)], "views": random.poisson(3, n),
                         "site": random.choice(["web", "fair"], n), "demo": random.uniform(size=n) < .4})
    rows["won"] = (random.uniform(size=n) < expit(.5 * rows["views"] + rows["demo"] - 2.5)).astype(float)
    rows.loc[n - waiting:, "won"] = np.nan
    return rows


SIGNALS = ["views", "site", "demo"]


@pytest.fixture(scope="module")
def deals():
    return decided_deals({name: el.example(name) for name in ("deals", "events", "accounts")}).reset_index()


@pytest.fixture(scope="module")
def found():
    return leads(made(), outcome="won", signals=SIGNALS)


def quality(score, metric):
    return score.quality.set_index("metric").loc[metric]


def test_truth_11_without_the_leak_the_area_is_the_planted_one(deals):
    score = leads(deals, outcome="won", signals=list(FEATURES))
    area = quality(score, "area_under_curve")
    assert area["low"] <= plan.AUC <= area["high"] and area["estimate"] == pytest.approx(plan.AUC, abs=.02)
    assert quality(score, "calibration_slope")["low"] < 1 < quality(score, "calibration_slope")["high"]
    assert (score.signals["low"] > 1).all() and (score.signals["flag"] == "").all()


def test_truth_11_with_visits_booked_after_the_decision_the_leak_is_named(deals):
    score = leads(deals, outcome="won", signals=[*FEATURES, "visit_booked"])
    assert quality(score, "area_under_curve")["estimate"] == pytest.approx(plan.AUC_WITH_LEAK, abs=.02)
    assert score.notes[0].startswith("visit booked alone tells how it ended (AUC 0.89). Was it known before")
    flagged = score.signals.set_index("signal")["flag"]
    assert flagged["visit_booked"] == "tells the outcome alone: known before?"
    assert (flagged.drop("visit_booked") == "").all()


def test_a_signal_that_nearly_only_the_won_have_is_a_leak_even_where_few_have_it():
    rows = made(1200, waiting=0)
    won = np.flatnonzero(rows["won"] == 1)
    rows["contract_sent"] = np.isin(np.arange(1200), won[:40])
    rows["lost_reason"] = np.where(np.isin(np.arange(1200), np.flatnonzero(rows["won"] == 0)[:200]), "price", None)
    score = leads(rows, outcome="won", signals=["views", "contract_sent", "lost_reason"])
    assert score.notes[0].startswith("contract sent alone tells") and "40 of 40 have the outcome" in score.notes[0]
    assert score.notes[1].startswith("lost reason alone tells") and "200 of 200 lack the outcome" in score.notes[1]


def test_every_lead_is_there_once_best_first_and_open_ones_have_an_interval_and_reasons(found):
    frame, rows = found.frame, made().set_index("user_id")
    assert sorted(frame["user_id"]) == sorted(rows.index) and frame["chance"].is_monotonic_decreasing
    assert list(frame.columns) == ["user_id", "won", "chance", "low", "high", "why"]
    waiting = frame[frame["won"].isna()]
    assert len(waiting) == 20 and ((waiting["low"] < waiting["chance"]) & (waiting["chance"] < waiting["high"])).all()
    assert (waiting["why"] != "").all() and (frame.loc[frame["won"].notna(), "why"] == "").all()
    best = waiting.iloc[0]
    assert best["why"].startswith("raises: ") and f"{rows.loc[best['user_id'], 'views']}" in best["why"]
    given = frame.dropna(subset="won").set_index("user_id")["won"]
    assert given.astype(float).equals(rows["won"].dropna().reindex(given.index))


def test_what_is_in_quality_is_made_of_the_chances_in_the_frame(found):
    known = found.frame.dropna(subset="won")
    assert quality(found, "brier")["estimate"] == pytest.approx(
        np.mean((known["chance"] - known["won"].astype(float)) ** 2))
    assert found.bins["n"].iloc[0] == 48


def test_other_leads_get_the_chances_that_the_same_rows_had(found):
    waiting = made()[lambda rows: rows["won"].isna()].drop(columns="won")
    again = found.score(waiting)
    pd.testing.assert_frame_equal(again, found.frame[found.frame["won"].isna()].drop(columns="won").reset_index(
        drop=True))


def test_the_order_of_rows_changes_nothing_and_the_seed_changes_the_folds(found):
    again = leads(made().sample(frac=1, random_state=1), outcome="won", signals=SIGNALS)
    pd.testing.assert_frame_equal(again.frame, found.frame)
    pd.testing.assert_frame_equal(again.quality, found.quality)
    other = leads(made(), outcome="won", signals=SIGNALS, seed=1)
    assert not other.frame["chance"].equals(found.frame["chance"])


def test_noise_is_said_to_be_noise():
    rows = made(400)
    rows["noise"] = np.random.RandomState(5).normal(size=400)
    score = leads(rows, outcome="won", signals=["noise"])
    assert any("no better than chance" in note for note in score.notes)
    assert score.frame["chance"].std() < .05


def test_few_leads_for_many_signals_are_flagged():
    score = leads(made(45, waiting=0), outcome="won", signals=SIGNALS)
    assert score.signals["flag"].str.contains("fewer than 10").all()
    assert any("use fewer signals" in note for note in score.notes)


def test_a_signal_that_parts_all_leads_has_an_end_and_is_flagged():
    rows = made(300, waiting=5)
    rows["sold"] = rows["won"].fillna(0)
    score = leads(rows, outcome="won", signals=["sold", "views"])
    assert "sold alone tells" in score.notes[0] and np.isfinite(score.signals["high"]).all()


def test_gaps_skew_rare_levels_and_constant_signals_are_said():
    rows = made()
    rows["views"] = rows["views"].astype(float).mask(rows.index % 10 == 0)
    rows["same"], rows["site"] = 1, rows["site"].mask(rows.index < 12, rows["user_id"])
    rows["spend"] = np.random.RandomState(1).lognormal(3, 1.5, 500)
    notes = " ".join(leads(rows, outcome="won", signals=["views", "same", "site", "spend"]).notes)
    assert "but fewer than 10 of those learned from, so left out: same" in notes
    assert "(other): site" in notes and "(48)" in notes
    assert "logarithm" in notes and "spend" in notes


def test_what_few_differ_in_is_left_out_with_a_note_and_no_chance_explodes():
    rows = made(732 + 85, waiting=85)
    random, n = np.random.RandomState(3), len(rows)
    seen = (rows.index >= 732) & (random.uniform(size=n) < .6)
    seen[np.flatnonzero(rows["won"] == 1)[:4]] = True
    rows["seconds"] = pd.Series(random.lognormal(4, 1, n)).where(seen)
    rows["mails"] = np.where(seen, 9, 0)
    rows["kiosk"] = rows["site"].mask(np.isin(rows.index, np.flatnonzero(rows["won"] == 0)[:4]), "kiosk")
    score = leads(rows, outcome="won", signals=["views", "seconds", "mails", "kiosk"])
    assert list(score.signals["signal"]) == ["views", "kiosk"] and (score.signals["high"] < 20).all()
    assert any("left out: seconds, mails, kiosk (other)" in note for note in score.notes)
    assert score.frame["chance"].max() < .99
    assert not any("do not rank" in note or "unlike any" in note for note in score.notes)


def test_a_rare_mark_does_not_count_for_more_than_a_common_one():
    rows = made(732, waiting=0)
    rows["called"] = np.isin(rows.index, np.flatnonzero(rows["won"] == 1)[:12])
    called = leads(rows, outcome="won", signals=["views", "called"]).signals.set_index("signal").loc["called"]
    assert 5 < called["estimate"] < 300


def test_an_open_lead_far_from_all_that_are_decided_is_flagged():
    rows = made()
    rows.loc[499, ["views", "site"]] = [60, "web"]
    score = leads(rows, outcome="won", signals=SIGNALS)
    why = score.frame.set_index("user_id")["why"]
    assert why["L00499"].startswith("unlike any that was learned from; raises: ")
    assert why.str.startswith("unlike").sum() == 1 and any(note.startswith("1 open leads are") for note in score.notes)
    assert score.score(rows.tail(1))["why"].iloc[0] == why["L00499"]


def test_chances_that_are_too_bold_are_not_to_be_ranked_by():
    chances = pd.DataFrame({"chance": [.02] * 100 + [.98] * 100, "won": ([0] * 65 + [1] * 35) + ([0] * 35 + [1] * 65)})
    notes = list(_doubts(calibration(chances, "chance", "won"), False))
    assert len(notes) == 1 and notes[0].startswith("The calibration slope is 0.16 (") and "do not rank" in notes[0]
    right = chances.assign(chance=chances["chance"].map({.02: .35, .98: .65}))
    assert not list(_doubts(calibration(right, "chance", "won"), False))


def test_a_perfect_leak_is_not_called_chance_whether_it_is_one_signal_a_gap_or_two_together():
    rows = made(400, waiting=0)
    rows["sold"], rows["reason"] = rows["won"], rows["views"].where(rows["won"] == 0)
    rows["one"] = np.random.RandomState(3).normal(size=400)
    rows["two"] = rows["won"] - rows["one"]
    for signals, said in ((["sold"], "sold alone tells"), (["reason"], "reason alone tells"),
                          (["one", "two"], "Together the signals tell nearly every outcome")):
        notes = leads(rows, outcome="won", signals=signals).notes
        assert notes[0].startswith(said) and not any("no better than chance" in note for note in notes)


def test_an_address_is_no_id_of_a_lead_and_too_few_are_named_with_their_column():
    with pytest.raises(DataError, match="1 ids of customers are e-mail addresses") as error:
        leads(made().assign(user_id=lambda rows: rows["user_id"].replace("L00003", "hanako@x.jp")), outcome="won",
              signals=SIGNALS)
    assert "hanako" not in str(error.value)
    with pytest.raises(DataError, match="column 'user_id': only 1 different"):
        leads(made().assign(user_id="a"), outcome="won", signals=SIGNALS)


@pytest.mark.parametrize(("how", "error", "said"), [
    ({"signals": ["won"]}, UsageError, "cannot be a signal"),
    ({"signals": ["no_such"]}, NoColumn, "no_such"),
    ({"signals": "views"}, UsageError, "list of column names"),
    ({"signals": ["views"], "confidence": 2}, UsageError, "confidence"),
    ({"signals": ["views"], "outcome": "site"}, DataError, "is no number"),
])
def test_arguments_that_cannot_be_are_refused(how, error, said):
    with pytest.raises(error, match=said):
        leads(made(), **({"outcome": "won"} | how))


def test_rows_that_cannot_be_are_named_as_they_were_given():
    rows = made().astype({"views": float})
    rows.loc[7, "views"] = np.inf
    with pytest.raises(DataError, match="row 8"):
        leads(rows, outcome="won", signals=["views"])
    with pytest.raises(DataError, match="row 3"):
        leads(made().assign(user_id=lambda frame: frame["user_id"].where(frame.index != 2)), outcome="won",
              signals=["views"])
    with pytest.raises(DataError, match="all 480 known outcomes"):
        leads(made().assign(won=lambda frame: frame["won"] * 0), outcome="won", signals=["views"])


def test_it_is_looked_at_in_both_languages(found):
    assert "Learned from 480 decided leads" in repr(found) and "<table>" in found._repr_html_()
    with words.speaking("ja"):
        assert "AUC" in repr(found) and "オッズ比" not in repr(found)


@pytest.mark.slow
def test_of_200_000_customers_the_slope_is_right_and_grade_a_holds_the_planted_best():
    random, n = np.random.RandomState(11), 200_000
    rows = pd.DataFrame({"user_id": np.arange(n), "visits": random.poisson(4, n), "spend": random.lognormal(3, 1, n),
                         "app": random.uniform(size=n) < .3, "channel": random.choice(list("abcd"), n)})
    best = random.uniform(size=n) < .08   # planted: they look, buy and use the app far more
    rows["visits"] += np.where(best, 8, 0)
    rows["app"] |= best
    truth = expit(-4 + .15 * rows["visits"] + .4 * np.log1p(rows["spend"]) + .6 * rows["app"] + 1.5 * best)
    rows["renewed"] = (random.uniform(size=n) < truth).astype(float)
    score = leads(rows, outcome="renewed", signals=["visits", "spend", "app", "channel"])
    slope = quality(score, "calibration_slope")
    assert slope["low"] > .9 and slope["high"] < 1.1
    graded = grade(score, "chance").frame.set_index("user_id")["grade"]
    assert (graded.loc[np.flatnonzero(best)] == "A").mean() > .85


@pytest.mark.parametrize(("n", "slope", "least"), [(200, 0.0, .9), (200, .3, .85), (1000, .2, .9)])
def test_the_interval_of_a_chance_holds_the_true_one_also_where_signals_say_little(n, slope, least):
    held = []
    for seed in range(8):
        vary = np.random.RandomState(seed)
        table = pd.DataFrame(vary.standard_normal((n + 40, 2)), columns=["x", "z"])
        true = 1 / (1 + np.exp(1 - slope * table["x"]))
        won = pd.Series(vary.random_sample(n + 40) < true, dtype="boolean").mask(table.index >= n)
        found = leads(table.assign(won=won, user_id=range(n + 40)), outcome="won", signals=["x", "z"]).frame
        waiting = found[found["won"].isna()].sort_values("user_id", key=lambda ids: ids.astype("int64"))
        assert (waiting["low"] < waiting["high"]).all()
        held.append(((waiting["low"] <= true[n:].to_numpy()) & (true[n:].to_numpy() <= waiting["high"])).mean())
    assert np.mean(held) > least
