"""Every point of contact, online and offline, by phase: whom it reaches, how satisfied they are, what it costs.

The customer journey map as a table. What no table records stays unknown (NaN) and is never 0. Who is reached is
counted; an interval is given where a share of answers or a mean of people stands for more than itself. "People
disappointed" is people reached a month times the share of answers that are not satisfied: it says where to look
first, as those who answer may differ from those who do not, and mending a contact need not bring anybody back.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.activity import contacts
from engagelab.activity.log import flags, read_log, stamps
from engagelab.display import heading, interval, named, shown, table_html
from engagelab.errors import DataError, column_of, one_of
from engagelab.metrics.intervals import difference_interval, z_value
from engagelab.metrics.nouns import Favourable, csat
from engagelab.metrics.shares import TAIL, answered
from engagelab.plots.journey_map import journey_map
from engagelab.summaries import periods
from engagelab.tables import complete

FLAGS = ("online", "tax_included")
SUPPORT = "support"    # the channel of the contact points to which tickets come
METRICS = ("reach", "reach_share", "contacts_per_person", "monthly_reach", "csat", "ticket_csat", "first_reply",
           "cost_per_person", "disappointed")
FLAGGED = ("reach", "monthly_reach", "csat", "ticket_csat")   # what the wide table says of a contact point
PRIORITY = ["touchpoint", "name", "phase", "monthly_reach", "satisfaction", "answers", "disappointed",
            "disappointed_low", "disappointed_high"]
LOOKED_AT = {"monthly_reach": "count", "contacts_per_person": "number", "satisfaction": "share", "cost": "",
             "cost_per_person": "", "disappointed": "count"}


@dataclass(frozen=True)
class Touchpoints:
    """The points of contact: `.frame`, a row each; `.estimates`, an answer; `.priority`, `.advice` and `.notes`."""

    frame: pd.DataFrame
    estimates: pd.DataFrame = field(repr=False)
    priority: pd.DataFrame = field(repr=False)
    advice: str = ""
    notes: tuple[str, ...] = ()

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: rounded."""
        names = ("phase", "touchpoint", "name")
        out = pd.DataFrame({heading(name): [named(value, name) for value in self.frame[name]] for name in names})
        for name, unit in LOOKED_AT.items():
            units = self.frame["currency"].fillna("number") if not unit else [unit] * len(out)
            out[words.text(f"touchpoints.column_{name}")] = [
                shown(value, own) for value, own in zip(self.frame[name], units, strict=True)]
        return out.assign(**{words.text("label.flag"): self.frame["flag"]})

    def __repr__(self) -> str:
        return "\n".join([self.cells().to_string(index=False), self.advice, *self.notes])

    def _repr_html_(self) -> str:
        said = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in (self.advice, *self.notes))
        return table_html(self.cells()) + said

    def plot(self, **how: Any):
        """The customer journey map as a picture: see `plots.journey_map`."""
        return journey_map(self.frame, **how)


