"""What belongs to a contact point, rule by rule."""

import pandas as pd

from engagelab.activity.contacts import answer_rules, cut, desk_rules, event_rules, matched
from engagelab.summaries.engine import source

POINTS = pd.DataFrame({"touchpoint": ["T1", "T2", "T3"], "name": ["Ad", "Journal", "Desk"],
                       "channel": ["search", "web", "support"], "event": ["visit", "visit", None]})
LOG = pd.DataFrame({"event": ["visit", "visit"], "medium": ["search", "web"], "campaign": ["web", None]})


def test_events_go_by_name_and_where_that_is_shared_by_channel():
    assert event_rules(POINTS, {}, source(LOG), "event") == {
        "T1": {"event": ["visit"], "medium": ["search"]}, "T2": {"event": ["visit"], "medium": ["web"]}}
    alone = POINTS.assign(event=["visit", None, None])
    assert event_rules(alone, {}, source(LOG), "event") == {"T1": {"event": ["visit"]}}


def test_what_the_caller_says_stands_above_the_rules():
    own = matched({"T1": {"events.campaign": "web", "tickets.channel": ["Mail"]}, "T3": {"events.medium": ["x", "y"]}},
                  POINTS, {"events": LOG})
    assert own == {"events": {"T1": {"campaign": ["web"]}, "T3": {"medium": ["x", "y"]}}, "answers": {}, "tickets": {}}
    rules = event_rules(POINTS, own["events"], source(LOG), "event")
    assert rules["T1"] == {"event": ["visit"], "campaign": ["web"]} and rules["T3"] == {"medium": ["x", "y"]}


def test_answers_go_by_what_they_are_about_and_tickets_to_support():
    answers = pd.DataFrame({"touchpoint": ["Journal", "support", None]})
    assert answer_rules(POINTS, {}, answers) == {"T2": {"touchpoint": ["Journal"]}, "T3": {"touchpoint": ["support"]}}
    assert desk_rules(POINTS, {}, "support") == {"T3": {}}
    assert desk_rules(POINTS, {"T2": {"channel": ["Chat"]}}, "support") == {"T2": {"channel": ["Chat"]}, "T3": {}}


def test_what_lies_outside_the_window_of_the_zone_is_counted():
    table = pd.DataFrame({"at": pd.to_datetime(["2026-03-31 14:59", "2026-03-31 15:00", "2026-04-30 15:00", None, None,
                                                "2026-05-02", "2026-05-03"], utc=True, format="mixed")})
    inside, notes = cut(table, "at", {"since": "2026-04-01", "until": "2026-05-01", "tz": "Asia/Tokyo"})
    assert inside.index.tolist() == [1]
    assert [note.split(" rows")[0] for note in notes] == ["2", "3", "1"]
    assert cut(table, "at", {"since": None, "until": None, "tz": None}) == (table, [])
