"""A change explained: the table, the finding in a headline, and the picture."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval, shown
from engagelab.kpi.attribution import Attribution
from engagelab.kpi.formula import label
from engagelab.kpi.leaves import Inputs
from engagelab.kpi.structure import Structure
from engagelab.kpi.units import display_unit, per
from engagelab.plots import kpi_tree

NEEDED = ("metric", "label", "parent", "kind", "change", "contribution", "noise")  # for the headline


@dataclass(frozen=True)
class Explained:
    """A change explained: `.frame`, what each node contributed to the root's change; `.edges`, from child to parent.

    The contributions of the children of a node add up to its own, and so do those through its parents. `share` is the
    part of the root's change, NaN where that change may be noise; `noise` says whether the interval holds 0, None where
    no error is known. Of an estimated node a row of kind "unexplained" is what its drivers leave.
    """

    frame: pd.DataFrame
    edges: pd.DataFrame = field(repr=False)
    title: str = ""
    subtitle: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()

    def say(self, most: int = 3) -> list[str]:
        """What moved the root, in sentences: the change, then the largest contributions."""
        root = self.frame.iloc[0]
        said = [words.text(f"kpi.say_{_sure(root)}", label=root["label"], before=shown(root["before"], root["unit"]),
                           after=shown(root["after"], root["unit"]), contribution=_amount(root, root),
                           interval=_ends(root, root))]
        return said + [words.text(f"kpi.say_part_{_sure(row)}", label=row["label"], contribution=_amount(row, root),
                                  before=shown(row["before"], row["unit"]), after=shown(row["after"], row["unit"]),
                                  interval=_ends(row, root)) for row in _largest(self.frame)[:most]]

    def svg(self) -> str:
        """The picture as SVG text."""
        return kpi_tree.svg(self._drawn, self.edges[self.edges["child"] != ""], title=self.title,
                            subtitle=self.subtitle)

    @property
    def _drawn(self) -> pd.DataFrame:
        return self.frame[self.frame["kind"] != "unexplained"]

    def __repr__(self) -> str:
        return "\n".join([self.title, kpi_tree.text_tree(self._drawn, self.edges[self.edges["child"] != ""]),
                          *self.notes])

    def _repr_html_(self) -> str:
        return kpi_tree.data_uri_html(self.svg(), self.title)


def _sure(row: Any) -> str:
    return "plain" if row["noise"] is None else "noise" if row["noise"] else "sure"


def _amount(row: Any, root: Any) -> str:
    return shown(row["contribution"], root["unit"], signed=True)


def _ends(row: Any, root: Any) -> str:
    return interval(row["low"], row["high"], root["unit"], signed=True) if row["low"] == row["low"] else ""


def _largest(frame: pd.DataFrame) -> list[Any]:
    """What was measured, those surely not noise first, the largest contributions first."""
    rows = [row for row in frame.to_dict("records") if row["kind"] in ("leaf", "estimated") and row["contribution"]]
    return sorted(rows, key=lambda row: (row["noise"] is True, -abs(row["contribution"])))


def _main(frame: pd.DataFrame) -> Any:
    """The node that the headline names: from the root down to the largest part, while it is at least half of the whole.

    The parts of `frame` are told apart by their first parent; noise is no finding.
    """
    columns = zip(*(frame[name].tolist() for name in NEEDED), strict=True)
    rows = [row for one in columns if (row := dict(zip(NEEDED, one, strict=True)))["kind"] != "unexplained"]
    if not np.isfinite([row["contribution"] for row in rows]).all():  # Shapley tells nothing of what is between
        return next(iter(_largest(frame)), None)
    found, at = None, rows[0]
    while at["kind"] == "definition":
        parts = [row for row in rows if row["parent"] == at["metric"] and row["noise"] is not True]
        best = max(parts, key=lambda row: abs(row["contribution"]), default=None)
        least = abs(at["contribution"]) / 2 if found else 0.0
        if best is None or not best["contribution"] or abs(best["contribution"]) < least:
            break
        found = at = best
    return found


def explained(structure: Structure, before: Inputs, after: Inputs, found: Attribution, *, names: tuple[str, str],
              confidence: float, method: str) -> Explained:
    """The explanation as it is looked at, from its numbers."""
    nodes = list(structure.nodes.values())
    own = {name: at for at, name in enumerate(structure.program.inputs)}
    size, change = len(nodes), found.after - found.before
    parents: dict[str, str] = {}
    for node in nodes:
        for child in node.children:
            parents.setdefault(child, node.name)
    noise = _noise(found.low, found.high)
    edges = pd.DataFrame({
        "parent": [pair[0] for pair in found.edges], "child": [pair[1] for pair in found.edges],
        "operator": [_operator(structure, *pair) for pair in found.edges],
        "contribution": found.contribution[size:], "low": found.low[size:], "high": found.high[size:]})
    how = words.text(f"kpi.method_{method}", confidence=confidence)
    frame = pd.DataFrame({
        "metric": [node.name for node in nodes], "label": [label(node) for node in nodes],
        "parent": [parents.get(node.name, "") for node in nodes], "kind": [node.kind for node in nodes],
        "unit": [display_unit(node.unit) for node in nodes], "per": [per(node.unit) for node in nodes],
        "before": found.before, "after": found.after, "change": change,
        "contribution": found.contribution[:size], "low": found.low[:size], "high": found.high[:size],
        "share": np.where(noise[0] is True or not found.contribution[0], np.nan,
                          found.contribution[:size] / (found.contribution[0] or np.nan)),
        "noise": pd.Series(noise[:size], dtype=object),
        "n_before": [before.n[own[node.name]] if node.name in own else np.nan for node in nodes],
        "n_after": [after.n[own[node.name]] if node.name in own else np.nan for node in nodes],
        "method": how, "flag": [_flag(before, after, own.get(node.name)) for node in nodes],
        "key": [node.name in structure.keys for node in nodes],
        "note": [_note(structure, node, found, display_unit(nodes[0].unit)) for node in nodes]})
    rest = edges[edges["child"] == ""]
    left = pd.DataFrame({"metric": rest["parent"], "label": words.text("kpi.unexplained"), "parent": rest["parent"],
                         "kind": "unexplained", "unit": frame["unit"].iloc[0], "contribution": rest["contribution"],
                         "low": rest["low"], "high": rest["high"], "noise": _noise(rest["low"], rest["high"]),
                         "method": how, "flag": "", "key": False, "note": "", "per": ""})
    frame = pd.concat([frame, left], ignore_index=True) if len(left) else frame
    notes = structure.notes if (before.known or after.known) else (*structure.notes, words.text("kpi.no_errors"))
    return Explained(frame, edges, _title(frame), _subtitle(names, frame, confidence), notes)


def _noise(low: Any, high: Any) -> list[bool | None]:
    return [None if bottom != bottom else bool(bottom <= 0 <= top) for bottom, top in zip(low, high, strict=True)]


def _operator(structure: Structure, parent: str, child: str) -> str:
    node = structure.nodes[parent]
    return node.operators[node.children.index(child)] if child else "~"


def _flag(before: Inputs, after: Inputs, at: int | None) -> str:
    return "" if at is None else before.flags[at] or after.flags[at]


def _note(structure: Structure, node: Any, found: Attribution, unit: str) -> str:
    """Of a driver: its effect in words, and how much of the node's contribution it explains."""
    said = []
    for link in structure.links.values():
        if link.driver == node.name and (link.node, link.driver) in found.edges:
            at = len(structure.nodes) + found.edges.index((link.node, link.driver))
            whole = list(structure.nodes).index(link.node)
            target = structure.nodes[link.node]
            said.append(words.text("kpi.link", driver=label(node), node=label(target), effect=shown(
                link.effect, display_unit(target.unit), signed=True), margin=shown(
                1.96 * link.se, display_unit(target.unit)), part=shown(found.contribution[at], unit, signed=True),
                whole=shown(found.contribution[whole], unit, signed=True)))
    return " ".join(said)


