"""Leaves of one table have joint errors: by hand, by drawing users again, and on whatever holds the table."""

from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab.errors import UsageError
from engagelab.kpi.formula import parse
from engagelab.kpi.leaves import Window, cells_of, jointly, paired
from engagelab.kpi.totals import per_user, rows, total, users
from engagelab.kpi.tree import Tree
from engagelab.metrics.intervals import t_value

NOUNS = {"bought": el.rate("bought"), "amount": el.mean("amount"), "price": el.ratio("amount", "items"),
         "nps": el.nps("score"), "csat": el.csat("stars"), "sales": total("amount"), "orders": rows(),
         "people": users(), "each": per_user(), "spent": per_user("amount"), "shown": el.mean("bought")}
TREE = parse(" + ".join(NOUNS).join(["total = ", ""]))


def visits(n=400, people=90, seed=5, gaps=True):
    """Rows of users who differ, in two periods and two shops, with gaps and rows of nobody known."""
    random = np.random.RandomState(seed)
    user = random.randint(0, people, n)
    keen = random.normal(size=people)[user]
    data = pd.DataFrame({"user": [f"u{one}" for one in user], "shop": random.choice(["east", "west"], n),
                         "at": pd.to_datetime("2026-01-01") + pd.to_timedelta(random.randint(0, 59, n), unit="D"),
                         "bought": random.rand(n) < 1 / (1 + np.exp(-keen)), "items": random.poisson(2, n) + 1.0,
                         "amount": np.round(np.exp(3 + .4 * keen + .3 * random.normal(size=n)), 2),
                         "score": np.clip(np.round(7 + 2 * keen + random.normal(size=n)), 0, 10),
                         "stars": np.clip(np.round(3.5 + keen + random.normal(size=n)), 1, 5)})
    if gaps:
        data["bought"] = data["bought"].astype("boolean")
        for i, name in enumerate(["bought", "items", "amount", "score", "stars", "user"]):
            data.loc[random.rand(n) < .04 + .03 * i, name] = pd.NA if name == "bought" else np.nan
    return data


def by_hand(data, weight):
    """Every leaf as a function of how much each unit counts: (values, how many units know each)."""
    w = weight
    nobody = data["user"].isna().to_numpy()
    unit = data["unit"].to_numpy()

    def of(column):
        return pd.to_numeric(data[column], errors="coerce").astype(float).to_numpy()

    def mean(values, rows):
        return (w * np.where(rows, values, 0)).sum() / (w * rows).sum()

    bought, items, amount, score, stars = map(of, ("bought", "items", "amount", "score", "stars"))
    one = 1 / pd.Series(unit).map(pd.Series(unit).value_counts()).to_numpy()  # a unit's rows count one together
    paying = ~np.isnan(amount) & ~nobody
    buyers = np.where(paying, 1 / pd.Series(np.where(paying, unit, -1)).map(
        pd.Series(unit[paying]).value_counts()).fillna(np.inf).to_numpy(), 0)
    both = ~np.isnan(amount) & ~np.isnan(items)
    answered = ~np.isnan(score)
    found = {
        "bought": (mean(bought, ~np.isnan(bought)), ~np.isnan(bought)),
        "amount": (mean(amount, ~np.isnan(amount)), ~np.isnan(amount)),
        "price": (mean(amount, both) / mean(items, both), both),
        "nps": (100 * mean((score >= 9) * 1.0 - (score <= 6) * 1.0, answered), answered),
        "csat": (mean((stars >= 4) * 1.0, ~np.isnan(stars)), ~np.isnan(stars)),
        "sales": ((w * np.nan_to_num(amount)).sum(), None), "orders": (w.sum(), None),
        "people": ((w * one * ~nobody).sum(), None),
        "each": ((w * ~nobody).sum() / (w * one * ~nobody).sum(), ~nobody),
        "spent": ((w * np.where(paying, amount, 0)).sum() / (w * buyers).sum(), paying),
        "shown": (mean(bought, ~np.isnan(bought)), ~np.isnan(bought))}
    return (np.array([found[name][0] for name in NOUNS]),
            np.array([np.inf if found[name][1] is None else len(set(unit[found[name][1]])) for name in NOUNS]))


