"""Our own ten questions: complete in both languages, and fit for the table of pulses."""

import pytest

from engagelab import example, words
from engagelab.errors import UsageError
from engagelab.surveys import pulse


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_ten_questions_with_both_ends_of_their_scale(language):
    asked = pulse(language)
    assert list(asked) == ["question_id", "dimension", "kind", "question", "low", "high"] and len(asked) == 10
    assert asked.notna().all(axis=None) and asked["question"].is_unique and asked["question_id"].is_unique
    assert (asked["low"] != asked["high"]).all()
    assert "satisfaction" in asked.attrs["notes"][0] and "stay" in asked.attrs["notes"][0]


def test_the_languages_ask_for_the_same_and_the_language_of_the_day_is_taken():
    english, japanese = pulse("en"), pulse("ja")
    assert english.iloc[:, :3].equals(japanese.iloc[:, :3]) and not english["question"].eq(japanese["question"]).any()
    assert pulse().equals(english)
    with words.speaking("ja"):
        assert pulse().equals(japanese)


def test_ids_dimensions_and_kinds_are_those_of_the_sample_company():
    known = example("pulses").drop_duplicates("question_id").set_index("question_id")[["dimension", "kind"]]
    asked = pulse().set_index("question_id")[["dimension", "kind"]]
    assert asked.equals(known.loc[asked.index].astype(asked.dtypes))
    assert {"enps", "voice", "manager", "growth", "workload"} <= set(asked.index)


def test_a_caller_who_changes_the_table_changes_nobody_elses():
    changed = pulse()
    changed["question"] = ""
    assert pulse()["question"].ne("").all()


def test_another_language_is_refused():
    with pytest.raises(UsageError, match="language must be one of 'en', 'ja'"):
        pulse("fr")
