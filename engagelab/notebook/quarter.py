"""What the report of the quarter is made of: the indicators as the lessons measure them, practices, and a roadmap.

Which practices are asked for, from which share of a figure on the answer is yes and below which it is no, stands in
`practices.csv`; when which lever of the tree can be moved, and which outcome of an experiment tells of it, in
`levers.csv`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.activity.churn import churn
from engagelab.display import metric_name, named, short, shown
from engagelab.errors import EngagelabError, SourceError
from engagelab.experiments.register import Register
from engagelab.kpi.formula import label
from engagelab.kpi.tree import MOST_KEYS
from engagelab.kpi.units import display_unit
from engagelab.metrics import definitions, fixed_mix, groups_only, median_duration, scorecard, units
from engagelab.metrics.difference import difference
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import Noun, ces, csat, mean, nps, rate, ratio
from engagelab.metrics.social import engagement_rate
from engagelab.notebook.money import one_currency
from engagelab.notebook.periods import Periods
from engagelab.notebook.profit import Profit, profit_tree
from engagelab.notebook.sentences import Sentence, say
from engagelab.sources.folder import Folder
from engagelab.sources.settings import REGISTER, is_register

MOST = 3  # levers of a horizon that are shown
HORIZONS, NEAR, FAR = ("soon", "later", "far"), .1, .3  # how much of itself a lever is to change
QUARTERS = 4  # the last ones, in each of which something should have been tried


def indicators(company: Folder, when: Periods) -> pd.DataFrame:
    """Every indicator that the tables give, by period from a year before `now` or from `before`, as `measure` has it.

    `note` says what holds of one. NPS is that of the mix of channels of `when.before`, where several are known; churn
    is that of the last month of each period.

    >>> from engagelab.notebook.periods import periods
    >>> from engagelab.notebook.setup import open_data
    >>> company = open_data("sample")
    >>> found = indicators(company, periods(company))
    >>> found.loc[found["quarter"] == "FY2026Q2", ["metric", "estimate"]].head(2).round(3).values.tolist()
    [['nps', 20.02], ['csat', 0.708]]
    """
    first, parts = min(when.year_before or when.before, when.before), []
    for metric, rows, noun, time in _asked(company):
        rows = rows[when.label(rows[time]).astype("str").between(first, when.now)]
        found = measure(rows, {metric: noun}, time=time, **when.over) if len(rows) else rows
        if metric == "nps" and rows["channel"].nunique() > 1:
            mixed = groups_only(measure(rows, {metric: noun}, by="channel", time=time, **when.over), "channel")
            mixed = fixed_mix(mixed, by="channel", over=when.every, to=when.before)
            found = mixed.assign(note=words.text("n08.mixed", before=when.before)) if mixed[
                "estimate"].notna().all() else found
        parts.append(found)
    parts += [_replies(company, when), _churn(company, when)]
    found = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=["metric", when.every])])
    return found[found[when.every].between(first, when.now)].reset_index(drop=True)


def _asked(company: Folder) -> Iterator[tuple[str, pd.DataFrame, Noun, str]]:
    """What is measured of which rows, and when they happened."""
    answers, sends, posts, reviews, orders, pulses = (company.get(name) for name in (
        "surveys", "email_sends", "social_posts", "reviews", "orders", "pulses"))
    if answers is not None:
        for kind, noun in (("nps", nps("score")), ("csat", csat("score")), ("ces", ces("score"))):
            yield kind, answers[answers["kind"] == kind], noun, "answered_at"
    if sends is not None:
        arrived = sends[sends["delivered"].fillna(True)]
        told = arrived["machine_opened"].notna()
        opens = {"human_open_rate": (arrived["opened"] & ~arrived["machine_opened"]).where(told),
                 "click_rate": arrived["clicked"]}
        for metric, flags in opens.items():
            yield metric, arrived.assign(flag_=flags)[flags.notna()], rate("flag_"), "sent_at"
    elif (campaigns := company.get("email_campaigns")) is not None:
        yield "click_rate", campaigns, ratio("unique_clicks", "delivered"), "sent_at"
    if reviews is not None:
        yield "mean_stars", reviews, mean("rating"), "created_at"
    if posts is not None:
        own = posts[posts["author"].fillna("brand").eq("brand") & posts["promotion"].ne("paid")]
        for name in sorted(set(own["platform"]) & set(definitions())):
            yield f"engagement_rate_{name}", own, engagement_rate(name), "posted_at"
    if orders is not None:
        paid = orders[~orders["status"].isin(["voided", "refunded"]) & orders["cancelled_at"].isna()]
        paid = one_currency(paid, company.settings.currency)[0]
        full = paid.assign(full_price=paid["subtotal"].where(paid["discount"].fillna(0) == 0, 0))
        yield "full_price_share", full, ratio("full_price", "subtotal"), "ordered_at"
    if pulses is not None:
        yield "enps", pulses[pulses["kind"] == "enps"], nps("score"), "answered_at"


def _replies(company: Folder, when: Periods) -> pd.DataFrame:
    """The time by which half of the tickets have their first reply, those that still wait among them."""
    tickets = company.get("tickets")
    if tickets is None or tickets["created_at"].isna().all():
        return pd.DataFrame()
    solved, still = ((end - tickets["created_at"]).dt.total_seconds() / 60 for end in (tickets["solved_at"], company.today))
    waits = pd.DataFrame({when.every: when.label(tickets["created_at"]), "replied": tickets["first_reply_minutes"].notna(),
                          "reply": tickets["first_reply_minutes"].fillna(solved).fillna(still)})
    return median_duration(waits, duration="reply", ended="replied", by=when.every).assign(metric="first_reply_median")


def _churn(company: Folder, when: Periods) -> pd.DataFrame:
    """The churn of the last month of each period."""
    plans = company.get("subscriptions")
    if plans is None or when.every == "week" or plans["opened_at"].isna().all():
        return pd.DataFrame()
    months = when.whole(churn(plans, user="user_id", opened="opened_at", closed="closed_at", since=when.since,
                              until=when.reach(plans["opened_at"], plans["closed_at"]), **when.calendar))
    ends = pd.Series(pd.PeriodIndex(months["month"], freq="M").end_time, months.index).dt.tz_localize(when.tz)
    notes = [words.text("n01.churn_last", month=month) for month in months["month"]] if when.every != "month" else ""
    made = months.drop(columns="month").assign(note=notes, **{when.every: when.label(ends)})
    return made.drop_duplicates(when.every, keep="last")


def promised(company: Folder, when: Periods, measured: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The scorecard of at most five indicators, against targets and against the year before; and all that were named.

    Named are the company's own keys ([kpi] keys), else the metrics with a target, else all that are measured.
    """
    targets = company.get("targets", pd.DataFrame({"metric": [], "target": []}))
    latest = when.latest(measured).dropna(subset="estimate").drop_duplicates("metric").set_index("metric", drop=False)
    keys = tuple(dict.fromkeys(company.settings.kpi.keys or tuple(targets["metric"]) or tuple(latest.index)))
    rows = latest.loc[[key for key in keys if key in latest.index]].reset_index(drop=True).head(MOST_KEYS)
    card = scorecard(rows, targets, period=when.names)
    columns = {"before": "year_before", "difference": "change", "low": "change_low", "high": "change_high"}
    past = difference(measured.drop(columns="note", errors="ignore"), over=when.every, before=when.year_before, after=when.now)
    return card.merge(past.rename(columns=columns)[["metric", *columns.values()]], on="metric", how="left"), keys


