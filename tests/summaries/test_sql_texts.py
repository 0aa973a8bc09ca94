"""Each SQL text keeps to the part of SQL that travels, and travels: to five dialects, as committed in golden/.

Run as a program, this file writes the golden files anew.
"""

from importlib.resources import files
from pathlib import Path

import pytest

sqlglot = pytest.importorskip("sqlglot", reason="sqlglot is not installed: pip install 'engagelab[warehouse]'")
from sqlglot import exp  # noqa: E402
from sqlglot.optimizer.scope import traverse_scope  # noqa: E402

from engagelab.errors import DataError  # noqa: E402
from engagelab.summaries import dialects  # noqa: E402

TEXTS = {file.name.removesuffix(".sql"): file.read_text("utf-8")
         for file in sorted(files("engagelab.summaries").iterdir(), key=lambda file: file.name)
         if file.name.endswith(".sql")}
GOLDEN = Path(__file__).parent / "golden"
DIALECTS = ("bigquery", "databricks", "redshift", "snowflake", "trino")  # transpiled, not executed
FUNCTIONS = (exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.VariancePop, exp.BitwiseOrAgg, exp.BitwiseAndAgg,
             exp.Nullif, exp.Floor, exp.Sqrt, exp.Round, exp.Log, exp.Coalesce, exp.Case, exp.If, exp.Cast,
             exp.RowNumber, exp.DenseRank, exp.Lag, exp.Lead, exp.And, exp.Or)
KINDS = ("BIGINT", "DOUBLE", "INT", "VARCHAR", "TEXT")
NEVER = {exp.Qualify: "QUALIFY", exp.Interval: "INTERVAL", exp.Bracket: "an index", exp.Lambda: "a lambda",
         exp.Dot: "a field", exp.Filter: "FILTER", exp.Pivot: "PIVOT",
         exp.Array: "a list", exp.Struct: "a struct", exp.Placeholder: "a parameter",
         exp.Parameter: "a parameter", exp.Limit: "LIMIT"}


def violations(text):
    """What in the text does not travel."""
    tree = sqlglot.parse_one(text, read="duckdb")
    yield from reads(text, tree)
    own = {"events", *(cte.alias for cte in tree.find_all(exp.CTE))}
    for node in tree.walk():
        name = node.name if isinstance(node, exp.Anonymous | exp.Table | exp.Identifier) else type(node).__name__
        kind = node.to.this.value if isinstance(node, exp.Cast) else ""
        faults = {
            NEVER.get(type(node), ""): type(node) in NEVER,
            "SELECT *": isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count),
            "GROUP BY ALL": isinstance(node, exp.Group) and node.args.get("all"),
            f"function {name}": isinstance(node, exp.Func) and not isinstance(node, FUNCTIONS),
            f"type {kind}": kind and kind not in KINDS,
            "a shift": isinstance(node, exp.BitwiseLeftShift) and isinstance(node.this, exp.Literal),  # 32 bits or 64?
            f"table {name}": isinstance(node, exp.Table) and name not in own,
            f"quoted name {name}": isinstance(node, exp.Identifier) and node.quoted,
            "a join": isinstance(node, exp.Join) and (node.args.get("using") or node.args.get("method"))}
        yield from (fault for fault, found in faults.items() if found)


def reads(text, tree):
    """Where the header does not say what the tree reads of `events`."""
    said = next((line for line in text.splitlines() if line.startswith("-- reads: ")), "-- reads: ")
    found = set()
    for scope in traverse_scope(tree):
        of_others = {name for table in scope.sources.values() if not isinstance(table, exp.Table)
                     for name in table.expression.named_selects}
        for name, table in scope.sources.items():
            if isinstance(table, exp.Table) and table.name == "events":
                found |= {column.name for column in scope.columns
                          if column.table == name or (not column.table and column.name not in of_others)}
    if found != set(said.removeprefix("-- reads: ").split()):
        yield f"reads {' '.join(sorted(found))}"


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_holds_only_what_travels(name):
    assert list(violations(TEXTS[name])) == []


