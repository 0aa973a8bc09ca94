"""The catalogue is whole, and agrees with the tables and definitions."""

from engagelab import tables
from engagelab.metrics.catalogue import catalogue
from engagelab.metrics.social import definitions

WANTED = {
    "nps", "enps", "csat", "ces", "response_rate", "delivery_rate", "open_rate", "human_open_rate",
    "click_rate", "click_to_open_rate", "unsubscribe_rate", "complaint_rate", "churn", "arpu", "ltv",
    "review_count", "mean_stars", "good_review_share", "first_reply_median", "resolve_median",
    "full_price_share", "repeat_rate"
}


def test_every_metric_stands_once_and_nothing_is_blank():
    table = catalogue()
    assert list(table) == ["key", "name", "name_ja", "formula", "unit", "better", "table", "source"]
    assert table["key"].is_unique
    assert (table != "").all(axis=None)
    assert set(table["key"]) >= WANTED | {f"engagement_rate_{platform}" for platform in definitions()}


def test_directions_units_and_tables_are_known():
    table = catalogue()
    assert set(table["better"]) == {"higher", "lower"}
    assert set(table["unit"]) == {"points", "share", "amount", "count", "stars", "minutes"}
    assert set(table["table"]) <= set(tables.tables())


def test_the_formula_of_an_engagement_rate_is_its_definition():
    formulas = catalogue().set_index("key")["formula"]
    for platform, definition in definitions().items():
        assert formulas[f"engagement_rate_{platform}"] == f"({' + '.join(definition.actions)}) / {definition.shown_to}"
