"""The targets of the last quarter."""


def test_every_metric_of_the_scorecard_has_a_target_that_says_it_is_made_up(company):
    targets = company["targets"]
    assert set(targets["metric"]) == {
        "nps", "csat", "ces", "churn", "ltv", "click_rate", "human_open_rate", "engagement_rate_x",
        "first_reply_median", "full_price_share", "mean_stars"}
    assert set(targets["period"]) == {"2026Q3"}
    assert set(targets["kind"]) == {"own", "benchmark"}
    assert targets["source"].str.contains("made up").all()
