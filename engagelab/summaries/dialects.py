"""DuckDB's text as another engine writes it.

sqlglot carries the text over; what it does not carry rightly is put right on the tree, here and nowhere else.
A caller's column is a quoted name and stands in one SELECT list only (see `sql`), so what depends on its type is put
right there too. Whatever sqlglot warns of is an error. Sources: the manuals of Apache Spark ("Built-in Functions",
"ANSI Compliance") and of PostgreSQL ("Mathematical Functions", "Date/Time Functions", "Collation Support").
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engagelab.errors import DataError, UsageError
from engagelab.summaries import sql


def text(body: str, dialect: str, types: Mapping[str, str], tables: Mapping[str, str] | None = None) -> str:
    """A text of DuckDB as `dialect` ("spark", "postgres", or another one that sqlglot writes) has it.

    types : of the caller's columns that it reads, by DuckDB's names.
    tables : what stands for a table instead of its name, as the other engine's own SQL.

    Raises DataError where sqlglot cannot carry something over.

    >>> print(text("SELECT x0 // 7 AS week FROM events GROUP BY x0 // 7, ()", "postgres", {}))
    SELECT
      x0 / 7 AS week
    FROM events
    GROUP BY
      x0 / 7
    """
    glot = _sqlglot()
    with _no_warning(dialect, glot.errors.SqlglotError):
        tree = glot.parse_one(body, read="duckdb")
        put_right = OWN.get(dialect, Rewrites)(glot.exp, tree, types)
        for node in list(tree.walk())[::-1]:  # a part before the whole
            new = put_right(node)
            if new is not node:
                node.replace(new)
        for table in list(tree.find_all(glot.exp.Table)):
            if table.name in (tables or {}):
                table.replace(glot.exp.alias_(glot.exp.to_table(_stand_in(table.name)), table.alias or table.name))
        out = tree.sql(dialect, pretty=True, comments=False, unsupported_level=glot.ErrorLevel.RAISE)
    for name, other in (tables or {}).items():
        out = out.replace(_stand_in(name), other)
    return out


@contextmanager
def _no_warning(dialect: str, kind: type[Exception]) -> Iterator[None]:
    """An error in one line, where sqlglot raises one or only warns."""
    said: list[str] = []
    watch = logging.Handler(logging.WARNING)
    watch.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("sqlglot")
    logger.addHandler(watch)
    try:
        yield
    except kind as error:
        said.append(str(error))
    finally:
        logger.removeHandler(watch)
    if said:
        raise DataError("summaries.untranslated", dialect=dialect, why=" ".join(said[0].split())[:300])


def _sqlglot() -> Any:
    try:
        import sqlglot
    except ModuleNotFoundError as error:
        raise UsageError("summaries.no_sqlglot") from error
    return sqlglot


def _stand_in(name: str) -> str:
    return f"engagelab_instead_of_{name}"


class Rewrites:
    """What no other engine takes as DuckDB writes it, or writes out otherwise; one node of the tree at a time."""

    def __init__(self, exp: Any, tree: Any, types: Mapping[str, str]):
        self.exp = exp
        self.kinds = {(name, True): kind.upper() for name, kind in types.items()}  # (name, whether the caller's)
        for read in tree.find_all(exp.Alias):
            inner = read.this.this if isinstance(read.this, exp.Nullif) else read.this
            if self.kind(inner):
                self.kinds[read.alias, False] = self.kind(inner)

    def kind(self, node: Any) -> str:
        """The type of a column that is the caller's own, or of a key read from one; nothing for all else."""
        known = isinstance(node, self.exp.Column) and isinstance(node.this, self.exp.Identifier)
        return self.kinds.get((node.name, bool(node.this.quoted)), "") if known else ""

    def __call__(self, node: Any) -> Any:
        """What stands for the node: itself, or another one, or None for nothing."""
        exp = self.exp
        if isinstance(node, exp.Group):  # an empty set of keys beside others, or alone, adds nothing
            keys = [key for key in node.expressions if key.expressions or not isinstance(key, exp.Tuple)]
            node.set("expressions", keys)
            return node if keys else None
        if isinstance(node, exp.BitwiseLeftShift | exp.BitwiseRightShift):  # the distance is never a BIGINT
            node.set("expression", exp.cast(node.expression, "int"))
        if isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us":
            stamp = node.expressions[0].this if isinstance(node.expressions[0], exp.Cast) else node.expressions[0]
            return self.microseconds(stamp, self.kind(node.find(exp.Column)))
        if isinstance(node, exp.Cast) and node.to.is_type("text", "varchar") and self.kind(node.this).startswith(
                sql.FLOATS):  # 7.0 is 7.0, 7 or 7E0
            return self.parsed("CASE WHEN {0} = floor({0}) AND abs({0}) < 1e15 "
                               "THEN CAST(CAST({0} AS BIGINT) AS TEXT) || '.0' ELSE {1} END", node.this, node)
        return node

    def microseconds(self, stamp: Any, kind: str) -> Any:
        """A stamp as whole microseconds since 1970 of UTC."""
        return self.exp.func("epoch_us", stamp.copy())

    def parsed(self, template: str, *parts: Any) -> Any:
        """The template's tree with other trees in its places."""
        names = [f"engagelab_part_{i}" for i in range(len(parts))]
        tree = self.exp.maybe_parse(template.format(*names), dialect="spark")
        for column in list(tree.find_all(self.exp.Column)):
            column.replace(parts[names.index(column.name)].copy())
        return tree


