"""Design-based errors against R's survey, samplics, statsmodels, a textbook, and loops over strata and clusters."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.design import Design
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import csat, mean, nps, quantile, rate, ratio
from engagelab.metrics.social import engagement_rate

REFERENCE = Path(__file__).parents[1] / "reference"
CASES = {case["name"]: case for case in json.loads((REFERENCE / "surveys_design.json").read_text("utf-8"))}
SURVEY = pd.DataFrame(json.loads((REFERENCE / "surveys_made43.json").read_text("utf-8")))
NUMBERS = ["estimate", "low", "high", "se", "n", "n_eff"]
NOUNS = {"mean": mean("y", min_n=0), "ratio": ratio("y", "x"), "nps": nps("s", min_n=0), "rate": rate("b"),
         "csat": csat("s", scale=(0, 10), min_n=0)}


def design_of(inputs):
    return Design(**{name: inputs[name] for name in ("weights", "strata", "cluster", "fpc") if name in inputs})


def numbers(table, names=NUMBERS):
    return table[names].to_numpy(dtype="float64")


def test_weights_alone_give_the_errors_of_r():
    for name, noun, estimate in (("weighted_nps_srs", nps("enps"), "nps"), ("weighted_q1_srs", mean("q1"), "mean")):
        case, row = CASES[name], measure(SURVEY, noun, design=Design(weights="w")).iloc[0]
        assert row["estimate"] == pytest.approx(case["expected"][estimate], abs=case["tolerance"])
        assert row["se"] == pytest.approx(case["expected"]["se"], abs=case["tolerance"])


def test_strata_of_a_finite_population_are_those_of_r_each_and_together():
    case = CASES["stratified_fpc_nps"]
    expected, near = case["expected"], case["tolerance"]["default"]
    design = design_of(case["inputs"])
    table = measure(SURVEY, nps("enps"), by="stratum", total=True, design=design).set_index("stratum")
    for stratum, values in expected["by"].items():
        assert table.loc[stratum, ["estimate", "se"]].tolist() == pytest.approx(values, abs=near)
    assert table.loc["(all)", ["estimate", "se", "low", "high"]].tolist() == pytest.approx(
        [expected[name] for name in ("nps", "se", "t_low", "t_high")], abs=near)
    # R compares with a draw without replacement from sum(w) = 400; fpc says 400 too
    assert 43 / table.loc["(all)", "n_eff"] == pytest.approx(expected["deff"], abs=case["tolerance"]["deff"])


def test_clusters_are_those_of_r():
    case = CASES["clustered_nps"]
    row = measure(SURVEY, nps("enps"), design=design_of(case["inputs"])).iloc[0]
    assert [row["estimate"], row["se"]] == pytest.approx([case["expected"]["nps"], case["expected"]["se"]], abs=1e-8)
    # without fpc the population is not known to be finite, while R's deff takes sum(w) = 400 for its size
    assert 43 / row["n_eff"] == pytest.approx(case["expected"]["deff"] * (1 - 43 / 400), abs=case["tolerance"]["deff"])


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "noun" in case["inputs"]])
def test_groups_ratios_and_shares_are_those_of_samplics(name):
    inputs, case = CASES[name]["inputs"], CASES[name]
    noun = {"mean": mean, "csat": csat, "ratio": lambda columns: ratio(*columns)}[inputs["noun"]](inputs["col"])
    table = measure(SURVEY, noun, by=inputs.get("by", []), design=design_of(inputs))
    names = table[inputs["by"]] if "by" in inputs else ["(all)"]
    for key, (_, row) in zip(names, table.iterrows(), strict=True):
        expected = case["expected"][key]
        assert row[["estimate", "se", "low", "high"][:len(expected)]].tolist() == pytest.approx(
            expected, abs=case["tolerance"])


def test_a_cluster_sample_is_that_of_the_textbook():
    case = CASES["lohr_gpa"]
    frame = pd.DataFrame([(at, gpa) for at, suite in enumerate(case["inputs"]["suites"]) for gpa in suite],
                         columns=["suite", "gpa"])
    row = measure(frame, mean("gpa"), design=Design(cluster="suite", fpc=case["inputs"]["population"])).iloc[0]
    assert [row["estimate"], row["se"]] == pytest.approx(list(case["expected"].values()), abs=case["tolerance"])


def test_groups_across_clusters_have_the_cluster_robust_errors_of_statsmodels():
    frame = SURVEY.assign(own=(SURVEY["age"] == "o40").astype(float), other=(SURVEY["age"] != "o40").astype(float))
    fit = sm.WLS(frame["q1"], frame[["own", "other"]], weights=frame["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": frame["team"], "use_correction": False})
    table = measure(SURVEY, mean("q1"), by="age", design=Design(weights="w", cluster="team"))
    assert table["estimate"].to_numpy() == pytest.approx(fit.params.to_numpy(), rel=1e-12)
    assert table["se"].to_numpy() == pytest.approx(fit.bse.to_numpy() * np.sqrt(10 / 9), rel=1e-12)


def looped(frame, domain, linear, strata, cluster, fpc):
    """(se, df) of the sum of `linear` over the domain: every cluster of every stratum in turn, empty ones as 0."""
    variance, used, there = 0.0, 0, 0
    for _, rows in frame.groupby(strata):
        sums = np.array([(linear * domain)[part.index].sum() for _, part in rows.groupby(cluster)])
        n, inside = len(sums), rows[domain[rows.index] == 1]
        finite = 1 - n / rows[fpc].iloc[0] if fpc else 1
        variance += finite * n * sums.var(ddof=1)
        used, there = used + inside[cluster].nunique(), there + bool(len(inside))
    return np.sqrt(variance), used - there


@st.composite
def samples(draw):
    """Two or three strata of two to four clusters with up to five rows, some of them without an answer."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = [(stratum, cluster, draw(st.integers(1, 5))) for stratum in range(draw(st.integers(2, 3)))
             for cluster in range(draw(st.integers(2, 4)))]
    frame = pd.DataFrame([(f"h{h}", f"c{c}") for h, c, n in sizes for _ in range(n)], columns=["h", "c"])
    n = len(frame)
    frame = frame.assign(w=rng.uniform(.2, 5, n), y=rng.normal(5, 2, n), x=rng.uniform(1, 3, n),
                         s=rng.integers(0, 11, n).astype(float), b=(rng.random(n) < .5).astype(float),
                         g=rng.choice(["a", "b"], n), day=pd.Timestamp("2026-04-01") + pd.to_timedelta(
                             rng.integers(0, 60, n), unit="D"))
    frame.loc[rng.random(n) < .15, ["y", "s", "b"]] = np.nan
    frame["N"] = frame["h"].map({f"h{i}": i * 3 + 6 for i in range(3)})
    return frame


