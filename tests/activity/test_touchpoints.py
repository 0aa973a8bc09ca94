"""Contact points against a count over sets, Wilson's interval from statsmodels and scipy's t; nothing unknown is 0."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from engagelab import words
from engagelab.activity import touchpoints
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.nouns import csat

POINTS = pd.DataFrame({
    "touchpoint": ["T1", "T2", "T3", "T4", "T5"], "name": ["Search ad", "Journal", "Poster", "Help desk", "Shop"],
    "phase": ["awareness", "interest", "awareness", "customer", "trust"],
    "channel": ["search", "web", "out_of_home", "support", "store"], "online": [True, True, False, True, False],
    "event": ["visit", "visit", None, None, "tasting"], "cost": [300.0, 90.0, 500.0, None, 60.0], "currency": "EUR"})


def times(*values):
    return pd.to_datetime(list(values), utc=True, format="ISO8601")


EVENTS = pd.DataFrame({
    "user_id": ["a", "a", "b", "c", None, "d", "a"], "event": ["visit"] * 5 + ["tasting", "tasting"],
    "medium": ["search", "web", "search", None, "web", None, None],
    "occurred_at": times("2026-04-01", "2026-04-09", "2026-05-01", "2026-05-02", "2026-05-03", "2026-05-30",
                         "2026-05-31")})
ANSWERS = pd.DataFrame({
    "respondent_id": [f"r{i}" for i in range(16)], "user_id": [f"u{i}" for i in range(16)],
    "kind": ["csat"] * 15 + ["nps"], "score": [5.0] * 6 + [1.0] * 4 + [4.0] * 4 + [2.0, 10.0], "channel": "store",
    "touchpoint": ["support"] * 10 + ["T5"] * 4 + ["delivery", "support"],
    "answered_at": times("2026-04-10").repeat(16)})
TICKETS = pd.DataFrame({
    "ticket_id": [str(i) for i in range(8)], "user_id": [*"abcdef", "a", None],
    "created_at": times("2026-04-01", "2026-04-02", "2026-04-03", "2026-05-04", "2026-05-05", "2026-05-06",
                        "2026-05-07", "2026-05-31"),
    "channel": ["Mail", "Chat"] * 4, "csat": ["good", "bad", "offered", "good", "good", "bad", "good", None],
    "first_reply_minutes": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, None, None]})


def made(**more):
    return touchpoints(POINTS, EVENTS, ANSWERS, TICKETS, **{"since": "2026-04-01", "until": "2026-06-01"} | more)


def row(result, metric, point):
    rows = result.estimates[(result.estimates["metric"] == metric) & (result.estimates["touchpoint"] == point)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_points_with_one_event_are_told_apart_by_their_channel():
    result = made()
    search, web = row(result, "reach", "T1"), row(result, "reach", "T2")
    assert (search["estimate"], web["estimate"], web["n_missing"]) == (2, 1, 1)
    assert search["flag"] == web["flag"] == ""
    assert row(result, "contacts_per_person", "T1")["estimate"] == 1


def test_points_that_claim_the_same_events_are_flagged_until_the_caller_tells_them_apart():
    plain = touchpoints(POINTS, EVENTS.drop(columns="medium"))
    assert row(plain, "reach", "T1")["flag"] == "shares events or answers with T2"
    assert plain.frame.sort_values("touchpoint")["flag"].tolist() == [
        "shares events or answers with T2", "shares events or answers with T1", "", "", ""]
    one_only = touchpoints(POINTS.replace("web", "none"), EVENTS)    # T2 would still count what T1 brought
    assert row(one_only, "reach", "T1")["flag"]
    told = touchpoints(POINTS, EVENTS.assign(page=["/", "/j", "/", "/j", "/j", None, None]),
                       match={"T1": {"events.page": "/"}, "T2": {"events.page": ["/j"]}})
    assert row(told, "reach", "T2")[["estimate", "flag"]].tolist() == [2, ""]


def test_what_nothing_records_is_unknown_and_not_nought():
    frame = made().frame.set_index("touchpoint")
    assert frame.loc["T3", ["reach", "monthly_reach", "satisfaction", "cost_per_person", "disappointed"]].isna().all()
    assert np.isnan(frame.loc["T4", "cost_per_person"]) and frame.loc["T4", "reach"] == 6
    never = touchpoints(POINTS, EVENTS, since="2026-04-01", until="2026-05-01")
    assert row(never, "reach", "T5")["estimate"] == 0        # its event is recorded, and did not happen
    assert np.isnan(row(never, "cost_per_person", "T5")["estimate"])


def test_people_a_month_are_the_mean_of_the_whole_months():
    assert row(made(), "monthly_reach", "T1")[["estimate", "n"]].tolist() == [1, 2]
    assert row(made(), "monthly_reach", "T5")["estimate"] == 1        # none in April, two in May
    assert row(made(since="2026-03-01"), "monthly_reach", "T1")["estimate"] == pytest.approx(2 / 3)
    assert row(made(until="2026-05-20"), "monthly_reach", "T1")["estimate"] == 1
    assert row(made(), "cost_per_person", "T1")["estimate"] == 300
    short = made(since="2026-05-02", until="2026-05-20")
    assert short.frame["monthly_reach"].isna().all()
    assert row(short, "monthly_reach", "T1")["flag"] == "no whole month was observed"


def test_the_share_reached_and_the_contacts_a_person_come_with_their_intervals():
    many = pd.DataFrame({"user_id": [f"u{i % 40}" for i in range(100)] + [f"v{i}" for i in range(23)],
                         "event": ["tasting"] * 100 + ["visit"] * 23, "medium": "web",
                         "occurred_at": times("2026-04-10").repeat(123)})
    result = touchpoints(POINTS, many)
    share = row(result, "reach_share", "T5")
    assert (share["low"], share["high"]) == pytest.approx(proportion_confint(40, 63, method="wilson"))
    often = row(result, "contacts_per_person", "T5")
    counts = [3] * 20 + [2] * 20
    ends = stats.t.interval(.95, 39, np.mean(counts), stats.sem(counts))
    assert (often["estimate"], often["low"], often["high"]) == pytest.approx((2.5, *ends))


def test_answers_belong_to_the_contact_they_are_about_and_not_to_the_channel_they_came_by():
    result = made()
    desk = row(result, "csat", "T4")
    assert (desk["count"], desk["n"]) == (6, 10)
    assert (desk["low"], desk["high"]) == pytest.approx(proportion_confint(6, 10, method="wilson"))
    hidden = row(result, "csat", "T5")
    assert np.isnan(hidden["estimate"]) and hidden["flag"] == "hidden: fewer than 5 respondents"
    assert "1 answers on satisfaction are about delivery, which is no contact point" in result.notes[-1]
    moved = made(match={"T5": {"answers.touchpoint": ["T5", "delivery"]}})
    assert row(moved, "csat", "T5")["n"] == 5
    assert not any("delivery" in note for note in moved.notes)
    one = made(satisfaction=csat("score", top=1))
    assert row(one, "csat", "T4")["count"] == 6


def test_tickets_tell_whom_support_reached_how_content_they_were_and_how_long_they_waited():
    result = made()
    assert row(result, "reach", "T4")[["estimate", "n_missing"]].tolist() == [6, 1]
    good = row(result, "ticket_csat", "T4")
    assert (good["count"], good["n"], good["n_missing"]) == (4, 6, 2)
    wait = row(result, "first_reply", "T4")
    assert (wait["estimate"], wait["count"], wait["n"]) == (40, 6, 8)  # two wait still: half are answered by 40 minutes
    chat = made(match={"T4": {"tickets.channel": "Chat"}})
    assert row(chat, "reach", "T4")["estimate"] == 3
    few = made(until="2026-05-06")                                     # the end is not part of the window
    assert row(few, "reach", "T4")["estimate"] == 5
    assert row(few, "ticket_csat", "T4")["flag"] == "hidden: fewer than 5 respondents"
    solved = touchpoints(POINTS, tickets=TICKETS.assign(resolution_minutes=15.0))
    assert row(solved, "first_reply", "T4")["estimate"] == 40
    late = TICKETS.assign(resolution_minutes=15.0, first_reply_minutes=[5.0, 50.0, 70.0, *[None] * 5])
    assert row(touchpoints(POINTS, tickets=late), "first_reply", "T4")["estimate"] == 50


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_a_reply_after_the_end_is_not_given_yet_and_the_end_is_of_the_zone(zone):
    ends = pd.Timestamp("2026-04-02", tz=zone or "UTC")
    opened = ends.tz_convert("UTC") - pd.Timedelta(hours=1)
    tickets = pd.DataFrame({"user_id": list("abcdefgh"), "created_at": [opened] * 8,
                            "first_reply_minutes": [10.0, 20.0, 30.0, 70.0, 80.0, 90.0, None, None],
                            "resolution_minutes": [500.0] * 6 + [40.0, 600.0]})
    wait = row(touchpoints(POINTS, tickets=tickets, until="2026-04-02", tz=zone), "first_reply", "T4")
    assert (wait["count"], wait["n"]) == (3, 8)
    assert np.isnan(wait["estimate"])      # fewer than half were answered within the hour that was observed
    wait = row(touchpoints(POINTS, tickets=tickets, until="2026-04-03", tz=zone), "first_reply", "T4")
    assert (wait["count"], wait["estimate"]) == (6, 70)


def test_without_a_ticket_in_the_window_the_rest_is_told_and_that_is_said():
    for tickets in (TICKETS, TICKETS.head(0), TICKETS.assign(created_at=pd.NaT)):
        result = touchpoints(POINTS, EVENTS, ANSWERS, tickets, since="2026-04-01", until="2026-06-01") if len(
            tickets) == 0 or tickets["created_at"].isna().all() else touchpoints(
            POINTS, EVENTS.assign(occurred_at=EVENTS["occurred_at"] - pd.Timedelta(days=365)), None, tickets,
            since="2025-04-01", until="2025-06-01")
        assert row(result, "reach", "T1")["estimate"] == 2
        assert set(result.estimates["metric"]).isdisjoint({"ticket_csat", "first_reply"})
        assert any(note.startswith("no ticket was opened in the observed time") for note in result.notes)


def test_what_the_tickets_have_to_say_is_among_the_notes():
    result = touchpoints(POINTS, tickets=TICKETS)
    assert "1 rows without 'user_id' were left out: they belong to no known user" in result.notes
    assert any("from the first day in the log to its newest stamp" in note for note in result.notes)


def test_several_answers_of_one_person_are_said_to_be_counted_as_independent():
    said = "several answers of one person are counted"
    assert any(note.startswith(said) for note in made().notes)            # a has rated two tickets
    once = touchpoints(POINTS, tickets=TICKETS.head(6)).notes
    assert not any(note.startswith(said) for note in once)
    twice = pd.concat([ANSWERS, ANSWERS.head(1)], ignore_index=True)
    assert any(note.startswith(said) for note in touchpoints(POINTS, answers=twice).notes)


def test_people_disappointed_are_people_reached_times_the_share_not_satisfied():
    result = made()
    desk, said = row(result, "disappointed", "T4"), row(result, "csat", "T4")
    people = row(result, "monthly_reach", "T4")["estimate"]
    assert people == 3.5
    assert (desk["estimate"], desk["low"], desk["high"]) == pytest.approx(
        (people * .4, people * (1 - said["high"]), people * (1 - said["low"])))
    assert result.priority["touchpoint"].tolist() == ["T4"]
    assert result.advice.startswith("Help desk disappoints about 1 people a month") and "4 of 5" in result.advice


@pytest.mark.parametrize(("second", "said"), [(5, "Look first at Shop"), (60, "cannot be told apart from Help desk")])
def test_the_advice_names_one_contact_or_two_that_cannot_be_told_apart(second, said):
    n = 200
    events = pd.DataFrame({"user_id": [f"u{i}" for i in range(n)], "event": "tasting",
                           "occurred_at": times("2026-04-10").repeat(n)})
    tickets = pd.DataFrame({"user_id": [f"u{i}" for i in range(n)], "created_at": times("2026-04-10").repeat(n),
                            "csat": ["bad"] * second + ["good"] * (n - second)})
    answers = pd.DataFrame({"respondent_id": range(n), "kind": "csat", "touchpoint": "store",
                            "score": [1.0] * 65 + [5.0] * (n - 65), "answered_at": times("2026-04-11").repeat(n)})
    points = POINTS.assign(event=[None, None, None, None, "tasting"])
    result = touchpoints(points, events, answers, tickets, since="2026-04-01", until="2026-05-01")
    assert result.priority["touchpoint"].tolist() == ["T5", "T4"]
    assert said in result.advice and "not what mending it would bring" in result.advice
    assert result.frame.set_index("touchpoint")["satisfaction"]["T4"] == 1 - second / n
    none = touchpoints(points, events)
    assert none.advice.startswith("No contact point has both")


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["visit", "tasting"]),
                          st.sampled_from(["search", "web", "x"]), st.integers(0, 2200)), max_size=30))
def test_reach_is_what_sets_count(rows):
    base = [("z", "visit", "search", 0), ("z", "visit", "web", 0), ("z", "tasting", "x", 0)]
    log = pd.DataFrame([*base, *rows], columns=["user_id", "event", "medium", "hours"])
    log["occurred_at"] = pd.Timestamp("2026-02-28 15:00", tz="UTC") + pd.to_timedelta(log["hours"], unit="h")
    result = touchpoints(POINTS, log, since="2026-03-01", until="2026-06-01", tz="Asia/Tokyo")
    local = log.assign(month=log["occurred_at"].dt.tz_convert("Asia/Tokyo").dt.month)
    for point, here in (("T1", local.query("event == 'visit' and medium == 'search'")),
                        ("T5", local.query("event == 'tasting'"))):
        assert row(result, "reach", point)["estimate"] == here["user_id"].nunique()
        assert row(result, "contacts_per_person", point)["estimate"] == pytest.approx(
            len(here) / here["user_id"].nunique())
        assert row(result, "monthly_reach", point)["estimate"] == pytest.approx(
            here.groupby("month")["user_id"].nunique().sum() / 3)


def test_phases_stand_in_the_order_that_is_told():
    assert touchpoints(POINTS).frame["touchpoint"].tolist() == ["T1", "T3", "T2", "T4", "T5"]
    order = ["awareness", "interest", "trust", "customer", "advocate"]
    assert touchpoints(POINTS, phases=order).frame["phase"].tolist() == sorted(POINTS["phase"], key=order.index)
    with pytest.raises(UsageError, match="phase must be one of 'awareness', not 'interest'"):
        touchpoints(POINTS, phases=["awareness"])


def test_what_cannot_be_right_is_refused():
    with pytest.raises(DataError, match="'visit'; did you mean 'visits'"):
        touchpoints(POINTS, EVENTS.replace("visit", "visits"))
    with pytest.raises(DataError, match="the contact point 'T1' stands twice"):
        touchpoints(pd.concat([POINTS, POINTS.head(1)]))
    with pytest.raises(DataError, match="lacks 1 values"):
        touchpoints(POINTS.assign(touchpoint=[None, *"bcde"]))
    with pytest.raises(DataError, match="column 'cost' holds"):
        touchpoints(POINTS.assign(cost="many"))
    with pytest.raises(UsageError, match="online must be one of True, False, not 'yes'"):
        touchpoints(POINTS.assign(online="yes"))
    with pytest.raises(NoColumn, match="'touchpoint'"):
        touchpoints(POINTS.drop(columns="touchpoint"))
    with pytest.raises(UsageError, match="match must be one of"):
        made(match={"T9": {"events.medium": "web"}})
    for wrong in ({"medium": "web"}, {"event.medium": "web"}, {"events.medium": 3}, {"events.medium": []}):
        with pytest.raises(UsageError, match="match takes, for each contact point"):
            made(match={"T1": wrong})
    with pytest.raises(NoColumn, match=r"'medum'.*did you mean 'medium'"):
        made(match={"T1": {"events.medum": "web"}})
    with pytest.raises(DataError, match="not a whole number from 1 to 5"):
        touchpoints(POINTS, answers=ANSWERS.assign(score=9.0))
    with pytest.raises(UsageError, match=r"csat must be one of 'good', .* not 'Good'"):
        touchpoints(POINTS, tickets=TICKETS.assign(csat="Good"))
    with pytest.raises(UsageError, match="confidence must lie"):
        touchpoints(POINTS, confidence=95)


def test_hostile_names_do_no_harm():
    odd = "x'); DROP TABLE data; --"
    log = EVENTS.assign(event=EVENTS["event"].replace("tasting", odd), occurred_at=EVENTS["occurred_at"])
    result = touchpoints(POINTS.assign(event=POINTS["event"].replace("tasting", odd), name=odd), log)
    assert row(result, "reach", "T5")["estimate"] == 2
    html = touchpoints(POINTS.assign(name="<b>x</b>"), EVENTS, ANSWERS, TICKETS, since="2026-04-01",
                       until="2026-06-01")._repr_html_()
    assert "<b>x</b>" not in html and html.count("&lt;b&gt;") == 6      # five names, and one in the advice


def test_the_answer_has_the_usual_shape_and_reads_in_both_languages():
    estimates = made().estimates
    assert list(estimates) == ["metric", "touchpoint", "estimate", "low", "high", "se", "count", "n", "n_eff",
                               "n_missing", "method", "flag"]
    assert estimates.dtypes[["n", "n_missing"]].tolist() == ["Int64", "Int64"]
    assert touchpoints(POINTS).estimates.dtypes.tolist() == estimates.dtypes.tolist()
    assert "€300.00" in repr(made())
    with words.speaking("ja"):
        assert "月間接触人数" in repr(made()) and "サポート" not in made().advice


def test_in_the_sample_the_help_desk_is_the_contact_that_was_measured(company):
    result = touchpoints(company["touchpoints"], company["events"], company["surveys"], company["tickets"],
                         since="2025-04-01", until="2026-10-01", tz="Asia/Tokyo")
    assert result.priority["touchpoint"].tolist() == ["T14"]
    answers = company["surveys"].query("kind == 'csat' and touchpoint == 'support'")["score"].dropna()
    desk = row(result, "csat", "T14")
    assert (desk["count"], desk["n"]) == ((answers >= 4).sum(), len(answers))
    months = company["tickets"]["created_at"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m")
    each = company["tickets"].groupby(months)["user_id"].nunique()
    assert row(result, "monthly_reach", "T14")["estimate"] == pytest.approx(each.mean())
    assert row(result, "reach", "T01")["flag"] == "shares events or answers with T06"
