"""A KPI tree as one types it: `Tree(text)`, and what can be asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.display import named, shown
from engagelab.errors import UsageError, names_in, near, one_of
from engagelab.experiments.comparison import Comparison
from engagelab.kpi import formula, scenarios
from engagelab.kpi.attribution import METHODS, attributed
from engagelab.kpi.columns import rolled_up
from engagelab.kpi.explain import Explained, explained, outline_svg
from engagelab.kpi.leaves import Inputs, Window, cells_of, numbers, paired
from engagelab.kpi.simulate import Simulation, simulate, value_of_information
from engagelab.kpi.structure import Link, Structure
from engagelab.kpi.values import Values, valued
from engagelab.metrics.answer import grouping
from engagelab.metrics.intervals import z_value
from engagelab.summaries.periods import EVERY

LEAST_KEYS, MOST_KEYS = 3, 5
Leaves = Mapping[str, Any] | pd.DataFrame | Values


class Tree(Structure):
    """A tree of measures, written as one would on a whiteboard.

    text : a line a node: `name = formula [unit] # label | Japanese label`; `name ~ driver`, an estimated effect and no
        definition; `name [unit]`, a leaf. A formula holds names, numbers and + - * / ( ). Or a dict of formulas.

    Raises TreeError, which shows the line, the place and what to do.

    >>> tree = Tree('''
    ... value = customers * ltv      [JPY]         # Customer value
    ... ltv   = arpu * margin / churn [JPY/person]
    ... customers [person]
    ... arpu [JPY/person/month]
    ... margin [%]
    ... churn [1/month]
    ... ''')
    >>> before = {"customers": 100, "arpu": 980, "margin": .5, "churn": .05}
    >>> tree.explain(before, before | {"churn": .04}).frame[["metric", "contribution"]].round().values.tolist()[:2]
    [['value', 245000.0], ['customers', 0.0]]
    """

    def __init__(self, text: str | Mapping[str, str]) -> None:
        self._take(formula.parse(text))

    def _take(self, made: Structure) -> None:
        for each in fields(Structure):
            object.__setattr__(self, each.name, getattr(made, each.name))

    def _with(self, **changed: Any) -> "Tree":
        told = {each.name: getattr(self, each.name) for each in fields(Structure)} | changed
        made, old = object.__new__(Tree), _cautions(self)
        made._take(Structure(**told))
        kept = (note for note in self.notes if note not in old)
        object.__setattr__(made, "notes", (*kept, *_cautions(made)))
        return made

    # what it comes to

    def evaluate(self, data: Leaves, *, by: str | Sequence[str] | None = None, time: str | None = None,
                 every: str | None = None, since: object = None, until: object = None, tz: str | None = None,
                 user: str | None = None, roll_up: Mapping[str, str] | None = None, confidence: float = .95,
                 fiscal_year_starts: int = 1) -> Values:
        """Every node in every segment and period, with its interval.

        data : of each leaf (and each estimated node) a number, (estimate, standard error), (estimate, low, high), an
            array of draws, a dict of these by period or segment, or (metric, table) and, where tables differ in it,
            (metric, table, time column). Leaves of one table are estimated jointly. Or a frame with a column a leaf;
            its amounts add up, other columns are rolled up as `roll_up` says: "sum", "mean", or the column of their
            weight.
        by, time, every, since, until, tz, fiscal_year_starts : as in `measure`.
        user : the column of who it is: rows of a user belong together, also in two periods that are compared.

        >>> Tree("value = customers * arpu").evaluate({"customers": (100, 5), "arpu": 10}).frame[
        ...     ["metric", "estimate", "se"]].values.tolist()
        [['value', 1000.0, 50.0], ['customers', 100.0, 5.0], ['arpu', 10.0, 0.0]]
        """
        z_value(confidence)
        if isinstance(data, Values):
            self._inputs(data[next(iter(data.cells))])
            return data
        if every is not None:
            one_of("every", every, EVERY)
        window = Window(tuple(grouping(by, every)), time, every, since, until, tz, user, fiscal_year_starts, confidence)
        cells = self._cells(data, window, roll_up or {})
        return valued(self, cells, (*window.by, *([every] if every else [])), confidence)

    def _cells(self, data: Mapping[str, Any] | pd.DataFrame, window: Window, roll_up: Mapping[str, str]
               ) -> dict[tuple[str, ...], Inputs]:
        if not isinstance(data, Mapping | pd.DataFrame) or not isinstance(roll_up, Mapping):
            raise UsageError("kpi.data", type=type(data if isinstance(roll_up, Mapping) else roll_up).__name__)
        if isinstance(data, pd.DataFrame):
            return rolled_up(self, data, window, roll_up)
        return cells_of(self, data, window)

    # why it moved

    def explain(self, before: Leaves, after: Leaves, *, draws: int = 0, user: str | None = None,
                method: str = "chain", confidence: float = .95, seed: int = 0) -> Explained:
        """What each node contributed to the change of the root: exact, adding up at every node, with intervals.

        before, after : as `data` of `evaluate`, or cells of what it gave: `values["2026Q2"], values["2026Q3"]`.
            Draws before and after are independent unless one evaluation gave both, or the two share an array.
        user : who it is in tables given for before and after, so that a user in both is paired with itself.
        draws : intervals from so many draws, rather than by the delta method.
        method : "chain", the exact chain rule, which does not change when a branch is opened; or "shapley", over the
            measured values alone, as others publish it.

        >>> found = Tree("profit = value - cost").explain({"value": 10, "cost": 4}, {"value": 13, "cost": 5})
        >>> found.frame[["metric", "contribution"]].values.tolist()
        [['profit', 2.0], ['value', 3.0], ['cost', -1.0]]
        """
        one_of("method", method, METHODS)
        z_value(confidence)
        names = tuple(each.name if isinstance(each, Values) else "" for each in (before, after))
        if user is not None and isinstance(before, Mapping) and isinstance(after, Mapping):
            ends = paired(self, before, after, user)
        else:
            ends = self._inputs(before), self._inputs(after)
            tables = [{(id(one.table), one.table.user) for _, one in end.parts} for end in ends]
            if user is not None and (tables[0] != tables[1] or any(who != user for _, who in tables[0])):
                raise UsageError("kpi.user_values", user=repr(user))
        found = attributed(self, *ends, method=method, draws=draws, seed=seed, confidence=confidence)
        return explained(self, *ends, found, names=(names[0], names[1]), confidence=confidence, method=method)

    def _inputs(self, data: Leaves) -> Inputs:
        found = data if isinstance(data, Values) else Values(pd.DataFrame(), self, self._cells(data, Window(), {}))
        if found.inputs.names != self.program.inputs:
            raise UsageError("kpi.other_tree", leaves=words.joined(found.inputs.names))
        return found.inputs

    # what would be, and what would have to be

    def what_if(self, data: Leaves, changes: Mapping[str, float | str] | None = None, *, confidence: float = .95,
                **more: float | str) -> Explained:
        """What the root would be if levers were set otherwise: a new level, or a change as "+5", "-10%", "+2pp".

        What a lever drives by an estimated effect moves with it.
        """
        if not isinstance(changes, Mapping | None):
            raise UsageError("kpi_scenarios.no_change")
        return scenarios.what_if(self, self._inputs(data), {**(changes or {}), **more}, confidence=confidence)

    def solve(self, data: Leaves, target: float, *, levers: Sequence[str] | None = None,
              limits: Mapping[str, tuple[float | None, float | None]] | None = None) -> "scenarios.Solved":
        """What each lever, alone, would have to be for the root to reach a target, and whether it can."""
        return scenarios.solve(self, self._inputs(data), target, levers=levers, limits=limits)

    def tornado(self, data: Leaves, *, by: float | None = None) -> "scenarios.Tornado":
        """How far the root swings when each leaf alone goes to the ends of its interval, or up and down by a share."""
        return scenarios.tornado(self, self._inputs(data), by=by)

    def simulate(self, data: Leaves, *, draws: int = 100_000, seed: int = 0, confidence: float = .95) -> Simulation:
        """The distribution of every node, and the chance that one is above a level."""
        return simulate(self, self._inputs(data), draws=draws, seed=seed, confidence=confidence)

    def value_of_information(self, data: Leaves, *, draws: int = 100_000, seed: int = 0) -> Any:
        """Which number to measure next: what knowing it would be worth to the decision whether the root is above 0."""
        return value_of_information(self, self._inputs(data), draws=draws, seed=seed)

    # what is estimated, what is key

    def link(self, node: str, driver: str, effect: "float | Comparison", se: float | None = None, source: str = "", *,
             metric: str | None = None, arm: str | None = None) -> "Tree":
        """The tree with an estimated effect: by how much `node` moves when `driver` rises by one.

        effect : a number with its standard error `se`, or a comparison, whose difference in `metric` (the node's name
            unless said) is the effect of a driver that is the share of customers treated as in `arm`.

        >>> tree = Tree("value = kept * 10 \\nkept ~ nps").link("kept", "nps", .02, .005)
        >>> found = tree.explain({"kept": 1, "nps": 5}, {"kept": 1.5, "nps": 15})
        >>> found.edges[["child", "contribution"]].values.tolist()
        [['kept', 5.0], ['nps', 2.0], ['', 3.0]]
        """
        names_in("node, driver", [node, driver])
        if node not in self.nodes or driver not in self.nodes[node].children or self.nodes[node].kind != "estimated":
            raise UsageError("kpi.no_edge", node=node, driver=driver)
        origin = None
        if isinstance(effect, Comparison):
            origin, (effect, se, found) = effect, effect_of(effect, metric or node, arm)
            source = source or found
        if se is None or not numbers(effect, se) or se < 0:
            raise UsageError("kpi.link_error", node=node, effect=repr(effect), se=repr(se))
        made = Link(node, driver, float(effect), float(se), source, origin)
        return self._with(links={**self.links, (node, driver): made})

    def key(self, names: Sequence[str]) -> "Tree":
        """The tree with three to five of its nodes marked as key indicators; fewer or more are told in `.notes`."""
        names = names_in("names", names)
        for name in names:
            if name not in self.nodes:
                raise UsageError("kpi.no_node", node=name, near=near(name, self.nodes))
        return self._with(keys=tuple(dict.fromkeys(names)))

    # how it looks

    def svg(self) -> str:
        """The tree without values as SVG text: labels, formulas and units; `el.save(tree, "tree.svg")` writes it."""
        return outline_svg(self)

    def mermaid(self) -> str:
        """The tree as Mermaid text, which wikis and code hosts draw."""
        return formula.mermaid(self)

    def __repr__(self) -> str:
        return "\n".join([*_outline(self, self.root, 0, set()), *self.notes])


def _cautions(tree: Structure) -> list[str]:
    """What to bear in mind of a tree's effects and key indicators."""
    groups: dict[object, list[str]] = {}
    for (node, driver), link in tree.links.items():
        groups.setdefault(link.source if link.origin is None else id(link.origin), []).append(f"{node} ~ {driver}")
    said = [words.text("kpi.one_source", effects=words.joined(effects))
            for source, effects in groups.items() if source and len(effects) > 1]
    n = len(tree.keys)
    if n and not LEAST_KEYS <= n <= MOST_KEYS:
        said.append(words.text(f"kpi.{'few' if n < LEAST_KEYS else 'many'}_keys", n=n, most=MOST_KEYS))
    return said


