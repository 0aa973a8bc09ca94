import numpy as np
import pandas as pd
import pytest

from engagelab.experiments.compare import compare
from engagelab.experiments.guardrails import guardrails, with_guardrails
from engagelab.metrics.nouns import mean, rate, ratio


def mails(**columns):
    n = 400
    return pd.DataFrame({"arm": np.repeat(["A", "B"], n // 2), "clicked": np.arange(n) % 3 == 0, **columns})


def watched(data, metrics=None, **how):
    found = compare(data, metrics or {"clicks": rate("clicked")}, arm="arm", control="A", **how)
    return list(dict.fromkeys(found.frame["metric"])), found


def test_every_guardrail_has_a_margin_and_a_source():
    assert set(guardrails()) == {"unsubscribed", "complained", "blocked"}
    assert all(0 < margin < .01 for margin in guardrails().values())


@pytest.mark.parametrize("values", [0, False, 0.0, pd.array([0, None] * 200, dtype="Int64"),
                                    pd.array([False, None] * 200, dtype="boolean")])
def test_what_must_not_be_harmed_is_watched_unasked(values):
    names, found = watched(mails(unsubscribed=values))
    assert names == ["clicks", "unsubscribed"]
    assert "Watched without being asked for: 'unsubscribed' (guardrails)." in found.notes
    assert watched(mails(unsubscribed=values), guardrails=False)[0] == ["clicks"]


@pytest.mark.parametrize("metrics", [{"unsubscribed": mean("clicked")}, {"leavers": rate("unsubscribed")},
                                     {"leavers": ratio("unsubscribed", "sent")}])
def test_a_column_that_is_looked_at_is_not_watched_twice(metrics):
    data = mails(unsubscribed=np.arange(400) % 50 == 0, sent=1)
    assert watched(data, metrics)[0] == list(metrics)


@pytest.mark.parametrize("values", ["no", None, np.nan, 2, pd.Timestamp("2026-01-01")])
def test_a_column_that_cannot_be_watched_is_named_and_breaks_nothing(values):
    names, found = watched(mails(blocked=values, complained=0))
    assert names == ["clicks", "complained"]
    assert "Not watched (guardrails), as they hold no known values of 0 and 1 only: 'blocked'." in found.notes


def test_a_guardrail_that_one_arm_lacks_is_said_and_breaks_nothing():
    data = mails(complained=pd.array([False] * 200 + [None] * 200, dtype="boolean"))
    found = watched(data)[1]
    verdicts = found.frame.set_index("metric")["verdict"]
    assert verdicts["complained"] == "no_verdict" != verdicts["clicks"]
    assert any("complained" in note.lower() and "missing in arm 'B'" in note for note in found.notes)


def test_a_harm_is_worse_and_a_rate_within_its_margin_no_worse():
    n = 200_000
    arm = np.repeat(["A", "B"], n // 2)
    data = pd.DataFrame({"arm": arm, "clicked": np.arange(n) % 3 == 0, "complained": np.arange(n) % 5000 == 0,
                         "unsubscribed": (np.arange(n) % 100 < np.where(arm == "A", 1, 2))})
    verdicts = watched(data)[1].frame.set_index("metric")["verdict"]
    assert verdicts["unsubscribed"] == "worse" and verdicts["complained"] == "no_worse"


def test_a_table_without_such_columns_has_no_guardrails():
    assert with_guardrails(mails(), {"clicks": rate("clicked")}) == ({"clicks": rate("clicked")}, [])
