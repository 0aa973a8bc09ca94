"""A small language of conditions over the columns of a table: `orders > 3 and days_since(last_order_at) > 90`.

It is read by Python's own parser (the `ast` module of its manual) and evaluated here, node by node, from a list of what
is allowed; nothing is ever run. What is missing is unknown, and unknown goes through and, or and not as in Kleene's
logic (1938, On notation for ordinal numbers, Journal of Symbolic Logic 3, 150-155): unknown or true is true.
"""

import ast
import functools
import operator
import unicodedata
import warnings
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, near
from engagelab.summaries import periods
from engagelab.tables import tables

LONGEST, DEEPEST = 1000, 30     # letters of a condition, parts within parts of it
EQUAL = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
ORDER = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
FUNCTIONS = ("days_since", "missing")
OBJECTS = {"boolean": "flag", "integer": "number", "floating": "number", "mixed-integer-float": "number",
           "decimal": "number", "string": "text", "empty": "text"}


@functools.cache
def personal() -> frozenset[str]:
    """The columns that name a person in every canonical table that has them.

    >>> sorted(personal() & {"email", "first_name", "orders"})
    ['email', 'first_name']
    """
    declared = [column for table in tables().values() for column in table.columns.values()]
    return frozenset(each.name for each in declared if each.personal) - {
        each.name for each in declared if not each.personal}


@dataclass(frozen=True)
class Value:
    """The values of a part of a condition, one a row, and of what kind: number, text, flag or stamp."""

    kind: str
    values: pd.Series


