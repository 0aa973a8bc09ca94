"""What moved is found, what did not is left alone as often as promised, and nothing is left out without a word."""

import csv
import json

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.kpi import watch
from engagelab.kpi.watch import KEPT
from engagelab.metrics.local_level import one_step

mpl.use("Agg")
MONTHS = [f"{2023 + month // 12}-{month % 12 + 1:02d}" for month in range(48)]


def history(*series, labels=None, when="month", **more):
    """A frame of series called s0, s1 ...; all end with the same month."""
    labels = labels or MONTHS
    parts = [pd.DataFrame({"metric": f"s{place}", when: labels[-len(values):], "estimate": np.asarray(values, float),
                           **more}) for place, values in enumerate(series)]
    return pd.concat(parts, ignore_index=True)


def noise(n, seed=1):
    return 50 + np.random.RandomState(seed).standard_normal(n)


def jumped(n=24, by=8.0, seed=1):
    values = noise(n, seed)
    values[-1] += by
    return values


def test_a_jump_is_found_with_its_direction_and_noise_is_not():
    found = watch(history(jumped(), jumped(by=-8), noise(24)))
    assert found.frame["moved"].tolist() == ["up", "down", ""]
    assert ((found.frame["estimate"] > found.frame["high"]) == [True, False, False]).all()
    assert ((found.frame["estimate"] < found.frame["low"]) == [False, True, False]).all()
    assert list(found.frame.columns[:8]) == ["metric", "period", "estimate", "expected", "low", "high", "p", "moved"]
    assert found.frame["period"].unique().tolist() == [MONTHS[-1]]


def test_the_budget_of_a_year_is_shared_out_over_series_and_periods():
    one = watch(history(*(noise(24, seed) for seed in range(12))))
    assert "99.4%" in one.frame["method"].iloc[0]           # 1 - 1 / (12 series x 12 months) / 1.2
    weeks = [f"2026-W{week:02d}" for week in range(1, 31)]
    assert "98.4%" in watch(history(noise(30), labels=weeks, when="week")).frame["method"].iloc[0]
    assert "95%" in watch(history(noise(12), labels=[str(2000 + i) for i in range(12)], when="year")).frame[
        "method"].iloc[0]                                   # never looser, although one test a year may be
    assert "90%" in watch(history(noise(24)), confidence=.9).frame["method"].iloc[0]
    assert watch(history(noise(24)), false_alarms=.1).frame["high"][0] > watch(history(noise(24))).frame["high"][0]


def test_a_series_that_does_not_move_lies_outside_as_often_as_told():
    found = watch(history(*(noise(13, seed) for seed in range(300))), confidence=.9)
    assert .06 < (found.frame["moved"] != "").mean() < .14


def grown(kind, n, size, draws):
    news = draws.standard_normal((size, n + 50))
    if kind == "walk":
        return np.cumsum(news, 1)[:, -n:]
    if kind == "drift":
        return news[:, -n:] + np.cumsum(.3 * draws.standard_normal((size, n)), 1)
    if kind == "alike":
        for step in range(1, n + 50):
            news[:, step] += .5 * news[:, step - 1]
    return news[:, -n:]


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 12, 24, 36])
@pytest.mark.parametrize("kind", ["white", "drift", "alike", "walk"])
def test_twelve_monthly_series_give_at_most_one_false_alarm_a_year(kind, n):
    size, at = 6000, np.arange(n + 1)
    series = grown(kind, n + 1, size, np.random.RandomState(n))
    alarms = np.mean([one_step(values, at).p(values)[-1] < 1 / 144 / KEPT for values in series]) * 144
    assert alarms < 1 + 2 * np.sqrt(144 / size)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "three", "five"), [(8, .13, .55), (12, .25, .75), (24, .4, .9), (36, .45, .93)])
def test_a_jump_of_so_many_standard_deviations_is_seen_as_often(n, three, five):
    series = grown("white", n + 1, 1500, np.random.RandomState(n))
    for size, least in ((3, three), (5, five)):
        moved = series + size * (np.arange(n + 1) == n)
        assert np.mean([one_step(values, np.arange(n + 1)).p(values)[-1] < 1 / 144 / KEPT for values in moved]) > least


def test_a_known_error_is_the_least_that_noise_can_be():
    quiet = 50 + .001 * np.random.RandomState(2).standard_normal(24)
    quiet[-1] += .1
    assert watch(history(quiet)).frame["moved"][0] == "up"
    told = watch(history(quiet, se=1.0, n=100)).frame
    assert told["moved"][0] == "" and told["high"][0] - told["low"][0] > 4 and told["n"][0] == 100


