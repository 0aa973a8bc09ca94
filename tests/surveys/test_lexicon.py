"""The list of words: what is in ours, and what is refused in the caller's."""

from importlib.resources import files

import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.surveys.lexicon import RESERVED, plain, read_lexicon


def rows(*lines):
    return pd.DataFrame(lines, columns=["theme", "term_ja", "term_en", "polarity"])


def test_ours_is_small_has_hundreds_of_words_a_language_and_every_theme_has_a_name_in_both():
    lexicon = read_lexicon()
    assert len(files("engagelab.surveys").joinpath("lexicon.csv").read_bytes()) < 40_000
    japanese = [word for word in lexicon.words if not word.isascii()]
    assert len(japanese) > 400 and len(lexicon.words) - len(japanese) > 400
    assert len(lexicon.themes) == 21 and not set(lexicon.themes) & set(RESERVED)
    assert all(words.has(f"theme.{theme}") for theme in lexicon.themes)


def test_the_callers_is_read_from_a_frame_and_from_a_file_alike(tmp_path):
    frame = rows(["tea", "お茶|緑茶", "tea|teas", 0], ["", None, "hot*", 1], ["tea", None, "~weak", -1])
    frame.to_csv(tmp_path / "own.csv", index=False)
    for given in (frame, str(tmp_path / "own.csv")):
        lexicon = read_lexicon(given)
        assert lexicon.themes == ("tea",)
        assert set(lexicon.words) == {"お茶", "緑茶", "tea", "teas", "hot", "weak"}
        assert lexicon.words["weak"].tones == {"tea": -1} and not lexicon.words["weak"].theme
        assert lexicon.words["hot"].ending and lexicon.words["hot"].tones == {"": 1}


@pytest.mark.parametrize(("lines", "message"), [
    ([["pay", "給料", "", 0], ["pay", "給料", "", 1]], "row 2: '給料' of theme 'pay' stands"),
    ([["pay", "ｱﾌﾟﾘ", "", 0], ["app", "アプリ", "", 0]], "row 2: 'アプリ' of theme 'app' stands"),
    ([["pay", "", "Pay|pay", 0]], "row 1: 'pay'"), ([["", "", "good", 1], ["", "", "good", -1]], "row 2: 'good'"),
    ([["pay", "給料", "", .5]], "row 1: polarity has to be -1, 0 or 1, not 0.5"),
    ([["pay", "給料", "", "high"]], "polarity has to be -1, 0 or 1, not high"),
    ([["pay", "給料|*", "", 0]], "row 1: a word has no letters"), ([["", "", "good", 1]], "no word of any theme")])
def test_a_wrong_list_is_refused_with_its_row(lines, message):
    with pytest.raises(DataError, match=message):
        read_lexicon(rows(*lines))


def test_a_list_without_one_of_its_columns_is_refused():
    with pytest.raises(NoColumn, match="'polarity'"):
        read_lexicon(pd.DataFrame({"theme": ["pay"], "term_ja": ["給料"], "term_en": ["pay"]}))


def test_letters_of_a_pattern_are_letters():
    lexicon = read_lexicon(rows(["c", "", "c++|(a|b.c", 0]))
    assert [match[0] for match in lexicon.pattern.finditer("c++ (a bxc b.c")] == ["c++", "(a", "b.c"]


def test_a_text_loses_tags_and_invisible_marks_but_no_words():
    assert plain("a<br/>b &lt; 3 \u200fc\ufeff < d > e") == "a b < 3 c < d > e"
