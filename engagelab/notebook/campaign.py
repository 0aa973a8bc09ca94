"""The experiment of a folder, read in one place: who was drawn into which arm, and what came of it.

The kind of reading is that of a randomised holdout, by intention to treat: all who were offered something against all
who were not, whoever used it (Gerber and Green, Field Experiments, 2012, chapter 2). `engagelab.toml`, [experiment],
says which experiment it is and how long after the start counts; where it says nothing, a name is guessed, and the
guess is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from engagelab.display import shown
from engagelab.experiments.compare import compare
from engagelab.experiments.comparison import Comparison
from engagelab.experiments.outcomes import outcomes
from engagelab.metrics.nouns import Noun, mean, rate
from engagelab.notebook.sentences import Sentence, say
from engagelab.sources.folder import Folder
from engagelab.sources.settings import ExperimentSettings

CONTROLS = ("control", "holdout", "usual", "none", "no", "a")  # what a control is called, the surest name first
COSTED = .9  # above this share of orders with known costs, the costs of the others count as missing
MOST = 50  # segments that a page can show


@dataclass(frozen=True)
class Campaign:
    """An experiment of a folder, ready to be compared.

    `.rows` has a row a customer with the outcomes, None where there are no two arms or it is unknown which is the
    control; `.drawn` is the same as it was drawn. `.metrics` by name, the one that decides first, none where nothing
    was observed. `.came` is what they did, as the arguments of `experiments.outcomes`; `.money` the currency of an
    amount, or "number". `.notes` say what was taken, guessed and left out.
    """

    name: str = ""
    arms: tuple[str, ...] = ()
    control: str | None = None
    drawn: pd.DataFrame | None = None
    drawn_by: Mapping[str, str] = field(default_factory=dict)  # cluster=, where whole clusters were drawn
    split: Mapping[str, float] = field(default_factory=dict)
    rows: pd.DataFrame | None = None
    metrics: Mapping[str, Noun] = field(default_factory=dict)
    by: str | None = None
    money: str = "number"
    came: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Sentence, ...] = ()

    @property
    def primary(self) -> str | None:
        """The metric that decides."""
        return next(iter(self.metrics), None)

    def compare(self, **how: Any) -> Comparison | None:
        """The arms side by side; None where there is nothing to compare.

        how : keywords of `el.compare`, in place of or beside those that the folder tells.
        """
        if self.rows is None or self.primary is None:
            return None
        told = {"arm": "arm", "control": self.control, "by": self.by, "primary": self.primary, "start": "assigned_at",
                "split": self.split or None, **self.drawn_by,
                "units": {self.primary: self.money} if self.primary.endswith("per_head") else None}
        return compare(self.rows, self.metrics, **{**told, **how})


def campaign(company: Folder) -> Campaign:
    """The experiment of a folder: its table of assignments, with what there is of orders or, without them, of mails.

    Profit per head is what was paid for goods less refunds, points and what the goods cost: by the items where over
    nine tenths of the orders have costs, else by the margin of `engagelab.toml`; without one it is sales per head.

    Errors: those of `experiments.outcomes`.

    >>> from engagelab.notebook.setup import open_data
    >>> coupon = campaign(open_data("sample"))
    >>> coupon.name, coupon.arms, coupon.control, coupon.primary, coupon.money
    ('coupon_holdout', ('coupon', 'holdout'), 'holdout', 'profit_per_head', 'JPY')
    >>> coupon.compare().frame["verdict"].tolist()
    ['worse', 'no_difference']
    """
    asked, assigned = company.settings.experiment, company.get("assignments")
    if assigned is None or assigned["arm"].isna().all() or assigned["user_id"].isna().all():
        return Campaign()
    name, drawn, which = _chosen(assigned, asked)
    drawn, drawn_by, units = _units(drawn)
    arms = tuple(sorted(drawn["arm"].unique()))
    control, taken = _control(arms, asked)
    found = Campaign(name, arms, control, drawn, drawn_by, dict(asked.split),
                     notes=(*_aside(company), *which, *units, *taken))
    return _observed(found, drawn, company) if len(arms) > 1 and control else found


def _aside(company: Folder) -> list[Sentence]:
    aside = sum(int(one.rejects["severity"].eq("row").sum()) for one in company.readings.values()
                if one.source.table == "assignments")
    return [say("n06.aside", n=aside)] * bool(aside)


def _chosen(assigned: pd.DataFrame, asked: ExperimentSettings) -> tuple[str, pd.DataFrame, list[Sentence]]:
    """The experiment that was asked for, else the one with most customers."""
    names = assigned["experiment"].astype("object").fillna(asked.name or "1").astype("str")
    sizes = assigned.groupby(names)["user_id"].nunique().sort_values(ascending=False, kind="stable")
    name = asked.name if asked.name in sizes.index else str(sizes.index[0])
    notes = [say("n06.other_name", asked=asked.name, name=name)] * bool(asked.name and asked.name != name)
    notes += [say("n06.which", name=name, n=len(sizes))] * (len(sizes) > 1)
    return name, assigned.assign(experiment=names)[names == name].dropna(subset=["arm", "user_id"]), notes


def _units(drawn: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str], list[Sentence]]:
    """A row a customer, and whether whole clusters were drawn."""
    several = drawn.groupby("user_id")["arm"].nunique()
    twice = set(several[several > 1].index)  # of no use, and a sign that the draw was not what it was meant to be
    notes = [say("n06.twice", n=len(twice), of=len(several))] * bool(twice)
    drawn = drawn[~drawn["user_id"].isin(twice)].drop_duplicates("user_id")
    clusters = drawn.groupby("cluster")["arm"].nunique()
    drawn_by = {"cluster": "cluster"} if len(clusters) > 1 and clusters.max() == 1 else {}
    return drawn, drawn_by, notes + [say("n06.not_clusters")] * bool(len(clusters) and not drawn_by)


def _control(arms: tuple[str, ...], asked: ExperimentSettings) -> tuple[str | None, list[Sentence]]:
    """The arm that was asked for, else the one that is called like a control."""
    usual = [arm for name in CONTROLS for arm in arms if arm.lower() == name]
    control = asked.control if asked.control in arms else next(iter(usual), None)
    if control is None or asked.control == control:
        return control, []
    return control, [say("n06.other_control", asked=asked.control, control=control) if asked.control
                     else say("n06.guessed", control=control)]


def _observed(found: Campaign, drawn: pd.DataFrame, company: Folder) -> Campaign:
    """With what they did within the time that counts: their orders, or where there are none their clicks."""
    asked, orders, mails = company.settings.experiment, company.get("orders"), company.get("email_sends")
    if orders is not None and orders["ordered_at"].notna().any():
        found, flag, counted = _priced(found, orders, company), "ordered", "orders"
    elif mails is not None and mails["clicked"].notna().any():
        seen = mails[mails["delivered"].fillna(True)].assign(clicks=mails["clicked"].fillna(False).astype("int64"))
        came = {"rows": seen, "name": "mails", "time": "sent_at", "sums": ["clicks"]}
        found, flag, counted = replace(found, came=came), "clicked_any", "clicks"
    else:
        return replace(found, rows=drawn)
    rows = outcomes(drawn, **found.came, start="assigned_at", within=asked.within, before=asked.before)
    rows[flag] = rows[counted].gt(0).astype("boolean").mask(rows[counted].isna())
    nouns: dict[str, Noun] = {flag: rate(flag)}
    if flag == "ordered":
        (worth,) = found.came["sums"]
        known = rows[f"{worth}_before"].notna().any()
        nouns = {worth: mean(worth, adjust={f"{worth}_before": "before_at"} if known else ()), **nouns}
    found = replace(found, rows=rows, metrics={name: noun for name, noun in nouns.items() if rows[name].notna().any()})
    return _segmented(found, rows, company) if found.metrics else found


def _priced(found: Campaign, orders: pd.DataFrame, company: Folder) -> Campaign:
    """With the orders that stand, and what each is worth in the currency of most."""
    orders = orders[~orders["status"].astype("str").str.lower().isin(["voided", "cancelled", "canceled"])]
    main = orders["currency"].mode()
    money = main.iloc[0] if len(main) else company.settings.currency or "number"
    foreign = orders["currency"].ne(money) & orders["currency"].notna()
    notes = [say("n06.other_money", n=int(foreign.sum()), of=len(orders), currency=money)] * bool(foreign.any())
    each = orders[["subtotal", "refunded", "points", "discount"]].fillna({"refunded": 0, "points": 0, "discount": 0})
    spent, share = _costs(orders, company.get("order_items")), company.settings.value.margin
    kind = "costs" if spent.notna().mean() > COSTED else "margin" if share < 1 else "sales"
    if kind != "costs":
        spent = (1 - share) * (each["subtotal"] + each["discount"])  # a discount makes nothing cheaper
    notes.append(say(f"n06.{kind}", margin=shown(share, "share")))
    left = (each["subtotal"] - each["refunded"] - each["points"]).mask(foreign)  # what they spent in all is unknown
    worth = "sales_per_head" if kind == "sales" else "profit_per_head"
    came = {"rows": orders.assign(**{worth: left - spent}), "name": "orders", "time": "ordered_at", "sums": [worth]}
    return replace(found, money=money, came=came, notes=(*found.notes, *notes))


def _costs(orders: pd.DataFrame, items: pd.DataFrame | None) -> pd.Series:
    """What the items of each order cost; missing where no item says it."""
    if items is None:
        return pd.Series(float("nan"), index=orders.index)
    costs = items.assign(cost=items["quantity"] * items["cost"]).groupby("order_id")["cost"].sum(min_count=1)
    return orders["order_id"].map(costs)


def _segmented(found: Campaign, rows: pd.DataFrame, company: Folder) -> Campaign:
    """With the column whose values are compared: the strata of the draw, else the company's own segments."""
    customers, of = company.get("customers"), company.settings.segment
    if customers is not None and of in customers and customers[of].notna().any() and of not in rows:
        rows = rows.merge(customers.drop_duplicates("user_id")[["user_id", of]], on="user_id", how="left")
    by = next((column for column in ("stratum", of) if column in rows and 1 < rows[column].nunique() <= MOST), None)
    return replace(found, rows=rows, by=by)
