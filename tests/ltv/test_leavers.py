"""Quick and slow leavers: simulations with a known truth, the planted truth of the sample company, and refusals."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.ltv.formulas import from_retention
from engagelab.ltv.leavers import leavers
from engagelab.metrics.shares import TAIL
from engagelab.metrics.survival import kaplan_meier

SHARES = {"ads": .7, "friends": .1, "shop": .4}
NAMES = {"opened": "opened", "closed": "closed"}
FROM, UNTIL = "2024-01-01", "2026-01-01"


def made(n=1500, seed=1, quick=.25, slow=.04, shares=SHARES, months=48, whole=False):
    """Subscriptions that opened over so many months before the end; those that had left when the data begin are out."""
    rng = np.random.default_rng(seed)
    group = rng.choice(list(shares), n)
    life = rng.geometric(np.where(rng.random(n) < pd.Series(group).map(shares).to_numpy(), quick, slow))
    opened = 24_312 - months + rng.integers(0, months, n)       # months since year 0; the last is December 2025
    closed = opened + life

    def day(month):
        years = pd.Series(month // 12).astype(str) + "-" + pd.Series(month % 12 + 1).astype(str).str.zfill(2)
        return pd.to_datetime(years + "-" + pd.Series(rng.integers(1, 28, len(month))).astype(str).str.zfill(2),
                              utc=True)
    table = pd.DataFrame({"channel": group, "opened": day(opened), "closed": day(closed)})
    table["closed"] = table["closed"].where(table["closed"] < pd.Timestamp(UNTIL, tz="UTC"))
    return table if whole else table[~(table["closed"] < pd.Timestamp(FROM, tz="UTC"))].reset_index(drop=True)


def fitted(data, **how):
    return leavers(data, **NAMES | {"by": "channel", "since": FROM, "until": UNTIL} | how)


def rows_of(found, metric):
    return found.frame[found.frame["metric"] == metric].set_index("channel")


def life_of(share, quick=.25, slow=.04):
    return share / quick + (1 - share) / slow


def test_the_shape_is_that_of_an_answer():
    found = fitted(made())
    assert list(found.frame) == ["metric", "channel", *TAIL]
    assert found.frame["metric"].unique().tolist() == ["share_quick", "churn_quick", "churn_slow", "mean_life",
                                                       "first_period_churn", "naive_mean_life"]
    assert rows_of(found, "mean_life").index.tolist() == ["ads", "friends", "shop", "(all)"]
    assert (found.frame["low"] < found.frame["estimate"]).all() and found.kinds == 2
    assert list(leavers(made(), **NAMES, since=FROM, until=UNTIL).frame) == ["metric", *TAIL]


def test_a_large_table_gives_the_truth_back():
    found = fitted(made(n=60_000, seed=2))
    assert rows_of(found, "churn_quick")["estimate"].item() == pytest.approx(.25, abs=.01)
    assert rows_of(found, "churn_slow")["estimate"].item() == pytest.approx(.04, abs=.002)
    for name, share in SHARES.items():
        assert rows_of(found, "share_quick")["estimate"][name] == pytest.approx(share, abs=.03)
        assert rows_of(found, "mean_life")["estimate"][name] == pytest.approx(life_of(share), rel=.04)


def test_those_who_had_left_before_the_data_are_not_missed():
    early, full = fitted(made(n=20_000, seed=4)), fitted(made(n=20_000, seed=4, whole=True), since=None)
    one, other = rows_of(early, "mean_life")["estimate"], rows_of(full, "mean_life")["estimate"]
    assert one.to_list() == pytest.approx(other.to_list(), rel=.08)
    ignored = rows_of(fitted(made(n=20_000, seed=4), since=None), "mean_life")["estimate"]
    assert (ignored > 1.15 * other).all()       # taking them for all that ever opened makes lives too long


def test_with_the_whole_history_since_leaves_out_what_such_a_table_would_not_have():
    part, whole = fitted(made(seed=5)), fitted(made(seed=5, whole=True))
    columns = ["estimate", "low", "high", "n"]
    pd.testing.assert_frame_equal(part.frame[columns], whole.frame[columns])
    assert any("left before the data begin" in note for note in whole.notes)


def test_the_order_of_rows_and_names_changes_nothing():
    table = made()
    one, other = fitted(table), fitted(table.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one.frame, other.frame)


def test_one_kind_is_not_cut_in_two():
    found = fitted(made(n=2500, quick=.07, slow=.07))
    assert found.kinds == 1
    shares = found.frame[found.frame["metric"].isin(["share_quick", "churn_quick", "churn_slow"])]
    assert shares["estimate"].isna().all() and shares["flag"].str.contains("one kind").all()
    assert rows_of(found, "mean_life")["estimate"].to_list() == pytest.approx([1 / .07] * 4, rel=.15)
    assert "do not tell quick and slow ones apart" in found.notes[0]
    assert found.value(100)["estimate"].to_list() == pytest.approx(
        100 * rows_of(found, "mean_life")["estimate"].to_numpy())


def test_groups_that_differ_alone_are_no_two_kinds():
    tables = [made(n=900, seed=place, quick=churn, slow=churn, shares={name: .5})
              for place, (name, churn) in enumerate({"a": .04, "b": .09, "c": .2}.items())]
    assert fitted(pd.concat(tables)).kinds == 1


def test_one_over_the_first_churn_is_said_to_be_too_short():
    found = fitted(made(n=4000))
    naive, life = (rows_of(found, metric).loc["(all)"] for metric in ("naive_mean_life", "mean_life"))
    assert naive["estimate"] == pytest.approx(naive["n"] / naive["count"])
    assert naive["high"] < life["estimate"]
    assert "longer than that" in found.notes[1]


def test_a_channel_that_is_new_is_left_out_and_one_that_is_closed_is_not():
    table = made(n=3000)
    before = table["opened"] < pd.Timestamp(FROM, tz="UTC")
    old = table.assign(channel=table["channel"].where(~(before & (table["channel"] == "ads")), "fair"))
    late = pd.DataFrame({"channel": ["tv"] * 9, "opened": pd.Timestamp("2025-12-20", tz="UTC"),
                         "closed": pd.Series([pd.NaT] * 9, dtype="datetime64[us, UTC]")})
    found = fitted(pd.concat([old, late]))
    assert rows_of(found, "mean_life").index.tolist() == ["ads", "fair", "friends", "shop", "(all)"]
    assert any("tv: left out" in note for note in found.notes)
    assert np.isfinite(rows_of(found, "mean_life").loc["fair", ["estimate", "low", "high"]].astype(float)).all()
    assert np.isnan(rows_of(found, "first_period_churn").loc["fair", "estimate"])
    assert found.lives.mix[1] == 0


def test_where_nobody_left_in_the_first_period_that_period_says_nothing():
    table = made(n=1500)
    found = fitted(table, every="day", by=None)
    row = found.frame.set_index("metric").loc["naive_mean_life"]
    assert np.isnan(row["estimate"]) and "nobody left" in row["flag"] and np.isfinite(row["low"])
    assert not any("alone" in note for note in found.notes)


def test_the_curve_is_kaplan_meier_beside_both_models():
    found = fitted(made(n=8000, seed=6))
    shop = found.curve[found.curve["channel"] == "shop"]
    table = pd.DataFrame({"last": found.lives.last, "ended": found.lives.ended, "entry": found.lives.entry - 1})
    own = kaplan_meier(table[found.lives.group == 2], duration="last", ended="ended", entry="entry")
    assert shop["survival"].to_list() == own["survival"].to_list()
    inside = (shop["two_kinds"] > shop["low"]) & (shop["two_kinds"] < shop["high"])
    single = (shop["one_kind"] > shop["low"]) & (shop["one_kind"] < shop["high"])
    assert inside[shop["time"] < 24].mean() > .9 > .6 > single[shop["time"] < 24].mean()


@pytest.mark.parametrize("paid", ["start", "end"])
def test_a_value_is_the_mixture_of_the_formulas_of_each_kind(paid):
    found = fitted(made())
    how = {"discount": .1, "paid": paid, "every": "month"}
    quick, slow = (rows_of(found, f"churn_{name}")["estimate"].item() for name in ("quick", "slow"))
    values = found.value(2000, margin=.4, discount=.1, paid=paid).set_index("channel")["estimate"]
    for name in SHARES:
        share = rows_of(found, "share_quick")["estimate"][name]
        expected = [from_retention(margin=800, retention=1 - churn, **how)["estimate"].item()
                    for churn in (quick, slow)]
        assert values[name] == pytest.approx(share * expected[0] + (1 - share) * expected[1])
    assert values["(all)"] == pytest.approx(found.lives.mix @ values[list(SHARES)])


def test_without_discount_a_value_is_what_is_paid_in_a_mean_life():
    found = fitted(made())
    life, value = rows_of(found, "mean_life"), found.value(10).set_index("channel")
    for column in ("estimate", "low", "high", "se"):
        assert value[column].to_list() == pytest.approx((10 * life[column]).to_list())


def test_amounts_by_channel_bring_their_errors():
    table = made()
    paid = table.assign(amount=np.random.default_rng(1).normal(100, 40, len(table)))
    answer = el.measure(paid, el.mean("amount"), by="channel")
    found = fitted(table)
    sure = found.value(dict(zip(answer["channel"], answer["estimate"], strict=True)))
    unsure = found.value(answer)
    assert sure["estimate"].to_list() == pytest.approx(unsure["estimate"].to_list())
    assert ((unsure["se"] / unsure["estimate"])**2).iloc[:3].to_list() == pytest.approx(
        ((sure["se"] / sure["estimate"])**2 + (answer["se"] / answer["estimate"])**2).iloc[:3].to_list())
    margin = pd.Series({"estimate": .4, "se": .02})
    assert ((found.value(1, margin=margin)["se"] / found.value(1, margin=.4)["estimate"])**2).iloc[0] == pytest.approx(
        (sure["se"] / sure["estimate"]).iloc[0]**2 + .05**2)


def test_value_falls_with_the_discount_and_grows_with_the_horizon():
    found = fitted(made())
    by_discount = [found.value(1, discount=rate)["estimate"] for rate in (0.0, .05, .2)]
    assert (by_discount[0] > by_discount[1]).all() and (by_discount[1] > by_discount[2]).all()
    by_horizon = [found.value(1, horizon=f"{years} years")["estimate"] for years in (1, 3, 30)]
    assert (by_horizon[0] < by_horizon[1]).all() and (by_horizon[2] <= found.value(1)["estimate"]).all()


def test_the_planted_truth_of_the_sample_company():
    plans = el.example("subscriptions").merge(el.example("customers")[["user_id", "channel"]], on="user_id")
    home = plans[plans["plan"].isin(["light", "standard"])]
    found = leavers(home, opened="opened_at", closed="closed_at", by="channel", since="2025-04-01",
                    until="2026-10-01", tz="Asia/Tokyo")
    everyone = found.frame.drop_duplicates("metric", keep="last").set_index("metric")
    truth = {"share_quick": .40, "churn_quick": .20, "churn_slow": .04, "mean_life": 17.0}
    for metric, value in truth.items():
        assert everyone.loc[metric, "low"] < value < everyone.loc[metric, "high"], metric
    assert everyone.loc["first_period_churn", "estimate"] == pytest.approx(.104, abs=.0005)
    assert everyone.loc["naive_mean_life", "estimate"] == pytest.approx(9.7, abs=.05)
    shares = {"store": .22, "search": .33, "social": .96, "referral": .02, "campaign": .59}
    for channel, share in shares.items():
        quick, life = rows_of(found, "share_quick").loc[channel], rows_of(found, "mean_life").loc[channel]
        assert quick["low"] < share < quick["high"], channel
        assert life["low"] < life_of(share, .2, .04) < life["high"], channel


@pytest.mark.slow
def test_intervals_cover_the_truth_in_95_of_100_tables():
    hits = {metric: [] for metric in ("share_quick", "churn_quick", "churn_slow", "mean_life")}
    for seed in range(400):
        found = fitted(made(n=4000, seed=1000 + seed))
        assert found.kinds == 2
        truth = {"churn_quick": {"(all)": .25}, "churn_slow": {"(all)": .04}, "share_quick": SHARES,
                 "mean_life": {name: life_of(share) for name, share in SHARES.items()}}
        for metric, values in truth.items():
            rows = rows_of(found, metric)
            hits[metric] += [rows.loc[name, "low"] <= value <= rows.loc[name, "high"] for name, value in values.items()]
    assert all(.93 <= np.mean(held) <= .97 for held in hits.values()), {name: np.mean(x) for name, x in hits.items()}


@pytest.mark.slow
def test_one_kind_is_hardly_ever_taken_for_two():
    assert sum(fitted(made(n=2000, seed=seed, quick=.08, slow=.08)).kinds == 2 for seed in range(200)) <= 2


def test_it_speaks_both_languages_and_is_looked_at_as_a_table():
    table = made()
    with words.speaking("ja"):
        found = fitted(table)
        assert "早期離脱型" in repr(found) and "早期離脱型" in found.notes[0]
        found.value(100)
    found = fitted(table)
    assert "Share of quick leavers" in repr(found) and "Mean life (months)" in repr(found)
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize("change", [
    lambda table: (table.assign(closed=pd.Series([pd.NaT] * len(table), dtype="datetime64[us, UTC]")), {}),
    lambda table: (table.assign(closed=table["opened"] - pd.Timedelta(days=1)), {}),
    lambda table: (table.assign(opened=None), {}), (lambda table: (table.assign(opened="soon"), {})),
    lambda table: (table, {"every": "fortnight"}), lambda table: (table, {"by": "chanel"}),
    lambda table: (table, {"by": "time"}), lambda table: (table, {"since": "yesterday"}),
    lambda table: (table, {"tz": "Mars"}), lambda table: (table, {"since": "2026-02-01"}),
    lambda table: (table.head(0), {}), lambda table: (table, {"confidence": 95}),
    lambda table: (table.assign(channel="(all)"), {}),
    lambda table: (table.assign(channel=[f"c{i % 51}" for i in range(len(table))]), {})])
def test_what_cannot_be_fitted_is_refused(change):
    table, how = change(made(n=300))
    with pytest.raises(EngagelabError):
        fitted(table, **how)


@pytest.mark.parametrize("how", [
    {"amount": {"ads": 100}}, {"amount": 0}, {"amount": "100"}, {"amount": 100, "margin": None},
    {"amount": 100, "margin": -.4}, {"amount": 100, "discount": -1},
    {"amount": 100, "paid": "late"}, {"amount": 100, "horizon": "45 days"},
    {"amount": pd.DataFrame({"channel": ["ads"], "estimate": [1.0]})},
    {"amount": pd.DataFrame({"channel": ["ads", "ads", "shop", "friends"], "estimate": 1.0, "se": 0.0})}])
def test_a_value_of_nothing_is_refused(how):
    with pytest.raises(EngagelabError):
        fitted(made(n=600)).value(**how)
