"""Journeys: shares and medians of plain lists, and absorption against textbooks, simulation and a bootstrap."""

import html
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from engagelab import words
from engagelab.activity import journeys
from engagelab.activity.journeys import absorbed
from engagelab.errors import DataError, UsageError
from engagelab.metrics.answer import COLUMNS

KEYS = {"user": "user", "time": "at", "event": "event"}
BEGIN = pd.Timestamp("2026-04-01")


def log(**users):
    """Of each user, "minute event" between commas."""
    rows = [(user, *row.split()) for user, text in users.items() for row in text.split(",")]
    frame = pd.DataFrame(rows, columns=["user", "minute", "event"])
    return frame.assign(at=BEGIN + pd.to_timedelta(frame.pop("minute").astype(int), unit="min"))


LOG = log(a="0 visit, 10 cart, 30 buy, 40 visit", b="0 visit, 20 visit, 50 cart", c="5 visit")


def shares(found, metric):
    rows = found.frame[found.frame["metric"] == metric]
    return {(row["from"], row["to"]): (row["count"], row["n"]) for row in rows.to_dict("records")}


def test_moves_are_counted_from_the_start_to_the_end():
    found = journeys(LOG, **KEYS)
    assert shares(found, "transition") == {
        ("(start)", "visit"): (3, 3), ("buy", "visit"): (1, 1), ("cart", "buy"): (1, 2), ("cart", "(end)"): (1, 2),
        ("visit", "cart"): (2, 5), ("visit", "visit"): (1, 5), ("visit", "(end)"): (2, 5)}
    assert found.absorption.empty and found.touchpoints.empty


def test_a_path_ends_with_the_conversion_and_the_next_one_begins_after_it():
    found = journeys(LOG, to="buy", **KEYS)
    assert shares(found, "transition")["cart", "(converted)"] == (1, 2)
    assert shares(found, "transition")["(start)", "visit"] == (4, 4)
    assert shares(found, "passed") == {
        ("cart", "(converted)"): (1, 1), ("visit", "(converted)"): (1, 1),
        ("cart", "(end)"): (1, 3), ("visit", "(end)"): (3, 3)}
    assert {"buy"}.isdisjoint(found.frame["from"]) and {"buy"}.isdisjoint(found.frame["to"])


def test_a_long_pause_breaks_a_path_and_an_end_too_near_the_last_moment_is_not_known():
    found = journeys(LOG, gap="20 minutes", until="2026-04-01 01:00", **KEYS)
    assert shares(found, "transition")["visit", "(end)"] == (2, 4)   # b's second and c's; a's last is not known yet
    visits = found.transitions[found.transitions["from"] == "visit"]
    assert set(visits.loc[visits["metric"] == "transition", "n_missing"]) == {1}
    assert any("2 paths were still running" in note for note in found.frame.attrs["notes"])


def test_what_follows_an_event_too_near_the_end_counts_no_more_than_what_does_not():
    frame = pd.DataFrame({"user": list("aabc"), "event": ["visit", "buy", "visit", "visit"], "at": pd.to_datetime(
        ["2026-02-20", "2026-02-25", "2026-02-20", "2026-02-20"])})
    found = journeys(frame, to="buy", gap="30 days", until="2026-03-01", **KEYS)
    left = found.frame[(found.frame["metric"] == "conversion") | (found.frame["from"] == "visit")]
    assert left[["metric", "from", "n", "n_missing"]].to_numpy().tolist() == [
        ["transition", "visit", 0, 3], ["conversion", "(start)", 0, 3], ["conversion", "visit", 0, 3]]
    assert left["estimate"].isna().all() and set(left["flag"]) == {"no known value"}
    assert found.touchpoints.empty
    assert any("3 paths were still running" in note for note in found.frame.attrs["notes"])
    later = journeys(frame, to="buy", gap="30 days", until="2026-04-01", **KEYS)
    assert shares(later, "transition")["visit", "(converted)"] == (1, 3)
    assert later.absorption["n_missing"].tolist() == [0, 0]


def test_a_conversion_at_once_too_near_the_end_is_of_a_path_that_still_runs():
    found = journeys(log(a="0 visit", b="55 buy", c="55 visit", d="1 buy"), to="buy", gap="20 minutes",
                     until="2026-04-01 01:00", **KEYS)
    start = found.absorption.set_index("from").loc["(start)"]
    assert start[["estimate", "n", "n_missing"]].tolist() == [.5, 2, 2]
    assert set(found.touchpoints["n_missing"]) == {2}
    assert shares(found, "transition")["(start)", "(converted)"] == (2, 4)   # where a path begins is seen at once


