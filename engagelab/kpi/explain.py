"""A change explained: the table, the finding in a headline, and the picture."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import short, shown, tick
from engagelab.kpi.answers import between
from engagelab.kpi.attribution import Attribution
from engagelab.kpi.formula import label
from engagelab.kpi.leaves import Inputs
from engagelab.kpi.structure import Structure
from engagelab.kpi.units import display_unit, per, read, written
from engagelab.kpi.values import flagged, near_zero
from engagelab.metrics.looks import page
from engagelab.plots import kpi_tree

LEVELS = ("share", "points")    # units of what goes up or down in level; all else grows or shrinks
NEEDED = ("metric", "label", "parent", "kind", "unit", "change", "contribution", "noise")  # for the headline


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
    confidence: float = field(default=.95, repr=False)

    def say(self, most: int = 3) -> list[str]:
        """What moved the root, in sentences: the change, then the largest contributions."""
        root = self.frame.iloc[0]
        said = [words.text(f"kpi.say_{_sure(root)}", label=root["label"], contribution=_amount(root, root),
                           interval=_ends(root, root), **_levels(root))]
        return said + [words.text(f"kpi.say_part_{_sure(row)}", label=row["label"], contribution=_amount(row, root),
                                  interval=_ends(row, root), **_levels(row)) for row in _largest(self.frame)[:most]]

    def svg(self) -> str:
        """The picture as SVG text."""
        drawn, root = self._drawn, self.frame.iloc[0]
        rest = {row["metric"]: words.text("kpi.rest", contribution=_amount(row, root), interval=words.text(
                    "kpi_scenarios.between", interval=_ends(row, root)) if _ends(row, root) else "")
                for row in self.frame[self.frame["kind"] == "unexplained"].to_dict("records")}
        notes = [words.sentences([row["note"], rest.get(row["metric"], "")]) for row in drawn.to_dict("records")]
        return kpi_tree.svg(drawn.assign(note=notes), self.edges[self.edges["child"] != ""], title=self.title,
                            subtitle=self.subtitle, confidence=self.confidence)

    @property
    def _drawn(self) -> pd.DataFrame:
        named = {self.frame["metric"].iloc[0], *self.edges["child"]}     # Shapley's value leaves out what is between
        return self.frame[(self.frame["kind"] != "unexplained") & self.frame["metric"].isin(named)]

    def __repr__(self) -> str:
        return "\n".join([self.title, kpi_tree.text_tree(self._drawn, self.edges, self.confidence), *self.notes])

    def _repr_html_(self) -> str:
        return kpi_tree.data_uri_html(self.svg(), self.title) + page([], self.notes)


def _sure(row: Any) -> str:
    return "plain" if row["noise"] is None else "noise" if row["noise"] else "sure"


def _amount(row: Any, root: Any) -> str:
    return short(row["contribution"], root["unit"], signed=True)


def _levels(row: Any) -> dict[str, str]:
    """Both levels of a node, in short; in full where short ones would look alike."""
    levels = {end: short(row[end], row["unit"]) for end in ("before", "after")}
    return {end: shown(row[end], row["unit"]) for end in levels} if len(set(levels.values())) == 1 else levels


def _ends(row: Any, root: Any) -> str:
    return between(row, root["unit"], signed=True)


def _largest(frame: pd.DataFrame) -> list[Any]:
    """What was measured, those surely not noise first, the largest contributions first."""
    rows = [row for row in frame.to_dict("records") if row["kind"] in ("leaf", "estimated")
            and abs(row["contribution"]) > 0]
    return sorted(rows, key=lambda row: (row["noise"] is True, -abs(row["contribution"])))


def _main(frame: pd.DataFrame) -> Any:
    """The node that the headline names: from the root down to the largest part, while it is at least half of the whole.

    The parts of `frame` are told apart by their first parent; noise is no finding.
    """
    columns = zip(*(frame[name].tolist() for name in NEEDED), strict=True)
    rows = [row for one in columns if (row := dict(zip(NEEDED, one, strict=True)))["kind"] != "unexplained"]
    found, at = None, rows[0]
    while at["kind"] == "definition":
        parts = [row for row in rows if row["parent"] == at["metric"] and row["noise"] is not True
                 and np.isfinite(row["contribution"])]
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
    parents = _parents(structure) | ({child: parent for parent, child in found.edges} if method == "shapley" else {})
    found = _without_unknown(structure, found)
    noise, flags = _noise(found.low, found.high), [flagged(structure, end) for end in (before, after)]
    edges = pd.DataFrame({
        "parent": [pair[0] for pair in found.edges], "child": [pair[1] for pair in found.edges],
        "operator": ["" if method == "shapley" else _operator(structure, *pair) for pair in found.edges],
        "contribution": found.contribution[size:], "low": found.low[size:], "high": found.high[size:]})
    how = words.text(f"kpi.method_{method}", confidence=tick(confidence, "share"))
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
        "method": how, "flag": [one or other for one, other in zip(*flags, strict=True)],
        "key": [node.name in structure.keys for node in nodes],
        "note": [_note(structure, node, found, display_unit(nodes[0].unit)) for node in nodes]})
    rest = edges[edges["child"] == ""]
    left = pd.DataFrame({"metric": rest["parent"], "label": words.text("kpi.unexplained"), "parent": rest["parent"],
                         "kind": "unexplained", "unit": frame["unit"].iloc[0], "contribution": rest["contribution"],
                         "low": rest["low"], "high": rest["high"], "noise": _noise(rest["low"], rest["high"]),
                         "method": how, "flag": "", "key": False, "note": "", "per": ""})
    frame = pd.concat([frame, left], ignore_index=True) if len(left) else frame
    notes = structure.notes if (before.known or after.known) else (*structure.notes, words.text("kpi.no_errors"))
    near = dict.fromkeys(note for end in (before, after) for note in near_zero(structure, end, confidence))
    return Explained(frame, edges, _title(frame), _subtitle(names, frame, confidence), (*notes, *near), confidence)


def _parents(structure: Structure) -> dict[str, str]:
    """The first parent of each node."""
    parents: dict[str, str] = {}
    for node in structure.nodes.values():
        for child in node.children:
            parents.setdefault(child, node.name)
    return parents


def _without_unknown(structure: Structure, found: Attribution) -> Attribution:
    """The numbers without those of drivers whose effect nobody has told, and of what these are made of."""
    told = [not child or structure.nodes[parent].kind != "estimated" or (parent, child) in structure.links
            for parent, child in found.edges]
    ours, waiting = {structure.root}, [structure.root]
    while waiting:
        at = waiting.pop()
        new = [child for (parent, child), one in zip(found.edges, told, strict=True)
               if parent == at and one and child not in ours]
        ours |= set(new)
        waiting += new
    known = [*(name in ours for name in structure.nodes),
             *(one and parent in ours for (parent, _), one in zip(found.edges, told, strict=True))]
    contribution, low, high = np.where(known, [found.contribution, found.low, found.high], np.nan)
    return replace(found, contribution=contribution, low=low, high=high)


def _noise(low: Any, high: Any) -> list[bool | None]:
    return [None if bottom != bottom else bool(bottom <= 0 <= top) for bottom, top in zip(low, high, strict=True)]


def _operator(structure: Structure, parent: str, child: str) -> str:
    node = structure.nodes[parent]
    return node.operators[node.children.index(child)] if child else "~"


def _note(structure: Structure, node: Any, found: Attribution, unit: str) -> str:
    """Of a driver: its effect in words, and how much of the node's contribution it explains."""
    said = []
    for link in structure.links.values():
        if link.driver == node.name and (link.node, link.driver) in found.edges:
            at = len(structure.nodes) + found.edges.index((link.node, link.driver))
            whole = list(structure.nodes).index(link.node)
            target = structure.nodes[link.node]
            said.append(words.text("kpi.link", driver=label(node), node=label(target), effect=short(
                link.effect, display_unit(target.unit), signed=True), margin=kpi_tree.size(
                1.96 * link.se, display_unit(target.unit)), part=short(found.contribution[at], unit, signed=True),
                whole=short(found.contribution[whole], unit, signed=True)))
    said += [words.text("kpi.no_effect", node=label(structure.nodes[parent]), name=parent, driver=child)
             for parent, child in found.edges if child == node.name and structure.nodes[parent].kind == "estimated"
             and (parent, child) not in structure.links]
    return words.sentences(said)


