"""No picture shows boxes for letters: a font is found where one is installed, else the words are English."""

import io
import sys
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib import font_manager

from engagelab import words
from engagelab.plots import levels, style, survival, trend

mpl.use("Agg")


@pytest.fixture
def japanese():
    with words.speaking("ja"):
        yield
    plt.close("all")


@pytest.fixture
def no_font(monkeypatch):
    monkeypatch.setattr(style, "japanese_font", lambda: "")


@pytest.fixture
def fresh():
    style.japanese_font.cache_clear()
    yield
    style.japanese_font.cache_clear()


def old_list(monkeypatch, installed):
    """A list of fonts made before the fonts of these files were installed."""
    listed = [font_manager.FontEntry(name="DejaVu Sans", fname="/fonts/DejaVuSans.ttf")]

    def add(path):
        if path not in installed:
            raise RuntimeError("no font")
        listed.append(font_manager.FontEntry(name=installed[path], fname=path))

    monkeypatch.setitem(sys.modules, "matplotlib_fontja", None)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", listed)
    monkeypatch.setattr(font_manager.fontManager, "addfont", add)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["/fonts/broken.ttf", *installed])


def test_a_font_installed_after_the_list_was_made_is_found(monkeypatch, fresh):
    old_list(monkeypatch, {"/fonts/NotoSansCJK-Regular.ttc": "Noto Sans CJK JP"})
    assert style.japanese_font() == "Noto Sans CJK JP"


def test_bold_text_in_a_font_of_one_weight_is_drawn_without_a_word(fresh, caplog):
    pytest.importorskip("matplotlib_fontja")
    family = style.japanese_font()
    font_manager.fontManager.findfont(font_manager.FontProperties(family=[family], weight="bold"))
    assert "weight" not in caplog.text


def test_without_any_there_is_none(monkeypatch, fresh):
    old_list(monkeypatch, {"/fonts/Lato.ttf": "Lato"})
    assert style.japanese_font() == ""


FRAME = pd.DataFrame({"metric": ["csat", "csat", "（全体）", "（全体）"], "quarter": ["Q1", "Q2"] * 2,
                      "estimate": [50.0, 70.0, 600.0, 900.0], "low": 40.0, "high": 950.0, "flag": ""})


def letters(ax):
    """All that is written in a picture."""
    ax.figure.canvas.draw()
    return "".join(text.get_text() for text in ax.figure.findobj(mpl.text.Text))


def test_without_a_font_the_words_of_a_picture_are_english(japanese, no_font):
    ax = trend(FRAME, hue="metric", unit="minutes", title="四半期ごとの満足度")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["CSAT (share satisfied)", "(all)"]
    assert not style.JAPANESE.search(letters(ax))
    assert ax.get_title(loc="left") == ""
    ax = levels(FRAME.iloc[1:3], by="metric", unit="minutes", title="満足度")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["(all)", "CSAT (share satisfied)"]
    assert not style.JAPANESE.search(letters(ax))
    curve = pd.DataFrame({"time": [0.0, 600.0], "survival": [1.0, .5], "low": [1.0, .4], "high": [1.0, .6],
                          "channel": "（不明）"})
    ax = survival(curve, hue="channel", unit="minutes", title="初回返信までの時間")
    assert not style.JAPANESE.search(letters(ax))


def test_a_group_of_the_data_that_cannot_be_drawn_does_not_stop_the_picture(japanese, no_font):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")   # as in a notebook's first cell
        frame = FRAME.assign(metric=["個人", "個人", "法人", "法人"])
        trend(frame, hue="metric", title="満足度").figure.savefig(io.BytesIO())


def test_with_a_font_the_words_are_japanese(japanese, monkeypatch):
    monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Sans")
    assert style.name_of("csat", "metric") == "顧客満足度（CSAT）"
    assert style.name_of("（全体）", "metric") == "（全体）"
    assert style.title_of("満足度") == "満足度"
    assert style.tick_of(600, "minutes") == "10時間"


def test_an_english_title_is_drawn_everywhere(no_font):
    assert style.title_of("CSAT by quarter") == "CSAT by quarter"


def test_on_axes_of_the_caller_the_house_s_fonts_are_used(japanese, monkeypatch):
    monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Serif")
    ax = levels(FRAME.iloc[:2], by="quarter", title="満足度", ax=plt.subplots()[1])
    assert ax.title.get_fontfamily() == ["DejaVu Sans", "DejaVu Serif"]
    assert {tuple(text.get_fontfamily()) for text in ax.get_yticklabels()} == {("DejaVu Sans", "DejaVu Serif")}
