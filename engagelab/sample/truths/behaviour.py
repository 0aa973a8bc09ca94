"""Truths 5, 6 and 11: what people do, and what it says of staying, of causes and of worth."""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.dates import END, START, utc
from engagelab.sample.exports.vendor import months
from engagelab.sample.onboarding import CONTROL, EXPERIMENT, NUDGED
from engagelab.sample.pages import PRICE_LIST
from engagelab.sample.purchases import CURRENCY, SHIPPING
from engagelab.sample.truths.entry import Tables, entry, short

MARCH, LAST = "2026-03", "2026-09"
DAYS_A_MONTH = 365.25 / 12


def growth(tables: Tables) -> dict[str, object]:
    """Truth 5: more come since the campaign, fewer of them stay."""
    opened = tables["events"].query("event == 'app_open'")
    users = opened.groupby(months(opened["occurred_at"]))["user_id"].nunique()
    before, now = int(users[11]), int(users[17])
    month_3 = {name: plan.ACTIVE[name][3] for name in ("before", "since")}
    return entry(
        5, "active_users", naive={"metric": "monthly_active_users", MARCH: before, LAST: now,
                                  "growth": short(now / before - 1, 4)},
        true={"metric": "month_3_retention", **month_3, "change": short(month_3["since"] - month_3["before"])},
        where={"table": "events", "filter": "event == 'app_open'", "time": "occurred_at", "user": "user_id",
               "cohorts": "users with the event sign_up on platform app, by its month; others began before the data",
               "since": plan.CAMPAIGN, "metric": "share active in the third calendar month after that of sign_up",
               "observed": "cohorts up to 2026-06", "unit": "fraction"})


def tour(tables: Tables) -> dict[str, object]:
    """Truth 6: who would stay anyway completes the tour."""
    lives = starters(tables)
    life = {name: lives.loc[lives["onboarded"] == flag, "months"].sum()
            / lives.loc[lives["onboarded"] == flag, "closed"].sum()
            for name, flag in (("onboarded", True), ("others", False))}
    return entry(
        6, "onboarding", naive={"metric": "mean_life_months", **{name: short(value, 1) for name, value in life.items()},
                                "ratio": short(life["onboarded"] / life["others"])},
        true={"metric": "share_kept", "days": plan.KEPT_DAYS, "change_by_nudge": plan.NUDGE_KEEPS,
              "completed_more_by_nudge": plan.NUDGE_COMPLETES},
        where={"table": "subscriptions", "filter": "plan in ('light', 'standard') and opened_at >= '2025-03-31 15:00Z'",
               "time": "opened_at", "onboarded": "users with the event tour_completed", "arms": "assignments",
               "experiment": EXPERIMENT, "control": CONTROL, "treated": NUDGED,
               "metric": "share of subscriptions not closed within 90 days of the first, all observed so long",
               "mean_life": "months under subscription / subscriptions closed", "unit": "fraction"})


def clickers(tables: Tables) -> dict[str, object]:
    """Truth 11: clicks are not worth, and a visit booked after the decision foresees nothing."""
    worth, deals = customer_worth(tables), decided_deals(tables)
    top = worth["top_clicker"]
    return entry(
        11, "clicks_and_leads",
        naive={"metric": "clicks", "clicks_top_tenth": short(worth.loc[top, "clicks"].mean(), 1),
               "clicks_all": short(worth["clicks"].mean(), 2),
               "auc_with_leak": short(area(deals, [*FEATURES, "visit_booked"]))},
        true={"metric": "margin", "margin_top_tenth": short(worth.loc[top, "margin"].mean(), 0),
              "margin_all": short(worth["margin"].mean(), 0),
              "margin_office": short(worth.loc[worth["segment"] == "office", "margin"].mean(), 0),
              "discount_hunted": plan.HUNTED_PERCENT / 100, "auc": plan.AUC, "auc_with_leak": plan.AUC_WITH_LEAK},
        where={"table": "orders", "filter": "currency == 'JPY' and status != 'voided'", "time": "ordered_at",
               "clicks": "clicks in email_sends and events offer_click, a customer",
               "top_tenth": "those who ever clicked, in order of clicks: the one at nine tenths of the way up, and "
                            "all with as many clicks (ties are in) or more",
               "margin": "subtotal - points - cost of the items - 600 of each free parcel of web shop and mall - "
                         "refunded",
               "deals": "pipeline == 'new' and closed; features of the contact's events before closed_at",
               "features": list(FEATURES), "leak": "visit_booked, mostly booked after closed_at", "unit": "yen"})


