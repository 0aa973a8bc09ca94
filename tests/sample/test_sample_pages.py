"""Shared pages and other contacts of leads: before the decision all but the visits."""

import pytest

from engagelab.sample import plan
from engagelab.sample.leads import leads
from engagelab.sample.pages import PRICE_LIST, lead_events


@pytest.fixture(scope="module")
def made():
    found = leads(8_000, 5)
    views, clicks, seminars, visits = lead_events(found, 5)
    return found, {"views": views, "clicks": clicks, "seminars": seminars, "visits": visits}


def test_a_lead_has_the_drawn_number_of_views_and_their_mean_time(made):
    found, tables = made
    by_user = tables["views"].groupby("user_id")["seconds"]
    assert (by_user.size().loc[found.user_id].to_numpy() == found.views).all()
    assert (by_user.sum().loc[found.user_id].to_numpy() == found.views * found.seconds).all()
    assert (tables["views"]["seconds"] > 0).all()
    assert tables["views"]["seconds"].std() > 10


def test_the_price_list_is_seen_once_by_those_who_see_it(made):
    found, tables = made
    seen = tables["views"].query("content_id == @PRICE_LIST")["user_id"]
    assert PRICE_LIST == "price_list"
    assert seen.is_unique
    assert set(seen) == set(found.user_id[found.price_page])


def test_nothing_but_visits_happens_after_the_decision_or_before_the_lead_is_there(made):
    found, tables = made
    place = {user: number for number, user in enumerate(found.user_id)}
    for name in ("views", "clicks", "seminars"):
        row = tables[name]["user_id"].map(place).to_numpy()
        when = tables[name]["occurred"].to_numpy()
        assert (when >= found.created[row]).all()
        assert (when < found.until[row]).all()


def test_visits_are_booked_after_the_deal_is_won_and_before_it_by_as_many_of_both(made):
    found, tables = made
    visits = tables["visits"].set_index("user_id")["occurred"]
    decided = {user: when for user, when in zip(found.user_id, found.decided, strict=True) if when == when}
    won = dict(zip(found.user_id, found.won, strict=True))
    early = {user for user, when in visits.items() if when < decided[user]}
    assert all(won[user] for user in set(visits.index) - early)
    for flag in (True, False):
        group = [user for user in decided if won[user] == flag]
        assert sum(user in early for user in group) / len(group) == pytest.approx(plan.VISIT["lost"], abs=.02)
    winners = [user for user in decided if won[user]]
    assert sum(user in visits.index for user in winners) / len(winners) == pytest.approx(plan.VISIT["won"], abs=.02)


def test_events_of_leads_name_the_account_of_the_lead(company):
    account = company["customers"].set_index("user_id")["account_id"]
    events = company["events"].dropna(subset=["account_id"])
    assert set(events["event"]) == {"document_view", "mail_click", "seminar_attended", "visit_booked"}
    assert (account.loc[events["user_id"]].to_numpy() == events["account_id"].to_numpy()).all()
    assert (events["seconds"].notna() == (events["event"] == "document_view")).all()
