"""Sentences escape what comes from data, and a direction is only named where the interval shows one."""

import mistune
import pytest

from engagelab.notebook.sentences import direction, paragraphs, plain


@pytest.mark.parametrize("hostile", [
    "<script>alert(1)</script>", "**bold** [x](javascript:y)", "a|b `c` ~~d~~ $e$", "&amp;", "# no heading", "R*D_x"])
def test_markdown_shows_a_text_from_data_as_it_is(hostile):
    page = mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])(f"x {plain(hostile)}")
    shown = page.removeprefix("<p>x ").removesuffix("</p>\n")
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(entity, letter)
    assert shown == hostile


def test_numbers_are_left_alone():
    assert plain(3) == 3


@pytest.mark.parametrize(("low", "high", "said"), [(0, 1, "unclear"), (.1, 1, "up"), (-1, -.1, "down"),
                                                    (float("nan"), float("nan"), "missing")])
def test_an_interval_that_holds_no_change_says_nothing(low, high, said):
    assert direction({"low": low, "high": high}) == said


def test_no_change_at_all_says_nothing():
    assert direction(None) == "missing"


def test_empty_sentences_leave_no_gap():
    assert paragraphs("a", "", "b") == "a\n\nb"
