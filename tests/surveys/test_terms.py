"""Themes in free text: respondents and not words are counted, small cells are hidden, and no text is shown."""

import importlib.util
import re

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from engagelab import words
from engagelab.errors import DataError, EngagelabError, NoColumn, UsageError
from engagelab.metrics.answer import is_hidden
from engagelab.surveys import terms
from engagelab.surveys.lexicon import read_lexicon

PAY, TEAM, COFFEE = "給料が低いです。", "The team is great.", "コーヒーがある"


def people(*groups, team="a"):
    return pd.DataFrame([{"comment": text, "team": team} for text, count in groups for _ in range(count)])


def cell(found, theme, tone="(all)", **keys):
    rows = found.frame.query("theme == @theme and tone == @tone")
    for name, key in keys.items():
        rows = rows[rows[name] == key]
    return rows.iloc[0]


def test_the_share_of_respondents_has_wilsons_interval_and_the_columns_of_an_answer():
    found = terms(people((PAY, 7), (TEAM, 13), (None, 4), ("  ", 1), ("特になし。", 2), ("N/A", 1)), "comment")
    row = cell(found, "pay")
    assert (row["count"], row["n"], row["n_missing"]) == (7, 20, 8)
    assert row["estimate"] == .35
    assert (row["low"], row["high"]) == pytest.approx(proportion_confint(7, 20, method="wilson"))
    assert list(found.frame) == ["metric", "theme", "tone", "estimate", "low", "high", "se", "count", "n", "n_eff",
                                 "n_missing", "method", "flag"]
    assert found.coverage == 1
    assert any("3 texts say that there is nothing" in note for note in found.notes)


def test_the_tones_of_a_theme_add_up_to_all_who_mention_it():
    found = terms(people((PAY, 6), ("給料に満足", 5), ("給料の話", 4), ("給料は低い。でも給料に満足", 3)), "comment")
    counts = {tone: cell(found, "pay", tone)["count"] for tone in ("(all)", "positive", "negative", "neutral")}
    assert counts == {"(all)": 18, "positive": 5, "negative": 6, "neutral": 7}


def test_a_respondent_counts_once_however_often_a_theme_is_named():
    texts = people((PAY + PAY, 30), (TEAM, 12)).assign(who=[*range(10)] * 3 + [*range(10, 22)])
    assert cell(terms(texts, "comment", user="who"), "pay")[["count", "n"]].tolist() == [10, 22]
    assert cell(terms(texts, "comment"), "pay")[["count", "n"]].tolist() == [30, 42]


def test_who_is_in_several_waves_counts_once_in_each_and_once_in_the_total_and_a_note_says_so():
    texts = pd.concat([people((PAY, 8), (TEAM, 6), team=wave).assign(who=range(14)) for wave in ("1", "2")])
    found = terms(texts, "comment", user="who", by="team")
    assert [cell(found, "pay", team=team)["n"] for team in ("1", "2", "(all)")] == [14, 14, 14]
    assert cell(found, "pay", team="(all)")[["low", "high"]].tolist() == pytest.approx(
        proportion_confint(8, 14, method="wilson"))
    assert any(note.startswith("14 respondents are in several groups") for note in found.notes)
    six = pd.concat([people((PAY, 3), (TEAM, 3), team=wave).assign(who=range(6)) for wave in ("1", "2")])
    assert is_hidden(terms(six, "comment", user="who", by="team").frame["flag"]).all()


def test_a_group_of_fewer_than_ten_writers_is_hidden_and_so_is_what_gives_it_away():
    texts = pd.concat([people((PAY, 7), (TEAM, 2)), people((PAY, 9), (TEAM, 3), team="b"),
                       people((PAY, 20), (TEAM, 10), team="c")])
    found = terms(texts, "comment", by="team")
    hidden = {team: bool(is_hidden(pd.Series([cell(found, "pay", team=team)["flag"]])).iloc[0])
              for team in ("a", "b", "c", "(all)")}
    assert hidden == {"a": True, "b": True, "c": False, "(all)": False}
    assert np.isnan(cell(found, "pay", team="a")["count"])
    assert cell(found, "colleagues", team="a")["flag"] == "hidden: fewer than 10 respondents"  # not that 2 mention it


