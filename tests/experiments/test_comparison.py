"""How a comparison looks and what it says, in both languages."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab import words
from engagelab.display import heading
from engagelab.experiments.compare import compare


def mails(n=600):
    random = np.random.RandomState(6)
    data = pd.DataFrame({"variant": np.repeat(["A", "<b>B</b>"], n), 
                         "opened": random.rand(2 * n) < np.repeat([.2, .3], n),
                         "change": np.r_[random.normal(-.2, 1, n), random.normal(.4, 1, n)], "flat": 1.0})
    return compare(data, {"open rate": el.rate("opened"), "change": el.mean("change"), "flat": el.mean("flat")},
                   arm="variant", control="A", units={"change": "points"})


def test_a_sentence_says_both_values_the_difference_its_interval_and_the_verdict():
    found = mails()
    row = found.frame.iloc[0]
    assert found.say()[0].startswith(f"open rate, <b>B</b> against A: {100 * row['value_arm']:.1f}% against")
    assert found.say()[0].endswith(": better")
    assert found.say()[2].endswith("1.00 against 1.00: cannot tell yet")


def test_a_stepwise_correction_is_said_with_its_p_beside_an_interval_of_one_comparison():
    random = np.random.RandomState(1)
    data = pd.DataFrame({"arm": ["A", "B"] * 200} | {f"m{i}": random.normal(0, 1, 400) for i in range(5)})
    data["m0"] += .23 * (data["arm"] == "B") - data.groupby("arm")["m0"].transform("mean")
    nouns = {f"m{i}": el.mean(f"m{i}") for i in range(5)}
    for correct in ("holm", "bh"):
        found = compare(data, nouns, arm="arm", control="A", correct=correct)
        row = found.frame.iloc[0]
        assert row["low"] > 0 and row["p_adjusted"] > .05 and found.say()[0].endswith(
            f" as if it were the only comparison; p = {row['p_adjusted']:.2g}, corrected): no difference shown")
    assert "only comparison" not in compare(data, nouns, arm="arm", control="A").say()[0]


def test_a_score_in_points_has_no_relative_difference():
    random = np.random.RandomState(1)
    data = pd.DataFrame({"arm": ["A", "B"] * 500, "score": random.choice([2, 9, 10], 1000)})
    found = compare(data, {"NPS": el.nps("score"), "mean": el.mean("score")}, arm="arm", control="A").frame
    assert found[["relative", "relative_low", "relative_high"]].notna().all(axis=1).tolist() == [False, True]


def test_one_arm_is_not_said_to_be_several_and_a_fall_has_the_minus_sign():
    found = mails()
    assert "(arms: 1, metrics: 3)" in repr(found)
    fall = compare(pd.DataFrame({"arm": ["A", "B"] * 50, "y": [10, 9, 11, 8] * 25}), el.mean("y"), arm="arm",
                   control="A")
    relative = fall.cells()[heading("relative")][0]
    assert "-" not in relative and "−" in relative


def test_the_text_has_the_table_the_checks_and_the_sentences():
    text = repr(mails())
    assert all(word in text for word in ("open rate", "better", "Corrected for 3 comparisons", "<0.001"))
    assert "nan" not in text and "None" not in text


def test_the_page_escapes_what_the_data_say():
    page = mails()._repr_html_()
    assert "&lt;b&gt;B&lt;/b&gt;" in page and "<b>B</b>" not in page


def test_it_speaks_japanese():
    found = mails()
    with words.speaking("ja"):
        assert "改善" in found.say()[0]
        assert "差" in repr(found) and "better" not in repr(found)


def test_a_relative_difference_is_in_percent_and_says_where_it_has_no_end():
    random = np.random.RandomState(1)
    found = mails().cells()
    relative = heading("relative")
    assert "%" in found[relative][0] and "to" in found[relative][0]
    assert "%" not in found[relative][1]          # a mean that is negative in the control has none
    data = pd.DataFrame({"arm": ["A"] * 8 + ["B"] * 8, "y": np.r_[random.gamma(1, 1, 8) + .05, random.gamma(1, 9, 8)]})
    wide = compare(data, el.mean("y"), arm="arm", control="A")
    shown = wide.cells()[relative][0]
    assert ("unbounded" in shown) == bool(np.isinf(wide.frame["relative_high"][0]))


def test_the_interval_is_headed_by_its_confidence():
    data = pd.DataFrame({"arm": ["A", "B"] * 50, "y": np.arange(100.0)})
    found = compare(data, el.mean("y"), arm="arm", control="A", confidence=.9)
    assert "90% interval" in repr(found) and "95%" not in repr(found)
    with words.speaking("ja"):
        assert "90%信頼区間" in repr(found)


def test_what_was_asked_for_is_kept_for_the_register():
    settings = mails().settings
    assert settings["metrics"] == ["open rate", "change", "flat"] and settings["arms"] == ["A", "<b>B</b>"]
    assert (settings["confidence"], settings["correct"], settings["peek"]) == (.95, "dunnett", False)
    assert settings["n"] == {"A": 600, "<b>B</b>": 600}


def test_the_forest_is_drawn_of_the_rows_that_are_picked():
    import matplotlib as mpl
    mpl.use("agg")
    import matplotlib.pyplot as plt
    found = mails()
    axes = found.plot(metric="open rate")
    assert axes is not None
    plt.close("all")
    with pytest.raises(KeyError):
        found.plot("pie")
    plt.close("all")


def test_arms_and_strata_that_the_catalogue_of_words_knows_are_named_in_table_sentence_and_picture():
    sent = pd.DataFrame({"arm": ["holdout", "new_service"] * 400, "stratum": ["loyal"] * 400 + ["at_risk"] * 400,
                         "opened": ([0, 1, 1, 1] * 100 + [1, 0, 1, 0] * 100)})
    found = compare(sent, el.rate("opened"), arm="arm", control="holdout", by="stratum")
    assert "new service against holdout" in found.say()[0] and found.frame["arm"].tolist() == ["new_service"]
    with words.speaking("ja"):
        assert "新しい対応と配信しない群" in found.say()[0] and "新しい対応" in found.cells().iloc[0].tolist()
        other = compare(sent, el.rate("opened"), arm="arm", control="holdout", by="stratum")
        assert any("新しい対応（対配信しない群）" in note for note in other.notes)
    assert [label.get_text() for label in found.plot("by").get_yticklabels()][:2] == ["at risk", "loyal"]


def test_the_table_has_the_interval_that_the_verdict_rests_on():
    corrected = list(mails().cells())
    assert heading("interval_adjusted") in corrected and not any("95%" in name for name in corrected)
    data = pd.DataFrame({"arm": ["A", "B"] * 50, "y": np.arange(100.0)})
    alone = list(compare(data, el.mean("y"), arm="arm", control="A").cells())
    assert heading("interval_adjusted") not in alone and any("95%" in name for name in alone)
