"""How a number is shown. Values stay as they are; only here are they rounded, and only for the eye.

The unit decides: a `share` is shown in percent, `points` with their sign, `minutes` in the unit
that a person would say, an amount with its currency. A change has a sign, and a change of a share is
one of percentage points.
"""

import html
import math
import re

import pandas as pd

from engagelab import words

CURRENCIES = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}
WITHOUT_CENTS = ("JPY", "KRW")
MISSING = "–"
COUNTED = ("event_", "view_")                       # columns of counts, by the name of what is counted
SPANS = ("after", "age", "window", "within")        # columns of durations
NAMED = ("arm", "decision", "kind", "last_contact_by", "need", "phase", "quadrant", "segment", "stage", "state",
         "stratum", "theme", "tone", "verdict", "check", "status")  # columns of our words
MEASURED = ("metric", "driver", "question", "item")  # columns of what is measured, by the name of its metric
DURATION = re.compile(r"(\d+) ?(second|minute|hour|day|week|month|quarter|year)s?\b")
FIGURE, PERIOD = re.compile(r"<?[+−]?[¥$€£]?\d"), re.compile(r"\d{4}(-|Q|$)")
TRAILING = re.compile(r"(?<=\d)\.0+(?!\d)|(?<=\.\d)0+(?!\d)")


def shown(value: float | None, unit: str = "number", *, signed: bool = False) -> str:
    """The number as a person reads it.

    >>> shown(.3793, "share"), shown(.00031, "share"), shown(28.57, "points"), shown(-3.02, "points")
    ('37.9%', '0.031%', '+28.6', '−3.0')
    >>> shown(95, "minutes"), shown(600, "minutes"), shown(7000, "minutes"), shown(31250.4, "JPY")
    ('95 min', '10.0 h', '4.9 days', '¥31,250')
    >>> shown(float("nan")), shown(1234, "count"), shown(4.3251)
    ('–', '1,234', '4.33')
    >>> with words.speaking("ja"):
    ...     shown(-31250.4, "JPY"), shown(-312.5, "USD")
    ('−31,250円', '−$312.50')
    """
    if value is None or math.isnan(value):
        return MISSING
    plus = "+" if signed and value > 0 else ""
    if unit == "share":
        text = words.text("unit.points" if signed else "unit.percent", value=_digits(100 * value, 1))
    elif unit == "points":
        text = f"{value:+.1f}"
        plus = ""
    elif unit == "minutes":
        text = _minutes(value)
    elif unit == "count":
        text = f"{value:,.0f}"
    elif len(unit) == 3 and unit.isupper():
        text = _amount(value, unit)
    else:
        text = _digits(value, 2)
    return plus + text.replace("-", "−")


def tick(value: float, unit: str = "number", *, signed: bool = False) -> str:
    """The number at the edge of a picture: as `shown`, without decimals that say nothing.

    >>> tick(.35, "share"), tick(40, "points"), tick(0, "points"), tick(.025, "share")
    ('35%', '+40', '0', '2.5%')
    >>> tick(.02, "share", signed=True), tick(0, "share", signed=True), tick(-50, "JPY", signed=True)
    ('+2 pp', '0 pp', '−¥50')
    """
    text = TRAILING.sub("", shown(round(value, 9), unit, signed=signed))
    return text.lstrip("+") if not round(value, 9) else text


