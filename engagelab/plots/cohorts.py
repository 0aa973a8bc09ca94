"""The triangle of cohorts: who began together down, how old they are across.

A heat map of one hue from light to dark, which keeps its order in grey print and with every kind of colour vision.
The cells' numbers are written in them; the colour only leads the eye.
"""

import numpy as np
import pandas as pd

from engagelab.display import WITHOUT_CENTS, shown, tick
from engagelab.errors import one_of
from engagelab.plots.estimates import LETTER, finish, fitting, thinned
from engagelab.plots.frames import period_of, picked
from engagelab.plots.style import SOFT, drawing, tick_of, title_of, word_of

RAMP = ("#e3eef6", "#4f9bcb", "#003a5c")
BEGINNING, INK = "#dde1e7", "#1f2937"
OWN_UNIT = {"cohort_retention": "share", "cohort_users": "count"}
LARGEST, SMALLEST = 8.5, 4.5  # points of the numbers; below that they are left out and a scale is drawn


def cohorts(frame: pd.DataFrame, *, over: str = "age", unit: str | None = None, title: str = "", ax=None):
    """The answer of `activity.cohorts`: a row a cohort, a cell an age (or with `over="period"`, a period).

    Parameters: the frame of one group; `unit` as in `engagelab.display.shown`, read off the metric where none is
    given: a share, a count, or a number. Amounts of money want their currency.

    The column at the left is the size of the cohort. The period of the beginning is grey and outside of the colours.
    What was not observed is blank; a period in progress is hollow. Large amounts are written in thousands or
    millions, as the line beneath says. Where there are too many cells for numbers, a scale of colours stands beside.

    Errors: UsageError where a cell has several rows; DataError where the table is empty.

    >>> ax = cohorts(pd.DataFrame({"metric": "cohort_retention", "cohort": "2026-04", "month": ["2026-04", "2026-05"],
    ...                            "age": [0, 1], "estimate": [1.0, .4], "n": 50, "flag": ""}))
    >>> [text.get_text() for text in ax.texts]
    ['50', '100%', '40%']
    """
    one_of("over", over, ("age", "period"))
    when = period_of(frame)
    across = "age" if over == "age" else when
    frame = picked(frame, ["cohort", across], "estimate", "n", "flag", "age")
    unit = unit or OWN_UNIT.get(str(frame["metric"].iloc[0]) if "metric" in frame else "", "number")
    columns = list(range(int(frame["age"].max()) + 1)) if over == "age" else sorted(frame[when].unique())
    cells = {name: frame.pivot(index="cohort", columns=across, values=name).reindex(columns=columns)
             for name in ("estimate", "age", "flag")}
    running = (cells["flag"].fillna("") != "").to_numpy()
    values, first = cells["estimate"].to_numpy(), cells["age"].to_numpy(dtype="float64", na_value=np.nan) == 0
    sizes = [shown(float(size), "count") for size in frame.groupby("cohort")["n"].max().astype("float64")]
    texts, note = _written(values, unit)
    longest = max(map(len, [*texts.values(), *map(str, columns), *sizes]))
    wide = min(max(.1 * longest + .06, .36), 14 / (len(columns) + 1))
    with drawing(ax, figsize=(max(1.2 + wide * (len(columns) + 1), 4.2), min(1.15 + .27 * len(values), 11))) as ax:
        scale = _colored(ax, values, first, running)
        _numbered(ax, texts, values, scale, first | running, sizes, unit)
        _named(ax, [str(label) for label in cells["estimate"].index], [str(label) for label in columns])
        notes = [word_of(f"plots.since_{when}") if over == "age" else "", note, *(
            word_of("plots.hollow", flag=title_of(flag)) for flag in frame["flag"].unique() if flag)]
        ax.set_xlabel("   ".join(filter(None, notes)), loc="left", fontsize=9)
        finish(ax, title, legend=False)
        ax.spines["bottom"].set_visible(False)
    return ax


