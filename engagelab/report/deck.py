"""Slides drawn with python-pptx (the extra `office`): 16:9, in the company's colours, no text larger than its box."""

import base64
import io
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engagelab.notebook.sentences import plain
from engagelab.report.fitting import BETWEEN, CELL, GAP, fit, height_of, laid_out, right
from engagelab.report.parts import Grid, clean, plain_text, runs
from engagelab.report.render import Look
from engagelab.workbook import packed

WIDTH, HEIGHT, EDGE, TOP, FOOT = 13.333, 7.5, .6, 1.45, 7.0  # inches; the foot is where the page number stands
LANGUAGE = {"en": "en-GB", "ja": "ja-JP"}
FONTS = {"en": ("Calibri", "Yu Gothic"), "ja": ("Yu Gothic", "Yu Gothic")}
SOFT, INK, LINE = "566074", "1D2433", "E3E7EE"
MOST, BESIDE = 8, 1.6  # rows of a table that has sentences above it on the slide, and the inches that these may take


class Deck:
    """A PPTX file in the making."""

    def __init__(self, look: Look, title: str):
        import pptx
        from pptx.util import Inches

        self.look, self.title = look, title
        self.file = pptx.Presentation()
        self.file.slide_width, self.file.slide_height = Inches(WIDTH), Inches(HEIGHT)
        self._fonts()

    def open(self, said: Sequence[str], more: str) -> None:
        """The title slide with as much of the answer as it can hold; the rest under the heading `more`."""
        slide = self._blank()
        self._box(slide, 0, 0, WIDTH, 2.75, self.look.colors[0])
        self._box(slide, 0, 2.75, WIDTH, .09, self.look.colors[1])
        ink = self.look.ink
        self._text(slide, [f"**{plain(self.look.name)}**"], EDGE, .45, WIDTH - 2 * EDGE, .45, (16,), ink)
        self._heading(slide, self.title, EDGE, .9, WIDTH - 2 * EDGE, 1.15, (36, 30, 24, 20), ink)
        self._text(slide, [str(plain(self.look.period))], EDGE, 2.15, WIDTH - 2 * EDGE, .45, (14,), ink)
        lead, rest = list(said[:1]), list(said[1:])
        size, pages = fit(rest, WIDTH - 2 * EDGE, 2.4, (16, 14))
        high, sizes = (1.3, (26, 22, 18, 16, 14)) if len(pages) == 1 else (3.2, (36, 32, 28, 24, 20, 16))
        self._text(slide, [f"**{line}**" if "**" not in line else line for line in lead], EDGE, 3.25,
                   WIDTH - 2 * EDGE, high, sizes)
        if len(pages) == 1:
            self._text(slide, pages[0], EDGE, 4.6, WIDTH - 2 * EDGE, 2.4, (size,), bullets=True)
        elif pages:
            self.add(more, said)

    def add(self, title: str, said: Sequence[str], picture: str = "", table: Grid | None = None,
            caution: Sequence[str] = (), notes: Sequence[str] = ()) -> None:
        """A slide; further ones of the same title where the sentences need them."""
        if table and said and (len(table.rows) > MOST or height_of(said, 14, WIDTH - 2 * EDGE) > BESIDE):
            self.add(title, said, caution=caution, notes=notes)
            said, notes = (), ()
        beneath = [*(str(plain(note)) for note in (table.notes if table else ())), *caution]
        small = height_of(beneath, 10, WIDTH - 2 * EDGE) + .1 if beneath else 0
        bottom = FOOT - min(small, 1.1)
        width = 4.3 if picture and said else WIDTH - 2 * EDGE
        room = height_of(said, 14, width) + .1 if table and said else bottom - TOP
        size, pages = fit(said, width, room, (16, 14) if table else (20, 18, 16, 14, 12))
        for place, lines in enumerate(pages or [[]]):
            slide = self._finding(title, beneath, bottom)
            if place == 0:
                self._notes(slide, [*map(plain_text, said), *notes])
                if picture:
                    left = 5.2 if said else EDGE
                    self._picture(slide, picture, left, TOP, WIDTH - EDGE - left, bottom - TOP - .1,
                                  ": ".join(filter(None, (title, *map(plain_text, said[:1])))))
                if table:
                    self._table(slide, table, TOP + (room + .15 if lines else 0), bottom)
            self._text(slide, lines, EDGE, TOP, width if place == 0 or not table else WIDTH - 2 * EDGE,
                       room, (size,), bullets=len(lines) > 1)

    def content(self) -> bytes:
        """The bytes of the file: no clock, no name of a machine."""
        about = self.file.core_properties
        about.title, about.author, about.last_modified_by = clean(self.title)[:255], clean(self.look.name)[:255], ""
        about.created = about.modified = datetime(2000, 1, 1)
        about.language, about.revision = self.look.language, 1
        raw = io.BytesIO()
        self.file.save(raw)
        with zipfile.ZipFile(raw) as archive:
            return packed({name: archive.read(name) for name in archive.namelist()})

    def _fonts(self) -> None:
        """Set the fonts of the theme, so that whatever is typed later has them too."""
        latin, eastern = FONTS[self.look.language]
        for relation in self.file.slide_masters[0].part.rels.values():
            if relation.reltype.endswith("/theme"):
                theme = relation.target_part.blob.decode("utf-8")
                theme = re.sub(r'<a:latin typeface="[^"]*"', f'<a:latin typeface="{latin}"', theme)
                theme = re.sub(r'<a:ea typeface="[^"]*"', f'<a:ea typeface="{eastern}"', theme)
                relation.target_part._blob = theme.encode("utf-8")

    def _blank(self) -> Any:
        return self.file.slides.add_slide(self.file.slide_layouts[5])  # title only, so that an outline has it

    def _finding(self, title: str, beneath: Sequence[str], bottom: float) -> Any:
        slide = self._blank()
        self._box(slide, 0, 0, .22, HEIGHT, self.look.colors[0])
        self._box(slide, .22, 0, .06, HEIGHT, self.look.colors[1])
        self._heading(slide, title, EDGE, .4, WIDTH - 2 * EDGE, .9, (28, 24, 20, 16), self.look.heading)
        _, pages = fit(beneath, WIDTH - 2 * EDGE, FOOT - bottom, (10,))
        if pages:  # what has no room here is in the notes
            self._text(slide, [*pages[0][:-1], pages[0][-1] + "…" * (len(pages) > 1)], EDGE, bottom,
                       WIDTH - 2 * EDGE, FOOT - bottom, (10,), SOFT)
        self._foot(slide)
        return slide

    def _foot(self, slide: Any) -> None:
        self._text(slide, [str(plain(self.look.name))], EDGE, FOOT + .08, 9, .3, (10, 8), SOFT)
        frame = self._text(slide, ["0"], WIDTH - EDGE - 1, FOOT + .08, 1, .3, (10,), SOFT)
        run = frame.paragraphs[0].runs[0]._r   # a field, which counts for itself when slides are moved
        run.tag = run.tag.replace("}r", "}fld")
        run.set("id", "{00000000-0000-4000-8000-000000000001}")
        run.set("type", "slidenum")
        frame.paragraphs[0]._p.get_or_add_pPr().set("algn", "r")

    def _heading(self, slide: Any, text: str, left: float, top: float, width: float, height: float,
                 sizes: Sequence[int], color: str) -> None:
        """The title of a slide, in its placeholder."""
        shape = slide.shapes.title
        shape.left, shape.top, shape.width, shape.height = map(_at, (left, top, width, height))
        size, pages = fit([f"**{plain(text)}**"], width, height, sizes)
        line = pages[0][0] if pages else ""
        self._fill(shape.text_frame, [line + "…" * (len(pages) > 1)], size, color)
        shape.text_frame.paragraphs[0]._p.get_or_add_pPr().set("algn", "l")

    def _text(self, slide: Any, lines: Sequence[str], left: float, top: float, width: float, height: float,
              sizes: Sequence[int], color: str = INK, *, bullets: bool = False) -> Any:
        """A box of text in the largest size in which it fits; what fits in none is cut with a mark."""
        if not any(lines):
            return None
        box = slide.shapes.add_textbox(*map(_at, (left, top, width, height)))
        size, pages = fit(lines, width, height, sizes)
        first = [*pages[0][:-1], pages[0][-1] + "…" * (len(pages) > 1)]
        self._fill(box.text_frame, first, size, color, bullets=bullets)
        return box.text_frame

    def _fill(self, frame: Any, lines: Sequence[str], size: float, color: str, *, bullets: bool = False) -> None:
        """Put Markdown lines in a frame: what stands between two stars is bold."""
        from pptx.dml.color import RGBColor
        from pptx.enum.text import MSO_ANCHOR
        from pptx.oxml import parse_xml
        from pptx.oxml.ns import nsdecls
        from pptx.util import Pt

        frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        for place, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(size * BETWEEN) if place < len(lines) - 1 else Pt(0)
            if bullets:
                known = paragraph._p.get_or_add_pPr()
                known.set("marL", str(_at(.2)))
                known.set("indent", str(-_at(.2)))
                known.append(parse_xml(f'<a:buChar {nsdecls("a")} char="•"/>'))
            paragraph._p.get_or_add_endParaRPr().set("sz", str(round(100 * size)))   # or an empty line is a large one
            for text, bold in runs(line):
                run = paragraph.add_run()
                run.text = clean(text)
                run.font.size, run.font.bold = Pt(size), bold
                run.font.color.rgb = RGBColor.from_string(_hex(color))
                run._r.get_or_add_rPr().set("lang", LANGUAGE[self.look.language])

    def _box(self, slide: Any, left: float, top: float, width: float, height: float, color: str) -> None:
        """A filled rectangle, behind whatever comes later."""
        from pptx.dml.color import RGBColor
        from pptx.enum.shapes import MSO_SHAPE

        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(_at, (left, top, width, height)))
        shape.fill.solid()
        shape.fill.fore_color.rgb = RGBColor.from_string(_hex(color))
        shape.line.fill.background()
        shape.shadow.inherit = False
        shape._element.nvSpPr.cNvPr.set("descr", "")
        slide.shapes._spTree.insert(2, shape._element)

    def _picture(self, slide: Any, picture: str, left: float, top: float, width: float, height: float,
                 alt: str) -> None:
        """A picture as large as it can be, in the middle of its room."""
        shape = slide.shapes.add_picture(io.BytesIO(base64.b64decode(picture)), 0, 0)
        scale = min(_at(width) / shape.width, _at(height) / shape.height)
        shape.width, shape.height = round(shape.width * scale), round(shape.height * scale)
        shape.left = _at(left) + (_at(width) - shape.width) // 2
        shape.top = _at(top) + (_at(height) - shape.height) // 4
        shape._element.nvPicPr.cNvPr.set("descr", clean(alt))

    def _table(self, slide: Any, grid: Grid, top: float, bottom: float) -> None:
        """A table in the largest type in which it fits; what fits in none is left to the workbook, and this is said."""
        from pptx.enum.text import MSO_ANCHOR
        from pptx.oxml import parse_xml
        from pptx.oxml.ns import nsdecls, qn
        from pptx.util import Pt

        widths, size, heights, rows = laid_out(grid, WIDTH - 2 * EDGE, bottom - top)
        shape = slide.shapes.add_table(len(rows) + 1, len(widths), _at(EDGE), _at(top), _at(sum(widths)),
                                       _at(sum(heights)))
        table = shape.table
        shape._element.graphic.graphicData.tbl.tblPr.find(qn("a:tableStyleId")).text = _PLAIN
        for place, width in enumerate(widths):
            table.columns[place].width = _at(width)
        for number, (row, height) in enumerate(zip([grid.heads, *rows], heights, strict=True)):
            table.rows[number].height = _at(height)
            for place, text in enumerate(row):
                cell = table.cell(number, place)
                self._fill(cell.text_frame, [f"**{plain(line)}**" if number == 0 else str(plain(line))
                                             for line in text.split("\n")], size, SOFT if number == 0 else INK)
                for paragraph in cell.text_frame.paragraphs:
                    paragraph.space_after = Pt(0)
                    if right(rows, place):
                        paragraph._p.get_or_add_pPr().set("algn", "r")
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                cell.margin_left = cell.margin_right = _at(CELL / 2)
                cell.margin_top = cell.margin_bottom = _at(GAP / 2)
                cell._tc.get_or_add_tcPr().append(parse_xml(_UNDER.format(nsdecls("a"), LINE)))

    def _notes(self, slide: Any, lines: Sequence[str]) -> None:
        if lines:
            slide.notes_slide.notes_text_frame.text = "\n".join(map(clean, lines))


_PLAIN = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"    # "No Style, No Grid", which every PowerPoint knows
_UNDER = '<a:lnB {} w="9525"><a:solidFill><a:srgbClr val="{}"/></a:solidFill></a:lnB>'


def _at(inches: float) -> int:
    return round(inches * 914_400)


def _hex(color: str) -> str:
    """A colour as six digits."""
    digits = color.lstrip("#")
    return ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits).upper()
