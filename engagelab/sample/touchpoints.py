"""Where the company meets people: the points of contact from awareness to advocacy, and what each costs a month."""

import pandas as pd

from engagelab.sample.banks import rows


def touchpoints() -> pd.DataFrame:
    """The table of touchpoints; `event` names what records a contact in the log, where anything does.

    >>> touchpoints()["phase"].unique().tolist()
    ['awareness', 'interest', 'trust', 'customer', 'advocate']
    """
    table = pd.DataFrame(rows("touchpoints.csv"))
    flags = {name: table[name] == "1" for name in ("online", "tax_included")}
    recorded = table["event"].where(table["event"] != "", None)
    return table.assign(cost=table["cost"].astype(float), event=recorded, **flags)
