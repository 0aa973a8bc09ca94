"""Response rates against plain counting, statsmodels and scipy; who answered uninvited is told."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association
from statsmodels.stats.proportion import proportion_confint

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.surveys.response import response_rate

STAFF = pd.DataFrame({"user_id": [f"E{i}" for i in range(60)], "team": ["shop"] * 40 + ["office"] * 20,
                      "contract": ["full", "part"] * 30})
CAME = pd.DataFrame({"user_id": [f"E{i}" for i in [*range(16), *range(40, 55)]]})


def test_rates_and_intervals_are_those_of_statsmodels_with_the_invited_below():
    found = response_rate(STAFF, CAME, by="team").set_index("team")
    for team, count, n in (("shop", 16, 40), ("office", 15, 20), ("(all)", 31, 60)):
        low, high = proportion_confint(count, n, method="wilson")
        row = found.loc[team]
        assert (row["count"], row["n"], row["estimate"]) == (count, n, count / n)
        assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert found["method"].unique().tolist() == [
        "share of all who were invited; Wilson score interval: how far it would vary if asked again under the same "
        "conditions"]


def test_the_columns_are_those_of_every_answer():
    found = response_rate(STAFF.assign(wave="1"), CAME.assign(wave="1"), by=["team", "contract"], over="wave")
    assert list(found) == ["metric", "team", "contract", "wave", "estimate", "low", "high", "se", "count", "n", "n_eff",
                           "n_missing", "method", "flag"]
    assert list(found.dtypes) == list(el.measure(STAFF.assign(x=1, wave="1"), el.rate("x"),
                                                 by=["team", "contract", "wave"]).dtypes)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 3)), min_size=1, max_size=80),
       st.lists(st.tuples(st.integers(0, 40), st.integers(1, 4)), max_size=80))
def test_the_counts_are_those_of_counting_one_by_one(asked, came):
    asked, came = [*asked, (99, 1)], [*came, (99, 1)]
    invited = pd.DataFrame(asked, columns=["user_id", "wave"]).assign(half=lambda rows: rows["user_id"] % 2)
    answered = pd.DataFrame(came, columns=["user_id", "wave"]).astype({"user_id": "float64"})
    found = response_rate(invited, answered, by="half", over="wave", min_n=0)
    for row in found.itertuples():
        people = {who for who in asked if str(who[1]) == row.wave and row.half in ("(all)", str(who[0] % 2))}
        assert (row.n, row.count) == (len(people), len(people & set(came)))
    strangers = len(set(came) - set(asked))
    told = words.text("response.stranger", n=strangers)
    assert (told in found.attrs["notes"]) == bool(strangers)


def test_groups_that_answered_unlike_are_told_with_the_chi_square_of_scipy():
    notes = response_rate(STAFF, CAME, by=["team", "contract"]).attrs["notes"]
    seen = np.array([[16, 24], [15, 5]])
    square, p, df, _ = chi2_contingency(seen, correction=False)
    v = association(seen, method="cramer")
    assert notes[0] == (f"groups of 'team' answered unlike (chi-square {square:.1f}, df {df}, p = {p:.3f}, "
                        f"Cramér's V {v:.2f}): weigh the answers, or compare within groups")
    assert notes[1].startswith("no sign that groups of 'contract' answered unlike (chi-square 0.1")


def test_small_groups_are_taken_together_before_they_are_tested_and_too_small_ones_are_not_tested():
    staff = STAFF.assign(team=["shop"] * 20 + ["bar"] * 20 + ["a"] * 7 + ["b"] * 7 + ["c"] * 6)
    note, = response_rate(staff, CAME, by="team").attrs["notes"]
    square, p, df, _ = chi2_contingency([[16, 4], [0, 20], [15, 5]], correction=False)
    assert f"(chi-square {square:.1f}, df {df}, p < .001" in note and p < .001
    assert "; 3 small groups taken together" in note
    note, = response_rate(staff.iloc[40:], CAME.iloc[-5:], by="team").attrs["notes"]
    assert note == "too few people to tell whether groups of 'team' answered unlike"


def test_who_was_not_invited_is_told_in_the_wave_and_not_counted():
    invited = pd.concat([STAFF.assign(wave=wave) for wave in ("w1", "w2")])
    came = pd.concat([CAME.assign(wave="w1"), pd.DataFrame({"user_id": ["X", "X", None, "Y"],
                                                            "wave": ["w1", "w1", "w1", "w3"]})])
    found = response_rate(invited, came, by="team", over="wave")
    rows = found.set_index(["team", "wave"])
    assert rows.loc[("(all)", "w1"), "flag"] == "too low: 1 answers without an id; 1 not invited answered"
    assert rows.loc[("shop", "w1"), "flag"] == "too low: 1 answers without an id"
    assert rows.loc[("(all)", "w2"), "flag"] == "no answers in the table"
    assert rows.loc[("(all)", "w2"), ["estimate", "count", "n"]].tolist() == [0, 0, 60]
    assert rows.loc[("(all)", "w1"), "count"] == len(CAME)
    assert found.attrs["notes"][:2] == [
        "not counted, as they have no id, so that rates are too low: 1 answers",
        "not counted, as they were not invited: 2 respondents"]


def test_small_teams_are_hidden_with_what_would_give_them_away_and_small_crossings_too():
    staff = STAFF.assign(team=["shop"] * 40 + ["bar"] * 16 + ["legal"] * 4)
    found = response_rate(staff, CAME, by="team").set_index("team")
    assert found.loc["legal", "flag"] == "hidden: fewer than 5 respondents"
    assert found.loc["bar", "flag"] == "hidden: would give away a smaller cell"
    assert found.loc[["legal", "bar"], ["estimate", "count", "n", "low"]].isna().all(axis=None)
    assert found.loc["(all)", "n"] == 60
    crossed = response_rate(staff, CAME, by=["team", "contract"]).set_index(["team", "contract"])
    assert crossed.loc[("bar", "full"), "flag"] == "hidden: fewer than 10 respondents"
    assert response_rate(staff, CAME, by="team", min_n=0)["estimate"].notna().all()
    assert response_rate(staff, CAME, by="team").attrs["notes"] == []  # one team is left to be compared


def test_a_wave_is_no_attribute_and_a_missing_team_is_shown():
    staff = STAFF.assign(wave="w1", team=["shop"] * 30 + [None] * 30)
    found = response_rate(staff, CAME.assign(wave="w1"), by="team", over="wave")
    assert found["team"].tolist() == ["shop", "(missing)", "(all)"]
    assert found["wave"].unique().tolist() == ["w1"]
    assert found["flag"].tolist() == ["", "", ""]


@pytest.mark.parametrize("waves", [
    ["Wave 9", "Wave 10"], [9, 10], pd.Categorical(["spring", "autumn"], ["spring", "autumn"], ordered=True)])
def test_waves_stand_in_their_order(waves):
    both = pd.concat([STAFF.assign(wave=pd.Series(waves).iloc[[i] * 60].to_numpy()) for i in range(2)])
    both["wave"] = both["wave"].astype(pd.Series(waves).dtype)
    found = response_rate(both, both.iloc[::2], by="team", over="wave")
    assert found["wave"].tolist() == [str(wave) for wave in waves] * 3
    assert found["team"].tolist() == ["office"] * 2 + ["shop"] * 2 + ["(all)"] * 2


def test_lists_as_ids_or_attributes_are_refused_in_one_line():
    for column in ("user_id", "team"):
        with pytest.raises(DataError, match=f"column '{column}' holds list, not single values"):
            response_rate(STAFF.assign(**{column: [[1]] * 60}), CAME, by="team")


def test_one_who_stands_twice_among_the_invited_counts_once_and_is_told():
    found = response_rate(pd.concat([STAFF, STAFF.iloc[:3]]), pd.concat([CAME, CAME]))
    assert found[["count", "n"]].iloc[0].tolist() == [31, 60]
    assert found.attrs["notes"] == ["not counted, as these people stand among the invited already: 3 rows"]


def test_the_pulses_of_the_sample_company_are_answered_by_four_in_five():
    pulses, employees = el.example("pulses"), el.example("employees")
    waves = []
    for wave in sorted(pulses["wave"].unique()):
        first = pd.Timestamp(f"{wave}-01", tz="UTC")
        staff = employees[(employees["hired_at"] < first) & ~(employees["left_at"] < first)]
        waves.append(staff.assign(wave=wave))
    found = response_rate(pd.concat(waves), pulses, by="team", over="wave")
    total = found[found["team"] == "(all)"]
    assert len(total) == 4
    assert total["estimate"].between(.7, .9).all()


@pytest.mark.parametrize(("invited", "answered", "how", "error", "said"), [
    (STAFF.iloc[:0], CAME, {}, DataError, "the invited has no row"),
    (STAFF, CAME.assign(user_id="Z9"), {}, DataError,
     "none of the 1 respondents was invited: column 'user_id' holds 'Z9' among the answers and 'E0' among the invited"),
    (STAFF.assign(user_id=[None, *STAFF["user_id"][1:]]), CAME, {}, DataError, "column 'user_id', row 1: empty"),
    (pd.concat([STAFF, STAFF.assign(team="bar")]), CAME, {"by": "team"}, DataError,
     "'E0' was invited with two values of 'team'"),
    (STAFF.assign(wave="a"), CAME.assign(wave=[None] * len(CAME)), {"over": "wave"}, DataError, "column 'wave', row 1"),
    (STAFF, CAME, {"over": "wave"}, NoColumn, "no column 'wave'"),
    (STAFF, CAME, {"by": "tema"}, NoColumn, "did you mean 'team'"),
    (STAFF, CAME, {"user": "id"}, NoColumn, "no column 'id'"),
    (STAFF, CAME, {"by": "user_id"}, UsageError, "column 'user_id' of its own"),
    (STAFF, CAME, {"over": "user_id"}, UsageError, "column 'user_id' of its own"),
    (STAFF, CAME, {"over": ["team"]}, UsageError, "takes names of columns"),
    (STAFF, CAME, {"by": ["team", "team"]}, UsageError, "by names a column twice"),
    (STAFF, CAME, {"confidence": 95}, UsageError, "confidence must lie between 0 and 1"),
    (STAFF, CAME, {"min_n": -1}, UsageError, "min_n must be a whole number"),
])
def test_what_cannot_be_counted_is_refused(invited, answered, how, error, said):
    with pytest.raises(error, match=said):
        response_rate(invited, answered, **how)


def test_nobody_answered_is_a_rate_of_zero_and_flagged():
    found = response_rate(STAFF, CAME.iloc[:0])
    assert found["estimate"].tolist() == [0]
    assert found["flag"].tolist() == ["no answers in the table"]


def test_it_speaks_japanese():
    with words.speaking("ja"):
        found = response_rate(STAFF, pd.concat([CAME, pd.DataFrame({"user_id": ["X"]})]), by="team")
    assert found.attrs["notes"][0] == "招待されていないため数えていない回答者：1人"
    assert found["flag"].iloc[-1] == "招待外の回答者1人"
