"""What is drawn on a slide stays on it, whatever is asked of it."""

import io

import pytest
from made_up import PNG

from engagelab.report.deck import Deck
from engagelab.report.parts import Grid
from engagelab.report.render import Look

pptx = pytest.importorskip("pptx")
LONG = "A long sentence that goes on, 長い文がどこまでも続いていく。" * 12


def drawn(deck):
    return pptx.Presentation(io.BytesIO(deck.content()))


@pytest.mark.parametrize("text", ["Short.", LONG, "長い" * 900, "x" * 900])
@pytest.mark.parametrize("kind", ["text", "picture", "table"])
def test_every_shape_stays_on_its_slide(text, kind):
    deck = Deck(Look(text[:300], ("#123456", "#654321"), "ja", period=text), text)
    deck.open([text] * 3, "more")
    table = Grid(["a", "b"], [[text[:200], "1"]] * 9, ["note"]) if kind == "table" else None
    deck.add(text, [text] * 2, PNG if kind == "picture" else "", table, [text], [text])
    made = drawn(deck)
    for slide in made.slides:
        assert slide.shapes.title.text
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= made.slide_width + 9
            assert shape.top + shape.height <= made.slide_height + 9


def test_a_title_or_caution_that_is_too_long_is_cut_with_a_mark_and_the_notes_have_it_all():
    deck = Deck(Look("A", ("#123456", "#654321"), "en"), "T")
    deck.add(LONG * 3, ["Said."], caution=[LONG * 9], notes=[LONG * 9])
    (slide,) = drawn(deck).slides
    assert slide.shapes.title.text.endswith("…")
    assert any(shape.text_frame.text.endswith("…") for shape in slide.shapes if shape != slide.shapes.title)
    assert LONG * 9 in slide.notes_slide.notes_text_frame.text


def test_a_picture_keeps_its_shape():
    deck = Deck(Look("A", ("#123456", "#654321"), "en"), "T")
    deck.add("One", [], PNG)
    (picture,) = [shape for shape in drawn(deck).slides[0].shapes if shape.shape_type == 13]
    assert picture.width == picture.height


def test_slides_count_themselves():
    deck = Deck(Look("A", ("#123456", "#654321"), "en"), "T")
    deck.add("One", ["Said."])
    fields = drawn(deck).slides[0]._element.xpath("//a:fld")
    assert [field.get("type") for field in fields] == ["slidenum"]


def test_sentences_that_have_no_room_above_a_table_stand_together_before_it():
    deck = Deck(Look("A", ("#123456", "#654321"), "en"), "T")
    said = [f"{number}. " + "A sentence of some length. " * 12 for number in range(3)]
    deck.add("One", said, table=Grid(["a", "b"], [["x", "1"]] * 3))
    first, second = drawn(deck).slides
    assert "\n".join(said) in [shape.text_frame.text for shape in first.shapes if shape.has_text_frame]
    assert not any(shape.has_table for shape in first.shapes) and any(shape.has_table for shape in second.shapes)
