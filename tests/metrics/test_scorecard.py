"""A target is reached or missed only where the whole interval says so, and on the side that is better."""

import pandas as pd
import pytest

from engagelab.errors import NoColumn
from engagelab.metrics.scorecard import scorecard


def estimates(**rows):
    return pd.DataFrame([{"metric": name, "estimate": (low + high) / 2, "low": low, "high": high, "n": 100,
                          "method": "m", "flag": ""} for name, (low, high) in rows.items()])


def targets(**rows):
    return pd.DataFrame([{"metric": name, "period": None, "target": value, "kind": "own", "source": "plan"}
                         for name, value in rows.items()])


@pytest.mark.parametrize(("metric", "interval", "position", "verdict"), [
    ("nps", (26, 30), "above", "reached"), ("nps", (20, 24), "below", "missed"),
    ("nps", (20, 30), "unclear", "unclear"), ("nps", (25, 30), "above", "reached"),
    ("churn", (26, 30), "above", "missed"), ("churn", (20, 24), "below", "reached"),
    ("churn", (20, 26), "unclear", "unclear"),
    ("nps", (20, 25), "unclear", "unclear"), ("churn", (25, 30), "unclear", "unclear"),
    ("churn", (20, 25), "below", "reached"), ("nps", (float("nan"), float("nan")), "", "")])
def test_the_verdict_follows_the_interval_and_the_direction_of_the_catalogue(metric, interval, position, verdict):
    row = scorecard(estimates(**{metric: interval}), targets(**{metric: 25.0})).iloc[0]
    assert (row["position"], row["verdict"]) == (position, verdict)


def test_at_the_end_of_the_scale_an_interval_that_holds_the_target_has_not_missed_it():
    table = scorecard(estimates(churn=(0, .004), csat=(.99, 1)), targets(churn=0.0, csat=1.0))
    assert table["verdict"].tolist() == table["position"].tolist() == ["unclear", "unclear"]


def test_a_target_of_the_period_goes_before_one_of_any_period():
    both = pd.concat([targets(nps=10.0), targets(nps=25.0).assign(period="2026Q3"),
                      targets(nps=99.0).assign(period="2026Q4")])
    assert scorecard(estimates(nps=(26, 30)), both, period="2026Q3")["target"].tolist() == [25.0]
    assert scorecard(estimates(nps=(26, 30)), both, period="2026Q1")["target"].tolist() == [10.0]
    assert scorecard(estimates(nps=(26, 30)), both, period=("FY2026Q2", "2026Q3"))["target"].tolist() == [25.0]


def test_keys_choose_and_order_what_was_measured_and_has_a_target():
    table = scorecard(estimates(csat=(.7, .8), nps=(26, 30), ces=(.5, .6)), targets(nps=25.0, csat=.6, churn=.03),
                      keys=["nps", "churn", "ces", "csat"])
    assert table["metric"].tolist() == ["nps", "csat"]


def test_without_a_target_there_is_no_verdict():
    table = scorecard(estimates(ces=(.5, .6)), targets(nps=25.0))
    assert table["verdict"].tolist() == [""]


def test_targets_without_a_target_are_refused():
    with pytest.raises(NoColumn, match="targets has no column 'target'"):
        scorecard(estimates(nps=(1, 2)), pd.DataFrame({"metric": ["nps"]}))
