"""The page of the planted truths: what is committed is what the committed data say."""

import json
import re
from pathlib import Path

import pytest

from engagelab import words
from engagelab.sample import plan, truths
from engagelab.sample.truths.page import figures, labelled, page

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


PLAIN = re.compile(r"20\d\d(Q\d|-\d\d)|S\d\d|A|B")


def _all_figures(company):
    told = json.loads(json.dumps(truths(company)))
    return [(truth["id"], path, value) for truth in told["truths"] for side in ("naive", "truth")
            for path, value in figures(truth[side])]


def test_every_figure_has_a_label_and_every_name_in_it_a_word(company):
    for number, path, value in _all_figures(company):
        key, names = labelled(number, path)
        assert words.has(key), (number, path)
        said = [*names, *([value] if isinstance(value, str) else [])]
        unsaid = [name for name in said if not words.has(f"truth_figure.name.{name}")]
        assert all(PLAIN.fullmatch(name) for name in unsaid), (number, path)


def test_no_label_is_left_over(company):
    told = _all_figures(company)
    used = {labelled(number, path)[0] for number, path, _ in told}
    used |= {f"truth_figure.name.{name}" for _, path, value in told for name in (*path, value)}
    assert {key for key in words.catalogue() if key.startswith("truth_figure.")} <= used


def test_no_two_figures_of_a_truth_share_a_label(company):
    for language in words.LANGUAGES:
        for part in page(truths(company), language).split("\n## ")[1:]:
            labels = [line.split(" | ")[0] for line in part.splitlines() if line.startswith("| ")]
            assert len(labels) == len(set(labels))


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_reader_meets_words_and_units_and_no_keys_of_the_program(company, language):
    rows = [line for line in page(truths(company), language).splitlines() if line.startswith("| ")]
    assert not [row for row in rows if "_" in row or re.search(r"\d{4}\.\d|\d\d{4}|\+0\.0\b|nan", row)]
    if language == "ja":
        assert not [row for row in rows if re.search(r"[a-z]{3}", row.replace("Facebook", ""))]


@pytest.mark.parametrize(("language", "label", "seen", "so"), [
    ("en", "change in the open rate (all opens / opens by people)", "+13.9 points", "0.0 points"),
    ("en", "gain of the coupon, per head of those offered it: all strata", "", "-53 yen"),
    ("ja", "平均が最も低い設問", "給与", ""),
    ("ja", "オフィスプランのLTV：2026Q2", "", "130,667円")])
def test_a_row_says_label_value_and_unit(company, language, label, seen, so):
    assert f"| {label} | {seen} | {so} |" in page(truths(company), language)


def test_the_gain_over_all_strata_in_the_words_is_the_planned_one():
    gain = sum(plan.STRATA[name] * (with_one * (plan.SET_MARGIN - plan.COUPON_WORTH) - without * plan.SET_MARGIN)
               for name, (without, with_one) in plan.BUYING.items())
    for language, text in words.catalogue()["sample.truth_14_true"].items():
        assert f"{-gain:.0f}{' yen' if language == 'en' else '円'}" in text