def _title(frame: pd.DataFrame) -> str:
    root = frame.iloc[0]
    if not np.isfinite(root["contribution"]):
        return words.text("kpi.title_unknown", label=root["label"])
    if not root["contribution"]:
        return words.text("kpi.title_same", label=root["label"], value=short(root["after"], root["unit"]))
    noise, first = root["noise"] is True, _main(frame)
    key = "title_noise" if noise else "title_most" if first else "title"
    part = {"part": first["label"], "contribution": short(first["contribution"], root["unit"], signed=True),
            "change": words.text(f"kpi.higher_{way(first['change'], first['unit'])}")} if first else {}
    return words.text(f"kpi.{key}", label=root["label"], amount=kpi_tree.size(root["contribution"], root["unit"]),
                      moved=words.text(f"kpi.moved_{way(root['contribution'], root['unit'])}"), **part)


def way(change: float, unit: str) -> str:
    """By which word a change is told: of a share or score it is one of level, of all else one of size.

    >>> way(-.02, "share"), way(5.0, "JPY")
    ('down_level', 'up')
    """
    return ("up" if change > 0 else "down") + "_level" * (unit in LEVELS)


def outline_svg(structure: Structure) -> str:
    """The picture of a tree without values: of each node its label, its unit and what it is made of."""
    parents, signs = _parents(structure), {"definition": "=", "estimated": "~"}
    nothing = dict.fromkeys(("before", "after", "change", "contribution", "low", "high", "noise"), np.nan)
    nodes = pd.DataFrame([nothing | {
        "metric": node.name, "label": label(node), "parent": parents.get(node.name, ""), "unit": "number", "per": "",
        "shown": written(read(node.unit) or {}, shown=True) if node.unit else "", "key": node.name in structure.keys,
        "note": " ".join([node.name, signs[node.kind], node.formula]) if node.formula else ""}
        for node in structure.nodes.values()])
    edges = pd.DataFrame([nothing | {"parent": node.name, "child": child, "operator": sign}
                          for node in structure.nodes.values()
                          for child, sign in zip(node.children, node.operators, strict=True)])
    return kpi_tree.svg(nodes, edges, title=label(structure.nodes[structure.root]), subtitle="")


def _subtitle(names: tuple[str, str], frame: pd.DataFrame, confidence: float) -> str:
    periods = words.text("kpi.subtitle_periods", before=names[0], after=names[1]) if all(names) else ""
    known = frame["low"].notna().any()
    return periods + words.text("kpi.subtitle" if known else "kpi.subtitle_plain",
                                confidence=tick(confidence, "share"),
                                label=frame["label"].iloc[0])