@pytest.mark.parametrize(("against", "for_him", "hidden"), [
    (12, 0, True), (11, 1, True), (11, 0, True), (10, 2, False)])
def test_a_team_that_sees_a_theme_alike_is_masked_with_all_its_tones(against, for_him, hidden):
    texts = pd.concat([people(("上司が最悪", against), ("上司が最高", for_him), (TEAM, 12 - against - for_him)),
                       people(("上司が最悪", 15), ("上司が最高", 15), (TEAM, 30), team="b"),
                       people(("上司が最悪", 15), ("上司が最高", 15), (TEAM, 30), team="c")])
    found = terms(texts, "comment", by="team")
    own = found.frame.query("theme == 'manager' and team == 'a'").set_index("tone")
    assert own["estimate"].isna().all() == hidden and own["count"].isna().all() == hidden
    negative = found.frame.query("theme == 'manager' and tone == 'negative'").set_index("team")
    if hidden:
        assert own["flag"].tolist() == ["masked: 91% or more", "masked: 9% or less", "masked: 91% or more",
                                        "masked: 9% or less"]
        assert negative["count"].isna().sum() >= 2   # nor does it follow from the total
        assert (own["n"] == 12).all()
    nobody = found.frame.query("theme == 'colleagues' and team == 'a' and tone == 'positive'")["count"].iloc[0]
    assert nobody == 0 if against + for_him == 12 else np.isnan(nobody)


def test_a_theme_that_one_or_two_mention_is_hidden_everywhere_with_its_tones_and_hides_no_other():
    found = terms(people(("パソコンが古い", 1), ("上司が最悪", 30), ("上司が最高", 1), (TEAM, 300)), "comment")
    rows = found.frame.set_index(["theme", "tone"])
    assert rows.loc["tools", "count"].isna().all()
    assert set(rows.loc["tools", "flag"]) == {"hidden: fewer than 3 respondents"}
    assert rows.loc["manager", "count"].tolist() == [31, 1, 30, 0]


@pytest.mark.parametrize("name", ["wrote", "mentions", "who", "metric_", "row", "everybody"])
def test_a_column_of_the_caller_may_have_any_name(name):
    texts = pd.concat([people((PAY, 7), (TEAM, 2)), people((PAY, 9), (TEAM, 3), team="b"),
                       people((PAY, 20), (TEAM, 10), team="c")])
    plain = terms(texts, "comment", by="team").frame
    found = terms(texts.rename(columns={"team": name}), "comment", by=name).frame
    pd.testing.assert_frame_equal(found, plain.rename(columns={"team": name}), check_like=False)


@pytest.mark.parametrize(("how", "name"), [({"user": "bad"}, "bad"), ({"by": "bad"}, "bad")])
def test_lists_as_respondents_or_groups_are_refused_in_one_line(how, name):
    with pytest.raises(DataError, match="column 'bad' holds list, not single values"):
        terms(people((PAY, 12)).assign(bad=[[1, 2]] * 12), "comment", **how)


def test_one_voice_against_the_manager_in_a_team_of_twelve_is_hidden_by_tone_and_by_team():
    texts = pd.concat([people(("上司が最悪", 1), (TEAM, 11)),
                       people(("上司が最悪", 5), ("上司が最高", 4), (TEAM, 9), team="b"),
                       people(("上司が最悪", 6), ("上司が最高", 4), (TEAM, 9), team="c")])
    found = terms(texts, "comment", by="team").frame.query("theme == 'manager' and tone == 'negative'")
    table = found.set_index("team")["count"]
    assert np.isnan(table["a"]) and np.isnan(table["b"])   # 1, and the next smallest
    assert table["c"] == 6 and table["(all)"] == 12
    shown = terms(texts, "comment", by="team", min_n=0).frame.query("theme == 'manager' and tone == 'negative'")
    assert shown["count"].tolist() == [1, 5, 6, 12]


