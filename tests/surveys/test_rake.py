"""Raked weights against R, against a convex solver, and against what has to hold for any sample."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from engagelab.errors import DataError, UsageError
from engagelab.surveys.rake import WEIGHT, rake

REFERENCE = Path(__file__).parents[1] / "reference"
CASES = {case["name"]: case for case in json.loads((REFERENCE / "surveys_rake.json").read_text("utf-8"))}
MADE43 = pd.DataFrame(json.loads((REFERENCE / "surveys_made43.json").read_text("utf-8")))
STAFF = pd.DataFrame({"region": ["east"] * 6 + ["west"] * 4, "contract": ["full", "part"] * 5})
SHARES = {"region": {"east": .5, "west": .5}, "contract": {"full": .7, "part": .3}}


def test_kishs_design_effect_is_that_of_the_case():
    case = CASES["kish"]
    weights = case["inputs"]["w"]
    people = pd.DataFrame({"person": list("abcd")})
    raked = rake(people, {"person": dict(zip("abcd", np.divide(weights, sum(weights)), strict=True))})
    assert raked.deff == pytest.approx(case["expected"]["deff"], abs=case["tolerance"])
    assert raked.n_eff == pytest.approx(case["expected"]["n_eff"], abs=case["tolerance"])


def test_the_design_effect_is_that_of_r():
    case = CASES["raking"]
    raked = rake(MADE43, case["inputs"]["margins"])
    for name in ("deff", "n_eff"):
        assert getattr(raked, name) == pytest.approx(case["expected"][name], abs=case["tolerance"][name])
    assert raked.frame[WEIGHT].sum() == pytest.approx(400)


def apiclus1():
    rows = [(kind, wide) for kind, row in CASES["apiclus1"]["inputs"]["cells"].items()
            for wide, n in row.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=["stype", "sch.wide"])


def test_where_r_stops_early_the_weight_is_the_published_one_and_otherwise_the_converged():
    case, schools = CASES["apiclus1"], apiclus1()
    ours, early = rake(schools, case["inputs"]["margins"]), rake(schools, case["inputs"]["margins"], tolerance=2e-4)
    assert early.iterations == case["expected"]["rounds_of_published"]
    for raked, name in ((ours, "converged"), (early, "published")):
        weight = raked.frame.loc[(schools["stype"] == "E") & (schools["sch.wide"] == "No"), WEIGHT].iloc[0]
        assert weight == pytest.approx(case["expected"][name], abs=case["tolerance"][name])
    assert ours.error <= 1e-10 < early.error


def nearest(data, margins, start, largest):
    """The weights nearest to those at the start (Kullback-Leibler) that meet the margins, by a general solver."""
    n = len(data)
    rows = [((data[column] == name).to_numpy(float), n * share)
            for column, margin in margins.items() for name, share in margin.items()][:-1]  # the last follows
    table, target = np.array([row for row, _ in rows]), np.array([goal for _, goal in rows])
    found = minimize(lambda w: float((w * np.log(w / start) - w).sum()), np.minimum(start, largest),
                     jac=lambda w: np.log(w / start), bounds=[(1e-9, largest)] * n, method="SLSQP",
                     constraints={"type": "eq", "fun": lambda w: table @ w - target, "jac": lambda w: table},
                     options={"maxiter": 500, "ftol": 1e-14})
    assert found.success, found.message
    return found.x


@pytest.mark.parametrize("cap", [None, 1.7])
def test_the_weights_are_the_nearest_to_those_at_the_start(cap):
    draws = np.random.RandomState(3)
    data = pd.DataFrame({"a": draws.choice(list("xyz"), 40), "b": draws.choice(list("uv"), 40),
                         "w": draws.uniform(.5, 1.5, 40)})
    margins = {"a": {"x": .5, "y": .3, "z": .2}, "b": {"u": .35, "v": .65}}
    raked = rake(data, margins, base="w", cap=cap)
    assert cap is None or raked.frame[WEIGHT].max() == pytest.approx(cap)
    start = (data["w"] * 40 / data["w"].sum()).to_numpy()
    expected = nearest(data, margins, start, cap or 40.)
    np.testing.assert_allclose(raked.frame[WEIGHT], expected, atol=2e-5)
    counts = {column: {name: 900 * share for name, share in margin.items()} for column, margin in margins.items()}
    counted = rake(data, counts, base="w", cap=cap).frame[WEIGHT]  # the cap is one of the mean weight
    np.testing.assert_allclose(counted, raked.frame[WEIGHT] * 900 / 40, rtol=1e-9)


samples = st.integers(0, 10**6).map(lambda seed: sampled(np.random.RandomState(seed)))


def sampled(draws):
    """A sample with nobody missing from any crossing of the categories, and margins of its population."""
    cells = draws.randint(1, 6, size=(3, 2, 2))
    rows = [(f"a{i}", f"b{j}", f"c{k}") for i, j, k in np.ndindex(3, 2, 2) for _ in range(cells[i, j, k])]
    data = pd.DataFrame(rows, columns=["a", "b", "c"]).assign(w=draws.uniform(.2, 3, len(rows)))
    data.index = draws.permutation(len(data))
    margins = {}
    for column in "abc":
        names = sorted(data[column].unique())
        share = draws.dirichlet(np.full(len(names), 4.)) * .9 + .1 / len(names)
        margins[column] = dict(zip(names, share / share.sum(), strict=True))
    return data, margins


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(samples, st.booleans())
def test_every_margin_is_met_whatever_the_order_of_the_margins_or_the_size_of_the_base(sample, based):
    data, margins = sample
    base = "w" if based else None
    raked = rake(data, margins, base=base)
    for column, margin in margins.items():
        met = raked.frame.groupby(column)[WEIGHT].sum() / raked.frame[WEIGHT].sum()
        np.testing.assert_allclose(met, pd.Series(margin)[met.index], rtol=1e-9)
    assert raked.frame[WEIGHT].mean() == pytest.approx(1)
    pd.testing.assert_frame_equal(raked.frame.drop(columns=WEIGHT), data)
    turned = rake(data, dict(reversed(margins.items())), base=base)
    np.testing.assert_allclose(turned.frame[WEIGHT], raked.frame[WEIGHT], rtol=1e-7)
    scaled = rake(data.assign(w=17 * data["w"]), margins, base=base)
    np.testing.assert_allclose(scaled.frame[WEIGHT], raked.frame[WEIGHT], rtol=1e-9)
    counted = rake(data, {column: {name: 5000 * share for name, share in margin.items()}
                          for column, margin in margins.items()}, base=base)
    np.testing.assert_allclose(counted.frame[WEIGHT], raked.frame[WEIGHT] * 5000 / len(data), rtol=1e-9)
    assert 1 <= raked.deff <= len(data)
    assert raked.n_eff == pytest.approx(len(data) / raked.deff)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(samples)
def test_a_sample_that_fits_keeps_its_weights_and_one_margin_is_post_stratification(sample):
    data, margins = sample
    fits = {column: data[column].value_counts() for column in margins}
    same = rake(data, fits)
    assert same.iterations == 0
    assert same.deff == pytest.approx(1)
    np.testing.assert_allclose(same.frame[WEIGHT], 1)
    post = rake(data, {"a": margins["a"]}, base="w")
    expected = data["w"] * data["a"].map(margins["a"]) * len(data) / data.groupby("a")["w"].transform("sum")
    np.testing.assert_allclose(post.frame[WEIGHT], expected, rtol=1e-9)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(samples)
def test_a_cap_holds_and_so_do_the_margins(sample):
    data, margins = sample
    free = rake(data, margins)
    cap = .5 + .5 * float(free.frame[WEIGHT].max())
    try:
        raked = rake(data, margins, cap=max(cap, 1.01))
    except DataError as refused:
        assert refused.key in ("rake.cap", "rake.unmet_cap")
        return
    assert raked.frame[WEIGHT].max() <= max(cap, 1.01) * (1 + 1e-9)
    for column, margin in margins.items():
        met = raked.frame.groupby(column)[WEIGHT].sum() / len(data)
        np.testing.assert_allclose(met, pd.Series(margin)[met.index], rtol=1e-9)


def test_a_population_counted_elsewhere_can_be_handed_in_as_it_is_whatever_the_type_of_its_categories():
    people = pd.DataFrame({"grade": [1, 1, 2, 2, 2, 3], "new": [True, False] * 3})
    margins = {"grade": pd.Series([1.0, 1, 2, 2, 3, 3, 3, 3] * 2).value_counts(), "new": {True: .25, False: .75}}
    raked = rake(people, margins)
    assert raked.frame.groupby("grade")[WEIGHT].sum().round(9).tolist() == [4, 4, 8]
    assert raked.frame.groupby("new")[WEIGHT].sum().round(9).tolist() == [12, 4]
    rows = raked.margins.set_index(["column", "category"])
    assert rows.loc[("grade", "3"), ["target", "sample", "n"]].round(6).tolist() == [.5, .166667, 1]


def test_a_table_on_disk_is_weighted_too(tmp_path):
    STAFF.to_csv(tmp_path / "staff.csv", index=False)
    on_disk, held = rake(str(tmp_path / "staff.csv"), SHARES), rake(STAFF, SHARES)
    assert on_disk.frame[WEIGHT].tolist() == held.frame[WEIGHT].tolist()


def test_it_says_what_it_did_in_words_and_as_a_table():
    raked = rake(STAFF, SHARES)
    assert "design effect 1.21, effective n 8.28" in repr(raked)
    assert "<table" in raked._repr_html_() and "design effect 1.21" in raked._repr_html_()


@pytest.mark.parametrize(("changes", "said"), [
    ({"margins": {"region": {"east": .5, "west": .4}}}, "margin 'region': its shares sum to 0.9, not to 1"),
    ({"margins": {"region": {"east": 300, "west": 220}, "contract": {"full": 300, "part": 200}}},
     "'region' sums to 520, 'contract' to 500"),
    ({"margins": {"region": {"east": 5, "west": 4}}}, "the margins sum to 9, fewer than the 10 respondents"),
    ({"margins": {"region": {"east": 1.5, "west": -1}}}, "margin 'region': 'west' has to be a share .* not -1"),
    ({"margins": {"region": {"east": float("nan"), "west": 1}}}, "'east' has to be a share"),
    ({"margins": {"region": {"east": True, "west": False}}}, "not True"),
    ({"margins": {"region": {"east": 0, "west": 0}}}, "shares sum to 0, not to 1"),
    ({"margins": {"regoin": {"east": .5, "west": .5}}}, "did you mean 'region'"),
    ({"margins": {"region": {1: .5, "1": .5}}}, "margin 'region' names a category twice"),
    ({"margins": {"region": pd.Series([.5, .5], index=["east", "east"])}}, "margin 'region' names a category twice"),
    ({"margins": pd.Series({"region": .5})}, "dict of columns, .* not region 0.5 dtype"),
    ({"margins": {}}, "margins has to be a dict of columns"),
    ({"margins": {"region": {}}}, "margins has to be a dict of columns"),
    ({"margins": {"region": .5}}, "margins has to be a dict of columns"),
    ({"cap": 1}, "cap has to be a number above 1, not 1"),
    ({"cap": "3"}, "cap has to be a number above 1, not '3'"),
    ({"tolerance": 0}, "tolerance has to be a number above 0"),
    ({"most": 0}, "most has to be a number above 0"),
    ({"data": STAFF.assign(weight=1)}, "has a column 'weight' already"),
])
def test_an_argument_that_cannot_be_right_is_refused(changes, said):
    given_ = {"data": STAFF, "margins": SHARES} | changes
    with pytest.raises(UsageError, match=said):
        rake(given_.pop("data"), given_.pop("margins"), **given_)


@pytest.mark.parametrize(("data", "changes", "said"), [
    (STAFF, {"margins": {"region": {"east": .5, "west": .3, "south": .2}}},
     "margin 'region': nobody among the respondents is 'south'; join it"),
    (STAFF, {"margins": {"region": {"east": 1, "west": 0}}}, "'west' is 0, but 4 respondents are of it"),
    (STAFF, {"margins": {"region": {"eastt": .5, "west": .5}}},
     r"holds 'east' \(6 rows\), which its margin does not have; .*; did you mean 'eastt'"),
    (STAFF.assign(region=["east", None] * 5), {}, r"column 'region', row 2: empty \(5 such\); fill in"),
    (STAFF.assign(w=[1.0] * 9 + [0.0]), {"base": "w"}, "weights 'w', row 10: 0; a weight has to be"),
    (STAFF.assign(w=[1.0] * 9 + [-2.0]), {"base": "w"}, "weights 'w', row 10: -2"),
    (STAFF.assign(w=[1.0] * 9 + [None]), {"base": "w"}, "weights 'w', row 10"),
    (STAFF.iloc[:0], {}, "no row to weight"),
    (STAFF, {"cap": 1.3}, "the 5 respondents of 'contract' 'full' need a mean weight of 1.4 times the mean"),
    (STAFF, {"cap": 1.4, "margins": SHARES | {"region": {"east": .4, "west": .6}}},
     "the 4 respondents of 'region' 'west' need a mean weight of 1.5"),
])
def test_content_that_cannot_be_weighted_is_refused_by_name(data, changes, said):
    with pytest.raises(DataError, match=said):
        rake(data, changes.pop("margins", SHARES), **changes)


def test_margins_that_no_weights_meet_are_refused_with_the_reason():
    apart = pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["u", "u", "v", "v"]})  # nobody is x and v
    with pytest.raises(DataError, match=r"after 50 rounds a = y is off by .* some combinations .* no respondents"):
        rake(apart, {"a": {"x": .5, "y": .5}, "b": {"u": .7, "v": .3}}, most=50)
    both = pd.DataFrame({"a": ["x"] * 3 + ["y"] * 3, "b": ["u", "u", "v", "u", "v", "v"]})
    with pytest.raises(DataError, match=r"no weights meet all margins with cap 1.5: after 10,000 rounds"):
        rake(both, {"a": {"x": .7, "y": .3}, "b": {"u": .3, "v": .7}}, cap=1.5)


def test_weights_that_lie_absurdly_far_apart_give_no_quiet_number():
    raked = rake(STAFF.assign(w=[1e-300] * 9 + [1e300]), SHARES, base="w")
    assert raked.deff > 1.9
    assert raked.frame.groupby("region")[WEIGHT].sum().tolist() == pytest.approx([5, 5])


def test_a_category_of_nobody_that_should_have_nobody_is_left_out():
    raked = rake(STAFF, {"region": {"east": .5, "west": .5, "south": 0}})
    assert raked.margins["category"].tolist() == ["east", "west"]


def test_two_columns_of_one_name_and_lists_are_refused_in_one_line():
    twice = pd.concat([STAFF, STAFF[["region"]]], axis="columns")
    with pytest.raises(DataError, match="two columns 'region'"):
        rake(twice, SHARES)
    with pytest.raises(DataError, match="two columns 'start'"):
        rake(pd.DataFrame([["east", "full", 1, 2]] * 10, columns=[*STAFF, "start", "start"]),
             {"region": {"east": 1.0}}, base="start")
    with pytest.raises(DataError, match="column 'region' holds list, not single values"):
        rake(STAFF.assign(region=[["east"]] * 10), SHARES)
