"""What each customer is worth, against the sums by hand, simulated customers and their futures."""

import sys
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.ltv import clv as face
from engagelab.ltv.bgnbd import BGNBD
from engagelab.ltv.clv import clv
from engagelab.ltv.gamma_gamma import GammaGamma
from engagelab.ltv.pareto_nbd import ParetoNBD

MODEL = BGNBD({"r": .8, "alpha": 6.0, "a": .8, "b": 3.0}, every="week")
SPEND = GammaGamma({"p": 6.0, "q": 4.0, "gamma": 15.0})
FIVE = pd.DataFrame({"who": list("abcde"), "frequency": [0, 1, 4, 9, 20], "recency": [0, 20.0, 5.0, 36.0, 38.0],
                     "T": [30.0, 38.9, 38.9, 38.9, 38.9], "monetary": [np.nan, 20.0, 35.0, 12.5, 60.0]})


def customers(n, seed):
    made = MODEL.simulate(seed, n=n, T="52 weeks")
    return SPEND.simulate(seed + 1, made.assign(monetary=np.nan)).assign(user=np.arange(n))


def test_the_value_is_purchases_times_amount_times_margin():
    made = clv(FIVE, MODEL, SPEND, horizon="26 weeks", discount=0, margin=.4, draws=0)
    by_hand = MODEL.expected_purchases("26 weeks", FIVE) * SPEND.expected_spend(FIVE) * .4
    assert made.frame["estimate"].to_numpy() == pytest.approx(by_hand.to_numpy())
    assert made.frame["expected_purchases"].to_numpy() == pytest.approx(MODEL.expected_purchases("26 weeks", FIVE))
    assert made.frame["p_alive"].to_numpy() == pytest.approx(MODEL.p_alive(FIVE))
    assert made.frame["n"].tolist() == [1, 2, 5, 10, 21]
    assert made.frame["user"].tolist() == list("abcde")
    assert made.frame[["low", "high", "se"]].isna().all(axis=None)
    assert made.total["estimate"].item() == pytest.approx(by_hand.sum())
    assert face.__wrapped__ is clv


def test_the_frame_has_the_columns_of_an_answer():
    made = clv(FIVE, MODEL, SPEND)
    assert list(made.frame) == ["metric", "user", "estimate", "low", "high", "se", "count", "n", "n_eff", "n_missing",
                                "method", "flag", "p_alive", "expected_purchases", "spend"]
    assert list(made.total) == [name for name in made.frame if name not in (
        "user", "p_alive", "expected_purchases", "spend")]
    assert (made.frame["low"] <= made.frame["high"]).all()


@pytest.mark.parametrize("model", [MODEL, ParetoNBD({"r": .8, "alpha": 6.0, "s": .8, "beta": 12.0}, every="week")])
@pytest.mark.parametrize("spend", [SPEND, 30.0])
def test_draws_lie_around_the_expectation(model, spend):
    many = pd.concat([FIVE.iloc[[4], 1:]] * 2000, ignore_index=True)   # so much of chance that only the mean is left
    total = clv(many, model, spend, draws=100).total.iloc[0]
    assert total["low"] < total["estimate"] < total["high"]
    assert total["se"] < .03 * total["estimate"]


def test_the_mean_of_the_draws_of_money_is_the_value():
    parts = []
    for rows, counts, worth in MODEL.futures("12 months", FIVE, draws=5_000, seed=5):
        amounts = SPEND.draws_of_spend(counts, FIVE.iloc[rows], 6)
        parts.append(np.divide(amounts * worth, counts, out=np.zeros_like(worth), where=counts > 0))
    drawn, value = np.concatenate(parts), clv(FIVE, MODEL, SPEND, draws=0).frame["estimate"]
    assert (np.abs(drawn.mean(axis=1) - value) < 4.5 * drawn.std(axis=1) / 70).all()