class Spark(Rewrites):
    """Spark SQL."""

    def microseconds(self, stamp: Any, kind: str) -> Any:
        """See Rewrites."""
        if kind == "DATE":
            return self.parsed("CAST(unix_date({0}) AS BIGINT) * 86400000000", stamp)
        if "ZONE" in kind:
            return self.parsed("unix_micros({0})", stamp)
        # a stamp without a zone is read by its parts, as every cast of it goes through the zone of the session
        return self.parsed(
            "(CAST(unix_date(CAST({0} AS DATE)) AS BIGINT) * 86400 + hour({0}) * 3600 + minute({0}) * 60) * 1000000"
            " + CAST(extract(second FROM {0}) * 1000000 AS BIGINT)", stamp)


class Postgres(Rewrites):
    """PostgreSQL."""

    def microseconds(self, stamp: Any, kind: str) -> Any:
        """See Rewrites; numeric since PostgreSQL 14, so that none is lost."""
        return self.parsed("CAST(extract(epoch FROM {0}) * 1000000 AS BIGINT)", stamp)

    def __call__(self, node: Any) -> Any:
        """See Rewrites."""
        exp = self.exp
        if isinstance(node, exp.IntDiv):  # DIV() is numeric there, and slow; whole numbers divide to whole ones
            return exp.Div(this=node.this, expression=node.expression, typed=True)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) and node.this.quoted:
            if self.kind(node) == "BOOLEAN" and isinstance(node.parent, exp.Cast):
                return exp.cast(node.copy(), "int")
            if self.kind(node) == "VARCHAR":  # any order but that of the codes depends on the server
                code = exp.to_identifier("C", quoted=True)
                return exp.Collate(this=exp.cast(node.copy(), "text"), expression=code)
        return super().__call__(node)


class BigQuery(Rewrites):
    """BigQuery, which cannot say where NULL stands in a window of sums: what our texts order by is never NULL."""

    def __call__(self, node: Any) -> Any:
        """See Rewrites."""
        window = node.find_ancestor(self.exp.Window) if isinstance(node, self.exp.Ordered) else None
        if window and isinstance(window.this, self.exp.AggFunc):
            node.set("nulls_first", not node.args.get("desc"))
        return super().__call__(node)


OWN: dict[str, type[Rewrites]] = {"spark": Spark, "postgres": Postgres, "bigquery": BigQuery}