def starters(tables: Tables) -> pd.DataFrame:
    """Subscriptions at home begun in the data: how many months each has run, whether it ended, whether onboarded."""
    table = tables["subscriptions"]
    table = table[table["plan"].isin(plan.HOME_PLANS) & (table["opened_at"] >= utc(np.array([START]))[0])]
    done = tables["events"].query("event == 'tour_completed'")["user_id"]
    ends = table["closed_at"].fillna(utc(np.array([END]))[0])
    return table.assign(months=(ends - table["opened_at"]).dt.total_seconds() / 86_400 / DAYS_A_MONTH,
                        closed=table["closed_at"].notna(), onboarded=table["user_id"].isin(done))


def customer_worth(tables: Tables) -> pd.DataFrame:
    """A row a customer: clicks, margin of the orders in yen, and whether among the tenth of clickers who click most."""
    orders = tables["orders"].query(f"currency == '{CURRENCY}' and status != 'voided'").set_index("order_id")
    items = tables["order_items"]
    cost = (items["quantity"] * items["cost"]).groupby(items["order_id"]).sum().reindex(orders.index)
    borne = SHIPPING * ((orders["channel"] != "pos") & (orders["shipping"] == 0))
    margin = orders["subtotal"] - orders["points"] - cost - borne - orders["refunded"]
    sends, events = tables["email_sends"], tables["events"]
    clicked = pd.concat([sends.loc[sends["clicked"].fillna(False), "user_id"],
                         events.loc[events["event"] == "offer_click", "user_id"]])
    people = tables["customers"].dropna(subset=["segment"]).set_index("user_id")
    clicks = clicked.value_counts().reindex(people.index, fill_value=0)
    enough = np.sort(clicks[clicks > 0].to_numpy())[int(.9 * (clicks > 0).sum())]
    return pd.DataFrame({"segment": people["segment"], "clicks": clicks, "top_clicker": clicks >= enough,
                         "margin": margin.groupby(orders["user_id"]).sum().reindex(people.index, fill_value=0.0)})


FEATURES = ("views", "seconds_a_view", "price_page", "log_employees")


def decided_deals(tables: Tables) -> pd.DataFrame:
    """A row a lead's decided deal: won or not, what the contact did before the decision, and the leak."""
    deals = tables["deals"].query("pipeline == 'new'").dropna(subset=["closed_at"]).set_index("user_id")
    events = tables["events"][tables["events"]["user_id"].isin(deals.index)]
    before = events[events["occurred_at"].to_numpy() < deals["closed_at"].reindex(events["user_id"]).to_numpy()]
    views = before.query("event == 'document_view'").groupby("user_id")
    priced = before.loc[before["content_id"] == PRICE_LIST, "user_id"]
    booked = events.loc[events["event"] == "visit_booked", "user_id"]
    size = tables["accounts"].set_index("account_id")["employees"]
    return pd.DataFrame({
        "won": deals["won"].astype(bool), "views": views.size().reindex(deals.index, fill_value=0),
        "seconds_a_view": views["seconds"].mean().reindex(deals.index, fill_value=0.0),
        "price_page": deals.index.isin(priced).astype(float),
        "log_employees": np.log(size.reindex(deals["account_id"]).to_numpy(dtype=float)),
        "visit_booked": deals.index.isin(booked).astype(float)}, index=deals.index)


def area(deals: pd.DataFrame, features: list[str]) -> float:
    """Area under the curve of the best linear score on these very deals (rank sum, ties by half)."""
    design = np.column_stack([np.ones(len(deals)), deals[features].to_numpy(dtype=float)])
    won = deals["won"].to_numpy()
    score = pd.Series(design @ np.linalg.lstsq(design, won.astype(float), rcond=None)[0])
    ranks = score.rank()[won].sum() - won.sum() * (won.sum() + 1) / 2
    return float(ranks / (won.sum() * (~won).sum()))