def test_a_rare_tone_in_a_large_group_is_shown_and_hides_no_frequent_one():
    found = terms(people(("上司が最悪", 30), ("上司が最高", 1), ("上司の話", 2), (TEAM, 17)), "comment")
    assert [cell(found, "manager", tone)["count"] for tone in ("(all)", "negative", "positive", "neutral")] == [
        33, 30, 1, 2]
    found = terms(people(("上司が最悪", 30), ("上司が最高", 1), ("上司の話", 2), (TEAM, 16)), "comment")
    assert np.isnan(cell(found, "manager", "positive")["count"])


def test_no_single_hidden_count_follows_from_the_others_over_teams_and_tones():
    random = np.random.RandomState(3)
    said = random.choice(["上司が最悪", "上司が最高", "上司の話", TEAM], 160, p=[.1, .15, .05, .7])
    texts = pd.DataFrame({"comment": said, "team": random.choice(list("abcdef"), 160)})
    frame = terms(texts, "comment", by="team").frame
    table = frame[frame["theme"] == "manager"].pivot(index="team", columns="tone", values="count")
    inner, total = table.drop("(all)"), table.loc["(all)"]
    assert inner.isna().any().any()
    for sums, parts in ((total, inner), (table["(all)"], table.drop(columns="(all)").T)):
        for key in sums.index:
            if not np.isnan(sums[key]):
                assert parts[key].isna().sum() != 1, key


def test_groups_are_crossed_and_a_missing_one_has_a_name():
    texts = pd.concat([people((PAY, 20), team=team).assign(sex=["f", None] * 10) for team in "ab"])
    found = terms(texts, "comment", by=["team", "sex"])
    assert cell(found, "pay", team="a", sex="(missing)")["n"] == 10
    assert len(found.frame.query("tone == '(all)'")) == 9


def test_no_text_of_anybody_is_in_what_is_printed_or_refused():
    secret = "Zebra quagga okapi 給料が低い"
    found = terms(people((secret, 20)), "comment")
    for said in (repr(found), found._repr_html_(), str(found.notes), found.frame.to_string()):
        assert "quagga" not in said
    with pytest.raises(EngagelabError) as refused:
        terms(pd.DataFrame({"comment": [secret, 5]}), "comment")
    assert "quagga" not in str(refused.value) and "row 2" in str(refused.value)


def test_new_terms_are_of_five_respondents_and_no_names_addresses_numbers_or_sentences():
    texts = ["定期便の給料", "parking permits are gone", "佐藤の話", "権田原さんの話", "I told Kimberly that",
             "mail zed@zed.com", "時々飲みました", "ref x12345 090-1234-5678", "焼肉定食", "見た https://secret.example/path"]
    rows = pd.DataFrame([{"comment": text, "who": f"{text}{i}"} for text in texts for i in range(5)]
                        + [{"comment": "冷蔵庫の給料", "who": f"z{i % 4}"} for i in range(9)])
    found = terms(rows, "comment", user="who").new_terms
    assert set(found["term"]) == {"定期便", "permits", "gone", "told", "mail", "ref"}
    assert (found["respondents"] == 5).all()


def test_coverage_and_notes_say_what_the_list_did_not_find():
    found = terms(people((PAY, 15), ("Zzz zzz", 5)), "comment")
    assert found.coverage == .75
    assert "75.0%" in found.notes[0] and "Managers" in found.notes[-1]


def test_a_tokenizer_decides_where_words_end():
    texts = people(("給料日 は 月末", 12), ("給料 が 低い", 12))
    assert cell(terms(texts, "comment"), "pay")["count"] == 24
    found = terms(texts, "comment", tokenizer=str.split)
    assert (cell(found, "pay")["count"], cell(found, "pay", "negative")["count"]) == (12, 12)
    with pytest.raises(UsageError, match="not of int"):
        terms(texts, "comment", tokenizer=lambda text: [1])


