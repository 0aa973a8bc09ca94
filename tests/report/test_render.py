"""A page stands alone, puts the answer first, folds the code away, and shows hostile text as text."""

import html
import re

import nbformat
import pytest

from engagelab.report.render import Look, answer, index, luminance, page, title

LOOK = Look("Brand & <Sons>", ("#123456", "#654321"), "en", period="Data from 2026-01-01 to 2026-03-31")
PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
       "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def code(source, *tags, **data):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    cell.outputs = [nbformat.v4.new_output("display_data", {kind.replace("_", "/"): value})
                    for kind, value in data.items()]
    return cell


@pytest.fixture
def notebook():
    return nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("# 01 Customers\n\nWhy?"),
        code("secret_path = 1", "hidden", text_plain="not shown"),
        nbformat.v4.new_markdown_cell("## Finding <b>one</b>"), code("draw()", image_png=PNG),
        code("table()", text_html="<table border=\"1\"><tr><td>1</td></tr></table>"),
        code("x < 1", text_plain="a <b>"), code("quiet()"),
        code("say()", "section:answer", text_markdown="It **rose** & rose.\n\nMore.")])


def test_the_answer_comes_before_the_findings_whatever_the_order_of_the_lesson(notebook):
    made = page(notebook, LOOK)
    assert made.index("It <strong>rose</strong>") < made.index("Finding")
    assert answer(notebook) == "It rose & rose."
    assert title(notebook) == "Customers"


def test_what_is_hidden_or_gives_nothing_does_not_show(notebook):
    made = page(notebook, LOOK)
    assert "secret_path" not in made
    assert "not shown" not in made
    assert "quiet()" not in made


def test_hostile_text_is_shown_as_text(notebook):
    made = page(notebook, LOOK)
    assert "Brand &amp; &lt;Sons&gt;" in made
    assert "<b>one" not in made
    assert "a &lt;b&gt;" in made
    assert "x &lt; 1" in made


def test_the_page_stands_alone_and_the_code_is_folded(notebook):
    made = page(notebook, LOOK)
    assert not re.search(r"<script|<link|https?://|@import|url\(", made)
    assert made.count("<details class='code'>") == 4
    assert "border=" not in made
    assert f"data:image/png;base64,{PNG}" in made
    assert "alt='Finding &lt;b&gt;one&lt;/b&gt;'" in made


def test_the_index_links_the_pages_and_names_what_failed(notebook):
    made = index([("01.html", "Customers", "It rose.")], LOOK, ["02: no page"])
    assert '<a href="01.html">Customers</a>' in made
    assert "02: no page" in made


@pytest.mark.parametrize(("color", "ink"), [("#1f5f7a", "#ffffff"), ("#ffe600", "#1d2433"), ("#fff", "#1d2433"),
                                            ("#000", "#ffffff")])
def test_writing_on_the_first_colour_can_be_read(color, ink):
    look = Look("A", (color, "#123456"), "en")
    assert look.ink == ink
    light, dark = sorted([luminance(color), luminance(ink)], reverse=True)
    assert (light + .05) / (dark + .05) > 4.5  # WCAG 2.2, success criterion 1.4.3


def test_the_page_of_the_sample_says_that_the_company_is_made_up(notebook):
    assert "made-up company" in page(notebook, Look("A", ("#123456", "#654321"), "en", sample=True))
    assert "company's own export files" in html.unescape(page(notebook, LOOK))