def linearised(known, domain, noun, w):
    """The estimate of a domain, and what each row adds to its error."""
    part = w * domain
    if noun == "ratio":
        top, bottom = (part * known["y"]).sum(), (part * known["x"]).sum()
        return top / bottom, w * (known["y"] - top / bottom * known["x"]) / bottom
    y = {"mean": known["y"], "rate": known["b"], "csat": (known["s"] >= 9) * 1.0,
         "nps": 100.0 * ((known["s"] >= 9) * 1.0 - (known["s"] <= 6) * 1.0)}[noun]
    middle = (part * y).sum() / part.sum()
    return middle, w * (y - middle) / part.sum()


@settings(max_examples=20, deadline=None)
@given(samples(), st.booleans(), st.booleans())
def test_any_design_gives_what_loops_over_all_clusters_give(frame, finite, windowed):
    design = Design(weights="w", strata="h", cluster="c", fpc="N" if finite else None)
    window = {"time": "day", "since": "2026-04-20"} if windowed else {}
    table = measure(frame, NOUNS, by="g", total=True, design=design, **window).set_index(["metric", "g"])
    for (noun, group), row in table.iterrows():
        known = frame.fillna({"y": 0.0, "s": 0.0, "b": 0.0})
        domain = (frame["y"].notna() & ((frame["g"] == group) | (group == "(all)"))
                  & (not windowed or frame["day"] >= "2026-04-20")).astype(float)
        if not domain.any():
            assert row["flag"] == "no known value"
            continue
        estimate, linear = linearised(known, domain, noun, frame["w"])
        se, df = looped(frame, domain, linear, "h", "c", "N" if finite else None)
        assert row["estimate"] == pytest.approx(estimate, rel=1e-9, abs=1e-9)
        if df < 1 or se < 1e-9:
            assert (np.isnan(row["low"]), bool(row["flag"])) == (True, True)
            continue
        half = stats.t.ppf(.975, df) * se
        low, high = estimate - half, estimate + half
        if noun in ("rate", "csat"):
            middle, wide = np.log(estimate / (1 - estimate)), half / (estimate * (1 - estimate))
            low, high = 1 / (1 + np.exp(wide - middle)), 1 / (1 + np.exp(-wide - middle))
        elif noun == "nps":
            low, high = max(low, -100), min(high, 100)
        assert row[["se", "low", "high"]].tolist() == pytest.approx([se, low, high], rel=1e-7, abs=1e-9)


