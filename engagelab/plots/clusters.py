"""The profile of clusters: a row a cluster, a column a feature, coloured by how far it lies from the average.

Blue is below and orange above, light near the average: two hues that everybody tells apart, with the plain mean written
in the cell. At the left stands how many customers the cluster has, at the right how stable it is.
"""

import textwrap

import numpy as np
import pandas as pd

from engagelab.display import heading, shown
from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import LETTER, finish
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, title_of, word_of

FULL = 1.5     # standard deviations from the average that have the full colour
INK = "#1f2937"


def clusters(frame: pd.DataFrame, *, title: str = "", ax=None):
    """The profile of `segments.cluster(...)`: its `.profile`, a row a cluster and feature.

    >>> ax = clusters(pd.DataFrame({"cluster": ["1", "2"], "n": [80, 40], "stability": [.9, .8], "feature": "orders",
    ...                             "mean": [2.0, 9.0], "z": [-.6, 1.2]}))
    >>> [text.get_text() for text in ax.texts]
    ['2.00', '9.00', '80', '0.90', '40', '0.80']
    """
    from matplotlib.colors import LinearSegmentedColormap

    for name in ("cluster", "n", "stability", "feature", "mean", "z"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    rows, columns = list(dict.fromkeys(frame["cluster"])), list(dict.fromkeys(frame["feature"]))
    mean, z = (frame.pivot(index="cluster", columns="feature", values=name).loc[rows, columns].to_numpy()
               for name in ("mean", "z"))
    sizes = frame.drop_duplicates("cluster")
    names = [textwrap.fill(title_of(heading(name)) or name, 14) for name in columns]
    texts = [[shown(value) for value in row] for row in mean]
    longest = max(len(text) for text in (*"\n".join(names).split("\n"), *(text for row in texts for text in row)))
    size = min(.6 + max(.085 * longest + .15, .75) * (len(columns) + 2), 14), 1.5 + .42 * len(rows)
    with drawing(ax, figsize=size) as ax:
        ramp = LinearSegmentedColormap.from_list("clusters", [COLORS[4], "#f7f8fa", COLORS[5]])
        ax.imshow(z, cmap=ramp, vmin=-FULL, vmax=FULL, aspect="auto", interpolation="nearest")
        ax.hlines(np.arange(len(rows) + 1) - .5, -.5, len(columns) - .5, color="white", linewidth=2)
        ax.vlines(np.arange(len(columns) + 1) - .5, -.5, len(rows) - .5, color="white", linewidth=2)
        room = ax.bbox.width * 72 / ax.figure.dpi / (len(columns) + 2)
        points = min(9.0, room / (LETTER * (max(len(text) for row in texts for text in row) + 1)))
        for row, column in np.ndindex(mean.shape):
            ax.text(column, row, texts[row][column], ha="center", va="center", fontsize=points, color=INK)
        for row, one in enumerate(sizes.to_dict("records")):
            for place, text in ((-1, shown(one["n"], "count")), (len(columns), shown(one["stability"]))):
                ax.text(place, row, text, ha="center", va="center", fontsize=9, color="#4b5565", fontweight="bold")
        ax.set_xlim(-1.5, len(columns) + .5)
        ax.xaxis.tick_top()
        ax.set_xticks(range(-1, len(columns) + 1), [word_of("plots.size"), *names, word_of("label.stability")],
                      fontsize=9)
        ax.set_yticks(range(len(rows)), [name_of(name) for name in rows], fontsize=9)
        ax.set_xlabel(word_of("plots.clusters"), color=SOFT, fontsize=8, loc="left")
        ax.grid(visible=False)
        finish(ax, title, legend=False)
        ax.spines["bottom"].set_visible(False)
    return ax
