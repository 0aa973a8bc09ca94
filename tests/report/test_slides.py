"""A slide a finding: heading, the sentences that the code printed, the picture, the caution in the notes."""

import io
import sys
import zipfile

import pytest
from made_up import HIDDEN, PNG, code, note, notebook

from engagelab import words
from engagelab.errors import UsageError
from engagelab.report.render import Look
from engagelab.report.slides import slides

pptx = pytest.importorskip("pptx")
LOOK = Look("Brand & <Sons> *R*", ("#123456", "#654321"), "en", period="Data from 2026-01-01 to 2026-03-31")


def read(*cells, look=LOOK):
    return list(pptx.Presentation(io.BytesIO(slides(notebook(*cells), look))).slides)


def texts(slide):
    return [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame and shape.text_frame.text]


def test_the_deck_opens_with_the_answer_and_closes_with_the_method():
    first, finding, last = read(note("# 01 Customers"), note("## They rose"), code("NPS **rose** by 3."),
                                code("It rose.\n\nBy much.", tags=["section:answer"]),
                                note("How *it* was done.", "section:method"))
    assert first.shapes.title.text == "Customers"
    assert texts(first)[1:] == ["Brand & <Sons> *R*", "Data from 2026-01-01 to 2026-03-31", "It rose.", "By much."]
    assert finding.shapes.title.text == "They rose"
    assert "NPS rose by 3." in texts(finding)
    assert last.shapes.title.text == "Method and data"
    assert "How it was done." in texts(last)


def test_a_finding_has_its_sentence_its_picture_and_the_caution_in_notes_and_beneath():
    _, slide = read(note("## One"), code(PNG), code("- It rose.\n- Cause unknown."),
                    note("*Caution.* Mind\nthe gap.\n\nMore prose."))
    (picture,) = [shape for shape in slide.shapes if shape.shape_type == 13]
    assert picture._element.nvPicPr.cNvPr.get("descr") == "One: It rose."
    assert "It rose.\nCause unknown." in texts(slide)
    assert "Caution. Mind the gap." in texts(slide)
    assert slide.notes_slide.notes_text_frame.text == "It rose.\nCause unknown.\nCaution. Mind the gap.\nMore prose."


def test_a_finding_without_a_picture_shows_its_table_as_one():
    _, slide = read(note("## One"), code(HIDDEN), code("It rose."))
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    assert [[cell.text for cell in row.cells] for row in table.rows][:3] == [
        ["metric", "team", "estimate", "95% interval", "count", "n", "note"],
        ["CSAT (share satisfied)", "a", "80.0%", "70.0% to 90.0%", "8", "10", ""],
        ["CSAT (share satisfied)", "b", "25.0%", "10.0% to 40.0%", "1", "4", "hidden: fewer than 5 respondents"]]
    assert "Method: Wilson score interval" in slide.notes_slide.notes_text_frame.text


def test_of_a_long_table_the_first_rows_stand_there_and_the_rest_is_said():
    long = HIDDEN.head(1).assign(flag="").loc[[0] * 20].reset_index(drop=True)
    _, slide = read(note("## One"), code(long))
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    assert len(table.rows) == 9
    assert "12 more rows stand in the Excel file." in texts(slide)


def test_two_pictures_under_one_heading_are_two_slides():
    made = read(note("## One"), code(PNG), code("First."), code(PNG), code("Second."), note("## Nothing"))
    assert [texts(slide)[0] for slide in made[1:]] == ["One", "One"]
    assert ["Second." in texts(slide) for slide in made[1:]] == [False, True]


