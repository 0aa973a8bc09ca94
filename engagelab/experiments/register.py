"""What was planned, what came out and what was learned: the memory of all experiments, in one file.

Plan, do, check, act (Deming 1986, Out of the Crisis, chapter 2). The plan is written before the data are seen, as in
preregistration (Nosek et al. 2018, PNAS 115:2600). Rows are added and never changed: a plan that was amended and a
result that was put right keep what stood there before.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.display import MISSING, interval, named, shown, table_html
from engagelab.errors import DataError, UsageError, column_of, near, one_of
from engagelab.experiments.contrast import CORRECTIONS
from engagelab.experiments.entry import Entry, departures
from engagelab.experiments.register_file import (
    COLUMNS,
    DECISIONS,
    KIND,
    PLAN,
    RESULT,
    Row,
    adding,
    cell,
    checked,
    day,
    read,
)
from engagelab.experiments.sequential import boundaries
from engagelab.metrics.nouns import BETTER

SIZES = ("better", "margin", "split", "unit", "baseline", "effect", "n", "power", "weeks", "confidence", "correct",
         "looks", "spending", "peek")   # what a plan of `el.plan` tells
OWN = ("metric", "control", "unit", *RESULT)   # what a row of a result tells
DTYPES = {"date": "datetime64[s]", "whole": "Int64", "number": "float64", "flag": "boolean"}


class Register:
    """A file of experiments: each with its plan, and once it is over with its result and what was learned.

    path : a CSV file, made with the first plan. It can be read in a spreadsheet, and have columns of one's own.

    The file is read again at each use. It names experiments, not people: as `owner` tell a team. `.frame` has a row an
    experiment and, where it is over, one an arm and metric: what is planned and what came out by the newest versions,
    `planned_on` and `decided_on`; those that are open come first. `register[name]` is an `Entry`, the newest plan.
    Raises SourceError where the file is damaged, with the line and the column, or cannot be written.

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
        if not self.path.parent.is_dir() or self.path.is_dir():
            raise UsageError("save.is_folder" if self.path.is_dir() else "save.no_folder", path=str(path))
        read(self.path)

    def plan(self, name: str, *, hypothesis: str, metric: str, arms: Sequence[str], control: str, stop: str,
             on: str | date, better: str | None = None, margin: float | None = None, primary: str | None = None,
             plan: Any = None, guardrails: Sequence[str] = (), owner: str = "") -> None:
        """Write down what will be judged and how, before the data are seen.

        name : a new one. metric : in words; primary : what the comparison will call it, the same unless told; better :
            "higher", unless told, or "lower".
        guardrails : the names of metrics that must not get worse. margin : how much worse is still accepted.
        plan : of `el.plan`, or a dict of some of `better margin split unit baseline effect n power weeks confidence
            correct looks spending peek`. stop : when it ends. on : the day, told because no clock is read.

        Raises UsageError for a name that is there, and for an argument that cannot be.
        """
        told = {"hypothesis": hypothesis, "metric": metric, "arms": arms, "control": control, "stop": stop,
                "better": better, "margin": margin, "primary": primary, "guardrails": guardrails, "owner": owner,
                "plan": plan}
        with adding(self.path) as (rows, new):
            if any(row["name"] == name for row in rows):
                raise UsageError("register.there", name=repr(name))
            new.append({"name": _text("name", name), "version": 1, "step": "plan", "on": _day(on)} | _planned(told, {}))

    def amend(self, name: str, *, why: str, on: str | date, **changes: Any) -> None:
        """Write down a changed plan, with the reason; the old one is kept, and the new one has the next version.

        changes : arguments of `plan()`. Raises UsageError where there is a result, or no change, or for a day before
        that of the plan.
        """
        with adding(self.path) as (rows, new):
            old, results = _newest(rows, name)
            if results:
                raise UsageError("register.over", name=repr(name))
            for key in changes:
                one_of("amend", key, (*PLAN[:9], "stop", "plan"))
            if "metric" in changes and old["primary"] == old["metric"]:
                changes.setdefault("primary", None)   # which follows the metric
            planned = _planned(changes, {key: old[key] for key in PLAN})
            if all(planned[key] == old[key] for key in PLAN):
                raise UsageError("register.no_change", name=repr(name))
            new.append({"name": name, "version": old["version"] + 1, "step": "plan", "on": _day(on, old["on"]),
                        "why": _text("why", why)} | planned)

    def result(self, name: str, comparison: Any, *, lesson: str, decision: str, on: str | date, why: str = "") -> None:
        """Write down what came out, what was done otherwise than planned, what was learned, and what is done now.

        comparison : of `el.compare`; its rows of the planned metrics are kept, or all where these were not measured.
        decision : "adopt", "adapt", "stop" or "repeat". why : needed where there is a result, which is kept beside
        the new one: why it is put right.

        Raises UsageError for a name without a plan, a day before that of the plan, and a second result without `why`.
        """
        with adding(self.path) as (rows, new):
            plan, results = _newest(rows, name)
            if results and not why:
                raise UsageError("register.second", name=repr(name))
            version = 1 + results[0]["version"] if results else 1
            head = {"name": name, "version": version, "step": "result", "on": _day(on, (results or [plan])[0]["on"]),
                    "why": checked("why", why), "decision": one_of("decision", decision, DECISIONS),
                    "lesson": _text("lesson", lesson)}
            new.extend(head | row for row in _results(_entry(plan), comparison))

    def __getitem__(self, name: str) -> Entry:
        return _entry(_newest(read(self.path)[2], name)[0])

    def history(self, name: str) -> pd.DataFrame:
        """All rows of an experiment in the order in which they were written: each version of plan and result."""
        rows = read(self.path)[2]
        _newest(rows, name)
        return _typed([row for row in rows if row["name"] == name], COLUMNS)

    @property
    def frame(self) -> pd.DataFrame:
        """A row an experiment and, where it is over, one an arm and metric; the open ones first."""
        made = []
        for plan, results in self._newest():
            for result in results or [{}]:
                came = {key: value for key, value in result.items() if key in OWN}
                made.append({**plan, **came, "planned_on": plan["on"], "decided_on": result.get("on")})
        return _typed(made, ("name", "version", "planned_on", "decided_on", *PLAN, *RESULT))

    def _newest(self) -> list[tuple[Row, list[Row]]]:
        """The newest plan and result of each experiment, the open ones first."""
        rows = read(self.path)[2]
        found = [_newest(rows, name) for name in dict.fromkeys(row["name"] for row in rows)]
        return sorted(found, key=lambda one: bool(one[1]))

    def __repr__(self) -> str:
        cells = [_cells(*one) for one in self._newest()]
        return "\n".join("\n  ".join([name, *(f"{title}{words.text('register.colon')}{text}" for title, text in zip(
            _titles()[1:], texts, strict=True))]) for name, *texts in cells) or words.text("register.empty")

    def _repr_html_(self) -> str:
        return table_html(pd.DataFrame([_cells(*one) for one in self._newest()], columns=_titles()))


