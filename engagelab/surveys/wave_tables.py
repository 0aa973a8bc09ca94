"""The tables of `change()`: the answers of two waves read from a table, and what a panel of them says, row by row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, column_of
from engagelab.metrics import unanimity
from engagelab.metrics.answer import labels
from engagelab.metrics.intervals import around, difference_interval
from engagelab.metrics.nouns import Noun
from engagelab.metrics.panel import PARTS, WHOLE, Panel, panel
from engagelab.privacy.cells import ALIKE
from engagelab.summaries import sql
from engagelab.summaries.engine import Source
from engagelab.summaries.moments import Ask
from engagelab.summaries.view import Columns, View

ORDER = ["before", "after", "difference", "low", "high", "se", "n_before", "n_after", "n_paired", "method", "flag"]
Tables = dict[tuple[str, ...], pd.DataFrame]  # by the values of the columns that tell them apart
Reasons = tuple[np.ndarray, np.ndarray]  # of each group: why a row is blanked, in words, and whether its sizes are too
COUNTS = ("n_before", "n_after", "n_paired", "n", "n_missing")
MIDNIGHT = re.compile(r"(?<=\d{4}-\d\d-\d\d)[ T]00:00:00(\.0+)?(\+00(:00)?|Z)?$")


def in_order(waves: Sequence[Any]) -> list[Any]:
    """Waves that come in the order of their values, or of their categories; those of text by the numbers in it.

    >>> in_order(["Wave 10", "Wave 9"]), in_order(["spring", "autumn"]), in_order([9.5, 10.0])
    (['Wave 9', 'Wave 10'], ['spring', 'autumn'], [9.5, 10.0])
    """
    text = all(isinstance(wave, str) for wave in waves) and list(waves) == sorted(waves)  # categories may be otherwise
    return sorted(waves, key=_numbered) if text else list(waves)


def _numbered(wave: str) -> tuple[list[str | int], str]:
    return [int(part) if at % 2 else part for at, part in enumerate(re.split(r"(\d+)", wave))], wave


def answers_of(table: Source, nouns: Mapping[str, Noun], keys: Sequence[str], over: str, user: str | None
               ) -> tuple[pd.DataFrame, list[str], dict[str, Ask]]:
    """The answers, the waves in their order, and what each metric sums.

    A row is an answer sheet: `key_1 ...`, the labels of `keys`; their code `group`; its `wave`; `person`; and the
    values of each metric, in columns (name, 0), (name, 1) ...

    Raises DataError for a person who is in a wave twice.
    """
    columns = Columns(table)
    names = [*keys, over]
    columns.reads |= {f"by_{i}": sql.Read(column_of(name, table.types), "key") for i, name in enumerate(names, 1)}
    if user is not None:
        columns.reads["u0"] = sql.Read(column_of(user, table.types), "key")
    asks = {name: noun.ask(columns) for name, noun in nouns.items()}
    values = {(name, j): _value(ask, value) for name, ask in asks.items() for j, value in enumerate(ask.values)}
    picked = [f"{'NULL' if user is None else 'u0'} AS person",
              f"{'row_number() OVER ()' if table.ordered else 0} AS place",
              *(f"{value} AS v{i}" for i, value in enumerate(values.values()))]
    view = View(columns, tuple(f"by_{i}" for i in range(1, len(names) + 1)))
    found, _ = view.query(f"SELECT /*by*/ {', '.join(picked)} FROM events")
    named = {**{f"key_{i}": i for i in range(1, len(names))}, "wave": len(names)}
    rows = pd.DataFrame({name: pd.Series(labels(found, i, None, 1), dtype="str") for name, i in named.items()})
    ranks = [found[f"rank_{i}"] for i in range(1, len(names))]
    rows["group"] = found.groupby(ranks, sort=True).ngroup() if ranks else 0
    rows["wave"] = rows["wave"].str.replace(MIDNIGHT, "", regex=True)
    rows["rank"], rows["person"], rows["place"] = found[f"rank_{len(names)}"], found["person"], found["place"]
    if user is not None and table.types[user] == "BLOB":
        rows["person"] = rows["person"].map(bytes, na_action="ignore")
    for i, key in enumerate(values):
        rows[key] = found[f"v{i}"].to_numpy(dtype="float64", na_value=np.nan)
    _once(rows.sort_values("place", kind="stable"), over, user)
    known = rows[rows["wave"] != words.text("metrics.missing")].sort_values("rank", kind="stable")
    waves = list(known["wave"].unique())
    return rows, in_order(waves) if table.types[over].startswith(("VARCHAR", "ENUM")) else waves, asks


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


def compared(name: str, noun: Noun, ask: Ask, rows: pd.DataFrame, keys: Sequence[str], over: str, ends: tuple[str, str],
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
    alike = _alike(noun, ask, found, need)
    near = np.logical_or.reduce([said != "" for said in alike.values()])
    secret = np.select([close, near], [words.text("metrics.flag_complement"), words.text("metrics.flag_beside")], "")
    small = few["before"] | few["after"]
    masks = ["; ".join(dict.fromkeys(filter(None, pair))) for pair in zip(alike["before"], alike["after"], strict=True)]
    whole = np.where(small, words.text("metrics.flag_few", n=need), masks)
    found = _independent(found, close | near)
    made = (_changes(found, confidence, matched), _who(found, ends), _parts(found, confidence))
    made[0]["all",]["n_paired"] = made[0]["all",]["n_paired"].astype("Int64").mask(close)
    out = [_stacked(labelled, columns, tables, {("all",): (whole, small)}, (secret, close))
           for columns, tables in zip((("group",), ("group", over), ("part",)), made, strict=True)]
    return out if matched else [out[0], out[1].iloc[:0], out[2].iloc[:0]]


def _alike(noun: Noun, ask: Ask, found: Panel, need: int) -> dict[str, np.ndarray]:
    """Why the answer of each kind and group is masked, in words: all of it, or all but one, answered alike."""
    out: dict[str, np.ndarray] = {}
    for kinds, sums in zip((WHOLE, PARTS), found.sums, strict=True):
        table = pd.DataFrame(unanimity.kinds(noun, ask, sums))
        near = unanimity.alike(table)
        why = [ALIKE if n and need and near([place], [True]) else "" for place, n in enumerate(sums.n)]
        said = np.array(unanimity.flags(table, why, np.full(len(why), need)), dtype=object)
        out |= {kind: said[place::len(kinds)] for place, kind in enumerate(kinds)}
    return out


def _independent(found: Panel, where: np.ndarray) -> Panel:
    """The panel without what those who answered twice tell of the error of all, where they are a secret."""
    apart = np.hypot(found.cells["before"]["se"], found.cells["after"]["se"])
    return replace(found, correlation=np.where(where, 0.0, found.correlation),
                   errors={**found.errors, "all": np.where(where, apart, found.errors["all"])})


def _stacked(labelled: pd.DataFrame, columns: tuple[str, ...], tables: Tables,
             own: Mapping[tuple[str, ...], Reasons], secret: Reasons) -> pd.DataFrame:
    """The tables of all groups below one another, group by group, with what has to be hidden blanked and said."""
    out = []
    for key, table in tables.items():
        why, unsized = own.get(key, secret)
        sizes = [name for name in COUNTS if name in table]
        table = table.astype(dict.fromkeys(sizes, "Int64"))
        table.loc[unsized, sizes] = pd.NA
        table.loc[why != "", table.columns.difference([*sizes, "method", "flag"])] = np.nan
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
    everybody["flag"] = _doubts(everybody, everybody["n_before"] + everybody["n_after"])
    everybody["method"] = np.where(found.correlation == 0, words.text("waves.method_unpaired"), words.text(
        "waves.method_all"))
    if not matched:
        return {("all",): everybody[ORDER]}
    own = later["estimate"] - stayed["estimate"]
    same = _sides(stayed, later, (own, *around(own, found.errors["stayed"], stayed["n"] - 1, confidence)),
                  found.errors["stayed"], stayed["n"])
    others = _sides(left, joined, difference_interval(*_ends(left), *_ends(joined)),
                    np.hypot(left["se"], joined["se"]), 0)
    both = _combined(same, others, confidence).assign(n_before=before["n"], n_after=after["n"])
    both["flag"] = both["flag"].where(~found.apart | both["flag"].ne(""), words.text("waves.apart"))
    out: Tables = {("all",): everybody[ORDER]}
    for group, table in (("stayed", same), ("fresh", others), ("combined", both)):
        out[group,] = table.assign(method=words.text(f"waves.method_{group}"))[ORDER]
    return out


def _ends(cell: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    return cell["estimate"], cell["low"], cell["high"]


def _sides(before: pd.DataFrame, after: pd.DataFrame, apart: Sequence, se: Any, paired: Any) -> pd.DataFrame:
    table = pd.DataFrame({"before": before["estimate"], "after": after["estimate"], "difference": apart[0],
                          "low": apart[1], "high": apart[2], "se": se, "n_before": before["n"], "n_after": after["n"],
                          "n_paired": paired})
    return table.assign(flag=_doubts(table, table["n_before"] + table["n_after"]))


def _doubts(table: pd.DataFrame, n: pd.Series) -> pd.Series:
    """Why a row of `n` people has no value, or no interval."""
    return pd.Series(np.select([n == 0, table["difference"].isna(), table["low"].isna()], [
        words.text("metrics.flag_empty"), words.text("difference.one_side"), words.text("metrics.flag_no_interval")],
        ""), index=table.index)


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
    doubts = same["flag"].where(same["flag"] != "", others["flag"])
    return table.assign(flag=doubts.mask(doubts.eq("") & table["low"].isna(), words.text("metrics.flag_no_interval")))


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
        table["flag"] = _doubts(table, people).where((n > 0) | apart.isna(), words.text("waves.nobody"))
        out[part,] = table
    return out
