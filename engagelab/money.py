"""Amounts that can be compared: one currency, tax in or out, net of refunds, points and coupons or not.

What an order contains is that of the canonical table: `total` is what the customer paid before refunds, so points are
part of it and a coupon is not; `tax_included` says whether the amounts of the row contain the tax. Where the total is
goods and shipping and tax, the tax is that of the shop and was put on top; elsewhere it is taken out of each part in
proportion. Currencies are the codes of ISO 4217; nothing here knows what one is worth in another: `rates` says it.
"""

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.summaries.alike import ALIKE as ALIKE
from engagelab.summaries.alike import amounts, check_alike
from engagelab.summaries.periods import zone
from engagelab.tables import tables

# What can be taken out of an order, and the column that says how much it is.
PARTS = {"refunds": "refunded", "points": "points", "coupons": "discount", "tax": "tax", "shipping": "shipping"}
CENT = .01
VOIDED = frozenset({"voided", "cancelled", "canceled"})     # of an order that came to nothing, however it is spelled


def net(data: pd.DataFrame, amount: str | None = None, *, of: Iterable[str] | None = None, currency: str | None = None,
        rates: pd.DataFrame | None = None, time: str | None = None, tz: str | None = None) -> pd.DataFrame:
    """The table with one column of money, `amount`, in one currency and with the same things in it.

    data : a table with a column `currency`: orders, subscriptions, deals, costs ...
    amount : the column to begin with; `total` where there is one, else `amount`, else the only amount of the table.
    of : what is taken out of an order: "refunds", "points", "coupons", "tax", "shipping"; all that the table tells
        where it is not said. A blank refund, coupon or the like is none; a row that does not tell its tax has no
        amount, and neither has a voided or cancelled order. More given back than paid is an amount below 0.
    currency : what all is converted to; that of the table where it has one only.
    rates : the canonical table (currency, month, to, rate, source): what one unit of `currency` is worth in `to`. A
        rate that does not say to which currency is taken as one to `currency`.
    time : the stamp whose month the rate is of, found by itself in a canonical table; `tz`, the zone of its months.

    Returns the table without its other amounts, with `amount` and `currency`, and `tax_included` where that is known.
    `.attrs["amount"]` says in words what the amount is, `.attrs["notes"]` what is missing or was taken as given.

    Raises UsageError and NoColumn for arguments; DataError where rows do not say their currency at all, for a part that
    the table does not tell, for tax in some rows and out in others, for a rate that is missing or given twice.

    >>> orders = pd.DataFrame({"total": [1100.0, 20.0], "refunded": [100.0, None], "currency": ["JPY", "USD"],
    ...                        "ordered_at": pd.to_datetime(["2026-04-02", "2026-04-03"], utc=True)})
    >>> rates = pd.DataFrame({"currency": ["USD"], "month": pd.to_datetime(["2026-04-01"], utc=True), "rate": [150.0]})
    >>> comparable = net(orders, currency="JPY", rates=rates)
    >>> comparable["amount"].tolist(), comparable.attrs["amount"]
    ([1000.0, 3000.0], 'total in JPY; net of refunds; not told: tax, points, coupons, shipping')
    """
    column = column_of(amount or _main_amount(data), data.columns)
    notes: list[str] = []
    if "tax_included" in data:
        data = data.assign(tax_included=_flags(data["tax_included"]))
    taken, told = _taken(data, column, of)
    values, taxed = _values(data, column, taken, notes)
    nothing = _voided(data) & (column == "total")
    own, goal = _currencies(data, column, currency)
    values = _converted(data, values, own, goal, rates, time, tz)
    for key, gone in (("money.no_currency", own.isna() & data[column].notna() & ~nothing),
                      ("money.no_amount", values.isna() & own.notna() & ~nothing)):
        if gone.any():
            notes.append(words.text(key, n=int(gone.sum()), all=len(data), column=repr(column)))
    kept = data.drop(columns=[name for name in data if name in amounts() and name != "amount"])
    result = kept.assign(amount=values, currency=own.where(own.isna(), goal))
    if taxed is not None:
        result["tax_included"] = pd.array([taxed] * len(data), dtype="boolean")
    result.attrs = {"amount": _sentence(column, goal, taken, told, taxed), "notes": notes}
    return result


def _main_amount(data: pd.DataFrame) -> str:
    """The amount that is meant where none is named: `total`, else `amount`, else the only one that there is."""
    found = [name for name in data if name in amounts()]
    return next((name for name in ("total", "amount") if name in found), found[0] if len(found) == 1 else "amount")


