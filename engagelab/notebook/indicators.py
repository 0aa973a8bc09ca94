"""The indicators of a company by period, each measured as the lessons measure it, and their scorecard and history."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files
from io import StringIO

import pandas as pd

from engagelab import words
from engagelab.activity.churn import churn
from engagelab.display import metric_name
from engagelab.errors import EngagelabError
from engagelab.kpi.formula import label
from engagelab.kpi.tree import MOST_KEYS
from engagelab.kpi.units import display_unit
from engagelab.metrics import fixed_mix, groups_only, median_duration, scorecard, units
from engagelab.metrics.difference import difference
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import Noun, ces, csat, mean, nps, rate, ratio
from engagelab.metrics.social import engagement_rate
from engagelab.notebook.money import one_currency
from engagelab.notebook.periods import Periods
from engagelab.notebook.profit import profit_tree
from engagelab.sources.folder import Folder
from engagelab.tables import complete

NOUNS: Mapping[str, Callable[..., Noun]] = {"nps": nps, "csat": csat, "ces": ces, "rate": rate, "mean": mean,
                                            "ratio": ratio, "engagement_rate": engagement_rate}


def indicators(company: Folder, when: Periods) -> pd.DataFrame:
    """Every indicator that the tables give, by period from a year before `now` or from `before`, as `measure` has it.

    `note` says what holds of one. NPS is that of the mix of channels of `when.before`, where several are known; churn
    is that of the last month of each period.

    >>> from engagelab.notebook.periods import periods
    >>> from engagelab.notebook.setup import open_data
    >>> company = open_data("sample")
    >>> found = indicators(company, periods(company))
    >>> found.loc[found["quarter"] == "FY2026Q2", ["metric", "estimate"]].head(2).round(3).values.tolist()
    [['nps', 19.123], ['csat', 0.781]]
    """
    first, parts = min(when.year_before or when.before, when.before), []
    for metric, rows, noun, time in _asked(company):
        rows = rows[when.label(rows[time]).astype("str").between(first, when.now)]
        found = measure(rows, {metric: noun}, time=time, **when.over) if len(rows) else rows
        if metric == "nps" and when.before in set(found.get(when.every, ())) and rows["channel"].nunique() > 1:
            mixed = groups_only(measure(rows, {metric: noun}, by="channel", time=time, **when.over), "channel")
            mixed = fixed_mix(mixed, by="channel", over=when.every, to=when.before)
            if mixed["estimate"].notna().all():
                found = mixed.assign(note=words.text("n08.mixed", before=when.before))
        parts.append(found)
    parts += [_replies(company, when), _churn(company, when)]
    none = pd.DataFrame(columns=["metric", when.every, "estimate", "low", "high", "n", "method", "flag"])
    found = pd.concat([part for part in parts if len(part)] or [none]).astype({"metric": "str"})
    return found[found[when.every].between(first, when.now)].reset_index(drop=True)


def _asked(company: Folder) -> Iterator[tuple[str, pd.DataFrame, Noun, str]]:
    """What `indicators.csv` measures of which rows, and when they happened."""
    known = _prepared(company)
    for one in table("indicators.csv").to_dict("records"):
        if one["table"] in known:
            column, _, value = one["rows"].partition("=")
            rows = known[one["table"]]
            yield one["metric"], rows[rows[column] == value] if column else rows, NOUNS[one["noun"]](
                *one["of"].split()), one["time"]


def _prepared(company: Folder) -> dict[str, pd.DataFrame]:
    """The tables with what is measured: mails that arrived, own posts without paid reach, orders that stand."""
    made = dict(company.tables)
    if "email_sends" in made:
        made.pop("email_campaigns", None)  # the same mails
        sends = made["email_sends"][made["email_sends"]["delivered"].fillna(True)]
        human = (sends["opened"] & ~sends["machine_opened"]).where(sends["machine_opened"].notna())
        made["email_sends"] = sends.assign(human_opened=human)
    if "social_posts" in made:
        posts = made["social_posts"].fillna({"author": "brand", "promotion": "organic"})
        made["social_posts"] = posts[posts["author"].eq("brand") & posts["promotion"].eq("organic")]
    if "orders" in made:
        orders, stands = made["orders"], ~made["orders"]["status"].isin(["voided", "refunded"])
        paid = one_currency(orders[stands & orders["cancelled_at"].isna()], company.settings.currency)[0]
        made["orders"] = paid.assign(full_price=paid["subtotal"].where(paid["discount"].fillna(0) == 0, 0))
    return made


def _replies(company: Folder, when: Periods) -> pd.DataFrame:
    """The time by which half of the tickets have their first reply, those that still wait among them."""
    tickets = company.get("tickets")
    if tickets is None or tickets["created_at"].isna().all():
        return pd.DataFrame()
    end, first = tickets["solved_at"].fillna(company.today), tickets["first_reply_minutes"]
    waited = first.fillna((end - tickets["created_at"]).dt.total_seconds() / 60)
    waits = pd.DataFrame({when.every: when.label(tickets["created_at"]), "replied": first.notna(), "reply": waited})
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
    targets = company.get("targets", complete(pd.DataFrame(), "targets"))
    latest = when.latest(measured).dropna(subset="estimate").drop_duplicates("metric").set_index("metric", drop=False)
    keys = tuple(dict.fromkeys(company.settings.kpi.keys or tuple(targets["metric"]) or tuple(latest.index)))
    rows = latest.loc[[key for key in keys if key in latest.index]].reset_index(drop=True).head(MOST_KEYS)
    card = scorecard(rows, targets, period=when.names)
    columns = {"before": "year_before", "difference": "change", "low": "change_low", "high": "change_high"}
    past = difference(measured.drop(columns="note", errors="ignore"), over=when.every, before=when.year_before,
                      after=when.now)
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


def table(name: str) -> pd.DataFrame:
    """A table of rules of this room, all columns text."""
    text = files(__package__).joinpath(name).read_text("utf-8")
    return pd.read_csv(StringIO(text), dtype="str", keep_default_na=False)
