"""Links of units against statsmodels, published variance components, brute force and simulated companies."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.surveys import link as door
from engagelab.surveys.link import Link, _apart, _ratio

HOW = {"unit": "shop", "over": "wave"}

# Davies, Statistical Methods in Research and Production (1947), table 6.3, and Box and Tiao (1973), table 5.1.2: five
# samples of six batches. Components by REML: Bates, lme4: Mixed-effects modeling with R, section 1.3.
DYESTUFF = [1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495, 1595, 1550, 1605, 1510, 1560,
            1445, 1440, 1595, 1465, 1545, 1595, 1630, 1515, 1635, 1625, 1520, 1455, 1450, 1480, 1445]
DYESTUFF_2 = [7.298, 3.846, 2.434, 9.566, 7.990, 5.220, 6.556, .608, 11.788, -.892, .110, 10.386, 13.434, 5.510, 8.166,
              2.212, 4.852, 7.092, 9.288, 4.980, .282, 9.014, 4.458, 9.446, 7.198, 1.722, 4.782, 8.106, .758, 3.758]


def company(seed, shops=12, waves=5, within=.5, between=2.0, level=1.0, noise=1.0, rows=None):
    """Shops whose own level goes with the outcome by `between`, and their ups and downs by `within`."""
    draw = np.random.RandomState(seed)
    shop, wave = np.repeat(np.arange(shops), waves), np.tile(np.arange(waves), shops)
    own, moved = draw.normal(size=shops)[shop], draw.normal(size=shops * waves)
    y = between * own + within * moved + level * draw.normal(size=shops)[shop] + noise * draw.normal(size=len(shop))
    table = pd.DataFrame({"shop": np.char.add("S", shop.astype(str)), "wave": wave, "x": own + moved + .3 * wave,
                          "y": y + 5 * np.sin(wave)})
    return table if rows is None else table.sample(rows, random_state=seed).reset_index(drop=True)


def rows_of(table, weights=None):
    w = np.ones(len(table)) if weights is None else table[weights] / table[weights].mean()
    return pd.DataFrame({"unit": table["shop"], "wave": table["wave"], "x": table["x"], "y": table["y"], "w": w})


@pytest.mark.parametrize(("yields", "ratio"), [(DYESTUFF, 1764.050 / 2451.250), (DYESTUFF_2, 0)])
def test_the_variance_of_the_units_is_the_published_one(yields, ratio):
    rows = pd.DataFrame({"unit": np.repeat(list("ABCDEF"), 5), "wave": 0, "x": 1.0, "y": yields, "w": 1.0})
    assert _ratio(rows) == pytest.approx(ratio, rel=1e-5)


@pytest.mark.parametrize(("seed", "rows", "level"), [(1, None, 2), (2, 44, 1), (3, 40, 4), (4, 50, .3)])
def test_both_effects_are_those_of_the_mixed_model_of_statsmodels(seed, rows, level):
    table = company(seed, rows=rows, level=level)
    found = door(table, "x", "y", **HOW, lag=0).frame["estimate"]
    _, _, waves, within, between = _apart(rows_of(table))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = sm.MixedLM(table["y"], np.column_stack([waves, within, between]), groups=table["shop"]).fit(reml=True)
    np.testing.assert_allclose(found, fit.fe_params.to_numpy()[-2:], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(_ratio(rows_of(table)), fit.cov_re.iloc[0, 0] / fit.scale, rtol=1e-3)


@pytest.mark.parametrize("weights", [None, "answers"])
def test_the_effect_within_units_is_that_of_fixed_effects_of_units_and_waves(weights):
    table = company(5, rows=47)
    table["answers"] = np.random.RandomState(5).randint(5, 30, len(table))
    found = door(table, "x", "y", **HOW, lag=0, weights=weights).effect
    fit = smf.wls("y ~ x + C(shop) + C(wave)", table, weights=table["answers"] if weights else 1.0).fit()
    assert found == pytest.approx(fit.params["x"], rel=1e-9)


def test_equal_weights_change_nothing():
    table = company(6, rows=50).assign(answers=7.0)
    one, other = (door(table, "x", "y", **HOW, weights=weights).frame for weights in (None, "answers"))
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)


def test_the_error_is_the_jackknife_over_units():
    table, shops = company(7, shops=8, rows=33), 8
    found = door(table, "x", "y", **HOW, lag=0)

    def fixed(data):
        return smf.ols("y ~ x + C(shop) + C(wave)", data).fit().params["x"]

    alone = table.groupby("shop")["wave"].transform("size") > 1
    without = [fixed(table[(table["shop"] != shop) & alone]) for shop in sorted(table["shop"].unique())]
    expected = np.sqrt((shops - 1) / shops * np.sum((np.array(without) - fixed(table)) ** 2))
    assert found.se == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(found.parts["within"], without, rtol=1e-8)
    row = found.frame.iloc[0]
    assert (row["high"] - row["estimate"]) / row["se"] == pytest.approx(stats.t.ppf(.975, shops - 1))
    assert (row["least"], row["most"]) == (min(found.parts["within"]), max(found.parts["within"]))


def test_with_many_units_the_error_is_the_clustered_one_of_statsmodels():
    table = company(8, shops=150, waves=4)
    codes = pd.factorize(table["shop"])[0]
    fit = smf.ols("y ~ x + C(shop) + C(wave)", table).fit(cov_type="cluster", cov_kwds={"groups": codes})
    # statsmodels corrects for the dummies of units as well, which cluster errors need not be
    right = fit.bse["x"] * np.sqrt((len(table) - len(fit.params)) / (len(table) - 1))
    assert door(table, "x", "y", **HOW, lag=0).se == pytest.approx(right, rel=.03)


def test_the_ecological_trap_is_seen():
    trap = door(company(9, shops=40, within=0, between=2, level=.5), "x", "y", **HOW, lag=0).frame.set_index("kind")
    assert trap.loc["between", "low"] > 1
    assert trap.loc["within", "low"] < 0 < trap.loc["within", "high"]
    turned = door(company(10, shops=40, within=1, between=-2, level=.5), "x", "y", **HOW, lag=0).frame.set_index("kind")
    assert turned.loc["within", "low"] > 0 > turned.loc["between", "high"]


@pytest.mark.parametrize(("shops", "times"), [(6, 60), (24, 60)])
def test_intervals_hold_with_few_units(shops, times):
    """Errors that are wider in some shops and go on from wave to wave, some rows missing."""
    held = np.zeros(2)
    for seed in range(times):
        draw = np.random.RandomState(seed + 10_000)
        table = company(seed, shops=shops, waves=4)
        wide = np.repeat(draw.exponential(1, shops) + .3, 4)
        table["noise"] = wide * np.cumsum(draw.normal(size=(shops, 4)), axis=1).ravel()
        table = table[draw.uniform(size=len(table)) < .9]
        table["x"] -= .3 * table["wave"]
        usual = table.groupby("shop")["x"].transform("mean")
        table["y"] = .5 * (table["x"] - usual) + 2 * usual + 3 * np.cos(table["wave"]) + table["noise"]
        frame = door(table, "x", "y", **HOW, lag=0).frame
        held += ((frame["low"] <= [.5, 2]) & (frame["high"] >= [.5, 2])).to_numpy()
    assert (held >= .91 * times).all(), held


def test_one_shop_cannot_make_a_finding():
    table = company(11, shops=10, within=0, between=0, level=0)
    last = table["shop"] == "S9"
    table.loc[last, "x"] += [0, 4, 8, 12, 16]
    table.loc[last, "y"] += [0, 8, 16, 24, 32]
    naive = smf.ols("y ~ x + C(shop) + C(wave)", table).fit()
    assert naive.pvalues["x"] < .001
    found = door(table, "x", "y", **HOW, lag=0)
    row = found.frame.iloc[0]
    assert row["low"] < 0 < row["high"]
    assert row["least"] < .5 < row["estimate"]
    assert found.parts.set_index("unit")["within"].idxmin() == "S9"


@pytest.mark.parametrize(("lag", "said"), [(0, "in the same row"), (1, "one wave later"), (3, "3 waves later")])
def test_the_outcome_is_that_of_so_many_waves_later(lag, said):
    table = company(12)
    later = table.sort_values(["shop", "wave"]).assign(y=table.groupby("shop")["y"].shift(-lag)).dropna()
    found, same = door(table, "x", "y", **HOW, lag=lag), door(later, "x", "y", **HOW, lag=0)
    pd.testing.assert_frame_equal(found.frame, same.frame, rtol=1e-9)
    assert found.frame["n"].tolist() == [12 * (5 - lag)] * 2
    assert said in found.source and said in found.notes[0] and said in found.sentence


def test_waves_are_in_the_order_of_their_values_or_categories():
    table = company(13, waves=3)
    named = table.assign(wave=pd.Categorical.from_codes(table["wave"], ["spring", "autumn", "again"], ordered=True))
    pd.testing.assert_frame_equal(door(named, "x", "y", **HOW).frame, door(table, "x", "y", **HOW).frame)


@pytest.mark.parametrize("name", ["{}", "Wave {}", "第{}回"])
def test_waves_of_text_are_in_the_order_of_the_numbers_in_them(name):
    table = company(13, waves=12)
    named = table.assign(wave=[name.format(wave + 1) for wave in table["wave"]])
    found = door(named, "x", "y", **HOW, lag=2)
    pd.testing.assert_frame_equal(found.frame, door(table, "x", "y", **HOW, lag=2).frame)
    assert f"the waves {name.format(1)} to {name.format(10)}" in found.notes[0]
    assert found.notes[0].endswith(f"{name.format(9)}, {name.format(10)}, {name.format(11)}, {name.format(12)})")
    days = table.assign(wave=pd.Timestamp("2026-01-31") + pd.to_timedelta(table["wave"], "D"))
    assert "the waves 2026-01-31 to 2026-02-09" in door(days, "x", "y", **HOW, lag=2).notes[0]


def test_driver_and_outcome_are_called_by_the_names_of_their_metrics_and_no_missing_end_is_written():
    table = company(21, shops=40).rename(columns={"x": "engagement", "y": "our_margin"})
    found = door(table, "engagement", "our_margin", **HOW)
    assert "engagement -> our_margin" in found.source
    with words.speaking("ja"):
        told = door(table, "engagement", "our_margin", **HOW)
    assert told.sentence.startswith("エンゲージメントがふだんより") and "1回後のour_margin" in told.sentence
    unclear = door(table.assign(our_margin=np.random.RandomState(1).normal(size=len(table))), "engagement",
                   "our_margin", **HOW)
    assert "(difference per one more of engagement: " in unclear.sentence
    none = door(company(15, waves=1), "x", "y", **HOW, lag=0)
    assert none.cells()["interval"][0] == "–" and "– to –" not in repr(none) and "nan" not in repr(none).lower()


def test_missing_sides_are_counted_and_nameless_rows_said():
    table = company(14)
    table.loc[0, "x"], table.loc[6, "y"], table.loc[59, "shop"] = np.nan, np.nan, None
    found = door(table, "x", "y", **HOW)  # the pairs of rows 0, 5 (whose outcome is in row 6) and 58 lack a side
    assert found.frame["n_missing"].tolist() == [3, 3] and found.frame["n"].tolist() == [45, 45]
    assert any("1 rows without shop" in note for note in found.notes)


def test_what_cannot_be_told_is_flagged():
    one_wave = door(company(15, waves=1), "x", "y", **HOW, lag=0)
    assert np.isnan(one_wave.effect) and one_wave.frame["flag"][0] == words.text("link.flag_no_within")
    assert one_wave.frame["flag"][1] == "" and "cannot be told" in one_wave.sentence
    alike = company(16)
    alike["x"] = alike["wave"] + 10 * np.random.RandomState(1).normal(size=len(alike))
    alike["x"] -= alike.groupby("shop")["x"].transform("mean")
    alone = door(alike, "x", "y", **HOW, lag=0).frame
    assert alone["flag"].tolist() == ["", words.text("link.flag_no_between")]
    few = door(company(17, shops=6), "x", "y", **HOW, lag=0).frame
    assert few["flag"].tolist() == [words.text("link.flag_few", n=6)] * 2
    still = company(18).assign(x=lambda table: table.groupby("shop")["x"].transform("first"))
    still.loc[still["shop"] == "S3", "x"] = [1, 2, 3, 5, 4]
    assert "hangs on one unit: without S3" in door(still, "x", "y", **HOW, lag=0).frame["flag"][0]
    flat = door(company(19).assign(y=3.0), "x", "y", **HOW, lag=0).frame
    assert flat["low"].isna().all() and (flat["flag"] == words.text("metrics.flag_no_interval")).all()


def test_a_variance_of_zero_neither_warns_nor_fails_and_is_said():
    # the means of all shops are alike, so that their levels say nothing
    table = company(20, between=0)
    table["y"] -= table.groupby("shop")["y"].transform("mean")
    found = door(table, "x", "y", **HOW, lag=0)
    assert words.text("link.same_level") in found.notes
    fit = smf.ols("y ~ C(wave) + within + between", table.assign(
        **dict(zip(("within", "between"), _apart(rows_of(table))[-2:], strict=True)))).fit()
    np.testing.assert_allclose(found.frame["estimate"], fit.params[["within", "between"]], atol=1e-9)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 500), st.sampled_from([1e-6, 3.0, 1e6]), st.floats(-1e3, 1e3))
def test_units_of_measurement_order_and_the_course_of_all_change_nothing(seed, size, shift):
    table = company(seed, shops=7, waves=4, rows=22)
    one = door(table, "x", "y", **HOW, lag=0).frame
    moved = table.sample(frac=1, random_state=seed).assign(
        y=lambda data: size * (data["y"] + shift * data["wave"]), x=lambda data: (data["x"] + 7 * data["wave"]) / size)
    other = door(moved, "x", "y", **HOW, lag=0).frame
    for name in ("estimate", "low", "high", "se"):
        np.testing.assert_allclose(other[name] / size**2, one[name], rtol=1e-4, atol=1e-6)


def test_the_answer_is_ready_for_the_tree_and_for_the_eye():
    found = door(company(21, shops=40), "x", "y", **HOW)
    assert isinstance(found, Link)
    assert (found.effect, found.se) == tuple(found.frame.loc[0, ["estimate", "se"]])
    assert "160 pairs of 40 units" in found.source and "x -> y" in found.source
    text = repr(found)
    assert "ecological fallacy" in text and "higher than usual" in text and "nobody was assigned" in text
    assert "<table" in found._repr_html_() and "ecological" in found._repr_html_()
    with words.speaking("ja"):
        assert "生態学的誤謬" in repr(door(company(21), "x", "y", **HOW))


def test_bad_input_is_named():
    table = company(22)
    with pytest.raises(DataError, match="unit 'S0' stands twice in wave '0'"):
        door(pd.concat([table, table.head(1)]), "x", "y", **HOW)
    with pytest.raises(DataError, match="unit '1' stands twice"):
        door(pd.DataFrame({"shop": [1, "1"], "wave": 0, "x": 1.0, "y": 1.0}), "x", "y", **HOW)
    with pytest.raises(DataError, match="'lots' is no number"):
        door(table.astype({"x": object}).assign(x=["lots", *table["x"][1:]]), "x", "y", **HOW)
    with pytest.raises(DataError, match="no unit has 'x' in a wave and 'y' 9 wave"):
        door(table, "x", "y", **HOW, lag=9)
    with pytest.raises(DataError, match="no unit has"):
        door(table.assign(x=np.nan), "x", "y", **HOW)
    with pytest.raises(DataError, match="weight has to be a number above 0"):
        door(table.assign(w=0), "x", "y", **HOW, weights="w")
    with pytest.raises(NoColumn):
        door(table, "x", "z", **HOW)
    for lag in (-1, 1.5, True, "1"):
        with pytest.raises(UsageError, match="lag must be"):
            door(table, "x", "y", **HOW, lag=lag)
    with pytest.raises(UsageError, match="confidence"):
        door(table, "x", "y", **HOW, confidence=95)


def test_in_the_shops_of_the_sample_company_nothing_can_be_told():
    answers = el.surveys.wide(el.example("pulses"), over="wave", keep=["shop_id"])
    answers["engagement"] = answers[["vigor", "dedication", "absorption"]].mean(axis="columns")
    means = el.measure(answers[answers["shop_id"].notna()], el.mean("engagement", min_n=5), by=["shop_id", "wave"])
    shops = el.example("shops")
    shops["wave"] = shops["month"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m")
    table = shops.merge(means.rename(columns={"estimate": "engagement"})[["shop_id", "wave", "engagement"]], how="left")
    found = door(table, "engagement", "margin", unit="shop_id", over="wave", lag=1)
    assert found.frame["n"].tolist() == [96, 96] and found.frame["n_eff"].tolist() == [24, 24]
    assert "cannot be told" in found.sentence
