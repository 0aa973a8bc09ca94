"""What an answer draws of itself: the picture of its own table, in its own unit and under its own title."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import plots
from engagelab.kpi.tree import Tree
from engagelab.kpi.watch import watch
from engagelab.ltv.leavers import leavers
from engagelab.roi.portfolio import portfolio
from engagelab.segments.cluster import cluster
from engagelab.segments.flow import flow
from engagelab.segments.leads import leads
from engagelab.segments.rfm import rfm
from engagelab.segments.score import score
from engagelab.surveys.drivers import drivers
from engagelab.surveys.terms import terms

mpl.use("Agg")
DRAW = np.random.RandomState(1)
PROFIT = Tree("profit = value - cost [JPY]  # Profit | 利益\nvalue [JPY]\ncost [JPY]")
AMOUNTS = {"value": (900.0, 50.0), "cost": (600.0, 20.0)}


def seen(ax):
    """What the eye gets of a picture: its texts, and where its bars, lines and points are."""
    axes = [ax, *ax.child_axes]
    return ([text.get_text() for one in axes for text in one.findobj(mpl.text.Text)],
            [patch.get_path().get_extents(patch.get_transform()).bounds for one in axes for patch in one.patches],
            [str(line.get_xydata()) for one in axes for line in one.lines])


def made(name):
    if name in ("tornado", "simulated"):
        found = PROFIT.tornado(AMOUNTS) if name == "tornado" else PROFIT.simulate(AMOUNTS, draws=500)
        return found, (plots.tornado(found.frame, now=300.0, unit="JPY", title="What Profit hangs on")
                       if name == "tornado" else plots.simulated(found.draws["profit"], unit="JPY", title="Profit"))
    if name == "watch":
        found = watch(pd.DataFrame({"metric": "churn", "month": [f"2026-{month:02d}" for month in range(1, 13)],
                                    "estimate": [.03, .032, .031] * 3 + [.03, .031, .039]}))
        return found, plots.watch(found.series)
    if name == "leavers":
        months = DRAW.geometric(np.where(DRAW.rand(400) < .4, .3, .03))
        opened = pd.Timestamp("2022-01-01", tz="UTC") + pd.to_timedelta(DRAW.randint(0, 1000, 400), unit="D")
        closed = (opened.tz_localize(None).to_period("M") + months).to_timestamp().tz_localize("UTC")
        found = leavers(pd.DataFrame({"opened": opened, "closed": closed}), opened="opened", closed="closed",
                        until="2025-01-01")
        return found, plots.leavers(found.curve, every="month")
    if name == "portfolio":
        found = portfolio(pd.DataFrame({"campaign": ["mail", "shop"], "cost": [300, 700], "net_value": [120, 250],
                                        "se": [40, 160]}), budget=700, unit="JPY")
        return found, plots.portfolio(found.frame, unit="JPY")
    if name == "flow":
        found = flow(pd.DataFrame({"who": list("abcd"), "state": ["new", "new", "active", "active"]}),
                     pd.DataFrame({"who": list("abce"), "state": ["active", "dormant", "active", "new"]}),
                     user="who", state="state")
        return found, plots.flow(found.frame)
    if name == "rfm":
        found = rfm(pd.DataFrame({"who": list("aaabbc"), "total": [30.0, 20, 50, 20, 10, 5], "at": pd.to_datetime(
            ["2026-04-01", "2026-05-01", "2026-06-29", "2026-04-02", "2026-04-20", "2026-06-28"], utc=True)}),
            user="who", time="at", amount="total", bins=3, until="2026-07-01")
        return found, plots.rfm_map(found.map)
    if name == "clusters":
        centre = np.repeat([[2, 20], [9, 90]], 40, axis=0)
        found = cluster(pd.DataFrame(centre + DRAW.normal(0, 1, (80, 2)), columns=["orders", "age"]),
                        ["orders", "age"], stability=10)
        return found, plots.clusters(found.profile)
    if name == "terms":
        found = terms(pd.DataFrame({"comment": ["給料が低い"] * 9 + ["The team is great"] * 12,
                                    "team": ["a"] * 10 + ["b"] * 11}), "comment", by="team")
        return found, plots.themes(found.frame[found.frame["team"] == "(all)"])
    people = pd.DataFrame({"user_id": range(400), "views": DRAW.poisson(3, 400), "age": DRAW.normal(40, 9, 400)})
    people["won"] = (DRAW.uniform(size=400) < 1 / (1 + np.exp(2 - people["views"] / 2))).astype(float)
    if name == "drivers":
        found = drivers(people, "won", ["views", "age"], draws=100)
        return found, plots.drivers(found.frame)
    found = leads(people, outcome="won", signals=["views"]) if name == "leads" else score(people, ["views"],
                                                                                           outcome="won")
    return found, plots.calibration(found.bins)


@pytest.mark.parametrize("name", ["tornado", "simulated", "watch", "leavers", "portfolio", "flow", "rfm", "clusters",
                                  "terms", "drivers", "leads", "score"])
def test_an_answer_draws_its_own_table(name):
    found, expected = made(name)
    drawn = found.plot()
    assert drawn is not expected and seen(drawn) == seen(expected) and any(seen(drawn)[0])