def _taken(data: pd.DataFrame, column: str, of: Iterable[str] | None) -> tuple[list[str], list[str]]:
    """The parts that are taken out, and all those of which the table tells."""
    told = [part for part, name in PARTS.items() if column == "total" and name in data and data[name].notna().any()]
    inside = data["tax_included"].dropna().astype(bool) if "tax_included" in data else pd.Series(dtype=bool)
    if column == "total" and len(inside) and not inside.any():
        told = [part for part in PARTS if part in told or part == "tax"]
    elif "tax" in told and inside.empty:
        told.remove("tax")
    if of is None:
        return told, told
    wanted = [str(one_of("of", part, PARTS)) for part in (of if isinstance(of, Iterable) and not isinstance(of, str)
                                                          else [of])]
    for part in wanted:
        if part not in told:
            lacking = "tax_included" if part == "tax" and inside.empty else PARTS[part]
            raise DataError("money.no_part", part=repr(part), column=repr(lacking), amount=repr(column))
    return [part for part in PARTS if part in wanted], told


def _values(data: pd.DataFrame, column: str, taken: list[str], notes: list[str]) -> tuple[pd.Series, bool | None]:
    """The amounts with their parts taken out, in their own currency, and whether the tax is in them."""
    part = partial(_part, data)
    total, tax, shipping = part(column), part("tax"), part("shipping").fillna(0)
    on_top = tax_on_top(data) if column == "total" else pd.Series(False, index=data.index)
    keep = pd.Series(1.0, index=data.index)
    known = data["tax_included"].value_counts() if "tax_included" in data else pd.Series(dtype=int)
    if "tax" in taken:
        inside = data["tax_included"]
        wrong = on_top & ~inside.fillna(True).astype(bool)
        if wrong.any():
            raise DataError("money.tax_on_top", n=int(wrong.sum()), row=int(wrong.to_numpy().argmax()) + 1)
        share = (tax / total.where(total != 0)).mask(total == 0, 0.0)
        keep = (1 - share).where(inside.fillna(True).astype(bool), 1.0).where(inside.notna())
    else:
        check_alike([column], "tax_included", known.to_dict())
    rest = values = total - (part(PARTS["refunds"]).fillna(0) if "refunds" in taken else 0.0)
    left = (values / total.where(total != 0)).clip(0, 1).fillna(1)      # of the goods, after what was given back
    if "points" in taken:       # a refund gives back the points and the shipping last, and nothing twice
        points = part(PARTS["points"]).fillna(0).clip(upper=rest.clip(lower=0))
        rest = values = values - points
    apart = keep.where(~on_top, 1.0)    # what is put on top is not in goods and shipping
    kept = shipping.clip(upper=rest.clip(lower=0))
    goods = (rest - kept) * part("subtotal", np.nan) / (part("subtotal", np.nan) + tax)
    on_goods = goods + kept if "tax" in taken else rest         # tax that was put on top is on the goods alone
    values = (values * keep).where(~on_top, on_goods) - (kept * apart if "shipping" in taken else 0.0)
    if column == "total" and "coupons" not in taken:
        values += part("discount").fillna(0) * left * apart
    over = values.lt(-CENT) & left.eq(0) & total.gt(0)
    if column == "total" and "status" in data:
        voided = _voided(data)
        values, over = values.mask(voided), over & ~voided
        if voided.any():
            notes.append(words.text("money.voided", n=int(voided.sum())))
    if over.any():
        notes.append(words.text("money.over_refunded", n=int(over.sum())))
    blank = [PARTS[each] for each in taken if each != "tax" and data[PARTS[each]].isna().any()]
    if blank:
        notes.append(words.text("money.blank", columns=words.joined(map(repr, blank))))
    return values.rename(column), False if "tax" in taken else _all_alike(data, column)


def tax_on_top(data: pd.DataFrame) -> pd.Series:
    """Which totals are goods, shipping and tax, and so contain a tax that was put on top."""
    goods, tax, shipping = _part(data, "subtotal", np.nan), _part(data, "tax"), _part(data, "shipping").fillna(0)
    return (_part(data, "total", np.nan) - goods - shipping - tax).abs().lt(CENT) & tax.gt(0)


def _voided(data: pd.DataFrame) -> pd.Series:
    """Which orders came to nothing."""
    status = data["status"] if "status" in data else pd.Series("", index=data.index)
    return status.astype("str").str.strip().str.casefold().isin(VOIDED)


def _part(data: pd.DataFrame, name: str, blank: float = 0.0) -> pd.Series:
    return _numbers(data[name]) if name in data else pd.Series(blank, index=data.index)


def _all_alike(data: pd.DataFrame, column: str) -> bool | None:
    """Whether the tax is in the amounts, where every row that has one says the same; None where some do not say."""
    said = data.loc[data[column].notna(), "tax_included"] if "tax_included" in data else pd.Series([None])
    return None if said.isna().any() or said.nunique() != 1 else bool(said.iloc[0])


def _currencies(data: pd.DataFrame, column: str, currency: str | None) -> tuple[pd.Series, str]:
    """The currency of each row that has an amount, and the one to convert to."""
    own = data["currency"].astype("str") if "currency" in data else pd.Series(None, index=data.index, dtype="str")
    counts = own[data[column].notna()].value_counts().to_dict()
    if not counts and data[column].notna().any():
        raise DataError("money.no_currencies", column=repr(column))
    if currency is None:
        check_alike([column], "currency", counts)
        currency = str(next(iter(counts), ""))
    return own, currency


