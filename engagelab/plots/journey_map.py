"""The customer journey map: phases from left to right, the points of contact as cards beneath them."""

import unicodedata
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import shown
from engagelab.errors import column_of
from engagelab.plots.style import COLORS, SOFT, drawable, drawing, tick_of, title_of, word_of

NEEDED = ("touchpoint", "name", "phase", "online", "monthly_reach", "satisfaction", "answers", "cost", "currency",
          "flag")
SATISFIED = (COLORS[1], "#f2e6b1", COLORS[0])   # from few to many; no grey among them
UNKNOWN, CARD, INK = "#c9ced6", "#f6f7f9", "#1f2937"
WIDE, TALL, GAP = 2.5, 1.14, .12                # inches of a card, and between cards
LARGEST, SMALLEST = 620, 60                     # points squared
LETTERS = 27                                    # of a line of a card
JAPANESE, OTHER = 2, 1.15                       # how much room a letter takes


def journey_map(frame: pd.DataFrame, *, title: str = "", ax=None):
    """The contact points of `activity.touchpoints(...).frame`, a card each.

    A circle is online, a square offline; its area grows with the people reached a month, and its colour tells how many
    of the answers are satisfied, on a scale from 50 to 100 % (from 0 where any is below). Grey is satisfaction that
    is not known; a hollow mark is reach that nothing records. A star leads to what the table flags.

    Errors: NoColumn where the frame is not such a table.

    >>> from engagelab.activity.touchpoints import touchpoints
    >>> points = pd.DataFrame({"touchpoint": ["T1"], "name": ["Help desk"], "cost": [600.0], "phase": ["customer"],
    ...                        "channel": ["support"], "online": [True], "monthly_reach": [120]})
    >>> ax = journey_map(touchpoints(points).frame)
    >>> [text.get_text() for text in ax.texts][:2]
    ['Customer', 'T1 Help desk']
    """
    for name in NEEDED:
        column_of(name, frame.columns)
    phases = list(dict.fromkeys(frame["phase"]))
    rows = max((int((frame["phase"] == phase).sum()) for phase in phases), default=1)
    flags = [f"* {point}: {flag}" for point, flag in zip(frame["touchpoint"], frame["flag"], strict=True) if flag]
    # the header above, the legend and what is flagged below
    size = (max(len(phases), 3) * WIDE + .3, rows * TALL + 1.6 + .22 * len(flags))
    with drawing(ax, figsize=size) as ax:
        ax.set_xlim(0, max(len(phases), 3) * WIDE)
        ax.set_ylim(-rows * TALL - .3 - .22 * len(flags), .5)
        ax.axis("off")
        scale = _scale(frame["satisfaction"])
        largest = frame["monthly_reach"].max()
        for column, phase in enumerate(phases):
            _header(ax, column, phase)
            for row, point in enumerate(frame[frame["phase"] == phase].to_dict("records")):
                _card(ax, column * WIDE, -row * TALL, point, scale, largest)
        for row, flag in enumerate(flags):
            ax.text(.05, -rows * TALL - .18 - .22 * row, title_of(flag), fontsize=8,
                    color="#4b5565", va="center")
        _legend(ax, scale)
        ax.set_title(title_of(title), wrap=True)
    return ax


