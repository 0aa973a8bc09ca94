"""Times that came as text: which row keeps a column from being read as times.

A time with a zone is a moment; one without is not, and the two side by side cannot be put in order (ISO 8601,
"local time" and "time shift").
"""

from engagelab.errors import DataError
from engagelab.summaries import sql
from engagelab.summaries.engine import Source
from engagelab.summaries.files import ZONED
from engagelab.summaries.view import Columns, View


def checked_times(source: Source, column: str) -> None:
    """Refuse a column of text, naming its first row that is no time, or that lacks the zone that others have."""
    if source.types[column] != "VARCHAR" or not source.ordered:
        return
    kinds = View(Columns(source, {"k0": sql.Read(column, "key")})).plain(
        "SELECT kind, min(place) AS place, arg_min(k0, place) AS k0 FROM (SELECT row_number() OVER () AS place, k0, "
        "CASE WHEN TRY_CAST(k0 AS TIMESTAMPTZ) IS NULL THEN 'none' "
        f"WHEN regexp_matches(k0, '{ZONED}') THEN 'zone' ELSE 'naive' END AS kind FROM events) "
        "WHERE k0 IS NOT NULL GROUP BY kind").set_index("kind")
    for kind, key in (("none", "summaries.text_time"), ("naive", "summaries.mixed_zones")):
        if kind in kinds.index and (kind == "none" or "zone" in kinds.index):
            found = kinds.loc[kind]
            raise DataError(key, column=repr(column), value=repr(found["k0"]), row=found["place"])
