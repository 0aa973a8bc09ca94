"""Leaves as columns of a frame of figures, rolled up to the periods and segments that were asked for.

What flows adds up; a level or a share is a mean with its weight, so that a ratio rolls up as the ratio of its sums. A
share without its weight is refused: a mean of ratios is a wrong number that looks right.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import CURRENCIES
from engagelab.errors import UsageError, column_of
from engagelab.kpi import units
from engagelab.kpi.leaves import Inputs, Window
from engagelab.kpi.structure import Structure
from engagelab.kpi.totals import rows, total
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import Noun, mean, ratio

WAYS = ("sum", "mean")


def rolled_up(structure: Structure, frame: pd.DataFrame, window: Window, roll_up: Mapping[str, str]
              ) -> dict[tuple[str, ...], Inputs]:
    """The inputs of the tree in each cell, from the columns of their names; such figures have no known error.

    roll_up : of a leaf, "sum", "mean" (of a level over time), or the column of its weight.
    """
    names = structure.program.inputs
    for name in (*names, *roll_up):
        column_of(name, frame.columns)
    places = list(window.by)

    def measured(table: pd.DataFrame, metrics: dict[str, Noun]) -> pd.DataFrame:
        return measure(table, metrics, by=places, every=window.every, fiscal_year_starts=window.starts,
                       time=window.time if window.every else None, tz=window.tz if window.every else None)

    each = measured(frame, {"rows": rows()})
    several = bool((each["n"] > 1).any())
    stamps = window.time is not None and bool((measured(
        frame.drop_duplicates([*places, window.time]), {"rows": rows()})["n"] > 1).any())
    nouns: dict[str, Noun] = {}
    made = frame
    for name in names:
        way = roll_up.get(name) or ("mean" if not several else _way(structure, name, over_time=stamps))
        if way in WAYS:
            nouns[name] = total(name) if way == "sum" else mean(name)
        else:
            known = frame[column_of(way, frame.columns)].where(frame[name].notna())
            made = made.assign(**{f"{name} × {way}": frame[name] * known, f"{way} ({name})": known})
            nouns[name] = ratio(f"{name} × {way}", f"{way} ({name})")
    answer = measured(made, nouns)
    keys = [*places, *([window.every] if window.every else [])]
    cells: dict[tuple[str, ...], Inputs] = {}
    partial = words.text("metrics.flag_partial")
    for cell, part in (answer.groupby(keys, sort=False) if keys else [((), answer)]):
        part = part.set_index("metric").loc[list(names)]
        gaps = part["n_missing"].astype(float).to_numpy()
        size = len(names)
        cells[tuple(map(str, cell))] = Inputs(
            names, np.where(gaps > 0, np.nan, part["estimate"].astype(float)), np.zeros((size, size)),
            part["n"].astype(float).to_numpy(), gaps, tuple(_said(nouns[name]) for name in names),
            tuple("; ".join([words.text("kpi.flag_gaps", n=int(gap))] * bool(gap) + [partial] * (partial in flag))
                  for gap, flag in zip(gaps, part["flag"], strict=True)))
    return cells


def _said(noun: Noun) -> str:
    return words.text("kpi.method_column", noun=noun.name)


def _way(structure: Structure, name: str, *, over_time: bool) -> str:
    """How a leaf adds up by its unit: amounts of money do; what counts things does within one period."""
    unit = (units.read(structure.nodes[name].unit) if structure.nodes[name].unit else None) or {}
    above = [word for word, power in unit.items() if power > 0]
    if not above or min(unit.values()) < 0 or set(above) & {"%", "pt"}:
        raise UsageError("kpi.no_weight", leaf=name)
    money = all(word in CURRENCIES or units.CURRENCY.fullmatch(word) for word in above)
    if over_time and not money:
        raise UsageError("kpi.stock_or_flow", leaf=name)
    return "sum"