def jackknifed(data, user=True):
    """(values, influence of each unit (leaves, units), factor of few units), by infinitely small weights of units."""
    data = data.reset_index(drop=True)
    own = pd.Series([f"row {i}" for i in range(len(data))])
    data["unit"] = data["user"].where(data["user"].notna(), own) if user else own
    if not user:
        data["user"] = own
    names = data["unit"].unique()
    places = pd.Categorical(data["unit"], names).codes
    values, knowing = by_hand(data, np.ones(len(data)))
    moved = [np.imag(by_hand(data, 1 + 1e-30j * (places == at))[0]) / 1e-30 for at in range(len(names))]
    few = np.array([1.0 if np.isinf(one) else one / (one - 1) for one in knowing])
    return values, pd.DataFrame(moved, index=names, columns=list(NOUNS)), few


def inputs(data, **window):
    return cells_of(TREE, {name: (noun, data) for name, noun in NOUNS.items()}, Window(user="user", **window))


def in_order(found, names):
    place = [found.names.index(name) for name in names]
    return found.value[place], found.cov[np.ix_(place, place)]


@pytest.mark.parametrize("gaps", [False, True])
def test_errors_of_all_leaves_of_a_table_are_those_of_weights_moved_by_hand(gaps):
    data = visits(gaps=gaps)
    values, influence, few = jackknifed(data)
    value, cov = in_order(inputs(data)[()], NOUNS)
    assert value == pytest.approx(values, rel=1e-10)
    wanted = influence.T.to_numpy() @ influence.to_numpy() * np.sqrt(np.outer(few, few))
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    assert cov / scale == pytest.approx(wanted / scale, abs=1e-9)


