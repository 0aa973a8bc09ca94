"""Numbers are shown as a person would write them, in both languages."""

import pytest

from engagelab import words
from engagelab.display import heading, interval, metric_name, named, shown


@pytest.mark.parametrize(("value", "unit", "text"), [
    (0, "share", "0.0%"), (1, "share", "100.0%"), (.00004, "share", "0.0040%"), (.026, "share", "2.6%"),
    (0, "points", "+0.0"), (-100, "points", "−100.0"), (1234567, "count", "1,234,567"), (-5, "JPY", "−¥5"),
    (1234.5, "USD", "$1,234.50"), (10, "CHF", "CHF 10.00"), (119.4, "minutes", "119 min"), (120, "minutes", "2.0 h"),
    (2880, "minutes", "2.0 days"), (.0123, "number", "0.012"), (12.3456, "number", "12.35"), (None, "share", "–")])
def test_a_number_is_shown_in_its_unit(value, unit, text):
    assert shown(value, unit) == text


def test_a_sign_is_shown_where_it_matters():
    assert shown(.1, "share", signed=True) == "+10.0 pp"
    assert shown(-.1, "share", signed=True) == "−10.0 pp"
    assert shown(0, "share", signed=True) == "0.0 pp"
    assert shown(3, "points", signed=True) == "+3.0"


def test_units_speak_japanese():
    try:
        words.set_language("ja")
        assert shown(600, "minutes") == "10.0時間"
        assert interval(.1, .2, "share") == "10.0%～20.0%"
    finally:
        words.set_language("en")


def test_a_column_a_metric_and_a_value_of_any_name_is_shown():
    # They may be called as a word of ours that stands for a sentence: `method`, `event_of`, `end`.
    for name in {key.partition(".")[2] for key in words.catalogue()}:
        assert "{" not in heading(name) + metric_name(name) + named(name, "segment") + named(name, "status")
    assert heading("method") == "method" and heading("event_of") == "of (events)"