def _digits(value: float, decimals: int) -> str:
    """The usual decimals, and more for a small number, so that two digits always show."""
    if value and abs(value) < 1:
        decimals = max(decimals, 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def _minutes(value: float) -> str:
    for key, size, limit in (("minutes", 1, 120), ("hours", 60, 2880), ("days", 1440, math.inf)):
        if abs(value) < limit:
            return words.text(f"unit.{key}", value=f"{value / size:.{0 if size == 1 else 1}f}")
    return words.text("unit.days", value=value)


def _amount(value: float, currency: str) -> str:
    digits = 0 if currency in WITHOUT_CENTS else 2
    return ("-" if value < 0 else "") + _of_currency(f"{abs(value):,.{digits}f}", currency)


def _of_currency(text: str, currency: str) -> str:
    """A number as an amount; where the words say how this language writes the currency, so."""
    if words.has(f"unit.amount_{currency}"):
        return words.text(f"unit.amount_{currency}", value=text)
    return f"{CURRENCIES.get(currency, f'{currency} ')}{text}"


def short(value: float | None, unit: str = "number", *, signed: bool = False) -> str:
    """The number where room is scarce: from a million on, three digits and the word for the size; else as `shown`.

    An amount is told without cents from 100 on.

    >>> short(40_612_345, "JPY", signed=True), short(12_400_000, "count"), short(19861.2, "JPY"), short(3.052, "JPY")
    ('+¥40.6M', '12.4M', '¥19,861', '¥3.05')
    >>> with words.speaking("ja"):
    ...     short(-40_612_345, "JPY"), short(718_000_000, "JPY"), short(961, "JPY"), short(2.5e9, "USD")
    ('−4,060万円', '7.18億円', '961円', '$25.0億')
    """
    if value is None or math.isnan(value):
        return MISSING
    currency = len(unit) == 3 and unit.isupper()
    small_or_large = value and not 1e-6 < abs(value) < (1e4 if unit == "share" else 999_500)
    if small_or_large and unit == "share":
        return words.text("unit.points" if signed else "unit.percent", value=short(100 * value, signed=signed))
    if small_or_large and unit != "minutes":
        text = _sized(abs(value))
    elif currency:
        text = _digits(abs(value), 0 if abs(value) >= 100 or (unit in WITHOUT_CENTS and value == round(value)) else 2)
    else:
        return shown(value, unit, signed=signed)
    sign = "−" if value < 0 else "+" if value and (signed or unit == "points") else ""
    if currency and not math.isinf(value):
        text = _of_currency(text, unit)
    return sign + text


def _sized(value: float) -> str:
    """Three digits and the word for the size, such as M for millions; a power of ten beyond the words."""
    if math.isinf(value):
        return "∞"
    value = float(f"{value:.3g}")
    for size, word in reversed([part.split(":") for part in words.text("unit.sizes").split()]):
        part = value / 10 ** int(size)
        if 1 <= part < 1e5:
            return f"{part:,.{2 if part < 10 else 1 if part < 100 else 0}f}{word}"
    return f"{value:.1e}".replace("-", "−")


def interval(low: float, high: float, unit: str = "number", *, signed: bool = False) -> str:
    """Both ends of an interval; of that of a change where `signed`.

    >>> interval(-1.04, 51.98, "points"), interval(.074, .109, "share", signed=True)
    ('−1.0 to +52.0', '+7.4 pp to +10.9 pp')
    """
    return words.text("unit.interval", low=shown(low, unit, signed=signed), high=shown(high, unit, signed=signed))


def metric_name(key: str) -> str:
    """A metric's name in the current language; the key itself where the catalogue of words has none.

    >>> metric_name("nps"), metric_name("our_own")
    ('NPS', 'our_own')
    """
    return words.text(f"metric.{key}") if words.has(f"metric.{key}") else key


def heading(column: str) -> str:
    """A column's name as a person reads it: as answers head it, or as the canonical tables call it, else itself.

    >>> heading("n_missing"), heading("shop_id"), heading("our_own"), heading("event_offer_click")
    ('missing', 'shop id', 'our own', 'offer_click (events)')
    """
    if words.has(f"label.{column}"):
        return words.text(f"label.{column}")
    if words.has(f"column.{column}"):
        return words.text(f"column.{column}").partition("|")[0]
    for prefix in COUNTED:
        if column.startswith(prefix):
            return words.text(f"shown.{prefix}of", name=column.removeprefix(prefix))
    return column.replace("_", " ")


def named(value: object, column: str) -> str:
    """A value of a column as a person reads it: metrics, states and durations in the current language, else itself.

    >>> named("won_back", "state"), named("7 days", "within"), named("app", "channel")
    ('Won back', '7 days', 'app')
    """
    text = str(value)
    if column in MEASURED:
        return metric_name(text)
    if column in NAMED and words.has(f"{column}.{text}"):
        return words.text(f"{column}.{text}")
    if column in SPANS:
        return DURATION.sub(lambda one: words.text(f"unit.{one[2]}{'s' * (one[1] != '1')}", value=one[1]), text)
    return text


def table_html(cells: pd.DataFrame) -> str:
    """A table of texts as HTML: columns of figures at the right, all else at the left, whatever it says as it stands.

    >>> table_html(pd.DataFrame({"team": ["a<b"], "share": ["7.1%"]})).splitlines()[2]
    '<tr><td style="text-align:left">a&lt;b</td><td style="text-align:right">7.1%</td></tr>'
    """
    names = list(map(str, cells.columns))
    rows = [[str(text) for text in row] for row in cells.to_numpy()]
    sides = ["right" if _figures(column) else "left" for column in zip(*rows, strict=True)] if rows else ["left"] * len(
        names)

    def line(tag: str, texts: list[str]) -> str:
        return "<tr>" + "".join(f'<{tag} style="text-align:{side}">{html.escape(text)}</{tag}>'
                                for text, side in zip(texts, sides, strict=True)) + "</tr>\n"
    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', names)[:-1]}</thead>\n<tbody>\n{body}</tbody></table>"


def _figures(texts: tuple[str, ...]) -> bool:
    """Whether all texts of a column are figures, or the dash of a missing one; a period is none."""
    known = [text for text in texts if text not in ("", MISSING)]
    return bool(known) and all(FIGURE.match(text) and not PERIOD.match(text) for text in known)