def test_a_total_adds_up_a_cluster_that_lies_in_two_groups_first():
    table = measure(SURVEY, NOUNS_43, by=["age", "stratum"], total=True, design=Design("w", "stratum", "team"), min_n=0)
    for by, free in (([], ["age", "stratum"]), (["age"], ["stratum"]), (["stratum"], ["age"])):
        part = table[(table[free] == "(all)").all(axis=1) & (table[by] != "(all)").all(axis=1)]
        alone = measure(SURVEY, NOUNS_43, by=by, design=Design("w", "stratum", "team"), min_n=0)
        np.testing.assert_allclose(numbers(part), numbers(alone), rtol=1e-9)


NOUNS_43 = {"nps": nps("enps"), "mean": mean("q1"), "ratio": ratio("q1", "q2"), "csat": csat("q1")}


@settings(max_examples=8, deadline=None)
@given(samples(), st.sampled_from([.01, 1.0, 7.0, 1e6]))
def test_the_unit_of_the_weights_changes_nothing_and_equal_weights_are_none(frame, unit):
    frame = frame.assign(scaled=frame["w"] * unit, same=unit)
    tables = {name: measure(frame, NOUNS, by="g", total=True, design=Design(name, "h", "c"))
              for name in ("w", "scaled", "same", None)}
    np.testing.assert_allclose(numbers(tables["w"]), numbers(tables["scaled"]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(numbers(tables["same"]), numbers(tables[None]), rtol=1e-7, atol=1e-9)


@settings(max_examples=8, deadline=None)
@given(samples())
def test_a_row_twice_at_half_its_weight_changes_no_estimate_and_within_its_cluster_no_error(frame):
    twice = pd.concat([frame, frame]).assign(w=np.tile(frame["w"], 2) / 2)
    names = ["estimate", "se", "low", "high"]
    once, again = (measure(data, NOUNS, by="g", design=Design("w", "h", "c")) for data in (frame, twice))
    np.testing.assert_allclose(numbers(once, names), numbers(again, names), rtol=1e-7, atol=1e-9)
    loose = [measure(data, NOUNS, by="g", design=Design("w", "h")) if data.groupby("h").size().min() > 1 else once
             for data in (frame, twice)]
    np.testing.assert_allclose(numbers(loose[0], ["estimate"]), numbers(loose[1], ["estimate"]), rtol=1e-9)


def test_one_stratum_of_rows_without_weights_is_the_simple_random_sample():
    row = measure(SURVEY, mean("q1"), design=Design()).iloc[0]
    assert row[["estimate", "low", "high", "se", "n_eff"]].tolist() == pytest.approx(
        measure(SURVEY, mean("q1")).iloc[0][["estimate", "low", "high", "se", "n_eff"]].tolist(), rel=1e-9)
    assert row["method"] == "Student t interval, linearised for the design (simple random sample)"
    finite = measure(SURVEY, mean("q1"), design=Design(fpc=np.int64(400))).iloc[0]
    assert finite["se"] == pytest.approx(row["se"] * np.sqrt(1 - 43 / 400), rel=1e-12)
    assert finite["n_eff"] == pytest.approx(43, rel=1e-12)  # the same draw from the same population


def test_large_numbers_keep_their_digits():
    far = SURVEY.assign(q1=SURVEY["q1"] + 1e9)
    near, away = (measure(data, mean("q1"), design=Design("w", "stratum", "team")).iloc[0] for data in (SURVEY, far))
    assert away["se"] == pytest.approx(near["se"], rel=1e-6)


@pytest.mark.parametrize("noun", NOUNS.values(), ids=NOUNS)
def test_the_gradient_is_how_the_estimate_moves(noun):
    frame = pd.DataFrame({"y": [1.0, 4, 2, 6], "x": [2.0, 3, 5, 4], "s": [9, 10, 3, 7], "b": [1, 0, 0, 1]})
    values = {"mean(y)": ["y"], "ratio(y, x)": ["y", "x"], "rate(b)": ["b"]}.get(noun.name)
    columns = np.column_stack([frame[name] for name in values]) if values else np.column_stack(
        [frame["s"] >= 9, frame["s"] <= 6][:2 if noun.name == "nps(s)" else 1]).astype(float)
    middle = columns.mean(axis=0)

    def estimate(means):
        return {"ratio(y, x)": lambda: means[0] / means[-1], "nps(s)": lambda: 100 * (means[0] - means[-1])}.get(
            noun.name, lambda: means[0])()

    moved = [(estimate(middle + step) - estimate(middle - step)) / 2e-6 for step in 1e-6 * np.eye(len(middle))]
    assert noun.gradient(middle[None])[0] == pytest.approx(moved, rel=1e-6)


def test_shares_of_nobody_or_everybody_and_groups_within_one_cluster_have_no_interval_and_say_so():
    frame = SURVEY.assign(never=0, always=1)
    table = measure(frame, [rate("never"), rate("always")], design=Design("w", "stratum", "team"))
    assert table["estimate"].tolist() == [0, 1]
    assert table[["low", "high"]].isna().all(axis=None)
    assert set(table["flag"]) == {"too few or too equal values for an interval"}
    teams = measure(SURVEY, [csat("q1", min_n=0), mean("q1")], by="team", design=Design("w", "stratum", "team"))
    assert teams["estimate"].notna().all()
    assert teams[["low", "high", "se", "n_eff"]].isna().all(axis=None)
    assert set(teams["flag"]) == {"too few clusters for an interval"}
    pairs = SURVEY.assign(pair=SURVEY["team"].map({1: "a", 4: "a", 8: "b", 5: "b"}).fillna("c"))
    ones = measure(pairs, mean("q1"), by="pair", design=Design("w", "stratum", "team")).set_index("pair")
    assert ones.loc[["a", "b"], ["low", "high", "se", "n_eff"]].isna().all(axis=None)  # a cluster of each stratum
    assert ones.loc["c", "n_eff"] > 0


def test_values_all_alike_are_not_taken_for_a_tiny_error():
    frame = SURVEY.assign(y=.1, x=SURVEY["q1"] / 10, z=SURVEY["q1"] * .3)
    table = measure(frame, [mean("y"), ratio("x", "z")], by="age", total=True, design=Design("w", "stratum", "team"))
    assert (table["se"] == 0).all()
    assert set(table["flag"]) == {"too few or too equal values for an interval"}


def test_a_population_that_is_in_as_a_whole_has_no_sampling_error():
    frame = SURVEY.assign(N=SURVEY.groupby("stratum")["id"].transform("size"))
    row = measure(frame, mean("q1"), design=Design(strata="stratum", fpc="N")).iloc[0]
    assert row[["estimate", "low", "high"]].nunique() == 1
    assert (row["se"], row["n_eff"], row["flag"]) == (0, 43, "the whole population is in: no sampling error")
    assert measure(frame, mean("q1"), design=Design(fpc=44)).iloc[0]["se"] > 0


def test_rows_without_an_answer_are_said_to_count_as_drawn_where_the_population_is_finite():
    frame = SURVEY.assign(q1=SURVEY["q1"].where(SURVEY["id"] > 9))
    table = measure(frame, mean("q1"), design=Design(fpc=43))
    assert table["low"].isna().all()
    assert table["flag"].tolist() == ["no interval: fpc counts the rows without an answer as drawn; leave them out"]
    notes = measure(frame, mean("q1"), design=Design(fpc=90)).attrs["notes"]
    assert ["rows without an answer count as drawn" in note for note in notes] == [True]
    assert not measure(frame, mean("q1"), design=Design(weights="w")).attrs["notes"]
    assert not measure(SURVEY, mean("q1"), design=Design(fpc=90)).attrs["notes"]


def test_a_stratum_of_one_cluster_is_fine_where_the_population_has_no_other():
    frame = SURVEY.assign(team=SURVEY["team"].where(SURVEY["stratum"] != "HQ", 1),
                          teams=SURVEY["stratum"].map({"HQ": 1, "Sales": 9, "Plant": 8}))
    row = measure(frame, mean("q1"), design=Design("w", "stratum", "team", "teams")).iloc[0]
    linear = frame["w"] * (frame["q1"] - np.average(frame["q1"], weights=frame["w"])) / frame["w"].sum()
    rest = frame[frame["stratum"] != "HQ"]
    assert row["se"] == pytest.approx(looped(rest, pd.Series(1, rest.index), linear, "stratum", "team", "teams")[0])


def test_small_cells_are_hidden_and_unfinished_periods_flagged_as_ever():
    frame = SURVEY.assign(at=pd.Timestamp("2026-04-01") + pd.to_timedelta(SURVEY["id"], unit="D"))
    table = measure(frame, mean("enps", min_n=5), by="team", design=Design("w", "stratum"))
    small = table["team"].isin(["2", "3", "6", "7", "8"])
    assert table.loc[small, "flag"].str.startswith("hidden").all()
    assert table.loc[small, ["estimate", "low", "se", "n_eff", "n"]].isna().all(axis=None)
    assert table.loc[~small, "low"].notna().all()
    alike = measure(frame, nps("enps"), by="team", design=Design("w", "stratum"))
    masked = alike["flag"].str.startswith("masked")
    assert alike.loc[masked, "team"].tolist() == ["4", "9"]
    assert alike.loc[masked, NUMBERS[:4] + NUMBERS[5:]].isna().all(axis=None)
    months = measure(frame, nps("enps"), time="at", every="month", design=Design("w", "stratum"))
    assert months["flag"].tolist() == ["", "period not complete"]


def test_the_answer_is_the_same_from_a_file_and_a_query(tmp_path):
    SURVEY.to_csv(tmp_path / "survey.csv", index=False)
    design = Design("w", "stratum", "team")
    expected = measure(SURVEY, NOUNS_43, by="age", design=design)
    for data in (tmp_path / "survey.csv", duckdb.connect().from_df(SURVEY)):
        pd.testing.assert_frame_equal(measure(data, NOUNS_43, by="age", design=design), expected)


def test_posts_can_be_a_cluster_sample_too():
    posts = pd.DataFrame({"platform": ["x", "x", "x", "x", "line", "x"], "likes": [3.0, 5, 2, 8, 1, 4],
                          "impressions": [100.0, 90, 80, 100, 10, 90], "week": [1, 1, 2, 2, 3, 4]})
    row = measure(posts, engagement_rate("x"), design=Design(cluster="week")).iloc[0]
    own, domain = posts.rename(columns={"likes": "y", "impressions": "x"}), (posts["platform"] == "x").astype(float)
    estimate, linear = linearised(own, domain, "ratio", 1.0)
    assert [row["estimate"], row["se"]] == pytest.approx(  # the week with another platform's post only counts with 0
        [estimate, looped(own.assign(h=1), domain, linear, "h", "week", None)[0]])
    assert row["method"].endswith("Student t interval, linearised for the design (clusters week)")


def broken(column, row, value):
    frame = SURVEY.astype({column: object if isinstance(value, str) else "float64"} if column not in (
        "stratum", "team") else {column: object})
    frame.loc[row, column] = value
    return frame


FULL = Design("w", "stratum", "team", "N_stratum")


@pytest.mark.parametrize("frame, design, message", [
    (broken("w", 4, 0), FULL, "weights 'w': 0, row 5, is no weight above 0 (1 such rows)"),
    (broken("w", 4, -2.5), FULL, "weights 'w': -2.5, row 5, is no weight above 0"),
    (broken("w", 0, np.nan), FULL, "weights 'w': an empty cell, row 1, is no weight above 0"),
    (broken("w", 7, np.inf), FULL, "weights 'w': inf, row 8, is no weight"),
    (broken("w", 7, "two"), FULL, "mixes text with numbers"),
    (broken("stratum", 2, None), FULL, "strata 'stratum': empty, row 3, (1 such rows)"),
    (broken("team", 42, None), FULL, "cluster 'team': empty, row 43, (1 such rows)"),
    (broken("N_stratum", 42, np.nan), FULL, "fpc 'N_stratum': an empty cell, row 43, is no population size"),
    (broken("N_stratum", 42, 221), FULL, "fpc 'N_stratum' has several values in stratum 'Plant', from 220 to 221"),
    (SURVEY.assign(N_stratum=13), Design("w", "stratum", None, "N_stratum"),
     "fpc 13 is smaller than the sample in stratum 'Plant', 14 (row)"),
    (SURVEY, Design(fpc=42), "fpc 42 is smaller than the sample in the table, 43 (row)"),
    (SURVEY, Design(cluster="team", fpc=9), "fpc 9 is smaller than the sample in the table, 10 (cluster)"),
    (broken("stratum", 2, "Tokyo"), Design("w", "stratum"), "stratum 'Tokyo' of 'stratum' has one row only"),
    (SURVEY.assign(team=SURVEY["team"].where(SURVEY["stratum"] != "HQ", 1)), FULL,
     "stratum 'HQ' of 'stratum' has one cluster only, which does not tell how far others would lie; merge it"),
])
def test_a_sample_that_cannot_be_right_is_refused_by_name(frame, design, message):
    with pytest.raises(DataError) as error:
        measure(frame, mean("q1"), design=design)
    assert message in str(error.value)


def test_wrong_calls_are_refused():
    for wrong, message in (({"weights": 3}, "weights of el.Design takes the name of a column, not 3"),
                           ({"strata": ["a", "b"]}, "strata of el.Design takes the name"),
                           ({"cluster": ""}, "cluster of el.Design takes the name"),
                           ({"fpc": 0}, "fpc of el.Design takes .* not 0"), ({"fpc": True}, "not True"),
                           ({"fpc": .5}, "not 0.5"), ({"strata": "h", "fpc": 9}, "with strata, fpc is a column")):
        with pytest.raises(UsageError, match=message):
            Design(**wrong)
    for call, message in (({"design": Design("w"), "weights": "w"}, "weights= stands beside design="),
                          ({"design": "w"}, "design takes el.Design")):
        with pytest.raises(UsageError, match=message):
            measure(SURVEY, mean("q1"), **call)
    with pytest.raises(UsageError, match=r"quantile\(q1, 0.5\) has no error by a design"):
        measure(SURVEY, [mean("q1"), quantile("q1")], design=Design("w"))
    with pytest.raises(UsageError, match="cannot be told from sums"):
        quantile("q1").gradient(np.ones((1, 1)))
    for name in ("weights", "strata", "cluster", "fpc"):
        with pytest.raises(NoColumn, match="no column 'wave'"):
            measure(SURVEY, mean("q1"), design=Design(**{name: "wave"}))


def test_the_method_says_the_design_in_either_language():
    row = measure(SURVEY, csat("q1"), design=Design("w", "stratum", "team"))["method"].iloc[0]
    assert row == "logit interval, linearised for the design (weights w, strata stratum, clusters team)"
    with words.speaking("ja"):
        row = measure(SURVEY, csat("q1"), design=Design("w", fpc=400))["method"].iloc[0]
        assert row == "ロジット信頼区間、標本設計を考慮した線形化（ウェイトw、有限母集団400）"


@pytest.mark.slow
def test_intervals_of_a_stratified_cluster_sample_cover():
    rng = np.random.default_rng(20)
    teams = pd.DataFrame({"h": np.repeat(["a", "b", "c"], [60, 40, 30])})
    teams = teams.assign(c=range(len(teams)), level=rng.normal(0, .8, len(teams)) + (teams["h"] == "b") * .7)
    people = teams.loc[teams.index.repeat(rng.integers(4, 12, len(teams)))].reset_index(drop=True)
    people["s"] = np.clip(np.round(7 + people["level"] + rng.normal(0, 2, len(people))), 0, 10)
    people = people.assign(b=people["s"] >= 9, y=people["s"] ** 2, x=1 + people["s"],
                           g=rng.choice(["u", "v"], len(people)),
                           N=people["h"].map({"a": 60, "b": 40, "c": 30}), w=people["h"].map({"a": 4, "b": 4, "c": 3}))
    nouns, take = {"mean": mean("s"), "nps": nps("s"), "rate": rate("b"), "ratio": ratio("y", "x")}, {
        "a": 15, "b": 10, "c": 10}
    truth = measure(people, nouns, by="g", total=True)["estimate"].to_numpy()
    hits, runs = np.zeros(len(truth)), 400
    for _ in range(runs):
        drawn = np.concatenate([rng.choice(part["c"], take[h], replace=False) for h, part in teams.groupby("h")])
        table = measure(people[people["c"].isin(drawn)], nouns, by="g", total=True, design=Design("w", "h", "c", "N"))
        hits += (table["low"].to_numpy() <= truth) & (truth <= table["high"].to_numpy())
    assert (hits / runs).min() > .92
    assert .935 < (hits / runs).mean() < .965
