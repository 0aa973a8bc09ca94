"""The map of importance against performance: quadrants, which of them are certain, and what to look at first."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.surveys.drivers import drivers
from engagelab.surveys.priority import priority
from engagelab.surveys.wide import wide

OWN = ["pay", "voice", "manager", "growth", "tools", "workload"]


def answers(means, slopes, n=400):
    random = np.random.RandomState(5)
    made = pd.DataFrame(random.normal(means, 1, (n, len(means))), columns=list("abcdefgh"[:len(means)]))
    return made.assign(y=made.to_numpy() @ np.array(slopes) + random.normal(size=n))


def found(means=(4, 8, 4, 8), slopes=(1, 1, .25, .25), **how):
    data = answers(means, slopes)
    return priority(drivers(data, "y", list(data.columns[:-1]), draws=200), **how)


def by_driver(made):
    return made.frame.set_index("driver")


def test_each_corner_of_the_map_has_its_driver_and_is_certain():
    made = by_driver(found())
    assert made["quadrant"].to_dict() == {"a": "mend", "b": "keep", "c": "leave", "d": "nice"}
    assert made["sure"].all() and (made["flag"] == "").all()
    assert made["importance_at"].tolist() == pytest.approx([.25] * 4)
    assert made["performance_at"].tolist() == pytest.approx([made["performance"].mean()] * 4)


def test_an_interval_that_holds_a_line_leaves_the_quadrant_uncertain_and_says_on_which_axis():
    made = by_driver(found((6, 6.01, 4, 8), (1, .65, .25, .25)))
    level, importance = (words.text(f"priority.flag_{axis}") for axis in ("performance", "importance"))
    for row in made.to_dict("records"):
        for axis, text in (("performance", level), ("importance", importance)):
            holds = row[f"{axis}_low"] < row[f"{axis}_at"] <= row[f"{axis}_high"]
            assert holds == (text in row["flag"])
    assert made["sure"].to_dict() == {"a": False, "b": False, "c": True, "d": True}


def test_lines_that_are_given_part_the_quadrants():
    made = found(thresholds=(.9, 3))
    assert set(made.frame["quadrant"]) == {"nice"}
    assert set(made.frame["importance_at"]) == {.9} and set(made.frame["performance_at"]) == {3.0}
    assert "90.0% of importance and a level of 3.00" in made.notes[1]


def test_a_driver_of_which_more_is_bad_gets_no_quadrant_and_moves_no_line():
    made = by_driver(found((4, 8, 4, 8), (1, 1, .2, -.9)))
    assert made.loc["d", ["quadrant", "sure"]].tolist() == ["", False]
    assert "turn the scale round first" in made["flag"]["d"]
    assert made["performance_at"].iloc[0] == pytest.approx(made.loc[list("abc"), "performance"].mean())


def test_an_uncertain_direction_leaves_the_quadrant_uncertain():
    made = by_driver(found(slopes=(1, 1, 0, .3)))
    assert not made["sure"]["c"]
    assert "not certain whether it goes with more or less" in made["flag"]["c"]


def test_the_level_may_be_a_favourable_share_of_measure():
    data = answers((3, 4), (1, 1)).assign(a=lambda frame: frame["a"].round().clip(1, 5),
                                         b=lambda frame: frame["b"].round().clip(1, 5))
    shares = el.measure(data, {name: el.csat(name) for name in "ba"})
    made = priority(drivers(data, "y", ["a", "b"], draws=200), performance=shares, unit="share")
    for name in "ab":
        row = shares.set_index("metric").loc[name]
        assert by_driver(made).loc[name, ["performance", "performance_low", "performance_high"]].tolist() == (
            row[["estimate", "low", "high"]].tolist())
        assert row["estimate"] == pytest.approx((data[name] >= 4).mean())
    assert "%" in made.cells()[words.text("label.performance")].iloc[0]


def test_a_hidden_level_has_no_quadrant_and_says_so():
    data = answers((3, 4), (1, 1))
    levels = pd.DataFrame({"metric": ["a", "b"], "estimate": [.4, np.nan], "low": [.3, np.nan], "high": [.5, np.nan]})
    made = priority(drivers(data, "y", ["a", "b"], draws=200), performance=levels)
    assert by_driver(made).loc["b", ["quadrant", "sure"]].tolist() == ["", False]
    assert by_driver(made)["flag"]["b"] == "importance or level not known"
    nothing = priority(drivers(data, "y", ["a", "b"], draws=200), performance=levels.assign(estimate=np.nan))
    assert nothing.advice == words.text("priority.advice_unknown")


def test_the_advice_names_the_most_important_that_is_not_surely_high():
    assert found(slopes=(2, 1, .25, .25)).advice.startswith("Look first at a: it carries")
    assert "its level of 4.0" in found(slopes=(2, 1, .25, .25)).advice
    assert "lies below the line" in found(slopes=(2, 1, .25, .25)).advice
    assert found(slopes=(1, 1.2, .25, .25)).advice.startswith("Look first at a:")   # b is high already
    assert "more than any other" in found(slopes=(2, 1, .25, .25)).advice
    both = found((4, 4, 8, 8), (1, 1, .25, .25)).advice
    assert both.startswith("Look first at a") and "but b may carry as much. Of the others" in both
    assert found(slopes=(.25, 2, .25, .25)).advice.startswith("No driver is certainly important and not already high")
    assert found(slopes=(.25, 2, .25, .25)).advice.endswith("Keep up b: certainly important, and high already.")


def test_the_second_is_named_with_what_may_carry_as_much_or_cannot_be_told():
    clear = found((4, 4, 8, 8), (2, 1, .25, .25)).advice
    assert "Of the others that are not surely high, b comes second: it carries" in clear and "may" not in clear
    small = found((4, 4, 8, 8), (2, .5, .25, .25)).advice
    assert "b comes second" in small and ", surely below the line of importance, and" in small
    close = found((4, 4, 4, 8), (2, .5, .5, .25)).advice
    assert "comes second" in close and close.endswith("may carry as much.")
    nobody = found((4, 8, 4, 8), (2, 1, 0, .25)).advice   # b and d are high, c tells nothing
    assert nobody.endswith(words.text("priority.advice_no_second"))


def seen(table, **changes):
    """What `drivers` says, changed: columns of its frame by driver."""
    made = drivers(table, "y", [name for name in table if name != "y"], draws=200)
    frame = made.frame.set_index("driver")
    for column, values in changes.items():
        frame[column] = frame[column].where(~frame.index.isin(values), frame.index.map(values))
    return priority(dataclasses.replace(made, frame=frame.reset_index()[made.frame.columns]))


@pytest.mark.parametrize("changes", [{"sign": {"a": "±"}}, {"low": {"a": 0.0}}])
def test_a_driver_of_unsure_direction_or_that_may_explain_nothing_is_never_advised(changes):
    table = answers((4, 4, 8, 8), (2, 1.6, .25, .25))
    assert seen(table).advice.startswith("Look first at a")
    made = seen(table, **changes)
    assert made.advice.startswith("Look first at b") and "a comes second" not in made.advice
    assert made.advice.endswith(words.text("priority.advice_no_second"))


def test_the_first_is_measured_against_every_other_that_is_not_surely_high():
    table = answers((4, 4, 4, 8), (1, 1, 1, .25))
    assert "more than any other" not in seen(table).advice
    tied = seen(table, rank_low={"c": 1, "b": 3, "a": 1}, rank_high={"a": 1}).advice
    assert tied.startswith("Look first at") and ("c may carry as much" in tied or "c: it" in tied)


def test_what_may_all_be_chance_gives_no_advice_and_no_certain_quadrant():
    random = np.random.RandomState(0)
    told = []
    for _ in range(30):
        table = pd.DataFrame(random.normal([8, 4, 6, 5], 1, (120, 4)), columns=list("abcd"))
        made = drivers(table.assign(y=random.normal(size=120)), "y", list("abcd"), draws=100)
        found = priority(made)
        if "chance" in made.frame["flag"].iloc[0]:
            told.append(found.advice)
            assert not found.frame["sure"].any()
    assert len(told) >= 26 and set(told) == {words.text("priority.advice_chance")}


def test_six_drivers_of_equal_weight_are_never_put_first_for_sure():
    for seed in range(20):
        random = np.random.RandomState(seed)
        table = pd.DataFrame(random.normal(6, 1, (200, 6)), columns=list("abcdef"))
        table["y"] = .4 * table.sum(axis="columns") + random.normal(size=200)
        assert "more than any other" not in priority(drivers(table, "y", list("abcdef"), draws=100)).advice


def test_on_the_sample_voice_comes_first_though_pay_scores_lowest():
    pulses = wide(el.example("pulses"), over="wave")
    made = priority(drivers(pulses, "satisfaction", OWN, user="user_id"))
    rows = by_driver(made)
    assert made.advice.startswith("Look first at voice: it carries 74")
    assert rows["performance"].idxmin() == "pay"
    assert (rows["quadrant"]["pay"], rows["sure"]["pay"]) == ("leave", True)
    with words.speaking("ja"):
        again = priority(drivers(pulses, "satisfaction", OWN, user="user_id"))
        assert again.advice.startswith("まず意見の反映に着目してください")
        assert "。 " not in again.advice and "(" not in again.advice + repr(again)
        assert "給与" in repr(again) and "voice" not in repr(again)
        assert "様子見" in repr(again) and "施策の効果ではありません" in repr(again)


@pytest.mark.parametrize("lines", [.5, (.5,), (.5, "6"), "ab", (.5, np.inf), None])
def test_lines_that_are_no_two_numbers_are_refused(lines):
    with pytest.raises(UsageError, match="thresholds must be two numbers"):
        found(thresholds=lines)


def test_levels_that_lack_a_driver_or_have_it_twice_are_refused():
    data = answers((3, 4), (1, 1))
    made = drivers(data, "y", ["a", "b"], draws=200)
    levels = pd.DataFrame({"metric": ["a", "b", "b"], "estimate": 1., "low": 0., "high": 2.})
    with pytest.raises(DataError, match="'b' has 2"):
        priority(made, performance=levels)
    with pytest.raises(DataError, match="'b' has 0"):
        priority(made, performance=levels.head(1))
    with pytest.raises(NoColumn, match="'high'"):
        priority(made, performance=levels.drop(columns="high"))


def test_the_tables_it_is_made_of_stay_as_they_are():
    data = answers((3, 4), (1, 1))
    made = drivers(data, "y", ["a", "b"], draws=200)
    before = made.frame.copy()
    priority(made)
    pd.testing.assert_frame_equal(made.frame, before)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.frame = before
