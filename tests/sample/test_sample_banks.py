"""The banks of sentences."""

import numpy as np
import pytest

from engagelab.sample import banks
from engagelab.sample.draws import Stream


def test_every_sentence_has_a_bank_and_a_language():
    for row in banks.rows("texts.csv"):
        assert row["bank"] and row["text"] and row["language"] in ("en", "ja")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_english_banks_hold_no_japanese_and_japanese_ones_do(language):
    for row in banks.rows("texts.csv"):
        if row["bank"] in ("nps", "review", "ticket", "social", "support"):
            assert any(letter > "\u3000" for letter in row["text"]) == (row["language"] == "ja"), row


def test_a_text_is_of_the_row_s_grade_and_language():
    grades = np.array([1, 5, 1, 5] * 50)
    english = np.array([True, True, False, False] * 50)
    for grade, in_english, text in zip(grades, english, banks.drawn(Stream(1, "x"), "review", grades, english),
                                       strict=True):
        assert text in banks.bank("review", str(grade), "en" if in_english else "ja")


def test_where_a_language_is_missing_the_bank_s_other_one_speaks():
    drawn = banks.drawn(Stream(1, "x"), "closed", np.array(["price"]), np.array([True]))
    assert drawn.tolist() == ["価格"]


def test_ids_keep_their_width_and_order():
    assert banks.ids("C", np.array([1, 999_999, 1_000_000])).tolist() == ["C000001", "C999999", "C1000000"]


def test_no_text_names_a_real_host():
    for row in banks.rows("texts.csv"):
        assert "http" not in row["text"] and "www" not in row["text"] and "@" not in row["text"]
