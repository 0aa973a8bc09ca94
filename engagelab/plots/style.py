"""The look that all pictures share, set per picture and never for the whole session."""

import dataclasses
import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engagelab import words
from engagelab.display import TRAILING, heading, named, short, tick

# Okabe and Ito (2008), "Color universal design": told apart with every kind of colour vision.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
SOFT = "#8a93a3"
OWN = ("metrics.all", "metrics.missing", "paths.start", "paths.end", "paths.converted")  # what the code calls things
JAPANESE_FONTS = ("IPAexGothic", "Hiragino Sans", "Yu Gothic", "Noto Sans CJK JP", "Noto Sans JP", "Meiryo",
                  "BIZ UDGothic", "MS Gothic", "IPAGothic", "TakaoGothic")
JAPANESE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
# The columns of answers whose values are durations, and those whose values are names that the catalogue of words knows.
LOOK: dict = {
    "figure.figsize": (8.2, 3.9), "figure.dpi": 110, "savefig.dpi": 110, "figure.constrained_layout.use": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": SOFT, "axes.grid": True,
    "axes.grid.axis": "y", "grid.color": "#e8ebf0", "axes.axisbelow": True, "axes.titlelocation": "left",
    "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlepad": 12, "axes.labelcolor": "#4b5565",
    "xtick.color": "#4b5565", "ytick.color": "#4b5565", "legend.frameon": False, "font.size": 10,
    "axes.unicode_minus": True, "text.parse_math": False,  # a name with dollars is no formula
}


@functools.cache
def japanese_font() -> str:
    """A font on this machine that has Japanese letters; "" where there is none."""
    from matplotlib import font_manager

    with suppress(ImportError):
        import matplotlib_fontja  # noqa: F401 the extra `ja`: importing it registers its font
    found = _first_known()
    if not found:   # the list of fonts is kept on disk: one installed since it was made is not in it
        known = {font.fname for font in font_manager.fontManager.ttflist}
        for path in sorted(set(font_manager.findSystemFonts()) - known):
            with suppress(Exception):   # a damaged file is no font
                font_manager.fontManager.addfont(path)
        found = _first_known()
    fonts = [font for font in font_manager.fontManager.ttflist if font.name == found]
    if len({font.weight for font in fonts}) == 1:   # its one weight stands for bold too, or each title would warn
        font_manager.fontManager.ttflist.append(dataclasses.replace(fonts[0], weight=700))
    return found


def _first_known() -> str:
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in JAPANESE_FONTS if name in known), "")


def drawable(text: str) -> bool:
    """Whether the text has no Japanese letters, or a font on this machine has them."""
    return not JAPANESE.search(text) or bool(japanese_font())


def _language() -> str:
    """The language of words in a picture: English where no font here has Japanese letters."""
    return words.language() if drawable(words.text("words.languages")) else "en"


def name_of(value: object, column: str | None = None) -> str:
    """A value of a by column as a picture names it: metrics, states, durations; totals and unknowns as the code does.

    >>> name_of("nps", "metric"), name_of("app", "channel"), name_of("won_back", "state"), name_of("1 day", "window")
    ('NPS', 'app', 'Won back', '1 day')
    """
    text = str(value)
    own = next((key for key in OWN if text == words.text(key)), "")
    with words.speaking(_language()):
        text = words.text(own) if own else named(text, column or "")
        return f" {text}" if text.startswith("_") else text  # matplotlib takes such a name for one to be hidden


def heading_of(column: str) -> str:
    """A column's name, as `engagelab.display.heading` writes it, in words that can be drawn here."""
    with words.speaking(_language()):
        return heading(column)


def tick_of(value: float, unit: str, *, signed: bool = False) -> str:
    """A tick of an axis, as `engagelab.display.tick` writes it, in words that can be drawn here."""
    with words.speaking(_language()):
        return tick(value, unit, signed=signed)


def short_of(value: float, unit: str) -> str:
    """A number where room is scarce, as `engagelab.display.short` writes it, in words that can be drawn here."""
    with words.speaking(_language()):
        return TRAILING.sub("", short(value, unit))


def word_of(key: str, /, **values: object) -> str:
    """The words for a key, in a language that can be drawn here."""
    with words.speaking(_language()):
        return words.text(key, **values)


def title_of(text: str) -> str:
    """The title, or none where its letters cannot be drawn here; it stands in the text beside the picture anyway."""
    return text if drawable(text) else ""


@contextmanager
def drawing(ax=None, **figure) -> Iterator:
    """The axes to draw on: the caller's, or new ones in the house's look."""
    import matplotlib.pyplot as plt
    from matplotlib.text import Text

    fonts = ["DejaVu Sans", *([japanese_font()] if japanese_font() else [])]
    # Japanese letters come in one weight: bold Latin ones beside them would look like an emphasis
    weight = "normal" if _language() == "ja" else LOOK["axes.titleweight"]
    with plt.rc_context({**LOOK, "font.family": fonts, "axes.titleweight": weight}):
        if ax is None:
            ax = plt.subplots(**figure)[1]
        else:  # what it will say was made with the caller's fonts, which may have no Japanese letters
            ax.tick_params(labelfontfamily=fonts)
            for text in ax.findobj(Text):
                text.set_fontfamily(fonts)
        yield ax