def _written(values: np.ndarray, unit: str) -> tuple[dict[tuple[int, int], str], str]:
    """What each observed cell says, and in what unit."""
    known = {(int(row), int(column)): float(values[row, column]) for row, column in np.argwhere(~np.isnan(values))}
    top = max(map(abs, known.values()), default=0.0)
    if unit == "share":
        digits = 2 if any(.1 <= abs(value) < 1 for value in known.values()) else 3
        return {place: tick(round(value, digits), unit) for place, value in known.items()}, ""
    size = next((size for size in (10**9, 10**6, 10**3) if top >= 100 * size), 1)
    whole = top >= 1000 * size if size > 1 else top >= 100 or unit in ("count", *WITHOUT_CENTS)
    parts = [f"{size:,}" if size > 1 else "", unit if unit not in ("count", "number", "points") else ""]
    said = " ".join(filter(None, parts))
    texts = {place: f"{value / size:,.{0 if whole else 1}f}".replace("-", "−") for place, value in known.items()}
    return texts, word_of("plots.cells_in", unit=said) if said else ""


def _colored(ax, values: np.ndarray, first: np.ndarray, running: np.ndarray):
    """The cells and their scale, which neither beginnings nor periods in progress may stretch."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
    from matplotlib.patches import Rectangle

    ramp = values[~np.isnan(values) & ~first & ~running]
    low, high = (ramp.min(), ramp.max()) if len(ramp) else (0.0, 1.0)
    scale = ScalarMappable(Normalize(low, high, clip=True), LinearSegmentedColormap.from_list("cohorts", RAMP))
    colors = scale.to_rgba(np.nan_to_num(values))
    colors[first] = to_rgba(BEGINNING)
    colors[np.isnan(values) | running] = (1, 1, 1, 0)
    ax.imshow(colors, aspect="auto", interpolation="nearest")
    rows, columns = values.shape
    ax.vlines(np.arange(columns + 1) - .5, -.5, rows - .5, color="white", linewidth=1)
    ax.hlines(np.arange(rows + 1) - .5, -.5, columns - .5, color="white", linewidth=1)
    for row, column in np.argwhere(running & ~np.isnan(values)):
        ax.add_patch(Rectangle((column - .44, row - .38), .88, .76, fill=False, edgecolor=SOFT, linewidth=.8))
    return scale


def _numbered(ax, texts: dict[tuple[int, int], str], values: np.ndarray, scale, plain: np.ndarray, sizes: list[str],
              unit: str) -> None:
    """The numbers, as large as the cells allow; or a scale of colours."""
    rows, columns = values.shape
    wide, tall = (length * 72 / ax.figure.dpi for length in (ax.bbox.width / (columns + 1), ax.bbox.height / rows))
    longest = max(map(len, [*texts.values(), *sizes]))
    points = min(LARGEST, wide / (LETTER * (longest + 1)), .75 * tall)
    if points < SMALLEST:
        bar = ax.figure.colorbar(scale, ax=ax, fraction=.03, pad=.02, format=lambda value, _: tick_of(value, unit))
        bar.outline.set_visible(False)
        return
    for row, size in enumerate(sizes):
        ax.text(-1, row, size, ha="center", va="center", fontsize=points, color="#4b5565", fontweight="bold")
    for (row, column), text in texts.items():
        dark = not plain[row, column] and scale.norm(values[row, column]) > .62
        ax.text(column, row, text, ha="center", va="center", fontsize=points, color="white" if dark else INK)


def _named(ax, down: list[str], across: list[str]) -> None:
    """The names of rows and columns; the column at the left is that of sizes."""
    ax.set_xlim(-1.5 if ax.texts else -.5, len(across) - .5)
    ax.xaxis.tick_top()
    sizes = [(-1, word_of("plots.size"))] if ax.texts else []
    marks = [*sizes, *enumerate(fitting(ax, across))]
    ax.set_xticks([place for place, _ in marks], [text for _, text in marks], fontsize=8.5)
    ax.set_yticks(range(len(down)), thinned(down, max(int(ax.bbox.height * 72 / ax.figure.dpi / 11), 1)), fontsize=8.5)
    ax.grid(visible=False)
