"""What was planned, what came out and what was learned: the memory of all experiments, in one file.

Plan, do, check, act (Deming 1986, Out of the Crisis, chapter 2). The plan is written before the data are seen, as in
preregistration (Nosek et al. 2018, PNAS 115:2600). Rows are added and never changed: a plan that was amended keeps what
stood there before.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.display import MISSING, interval, metric_name, named, shown, table_html
from engagelab.errors import UsageError, near, one_of
from engagelab.experiments.comparison import Comparison
from engagelab.experiments.entry import departures
from engagelab.experiments.register_file import COLUMNS, PLAN, RESULT, Row, add, read
from engagelab.metrics.nouns import BETTER
from engagelab.metrics.sequential import boundaries, times

SIZES = ("better", "margin", "split", "unit", "effect", "n", "power", "confidence", "correct", "share", "looks",
         "spending", "peek")   # what a plan of `el.plan` tells
DECISIONS = ("adopt", "adapt", "stop", "repeat")


class Register:
    """A file of experiments: each with its plan, and once it is over with its result and what was learned.

    path : a CSV file, made with the first plan. It can be read in a spreadsheet.

    The file is read again at each use. `.frame` has a row an experiment and, where it is over, one an arm and metric:
    what is planned by the newest version, what came out, `planned_on` and `decided_on`; those that are open come first.
    `register[name]` is the newest plan, for `el.compare(..., plan=register[name])`. Raises SourceError where the file
    is damaged, with the line and the column.

    >>> import tempfile
    >>> register = Register(Path(tempfile.mkdtemp()) / "experiments.csv")
    >>> register.plan("coupon", hypothesis="A coupon pays for itself", metric="profit a head",
    ...               arms=["holdout", "coupon"], control="holdout", plan={"n": 1200},
    ...               stop="when 1,200 in each arm had 14 days", on="2025-11-20")
    >>> register["coupon"].n
    1200
    >>> register
    coupon
      Plan: A coupon pays for itself (profit a head, higher is better; 1,200 in the control; 2025-11-20)
      Do: open; holdout (control), coupon; stop: when 1,200 in each arm had 14 days
      Check: –
      Act: –
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        read(self.path)

    def plan(self, name: str, *, hypothesis: str, metric: str, arms: Sequence[str], control: str, stop: str,
             on: str | date, better: str | None = None, margin: float | None = None, primary: str | None = None,
             plan: Any = None, guardrails: Sequence[str] = ()) -> None:
        """Write down what will be judged and how, before the data are seen.

        name : a new one. metric : in words; primary : what the comparison will call it, the same unless told; better :
            "higher", unless told, or "lower".
        guardrails : the names of metrics that must not get worse. margin : how much worse is still accepted.
        plan : of `el.plan`, or a dict of some of `better margin split unit effect n power confidence correct looks
            spending peek`. stop : when it ends. on : the day, told because no clock is read.

        Raises UsageError for a name that is there, and for an argument that cannot be.
        """
        told = {"hypothesis": hypothesis, "metric": metric, "arms": arms, "control": control, "stop": stop,
                "better": better, "margin": margin, "primary": primary, "guardrails": guardrails, "plan": plan}
        if str(name) in self._newest():
            raise UsageError("register.there", name=repr(name))
        row = _planned({key: value for key, value in told.items() if value is not None}, {})
        add(self.path, [row | {"name": name, "version": 1, "step": "plan", "on": on}])

    def amend(self, name: str, *, why: str, on: str | date, **changes: Any) -> None:
        """Write down a changed plan, with the reason; the old one is kept, and the new one has the next version.

        changes : arguments of `plan()`. Raises UsageError where there is a result, or for a day before that of the
        plan.
        """
        old = self._open(name)
        for key in changes:
            one_of("amend", key, (*PLAN, "plan"))
        head = {"name": name, "version": old["version"] + 1, "step": "amend", "on": on, "why": why}
        add(self.path, [_planned(changes, old) | head])

    def result(self, name: str, comparison: Comparison, *, lesson: str, decision: str, on: str | date) -> None:
        """Write down what came out, what was done otherwise than planned, what was learned, and what is done now.

        comparison : of `el.compare`; its rows of the planned metrics are kept, or all where these were not measured.
        decision : "adopt", "adapt", "stop" or "repeat".

        Raises UsageError for a name without a plan or with a result, and for a day before that of the plan.
        """
        plan = self._open(name)
        head = {"name": name, "version": plan["version"], "step": "result", "on": on, "lesson": lesson,
                "decision": one_of("decision", decision, DECISIONS)}
        add(self.path, [row | head for row in _results(plan, comparison)])

    def __getitem__(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(**self._one(name)[0])

    def history(self, name: str) -> pd.DataFrame:
        """All rows of an experiment in the order in which they were written: each version of the plan, and the result.
        """
        self._one(name)
        return pd.DataFrame([row for row in read(self.path)[1] if row["name"] == str(name)], columns=list(COLUMNS))

    @property
    def frame(self) -> pd.DataFrame:
        """A row an experiment and, where it is over, one an arm and metric; the open ones first."""
        made = []
        for plan, results in self._newest().values():
            for result in results or [{}]:
                came = {key: value for key, value in result.items() if value is not None}
                made.append(plan | came | {"planned_on": plan["on"], "decided_on": came.get("on")})
        return pd.DataFrame(made, columns=["name", "version", "planned_on", "decided_on", *PLAN, *RESULT])

    def _newest(self) -> dict[str, tuple[Row, list[Row]]]:
        """The newest plan and the result of each experiment by its name, the open ones first."""
        found: dict[str, tuple[Row, list[Row]]] = {}
        for row in read(self.path)[1]:
            if row["step"] == "result":
                found[row["name"]][1].append(row)
            else:
                found[row["name"]] = row, []
        return dict(sorted(found.items(), key=lambda one: bool(one[1][1])))

    def _one(self, name: str) -> tuple[Row, list[Row]]:
        found = self._newest()
        if str(name) not in found:
            raise UsageError("register.unknown", name=repr(name) + near(name, found))
        return found[str(name)]

    def _open(self, name: str) -> Row:
        """The newest plan of an experiment that has no result."""
        plan, results = self._one(name)
        if results:
            raise UsageError("register.over", name=repr(name))
        return plan

    def _cells(self) -> pd.DataFrame:
        """The experiments as people read them, a row each."""
        titles = [words.text(f"register.{part}") for part in ("experiment", "plan", "do", "check", "act")]
        return pd.DataFrame([_told(*one) for one in self._newest().values()], columns=titles)

    def __repr__(self) -> str:
        colon = words.text("register.colon")
        told = ["\n  ".join([row.iloc[0], *(f"{title}{colon}{text}" for title, text in row.iloc[1:].items())])
                for _, row in self._cells().iterrows()]
        return "\n".join(told) or words.text("register.empty")

    def _repr_html_(self) -> str:
        return table_html(self._cells())


def _planned(told: Row, old: Row) -> Row:
    """The cells of a plan: what is told now, else what `plan=` tells, else what was told before."""
    plan = told.get("plan") or {}
    if not isinstance(plan, Mapping):
        plan = {key: getattr(plan, key) for key in SIZES if hasattr(plan, key)}
    for key in plan:
        one_of("plan", key, SIZES)
    row = {**dict.fromkeys(PLAN), "better": BETTER[0], **old, **plan, **told}
    for key in ("arms", "guardrails"):
        if not isinstance(row[key], Iterable | None):
            raise UsageError("register.value", name=repr(key), value=repr(row[key]))
        row[key] = [row[key]] if isinstance(row[key], str) else list(map(str, row[key] or ()))
    if len(set(row["arms"])) < max(2, len(row["arms"])):
        raise UsageError("register.arms", value=repr(row["arms"]))
    row["control"] = one_of("control", str(row["control"]), row["arms"])
    boundaries(row["looks"] or 1, confidence=row["confidence"] or .95,
               spending=row["spending"] or "obrien_fleming")   # which refuses what cannot be
    row["looks"] = row["looks"] and list(map(float, times(row["looks"])))
    return row


def _results(plan: Row, comparison: Comparison) -> list[Row]:
    """The rows of a comparison that answer the plan, with what was done otherwise."""
    if not isinstance(comparison, Comparison):
        raise UsageError("register.comparison", value=type(comparison).__name__)
    frame, primary = comparison.frame, plan["primary"] or plan["metric"]
    planned = frame["metric"].isin([primary, *(plan["guardrails"] or ())])
    kept = frame[planned] if primary in set(frame["metric"]) else frame
    kept = kept.assign(unit=kept["metric"].map(dict(comparison.units)))
    said = words.text("register.and").join(departures(SimpleNamespace(**plan), comparison.settings))
    rows = kept[[name for name in COLUMNS if name in kept]].to_dict("records")
    return [{str(name): value for name, value in row.items() if pd.notna(value)} | {"departures": said} for row in rows]


def _told(plan: Row, results: list[Row]) -> list[str]:
    """An experiment as people read it: its name, and what was planned, done, found and learned."""
    planned = [words.text("register.metric", metric=plan["metric"], better=words.text(f"better.{plan['better']}"))]
    if plan["margin"]:
        planned.append(words.text("register.margin", margin=shown(plan["margin"], plan["unit"] or "number")))
    if plan["n"]:
        planned.append(words.text("register.n", n=plan["n"]))
    planned.append(str(plan["on"]))
    arms = words.joined([named(plan["control"], "arm") + words.text("register.control"),
                         *(named(arm, "arm") for arm in plan["arms"] if arm != plan["control"])])
    state, check, act = words.text("register.open"), [MISSING], MISSING
    if results:
        last = results[-1]
        state = words.text("register.done", on=last["on"])
        check = [*(_found(row, plan) for row in results), last["departures"]]
        act = words.text("register.decided", decision=named(last["decision"], "decision"), lesson=last["lesson"])
    semicolon = words.text("register.semicolon")
    return [plan["name"],
            words.text("register.planned", hypothesis=plan["hypothesis"], details=semicolon.join(planned)),
            semicolon.join([state, arms, words.text("register.stop", stop=plan["stop"])]),
            semicolon.join(filter(None, check)), act]


def _found(row: Row, plan: Row) -> str:
    """What came out for one arm and metric, in a line."""
    unit, judged = row["unit"] or "number", row["metric"] == (plan["primary"] or plan["metric"])
    low, high = (row[f"{end}_adjusted"] if row["low_adjusted"] is not None else row[end] for end in ("low", "high"))
    arm = named(row["arm"], "arm")
    return words.text("register.found", arm=arm if judged else f"{arm} {metric_name(row['metric'])}",
                      difference=shown(row["difference"], unit, signed=True),
                      interval=interval(low, high, unit, signed=True), verdict=named(row["verdict"], "verdict"))