def monthly(company: Folder, when: Periods, keys: Iterable[str]) -> pd.DataFrame:
    """The history of these indicators and of the leaves of the tree of profit, by month, as `el.kpi.watch` takes it."""
    past, known = when.history, units(company.settings.currency)
    found = indicators(company, past)
    found = found[found["metric"].isin(list(keys))]
    parts = [found.assign(name=found["metric"].map(metric_name), unit=found["metric"].map(known))]
    try:
        profit = profit_tree(company, past)
    except EngagelabError:  # a tree of the company's own that asks for what not every month has
        profit = None
    if profit is not None:
        nodes = {name: profit.tree.nodes[name] for name in profit.tree.program.inputs}
        rows = profit.values.frame[profit.values.frame["metric"].isin(list(nodes))]
        rows = rows[rows.groupby("metric")["se"].transform("min") > 0]  # what varies by chance
        parts.append(rows.assign(name=[label(nodes[name]) for name in rows["metric"]],
                                 unit=[display_unit(nodes[name].unit) for name in rows["metric"]]))
    kept = ["metric", past.every, "estimate", "se", "n", "flag", "name", "unit"]
    return pd.concat([part.reindex(columns=kept) for part in parts if len(part)] or [pd.DataFrame(columns=kept)])


def practices(company: Folder, when: Periods, register: pd.DataFrame) -> pd.DataFrame:
    """Five questions, answered from shares: `question, answer, figures`, the shares in words, each with what it is of.

    An answer is "yes" or "no" where all its shares say so, "partly" where they do not, and "unknown" without one.

    register : the frame of a register of experiments.
    """
    shares = {figure: flags.dropna().astype("bool") for figure, flags in _shares(company, when, register)}
    rows = []
    for question, asked in _table("practices.csv").groupby("question", sort=False):
        told = [one for one in asked.to_dict("records") if len(shares.get(one["figure"], ()))]
        says = ["yes" if shares[one["figure"]].mean() >= float(one["yes"]) else
                "no" if shares[one["figure"]].mean() < float(one["no"]) else "partly" for one in told]
        lacking = dict.fromkeys(table for one in asked["tables"] for table in one.split())
        figures = [say(f"n08.{one['figure']}", share=shown(shares[one["figure"]].mean(), "share"),
                       n=len(shares[one["figure"]]), count=int(shares[one["figure"]].sum())) for one in told]
        rows.append({"question": question, "answer": says[0] if len(set(says)) == 1 else "partly" if says else "unknown",
                     "figures": words.text("register.semicolon").join(figures) or words.text(
                         "n08.no_figure", tables=words.joined(words.text(f"table.{table}") for table in lacking))})
    return pd.DataFrame(rows)


