"""The page of the planted truths: what is committed is what the committed data say."""

import json
from pathlib import Path

import pytest

from engagelab import words
from engagelab.sample.truths.page import page

PROJECT = Path(__file__).parents[2]
PAGES = {"en": "docs/truths.md", "ja": "docs/truths.ja.md"}


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_page_in_the_docs_is_that_of_the_data(language):
    told = json.loads((PROJECT / "data" / "truth.json").read_text("utf-8"))
    assert (PROJECT / PAGES[language]).read_text("utf-8") == page(told, language)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_each_truth_says_what_one_sees_what_is_so_and_how(language):
    told = json.loads((PROJECT / "data" / "truth.json").read_text("utf-8"))
    assert [truth["id"] for truth in told["truths"]] == list(range(1, 15))
    parts = page(told, language).split("\n## ")[1:]
    assert len(parts) == 14
    for truth, part in zip(told["truths"], parts, strict=True):
        for text in (truth["title"], truth["naive"]["claim"], truth["truth"]["claim"], truth["method"]):
            assert text[language] in part
        assert part.count("\n| ") > 3