def test_without_users_every_row_is_a_unit():
    data, names = visits(), [name for name in NOUNS if name not in ("people", "each", "spent")]
    _, influence, few = jackknifed(data, user=False)
    structure = parse(" + ".join(names).join(["total = ", ""]))
    found = cells_of(structure, {name: (NOUNS[name], data) for name in names}, Window())[()]
    wanted = (influence.T.to_numpy() @ influence.to_numpy() * np.sqrt(np.outer(few, few)))
    place = [list(NOUNS).index(name) for name in names]
    assert in_order(found, names)[1] == pytest.approx(wanted[np.ix_(place, place)], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("window", [{"by": ("shop",)}, {"time": "at", "every": "month"},
                                    {"by": ("shop",), "time": "at", "every": "month"}])
def test_cells_have_their_own_errors_and_share_those_of_users_who_are_in_both(window):
    data = visits(900)
    cells = inputs(data, **window)
    parts = {"shop": data["shop"], "at": data["at"].dt.strftime("%Y-%m")}
    keys = [parts[key] for key in ("shop", "at") if key in window.get("by", ()) or window.get("time") == key]
    groups = {cell if isinstance(cell, tuple) else (cell,): part for cell, part in data.groupby(
        [key.to_numpy() for key in keys])}
    assert set(groups) == set(cells)
    (one, first), *_, (other, second) = groups.items()
    made = [jackknifed(part) for part in (first, second)]
    for cell, (values, influence, few) in zip((one, other), made, strict=True):
        value, cov = in_order(cells[cell], NOUNS)
        assert value == pytest.approx(values, rel=1e-10)
        assert np.diag(cov) == pytest.approx((influence**2).sum().to_numpy() * few, rel=1e-9)
    both = sorted(set(made[0][1].index) & set(made[1][1].index) & set(data["user"].dropna()))
    wanted = (made[0][1].loc[both].T.to_numpy() @ made[1][1].loc[both].to_numpy()) * np.sqrt(
        np.outer(made[0][2], made[1][2]))
    place = [cells[one].names.index(name) for name in NOUNS]
    size = len(NOUNS)
    across = jointly(cells[one], cells[other])[:size, size:][np.ix_(place, place)]
    scale = np.sqrt(np.outer((made[0][1]**2).sum(), (made[1][1]**2).sum()))
    assert across / scale == pytest.approx(wanted / scale, abs=1e-9)


def test_errors_are_those_of_users_drawn_again():
    data = visits(1500, 300, gaps=False)
    found = inputs(data)[()]
    value, cov = in_order(found, NOUNS)
    frame = data.assign(unit=data["user"])
    place = pd.factorize(frame["unit"])[0]
    random = np.random.RandomState(2)
    drawn = np.array([by_hand(frame, random.poisson(1, place.max() + 1)[place].astype(float))[0] for _ in range(1500)])
    se = np.sqrt(np.diag(cov))
    assert drawn.std(axis=0) / se == pytest.approx(1, abs=.08)
    assert np.corrcoef(drawn.T) == pytest.approx(cov / np.outer(se, se), abs=.08)
    assert drawn.mean(axis=0) == pytest.approx(value, abs=.1 * se.max())


def test_two_leaves_of_one_table_are_not_independent():
    """Clicks per mail opened: who opens more clicks more, so that taken as independent the error is too large."""
    random = np.random.RandomState(3)
    n = 4000
    opened = random.gamma(4, 1, n)
    data = pd.DataFrame({"opened": opened, "clicks": opened * .3 + random.normal(0, .3, n)})
    tree = Tree("share = clicked / opens")
    leaves = {"opens": (el.mean("opened"), data), "clicked": (el.mean("clicks"), data)}
    joint = tree.evaluate(leaves).frame.set_index("metric")
    share = data["clicks"].sum() / data["opened"].sum()
    true = (data["clicks"] - share * data["opened"]).std() / data["opened"].mean() / np.sqrt(n)
    assert joint.loc["share", "se"] == pytest.approx(true, rel=1e-9)
    apart = tree.evaluate({name: tuple(joint.loc[name, ["estimate", "se"]]) for name in leaves}).frame["se"].iloc[0]
    assert apart > 1.5 * true


def panel(n=400, seed=4):
    """The same people in two months: they differ much from each other and little from themselves."""
    random = np.random.RandomState(seed)
    level = random.normal(50, 6, n)
    made = [pd.DataFrame({"user": np.arange(n), "at": f"2026-0{month}-15", "spend": level + random.normal(lift, 1, n)})
            for month, lift in ((1, 0), (2, .2))]
    return made[0], made[1].sample(frac=1, random_state=0)


def width(found, people=400):
    row = found.frame.iloc[0]
    return (row["high"] - row["low"]) / 2 / t_value(people - 1, .95)


def test_before_and_after_of_the_same_people_are_paired():
    before, after = panel()
    tree = Tree("spend = amount * 1")
    ends = [{"amount": (el.mean("spend"), table)} for table in (before, after)]
    apart = width(tree.explain(*ends))
    assert apart == pytest.approx(np.sqrt(sum(table["spend"].var() / len(table) for table in (before, after))))
    change = after.set_index("user")["spend"] - before.set_index("user")["spend"]
    true = change.std() / np.sqrt(len(change))
    assert width(tree.explain(*ends, user="user")) == pytest.approx(true, rel=1e-9)
    whole = pd.concat([before, after]).assign(at=lambda data: pd.to_datetime(data["at"]))
    for user, wanted in ((None, apart), ("user", true)):
        values = tree.evaluate({"amount": (el.mean("spend"), whole)}, time="at", every="month", user=user)
        assert width(tree.explain(values["2026-01"], values["2026-02"])) == pytest.approx(wanted, rel=1e-9)
    assert apart > 5 * true  # what is lost by not pairing


def test_who_left_and_who_came_are_units_of_one_end_only():
    before, after = panel()
    before, after = before.iloc[:300], after[after["user"] >= 100]
    tree = Tree("spend = amount * 1")
    found = width(tree.explain(*({"amount": (el.mean("spend"), table)} for table in (before, after)), user="user"), 300)
    parts = [(table.set_index("user")["spend"] - table["spend"].mean()) / len(table) for table in (before, after)]
    few = [len(table) / (len(table) - 1) for table in (before, after)]
    both = parts[1].sub(0).mul(parts[0]).dropna()
    wanted = sum((part**2).sum() * more for part, more in zip(parts, few, strict=True)) - 2 * both.sum() * np.sqrt(
        np.prod(few))
    assert found == pytest.approx(np.sqrt(wanted), rel=1e-9)


def test_one_end_against_itself_has_not_moved_and_has_no_error():
    data = visits(gaps=False)
    leaves = {name: (noun, data) for name, noun in NOUNS.items()}
    tree = Tree("total = " + " + ".join(NOUNS))
    for found in (tree.explain(leaves, leaves, user="user"),
                  (lambda values: tree.explain(values, values))(tree.evaluate(leaves, user="user"))):
        assert (found.frame["contribution"] == 0).all() and found.frame["low"].isna().all()


def test_a_frame_a_file_and_a_relation_give_the_same(tmp_path):
    data = visits(900)
    duckdb.sql("FROM data").write_parquet(str(tmp_path / "visits.parquet"))
    wanted = inputs(data, by=("shop",), time="at", every="month")
    for other in (str(tmp_path / "visits.parquet"), tmp_path / "visits.parquet", duckdb.sql("FROM data")):
        found = inputs(other, by=("shop",), time="at", every="month")
        assert list(found) == list(wanted)
        for cell, one in wanted.items():
            assert found[cell].value == pytest.approx(one.value, rel=1e-12)
            assert found[cell].cov == pytest.approx(one.cov, rel=1e-9, abs=1e-12)
            assert found[cell].n.tolist() == one.n.tolist() and found[cell].missing.tolist() == one.missing.tolist()
        cells = list(wanted)
        assert jointly(found[cells[0]], found[cells[-1]]) == pytest.approx(
            jointly(wanted[cells[0]], wanted[cells[-1]]), rel=1e-9, abs=1e-12)


def test_a_path_told_twice_is_one_table(tmp_path):
    data = visits(gaps=False)
    data.to_csv(tmp_path / "visits.csv", index=False)
    told = {"amount": (el.mean("amount"), Path(tmp_path / "visits.csv")),
            "price": (el.ratio("amount", "items"), Path(str(tmp_path)) / "visits.csv")}
    found = cells_of(parse("total = amount + price"), told, Window())[()]
    assert found.cov[0, 1] != 0


def test_leaves_of_different_tables_are_independent():
    one, other = visits(), visits(seed=9)
    found = cells_of(parse("total = a * b"), {"a": (el.mean("amount"), one), "b": (el.rate("bought"), other)},
                     Window(user="user"))[()]
    assert found.cov[0, 1] == 0 and (np.diag(found.cov) > 0).all()


@pytest.mark.parametrize("kind", ["numbers", "decimals", "ordered", "flags", "gap"])
def test_segments_are_not_mixed_up_whatever_their_type(kind):
    data = visits(gaps=False)
    names = {"numbers": [10, 9, 100], "decimals": [Decimal("10"), Decimal("9.5"), Decimal("100")],
             "ordered": ["small", "middle", "large"], "flags": [True, False, True], "gap": ["b", None, "a"]}[kind]
    place = np.random.RandomState(0).randint(0, 3, len(data))
    data["by"] = pd.Series([names[at] for at in place], dtype=pd.CategoricalDtype(names, ordered=True)
                           if kind == "ordered" else None)
    cells = inputs(data, by=("by",))
    sizes = data["by"].astype(object).map(lambda one: "(missing)" if one is None or one != one else one)
    for one, part in data.groupby(sizes):
        label = str(float(one)) if kind == "decimals" else {True: "true", False: "false"}.get(one, str(one))
        cell = next(cells[cell] for cell in cells if cell[0].casefold() == label)
        values, influence, few = jackknifed(part)
        value, cov = in_order(cell, NOUNS)
        assert value == pytest.approx(values, rel=1e-10)
        assert np.diag(cov) == pytest.approx((influence**2).sum().to_numpy() * few, rel=1e-9)


def test_one_answer_has_no_known_error_and_neither_has_what_is_made_of_it():
    data = pd.DataFrame({"user": ["a", "a", "b", "c"], "spend": [5.0, 7.0, np.nan, np.nan], "x": [1.0, 2.0, 4.0, 3.0]})
    leaves = {"spend": (el.mean("spend"), data), "x": (el.mean("x"), data), "fee": (2.0, .1)}
    tree = Tree("all = part + other\npart = spend * fee\nother = x * fee")
    for draws in (0, 2000):
        frame = tree.explain(leaves, {**leaves, "fee": (3.0, .1)}, user="user", draws=draws).frame.set_index("metric")
        assert np.isnan(frame.loc["all", "low"])
        assert frame.loc["other", "low"] < frame.loc["other", "high"]
    frame = tree.evaluate(leaves, user="user").frame.set_index("metric")
    assert frame.loc[["all", "part", "spend"], "se"].isna().all() and (frame.loc[["other", "x", "fee"], "se"] > 0).all()


def test_a_share_of_nobody_or_of_all_is_not_sure():
    data = pd.DataFrame({"user": range(40), "x": [True] * 40, "y": [False] * 40})
    frame = Tree("total = x + y").evaluate({"x": (el.rate("x"), data), "y": (el.rate("y"), data)}, user="user").frame
    assert (frame["se"] > 0).all()


def test_a_quantile_and_people_without_names_are_refused():
    data = visits()
    with pytest.raises(UsageError, match="no function of sums"):
        cells_of(parse("total = a + b"), {"a": (el.quantile("amount"), data), "b": 1}, Window())
    with pytest.raises(UsageError, match="user="):
        cells_of(parse("total = a + b"), {"a": (users(), data), "b": 1}, Window())


def test_an_end_without_rows_was_not_measured():
    before, after = panel()
    tree = parse("spend = amount * 1")
    one, other = paired(tree, {"amount": (el.mean("spend"), before)}, {"amount": (el.mean("spend"), after[:0])}, "user")
    assert one.value[0] == pytest.approx(before["spend"].mean()) and np.isnan(other.value[0])
    assert other.flags == ("not measured here",)


@pytest.mark.parametrize("level", [1e6, 1e9])
def test_large_numbers_that_differ_little_keep_their_digits(level):
    data = visits(900, gaps=False)
    small = data.assign(amount=np.round(data["amount"], 3))
    large = small.assign(amount=small["amount"] + level)
    tree = parse("total = a * b")
    leaves = [{"a": (el.mean("amount"), table), "b": (el.rate("bought"), table)} for table in (small, large)]
    for window in (Window(), Window(user="user")):
        found = [cells_of(tree, each, window)[()].cov for each in leaves]
        assert found[1] == pytest.approx(found[0], rel=1e-15 * level + 1e-9)


@pytest.mark.parametrize(("value", "people"), [(.1, 333), (123.456, 71), (1e6 + .1, 7)])
def test_equal_values_have_no_error_but_that_of_rounding(value, people):
    user = np.repeat(np.arange(people), 1 + np.arange(people) % 3)
    data = pd.DataFrame({"user": user, "x": value, "y": np.arange(float(len(user)))})
    found = cells_of(parse("total = a + b"), {"a": (el.mean("x"), data), "b": (el.mean("y"), data)},
                     Window(user="user"))[()]
    assert found.cov[0].tolist() == [0, 0] and found.cov[1, 1] > 0


def test_errors_of_single_leaves_are_those_that_measure_gives():
    random = np.random.RandomState(1)
    posts = pd.DataFrame({"platform": random.choice(["instagram", "x"], 300), "likes": random.poisson(30, 300),
                          "comments": random.poisson(3, 300), "saves": random.poisson(4, 300),
                          "shares": random.poisson(5, 300), "reach": random.poisson(900, 300) + 1.0,
                          "effort": random.randint(1, 8, 300), "pay": random.gamma(2, 9, 300)})
    posts.loc[::7, ["reach", "effort"]] = np.nan
    nouns = {"er": el.engagement_rate("instagram"), "ces": el.ces("effort"), "pay": el.mean("pay"),
             "each": el.ratio("likes", "reach"), "sum": total("likes"), "posts": rows()}
    tree = Tree("all = " + " + ".join(nouns))
    frame = tree.evaluate({name: (noun, posts) for name, noun in nouns.items()}).frame
    found = frame.set_index("metric").loc[list(nouns)]
    wanted = el.measure(posts, nouns).set_index("metric").loc[list(nouns)]
    assert found["estimate"].tolist() == pytest.approx(wanted["estimate"].tolist(), rel=1e-12)
    assert found["se"].tolist() == pytest.approx(wanted["se"].tolist(), rel=.005)  # a share's has n and not n - 1
    assert found["n"].tolist() == wanted["n"].tolist() and found["n_missing"].tolist() == wanted["n_missing"].tolist()


def test_a_ratio_to_nothing_has_no_value_and_no_error_and_leaves_the_others_theirs():
    data = pd.DataFrame({"x": [1.0, 2, 3, 4], "zero": [-1.0, 0, 0, 1]})
    leaves = {"a": (el.ratio("x", "zero"), data), "b": (el.mean("x"), data)}
    frame = Tree("all = one + other\none = a * 2\nother = b * 2").evaluate(leaves).frame.set_index("metric")
    assert frame.loc[["all", "one", "a"], ["estimate", "se"]].isna().all(axis=None)
    assert frame.loc["other", "se"] == pytest.approx(2 * data["x"].std() / 2)
