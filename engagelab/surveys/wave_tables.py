"""The tables of `change()`: the answers of two waves read from a table, and what a panel of them says, row by row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, column_of
from engagelab.metrics.answer import labels
from engagelab.metrics.intervals import around, difference_interval
from engagelab.metrics.nouns import Noun
from engagelab.metrics.panel import Panel, panel
from engagelab.summaries import sql
from engagelab.summaries.engine import Source
from engagelab.summaries.moments import Ask
from engagelab.summaries.view import Columns, View

ORDER = ["before", "after", "difference", "low", "high", "se", "n_before", "n_after", "n_paired", "method", "flag"]
Tables = dict[tuple[str, ...], pd.DataFrame]  # by the values of the columns that tell them apart
COUNTS = ("n_before", "n_after", "n_paired", "n", "n_missing")


def answers_of(table: Source, nouns: Mapping[str, Noun], keys: Sequence[str], over: str, user: str | None
               ) -> pd.DataFrame:
    """A row an answer sheet: `key_1 ...`, the labels of `keys`; their code `group`; `wave` and its `rank`; `person`;
    and the values of each metric, in columns (name, 0), (name, 1) ...

    Raises DataError for a person who is in a wave twice.
    """
    columns = Columns(table)
    names = [*keys, over]
    columns.reads |= {f"by_{i}": sql.Read(column_of(name, table.types), "key") for i, name in enumerate(names, 1)}
    if user is not None:
        columns.reads["u0"] = sql.Read(column_of(user, table.types), "key")
    values = {(name, j): _value(ask, value) for name, ask in ((name, noun.ask(columns)) for name, noun in nouns.items())
              for j, value in enumerate(ask.values)}
    picked = [f"{'NULL' if user is None else 'u0'} AS person",
              f"{'row_number() OVER ()' if table.ordered else 0} AS place",
              *(f"{value} AS v{i}" for i, value in enumerate(values.values()))]
    view = View(columns, tuple(f"by_{i}" for i in range(1, len(names) + 1)))
    found, _ = view.query(f"SELECT /*by*/ {', '.join(picked)} FROM events")
    named = {**{f"key_{i}": i for i in range(1, len(names))}, "wave": len(names)}
    rows = pd.DataFrame({name: pd.Series(labels(found, i, None, 1), dtype="str") for name, i in named.items()})
    ranks = [found[f"rank_{i}"] for i in range(1, len(names))]
    rows["group"] = found.groupby(ranks, sort=True).ngroup() if ranks else 0
    rows["rank"], rows["person"], rows["place"] = found[f"rank_{len(names)}"], found["person"], found["place"]
    for i, key in enumerate(values):
        rows[key] = found[f"v{i}"].to_numpy(dtype="float64", na_value=np.nan)
    _once(rows.sort_values("place", kind="stable"), over, user)
    return rows


def _value(ask: Ask, value: str) -> str:
    """SQL of a value as a number: 1 or 0 for a condition, nothing where that on which it rests is not known."""
    return f"CASE WHEN {value} THEN 1.0 WHEN {ask.known} IS NOT NULL THEN 0.0 END" if ask.flags and (
        value != ask.known) else value


def _once(rows: pd.DataFrame, over: str, user: str | None) -> None:
    """Refuse a person who stands in a wave twice."""
    known = rows[rows["person"].notna() & rows["wave"].ne(words.text("metrics.missing"))]
    again = known[known.duplicated(["wave", "person"])]
    if len(again):
        first = again.iloc[0]
        raise DataError("waves.twice", row=words.text("waves.row", row=int(first["place"])) if first["place"] else "",
                        user=f"{user} {str(first['person'])!r}", wave=f"{over} {first['wave']!r}", n=len(again))


def of_two(rows: pd.DataFrame, ends: tuple[str, str]) -> pd.DataFrame:
    """The rows of two waves in the order of their persons, who get a `code` each, as does a row without a person."""
    rows = rows[rows["wave"].isin(ends)].reset_index(drop=True)
    code = rows.groupby(["group", "person"], sort=True).ngroup().to_numpy(dtype="float64", na_value=np.nan)
    code = np.where(np.isnan(code), len(rows) + np.arange(len(rows)), code)
    rows = rows.assign(code=code, group=np.unique(rows["group"], return_inverse=True)[1])
    return rows.sort_values(["code", "place"], kind="stable", ignore_index=True)


def compared(name: str, noun: Noun, rows: pd.DataFrame, keys: Sequence[str], over: str, ends: tuple[str, str],
             need: int, confidence: float, matched: bool) -> list[pd.DataFrame]:
    """The rows of one metric in the frame of changes, the table of who answered, and that of parts.

    rows : as `of_two` gives them. need : the fewest respondents shown. matched : whether there are persons at all.
    """
    columns = [column for column in rows.columns if isinstance(column, tuple) and column[0] == name]
    labelled = rows.drop_duplicates("group").sort_values("group", ignore_index=True)
    labelled = labelled[[f"key_{i}" for i in range(1, len(keys) + 1)]].set_axis(list(keys), axis="columns")
    labelled.insert(0, "metric", pd.Series([name] * len(labelled), dtype="str"))
    known = rows[rows[columns].notna().all(axis="columns")]
    found = panel(noun, known[columns].to_numpy(), known["group"].to_numpy(), known["wave"].eq(ends[1]).to_numpy(),
                  np.unique(known["code"], return_inverse=True)[1], len(labelled), confidence)
    sizes = {kind: cell["n"].to_numpy() for kind, cell in found.cells.items()}
    few = {kind: (n > 0) & (n < need) for kind, n in sizes.items()}
    # all but the whole is hidden with one reason: which of the three is the small one would tell more than it should
    close = few["stayed_before"] | few["left"] | few["joined"]
    secret = np.where(close, words.text("metrics.flag_complement"), "")
    whole = np.where(few["before"] | few["after"], words.text("metrics.flag_few", n=need), "")
    made = (_changes(found, confidence, matched), _who(found, ends), _parts(found, confidence))
    made[0]["all",]["n_paired"] = made[0]["all",]["n_paired"].astype("Int64").mask(close)
    out = [_stacked(labelled, columns, tables, {("all",): whole}, secret)
           for columns, tables in zip((("group",), ("group", over), ("part",)), made, strict=True)]
    return out if matched else [out[0], out[1].iloc[:0], out[2].iloc[:0]]


def _stacked(labelled: pd.DataFrame, columns: tuple[str, ...], tables: Tables,
             own: Mapping[tuple[str, ...], np.ndarray], secret: np.ndarray) -> pd.DataFrame:
    """The tables of all groups below one another, group by group, with what has to be hidden blanked and said."""
    out = []
    for key, table in tables.items():
        why = own.get(key, secret)
        table = table.astype({name: "Int64" for name in COUNTS if name in table})
        numbers = [name for name in table if name not in ("method", "flag")]
        table.loc[why != "", numbers] = pd.NA
        table["flag"] = np.where(why != "", why, table["flag"])
        out.append(pd.concat([labelled.assign(**dict(zip(columns, key, strict=True))),
                              table.astype({"method": "str", "flag": "str"})], axis="columns"))
    return pd.concat(out).sort_index(kind="stable").reset_index(drop=True).astype(dict.fromkeys(columns, "str"))


def _changes(found: Panel, confidence: float, matched: bool) -> Tables:
    """The change of each kind of respondents, a row a group."""
    before, after, stayed, later, left, joined = found.cells.values()
    apart = difference_interval(*_ends(before), *_ends(after), correlation=found.correlation)
    everybody = _sides(before, after, apart, found.errors["all"], stayed["n"])
    alike = (found.errors["all"] == 0) & (before["se"] > 0)  # all moved by the same
    everybody[["low", "high"]] = everybody[["low", "high"]].mask(alike)
    everybody["flag"] = _doubts(everybody)
    if not matched:
        return {("all",): everybody.assign(method=words.text("waves.method_unpaired"))[ORDER]}
    own = later["estimate"] - stayed["estimate"]
    same = _sides(stayed, later, (own, *around(own, found.errors["stayed"], stayed["n"] - 1, confidence)),
                  found.errors["stayed"], stayed["n"])
    others = _sides(left, joined, difference_interval(*_ends(left), *_ends(joined)),
                    np.hypot(left["se"], joined["se"]), 0)
    both = _combined(same, others, confidence).assign(n_before=before["n"], n_after=after["n"])
    both["flag"] = both["flag"].where(~found.apart | both["flag"].ne(""), words.text("waves.apart"))
    tables = {"all": everybody, "stayed": same, "fresh": others, "combined": both}
    return {(group,): table.assign(method=words.text(f"waves.method_{group}"))[ORDER]
            for group, table in tables.items()}


def _ends(cell: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    return cell["estimate"], cell["low"], cell["high"]


def _sides(before: pd.DataFrame, after: pd.DataFrame, apart: Sequence, se: Any, paired: Any) -> pd.DataFrame:
    table = pd.DataFrame({"before": before["estimate"], "after": after["estimate"], "difference": apart[0],
                          "low": apart[1], "high": apart[2], "se": se, "n_before": before["n"], "n_after": after["n"],
                          "n_paired": paired})
    return table.assign(flag=_doubts(table))


def _doubts(table: pd.DataFrame) -> pd.Series:
    """Why a row has no value, or no interval."""
    return pd.Series(np.select([table["difference"].isna(), table["low"].isna()], [
        words.text("difference.one_side"), words.text("metrics.flag_no_interval")], ""), index=table.index)


def _combined(same: pd.DataFrame, others: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The mean of two estimates of one change by their precision, with Meier's error and degrees of freedom."""
    free = np.column_stack([same["n_paired"] - 1, others["n_before"] + others["n_after"] - 2]).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.column_stack([same["se"], others["se"]]) ** -2.0
        weight = precision / precision.sum(axis=1)[:, None]  # NaN where one of them has no error
        se = np.sqrt((1 + 4 * (weight * (1 - weight) / free).sum(axis=1)) / precision.sum(axis=1))
        df = 1 / (weight**2 / free).sum(axis=1)
    apart = (weight * np.column_stack([same["difference"], others["difference"]])).sum(axis=1)
    low, high = around(apart, se, df, confidence)
    table = pd.DataFrame({"before": np.nan, "after": np.nan, "difference": apart, "low": low, "high": high, "se": se,
                          "n_paired": same["n_paired"]})
    return table.assign(flag=_doubts(table))