def test_where_people_leave_is_found_whenever_observation_stops():
    rng, days, share = np.random.default_rng(1), 60, .5
    rows = []
    for user in range(4000):
        day = rng.uniform(0, days)
        while day < days:
            rows.append((user, BEGIN + pd.Timedelta(days=day), "visit"))
            day = day + rng.uniform(0, 30) if rng.random() < share else days
    frame = pd.DataFrame(rows, columns=["user", "at", "event"])
    found = journeys(frame, gap="30 days", since=BEGIN, until=BEGIN + pd.Timedelta(days=days), **KEYS).transitions
    moves = found[found["from"] == "visit"].set_index(["metric", "to"])
    end, wait = moves.loc["transition", "(end)"], moves.loc["time_between", "visit"]
    assert end["low"] < share < end["high"] and end["high"] - end["low"] < .05
    assert end["n"] + end["n_missing"] == len(frame)
    assert wait["low"] < 15 * 24 * 60 < wait["high"]


def test_rows_before_the_window_tell_which_paths_had_begun():
    frame = log(a="0 visit, 10 cart, 15 buy, 20 visit, 90 visit", b="12 visit", c="1 visit")
    found = journeys(frame, to="buy", gap="20 minutes", since="2026-04-01 00:05", until="2026-04-01 03:00", **KEYS)
    assert shares(found, "transition") == {
        ("(start)", "visit"): (3, 3), ("cart", "(converted)"): (1, 1), ("visit", "(end)"): (3, 3)}
    assert shares(found, "passed") == {("cart", "(end)"): (0, 3), ("visit", "(end)"): (3, 3)}
    assert found.absorption.set_index("from")["n"].to_dict() == {"(start)": 3, "cart": 1, "visit": 3}
    notes = found.frame.attrs["notes"]
    assert "1 paths had begun before the observed time: only their later moves are counted" in notes
    assert any("2 rows whose 'at' is before the observed time" in note for note in notes)
    only = journeys(log(a="0 visit, 10 buy"), to="buy", since="2026-04-01 00:05", until="2026-04-01 03:00", **KEYS)
    assert only.absorption[["from", "n"]].to_numpy().tolist() == [["(start)", 0]]


def test_medians_are_those_of_numpy():
    rng = np.random.default_rng(2)
    gaps = rng.integers(1, 500, 99)
    frame = pd.concat([log(**{f"u{i}": f"0 visit, {gap} cart"}) for i, gap in enumerate(gaps)])
    answer = journeys(frame, **KEYS).frame.query("metric == 'time_between'")
    assert answer["estimate"].tolist() == [np.median(gaps)]
    assert (answer["low"].item(), answer["high"].item()) == (np.sort(gaps)[39], np.sort(gaps)[59])


def test_shares_have_the_interval_of_statsmodels():
    row = journeys(LOG, **KEYS).frame.query("metric == 'transition' and `from` == 'visit' and to == 'cart'").iloc[0]
    assert (row["low"], row["high"]) == pytest.approx(proportion_confint(2, 5, method="wilson"))


def test_the_drunkards_walk_of_the_textbook():
    """Grinstead and Snell (1997), Introduction to Probability, example 11.13: home with 3/4, 1/2 and 1/4."""
    moves, ends = np.array([[0, 8, 0], [8, 0, 8], [0, 8, 0]]), np.array([[8, 0], [0, 0], [0, 8]])
    assert absorbed(moves, ends)[0] == pytest.approx([3 / 4, 1 / 2, 1 / 4])


def test_from_the_start_the_probability_is_the_share_of_paths_that_converted():
    rng = np.random.default_rng(3)
    users = {f"u{i}": ", ".join(f"{k} {name}" for k, name in enumerate(rng.choice(list("abcd"), rng.integers(1, 9))))
             for i in range(60)}
    found = journeys(log(**users), to="d", **KEYS)
    outcomes = Counter()
    for text in users.values():
        events = [row.split()[1] for row in text.split(",")]
        outcomes["converted"] += events.count("d")
        outcomes["ended"] += events[-1] != "d"
    start = found.absorption.set_index("from").loc["(start)"]
    assert start["n"] == outcomes.total()
    assert start["estimate"] == pytest.approx(outcomes["converted"] / outcomes.total())


def test_the_error_of_the_delta_method_is_that_of_a_bootstrap_of_the_rows():
    moves, ends = np.array([[0, 300, 100], [50, 0, 150], [30, 60, 0]]), np.array([[0, 0], [60, 90], [100, 40]])
    rng, whole = np.random.default_rng(4), np.hstack([moves, ends])
    drawn = []
    for _ in range(3000):
        again = np.array([rng.multinomial(row.sum(), row / row.sum()) for row in whole])
        drawn.append(absorbed(again[:, :3], again[:, 3:])[0])
    assert absorbed(moves, ends)[1] == pytest.approx(np.std(drawn, axis=0), rel=.05)