@dataclass(frozen=True)
class Condition:
    """A condition over the columns of a table. `where` names it in errors, `at` is now, in microseconds since 1970.

    >>> table = pd.DataFrame({"orders": [1, 5, None], "plan": ["free", "plus", "plus"]})
    >>> Condition("orders > 3 or plan == 'free'", table, "rule 1").met().tolist()
    [True, True, <NA>]
    >>> Condition("ordrs > 3", table, "rule 1").met()
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: rule 1: there is no column 'ordrs'; did you mean 'orders'?
        ordrs > 3
        ^
    """

    text: str
    table: pd.DataFrame
    where: str
    at: int | None = None

    @property
    def body(self) -> ast.expr:
        """What the parser makes of the text."""
        if not isinstance(self.text, str) or not self.text.strip() or len(self.text) > LONGEST:
            raise UsageError("conditions.length", where=self.where, most=LONGEST, value=repr(self.text)[:80])
        try:
            with warnings.catch_warnings(action="ignore"):   # of a backslash that is none of Python's
                body = ast.parse(" ".join(self.text.split()), mode="eval").body
        except SyntaxError as error:
            self._refuse("conditions.syntax", max((error.offset or 1) - 1, 0))
        except (ValueError, RecursionError, MemoryError):
            self._refuse("conditions.syntax", 0)
        parts: list[ast.AST] = [body]
        for _ in range(DEEPEST):
            parts = [inner for part in parts for inner in ast.iter_child_nodes(part)]
        if parts:
            self._refuse("conditions.deep", 0, most=DEEPEST)
        return body

    def uses(self) -> list[str]:
        """What it reads of a row, in the order of the text: columns, and days_since(column)."""
        found: list[str] = []
        body = self.body
        inner = {id(node.args[0]) for node in ast.walk(body) if isinstance(node, ast.Call) and node.args}
        for node in sorted((node for node in ast.walk(body) if isinstance(node, ast.Call | ast.Name)
                            and id(node) not in inner), key=lambda node: node.col_offset):
            name = ast.unparse(node)
            if name not in found and name not in FUNCTIONS:
                found.append(name)
        return found

    def stamps(self) -> list[str]:
        """The columns of which it asks how many days have passed."""
        return [self._column(node.args[0]) for node in ast.walk(self.body) if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name) and node.func.id == "days_since" and node.args]

    def met(self) -> pd.Series:
        """Whether each row meets it: True, False, or missing where that is not known."""
        body = self.body
        found = self._value(body)
        if found.kind != "flag":
            self._refuse("conditions.no_flag", body)
        return found.values.astype("boolean")

    def values(self) -> Value:
        """What it says of each row, where it is a column or a function of one; days in whole ones."""
        body = self.body
        if not isinstance(body, ast.Name | ast.Call):
            self._refuse("conditions.not_allowed", body)
        found = self._value(body)
        days = isinstance(body, ast.Call) and found.kind == "number"
        return Value("number", np.floor(found.values)) if days else found

    def _refuse(self, key: str, place: ast.expr | int, **values: object) -> NoReturn:
        """An error that points at its place in the text."""
        text = " ".join(self.text.split())
        at = place if isinstance(place, int) else len(text.encode()[:place.col_offset].decode())
        blank = "".join("\u3000" if unicodedata.east_asian_width(letter) in "WF" else " " for letter in text[:at])
        raise UsageError("conditions.at", what=words.text(key, **values), where=self.where,
                         pointed=f"\n    {text}\n    {blank}^")

    def _value(self, node: ast.expr) -> Value:
        if isinstance(node, ast.BoolOp):
            return self._joined(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Value("flag", ~self._flag(node.operand))
        if isinstance(node, ast.Compare):
            return self._chain(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Name):
            return self._read(node)
        return self._constant(node)

    def _flag(self, node: ast.expr) -> pd.Series:
        found = self._value(node)
        if found.kind != "flag":
            self._refuse("conditions.no_flag", node)
        return found.values.astype("boolean")

    def _joined(self, node: ast.BoolOp) -> Value:
        both = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        found = self._flag(node.values[0])
        for other in node.values[1:]:
            found = both(found, self._flag(other))
        return Value("flag", found)

    def _chain(self, node: ast.Compare) -> Value:
        """`a < b < c` is `a < b and b < c`, as in Python."""
        found, left = pd.Series(True, index=self.table.index, dtype="boolean"), node.left
        for how, right in zip(node.ops, node.comparators, strict=True):
            one = self._among if isinstance(how, ast.In | ast.NotIn) else self._compared
            found, left = found & one(left, how, right), right
        return Value("flag", found)

    def _among(self, left: ast.expr, how: ast.cmpop, right: ast.expr) -> pd.Series:
        if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not right.elts:
            self._refuse("conditions.list", right)
        found = self._compared(left, ast.Eq(), right.elts[0])
        for item in right.elts[1:]:
            found = found | self._compared(left, ast.Eq(), item)
        return ~found if isinstance(how, ast.NotIn) else found

    def _compared(self, left: ast.expr, how: ast.cmpop, right: ast.expr) -> pd.Series:
        one, other = self._value(left), self._value(right)
        if {one.kind, other.kind} == {"stamp", "text"}:
            one, other = (self._stamp(value, node) for value, node in ((one, left), (other, right)))
        compare = (EQUAL | ORDER if one.kind in ("number", "stamp") else EQUAL).get(type(how))
        if one.kind != other.kind:
            self._refuse("conditions.unlike", right, left=words.text(f"conditions.{one.kind}"),
                         right=words.text(f"conditions.{other.kind}"))
        if compare is None:
            self._refuse("conditions.no_order", left, kind=words.text(f"conditions.{one.kind}"))
        known = (one.values.notna() & other.values.notna()).to_numpy()
        found = pd.Series(pd.NA, index=self.table.index, dtype="boolean")
        found[known] = compare(one.values.to_numpy()[known], other.values.to_numpy()[known])
        return found

    def _stamp(self, value: Value, node: ast.expr) -> Value:
        """A date that is written out, as a stamp."""
        if value.kind == "stamp":
            return value
        if not isinstance(node, ast.Constant):
            self._refuse("conditions.unlike", node, left=words.text("conditions.stamp"),
                         right=words.text("conditions.text"))
        moment = periods.moment(self.where, node.value, None)
        return Value("stamp", pd.Series(float(moment or 0), index=self.table.index))

    def _call(self, node: ast.Call) -> Value:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            self._refuse("conditions.no_function", node, name=repr(ast.unparse(node.func)),
                         allowed=words.joined(FUNCTIONS), near=near(name, FUNCTIONS))
        if len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.Name):
            self._refuse("conditions.one_column", node, name=name)
        found = self._read(node.args[0])
        if name == "missing":
            return Value("flag", found.values.isna())
        if found.kind != "stamp":
            self._refuse("conditions.no_stamp", node.args[0], name=node.args[0].id)
        passed = (self.at - found.values) / periods.DAY if self.at is not None else found.values * np.nan
        return Value("number", passed.where(passed >= 0))   # of what lies ahead no days have passed

    def _column(self, node: ast.expr) -> str:
        """The column of that name: the parser writes full-width letters as plain ones."""
        name = node.id if isinstance(node, ast.Name) else ""
        known = {unicodedata.normalize("NFKC", str(column)): column for column in self.table.columns}
        if name not in known:
            self._refuse("conditions.no_column", node, column=repr(name), near=near(name, known))
        if name.casefold() in personal():
            self._refuse("conditions.personal", node, column=repr(name))
        return known[name]

    def _read(self, node: ast.Name) -> Value:
        column = self.table[self._column(node)]
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(column.cat.categories.dtype)
        if column.dtype.kind == "M":
            stamps = pd.to_datetime(column, utc=True).dt.as_unit("us")
            return Value("stamp", stamps.astype("int64").astype("float64").where(stamps.notna()))
        if column.dtype.kind == "b":
            return Value("flag", column.astype("boolean"))
        if column.dtype.kind in "iuf":
            return Value("number", column.astype("Float64").astype("float64"))
        kind = OBJECTS.get(pd.api.types.infer_dtype(column, skipna=True))
        if kind is None:
            self._refuse("conditions.mixed", node, column=repr(node.id))
        if kind == "number":
            return Value(kind, column.astype("float64"))
        return Value(kind, column.astype("boolean") if kind == "flag" else column.astype("str"))

    def _constant(self, node: ast.expr) -> Value:
        minus = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if isinstance(node, ast.UnaryOp) and minus else node
        value = inner.value if isinstance(inner, ast.Constant) else None
        if isinstance(value, bool) and not minus:
            return Value("flag", pd.Series(value, index=self.table.index, dtype="boolean"))
        if isinstance(value, str) and not minus:
            return Value("text", pd.Series(value, index=self.table.index, dtype="str"))
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            return Value("number", pd.Series(float(-value if minus else value), index=self.table.index))
        self._refuse("conditions.not_allowed", node)
