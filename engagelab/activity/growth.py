"""Growth accounting: is it that more come, or that fewer leave?

Definitions: J. Hsu (Social Capital, 2015, "Diligence at Social Capital part 1"): active = new + retained + resurrected;
churned were active in the period before and are not now; the quick ratio is (new + resurrected) / churned. Of value,
retained users' expansion and contraction come apart. A rise of the total always equals what came less what went.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.common import asked, first_cohort, flags, grouped, named, told
from engagelab.metrics import intervals
from engagelab.metrics.shares import answered, numbers, shares
from engagelab.summaries import sql
from engagelab.summaries.calendar import Calendar
from engagelab.summaries.calendar_active import active

PARTS = ("active", "new", "retained", "resurrected", "churned")
ALONE = ("active", "value", "new")  # which are known without the period before
OF_BEFORE = ("retained", "expansion", "contraction", "churned")  # happened to those who were active in it
VALUES = ("value", "new", "retained", "resurrected", "expansion", "contraction", "churned")


def growth(data: Any, *, user: str | None = None, time: str | None = None, value: str | None = None,
           every: str = "month", since: object = None, until: object = None, tz: str | None = None,
           by: str | Sequence[str] | None = None, event: str | None = None, events: Sequence[str] | None = None,
           fiscal_year_starts: int = 1, confidence: float = .95) -> pd.DataFrame:
    """Who came, stayed, came back and went in each period; or the same of what they paid.

    data, user, time, since, until, tz, by, event, events : as in `calendar()`; or a calendar alone.
    value : a column of amounts, for growth of value (a calendar has it if it was made with one).

    Returns a row a part and period. Parts of users: `active`, `new`, `retained`, `resurrected`, `churned`, and the
    share `kept` of those active in the period before (Wilson). Parts of value: `value`, `new`, `retained` (what the
    retained had paid before), `resurrected`, `expansion`, `contraction`, `churned`. `n` is how many were active: in the
    period before, of what they did then or not again (`retained`, `expansion`, `contraction`, `churned`), and in the
    period itself, of the rest. `quick_ratio` is what came over what went; of users its interval is Wilson's of the
    share that came of all that came or went, of value it has none, and is NaN where refunds make either negative.
    In the first period nothing is known of the period before: all but the total and the new are NaN and flagged.
    Where `since` cuts into the first period, the changes of the second are flagged.

    >>> log = pd.DataFrame({"user": list("AAABBCDD"), "at": pd.to_datetime(
    ...     [f"2026-0{month}-10" for month in (1, 2, 3, 1, 3, 2, 3, 4)])})
    >>> made = growth(log, user="user", time="at", until="2026-05-01")
    >>> made.pivot(index="month", columns="metric", values="estimate")[
    ...     ["active", "new", "retained", "resurrected", "churned", "quick_ratio"]].rename_axis(columns=None)
             active  new  retained  resurrected  churned  quick_ratio
    month                                                            
    2026-01     2.0  2.0       NaN          NaN      NaN          NaN
    2026-02     2.0  1.0       1.0          0.0      1.0          1.0
    2026-03     3.0  1.0       1.0          1.0      1.0          2.0
    2026-04     1.0  0.0       1.0          0.0      2.0          0.0
    """
    made = asked(data, every, valued=True, user=user, time=time, value=value, since=since, until=until, tz=tz, by=by,
                 event=event, events=events, fiscal_year_starts=fiscal_year_starts)
    table, text = _values(made) if made.valued else _users(made)
    table = table.sort_values([*(f"rank_{i}" for i, _ in enumerate(made.by, 1)), "place"], ignore_index=True)
    place = table["place"].to_numpy()
    keys = grouped(table, made).assign(**{every: named(made, place), "flag": flags(made, place)})
    changes = keys.assign(flag=_doubtful(made, place, keys["flag"]))
    parts = [numbers((keys if name in ALONE else changes).assign(
        metric=name, estimate=table[name], n=table["active_before" if name in OF_BEFORE else "users"]))
             for name in (VALUES if made.valued else PARTS)]
    if not made.valued:
        parts.append(shares(changes.assign(metric="kept", count=table["retained"], n=table["active_before"]),
                            confidence=confidence))
    parts.append(_quick(changes.assign(metric="quick_ratio"), table, made.valued, confidence))
    answer = pd.concat(parts, ignore_index=True)
    answer.insert(0, "metric", answer.pop("metric"))
    return told(answer, made, text, *first_cohort(made))


def _doubtful(made: Calendar, place: np.ndarray, flag: pd.Series) -> pd.Series:
    """The flags of what is a change from the period before: the first one has none, and that of the second may be cut.
    """
    for found, key in ((place == 0, "none"), ((place == 1) & bool(made.begun), "cut")):
        flag = flag.mask(found, flag + np.where(flag == "", "", "; ") + words.text(f"activity.flag_{key}_before"))
    return flag


def _users(made: Calendar) -> tuple[pd.DataFrame, str]:
    """The parts of users: from windows of one and of two periods, and from who began when."""
    table, text = active(made, [1, 2])
    firsts, _ = made.ask(sql.text("calendar_firsts"))
    keys = [f"rank_{i}" for i, _ in enumerate(made.by, 1)]
    new = firsts.rename(columns={"first": "place", "n": "new"})[[*keys, "place", "new"]]
    table = table.merge(new, on=[*keys, "place"], how="left").fillna({"new": 0})
    table = _beside(table, keys).rename(columns={"w0": "active"})
    table["retained"] = table["active"] + table["active_before"] - table["w1"]  # in both periods, of those in either
    table["resurrected"] = table["active"] - table["retained"] - table["new"]
    table["churned"] = table["active_before"] - table["retained"]
    table["came"], table["went"] = table["new"] + table["resurrected"], table["churned"]
    return table.assign(users=table["active"]), text


def _values(made: Calendar) -> tuple[pd.DataFrame, str]:
    """The parts of value, period by period."""
    table, text = made.ask(sql.text("calendar_values"))
    keys = [name for name in table.columns if name.startswith(("key_", "rank_"))]
    grid = (table[keys].drop_duplicates() if keys else pd.DataFrame(index=[0])).merge(
        pd.DataFrame({"place": np.arange(made.length)}), how="cross")
    table = grid.merge(table.rename(columns={"total": "value", "fresh": "new"}), on=[*keys, "place"], how="left")
    table = table.fillna(dict.fromkeys((name for name in VALUES if name != "retained"), 0.0))
    known = (table["place"] > 0).to_numpy()
    for name in ("resurrected", "expansion", "contraction", "churned"):
        table[name] = table[name].astype("float64").where(known)
    table["retained"] = table["value"] - table["new"] - table["resurrected"] - table["expansion"] + table["contraction"]
    table["came"] = table["new"] + table["resurrected"] + table["expansion"]
    table["went"] = table["churned"] + table["contraction"]
    counts = _beside(active(made, [1])[0], keys)[[*keys, "place", "w0", "active_before"]]
    return table.merge(counts.rename(columns={"w0": "users"}), on=[*keys, "place"]), text


def _beside(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The counts `w0` of each period, and beside them those of the period before."""
    before = table[[*keys, "place", "w0"]].assign(place=table["place"] + 1).rename(columns={"w0": "active_before"})
    return table.merge(before, on=[*keys, "place"], how="left")


def _quick(rows: pd.DataFrame, table: pd.DataFrame, valued: bool, confidence: float) -> pd.DataFrame:
    """What came over what went. Of users: the odds of Wilson's interval of the share that came."""
    came, went = (table[name].to_numpy(dtype="float64", na_value=np.nan) for name in ("came", "went"))
    both = came + went
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((went > 0) & (came >= 0), came / went, np.nan)
        low, high = (end / (1 - end) for end in intervals.wilson(np.nan_to_num(came), np.nan_to_num(both), confidence))
    nothing = np.full(len(table), np.nan)
    known = ~np.isnan(ratio) & (not valued)
    empty = np.select([(came < 0) | (went < 0), went == 0], [
        words.text("activity.flag_negative"), words.text("activity.flag_none_went")], "").tolist()
    return answered(rows, {
        "estimate": ratio, "low": np.where(known, low, nothing), "high": np.where(known, high, nothing), "se": nothing,
        "count": came, "n": table["users"] if valued else both, "n_eff": table["users"] if valued else both,
        "method": words.text("metrics.method_counted" if valued else "activity.method_odds")}, flag=empty)