def test_the_interval_of_a_probability_holds_the_truth_as_often_as_it_says():
    rng, chain = np.random.default_rng(6), np.array([[.5, .3, .2, 0], [.2, .1, .3, .4]])   # a, b, converted, end
    truth = np.linalg.solve(np.eye(2) - chain[:, :2], chain[:, 2])
    rows = []
    for trial, user in np.ndindex(60, 80):
        state, minute = 0, 0
        while state < 3:
            rows.append((trial, f"{trial} {user}", BEGIN + pd.Timedelta(minutes=minute), "abc"[state]))
            state, minute = 3 if state == 2 else rng.choice(4, p=chain[state]), minute + 1
    frame = pd.DataFrame(rows, columns=["trial", "user", "at", "event"])
    found = journeys(frame, to="c", by="trial", **KEYS).absorption
    for name, p in zip("ab", truth, strict=True):
        held = found[found["from"] == name]
        assert len(held) == 60
        assert ((held["low"] <= p) & (p <= held["high"])).sum() >= 52   # 57 expected


def test_a_model_does_not_make_few_visits_many():
    users = {f"u{i}": "0 visit, 1 cart" + ", 2 buy" * (i % 2) for i in range(2000)} | {"z": "0 rare, 1 visit, 2 cart"}
    rare = journeys(log(**users), to="buy", **KEYS).absorption.set_index("from").loc["rare"]
    assert rare["estimate"] == pytest.approx(.5, abs=.01)
    assert rare["n_eff"] == rare["n"] == 1
    assert rare["low"] < .1 and rare["high"] > .9


def test_a_state_whose_end_nobody_has_seen_is_not_known():
    share, se = absorbed(np.array([[0, 5, 5], [0, 0, 0], [0, 0, 0]]), np.array([[0, 0], [1, 3], [0, 0]]))
    assert share[:2] == pytest.approx([.25, .25]) and np.isnan(share[2]) and np.isnan(se[2])
    nowhere, _ = absorbed(np.array([[0, 1], [1, 0]]), np.zeros((2, 2)))
    assert np.isnan(nowhere).all()


def test_a_group_is_a_log_of_its_own():
    frame = pd.concat([LOG.assign(plan="x"), LOG.assign(plan=None)])
    found = journeys(frame, by="plan", to="buy", gap="1 hour", **KEYS).frame
    alone = journeys(LOG, to="buy", gap="1 hour", **KEYS).frame
    for name in ("x", "(missing)"):
        part = found[found["plan"] == name].drop(columns="plan").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, alone, check_like=False)


def test_rows_without_an_event_are_a_state_and_rows_without_a_user_are_counted():
    frame = log(a="0 visit, 5 none, 9 buy", b="0 visit")
    frame["event"] = frame["event"].where(frame["event"] != "none")
    found = journeys(pd.concat([frame, frame.tail(1).assign(user=None)]), to="buy", **KEYS)
    assert shares(found, "transition")["(missing)", "(converted)"] == (1, 1)
    assert any("1 rows without 'user'" in note for note in found.frame.attrs["notes"])


def test_events_of_one_moment_stand_by_name_with_the_conversion_last():
    found = journeys(log(a="0 buy, 0 visit, 0 cart, 0 buy"), to="buy", **KEYS)
    assert shares(found, "transition") == {
        ("(start)", "cart"): (1, 2), ("(start)", "(converted)"): (1, 2), ("cart", "visit"): (1, 1),
        ("visit", "(converted)"): (1, 1)}


def test_the_tables_have_the_shape_of_an_answer_and_say_that_this_is_no_effect():
    found = journeys(LOG, to="buy", **KEYS)
    wanted = ["metric", "from", "to", *(name for name in COLUMNS[1:] if name != "base")]
    for table in (found.frame, found.transitions, found.absorption, found.touchpoints):
        assert list(table) == wanted
        assert str(table["n"].dtype) == "Int64" and str(table["flag"].dtype) == "str"
    assert all("not an effect: see experiments" in method for method in found.touchpoints["method"])
    assert "not an effect" in repr(found) and html.escape("(end)") not in found._repr_html_()
    assert found._repr_html_().count("<li>") == len(found.frame.attrs["notes"]) + 1
    with words.speaking("ja"):
        assert set(journeys(LOG, to="buy", **KEYS).touchpoints["to"]) == {"（コンバージョン）", "（終了）"}


@pytest.mark.parametrize("wrong, error, said", [
    ({"to": "by"}, DataError, "no event 'by'; did you mean 'buy'?"),
    ({"gap": "0 minutes"}, UsageError, "gap must be a duration above zero"),
    ({"gap": "1 month"}, UsageError, "gap must be a duration"),
    ({"by": "from"}, UsageError, "column 'from' of its own"),
    ({"events": ["vist"]}, DataError, "did you mean 'visit'?"),
    ({"data": LOG.assign(event="(start)")}, DataError, "a group is called"),
    ({"data": LOG.assign(user=None)}, DataError, "no row in the observed time has a user"),
    ({"data": LOG.head(0)}, DataError, "has no stamp at all"),
])
def test_what_cannot_be_right_is_refused_in_one_line(wrong, error, said):
    with pytest.raises(error, match=said) as caught:
        journeys(**{"data": LOG, **KEYS, **wrong})
    assert "\n" not in str(caught.value)
