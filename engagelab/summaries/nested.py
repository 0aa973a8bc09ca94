"""What is nested in a table, by a dotted name: `event_params.page_location`, `geo.country`.

The BigQuery export of Google Analytics ("BigQuery Export schema", Google Analytics Help 7029846) keeps parameters as
a list of `{key, value: {string_value, int_value, float_value, double_value}}`, of whose values one is set. It is text,
unless the name goes on: `event_params.value.double_value` is a number. Its stamps are whole microseconds
since 1970 of UTC, in JSON as text; a table with the columns of that schema shows them as stamps.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from engagelab.summaries import sql

VALUES = {"string_value": "VARCHAR", "int_value": "BIGINT", "float_value": "DOUBLE", "double_value": "DOUBLE"}
SCHEMA = ("event_timestamp", "event_name", "user_pseudo_id")  # whose tables are that export
STAMPS = ("event_timestamp", "event_previous_timestamp", "user_first_touch_timestamp")
DIALECTS = {  # the value of a key (whose item must not be called as a column is), a stamp, and the type of text
    "duckdb": ("list_filter({0}, lambda item__: item__.key = '{1}')[1].value",
               "make_timestamptz(CAST({0} AS BIGINT))", "VARCHAR"),
    "spark": ("get(filter({0}, item__ -> item__.key = '{1}'), 0).value",
              "timestamp_micros(CAST({0} AS BIGINT))", "STRING")}


class Unfolded(Mapping[str, str]):
    """The types of a table's columns, and of what is nested in them, each looked up when it is asked for.

    types : of its own columns. kind_of : the type of an expression of the engine, which fails where it has none.

    >>> types = Unfolded({"geo": "STRUCT(country VARCHAR)"}, "duckdb", lambda expression: "VARCHAR")
    >>> "geo.country" in types, "geo.city" in types, types.expressions(["geo", "geo.country"])
    (True, False, {'geo.country': '"geo"."country"'})
    """

    def __init__(self, types: Mapping[str, str], dialect: str, kind_of: Callable[[str], str]):
        self._types, self._kind_of = dict(types), kind_of
        self._pick, self._stamp, self._text = DIALECTS[dialect]
        self._quote = sql.quote if dialect == "duckdb" else lambda name: f"`{name.replace('`', '``')}`"
        self._known: dict[str, str | None] = {}

    def expressions(self, columns: Iterable[str]) -> dict[str, str]:
        """The engine's SQL for those of the columns that are not as they stand in the table."""
        found = {name: self._expression(name) for name in columns}
        return {name: expression for name, expression in found.items() if expression}

    def _expression(self, name: str) -> str:
        if name in self._types:
            late = name in STAMPS and set(SCHEMA) <= set(self._types) and self._types[name] in ("BIGINT", "VARCHAR")
            return self._stamp.format(self._quote(name)) if late else ""
        column, _, rest = name.partition(".")
        kind = self._types.get(column, "")
        if not re.search(r"\bkey\b.*\bvalue\b", kind):  # fields of a record
            held = rest and all(re.search(rf'[(<, ]"?{re.escape(field)}"?[: ]', kind) for field in rest.split("."))
            return ".".join(map(self._quote, (column, *rest.split(".")))) if held else ""
        key, _, value = rest.partition(".")
        if not re.fullmatch(r"\w+", key) or value not in ("", *VALUES):
            return ""
        picked = self._pick.format(self._quote(column), key)
        if value:
            return f"CAST({picked}.{value} AS {VALUES[value].replace('VARCHAR', self._text)})"
        return f"coalesce({', '.join(f'CAST({picked}.{value} AS {self._text})' for value in VALUES if value in kind)})"

    def _kind(self, name: str) -> str | None:
        if name not in self._known:
            expression = self._expression(name)
            try:
                self._known[name] = self._kind_of(expression) if expression else self._types.get(name)
            except Exception:  # the engine knows no such field
                self._known[name] = None
        return self._known[name]

    def __getitem__(self, name: str) -> str:
        kind = self._kind(name)
        if kind is None:
            raise KeyError(name)
        return kind

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._kind(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


def folded(types: Mapping[str, str]) -> bool:
    """Whether there is anything to look up: records, or the schema's stamps."""
    return set(SCHEMA) <= set(types) or any("STRUCT" in kind.upper() for kind in types.values())