def test_the_tree_is_a_table_of_its_branches():
    text = ("Profit rose\n              value  change  contribution  95% interval\n"
            "Profit           ¥3   ▲ 2%           +¥1\n"
            "├─ Sales         ¥5   ▲ 1%           +¥2     ¥1 to ¥3  may be noise\n"
            "│  └─ × Fee      ¥2   ▲ 1%           +¥2")
    cell = code("It rose.")
    cell.outputs[0]["data"] = {"text/html": '<img src="data:image/svg+xml;base64,AA==">', "text/plain": text}
    _, slide = read(note("## Tree"), cell)
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["", "value", "change", "contribution", "95% interval", ""], ["Profit", "¥3", "▲ 2%", "+¥1", "", ""],
        ["\u3000Sales", "¥5", "▲ 1%", "+¥2", "¥1 to ¥3", "may be noise"],
        ["\u3000\u3000× Fee", "¥2", "▲ 1%", "+¥2", "", ""]]


def test_long_answers_go_on_and_nothing_of_them_is_lost():
    said = [f"Sentence {n} {'that goes on and on ' * 12}." for n in range(30)]
    made = read(code("\n\n".join(said), tags=["section:answer"]))
    assert len(made) > 3
    everything = " ".join(text for slide in made[1:] for text in texts(slide))
    assert all(f"Sentence {n} " in everything for n in range(30))


@pytest.mark.parametrize("text", ["<b>&amp;</b>", "a\x00\x0b\ud800b", "=cmd|' /C calc'!A0", "{% x %}", "**", "\\**\\"])
def test_hostile_text_is_text(text):
    cells = note(f"## {text}"), code(HIDDEN.assign(team=text, flag="")), note("# 01 T")
    look = Look(text, LOOK.colors, "en")
    first, slide = read(*cells, look=look)
    shown = text.replace("\x00", "\ufffd").replace("\x0b", "\ufffd").replace("\ud800", "\ufffd")
    assert texts(first)[1] == shown
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    assert table.cell(1, 1).text == shown


def test_fonts_language_and_colours_are_the_companys():
    with words.speaking("ja"):
        made = slides(notebook(note("## 結論"), code("上昇した。")), Look("朝凪", ("#abc", "#654321"), "ja"))
    deck = pptx.Presentation(io.BytesIO(made))
    theme = next(relation.target_part.blob for relation in deck.slide_masters[0].part.rels.values()
                 if relation.reltype.endswith("/theme")).decode()
    assert theme.count('<a:ea typeface="Yu Gothic"') == theme.count('<a:latin typeface="Yu Gothic"') == 2
    run = deck.slides[1].shapes.title.text_frame.paragraphs[0].runs[0]
    assert run._r.rPr.get("lang") == "ja-JP"
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, abs=.001)
    assert str(deck.slides[0].shapes[0].fill.fore_color.rgb) in ("AABBCC", "654321")


def test_the_same_notebook_gives_the_same_bytes_without_a_clock_or_a_name():
    cells = note("# 01 T"), note("## A"), code(PNG), code("Said."), note("*Caution.* Mind.")
    assert slides(notebook(*cells), LOOK) == slides(notebook(*cells), LOOK)
    members = zipfile.ZipFile(io.BytesIO(slides(notebook(*cells), LOOK))).infolist()
    assert {(member.date_time[0], member.compress_type, member.create_system) for member in members} == {(1980, 0, 0)}
    about = pptx.Presentation(io.BytesIO(slides(notebook(*cells), LOOK))).core_properties
    assert (about.author, about.title, about.last_modified_by, about.modified.year) == (LOOK.name, "T", "", 2000)


def test_without_the_extra_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(UsageError, match=r'pip install "engagelab\[office\]"'):
        slides(notebook(), LOOK)


def test_a_sentence_that_leads_to_a_list_goes_with_its_list_or_not_at_all():
    _, slide = read(note("## One"), code(PNG), code("It rose.\n\nWhat is needed:"))
    assert "It rose." in texts(slide)
    with words.speaking("ja"):
        _, slide = read(note("## One"), code(PNG), code("必要な水準："))
    assert "必要な水準：" not in texts(slide)
    _, slide = read(note("## One"), code(HIDDEN), code("What is needed:"))
    assert "What is needed:" in texts(slide)
    _, slide = read(note("## One"), code("What is needed:\n\n- more"))
    assert "What is needed:\nmore" in texts(slide)
