"""What the report of the quarter says beside its indicators: practices, a roadmap, and the register of experiments.

Which practices are asked for, from which share of a figure on the answer is yes and below which it is no, stands in
`practices.csv`; when which lever of the tree can be moved, and which outcome of an experiment tells of it, in
`levers.csv`.
"""

from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from engagelab import words
from engagelab.display import MISSING, named, short, shown
from engagelab.errors import SourceError
from engagelab.experiments.register import Register
from engagelab.kpi.formula import label
from engagelab.kpi.units import display_unit
from engagelab.notebook.indicators import table
from engagelab.notebook.periods import Periods
from engagelab.notebook.profit import Profit
from engagelab.notebook.sentences import Sentence, say
from engagelab.sources.folder import Folder
from engagelab.sources.folder_files import is_register
from engagelab.sources.settings import REGISTER
from engagelab.tables import complete

MOST = 3  # levers of a horizon that are shown
HORIZONS, NEAR, FAR = ("soon", "later", "far"), .1, .3  # how much of itself a lever is to change
QUARTERS = 4  # the last ones, in each of which something should have been tried


def practices(company: Folder, when: Periods, register: pd.DataFrame) -> pd.DataFrame:
    """Five questions, answered from shares: `question, answer, figures`, the shares in words, each with what it is of.

    An answer is "yes" or "no" where all its shares say so, "partly" where they do not, and "unknown" without one.

    register : the frame of a register of experiments.
    """
    shares = {figure: flags.dropna().astype("bool") for figure, flags in _shares(company, when, register)}
    rows = []
    for question, asked in table("practices.csv").groupby("question", sort=False):
        told = [(one, shares[one["figure"]]) for one in asked.to_dict("records") if len(shares.get(one["figure"], ""))]
        says = {"yes" if flags.mean() >= float(one["yes"]) else "no" if flags.mean() < float(one["no"]) else "partly"
                for one, flags in told}
        figures = [say(f"n08.{one['figure']}", share=shown(flags.mean(), "share"), n=len(flags), count=int(flags.sum()))
                   for one, flags in told]
        if not told:
            lacking = dict.fromkeys(words.text(f"table.{name}") for names in asked["tables"] for name in names.split())
            figures = [say("n08.no_figure", tables=words.joined(lacking))]
        rows.append({"question": question, "answer": says.pop() if len(says) == 1 else "partly" if says else "unknown",
                     "figures": words.text("register.semicolon").join(figures)})
    return pd.DataFrame(rows)


def _shares(company: Folder, when: Periods, register: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """The figures of the practices that the tables tell, each a flag a row; of this period where rows have a time."""
    def known(name: str, column: str, time: str) -> pd.Series:
        """Of each row of the period whether the column holds something; nothing where it never does."""
        rows = company.get(name)
        if rows is None or rows[column].isna().all():
            return pd.Series(dtype="bool")
        return rows.loc[when.label(rows[time]).eq(when.now), column].notna()

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
        if len(flags):
            yield figure, flags & company["email_sends"].loc[flags.index, "scenario"].ne("newsletter").fillna(True)
    yield "reviews_answered", known("reviews", "reply", "created_at")
    yield "tickets_answered", known("tickets", "first_reply_minutes", "created_at")
    if len(flags := known("surveys", "text", "answered_at")):
        forms = company["surveys"].loc[flags.index]
        yield "commented", flags.groupby(forms["survey"] + "/" + forms["respondent_id"]).any()
    if pulses is not None and staff is not None and pulses["answered_at"].notna().any():
        wave = pulses[pulses["wave"].eq(pulses.sort_values("answered_at", na_position="first")["wave"].iloc[-1])]
        day = wave["answered_at"].min()
        there = staff[(staff["hired_at"] <= day) & ~(staff["left_at"] < day)]
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

    Texts, to be looked at: `horizon, lever, now, needed, feasible, measure, rung`; of each horizon the three levers
    that need the least change. An experiment of the register is named where it tells of the lever's outcome.
    """
    rules, rows = table("levers.csv").to_dict("records"), []
    for way in profit.tree.solve(profit.values[when.now], goal).frame.to_dict("records"):
        rule = next(one for one in rules if fnmatchcase(way["metric"], one["lever"]))
        tried = register[register["verdict"].notna() & register["metric"].isin(rule["outcomes"].split())]
        rung = words.joined(words.text("n08.tried", rung=words.text("rung.experiment"), name=one["name"], verdict=named(
            one["verdict"], "verdict")) for one in tried.to_dict("records")) or words.text("rung.assumed")
        by = way["relative"]
        reach = ("not_alone" if not way["feasible"] else "unknown" if by != by else
                 "feasible" if round(abs(by), 6) <= NEAR else "stretch" if abs(by) <= FAR else "hardly")
        needed = words.text("n08.needed", level=short(way["needed"], way["unit"]),
                            change="+" * (by > 0) + shown(by, "share"))
        rows.append({"horizon": HORIZONS.index(rule["horizon"]), "lever": way["label"],
                     "now": short(way["now"], way["unit"]), "needed": needed if way["feasible"] else MISSING,
                     "feasible": words.text(f"n08.{reach}", flag=way["flag"]),
                     "measure": words.text(f"n08.measure_{rule['measure']}"), "rung": rung})
    made = pd.DataFrame(rows).sort_values("horizon", kind="stable").groupby("horizon").head(MOST).reset_index(drop=True)
    return made.assign(horizon=[words.text(f"n08.{HORIZONS[at]}") for at in made["horizon"]])


def goal_of(company: Folder, when: Periods, profit: Profit) -> tuple[float, Sentence]:
    """What the root of the tree is to reach, and whose goal that is: a target for another period than this one, else a
    tenth more than now, or 0 where it is below."""
    root = profit.values[when.now].frame.iloc[0]
    node = profit.tree.nodes[root["metric"]]
    targets = company.get("targets", complete(pd.DataFrame(), "targets"))
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