def _outline(tree: Structure, name: str, depth: int, seen: set[str]) -> list[str]:
    """The lines of a node and what is beneath it, a node that stands twice opened once."""
    node = tree.nodes[name]
    sign = {"definition": " = ", "estimated": " ~ "}.get(node.kind, "")
    unit = f" [{node.unit}]" if node.unit else ""
    lines = ["  " * depth + name + sign + node.formula + unit]
    if name in seen:
        return lines
    seen.add(name)
    return [*lines, *(line for child in node.children for line in _outline(tree, child, depth + 1, seen))]


def effect_of(comparison: Comparison, metric: str, arm: str | None) -> tuple[float, float, str]:
    """(difference, standard error, source) of a metric in a comparison, of which no check failed."""
    rows = comparison.frame[comparison.frame["metric"] == metric]
    if arm is not None:
        rows = rows[rows["arm"] == arm]
    if len(rows) != 1:
        raise UsageError("kpi.comparison", metric=metric, metrics=words.joined(
            f"{row.metric} ({row.arm})" for row in comparison.frame.itertuples()))
    row = rows.iloc[0]
    if row["verdict"] == "no_verdict":
        failed = comparison.checks[comparison.checks["status"] == "failed"]
        raise UsageError("kpi.failed_check", metric=metric, check=" ".join(
            failed.loc[failed["metric"].isin(["", metric]), "sentence"]))
    se = (row["high"] - row["low"]) / 2 / z_value(float(comparison.settings["confidence"]))
    source = words.text("kpi.from_comparison", arm=named(row["arm"], "arm"), control=named(row["control"], "arm"),
                        n=shown(row["n_control"] + row["n_arm"], "count"))
    return float(row["difference"]), float(se), source
