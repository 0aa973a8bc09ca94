"""The look that all pictures share, set per picture and never for the whole session."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engagelab import words

# Okabe and Ito (2008), "Color universal design": told apart with every kind of colour vision.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
SOFT = "#8a93a3"
JAPANESE_FONTS = ("IPAexGothic", "Hiragino Sans", "Yu Gothic", "Noto Sans CJK JP", "Noto Sans JP", "Meiryo")
LOOK: dict = {
    "figure.figsize": (8.2, 3.9), "figure.dpi": 110, "savefig.dpi": 110, "figure.constrained_layout.use": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": SOFT, "axes.grid": True,
    "axes.grid.axis": "y", "grid.color": "#e8ebf0", "axes.axisbelow": True, "axes.titlelocation": "left",
    "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlepad": 12, "axes.labelcolor": "#4b5565",
    "xtick.color": "#4b5565", "ytick.color": "#4b5565", "legend.frameon": False, "font.size": 10,
    "axes.unicode_minus": True,
}


@functools.cache
def japanese_font() -> str:
    """A font on this machine that has Japanese letters; "" where there is none."""
    from matplotlib import font_manager

    with suppress(ImportError):
        import matplotlib_fontja  # noqa: F401 the extra `ja`: importing it registers its font
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in JAPANESE_FONTS if name in known), "")


def label(key: str) -> str:
    """The words for a key; in English where no font on this machine could draw the Japanese ones."""
    if words.language() == "ja" and not japanese_font():
        return words.catalogue()[key]["en"]
    return words.text(key)


@contextmanager
def drawing(ax=None, **figure) -> Iterator:
    """The axes to draw on: the caller's, or new ones in the house's look."""
    import matplotlib.pyplot as plt

    fonts = ["DejaVu Sans", *([japanese_font()] if japanese_font() else [])]
    with plt.rc_context({**LOOK, "font.family": fonts}):
        yield ax or plt.subplots(**figure)[1]