def test_a_season_is_no_move_once_two_years_are_known():
    season = np.tile([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15.0], 4)
    yearly = noise(48) + season
    assert watch(history(yearly), false_alarms=.1).say() == [
        "Nothing lies beyond what its past lets expect (series watched: 1)."]
    assert watch(history(noise(48) + season * (np.arange(48) == 47))).frame["moved"][0] == "up"
    assert not any("season" in note for note in watch(history(yearly)).notes)
    assert any("season" in note for note in watch(history(noise(24))).notes)


def test_what_cannot_be_told_says_why():
    labels = MONTHS[:24]
    table = pd.concat([history(noise(24), noise(8), [5.0] * 24, labels=labels),
                       history(noise(20), labels=MONTHS[:20]).assign(metric="ended")])
    found = watch(table)
    assert found.frame.set_index("metric")["flag"].to_dict() == {
        "s0": "", "s1": "too short to tell: 7 earlier periods of 8", "s2": "its past never varied",
        "ended": "no whole period after 2024-08"}
    assert found.frame["p"].notna().tolist() == [True, False, False, False]
    assert watch(history(noise(5))).say() == ["No series could be judged."]


def test_running_and_hidden_periods_are_left_out_and_counted():
    table = history([*noise(23), 500.0])
    table["flag"] = ["", "hidden: fewer than 5 respondents", *[""] * 21, "period not complete"]
    table.loc[3, "estimate"] = np.nan
    found = watch(table)
    assert found.frame["period"][0] == MONTHS[-2] and found.frame["moved"][0] == ""
    assert found.notes[:2] == ("1 cells of periods that are not complete are left out.",
                               "2 cells that are hidden or hold no value are left out.")
    with words.speaking("ja"):
        assert watch(table).frame["period"][0] == MONTHS[-2]    # the flags of a frame made in the other language


def test_totals_over_periods_are_no_period_and_groups_are_series():
    table = history(jumped(), noise(24)).assign(metric="churn", plan=["pro"] * 24 + ["basic"] * 24)
    table = table[["metric", "plan", "month", "estimate"]]
    total = pd.DataFrame({"metric": ["churn"], "plan": ["pro"], "month": ["(all)"], "estimate": [50.0]})
    found = watch(pd.concat([table, total]))
    assert found.frame[["plan", "moved"]].values.tolist() == [["pro", "up"], ["basic", ""]]
    assert found.say()[0].startswith("Churn (pro) was ")


@pytest.mark.parametrize(("labels", "when", "every"), [
    (["2026Q1", "2026Q2"], "quarter", None), (["FY2026Q1", "FY2026Q2"], "period", None),
    (["2026", "2027"], "year", None), (["FY2026", "FY2027"], "period", None),
    (["2026-08-31", "2026-09-07"], "week", None),
    (["2026-08-31", "2026-09-07"], "period", "week"), (["2026-W01", "2026-W02"], "period", None),
    (["2026-02-28", "2026-03-01"], "day", None), (["2025-12", "2026-01"], "period", None)])
def test_every_kind_of_label_follows_the_one_before(labels, when, every):
    table = history([1.0, 2.0], labels=labels, when=when)
    frame = watch(table, every=every).frame
    assert frame["period"].tolist() == [labels[1]] and "too short" in frame["flag"][0]


def test_the_order_of_rows_does_not_matter():
    table = history(jumped(), noise(24))
    there, back = watch(table).frame, watch(table[::-1]).frame.sort_values("metric", ignore_index=True)
    pd.testing.assert_frame_equal(there, back)


@settings(max_examples=10, deadline=None)
@given(st.floats(.001, 1e6), st.floats(-1e5, 1e5))
def test_another_unit_finds_the_same(unit, shift):
    values = np.array([jumped(), noise(24)])
    moved = watch(history(*(shift + unit * values))).frame["moved"].tolist()
    assert moved == ["up", ""]


def test_a_share_is_expected_between_none_and_all():
    table = history([.001, .004, .002, .0, .003, .001, .0, .002, .001, .003, .001], [.99, 1, .98, 1, .99, 1, 1, .99, 1,
                    .98, 1]).assign(metric=["churn"] * 11 + ["open_rate"] * 11)
    frame = watch(table).frame
    assert frame["low"][0] == 0 and frame["high"][1] == 1


def test_sentences_speak_both_languages():
    table = history(jumped())
    assert " above the " in watch(table).say()[0] and " below the " in watch(history(jumped(by=-8))).say()[0]
    with words.speaking("ja"):
        assert watch(table).say()[0].endswith("上回りました。") and "誤検知" in watch(table).notes[-1]


