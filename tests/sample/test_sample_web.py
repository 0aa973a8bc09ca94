"""Web sessions with their sources, what follows within them, and clicks on offers by the planned groups."""

import numpy as np
import pytest

from engagelab.sample import plan
from engagelab.sample.dates import MONTHS, month_of
from engagelab.sample.hunters import hunters
from engagelab.sample.people import people
from engagelab.sample.web import SOURCES, web_events


def test_a_session_starts_once_with_a_source_and_its_other_events_follow_within_it(company):
    events = company["events"].dropna(subset=["session_id"])
    starts = events.query("event == 'session_start'").set_index("session_id")
    assert starts.index.is_unique
    assert starts[["source", "medium", "page"]].notna().all().all()
    later = events.query("event != 'session_start'")
    assert set(later["event"]) == {"product_view", "cart_add"}
    first = starts.loc[later["session_id"]]
    assert (first["user_id"].to_numpy() == later["user_id"].to_numpy()).all()
    spent = later["occurred_at"].to_numpy() - first["occurred_at"].to_numpy()
    assert (spent > np.timedelta64(0, "s")).all()
    assert (spent <= np.timedelta64(1200, "s")).all()
    viewed = later.query("event == 'product_view'").set_index("session_id")["content_id"]
    added = later.query("event == 'cart_add'").set_index("session_id")["content_id"]
    assert (viewed.loc[added.index] == added).all()


def test_products_looked_at_are_those_of_the_shop(company):
    viewed = company["events"].query("event == 'product_view'")["content_id"]
    assert set(viewed) <= set(company["order_items"]["sku"])


def test_the_spring_campaign_is_named_from_its_first_month_on(company):
    starts = company["events"].query("event == 'session_start'")
    spring = starts[starts["campaign"] == "spring"]
    assert spring["occurred_at"].min().tz_convert("Asia/Tokyo").strftime("%Y-%m") == plan.CAMPAIGN
    assert (spring["medium"] == "cpc").all()
    share = starts["source"].value_counts(normalize=True)
    assert share["line"] == pytest.approx(dict((name, weight) for name, *_, weight in SOURCES)["line"], abs=.02)


def test_offers_are_clicked_at_the_planned_rate_of_each_group():
    everyone = people(5, 20_000)
    offers = web_events(everyone, 5)[-1]
    hunting = hunters(everyone, 5)
    clicks = offers["user_id"].value_counts().reindex(everyone.user_id, fill_value=0).to_numpy()
    months = np.clip(len(MONTHS) - 1 - month_of(everyone.joined), 0, len(MONTHS))
    groups = {name: (everyone.segment == name) & ~hunting for name in plan.SEGMENTS} | {"hunter": hunting}
    for name, here in groups.items():
        assert clicks[here].sum() / months[here].sum() == pytest.approx(plan.OFFER_CLICKS[name], rel=.15, abs=.001)


def test_nothing_happens_before_the_month_after_joining():
    everyone = people(3, 3_000)
    joined = dict(zip(everyone.user_id, month_of(everyone.joined), strict=True))
    for table in web_events(everyone, 3):
        assert (month_of(table["occurred"].to_numpy().astype("datetime64[s]"))
                > table["user_id"].map(joined).to_numpy()).all()
