"""Mailchimp, Shopify, Zendesk and Google Play."""

import numpy as np
import pandas as pd

from engagelab.sample.dates import MONTHS, QUARTERS, local, written
from engagelab.sample.exports.vendor import SECOND, filled, months, number, percent, quarters
from engagelab.sample.purchases import MALL
from engagelab.sample.reviews import PLATFORM
from engagelab.sample.text_files import Written, csv_file

MINUTE = "{year}-{month:02}-{day:02} {hour:02}:{minute:02}"
ISO = "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
LONG_DAYS = {"Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday",
             "Sat": "Saturday", "Sun": "Sunday"}
DEVICES = np.array(["akita", "bluejay", "oriole", "panther"], dtype=object)


def mail_files(campaigns: pd.DataFrame, customers: pd.DataFrame) -> dict[str, Written]:
    """Mailchimp: the report of all campaigns, and the audience in three files by state."""
    sent = local(campaigns["sent_at"])
    values = {
        "Title": campaigns["campaign_name"], "Subject": campaigns["subject"], "List": campaigns["list"],
        "Send Date": written(sent, "{month_name} {day:02}, {year} {hour12:02}:{minute:02} {half}"),
        "Send Weekday": written(sent, "{day_name}").map(LONG_DAYS), "Total Recipients": campaigns["recipients"],
        "Successful Deliveries": campaigns["delivered"], "Soft Bounces": campaigns["soft_bounces"],
        "Hard Bounces": campaigns["hard_bounces"], "Total Bounces": campaigns["bounces"],
        "Times Forwarded": campaigns["forwards"], "Forwarded Opens": 0, "Unique Opens": campaigns["unique_opens"],
        "Open Rate": percent(campaigns["unique_opens"], campaigns["delivered"]), "Total Opens": campaigns["opens"],
        "Unique Clicks": campaigns["unique_clicks"],
        "Click Rate": percent(campaigns["unique_clicks"], campaigns["delivered"]), "Total Clicks": campaigns["clicks"],
        "Unsubscribes": campaigns["unsubscribes"], "Abuse Complaints": campaigns["complaints"],
        "Times Liked on Facebook": 0, "Folder Id": 0, "Unique Id": campaigns["campaign_id"],
        "Total Orders": campaigns["orders"], "Total Gross Sales": number(campaigns["revenue"]),
        "Total Revenue": number(campaigns["revenue"])}
    found = {"campaigns.csv": csv_file(filled("mailchimp_campaigns", values, campaigns.index), bom=True)}
    for status in ("subscribed", "unsubscribed", "cleaned"):
        found[f"{status}_members_export_a1b2c3d4e5.csv"] = _members(customers[customers["status"] == status], status)
    return found


def _members(people: pd.DataFrame, status: str) -> Written:
    contact = 55_000_000 + people.index.to_numpy()
    stars, changed = people["rating"], written(local(people["changed_at"]), SECOND)
    frame = filled("mailchimp_members", {
        "Email Address": people["email"], "First Name": people["first_name"], "Last Name": people["last_name"],
        "Phone Number": people["phone"], "Segment": people["segment"], "Plan": people["plan"],
        "Won by": people["channel"], "Language": people["language"], "MEMBER_RATING": stars,
        "OPTIN_TIME": written(local(people["created_at"]), SECOND),
        "CONFIRM_TIME": written(local(people["consent_at"]), SECOND), "CC": people["country"],
        "LAST_CHANGED": changed, "LEID": contact,
        "TAGS": np.where(people["plan"].notna(), '"定期便"', "")}, people.index)
    if status == "unsubscribed":
        frame = frame.assign(UNSUB_TIME=changed, UNSUB_CAMPAIGN_TITLE="", UNSUB_CAMPAIGN_ID="", UNSUB_REASON="",
                             UNSUB_REASON_OTHER="")
    return csv_file(frame, bom=True)


def shop_files(orders: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame) -> dict[str, Written]:
    """Shopify by quarter: a row a line item, the order's own cells on its first row alone; without the mall's."""
    people = customers.set_index("user_id")
    orders = orders[orders["channel"] != MALL]
    period = quarters(orders["ordered_at"])
    return {f"orders_export_{name}.csv": csv_file(_order_lines(orders[period == quarter], items, people))
            for quarter, name in enumerate(QUARTERS)}


