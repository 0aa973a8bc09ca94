"""The log as a whole: in order, of known names, within the days of the data, and small enough."""

import numpy as np

from engagelab.sample.dates import END
from engagelab.sample.events import COLUMNS, events
from engagelab.sample.leads import leads
from engagelab.sample.lives import lives
from engagelab.sample.people import people
from engagelab.sample.text_files import canonical_file

NAMES = {"sign_up", "app_open", "push_sent", "push_opened", "community_read", "community_answer", "community_post",
         "tour_started", "tour_step", "tour_completed", "session_start", "product_view", "cart_add", "offer_click",
         "document_view", "mail_click", "seminar_attended", "visit_booked"}


def test_the_log_is_in_order_and_numbered_in_it(company):
    log = company["events"]
    assert log["occurred_at"].is_monotonic_increasing
    assert log["event_id"].is_unique
    assert log["event_id"].str.len().max() == 7
    assert log["event_id"].is_monotonic_increasing
    assert list(log.columns) == ["event_id", *COLUMNS]


def test_events_have_names_of_words_and_lines_below_and_a_platform(company):
    assert set(company["events"]["event"]) == NAMES
    assert set(company["events"]["platform"]) == {"app", "web"}


def test_nothing_happens_after_the_last_minute_at_any_seed():
    for seed in range(6):
        everyone = people(seed, 400)
        log = events(everyone, lives(everyone, seed), leads(400, seed), seed)
        assert log["occurred_at"].max().tz_convert("Asia/Tokyo").tz_localize(None) <= END
        assert len(np.unique(log["event"])) == len(NAMES)


def test_the_log_is_small_enough_for_a_repository(company):
    assert len(canonical_file(company["events"], "events").content) < 8_000_000
