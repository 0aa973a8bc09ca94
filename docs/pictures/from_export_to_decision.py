"""Draws the picture of the README, in both languages: from the export files to the number to the decision.

    python docs/pictures/from_export_to_decision.py

Everything in it comes from the sample company: the lines of a file in `data/exports`, the NPS of two quarters as it is
and with the channels as they were, and the sentences that the code says of both.
"""

import csv
import html
import re
import unicodedata
from pathlib import Path

import engagelab as el
from engagelab import words

ROOT = Path(__file__).parents[2]
NAME = {"en": "from_export_to_decision.svg", "ja": "from_export_to_decision.ja.svg"}
HEADS = {"en": ("What you download", "What it measures", "What you defend"),
         "ja": ("ダウンロードしたファイル", "測るもの", "説明できること")}
FILES = {"en": "{n} files of mail, survey, shop, social and support",
         "ja": "アンケート・メール・注文・SNSなど{n}ファイル"}
MODES = {"en": ("all answers", "same channels"), "ja": ("全回答", "チャネル構成を固定")}
FONT = "Helvetica, Arial, 'Hiragino Sans', 'Yu Gothic', Meiryo, 'Noto Sans CJK JP', IPAexGothic, sans-serif"
INK, SOFT, LINE, FIRST, SECOND = "#1d2433", "#5b6472", "#d5dae1", "#1f6f8b", "#c8553d"
JAPANESE = r"[\x21-\x7e−～〜]+ ?[、。）」]*|\s|.[、。）」]*"  # what stays on one line
WIDTH, HEIGHT, CARD, GAP = 1080, 354, 332, 42


def draw(language: str) -> str:
    """The picture as SVG."""
    with words.speaking(language):
        cards = [exports(language), estimates(language), sentences()]
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                 f'height="{HEIGHT}" role="img" font-family="{html.escape(FONT)}">',
                 f'<title>{html.escape(" → ".join(HEADS[language]))}</title>',
                 f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
        for number, (head, card) in enumerate(zip(HEADS[language], cards, strict=True)):
            parts.append(f'<g transform="translate({number * (CARD + GAP)},0)">'
                         f'<rect x="1" y="41" width="{CARD - 2}" height="{HEIGHT - 44}" rx="10" fill="none" '
                         f'stroke="{LINE}" stroke-width="1.5"/>'
                         + text(2, 26, head, size=18, weight="bold") + card + "</g>")
            if number:
                x = number * (CARD + GAP) - GAP / 2
                parts.append(f'<path d="M{x - 9:g},190 h14 m-6,-6 l6,6 l-6,6" fill="none" stroke="{SOFT}" '
                             'stroke-width="2.5"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def exports(language: str) -> str:
    """The first lines of a file as a survey tool exports it, cut at the edge."""
    folder = ROOT / "data/exports"
    with (folder / "nps_email.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row, _ in zip(csv.reader(file), range(9), strict=False)]
    lines = [text(18, 100 + 22 * number, cut(",".join(row), 43), size=11.5, family="monospace",
                  color=INK if number else FIRST) for number, row in enumerate(rows)]
    files = FILES[language].format(n=sum(path.suffix in (".csv", ".xlsx", ".jsonl") for path in folder.iterdir()))
    return text(18, 70, "nps_email.csv", size=13, weight="bold") + "".join(lines) + text(18, 320, files, size=12,
                                                                                           color=SOFT)


def estimates(language: str) -> str:
    """NPS in both quarters, as it is and with the channels as they were, each with its interval."""
    overall, same_mix = measured()
    rows = [*overall.to_dict("records"), *same_mix.to_dict("records")]
    low, high = min(row["low"] for row in rows) - 3, max(row["high"] for row in rows) + 3

    def y(value):
        return 250 - 150 * (value - low) / (high - low)

    made = [text(18, 70, "NPS", size=13, weight="bold")]
    for number, (row, color) in enumerate(zip(rows, (FIRST, FIRST, SECOND, SECOND), strict=True)):
        x = 62 + 62 * number + 24 * (number > 1)
        made.append(f'<path d="M{x},{y(row["low"]):.1f} V{y(row["high"]):.1f}" stroke="{color}" stroke-width="3" '
                    f'opacity=".45"/><circle cx="{x}" cy="{y(row["estimate"]):.1f}" r="6" fill="{color}"/>')
        made.append(text(x + 10, y(row["estimate"]) + 4, el.shown(row["estimate"], "points"), size=12, color=color))
        made.append(text(x, 272, row["quarter"], size=11.5, color=SOFT, anchor="middle"))
    for x, mode, color in zip((93, 241), MODES[language], (FIRST, SECOND), strict=True):
        made.append(text(x, 300, mode, size=13, weight="bold", color=color, anchor="middle"))
    return "".join(made)


def sentences() -> str:
    """What the code says of both changes."""
    y, made = 74.0, []
    for frame, color in zip(measured(), (FIRST, SECOND), strict=True):
        said = el.say_change(el.metrics.difference(frame, over="quarter").iloc[0], "points")
        for line in wrapped(str(said), 40):
            made.append(text(18, y, line, size=14.5, color=color))
            y += 23
        y += 18
    for line in wrapped(str(el.say("n01.answer_up_unclear", before="2026Q2", now="2026Q3")), 40):
        made.append(text(18, y, line, size=14, weight="bold"))
        y += 22
    return "".join(made)


def measured():
    """NPS of two quarters: as it is, and with the channels as they were in the first."""
    answers = el.example("surveys")
    asked = answers[answers["kind"] == "nps"]
    found = el.measure(asked, {"nps": el.nps("score")}, by="channel", time="answered_at", every="quarter", total=True,
                       since="2026-04-01", until="2026-10-01", tz="Asia/Tokyo")
    groups, whole = el.metrics.groups_only(found, "channel"), el.metrics.totals_only(found, "channel")
    return whole, el.metrics.fixed_mix(groups, by="channel", over="quarter", to="2026Q2")


def text(x: float, y: float, line: str, *, size: float, color: str = INK, weight: str = "normal",
         family: str = "", anchor: str = "start") -> str:
    """A line of text."""
    own = f' font-family="{family}"' if family else ""
    return (f'<text x="{x:g}" y="{y:.1f}" font-size="{size:g}" fill="{color}" font-weight="{weight}" '
            f'text-anchor="{anchor}"{own} xml:space="preserve">{html.escape(line)}</text>')


def columns(line: str) -> int:
    """How wide a text is, in Latin letters; a Japanese one counts as two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "FW" else 1 for letter in line)


def cut(line: str, most: int) -> str:
    """The text as far as there is room, and "…" where more follows."""
    if columns(line) <= most:
        return line
    while columns(line) > most - 1:
        line = line[:-1]
    return line + "…"


def wrapped(line: str, most: int) -> list[str]:
    """The text in lines. Japanese may break behind any letter, but never within a number or a word."""
    made = [""]
    for part in re.findall(JAPANESE if columns(line) > len(line) + 4 else r"\S+ ?", line):
        if columns((made[-1] + part).rstrip()) > most:
            made.append(part)
        else:
            made[-1] += part
    return [one.rstrip() for one in made]


if __name__ == "__main__":
    for language, name in NAME.items():
        (Path(__file__).parent / name).write_text(draw(language), encoding="utf-8", newline="\n")
