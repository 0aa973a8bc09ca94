"""What people did after they answered: against pandas by hand, published intervals and the planted truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.surveys import follow

PLANS = {"opened": "opened_at", "closed": "closed_at"}
DAY = pd.Timedelta(days=1)


def stamp(text):
    return pd.Timestamp(text, tz="UTC")


@pytest.fixture(scope="module")
def sample():
    plans = el.example("subscriptions")
    answers = el.example("surveys").query("survey == 'csat_plan'")
    return answers.merge(plans[["user_id", "plan"]], on="user_id"), plans


@pytest.fixture
def small():
    """Twelve people, six of whom answer high; the fifth to tenth leave."""
    users = list("abcdefghijkl")
    answers = pd.DataFrame({"user_id": users, "score": [5, 4] * 3 + [1, 2] * 3, "answered_at": stamp("2026-02-01")})
    plans = pd.DataFrame({"user_id": users, "opened_at": stamp("2025-05-01"), "closed_at": pd.to_datetime(
        [None] * 4 + ["2026-03-01"] * 6 + [None] * 2, utc=True)})
    return answers, plans


def test_satisfied_customers_leave_too_and_on_the_office_plan_as_often(sample):
    """Truth 4 of the sample company."""
    found = follow(*sample, cut=(4,), **PLANS, by="plan", until="2026-10-01", tz="Asia/Tokyo")
    whole = found.parts.query("plan == '(all)'").set_index("group")["estimate"].round(3)
    assert whole["4 and more"] == .187 and whole["below 4"] == .384
    assert (found.effect, round(found.se, 3)) == (pytest.approx(-.197, abs=5e-4), .034)
    rows = found.frame.set_index("plan")
    assert rows.loc["office", "low"] < 0 < rows.loc["office", "high"] and abs(rows.loc["office", "estimate"]) < .02
    assert (rows.loc[["light", "standard"], "high"] < -.15).all()
    assert "18.7%" in found.sentence and "38.4%" in found.sentence and "979 people" in found.source


def test_the_intervals_are_wilsons_and_newcombes(sample):
    answers, plans = sample
    found = follow(answers, plans, cut=(4,), **PLANS, until="2026-10-01")
    both = answers.merge(plans, on="user_id")
    left = (both["closed_at"] <= both["answered_at"] + 182 * DAY).groupby(both["score"] >= 4)
    count, n = left.sum(), left.size()
    parts = found.parts.set_index("group")
    for group, happy in (("below 4", False), ("4 and more", True)):
        low, high = proportion_confint(count[happy], n[happy], method="wilson")
        np.testing.assert_allclose(parts.loc[group, ["low", "high", "count", "n"]].astype(float),
                                   [low, high, count[happy], n[happy]])
    bounds = confint_proportions_2indep(count[True], n[True], count[False], n[False], method="newcomb")
    np.testing.assert_allclose(found.frame.loc[0, ["low", "high"]].astype(float), bounds)


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10_000), st.booleans())
def test_events_after_the_answer_are_those_that_a_loop_finds(seed, amounts):
    draw = np.random.RandomState(seed)
    first = stamp("2026-01-01")
    answers = pd.DataFrame({"user_id": draw.randint(0, 40, 60), "score": draw.randint(0, 11, 60).astype(float),
                            "answered_at": first + pd.to_timedelta(draw.permutation(200)[:60], "D")})
    orders = pd.DataFrame({"user_id": draw.randint(0, 40, 80).astype(str), "total": draw.randint(1, 9, 80) * 100.0,
                           "ordered_at": first + pd.to_timedelta(draw.randint(0, 260, 80), "D")})
    table = []
    for user, own in answers.groupby("user_id"):
        one = own.loc[own["answered_at"].idxmin()]
        ends = one["answered_at"] + 60 * DAY
        if ends > orders["ordered_at"].max():
            continue
        theirs = orders[(orders["user_id"] == str(user)) & (orders["ordered_at"] > one["answered_at"])
                        & (orders["ordered_at"] <= ends)]
        table.append((one["score"], theirs["total"].sum() if amounts else len(theirs) > 0))
    table = pd.DataFrame(table, columns=["score", "value"])
    table["group"] = np.where(table["score"] < 7, "below 7", np.where(table["score"] < 9, "7 to below 9", "9 and more"))
    sizes = table["group"].value_counts()
    if not {"below 7", "9 and more"} <= set(sizes.index):
        return
    found = follow(answers, orders, cut=(7, 9), time="ordered_at", amount="total" if amounts else None,
                   within="60 days").parts.set_index("group")
    assert list(found.index) == [name for name in ("below 7", "7 to below 9", "9 and more", "(all)")
                                 if name in {*sizes.index, "(all)"}]
    for group, rows in table.groupby("group"):
        if not found.loc[group, "flag"].startswith("hidden"):
            assert found.loc[group, "estimate"] == pytest.approx(rows["value"].mean())
            assert found.loc[group, "n"] == len(rows)
        else:
            assert np.isnan(found.loc[group, "estimate"])
        assert found.loc[group, "flag"].startswith("hidden") or len(rows) >= 5
    assert (found["n"].dropna() >= 5).all()


def test_a_person_counts_once_with_the_first_answer(small):
    answers, plans = small
    later = answers.assign(answered_at=stamp("2026-02-20"), score=3)
    one, other = (follow(each, plans, cut=(4,), **PLANS, until="2026-10-01") for each in (
        answers, pd.concat([later, answers])))
    pd.testing.assert_frame_equal(one.parts, other.parts)
    assert "12 of 12 people" in other.notes[0]


def test_who_was_not_observed_long_enough_or_not_there_is_left_out_and_counted(small):
    answers, plans = small
    extra = pd.DataFrame({"user_id": ["y", "z"], "score": [5, 5],
                          "answered_at": [stamp("2026-08-01"), stamp("2026-02-01")]})
    gone = pd.DataFrame({"user_id": ["y", "z"], "opened_at": stamp("2025-05-01"),
                         "closed_at": pd.to_datetime([None, "2026-01-15"], utc=True)})
    found = follow(pd.concat([answers, extra]), pd.concat([plans, gone]), cut=(4,), **PLANS, until="2026-10-01")
    base = follow(answers, plans, cut=(4,), **PLANS, until="2026-10-01")
    pd.testing.assert_frame_equal(found.frame, base.frame)
    assert any(note.startswith("1 people left out: not observed for 182 days") for note in found.notes)
    assert any(note.startswith("1 people left out: none was running") for note in found.notes)


def test_the_ends_of_the_window_are_exact(small):
    answers, plans = small
    after = pd.Series([1, 181, 182, 183] * 3)
    plans["closed_at"] = answers["answered_at"] + pd.to_timedelta(after, "D")
    found = follow(answers, plans, cut=(4,), **PLANS, until="2026-12-01")
    assert found.parts["count"].iloc[-1] == 9
    exact = answers["answered_at"].iloc[0] + 182 * DAY
    assert follow(answers, plans, cut=(4,), **PLANS, until=exact).parts["n"].iloc[-1] == 12
    with pytest.raises(DataError, match="of 12 people nobody was there and observed"):
        follow(answers, plans, cut=(4,), **PLANS, until=exact - pd.Timedelta(seconds=1))
    at = pd.DataFrame({"user_id": answers["user_id"], "at": answers["answered_at"]})
    assert follow(answers, at, cut=(4,), time="at", until="2026-12-01").parts["count"].iloc[-1] == 0


def test_who_renews_has_not_left_and_who_was_sent_away_has_not_left_of_his_own_will(small):
    answers, plans = small
    again = plans.loc[plans["closed_at"].notna(), ["user_id"]].head(2).assign(
        opened_at=stamp("2026-03-05"), closed_at=pd.to_datetime([None] * 2, utc=True))
    renewed = follow(answers, pd.concat([plans, again]), cut=(4,), **PLANS, until="2026-10-01")
    assert renewed.parts["count"].iloc[-1] == 4
    plans["own"] = plans["closed_at"].notna().where(plans["closed_at"].notna()).astype("boolean")
    plans.loc[4, "own"] = False
    own = follow(answers, plans, cut=(4,), **PLANS, voluntary="own", until="2026-10-01").parts
    assert (own["count"].iloc[-1], own["n"].iloc[-1]) == (5, 12)


def test_the_leaving_that_counts_is_the_one_within_the_time_and_not_a_later_one(small):
    answers, plans = small
    plans["own"] = plans["closed_at"].notna().astype("boolean")
    again = plans[plans["closed_at"].notna()].assign(opened_at=stamp("2026-11-01"), closed_at=stamp("2026-12-01"),
                                                     own=False)
    how = {"cut": (4,), **PLANS, "voluntary": "own", "until": "2026-12-31"}
    once, twice = (follow(answers, table, **how).parts for table in (plans, pd.concat([plans, again])))
    pd.testing.assert_frame_equal(once, twice)
    assert once["count"].iloc[-1] == 6


def test_why_people_left_is_told_only_of_groups_that_at_least_five_left(small):
    answers, plans = (pd.concat([table.assign(user_id=table["user_id"] + str(i)) for i in range(3)]) for table in small)
    plans["own"] = plans["closed_at"].notna().astype("boolean")
    how = {"cut": (4,), **PLANS, "until": "2026-10-01"}
    shown = follow(answers, plans, **how, voluntary="own")
    assert shown.parts["metric"].unique().tolist() == ["left_by_choice_after_answer"]
    assert shown.parts["count"].tolist() == [12, 6, 18] and "left of their own will" in shown.sentence
    plans["closed_at"] = plans["closed_at"].mask(plans["user_id"].isin(["e1", "f1", "e2", "f2"]))
    few = follow(answers, plans, **how, voluntary="own")
    assert few.parts["count"].isna().tolist() == [True, True, False] and few.frame["flag"][0].startswith("hidden")
    assert follow(answers, plans, **how).parts["count"].tolist() == [12, 2, 14]


def test_flags_that_are_not_known_are_no_leaving_of_ones_own_will_and_that_is_said(small):
    answers, plans = small
    for unknown in (pd.NaT, None, np.nan):
        found = follow(answers, plans.assign(own=unknown), cut=(4,), **PLANS, voluntary="own", until="2026-10-01")
        assert found.parts["count"].iloc[-1] == 0
        assert any("some who left have no flag in own" in note for note in found.notes)


def test_who_answered_in_between_is_counted_in_a_note(small):
    answers = pd.concat([small[0].assign(user_id=small[0]["user_id"] + str(i)) for i in range(3)])
    plans = pd.concat([small[1].assign(user_id=small[1]["user_id"] + str(i)) for i in range(3)])
    found = follow(answers, plans, cut=(2, 5), **PLANS, until="2026-10-01")
    assert found.frame["n"][0] == 18
    assert found.notes[0] == "18 people answered in between and are in neither of the two groups compared"
    assert not any("in between" in note for note in follow(answers, plans, cut=(4,), **PLANS, until="2026-10-01").notes)


def test_names_that_the_answer_uses_are_refused_as_groups(small):
    for name in ("before", "after", "difference", "n_before", "n_after", "people", "gone", "group", "value"):
        with pytest.raises(UsageError, match="rename yours"):
            follow(small[0].assign(**{name: "a"}), small[1], cut=(4,), **PLANS, by=name)


def test_small_groups_are_hidden_with_whatever_gives_them_away(small):
    answers, plans = small
    shop = answers.assign(shop=["x"] * 3 + ["y"] * 9)
    found = follow(shop, plans, cut=(4,), **PLANS, by="shop", until="2026-10-01")
    shown = found.parts[found.parts["estimate"].notna()]
    assert set(zip(shown["group"], shown["shop"], strict=True)) <= {
        ("below 4", "(all)"), ("4 and more", "(all)"), ("(all)", "(all)")}
    assert found.frame.loc[found.frame["shop"] != "(all)", "estimate"].isna().all()
    assert found.frame.loc[found.frame["shop"] != "(all)", "flag"].str.startswith("hidden").all()
    few = follow(answers.iloc[2:], plans, cut=(4,), **PLANS, until="2026-10-01")
    assert np.isnan(few.effect) and few.sentence.endswith("; the difference is hidden or not known.")
    assert few.cells()["n"].tolist() == ["–"] and "– to –" not in repr(few) and "nan" not in repr(few).lower()


def test_unlike_amounts_are_not_summed(sample):
    orders = el.example("orders")
    with pytest.raises(DataError, match="several currencies"):
        follow(sample[0], orders, cut=(4,), time="ordered_at", amount="total")
    yen = follow(sample[0], orders[orders["currency"] == "JPY"], cut=(4,), time="ordered_at", amount="total",
                 until="2026-10-01")
    assert yen.frame["n"].tolist() == [979] and yen.unit == "number"
    assert "Mean total within 182 days" in yen.sentence


def test_bad_input_is_named(small):
    answers, plans = small
    how = {"cut": (4,), **PLANS, "until": "2026-10-01"}
    with pytest.raises(DataError, match="'a' answered twice at 2026-02-01"):
        follow(pd.concat([answers, answers.head(1)]), plans, **how)
    with pytest.raises(DataError, match="'closed_at' before 'opened_at'"):
        follow(answers, plans.assign(closed_at=stamp("2020-01-01")), **how)
    nobody = follow(answers.assign(score=5), plans, **how)
    assert "nobody answered below 4 or nobody 4 and more in score" in nobody.frame["flag"][0] == nobody.sentence[:-1]
    assert np.isnan(nobody.effect) and nobody.frame["n"][0] == 12
    with pytest.raises(DataError, match="of 0 people nobody was there"):
        follow(answers.head(0), plans, **how)
    with pytest.raises(DataError, match="'good' is no number"):
        follow(answers.assign(score="good"), plans, **how)
    with pytest.raises(DataError, match="not dates or stamps"):
        follow(answers.assign(answered_at=3), plans, **how)
    with pytest.raises(NoColumn):
        follow(answers, plans, **how, by="plan")
    for cut in ((), 4, (9, 7), (7, 7), (np.nan,)):
        with pytest.raises(UsageError, match="cut must be"):
            follow(answers, plans, **{**how, "cut": cut})
    for kind in ({}, {"time": "a", **PLANS}, {"opened": "opened_at"}, {**PLANS, "amount": "a"},
                 {"time": "closed_at", "voluntary": "a"}):
        with pytest.raises(UsageError, match="either time="):
            follow(answers, plans, cut=(4,), **kind)
    with pytest.raises(UsageError, match="within must be a duration"):
        follow(answers, plans, **how, within="half a year")
    with pytest.raises(DataError, match="no stamp"):
        follow(answers, pd.DataFrame({"user_id": ["a"], "at": pd.to_datetime([None], utc=True)}), cut=(4,), time="at")


def test_the_answer_speaks_japanese(small):
    with words.speaking("ja"):
        found = follow(*small, cut=(4,), **PLANS, until="2026-10-01")
    assert "回答後182日以内" in found.sentence and "信頼区間" in found.sentence
    with words.speaking("ja"):
        stay = follow(small[0].rename(columns={"score": "stay"}), small[1], cut=(4,), **PLANS, score="stay",
                      until="2026-10-01")
    assert "在籍意向が4以上の人では" in stay.sentence
    assert found.parts["group"].tolist() == ["4未満", "4以上", "（全体）"]