def _converted(data: pd.DataFrame, values: pd.Series, own: pd.Series, goal: str, rates: pd.DataFrame | None,
               time: str | None, tz: str | None) -> pd.Series:
    """The amounts in the currency that is wanted; those of a row without a currency are missing."""
    values = values.where(own.notna())
    foreign = (own.ne(goal) & values.notna()).to_numpy()
    if not foreign.any():
        return values
    names = own[foreign]
    if rates is None:
        found = words.joined(f"{name} ({n:,})" for name, n in names.value_counts().items())
        raise UsageError("money.no_rates", found=found, goal=goal)
    stamps = _stamps(data, column_of(time, data.columns) if time else _time_of(data, str(values.name)), tz)
    months = stamps.dt.strftime("%Y-%m")[foreign]
    worth = _worth(rates, goal, tz)
    keys = pd.Series(list(zip(names, months, strict=True)), index=names.index)
    lacking = ~keys.isin(list(worth)).to_numpy()
    if lacking.any():
        name, month = keys[lacking].iloc[0]
        alike = names.eq(name) & (months.eq(month) | months.isna() & pd.isna(month))
        raise DataError("money.no_month" if pd.isna(month) else "money.no_rate", currency=name, goal=goal, month=month,
                        n=int(alike.sum()), row=int(np.flatnonzero(foreign)[lacking.argmax()]) + 1)
    factor = pd.Series(1.0, index=values.index)
    factor[foreign] = keys.map(worth).to_numpy("float64")
    return values * factor


def _worth(rates: pd.DataFrame, goal: str, tz: str | None) -> dict[tuple[str, str], float]:
    """The rate to the wanted currency by currency and month: each given once, finite and above 0."""
    for name in ("currency", "month", "rate"):
        column_of(name, rates.columns, "rates")
    ours = rates[rates["to"].fillna(goal).eq(goal)] if "to" in rates else rates
    starts = _stamps(ours, "month", tz, naive=tz)
    found: dict[tuple[str, str], float] = {}
    for name, start, rate in zip(ours["currency"], starts, _numbers(ours["rate"]), strict=True):
        month = f"{start:%Y-%m}" if start is not pd.NaT else ""
        said = {"currency": name, "goal": goal, "month": month}
        if start is pd.NaT or start != start.normalize() or start.day != 1:
            raise DataError("money.not_a_month", **said | {"month": str(start), "tz": tz or "UTC"})
        if (name, month) in found:
            raise DataError("money.rate_twice", **said)
        if not 0 < rate < np.inf:
            raise DataError("money.bad_rate", **said, rate=rate)
        found[name, month] = float(rate)
    return found


def _numbers(column: pd.Series) -> pd.Series:
    if (not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)) and column.notna().any():
        raise DataError("summaries.not_a_number", column=repr(column.name), type=str(column.dtype))
    return column.astype("float64")


def _flags(column: pd.Series) -> pd.Series:
    try:
        return column.astype("boolean")
    except (TypeError, ValueError) as error:
        raise DataError("money.not_a_flag", column=repr(column.name), type=str(column.dtype)) from error


def _stamps(data: pd.DataFrame, column: str, tz: str | None, naive: str | None = None) -> pd.Series:
    """A column of stamps by the clock of the zone; those without a zone are in that of `naive`, UTC unless said."""
    stamps = data[column]
    if not pd.api.types.is_datetime64_any_dtype(stamps):
        raise DataError("summaries.not_a_stamp", column=repr(column), type=str(stamps.dtype))
    if stamps.dt.tz is None:
        stamps = stamps.dt.tz_localize(zone(naive), ambiguous=True, nonexistent="shift_forward")
    return stamps.dt.tz_convert(zone(tz))


def _time_of(data: pd.DataFrame, column: str) -> str:
    """The time of the canonical table that has this amount."""
    times = {table.time for table in tables().values() if table.time in data and column in table.columns}
    if len(times) != 1:
        raise UsageError("money.time")
    return str(times.pop())


def _sentence(column: str, goal: str, taken: list[str], told: list[str], taxed: bool | None) -> str:
    """What the amount is, in words."""
    parts = [words.text("money.in", column=column, currency=goal)]
    if taxed is not None:
        parts.append(words.text("money.with_tax" if taxed else "money.without_tax"))
    order = [part for part in PARTS if part != "tax"] if column == "total" else []
    for key, group in (("money.net_of", [part for part in order if part in taken]),
                       ("money.contains", [part for part in order if part in told and part not in taken]),
                       ("money.unknown", [*(["tax"] if taxed is None else []),
                                          *(part for part in order if part not in told)])):
        if group:
            parts.append(words.text(key, parts=words.joined(words.text(f"money.part_{part}") for part in group)))
    return words.text("money.semicolon").join(parts)