def _title(frame: pd.DataFrame) -> str:
    root = frame.iloc[0]
    if not np.isfinite(root["contribution"]):
        return words.text("kpi.title_unknown", label=root["label"])
    if not root["contribution"]:
        return words.text("kpi.title_same", label=root["label"], value=shown(root["after"], root["unit"]))
    way = "up" if root["contribution"] > 0 else "down"
    amount = kpi_tree.short(abs(root["contribution"]), root["unit"])
    if root["noise"] is True:
        return words.text(f"kpi.title_noise_{way}", label=root["label"], amount=amount)
    first = _main(frame)
    if first is None:
        return words.text(f"kpi.title_{way}", label=root["label"], amount=amount)
    return words.text(f"kpi.title_most_{way}", label=root["label"], amount=amount, part=first["label"],
                      contribution=kpi_tree.short(first["contribution"], root["unit"], signed=True),
                      change=words.text(f"kpi.{'higher' if first['change'] > 0 else 'lower'}"))


def _subtitle(names: tuple[str, str], frame: pd.DataFrame, confidence: float) -> str:
    periods = words.text("kpi.subtitle_periods", before=names[0], after=names[1]) if all(names) else ""
    known = frame["low"].notna().any()
    return periods + words.text("kpi.subtitle" if known else "kpi.subtitle_plain", confidence=confidence,
                                label=frame["label"].iloc[0])