PLANTED = {
    "SELECT * FROM events": "SELECT *", "SELECT x0, count(*) AS n FROM events GROUP BY ALL": "GROUP BY ALL",
    "SELECT x0 FROM events QUALIFY row_number() OVER (ORDER BY x0) = 1": "QUALIFY",
    "SELECT date_trunc('week', x0) AS w FROM events": "function", "SELECT epoch_us(x0) AS t FROM events": "function",
    "SELECT x0 + INTERVAL 1 DAY AS t FROM events": "INTERVAL", "SELECT list(x0) AS l FROM events": "function",
    "SELECT [x0] AS l FROM events": "a list", "SELECT {'a': x0} AS l FROM events": "a struct",
    "SELECT x0[1] AS l FROM events": "an index", "SELECT median(x0) AS m FROM events": "function",
    "SELECT 1 << x0 AS b FROM events": "a shift", "SELECT CAST(x0 AS HUGEINT) AS b FROM events": "type",
    "SELECT CAST(x0 AS TIMESTAMP) AS b FROM events": "type", "SELECT sum(x0) FILTER (WHERE x0 > 1) AS s FROM events":
        "FILTER", "SELECT x0 FROM people": "table people", "SELECT x0 FROM 'a.csv'": "table a.csv",
    'SELECT x0 AS "X" FROM events': "quoted name X", "SELECT x0 FROM events AS a JOIN events AS b USING (x0)": "a join",
    "SELECT x0, x1 FROM events": "reads x0 x1", "SELECT 1 AS one FROM events": "reads ",
    "WITH a AS (SELECT x0 AS a0 FROM events) SELECT a0, x2 FROM a JOIN events ON x0 = a0": "reads x0 x2",
    "SELECT unnest(x0) AS u FROM events": "function", "SELECT $1 AS u, x0 FROM events": "a parameter",
    "SELECT x0 FROM events LIMIT 5": "LIMIT", "SELECT x0 FROM events NATURAL JOIN events AS b": "a join"}


@pytest.mark.parametrize("text", PLANTED)
def test_what_does_not_travel_is_found(text):
    found = list(violations(f"-- reads: x0\n{text}"))
    assert any(one.startswith(PLANTED[text]) for one in found), found


def written(dialect):
    """All texts in a dialect, as a golden file has them."""
    parts = [f"-- {name}\n{dialects.text(text, dialect, {})};\n" for name, text in TEXTS.items()]
    return f"-- {dialect}: transpiled by sqlglot {sqlglot.__version__}, not executed\n\n" + "\n".join(parts)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_text_is_carried_over_as_committed(dialect):
    golden = (GOLDEN / f"{dialect}.sql").read_text("utf-8")
    if f"sqlglot {sqlglot.__version__}," not in golden.splitlines()[0]:
        pytest.skip("the golden files were written with another version of sqlglot")
    assert written(dialect) == golden


@pytest.mark.parametrize("dialect", ["spark", "postgres", *DIALECTS])
def test_a_text_that_was_carried_over_can_be_read_again(dialect):
    for text in TEXTS.values():
        sqlglot.parse_one(dialects.text(text, dialect, {}), read=dialect)


def test_whatever_sqlglot_warns_of_is_an_error():
    text = "SELECT max(x0) OVER (ORDER BY x0 NULLS LAST ROWS UNBOUNDED PRECEDING) AS x FROM events"
    assert "MAX" in dialects.text(text, "trino", {})
    with pytest.raises(DataError, match=r"cannot be carried over to tsql: .*NULLS LAST"):
        dialects.text(text, "tsql", {})
    with pytest.raises(DataError, match="cannot be carried over to spark"):
        dialects.text("SELECT (", "spark", {})


if __name__ == "__main__":
    for one in DIALECTS:
        (GOLDEN / f"{one}.sql").write_text(written(one), encoding="utf-8", newline="\n")
