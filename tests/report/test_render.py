"""A page stands alone, puts the answer first, folds the code away, and shows hostile text as text."""

import html
import re

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import HIDDEN, note
from made_up import code as cell_of
from made_up import notebook as of

from engagelab.report.render import Look, answer, contrast, luminance, page, title

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


def test_what_is_hidden_does_not_show(notebook):
    made = page(notebook, LOOK)
    assert "secret_path" not in made
    assert "not shown" not in made


def test_hostile_text_is_shown_as_text(notebook):
    made = page(notebook, LOOK)
    assert "Brand &amp; &lt;Sons&gt;" in made
    assert "<b>one" not in made
    assert "a &lt;b&gt;" in made
    assert "x &lt; 1" in made


def test_the_page_stands_alone_and_the_code_is_folded(notebook):
    made = page(notebook, LOOK)
    assert not re.search(r"<script|<link|https?://|@import|url\(", made)
    assert made.count("<details class='code'>") == 1
    assert made.index("<details") > made.index("</main>")
    assert [made.count(source) for source in ("draw()", "quiet()", "say()")] == [1, 1, 1]
    assert "border=" not in made
    assert f"data:image/png;base64,{PNG}" in made
    assert "alt='Finding &lt;b&gt;one&lt;/b&gt;'" in made
    assert '<html lang="en">' in made


@pytest.mark.parametrize(("color", "ink"), [("#1f5f7a", "#ffffff"), ("#ffe600", "#1d2433"), ("#fff", "#1d2433"),
                                            ("#000", "#ffffff")])
def test_writing_on_the_first_colour_can_be_read(color, ink):
    look = Look("A", (color, "#123456"), "en")
    assert look.ink == ink
    light, dark = sorted([luminance(color), luminance(ink)], reverse=True)
    assert (light + .05) / (dark + .05) > 4.5  # WCAG 2.2, success criterion 1.4.3


@given(st.integers(0, 0xffffff))
def test_writing_can_be_read_whatever_the_colour(number):
    look = Look("A", (f"#{number:06x}", "#123456"), "en")
    assert contrast(look.ink, look.colors[0]) >= 4.5
    assert contrast(look.heading, "#ffffff") >= 4.5


def test_the_page_of_the_sample_says_that_the_company_is_made_up(notebook):
    assert "made-up company" in page(notebook, Look("A", ("#123456", "#654321"), "en", sample=True))
    assert "company's own export files" in html.unescape(page(notebook, LOOK))


def test_a_long_page_has_a_list_of_contents_that_leads_to_its_findings():
    cells = [cell for n in range(4) for cell in (note(f"## Finding *{n}*"), cell_of("Said."))]
    made = page(of(*cells), LOOK)
    assert re.findall(r'<h2 id="(\w+)">', made) == ["f1", "f2", "f3", "f4"]
    assert re.findall(r'<li><a href="#(\w+)">', made) == ["f1", "f2", "f3", "f4"]
    assert '<nav class="contents">' not in page(of(*cells[:4]), LOOK)


def test_the_foot_leads_to_the_files_beside_the_page(notebook):
    made = page(notebook, LOOK, files=["01 a&b.xlsx", "01.pdf"])
    assert '<a href="01%20a%26b.xlsx">Excel: the tables of this page</a>' in made
    assert '<a href="01.pdf">PDF to print</a>' in made
    assert "nav class" not in page(notebook, LOOK).partition("<footer>")[2]


def test_a_word_of_caution_a_wide_picture_and_what_libraries_say_are_told_apart():
    tree = nbformat.v4.new_output("display_data", {"text/html": '<img alt="Tree" src="data:image/svg+xml,"><p>n</p>'})
    loud = cell_of("It rose.")
    loud.outputs = [tree, nbformat.v4.new_output("stream", name="stderr", text="findfont"), *loud.outputs]
    made = page(of(note("## A\n\n*Caution.* Mind this.\n\nNot *this*."), loud), LOOK)
    assert "<p class='caution'><em>Caution.</em> Mind this.</p>" in made
    assert made.count("class='caution'") == 1
    assert "<figure class='wide'><img alt=\"Tree\"" in made
    assert "findfont" not in made


def test_a_picture_is_described_by_its_heading_and_the_sentence_beside_it():
    made = page(of(note("## A & b"), cell_of(PNG), cell_of("It **rose** by 3 &lt; 4.\n\nMore.")), LOOK)
    assert "alt='A &amp; b: It rose by 3 &lt; 4.'" in made


def test_the_tables_behind_a_page_do_not_show_on_it():
    assert "vnd.engagelab" not in page(of(cell_of(HIDDEN)), LOOK)


@pytest.mark.parametrize("name", ['"; } body { display: none } x { "', "</style><b>", "C:\\a", "\n\r\f", "株式会社"])
def test_a_name_cannot_leave_the_style_sheet(name, notebook):
    made = page(notebook, Look(name, ("#123456", "#654321"), "en"))
    (shown,) = re.findall(r'@bottom-left { content: "([^"\n]*)"; }', made)
    back = re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), shown)     # as CSS Syntax 3 reads it
    assert back == f"{name} – Customers"
    assert made.count("</style>") == 1


def test_a_column_of_long_texts_has_room_on_the_screen():
    table = ('<table><tr><td style="text-align:left">オンラインストア</td>'
             '<td style="text-align:left">T01</td></tr></table>')
    made = page(of(cell_of("x"), code("t()", text_html=table)), LOOK)
    assert '<td class=long style="text-align:left">オンライン' in made and '<td style="text-align:left">T01' in made
    assert re.search(r"td\.long\S* \{ min-width: 9", made)