def test_intervals_hold_what_simulated_customers_then_bring():
    held, total, random = [], [], np.random.RandomState(11)
    for seed in range(4):
        rate, leave = random.gamma(.8, 1 / 6.0, 1500), random.beta(.8, 3.0, 1500)
        mean = 6.0 / random.gamma(4.0, 1 / 15.0, 1500)
        rows, later = [], []
        for each, chance, amount in zip(rate, leave, mean, strict=True):
            times, clock = [], random.exponential(1 / max(each, 1e-12))
            while clock < 104:
                times.append(clock)
                clock = np.inf if random.uniform() < chance else clock + random.exponential(1 / each)
            early = [at for at in times if at < 52]
            paid = random.gamma(6.0, amount / 6.0, len(times))
            rows.append((len(early), early[-1] if early else 0.0, 52.0, paid[:len(early)].mean() if early else np.nan))
            later.append(paid[len(early):].sum())
        table = pd.DataFrame(rows, columns=["frequency", "recency", "T", "monetary"])
        table.attrs["every"] = "week"
        made = clv(table, horizon="52 weeks", discount=0, draws=400, seed=seed)
        late = np.array(later)
        held.append(((made.frame["low"] <= late) & (late <= made.frame["high"])).mean())
        total.append(made.total["low"].item() <= late.sum() <= made.total["high"].item())
    assert np.mean(held) > .94      # more than 95 % where so many bring nothing for certain
    assert sum(total) >= 3


def test_the_total_of_many_parts_is_as_uncertain_as_that_of_one(monkeypatch):
    table = customers(600, 3)
    one = clv(table, draws=300).total.iloc[0]
    monkeypatch.setattr("engagelab.ltv.buying.CELLS", 300 * 40)
    parts = clv(table, draws=300).total.iloc[0]
    assert parts["estimate"] == one["estimate"]
    assert parts["se"] == pytest.approx(one["se"], rel=.2)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others():
    first, again, other = (clv(FIVE, MODEL, SPEND, draws=200, seed=seed).frame for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not np.array_equal(first["high"], other["high"])


def test_the_best_customers_bring_the_share_that_is_said():
    made = clv(FIVE, MODEL, pd.Series([0.0, 0, 0, 0, 10.0]), draws=0)
    assert made.concentration["estimate"].tolist() == pytest.approx([.5, 1, 1])
    assert made.concentration["best"].tolist() == ["10.0%", "20.0%", "50.0%"]


def test_for_ever_is_more_than_a_year_and_has_no_count():
    year, ever = (clv(FIVE, MODEL, SPEND, horizon=horizon, draws=200).frame for horizon in ("1 year", None))
    assert (ever["estimate"] > year["estimate"]).all()
    assert ever["expected_purchases"].isna().all()
    assert "all time to come" in ever["method"].iloc[0]


def test_who_has_no_known_amount_is_flagged_counted_and_not_summed():
    endless = GammaGamma({"p": 6.0, "q": .9, "gamma": 15.0})
    made = clv(FIVE, MODEL, endless, draws=200)
    assert made.frame["flag"].tolist() == ["no mean amount is known for this customer, so no value"] + [""] * 4
    assert made.frame["high"].isna().tolist() == [True] + [False] * 4
    assert made.total["n_missing"].item() == 1 and np.isfinite(made.total["high"].item())
    assert made.notes[-1].startswith("1 customers have no value")


def test_dependent_amounts_and_a_fit_that_is_no_maximum_are_said():
    table = customers(3000, 7)
    loud = table.assign(monetary=table["monetary"] * (1 + table["frequency"]))
    assert any("rank correlation" in note and "too low" in note for note in clv(loud, draws=0).notes)
    assert any(note.startswith("How often and how much") for note in clv(table, draws=0).notes)
    even = pd.DataFrame({"frequency": 5, "recency": np.linspace(40, 50, 100), "T": 50.0})
    flagged = clv(even, BGNBD().fit(even, every="week"), 10.0, draws=100)
    assert flagged.frame["flag"].str.startswith("no inner maximum").all()
    assert flagged.frame[["low", "high"]].isna().all(axis=None) and np.isnan(flagged.total["high"].item())
    assert "no interval" in flagged.frame["method"].iloc[0]
    assert any(note.startswith("no inner maximum") for note in flagged.notes)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(12))
def test_customers_who_spend_alike_have_intervals_of_their_common_mean(seed):
    random, table = np.random.RandomState(seed), MODEL.simulate(seed, n=300, T="52 weeks")
    x = table["frequency"].to_numpy()
    amounts = np.divide(random.gamma(2.0 * np.maximum(x, 1), 500.0), x, out=np.full(300, np.nan), where=x > 0)
    made = clv(table.assign(monetary=amounts), MODEL, draws=200)
    assert made.frame["high"].max() < 50 * amounts[x > 0].max()
    assert (made.frame["flag"] == "").all() and made.frame["spend"].between(600, 1600).all()


