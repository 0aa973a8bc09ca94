"""Salesforce: a report on opportunities, exported as details only, with the lines that it puts below its rows."""

import pandas as pd

from engagelab.sample.dates import local, written
from engagelab.sample.exports.mapped import CASE, own_deals
from engagelab.sample.exports.vendor import number
from engagelab.sample.text_files import Written, csv_file

STAMP = "{month}/{day}/{year} {hour12}:{minute:02} {half}"
STAGES = {"contact": "Qualification", "proposal": "Proposal/Price Quote", "negotiation": "Negotiation/Review",
          "won": "Closed Won", "lost": "Closed Lost"}
FOOTER = ('"Grand Totals ({count:,} records)"', '""', '"Opportunities by owner"',
          '"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."',
          '"Confidential Information - Do Not Distribute"')


def sales_files(deals: pd.DataFrame) -> dict[str, Written]:
    """The deals of the owners who do not keep the other list; two columns are the company's own."""
    own = deals[~own_deals(deals)]
    stamps = {heading: written(local(own[name]), STAMP).str.upper() for heading, name in (
        ("Created Date", "opened_at"), ("Last Activity", "last_activity_at"), ("Close Date", "closed_at"))}
    frame = pd.DataFrame({
        "Opportunity ID": own["deal_id"], "Opportunity Owner": own["owner"], "Account ID": own["account_id"],
        "Account Name": own["account_name"], "Opportunity Name": own["account_name"] + " " + CASE,
        "Contact Number": own["user_id"], "Opportunity Pipeline": own["pipeline"], "Stage": own["stage"].map(STAGES),
        "Amount Currency": own["currency"], "Amount": number(own["amount"]), "Lead Source": own["channel"], **stamps,
        "Loss Reason": own["reason"]})
    table = csv_file(frame, newline="\r\n", quote_all=True)
    footer = "".join(line.format(count=len(own)) + "\r\n" for line in FOOTER)
    return {"opportunities.csv": Written(table.content + footer.encode("utf-8"), len(own))}
