"""The table of touchpoints fits the log."""

from engagelab.sample.touchpoints import touchpoints


def test_events_of_touchpoints_are_in_the_log(company):
    assert set(touchpoints()["event"].dropna()) <= set(company["events"]["event"])


def test_every_phase_has_points_and_every_point_a_cost_and_an_owner():
    table = touchpoints()
    assert len(table) >= 14
    assert table["touchpoint"].is_unique
    assert (table["cost"] > 0).all()
    assert table[["name", "channel", "owner", "currency"]].ne("").all().all()
    assert {True, False} == set(table["online"])
