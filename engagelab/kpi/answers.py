"""What the answers of a tree to "what if" share: how they look, what they depend on, and what has to be known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, short
from engagelab.errors import DataError
from engagelab.kpi.engine import forward
from engagelab.kpi.formula import label
from engagelab.kpi.leaves import Inputs, checked
from engagelab.kpi.structure import Structure
from engagelab.kpi.units import display_unit
from engagelab.metrics.looks import page, plain


@dataclass(frozen=True, repr=False)
class Answer:
    """What was found of a tree: `.frame`, whose rows have units as in `engagelab.display.shown`, and sentences.

    label, unit, value : of the root, as it is.
    """

    frame: pd.DataFrame
    label: str
    unit: str
    value: float
    notes: tuple[str, ...]
    columns: ClassVar[Mapping[str, str]] = {}   # what is shown, each as the row's own number, the root's, a share, text

    def say(self) -> list[str]:
        """What was found, in sentences."""
        return list(self.notes)

    def table(self) -> pd.DataFrame:
        """The table as it is looked at: rounded, in words."""
        rows = self.frame.to_dict("records")
        kinds: dict[str, Callable[[Any, str], str]] = {
            "own": lambda row, name: short(row[name], row["unit"]), "text": lambda row, name: row[name],
            "signed": lambda row, name: short(row[name], row["unit"], signed=True),
            "root": lambda row, name: short(row[name], self.unit),
            "share": lambda row, name: short(round(row[name], 3), "share"),
            "interval": lambda row, name: between(row, row["unit"])}
        return pd.DataFrame({heading("metric"): [row["label"] for row in rows]} | {
            words.text(f"kpi_scenarios.column_{name}"): [kinds[kind](row, name) for row in rows]
            for name, kind in self.columns.items()})

    def __repr__(self) -> str:
        return plain([self.table()], self.notes)

    def _repr_html_(self) -> str:
        return page([self.table()], self.notes)


def between(row: Any, unit: str, *, signed: bool = False) -> str:
    """The interval of a row in few letters; "" where none is known."""
    low, high = (short(row[end], unit, signed=signed) for end in ("low", "high"))
    return words.text("unit.interval", low=low, high=high) if row["low"] == row["low"] else ""


def described(structure: Structure, name: str) -> dict[str, Any]:
    """How a row says what it is of: name, label, and unit as in `engagelab.display.shown`."""
    node = structure.nodes[name]
    return {"metric": name, "label": label(node), "unit": display_unit(node.unit)}


def reached(structure: Structure, effects: bool = True) -> list[str]:
    """The inputs on which the root depends, by definitions and, where asked, by known effects."""
    found, waiting = dict.fromkeys([structure.root]), [structure.root]
    while waiting:
        node = structure.nodes[waiting.pop()]
        new = [child for child in node.children if child not in found and (
            node.kind != "estimated" or (effects and (node.name, child) in structure.links))]
        found |= dict.fromkeys(new)
        waiting += new
    return [name for name in structure.program.inputs if name in found]


def known(structure: Structure, inputs: Inputs, names: Sequence[str] = ()) -> float:
    """The root as it is; refused where a value, of these names too, is missing or 0 is divided by."""
    missing = [name for name in dict.fromkeys([*reached(structure, effects=False), *names])
               if np.isnan(inputs.value[inputs.names.index(name)])]
    if missing:
        raise DataError("kpi_scenarios.missing", inputs=words.joined(missing))
    values = forward(structure.program, list(inputs.value))
    checked(structure, values)
    return float(values[structure.program.slot[structure.root]])