def touchpoints(touchpoints: pd.DataFrame, events: Any = None, answers: pd.DataFrame | None = None,
                tickets: pd.DataFrame | None = None, *, user: str = "user_id", time: str = "occurred_at",
                event: str = "event", since: object = None, until: object = None, tz: str | None = None,
                phases: Sequence[str] | None = None,
                match: Mapping[str, Mapping[str, str | Sequence[str]]] | None = None,
                satisfaction: Favourable | None = None, confidence: float = .95) -> Touchpoints:
    """The points of contact with what the company knows about each.

    touchpoints, answers, tickets : the canonical tables (`answers` is `surveys`). events : a log, whatever
        `measure()` takes; user, time, event : its columns.
    since, until, tz : what was observed, in every table; each table's own range where nothing is said.
    phases : the phases in their order; otherwise as they first come in the table.
    satisfaction : the measure of the answers of kind "csat", `csat("score")` unless said.
    match : what belongs to a contact point where the rules below do not find it: by its id, columns and values, as in
        `{"T01": {"events.medium": "cpc"}, "T09": {"answers.touchpoint": ["tasting"]}}`.

    What belongs to a contact point:
    - events: those of the name in its `event`. Where several points share a name, a point takes the events that have
        its `channel` in a column channel, source, medium or campaign, if there are any. Points that still claim the
        same events are flagged.
    - answers: those whose `touchpoint` is its id, name or channel. The channel by which a question was asked is no
        contact that was asked about.
    - tickets: all, to the contact points of channel "support". They also tell whom support reached.

    Returns `Touchpoints`. `.estimates` has a row a metric and contact point: `reach` (different people), `reach_share`
    (of all people in the log), `contacts_per_person` (events a person reached), `monthly_reach` (people a month, mean
    of the whole months), `csat`, `ticket_csat` (good of good and bad; hidden below five people, as `csat` is),
    `first_reply` (median minutes, unanswered tickets waiting still), `cost_per_person` (cost a month by people a
    month), and `disappointed` (people a month times the share not satisfied, of `csat` or else `ticket_csat`; its
    interval is that of the share). `.frame` has them side by side, `.priority` what to look at first.

    Raises DataError for ids that are missing or given twice, and for an event that the log does not have.

    >>> points = pd.DataFrame({"touchpoint": ["T1", "T2"], "name": ["Help desk", "Poster"], "cost": [600.0, 90.0],
    ...                        "phase": ["customer", "awareness"], "channel": ["support", "out_of_home"]})
    >>> tickets = pd.DataFrame({"user_id": list("abcdef"), "csat": ["good", "bad"] * 3, "first_reply_minutes": 30.0,
    ...                         "created_at": pd.to_datetime(["2026-04-01"] * 5 + ["2026-04-30"], utc=True)})
    >>> made = touchpoints(points, tickets=tickets)
    >>> made.frame[["touchpoint", "monthly_reach", "satisfaction", "cost_per_person", "disappointed"]]
      touchpoint  monthly_reach  satisfaction  cost_per_person  disappointed
    0         T1            6.0           0.5            100.0           3.0
    1         T2            NaN           NaN              NaN           NaN
    """
    z_value(confidence)
    points = _points(touchpoints, phases)
    given = {"events": events, "answers": answers, "tickets": tickets}
    own = contacts.matched(match or {}, points, {name: table for name, table in given.items() if table is not None})
    window: dict[str, Any] = {"since": since, "until": until, "tz": tz}
    tables: list[pd.DataFrame] = []
    notes: list[str] = []
    ran = []
    if events is not None:
        log = read_log(events, user=user, time=time, every="month", **window)
        notes += log.notes
        if rules := contacts.event_rules(points, own["events"], log.view.columns.source, event):
            found = contacts.reached(log, rules, True, confidence)
            tables, ran = [found.rows], [found.sql]
    if tickets is not None:
        tickets, more = contacts.cut(tickets, "created_at", window)
        notes += more
    if tickets is not None and not stamps(tickets, "created_at").notna().any():
        notes.append(words.text("touchpoints.no_ticket"))
    elif tickets is not None:
        rules = contacts.desk_rules(points, own["tickets"], SUPPORT)
        logged = set(tables[0]["touchpoint"]) if tables else set()
        if unlogged := {point: rule for point, rule in rules.items() if point not in logged}:
            log = read_log(tickets, user="user_id", time="created_at", every="month", **window)
            notes += log.notes
            found = contacts.reached(log, unlogged, False, confidence)
            tables, ran = [*tables, found.rows], [*ran, found.sql]
        said, more = contacts.desk(tickets, rules, periods.moment("until", until, tz), confidence)
        tables, notes = [*tables, *said], [*notes, *more]
    if answers is not None:
        inside, more = contacts.cut(answers, "answered_at", window)
        table, lost = contacts.asked(inside, contacts.answer_rules(points, own["answers"], inside),
                                     satisfaction or csat("score"), confidence)
        tables.append(table)
        notes += [*more, *lost]
    estimates = _estimates(tables, points)
    estimates.attrs = {"sql": "\n\n".join(ran), "notes": list(dict.fromkeys(notes))}
    frame = _wide(estimates, points)
    priority = frame[frame["disappointed"].notna()].sort_values("disappointed", ascending=False, kind="stable",
                                                                ignore_index=True)[PRIORITY]
    return Touchpoints(frame, estimates, priority, _advice(priority, len(frame)), tuple(dict.fromkeys(notes)))


def _points(table: pd.DataFrame, phases: Sequence[str] | None) -> pd.DataFrame:
    """The contact points with every column of the canonical table, in the order of the phases."""
    ids = table[column_of("touchpoint", table.columns)]
    if ids.isna().any():
        raise DataError("activity.missing", column=repr("touchpoint"), n=int(ids.isna().sum()))
    if ids.duplicated().any():
        raise DataError("touchpoints.twice", value=repr(ids[ids.duplicated()].iloc[0]))
    if "cost" in table and not pd.api.types.is_numeric_dtype(table["cost"]):
        raise DataError("summaries.not_a_number", column=repr("cost"), type=str(table["cost"].dtype))
    points = complete(table.assign(**{name: flags(table, name) for name in FLAGS if name in table}), "touchpoints")
    phase = points["phase"].fillna(words.text("metrics.missing"))
    order = list(dict.fromkeys(phase)) if phases is None else list(phases)
    for each in phase:
        one_of("phase", each, order)
    points = points.assign(phase=phase, name=points["name"].fillna(points["touchpoint"]))
    return points.iloc[phase.map(order.index).argsort(kind="stable")].reset_index(drop=True)