def _who(found: Panel, ends: tuple[str, str]) -> Tables:
    """The score of each part in the waves in which it answered."""
    waves = {"stayed_before": ("stayed", ends[0]), "stayed_after": ("stayed", ends[1]), "left": ("left", ends[0]),
             "joined": ("joined", ends[1])}
    out: Tables = {}
    for kind, key in waves.items():
        cell = found.cells[kind]
        flag = np.select([cell["n"] == 0, cell["low"].isna()], [
            words.text("metrics.flag_empty"), words.text("metrics.flag_no_interval")], "")
        out[key] = cell.assign(n_eff=cell["n"].astype(float), n_missing=0, method=found.method, flag=flag)
    return out


def _parts(found: Panel, confidence: float) -> Tables:
    """What those who stayed, left and joined make of the change of all."""
    before, after, stayed, later, left, joined = found.cells.values()
    made = {"stayed": (later["estimate"] - stayed["estimate"], stayed["n"], stayed["n"]),
            "left": (stayed["estimate"] - before["estimate"], left["n"], before["n"]),
            "joined": (after["estimate"] - later["estimate"], joined["n"], after["n"])}
    out: Tables = {}
    for part, (apart, n, people) in made.items():
        low, high = around(apart, found.errors[part], people - 1, confidence)
        table = pd.DataFrame({"difference": apart, "low": low, "high": high, "se": found.errors[part], "n": n,
                              "method": words.text(f"waves.part_{part}")})
        table["flag"] = _doubts(table).where((n > 0) | apart.isna(), words.text("waves.nobody"))
        out[part,] = table
    return out