def test_alerts_are_csv_that_runs_nothing_beside_the_table_of_an_output():
    table = history(jumped(), noise(24)).assign(plan='=cmd|"x"', metric=["@s"] * 24 + ["calm"] * 24)
    found = watch(table[["metric", "plan", "month", "estimate"]])
    kinds = DisplayFormatter().format(found)[0]
    assert {"text/plain", "text/html", "text/csv"} <= set(kinds)
    json.dumps(kinds)
    rows = list(csv.DictReader(kinds["text/csv"].splitlines()))
    assert list(rows[0]) == ["metric", "segment", "period", "estimate", "expected", "low", "high", "moved"]
    assert len(rows) == 1 and rows[0]["metric"] == "'@s" and rows[0]["moved"] == "up"
    assert rows[0]["segment"] == 'plan==cmd|"x"'    # begins with the column's name, so it is no formula
    assert float(rows[0]["estimate"]) == pytest.approx(found.frame["estimate"][0], rel=1e-8)
    for name in ("estimate", "expected", "low", "high"):    # more digits would depend on the machine
        assert len(rows[0][name].lstrip("-0.").replace(".", "")) <= 9
    assert watch(history(noise(24))).alerts() == "metric,segment,period,estimate,expected,low,high,moved\n"


def test_the_nodes_of_a_tree_are_watched_with_their_labels_and_units():
    tree = el.kpi.Tree("value = customers * share [JPY]  # Value | 価値\ncustomers [JPY]\nshare [%]")
    table = pd.DataFrame({"when": pd.to_datetime(np.repeat([f"{month}-15" for month in MONTHS[:24]], 40), utc=True),
                          "customers": np.repeat(jumped(by=100), 40)})
    found = watch(tree.evaluate({"customers": (el.kpi.total("customers"), table), "share": .5}, time="when",
                                every="month", until="2025-01-01"))
    assert found.frame.set_index("metric")["moved"].to_dict() == {"value": "up", "customers": "up", "share": ""}
    assert any(line.startswith("Value was ¥") for line in found.say())
    assert found.frame["flag"].iloc[2] == "its past never varied"


@pytest.mark.parametrize(("change", "error", "says"), [
    ({"month": [*MONTHS[:23], "soon"]}, DataError, "'soon' is no period"),
    ({"month": [*MONTHS[:23], "2026-13"]}, DataError, "'2026-13'"),
    ({"month": [*MONTHS[:23], "2026-00"]}, DataError, "'2026-00'"),
    ({"month": [*MONTHS[:23], "2026Q3"]}, DataError, "'2026Q3'"),
    ({"month": MONTHS[-1]}, UsageError, "twice"), ({"estimate": "many"}, DataError, "'estimate'"),
    ({"estimate": np.inf}, DataError, "'estimate'"), ({"estimate": np.nan}, DataError, "no whole period")])
def test_bad_input_is_refused_in_one_line(change, error, says):
    table = history(noise(24)).astype({name: object for name in change})
    with pytest.raises(error, match=says) as raised:
        watch(table.assign(**change))
    assert "\n" not in str(raised.value)


def test_wrong_arguments_are_refused():
    table = history(noise(24))
    for wrong in (0, -1, "1", True, np.nan, np.inf):
        with pytest.raises(UsageError, match="false_alarms"):
            watch(table, false_alarms=wrong)
    for wrong in (0, 1, "x"):
        with pytest.raises(UsageError, match="confidence"):
            watch(table, confidence=wrong)
    with pytest.raises(UsageError, match="every"):
        watch(table, every="fortnight")
    with pytest.raises(UsageError, match="column of periods"):
        watch(table.rename(columns={"month": "wave"}))
    with pytest.raises(NoColumn):
        watch(table.drop(columns="estimate"))
    with pytest.raises(NoColumn):
        watch(table.drop(columns="metric"))
    with pytest.raises(UsageError, match="moved"):
        watch(table.assign(moved="x")[["metric", "moved", "month", "estimate"]])


@pytest.mark.parametrize("wrong", [None, {}, "history.csv", 5])
def test_what_is_no_table_is_refused_in_one_line(wrong):
    with pytest.raises(UsageError, match=f"history has to be a table .* not a {type(wrong).__name__}"):
        watch(wrong)


def test_an_error_below_nothing_is_refused():
    with pytest.raises(DataError, match="0 or more, not -1"):
        watch(history(noise(24), se=-1.0))


def test_a_plainly_skewed_past_is_named_and_a_symmetric_one_is_not():
    amounts = np.exp(np.random.RandomState(1).standard_normal(24))
    found = watch(history(amounts, noise(24)))
    assert next(note for note in found.notes if "skewed" in note).startswith("Plainly skewed in the past: s0. ")
    for calm in (watch(history(noise(24))), watch(history(amounts), confidence=.9)):     # the latter has no budget
        assert not any("skewed" in note for note in calm.notes)


def test_two_labels_of_one_week_are_refused():
    with pytest.raises(UsageError, match="twice"):
        watch(history([1.0, 2.0], labels=["2026-08-31", "2026-09-06"], when="week"))