def _estimates(tables: list[pd.DataFrame], points: pd.DataFrame) -> pd.DataFrame:
    """All rows in the order of the metrics and the contact points, with those that follow from others."""
    none = pd.DataFrame(columns=["metric", "touchpoint", *TAIL])
    rows = pd.concat([none, *(table for table in tables if len(table))], ignore_index=True) if any(
        map(len, tables)) else none
    monthly = rows[rows["metric"] == "monthly_reach"].set_index("touchpoint")
    if len(monthly):
        rows = pd.concat([rows, _cost(monthly, points), *_disappointed(monthly, rows)], ignore_index=True)
    place = rows["metric"].map(METRICS.index) * len(points) + rows["touchpoint"].map(
        list(points["touchpoint"]).index)
    types = dict.fromkeys((*TAIL[:5], "n_eff"), "float64") | {"n": "Int64", "n_missing": "Int64"} | dict.fromkeys(
        ("metric", "touchpoint", "method", "flag"), "str")
    return rows.iloc[place.argsort(kind="stable")].reset_index(drop=True)[["metric", "touchpoint", *TAIL]].astype(types)


def _cost(monthly: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """What a contact point costs by person reached; nobody reached has no cost a person."""
    cost = points.set_index("touchpoint")["cost"].reindex(monthly.index).astype("float64")
    people = monthly["estimate"].astype("float64")
    table = monthly.reset_index().assign(metric="cost_per_person")
    each = (cost / people.where(people > 0)).to_numpy()
    return table.assign(estimate=each, count=cost.to_numpy(), method=words.text("touchpoints.method_cost"))


def _disappointed(monthly: pd.DataFrame, rows: pd.DataFrame) -> list[pd.DataFrame]:
    """People a month times the share not satisfied, where both are known."""
    said = rows[rows["metric"].isin(["csat", "ticket_csat"]) & rows["estimate"].notna()]
    said = said.sort_values("metric", kind="stable").drop_duplicates("touchpoint")   # csat before ticket_csat
    said = said[said["touchpoint"].isin(monthly.index)].reset_index(drop=True)
    if not len(said):
        return []
    people = monthly["estimate"].reindex(said["touchpoint"]).to_numpy(dtype="float64")
    flags = monthly["flag"].reindex(said["touchpoint"])
    out = [people * (1 - said[name].to_numpy(dtype="float64")) for name in ("estimate", "high", "low")]
    tail = said.assign(estimate=out[0], low=out[1], high=out[2], se=people * said["se"].to_numpy(dtype="float64"),
                       count=float("nan"), method=words.text("touchpoints.method_disappointed"))
    return [answered(said[["touchpoint", "n_missing"]].assign(metric="disappointed", flag=flags.to_numpy()),
                     {name: tail[name] for name in TAIL if name not in ("n_missing", "flag")}, said["flag"].tolist())]


def _wide(estimates: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """A row a contact point, its estimates side by side."""
    by = {metric: part.set_index("touchpoint").reindex(points["touchpoint"]).reset_index()
          for metric, part in ((metric, estimates[estimates["metric"] == metric]) for metric in METRICS)}
    frame = points[["touchpoint", "name", "phase", "channel", "online", "owner"]].copy()
    for metric in ("reach", "reach_share", "monthly_reach", "contacts_per_person"):
        frame[metric] = by[metric]["estimate"]
    own, desk = by["csat"], by["ticket_csat"]
    here = own["estimate"].notna()
    for name, column in (("satisfaction", "estimate"), ("satisfaction_low", "low"), ("satisfaction_high", "high"),
                         ("answers", "n")):
        frame[name] = own[column].where(here, desk[column])
    frame["first_reply"] = by["first_reply"]["estimate"]
    frame = frame.assign(**{name: points[name] for name in ("cost", "currency", "tax_included")})
    frame["cost_per_person"] = by["cost_per_person"]["estimate"]
    for name, column in (("disappointed", "estimate"), ("disappointed_low", "low"), ("disappointed_high", "high")):
        frame[name] = by["disappointed"][column]
    told = estimates[estimates["metric"].isin(FLAGGED)].groupby("touchpoint")["flag"]
    flags = {point: "; ".join(dict.fromkeys(filter(None, part))) for point, part in told}
    return frame.assign(flag=pd.Series([flags.get(point, "") for point in frame["touchpoint"]], dtype="str"))


def _advice(priority: pd.DataFrame, points: int) -> str:
    """Where to look first, in a sentence: one contact point, two that cannot be told apart, or none that is known."""
    unknown = words.text("touchpoints.advice_unknown", n=points - len(priority), all=points) if points > len(
        priority) else ""
    if not len(priority):
        return words.text("touchpoints.advice_none")
    first, ends = priority.iloc[0], ("disappointed", "disappointed_low", "disappointed_high")
    key, second = "only" if len(priority) == 1 else "clear", ""
    if len(priority) > 1:
        other = priority.iloc[1]
        _, low, _ = difference_interval(*(other[end] for end in ends), *(first[end] for end in ends))
        key, second = "clear" if low > 0 else "close", str(other["name"])
    return words.text(f"touchpoints.advice_{key}", name=first["name"], second=second,
                      people=shown(first["disappointed"], "count"), reached=shown(first["monthly_reach"], "count"),
                      interval=interval(first[ends[1]], first[ends[2]], "count"),
                      share=shown(1 - first["satisfaction"], "share"), n=int(first["answers"])) + unknown