def _shares(company: Folder, when: Periods, register: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """The figures of the practices that the tables tell, each a flag a row; of this period where rows have a time."""
    def known(name: str, column: str, time: str) -> pd.Series:
        """Of each row of the period whether the column holds something; nothing where it never does."""
        table = company.get(name)
        if table is None or table[column].isna().all():
            return pd.Series(dtype="bool")
        return table.loc[when.label(table[time]).eq(when.now), column].notna()

    people, pulses, staff = company.get("customers"), company.get("pulses"), company.get("employees")
    if people is not None:
        own = people[people["stage"].ne("lead").fillna(True)].drop_duplicates("user_id")
        of = company.settings.segment if company.settings.segment in own else "segment"
        yield "segmented", own[of].notna() if own[of].notna().any() else own[of].dropna()
        yield "consented", own["consent_analysis"]
        if (answered := known("surveys", "user_id", "answered_at")).any():
            yield "customers_heard", own["user_id"].isin(company["surveys"].loc[answered.index, "user_id"])
    for figure, column in (("by_scenario", "scenario"), ("for_persona", "persona")):
        flags = known("email_sends", column, "sent_at")
        plain = company["email_sends"].loc[flags.index, "scenario"].eq("newsletter").fillna(False) if len(flags) else flags
        yield figure, flags & ~plain
    yield "reviews_answered", known("reviews", "reply", "created_at")
    yield "tickets_answered", known("tickets", "first_reply_minutes", "created_at")
    if len(flags := known("surveys", "text", "answered_at")):
        forms = company["surveys"].loc[flags.index]
        yield "commented", flags.groupby([forms["survey"], forms["respondent_id"]]).any()
    if pulses is not None and staff is not None and pulses["answered_at"].notna().any():
        wave = pulses[pulses["wave"].eq(pulses.loc[pulses["answered_at"].idxmax(), "wave"])]
        there = staff[(staff["hired_at"] <= wave["answered_at"].min()) & ~(staff["left_at"] < wave["answered_at"].min())]
        answered = there["user_id"].isin(wave["user_id"])
        yield "staff_answered", answered[[answered.any()] * len(answered)]  # under other names nobody can be matched
    yield from _tried(company, when, register)


def _tried(company: Folder, when: Periods, register: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """In which of the last four quarters an experiment began, and of which of these a lesson was written down."""
    drawn, end = company.get("assignments"), pd.Period(when.bounds[1] - timedelta(days=1), "M")
    begun = {} if drawn is None else drawn.groupby("experiment")["assigned_at"].min().dt.tz_convert(when.tz).to_dict()
    begun |= dict(zip(register["name"], register["planned_on"], strict=True))
    ago = {name: (end - pd.Period(day, "M")).n // 3 for name, day in begun.items() if pd.notna(day)}
    if begun:
        yield "quarters_tried", pd.Series([quarter in ago.values() for quarter in range(QUARTERS)])
        over = set(register.loc[register["decided_on"].notna(), "name"])
        yield "lessons_kept", pd.Series([name in over for name, quarter in ago.items() if 0 <= quarter < QUARTERS])


def roadmap(profit: Profit, when: Periods, goal: float, register: pd.DataFrame) -> pd.DataFrame:
    """What each lever of the tree, alone, would have to be for the goal: when it can be moved, and what is known of it.

    Texts, to be looked at: `horizon, lever, now, needed, change, feasible, measure, rung`, the three strongest levers
    of each horizon. An experiment of the register is named where it tells of the lever's outcome.
    """
    now, rules = profit.values[when.now], _table("levers.csv").to_dict("records")
    swings = profit.tree.tornado(now, by=.1).frame.set_index("metric")["swing"]
    rows = []
    for way in profit.tree.solve(now, goal).frame.to_dict("records"):
        place, rule = next((at, one) for at, one in enumerate(rules) if fnmatchcase(way["metric"], one["lever"]))
        tried = register[register["verdict"].notna() & register["metric"].isin(rule["outcomes"].split())]
        rung = words.joined(words.text("n08.tried", rung=words.text("rung.experiment"), name=one["name"], verdict=named(
            one["verdict"], "verdict")) for one in tried.to_dict("records")) or words.text("rung.assumed")
        rows.append({"horizon": HORIZONS.index(rule["horizon"]), "lever": way["label"], "now": short(way["now"], way["unit"]),
                     "needed": short(way["needed"], way["unit"]),
                     "change": "+" * (way["relative"] > 0) + shown(way["relative"], "share"),
                     "feasible": words.text(f"n08.{_feasible(way)}", flag=way["flag"]),
                     "measure": words.text(f"n08.measure_{rule['measure']}"), "rung": rung,
                     "swing": swings.get(way["metric"], 0.0)})
    made = pd.DataFrame(rows).sort_values(["horizon", "swing"], ascending=[True, False], kind="stable")
    made = made.groupby("horizon").head(MOST).drop(columns="swing").reset_index(drop=True)
    return made.assign(horizon=[words.text(f"n08.{HORIZONS[at]}") for at in made["horizon"]])


def _feasible(way: Mapping[str, Any]) -> str:
    """Whether a lever can get there: what is a tenth away, what is farther, and what no level of it reaches."""
    return "not_alone" if not way["feasible"] else "feasible" if abs(way["relative"]) <= NEAR else (
        "stretch" if abs(way["relative"]) <= FAR else "hardly")


def goal_of(company: Folder, when: Periods, profit: Profit) -> tuple[float, Sentence]:
    """What the root of the tree is to reach, and whose goal that is: a target for another period than this one, else a
    tenth more than now, or 0 where it is below."""
    root = profit.values[when.now].frame.iloc[0]
    node = profit.tree.nodes[root["metric"]]
    targets = company.get("targets", pd.DataFrame({"metric": [], "period": [], "target": []}))
    own = targets.loc[targets["metric"].eq(root["metric"]) & ~targets["period"].isin(when.names), "target"]
    kind = "target" if len(own) else "tenth" if root["estimate"] > 0 else "zero"
    goal = float(own.iloc[-1]) if len(own) else max(1.1 * root["estimate"], 0.0)
    return goal, say(f"n08.goal_{kind}", root=label(node), goal=Sentence(short(goal, display_unit(node.unit))))


def register_of(data: str) -> tuple[Register | Sentence, pd.DataFrame]:
    """The register of experiments beside a folder's files, or why there is none; and its experiments, none or more."""
    path, none = Path(data) / REGISTER, pd.DataFrame(columns=["name", "planned_on", "decided_on", "metric", "verdict"])
    if not is_register(path):
        return say("n08.no_register"), none
    try:
        found = Register(path)
        return found, found.frame
    except SourceError as error:
        return say("n08.register", problem=str(error)), none


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(StringIO(files(__package__).joinpath(name).read_text("utf-8")), dtype="str", keep_default_na=False)