def _scale(satisfied: pd.Series):
    """Colours for shares of satisfied answers."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    low = .5 if not (satisfied < .5).any() else 0.0
    return ScalarMappable(Normalize(low, 1), LinearSegmentedColormap.from_list("satisfied", SATISFIED))


def _header(ax, column: int, phase: object) -> None:
    """The phase as an arrow to the next one."""
    left, right, tip = column * WIDE + .03, (column + 1) * WIDE - .16, .13
    ax.fill([left, right, right + tip, right, left, left + tip], [.08, .08, .25, .42, .42, .25], color="#e8ebf0",
            linewidth=0)
    name = f"phase.{phase}"
    text = word_of(name) if words.has(name) else str(phase)
    ax.text(left + .24, .25, text if drawable(text) else "", fontsize=11, fontweight="bold", va="center", color=INK)


def _card(ax, left: float, top: float, point: dict[Any, Any], scale, largest: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    ax.add_patch(FancyBboxPatch((left + .05, top - TALL + GAP), WIDE - .16, TALL - GAP, linewidth=.8, facecolor=CARD,
                                boxstyle="round,pad=0,rounding_size=.07", edgecolor="#dfe3ea"))
    people, satisfied = point["monthly_reach"], point["satisfaction"]
    known = not np.isnan(people)
    area = max(LARGEST * people / largest, SMALLEST) if known and largest > 0 else SMALLEST
    color = UNKNOWN if np.isnan(satisfied) else scale.to_rgba(satisfied)
    ax.scatter([left + .34], [top - TALL / 2 + GAP / 2], s=area, marker=_marker(point["online"]), linewidths=1.4,
               facecolor=color if known else "none", edgecolor=SOFT if known and np.isnan(satisfied) else color)
    name = f"{point['touchpoint']} {point['name']}"
    lines = _wrapped((name if drawable(name) else str(point["touchpoint"])) + (" *" if point["flag"] else ""))
    facts = [word_of("plots.people_month", n=shown(people, "count")) if known else word_of("plots.not_recorded"),
             word_of("plots.not_answered") if np.isnan(satisfied) else
             word_of("plots.satisfied", share=shown(satisfied, "share"), n=int(point["answers"])),
             word_of("plots.no_cost") if np.isnan(point["cost"]) else
             word_of("plots.cost_month", cost=shown(point["cost"], str(point["currency"])))]
    first = top - (TALL - GAP) / 2 + .0925 * (len(lines) + len(facts) - 1)
    for line, text in enumerate([*lines, *facts]):
        ax.text(left + .66, first - .185 * line, text, va="center",
                fontsize=8.5 if line < len(lines) else 8, color=INK if line < len(lines) else "#4b5565",
                fontweight="bold" if line < len(lines) else "normal")


def _marker(online: object) -> str:
    """Circle, square, or a diamond where the table does not say."""
    return "D" if pd.isna(online) else "o" if online else "s"  # type: ignore[call-overload]


def _wrapped(text: str) -> list[str]:
    """The text in two lines at the most, cut where it is longer; Japanese breaks anywhere, other words at blanks."""
    lines, width = [""], 0.0
    for word in _pieces(text):
        size = sum(JAPANESE if unicodedata.east_asian_width(letter) in "WF" else OTHER for letter in word)
        if width + size > LETTERS and lines[-1]:
            lines, width, word = [*lines, ""], 0.0, word.lstrip()
        lines[-1], width = lines[-1] + word, width + size
    return lines if len(lines) <= 2 else [lines[0], lines[1].rstrip() + "…"]


def _pieces(text: str) -> list[str]:
    """What may not be broken: a word with the blank before it, or one wide letter."""
    pieces: list[str] = []
    for letter in text:
        wide = unicodedata.east_asian_width(letter) in "WF"
        if wide or letter == " " or not pieces or unicodedata.east_asian_width(pieces[-1][-1]) in "WF":
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return pieces


def _legend(ax, scale) -> None:
    """The shapes, and the colours with their scale."""
    from matplotlib.lines import Line2D

    marks = [("o", SOFT, SOFT, "online"), ("s", SOFT, SOFT, "offline"), ("o", UNKNOWN, SOFT, "not_answered"),
             ("o", "none", SOFT, "not_recorded")]
    ax.legend(handles=[Line2D([], [], linestyle="", marker=marker, markerfacecolor=face, markeredgecolor=edge,
                              markersize=8, label=word_of(f"plots.{key}")) for marker, face, edge, key in marks],
              loc="upper left", bbox_to_anchor=(0, 0), ncols=4, handletextpad=.3, columnspacing=1.2, fontsize=8.5)
    thick = .16 / ax.figure.get_size_inches()[1]
    colors = ax.figure.colorbar(scale, ax=ax, location="bottom", shrink=.4, fraction=thick, pad=.01, anchor=(.9, 1),
                                aspect=16, format=lambda value, _position: tick_of(value, "share"))
    colors.outline.set_visible(False)
    colors.ax.tick_params(length=0, labelsize=8)
    colors.set_label(word_of("plots.share_satisfied"), fontsize=8.5)