def _order_lines(orders: pd.DataFrame, items: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    lines = items[items["order_id"].isin(orders["order_id"])].reset_index(drop=True)
    order = orders.set_index("order_id").loc[lines["order_id"]].reset_index()
    who = people.loc[order["user_id"]].reset_index()
    own = {
        # One in eight typed the address in capitals: the same person all the same.
        "Email": who["email"].where(order["order_id"].str.slice(1).astype("int64") % 8 != 0, who["email"].str.upper()),
        "Financial Status": order["status"], "Paid at": written(local(order["paid_at"]), SECOND + " +0900"),
        "Accepts Marketing": np.where(order["consent_marketing"], "yes", "no"),
        "Currency": order["currency"], "Subtotal": number(order["subtotal"]), "Shipping": number(order["shipping"]),
        "Taxes": number(order["tax"]), "Total": number(order["total"]), "Discount Code": order["coupon"].fillna(""),
        "Discount Amount": number(order["discount"]), "Billing Name": who["last_name"] + " " + who["first_name"],
        "Cancelled at": written(local(order["cancelled_at"]), SECOND + " +0900"),
        "Refunded Amount": number(order["refunded"]),
        "Id": (6_000_000_000_000 + order["order_id"].str.slice(1).astype("int64")).astype(str),
        "Source": order["channel"], "Location": order["shop_id"].fillna("")}
    first = lines["line"] == 1
    shown: dict[str, object] = {name: np.where(first, np.asarray(value, dtype=object), "")
                                for name, value in own.items()}
    return filled("shopify", shown | {
        "Name": lines["order_id"], "Created at": written(local(order["ordered_at"]), SECOND + " +0900"),
        "Lineitem quantity": lines["quantity"], "Lineitem name": lines["product"],
        "Lineitem price": number(lines["unit_price"]), "Lineitem compare at price": number(lines["list_price"]),
        "Lineitem sku": lines["sku"],
        "Lineitem discount": number(lines["discount"])}, lines.index)


def desk_files(tickets: pd.DataFrame, customers: pd.DataFrame) -> dict[str, Written]:
    """Zendesk: all tickets, the open ones without a time of solution."""
    who = customers.set_index("user_id").loc[tickets["user_id"]].reset_index()
    solved = written(local(tickets["solved_at"]), MINUTE)
    created = written(local(tickets["created_at"]), MINUTE)
    answer = tickets["csat"].map({"good": "Good", "bad": "Bad", "offered": "Offered", "not_offered": "Not Offered"})
    frame = filled("zendesk", {
        "Summation column": 1, "Id": tickets["ticket_id"], "Requester": who["last_name"] + " " + who["first_name"],
        "Requester id": 900_000_000 + who["user_id"].str.slice(1).astype("int64"),
        "Requester external id": who["user_id"], "Requester email": who["email"],
        "Subject": tickets["subject"],
        "Tags": tickets["tags"], "Status": tickets["status"], "Priority": tickets["priority"],
        "Via": tickets["channel"], "Ticket type": tickets["type"], "Created at": created,
        "Solved at": solved, "Satisfaction Score": answer, "Reopens": tickets["reopens"],
        "Replies": tickets["replies"], "First reply time in minutes": number(tickets["first_reply_minutes"]),
        "Full resolution time in minutes": number(tickets["resolution_minutes"])}, tickets.index)
    return {"zendesk_tickets.csv": csv_file(frame.assign(**{"Topic [list]": tickets["topic"]}))}


def review_files(reviews: pd.DataFrame) -> dict[str, Written]:
    """Google Play by month: UTF-16 with a mark, stamps twice, no link where there are only stars."""
    reviews = reviews[reviews["platform"] == PLATFORM]
    period = months(reviews["created_at"])
    return {f"reviews_{reviews['product_id'].iloc[0]}_{str(MONTHS[month]).replace('-', '')}.csv":
            csv_file(_reviews(reviews[period == month]), encoding="utf-16-le", bom=True)
            for month in range(len(MONTHS)) if (period == month).any()}


def _reviews(reviews: pd.DataFrame) -> pd.DataFrame:
    def both(name: str) -> tuple[pd.Series, pd.Series]:
        stamps = reviews[name].dt.tz_localize(None)
        seconds = stamps.to_numpy().astype("datetime64[s]").astype("int64")
        millis = pd.Series(seconds * 1000, index=stamps.index).astype(str).where(stamps.notna(), "")
        return written(stamps, ISO), millis

    created, created_ms = both("created_at")
    updated, updated_ms = both("updated_at")
    replied, replied_ms = both("reply_at")
    number_of = reviews["review_id"].str.slice(1).astype("int64").to_numpy()
    return filled("google_play", {
        "Package Name": reviews["product_id"],
        "App Version Code": "4" + reviews["version"].str.split(".").str[1],
        "App Version Name": reviews["version"], "Reviewer Language": reviews["language"],
        "Device": DEVICES[number_of % len(DEVICES)], "Review Submit Date and Time": created,
        "Review Submit Millis Since Epoch": created_ms, "Review Last Update Date and Time": updated,
        "Review Last Update Millis Since Epoch": updated_ms, "Star Rating": reviews["rating"],
        "Review Text": reviews["text"], "Developer Reply Date and Time": replied,
        "Developer Reply Millis Since Epoch": replied_ms, "Developer Reply Text": reviews["reply"],
        "Review Link": reviews["url"]}, reviews.index)