@pytest.mark.filterwarnings("error")
def test_a_fit_whose_mean_need_not_exist_gives_values_and_no_intervals():
    amounts = np.exp(1.8 * np.random.RandomState(3).standard_normal(40))
    table = FIVE.iloc[[2] * 40, 1:].reset_index(drop=True).assign(monetary=amounts)
    made = clv(table, MODEL)
    assert "q may be 1 or below" in made.frame["flag"].iloc[0] and made.frame["flag"].iloc[0] in made.notes
    assert made.frame["estimate"].notna().all() and made.frame[["low", "high", "se"]].isna().all(axis=None)


def test_the_order_of_rows_moves_no_customer():
    table = customers(300, 5)
    mixed = table.sample(frac=1, random_state=2)
    first, other = (clv(each, MODEL, SPEND, draws=100).frame.set_index("user").sort_index() for each in (table, mixed))
    pd.testing.assert_frame_equal(first, other, check_exact=True)


def test_a_customer_with_several_rows_is_refused():
    twice = pd.concat([FIVE, FIVE[:1]], ignore_index=True)
    for table in (twice, twice[["frequency", "recency", "T", "monetary", "who"]]):
        with pytest.raises(DataError, match="'who': a customer stands in several rows, again in row 6"):
            clv(table, MODEL, SPEND, draws=0)


def test_many_customers_take_fewer_draws(monkeypatch):
    monkeypatch.setattr(sys.modules["engagelab.ltv.clv"], "CELLS", 1000)
    assert "200 draws" in clv(FIVE, MODEL, 5.0).frame["method"].iloc[0]
    assert "300 draws" in clv(FIVE, MODEL, 5.0, draws=300).frame["method"].iloc[0]
    monkeypatch.setattr(sys.modules["engagelab.ltv.clv"], "CELLS", 10)
    assert "100 draws" in clv(FIVE, MODEL, 5.0).frame["method"].iloc[0]


@pytest.mark.parametrize("how, match", [
    ({"margin": 30}, "margin"), ({"margin": 0}, "margin"), ({"draws": 20}, "draws"), ({"draws": True}, "draws"),
    ({"discount": -.1}, "discount"), ({"discount": 10}, "write 10 % as .10"),
    ({"horizon": "soon"}, "horizon"), ({"horizon": None, "discount": 0}, "discount"),
    ({"spend": -3.0}, "row 1: spend is -3"), ({"spend": "much"}, "spend"), ({"confidence": 95}, "confidence"),
    ({"spend": pd.Series([1.0, 2.0])}, "spend")])
def test_what_cannot_be_is_refused(how, match):
    with pytest.raises(UsageError, match=match):
        clv(FIVE, MODEL, **({"spend": SPEND} | how))


def test_a_table_without_amounts_is_refused_unless_they_are_given():
    with pytest.raises(UsageError, match="amount="):
        clv(FIVE.drop(columns="monetary"), MODEL)
    with pytest.raises(UsageError, match="amount="):
        clv(FIVE.assign(monetary=np.nan), MODEL)
    assert clv(FIVE.drop(columns="monetary"), MODEL, 3.0, draws=0).frame["spend"].eq(3).all()


@settings(max_examples=25)
@given(st.floats(0, .9), st.floats(.01, 1), st.integers(1, 60))
def test_a_higher_discount_is_worth_less_and_a_longer_time_more(discount, margin, weeks):
    def value(discount, weeks):
        made = clv(FIVE, MODEL, 20.0, horizon=f"{weeks} weeks", discount=discount, margin=margin, draws=0)
        return made.frame["estimate"]
    assert (value(discount + .1, weeks) <= value(discount, weeks)).all()
    assert (value(discount, weeks + 1) >= value(discount, weeks)).all()


def test_it_can_be_looked_at_in_both_languages_and_drawn():
    made = clv(FIVE, MODEL, SPEND, draws=200)
    assert "Value of all customers" in repr(made) and "<table" in made._repr_html_()
    with words.speaking("ja"):
        assert "全顧客の価値" in repr(clv(FIVE, MODEL, SPEND, draws=200))
    assert made.plot().get_lines()


@pytest.mark.slow
def test_a_million_customers_without_intervals_take_seconds():
    table = MODEL.simulate(1, n=1_000_000, T="52 weeks").round({"recency": 1})
    start = time.process_time()
    clv(table[(table["frequency"] > 0) == (table["recency"] > 0)], MODEL, 30.0, draws=0)
    assert time.process_time() - start < 30
