"""Tables are shown rounded and whole: units, intervals, methods, flags; and hostile names as text."""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.notebook.cards import cards
from engagelab.notebook.tables import show

FRAME = pd.DataFrame({"metric": ["csat", "nps"], "segment": ["<b>a</b>", "b"], "estimate": [.5, np.nan],
                      "low": [.4, np.nan], "high": [.6, np.nan], "se": .05, "count": np.nan, "n": [10, 3],
                      "n_eff": [10.0, 3.0], "n_missing": [0, 2], "method": "Wilson", "flag": ["", "hidden"]})


def test_a_table_shows_its_interval_its_flags_and_its_method_and_keeps_its_numbers():
    made = show(FRAME, {"csat": "share", "nps": "points"})
    lines = repr(made).splitlines()
    assert lines[0].split() == ["metric", "segment", "estimate", "95%", "interval", "n", "missing", "note"]
    assert "50.0%" in lines[1]
    assert "40.0% to 60.0%" in lines[1]
    assert lines[2].count("–") == 2
    assert lines[2].endswith("hidden")
    assert lines[3] == "Method: Wilson"
    assert made.frame is FRAME


def test_hostile_names_are_text_in_html():
    page = show(FRAME)._repr_html_()
    assert "<b>a" not in page
    assert "&lt;b&gt;a" in page
    assert page.count("<tr>") == 3


def test_a_change_of_shares_is_shown_in_percentage_points():
    frame = pd.DataFrame({"metric": ["csat"], "before": [.5], "after": [.6], "difference": [.1], "low": [.05],
                          "high": [.15], "n_before": [100], "n_after": [90], "method": ["m"], "flag": [""]})
    assert "+10.0 pp +5.0 pp to +15.0 pp" in repr(show(frame, "share"))


def test_a_scorecard_says_its_verdicts_in_words_and_draws_a_bullet_a_row():
    frame = pd.DataFrame({"metric": ["churn", "csat"], "estimate": [.03, .5], "low": [.02, .4], "high": [.04, .6],
                          "n": [100, 50], "target": [.05, np.nan], "kind": ["own", None], "source": ["<plan>", None],
                          "position": ["below", ""], "verdict": ["reached", ""], "method": "m", "flag": ""})
    made = cards(frame, {"churn": "share", "csat": "share"})
    page = made._repr_html_()
    assert "below target: reached" in page
    assert words.text("scorecard.no_target") in page
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "&lt;plan&gt;" in page
    assert repr(made).splitlines()[0] == "Churn: 3.0% (2.0% to 4.0%), n = 100; target 5.0%; below target: reached"
