"""Effects of several factors: against statsmodels, by hand, and by drawing again and again."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.experiments.factorial import _effects, _frame, _tested, factorial

mpl.use("Agg")


def made(sizes, value, seed=1):
    """Rows of cells: `sizes` by levels, `value(draws, levels, n)`."""
    draws = np.random.RandomState(seed)
    return pd.concat([pd.DataFrame({**dict(zip("abcd", cell, strict=False)), "y": value(draws, cell, n)})
                      for cell, n in sizes.items()], ignore_index=True)


def crossed(*levels, n=40):
    return dict.fromkeys(itertools.product(*levels), n)


UNEVEN = {("x", "p"): 12, ("x", "q"): 40, ("x", "r"): 25, ("y", "p"): 60, ("y", "q"): 9, ("y", "r"): 31}


def test_effects_and_errors_of_uneven_cells_are_those_of_the_saturated_regression_with_hc2():
    table = made(UNEVEN, lambda draws, cell, n: draws.normal(1 + (cell[0] == "y") * 2 * (cell[1] == "q"),
                                                             1 + (cell[0] == "y"), n))
    frame = factorial(table, el.mean("y"), factors=["a", "b"]).frame.set_index(["effect", "contrast"])
    fit = smf.ols("y ~ C(a) * C(b)", table).fit(cov_type="HC2")
    names = list(fit.params.index)

    def test(weights):
        found = fit.t_test([weights.get(name, 0) for name in names])
        return float(found.effect[0]), float(found.sd.item())
    both = {"C(a)[T.y]": 1, "C(a)[T.y]:C(b)[T.q]": 1 / 3, "C(a)[T.y]:C(b)[T.r]": 1 / 3}
    for key, weights in {("a", "y − x"): both, ("b", "q − p"): {"C(b)[T.q]": 1, "C(a)[T.y]:C(b)[T.q]": .5},
                         ("a × b", "(y − x) × (r − p)"): {"C(a)[T.y]:C(b)[T.r]": 1}}.items():
        assert tuple(frame.loc[key, ["estimate", "se"]]) == pytest.approx(test(weights), rel=1e-10)


def test_an_interval_is_welchs_by_hand_and_agrees_with_its_p():
    table = made(UNEVEN, lambda draws, cell, n: draws.normal(cell[0] == "y", 1, n))
    row = factorial(table, el.mean("y"), factors=["a", "b"]).frame.iloc[0]
    cells = table.groupby(["a", "b"])["y"].agg(["mean", "var", "size"])
    part = cells["var"] / cells["size"] / 9
    df = part.sum() ** 2 / (part**2 / (cells["size"] - 1)).sum()
    t = (cells["mean"]["y"].mean() - cells["mean"]["x"].mean()) / np.sqrt(part.sum())
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9)
    assert row["high"] - row["estimate"] == pytest.approx(stats.t.ppf(.975, df) * np.sqrt(part.sum()), rel=1e-9)


def test_three_factors_of_two_levels_have_one_more_interaction_tested_by_hand():
    table = made(crossed("xy", "pq", "mn", n=12), lambda draws, cell, n: draws.normal(
        3 * (cell == ("y", "q", "n")), 1, n))
    found = factorial(table, el.mean("y"), factors=["a", "b", "c"])
    assert found.frame["kind"].tolist() == ["main"] * 3 + ["interaction"] * 4
    cells = table.groupby(["a", "b", "c"])["y"].agg(["mean", "var"])
    sign = np.array([(-1) ** ("x" in cell) * (-1) ** ("p" in cell) * (-1) ** ("m" in cell) for cell in cells.index])
    part = cells["var"] / 12
    df = part.sum() ** 2 / (part**2 / 11).sum()
    t = (sign * cells["mean"]).sum() / np.sqrt(part.sum())
    assert found.frame["p"].iloc[-1] == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9)
    assert "depends on a third" in found.notes[0]


def test_rates_take_the_adjusted_counts_of_price_and_bonett():
    counts = {("x", "p"): 3, ("x", "q"): 11, ("y", "p"): 9, ("y", "q"): 0}
    table = pd.DataFrame([(*cell, i < count) for cell, count in counts.items() for i in range(30)],
                         columns=["a", "b", "y"])
    row = factorial(table, el.rate("y"), factors=["a", "b"]).frame.iloc[2]
    share = (np.array(list(counts.values())) + .5) / 31
    middle, se = share @ [1, -1, -1, 1], np.sqrt((share * (1 - share) / 31).sum())
    assert row["estimate"] == pytest.approx((3 - 11 - 9 + 0) / 30)
    assert (row["low"], row["high"]) == pytest.approx((middle - 1.959964 * se, middle + 1.959964 * se), abs=1e-6)
    assert row["p"] == pytest.approx(2 * stats.norm.sf(abs(middle) / se))


@pytest.mark.parametrize(("p", "sizes"), [(.05, (30, 30, 30, 30)), (.1, (15, 40, 25, 20)), (.02, (200, 60, 100, 80)),
                                          (.5, (12, 12, 12, 12)), (.9, (90, 10, 40, 30))])
def test_rates_that_do_not_differ_are_called_different_in_at_most_six_of_a_hundred_tests(p, sizes):
    n = np.array(sizes)
    counts = np.random.RandomState(2).binomial(n, p, size=(20_000, 4))
    share = (counts + .5) / (n + 1)
    z = share @ [1, -1, -1, 1] / np.sqrt((share * (1 - share) / (n + 1)).sum(axis=1))
    assert np.mean(np.abs(z) > 1.959964) <= .06
    frame = pd.DataFrame({"estimate": counts[0] / n, "se": .1, "n": n, "count": counts[0]})
    value, variance = _tested(frame, 4, True)
    assert value @ [1, -1, -1, 1] / np.sqrt(variance.sum()) == pytest.approx(z[0])


@pytest.mark.parametrize("n", [(5, 5, 5, 5, 5, 5), (4, 30, 12, 8, 50, 6)])
def test_means_that_do_not_differ_are_called_different_in_about_five_of_a_hundred_tests(n):
    n, draws, sd = np.array(n), np.random.RandomState(6), np.array([1, 3, 1, .5, 2, 1.5])
    effects = _effects({"a": ["x", "y"], "b": ["p", "q", "r"]})
    alarms = np.zeros(len(effects))
    for _ in range(1000):
        cells = pd.DataFrame({"estimate": draws.normal(0, sd / np.sqrt(n)), "n": n, "count": np.nan,
                              "se": sd * np.sqrt(draws.chisquare(n - 1) / (n - 1) / n)})
        alarms += _frame(effects, cells, n - 1, False, .95)["p"] < .05
    assert (alarms / 1000 <= .071).all() and (alarms / 1000 >= .029).all()


def test_the_planted_interaction_of_the_sample_is_read_before_the_main_effects():
    sends = el.example("email_sends")
    sends = sends[sends["variant"].str.contains("_", na=False)]
    sends = sends.assign(subject_line=sends["variant"].str.split("_").str[0], sender=sends["variant"].str.split(
        "_").str[1])
    found = factorial(sends, el.rate("clicked"), factors=["subject_line", "sender"],
                      design=el.Design(cluster="user_id"))
    frame = found.frame.set_index("kind")
    assert frame.loc["interaction", "low"] < .05 < frame.loc["interaction", "high"]   # half of it is 2.5 points
    assert frame.loc["interaction", "p_adjusted"] < .001 and (frame.loc["main", "p_adjusted"] > .5).all()
    assert found.notes[0].startswith("What subject_line does depends on sender") and "+2.3 pp" in found.notes[0]
    assert all("do not read it alone" in note for note in found.notes[1:3])
    assert found.best["estimate"].iloc[0] < found.best["seen"].iloc[0]


def test_a_unit_with_several_rows_has_the_error_of_its_cluster():
    table = made(crossed("xy", "pq", n=20), lambda draws, cell, n: draws.normal(0, 1, n))
    many = pd.concat([table.assign(unit=table.index)] * 3, ignore_index=True)
    once, thrice = (factorial(data, el.mean("y"), factors=["a", "b"], design=design).frame for data, design in (
        (table, None), (many, el.Design(cluster="unit"))))
    assert thrice[["estimate", "low", "high", "p"]].to_numpy() == pytest.approx(
        once[["estimate", "low", "high", "p"]].to_numpy(), rel=1e-9)
    few = many.assign(y=many["y"].where(many["unit"] < 61), unit=many["unit"])   # one unit of y × q is left
    with pytest.raises(DataError, match=r"too few units|all 3 values are equal"):
        factorial(few, el.mean("y"), factors=["a", "b"], design=el.Design(cluster="unit"))
    with pytest.raises(DataError, match=r"20 values of 'unit' stand in several combinations"):
        factorial(many.assign(unit=many["unit"] % 60), el.mean("y"), factors=["a", "b"], design=el.Design(
            cluster="unit"))


def test_adjusted_p_values_are_holms_over_all_rows():
    table = made(UNEVEN, lambda draws, cell, n: draws.normal(cell[0] == "y", 1, n))
    frame = factorial(table, el.mean("y"), factors=["a", "b"]).frame
    p = np.sort(frame["p"])
    wanted = np.minimum(np.maximum.accumulate(p * np.arange(len(p), 0, -1)), 1)
    assert np.sort(frame["p_adjusted"]) == pytest.approx(wanted)


def test_what_is_missing_is_counted_and_said():
    table = made(crossed("xy", "pq"), lambda draws, cell, n: draws.normal(0, 1, n))
    table.loc[:4, "y"] = np.nan
    table.loc[10:12, "a"] = None
    found = factorial(table, el.mean("y", adjust="before"), factors=["a", "b"])
    assert found.cells["n"].tolist() == [32, 40, 40, 40] and found.cells["n_missing"].tolist() == [5, 0, 0, 0]
    assert any("3 rows in which a factor is missing" in note for note in found.notes)
    assert any("5 rows in which the metric is missing" in note for note in found.notes)
    assert found.notes[-1] == "The covariates of the metric are not used here."


def test_cells_of_uneven_sizes_are_said_first():
    sizes = {("x", "p"): 400, ("x", "q"): 400, ("y", "p"): 400, ("y", "q"): 300}
    table = made(sizes, lambda draws, cell, n: draws.normal(0, 1, n))
    assert factorial(table, el.mean("y"), factors=["a", "b"]).notes[0].startswith("Cells meant to be of one size")


def test_the_best_is_the_lowest_where_lower_is_better():
    table = made(crossed("xy", "pq"), lambda draws, cell, n: draws.normal(-3 * (cell == ("y", "p")), 1, n))
    found = factorial(table, el.mean("y", better="lower"), factors=["a", "b"])
    assert found.best[["a", "b"]].iloc[0].tolist() == ["y", "p"]
    assert found.best["low"].iloc[0] < found.best["estimate"].iloc[0] < found.best["high"].iloc[0]


def test_a_half_of_the_design_says_which_effects_go_together_and_what_is_empty():
    half = {cell: 20 for cell in itertools.product("xy", "pq", "mn") if ("y" in cell) ^ ("q" in cell) ^ ("n" in cell)}
    table = made(half, lambda draws, cell, n: draws.normal(0, 1, n))
    with pytest.raises(DataError, match=r"4 of the 8 .* a and b × c; b and a × c; c and a × b\. Fill"):
        factorial(table, el.mean("y"), factors=["a", "b", "c"])
    three = {cell: 20 for cell in itertools.product("xy", "pq") if cell != ("y", "q")}
    with pytest.raises(DataError, match=r"1 of the 4 .*\(y × q\).* a and b and a × b"):
        factorial(made(three, lambda draws, cell, n: draws.normal(0, 1, n)), el.mean("y"), factors=["a", "b"])
    pair = {("x", "p"): 20, ("y", "q"): 20}
    with pytest.raises(DataError, match=r"told apart: a and b;|told apart: a × b; a and b\."):
        factorial(made(pair, lambda draws, cell, n: draws.normal(0, 1, n)), el.mean("y"), factors=["a", "b"])


def test_what_cannot_be_a_factor_or_a_cell_is_refused_in_one_line():
    table = made(crossed("xy", "pq", n=12), lambda draws, cell, n: draws.normal(0, 1, n)).assign(one="z", id=range(48))
    for factors in ("a", ["a"], ["a", "a"], ["a", 1], ["a", "b", "one", "id", "y"], None):
        with pytest.raises((UsageError, TypeError)):
            factorial(table, el.mean("y"), factors=factors)
    with pytest.raises(NoColumn):
        factorial(table, el.mean("y"), factors=["a", "colour"])
    with pytest.raises(DataError, match="'one' has 1 levels"):
        factorial(table, el.mean("y"), factors=["a", "one"])
    with pytest.raises(DataError, match="'id' has 48 levels"):
        factorial(table, el.mean("y"), factors=["a", "id"])
    with pytest.raises(UsageError, match="one metric"):
        factorial(table, [el.mean("y"), el.mean("id")], factors=["a", "b"])
    with pytest.raises(DataError, match="x × p has 1 known values"):
        factorial(table.assign(y=table["y"].where(table.index % 48 > 10)), el.mean("y"), factors=["a", "b"])
    with pytest.raises(DataError, match="in x × p all 12 values are equal"):
        factorial(table.assign(y=table["y"].where(table.index > 11, 5.0)), el.mean("y"), factors=["a", "b"])
    with pytest.raises(DataError, match=r"x × p is not shown .*fewer than 20"):
        factorial(table.assign(y=9), el.nps("y", min_n=20), factors=["a", "b"])
    with pytest.raises(DataError, match="in x × p all 12 values are equal"):
        factorial(table.assign(y=1, z=1), el.ratio("y", "z"), factors=["a", "b"])
    with pytest.raises(UsageError, match="sums"):
        factorial(table, el.quantile("y"), factors=["a", "b"])


def test_two_factors_are_drawn_as_lines_and_three_side_by_side():
    table = made(crossed("xy", "pq", "mn", n=12), lambda draws, cell, n: draws.normal(0, 1, n))
    two, three = (factorial(table, el.mean("y"), factors=factors).plot(title="T") for factors in (
        ["a", "b"], ["a", "b", "c"]))
    assert {text.get_text() for text in two.texts} == {"p", "q"}
    assert [text.get_text() for text in three.get_yticklabels()][-1] == "x × p × m"
    yen = factorial(table.assign(y=1000 * table["y"]), el.mean("y"), factors=["a", "b", "c"]).plot(unit="JPY")
    assert any("¥" in text.get_text() for text in yen.get_xticklabels())


def test_it_speaks_both_languages_and_escapes_what_data_say():
    table = made({("<b>", "p"): 40, ("<b>", "q"): 40, ("y", "p"): 40, ("y", "q"): 40},
                 lambda draws, cell, n: draws.normal(0, 1, n))
    found = factorial(table, el.mean("y"), factors=["a", "b"])
    assert "<b>" not in found._repr_html_() and "&lt;b&gt;" in found._repr_html_()
    assert "no difference is shown" in repr(found)
    with words.speaking("ja"):
        table = table.rename(columns={"a": "segment", "b": "channel"})
        head = repr(factorial(table, el.mean("y"), factors=["segment", "channel"]))
        assert "セグメント チャネル" in " ".join(head.split()) and "segment × channel" in head
        found = factorial(table.rename(columns={"segment": "a", "channel": "b"}), el.mean("y"), factors=["a", "b"])
        assert "差は認められません" in repr(found) and "交互作用" in repr(found)
