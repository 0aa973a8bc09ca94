import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics.power import rate_power, rate_size
from engagelab.segments.holdout import holdout


def people(n):
    return pd.DataFrame({"user_id": [f"c{place}" for place in range(n)]})


def held(found):
    return set(found.frame.loc[found.frame["arm"] == "holdout", "user_id"])


def test_the_fewest_are_held_out_with_whom_the_effect_is_seen():
    n = 20_000
    found = holdout(people(n), effect=.02, baseline=.1)
    drawn = len(held(found))
    assert rate_power(.1, .02, drawn, others=n - drawn) >= .8 > rate_power(.1, .02, drawn - 1, others=n - drawn + 1)
    assert drawn < rate_size(.1, .02) < n / 2
    assert found.plan == (f"{drawn:,} of 20,000 customers (11.1%) are held out. From 10%, an effect of +2.0 pp is seen "
                          "with a chance of 80% (at 95% confidence); a smaller one is likelier missed.")


def test_too_few_customers_are_told_with_what_can_be_seen():
    with pytest.raises(DataError, match=r"an effect of \+0\.10 pp on 10% is not seen .* one of \+1\.2 pp is"):
        holdout(people(20_000), effect=.001, baseline=.1)
    with pytest.raises(DataError, match=r"−0\.10 pp on 10% .* one of −1\.2 pp is"):
        holdout(people(20_000), effect=-.001, baseline=.1)
    assert "too few to see any effect on 90%" in holdout(people(40), share=.1, baseline=.9).plan


@settings(max_examples=25)
@given(st.integers(20, 400), st.integers(0, 5), st.randoms(use_true_random=False))
def test_a_customer_keeps_the_arm_when_others_join_or_rows_move(n, seed, shuffle):
    table = people(n)
    rows = list(range(n))
    shuffle.shuffle(rows)
    later = pd.concat([table.iloc[rows], pd.DataFrame({"user_id": [f"new{place}" for place in range(50)]})])
    one, other = (held(holdout(part, share=.3, seed=seed)) for part in (table, later))
    assert one == {user for user in other if not user.startswith("new")}
    assert one <= held(holdout(table, share=.4, seed=seed))


def test_the_size_is_exact_in_each_stratum():
    table = people(1000).assign(plan=["free"] * 700 + ["plus"] * 295 + [None] * 5)
    found = holdout(table, share=.1, by="plan")
    assert found.sizes.to_dict("list") == {"plan": ["(missing)", "free", "plus"], "holdout": [1, 70, 30],
                                           "message": [4, 630, 265]}
    moved = holdout(table.sample(frac=1, random_state=1), share=.1, by="plan")
    assert held(found) == held(moved)
    tiny = holdout(table, share=.05, by="plan")
    assert "1 strata are so small that nobody is held out in them." in tiny.notes


def test_arms_do_not_follow_the_ids_and_another_seed_or_salt_draws_another_group():
    groups = [held(holdout(people(10_000), share=.2, **how)) for how in ({}, {"seed": 1}, {"salt": "May"})]
    for group in groups:
        assert len(group) == pytest.approx(2000, abs=4 * (10_000 * .2 * .8)**.5)
        numbers = np.array([int(user[1:]) for user in group])
        assert numbers.mean() == pytest.approx(5000, abs=4 * 10_000 / 12**.5 / 2000**.5)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert len(groups[one] & groups[other]) == pytest.approx(400, abs=80)


def test_ids_are_the_same_as_numbers_texts_and_numbers_beside_decimals():
    whole = pd.DataFrame({"user_id": range(500)})
    groups = [set(holdout(whole.astype(kind), share=.2).frame.query("arm == 'holdout'").index)
              for kind in ("int64", "str", "float64", "Int64")]
    assert all(group == groups[0] for group in groups)


def test_it_looks_well_in_both_languages():
    found = holdout(people(1000), share=.1, baseline=.2)
    assert repr(found).splitlines()[0].split() == ["stratum", "held", "out", "message"]
    assert "<table>" in found._repr_html_()
    with words.speaking("ja"):
        assert "配信しない群とします" in repr(holdout(people(1000), share=.1))


@pytest.mark.parametrize(("how", "message"), [
    ({}, "give either share="), ({"share": .1, "effect": .1, "baseline": .2}, "give either"),
    ({"effect": .1}, "give either"), ({"share": .6}, "share must be"), ({"share": 0}, "share must be"),
    ({"share": "x"}, "share must be"), ({"share": float("nan")}, "share must be"),
    ({"effect": .5, "baseline": .6}, "share|0.6"), ({"effect": .1, "baseline": 1.0}, "baseline must"),
    ({"effect": "a", "baseline": .1}, "effect must"),
    ({"effect": 0, "baseline": .1}, "0"), ({"share": .1, "power": 1.0}, "power must"),
    ({"share": .1, "seed": 1.5}, "seed must"), ({"share": .1, "salt": 3}, "salt"), ({"share": .1, "by": "x"}, "'x'"),
    ({"share": .1, "confidence": 2}, "confidence")])
def test_arguments_that_cannot_be_right_are_refused(how, message):
    with pytest.raises(UsageError) as error:
        holdout(people(100), **how)
    assert any(part in str(error.value) for part in message.split("|"))


def test_tables_that_cannot_be_drawn_from_are_refused():
    with pytest.raises(DataError, match="'c1' stands in several rows"):
        holdout(pd.DataFrame({"user_id": ["c1", "c1", "c2", "c3"]}), share=.1)
    with pytest.raises(DataError, match="has 3 customers"):
        holdout(people(3), share=.1)
    with pytest.raises(UsageError, match="'arm' already"):
        holdout(people(30).assign(arm="x"), share=.1)