def _titles() -> list[str]:
    return [words.text(f"register.{part}") for part in ("experiment", "plan", "do", "check", "act")]


def _newest(rows: list[Row], name: str) -> tuple[Row, list[Row]]:
    """The newest plan of an experiment, and the rows of its newest result."""
    own = [row for row in rows if row["name"] == name]
    if not own:
        raise UsageError("register.unknown", name=repr(name) + near(name, {row["name"] for row in rows}))
    last = {step: max((row["version"] for row in own if row["step"] == step), default=0) for step in ("plan", "result")}
    newest = [row for row in own if row["version"] == last[row["step"]]]
    return next(row for row in newest if row["step"] == "plan"), [row for row in newest if row["step"] == "result"]


def _entry(row: Row) -> Entry:
    told = {key: row[key] for key in PLAN if row[key] is not None}
    return Entry(name=row["name"], version=row["version"], start=row["on"], **told)


def _text(name: str, value: object) -> str:
    """A text that has to be told."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError("register.text", name=name, value=repr(value))
    return checked(name, value.strip())


def _day(value: object, first: date | None = None) -> date:
    """The day that was told, if it is one and not before another."""
    try:
        found = day(value)
    except ValueError:
        raise UsageError("register.day", value=repr(value)) from None
    if first and found < first:
        raise UsageError("register.before", value=found, first=first)
    return found


def _planned(told: Mapping[str, Any], old: Row) -> Row:
    """The cells of a plan: what is told now, and beside it what was told before."""
    new = {key: value for key, value in told.items() if key != "plan"}
    for key, value in _sizes(told.get("plan")).items():
        if value is not None and new.get(key, value) not in (None, value):
            raise UsageError("register.twice", name=key, value=repr(new[key]), planned=repr(value))
        if value is not None or key not in new:
            new[key] = value
    for key in ("arms", "guardrails"):
        if isinstance(new.get(key), str):
            raise UsageError("register.list", name=key, value=repr(new[key]))
        if key in new:
            new[key] = tuple(map(str, new[key]))
    return _checked({key: None for key in PLAN} | old | new)


def _checked(row: Row) -> Row:
    """A plan that can be, as the file keeps it."""
    row["control"], row["primary"] = str(row["control"]), row["primary"] or row["metric"]
    row["better"] = row["better"] or BETTER[0]
    needed = {key: _text(key, row[key]) for key in ("hypothesis", "metric", "primary", "control", "stop")}
    row = {key: checked(key, value) for key, value in (row | needed).items()}
    arms = row["arms"] or ()
    if len(set(arms)) < max(2, len(arms)):
        raise UsageError("register.arms", value=repr(list(arms)))
    one_of("better", row["better"], BETTER)
    one_of("correct", row["correct"] or CORRECTIONS[0], CORRECTIONS)
    for key, arm in [("control", row["control"]), *(("split", arm) for arm in row["split"] or ())]:
        one_of(key, arm, arms)
    for key in ("margin", "n", "weeks"):
        if row[key] is not None and row[key] <= 0:
            raise UsageError("register.positive", name=key, value=repr(row[key]))
    boundaries(row["looks"] or 1, confidence=.95 if row["confidence"] is None else row["confidence"],
               spending=row["spending"] or "obrien_fleming")   # which refuses what cannot be
    return row


def _sizes(plan: Any) -> Row:
    """What a plan of `el.plan`, or a dict, tells beside the names."""
    if plan is None:
        return {}
    if isinstance(plan, Mapping):
        for key in plan:
            one_of("plan", key, SIZES)
    told = dict(plan) if isinstance(plan, Mapping) else {
        key: getattr(plan, key) for key in SIZES if hasattr(plan, key)}
    looks, split = told.get("looks"), told.get("split")
    if looks is not None:
        boundaries(looks)
        told["looks"] = tuple(place / looks for place in range(1, looks + 1)) if isinstance(looks, int) else tuple(
            map(float, looks))
    if split is not None:
        told["split"] = {str(arm): float(share) for arm, share in split.items()}
    return told


def _results(plan: Entry, comparison: Any) -> list[Row]:
    """The rows of a comparison that answer the plan, with what was done otherwise."""
    frame = getattr(comparison, "frame", None)
    if not isinstance(frame, pd.DataFrame):
        raise UsageError("register.comparison", value=type(comparison).__name__)
    for name in ("metric", "arm", "control", "difference", "low", "high", "p", "verdict", "n_control", "n_arm"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    measured = list(dict.fromkeys(frame["metric"].astype("str")))
    kept = frame[frame["metric"].isin([plan.primary, *plan.guardrails])] if plan.primary in measured else frame
    first, control = kept[kept["metric"] == kept["metric"].iloc[0]], str(kept["control"].iloc[0])
    done = {"metrics": measured, "arms": [control, *first["arm"]], "control": control,
            "n": {control: first["n_control"].iloc[0], **dict(zip(first["arm"], first["n_arm"], strict=True))}}
    said = words.text("register.and").join(departures(plan, done | getattr(comparison, "settings", {})))
    kept = kept.assign(unit=kept["metric"].map(dict(getattr(comparison, "units", {}))))
    columns = [name for name in OWN if name in kept]
    rows = [{key: _came(key, value) for key, value in zip(columns, values, strict=True) if pd.notna(value)}
            for values in kept[columns].itertuples(index=False)]
    more = {"departures": said, "checks": _checks(comparison, set(kept["metric"]))}
    return [{key: checked(key, value) for key, value in (row | more).items()} for row in rows]


def _checks(comparison: Any, metrics: set[str]) -> tuple[str, ...]:
    """How each check of these metrics, or of all of them, ended."""
    table = getattr(comparison, "checks", None)
    if table is None or table.empty:
        return ()
    own = table[table["metric"].isin(metrics) | table["metric"].isna() | table["metric"].eq("")]
    return tuple(dict.fromkeys(f"{check} {status}" for check, status in zip(own["check"], own["status"], strict=True)))


def _came(name: str, value: Any) -> object:
    """A value of a comparison as the file takes it."""
    kind = KIND[name]
    return float(value) if kind == "number" else int(value) if kind == "whole" else str(value).strip()


def _typed(rows: list[Row], columns: Sequence[str]) -> pd.DataFrame:
    made = {}
    for name in columns:
        kind = KIND[name.replace("planned_", "").replace("decided_", "")]
        values = [row.get(name) if kind in DTYPES else cell(row.get(name)) for row in rows]
        made[name] = pd.Series(values, dtype=DTYPES.get(kind, "str"))
    return pd.DataFrame(made)


def _cells(plan: Row, results: list[Row]) -> list[str]:
    """An experiment as people read it: its name, and what was planned, done, found and learned."""
    planned = [words.text("register.metric", metric=plan["metric"], better=words.text(f"better.{plan['better']}"))]
    if plan["margin"]:
        planned.append(words.text("register.margin", margin=shown(plan["margin"], plan["unit"] or "number")))
    if plan["n"]:
        planned.append(words.text("register.n", n=plan["n"]))
    planned.append(str(plan["on"]))
    if plan["version"] > 1:
        planned.append(words.text("register.version", version=plan["version"], why=plan["why"]))
    arms = words.joined([plan["control"] + words.text("register.control"),
                         *(arm for arm in plan["arms"] if arm != plan["control"])])
    done, check, act = [], [], MISSING
    if results:
        done = [words.text("register.done", on=results[0]["on"])]
        check = [_found(row, len({row["metric"] for row in results}) > 1) for row in results]
        ended = [one.partition(" ") for one in results[0]["checks"] or ()]
        check += [words.text("register.checked", check=named(name, "check"), status=named(status, "status"))
                  for name, _, status in ended if status != "passed"]
        check += [results[0]["departures"]] if results[0]["departures"] else []
        act = words.text("register.decided", decision=named(results[0]["decision"], "decision"),
                         lesson=results[0]["lesson"])
    do = words.text("register.semicolon").join(
        [*(done or [words.text("register.open")]), arms, words.text("register.stop", stop=plan["stop"])])
    return [plan["name"], words.text("register.planned", hypothesis=plan["hypothesis"], details=words.text(
        "register.semicolon").join(planned)), do, words.text("register.semicolon").join(check) or MISSING, act]


def _found(row: Row, several: bool) -> str:
    """What came out for one arm and metric, in a line."""
    unit = row["unit"] or "number"
    low, high = (row[f"{end}_adjusted"] if row["low_adjusted"] is not None else row[end] for end in ("low", "high"))
    known = low is not None and high is not None and math.isfinite(high - low)
    around = interval(low, high, unit, signed=True) if known else MISSING
    return words.text("register.found", arm=row["arm"] + (f" {row['metric']}" if several else ""), interval=around,
                      difference=shown(row["difference"], unit, signed=True),
                      verdict=named(row["verdict"] or MISSING, "verdict"))