@pytest.mark.skipif(importlib.util.find_spec("janome") is None, reason="janome is not installed")
def test_janome_reads_what_is_read_without_it():
    from janome.tokenizer import Tokenizer
    split = Tokenizer(wakati=True)
    found = terms(people((PAY, 12)), "comment", tokenizer=lambda text: list(split.tokenize(text)))
    assert cell(found, "pay", "negative")["count"] == 12


def test_the_callers_list_is_used_instead_of_ours():
    own = pd.DataFrame({"theme": ["tea"], "term_ja": ["お茶"], "term_en": ["tea"], "polarity": [0]})
    found = terms(people(("Tea, please", 12), (PAY, 3)), "comment", lexicon=own)
    assert found.frame["theme"].unique().tolist() == ["tea"] and "tea" in repr(found)


def test_the_table_is_looked_at_in_both_languages():
    found = terms(people((PAY, 12)), "comment")
    assert "Pay and benefits" in repr(found) and "100.0%" in repr(found)
    with words.speaking("ja"):
        found = terms(people((PAY, 12)), "comment")
        assert "報酬・待遇" in found._repr_html_() and "否定的" in repr(found)


def test_nobody_who_mentions_anything_is_an_empty_answer():
    found = terms(people(("Zzz", 12)), "comment")
    assert found.frame.empty and found.coverage == 0
    for said in (repr(found), found._repr_html_()):
        assert "no text mentions a theme" in said and "Empty" not in said


def test_what_is_hidden_has_no_interval_to_look_at():
    found = terms(people(("パソコンが古い", 1), ("上司が最悪", 30), (TEAM, 300)), "comment")
    assert "– to –" not in repr(found) and "hidden: fewer than 3" in repr(found)


@pytest.mark.parametrize(("texts", "error", "message"), [
    ([None, None], DataError, "no text at all"), (["", " "], DataError, "no text at all"),
    ([1.5, 2.0], DataError, "row 1: this is float, not text"), (["a", b"b"], DataError, "row 2: this is bytes")])
def test_a_column_that_is_not_text_is_refused(texts, error, message):
    with pytest.raises(error, match=message):
        terms(pd.DataFrame({"comment": texts}), "comment")


def test_arguments_that_cannot_be_right_are_refused():
    table = people((PAY, 12)).assign(who=None, theme="x")
    with pytest.raises(NoColumn, match="did you mean 'comment'"):
        terms(table, "coment")
    with pytest.raises(DataError, match="column 'who', row 1"):
        terms(table, "comment", user="who")
    with pytest.raises(UsageError, match="'theme'"):
        terms(table, "comment", by="theme")
    with pytest.raises(UsageError, match="min_n"):
        terms(table, "comment", min_n=-1)
    with pytest.raises(UsageError, match="confidence"):
        terms(table, "comment", confidence=95)


def test_the_comments_of_the_sample_company_are_mostly_covered_and_names_stay_in(workplace):
    pulses = workplace()["pulses"]
    found = terms(pulses[pulses["kind"] == "text"], "text", user="user_id", by="team")
    assert found.coverage > .85
    total = found.frame.query("tone == '(all)' and team == '(all)'").set_index("theme")["estimate"]
    assert total.idxmax() == "voice"   # what drives satisfaction is also what they write about
    assert set(total.index) <= set(read_lexicon().themes)


def test_what_a_few_wrote_tells_no_theme_at_all():
    found = terms(pd.DataFrame({"comment": ["My manager is unfair and the pay is bad"]}), "comment")
    assert not len(found.frame) and not len(found.new_terms) and np.isnan(found.coverage)
    assert found.notes == ("fewer than 10 respondents wrote something: their themes are not told",)
    assert not re.search("pay|manager|fair", repr(found), re.IGNORECASE)
