"""Units of the numbers in a tree: `JPY/person/month`, `1/month`, `%`, `pt`; 円/人/月 says the same as the first.

The rules are those of dimensional analysis (JCGM 200:2012, International vocabulary of metrology, 1.7 and 1.20): only
like can be added, a product multiplies the units too. A share is a number, so `%` and `1` may be added to each other.
"""

import functools
import re
import unicodedata

from engagelab import words

Unit = dict[str, int]        # what is multiplied, each with its power; empty for a plain number
WORD = re.compile(r"[^\W\d]\w*|[%¥$€£]|1")
LONGEST = 300                # letters of a unit
CURRENCY = re.compile(r"[A-Z]{3}")
PERIODS = ("minute", "hour", "day", "week", "month", "quarter", "year")
PER = {("month", "year"): 12, ("quarter", "year"): 4, ("month", "quarter"): 3, ("day", "week"): 7,
       ("day", "year"): 365, ("week", "year"): 52, ("hour", "day"): 24, ("minute", "hour"): 60}


@functools.cache
def _known() -> dict[str, str]:
    """How the catalogue of words writes a unit, in any language: to its one name here."""
    return {word.casefold(): key.removeprefix("kpi.unit.") for key, row in words.catalogue().items()
            if key.startswith("kpi.unit.") for cell in row.values() for word in cell.split("|")}


def read(text: str) -> Unit | None:
    """A unit as a person writes it, without its brackets; None where there is none, or none that can be read.

    >>> read("JPY/person/month"), read("円／人／月") == read("JPY/person/month"), read("1")
    ({'JPY': 1, 'person': -1, 'month': -1}, True, {})
    >>> read(""), read("JPY per person")
    (None, None)
    """
    unit: Unit = {}
    parts = re.split(r" *([*/]) *", unicodedata.normalize("NFKC", text).replace("×", "*").strip())
    for sign, word in zip(["*", *parts[1::2]], parts[::2], strict=True):
        if len(text) > LONGEST or not WORD.fullmatch(word):
            return None
        name = _known().get(word.casefold(), word)
        unit = product(unit, {name: 1 if sign == "*" else -1} if name != "1" else {})
    return unit


def product(one: Unit, other: Unit, power: int = 1) -> Unit:
    """The unit of a product; of a quotient where the power is -1.

    >>> product(read("JPY/person"), read("person")), product(read("JPY"), read("person"), -1)
    ({'JPY': 1}, {'JPY': 1, 'person': -1})
    """
    powers = {name: one.get(name, 0) + power * other.get(name, 0) for name in [*one, *other]}
    return {name: power for name, power in powers.items() if power}


def alike(one: Unit, other: Unit) -> bool:
    """Whether numbers with these units may be added.

    >>> alike(read("%"), read("1")), alike(read("JPY/year"), read("JPY/month"))
    (True, False)
    """
    return not set(product(one, other, -1)) - {"%"}


def written(unit: Unit, shown: bool = False) -> str:
    """A unit in one way of writing; in the words of the current language where it is `shown`.

    >>> written(read("円 / 人")), written(read("%/month")), written(read("%*JPY")), written(read("order/order"))
    ('JPY/person', '%/month', 'JPY', '1')
    """
    def name(word: str) -> str:
        return words.text(f"kpi.unit.{word}").split("|")[0] if shown and words.has(f"kpi.unit.{word}") else word
    top = [name(word) for word, power in unit.items() for _ in range(power) if word != "%"]
    below = ["/" + name(word) for word, power in unit.items() for _ in range(-power) if word != "%"]
    return ("*".join(top) or ("%" if unit.get("%", 0) > 0 else "1")) + "".join(below)


def remedy(name: str, have: Unit, want: Unit) -> str:
    """What would give a number that is called so the unit that is wanted.

    >>> remedy("ltv", read("JPY/person"), read("JPY"))
    'multiply ltv by something in person'
    >>> remedy("rent", read("JPY/month"), read("JPY/year"))
    'multiply rent by a line of its own, per_year = 12 [month/year]'
    """
    need = {word: power for word, power in product(want, have, -1).items() if word != "%"}
    spare = {word: -power for word, power in need.items()}
    for verb, factor in (("multiply", need), ("divide", spare)):
        pair = tuple(name for power in (1, -1) for name in factor if factor[name] == power)
        if len(factor) == 2 and pair in PER:
            return words.text(f"kpi.units.{verb}_by", name=name, top=pair[0], below=pair[1], times=PER[pair])
    if any(power > 0 for power in need.values()):
        return words.text("kpi.units.multiply", name=name, unit=written(need, shown=True))
    return words.text("kpi.units.divide", name=name, unit=written(spare, shown=True))


def display_unit(unit: str) -> str:
    """By which unit of `engagelab.display.shown` a number with this one is shown.

    >>> [display_unit(unit) for unit in ("%", "1/month", "pt", "円/人/月", "person", "minute", "order/person", "")]
    ['share', 'share', 'points', 'JPY', 'count', 'minutes', 'number', 'number']
    """
    powers = read(unit) or {}
    top = [name for name, power in powers.items() for _ in range(power)]
    below = [name for name, power in powers.items() if power < 0]
    if top == ["%"] or (not top and below and set(below) <= set(PERIODS)):
        return "share"
    if len(top) == 1 and CURRENCY.fullmatch(top[0]):
        return top[0]
    bare = {"pt": "points", "minute": "minutes"}.get(top[0], "count") if len(top) == 1 else "number"
    return bare if not below else "number"


def per(unit: str) -> str:
    """The words behind a number that is shown with `display_unit`: what it is per, in the current language.

    >>> per("JPY/person/month"), per("%"), per("")
    ('/person/month', '', '')
    """
    below = {name: power for name, power in (read(unit) or {}).items() if power < 0}
    return written(below, shown=True)[1:]
