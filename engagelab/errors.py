"""What the kit says when it refuses.

    EngagelabError
    ├── UsageError      an argument that cannot be right
    │   └── NoColumn    a column that the table does not have
    ├── DataError       a table whose content cannot be measured as asked
    └── SourceError     a file that cannot be read rightly

Every message comes from the catalogue of words: an error is raised with a key and its values,
which also travel with it as `.key` and `.values`.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from engagelab import words

# An e-mail address, and what is shown in its place: an error goes to a log, a screen or a page that others read.
MAIL, MASK = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "***"
_MAIL = re.compile(MAIL, re.ASCII)


MOST = 40  # columns that an error lists


class EngagelabError(Exception):
    """Whatever this kit refuses, in one clear line, in which no e-mail address is shown.

    >>> raise EngagelabError("errors.one_of", name="scale", allowed="5, 7", value="6")
    Traceback (most recent call last):
    ...
    engagelab.errors.EngagelabError: scale must be one of 5, 7, not 6
    """

    def __init__(self, key: str, /, **values: object):
        values = {name: _shown(value) if isinstance(value, str) else value for name, value in values.items()}
        self.key = key
        self.values = values
        super().__init__(words.text(key, **values))

    def __str__(self) -> str:  # a KeyError would print its message in quotes
        return str(self.args[0])

    def __reduce__(self):  # an exception with keywords does not travel between processes by itself
        return _again, (type(self), self.key, self.values)


def _shown(value: str) -> str:
    """A value as an error shows it, in one line; what points at a place of a text stands below it, set in."""
    return _MAIL.sub(MASK, value if value.startswith("\n    ") else " ".join(value.splitlines()))


def _again(kind, key, values):
    return kind(key, **values)


class UsageError(EngagelabError, ValueError):
    """An argument that cannot be right."""


class NoColumn(UsageError, KeyError):
    """A column that the table does not have."""


class DataError(EngagelabError, ValueError):
    """A table whose content cannot be measured as asked."""


class SourceError(EngagelabError, ValueError):
    """A file that cannot be read rightly."""


def near(value: object, allowed: Iterable[object]) -> str:
    """"; did you mean 'facebook'?", or nothing where nothing is near."""
    close = get_close_matches(str(value), [str(item) for item in allowed], n=1)
    return words.text("errors.did_you_mean", near=repr(close[0])) if close else ""


def one_of(name: str, value, allowed: Iterable):
    """`value`, if it is one of `allowed`.

    >>> one_of("platform", "facebok", ["x", "facebook"])
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: platform must be one of 'x', 'facebook', not 'facebok'; did you mean 'facebook'?
    """
    allowed = list(allowed)
    if value in allowed:
        return value
    raise UsageError("errors.one_of", name=name, allowed=words.joined(map(repr, allowed)),
                     value=repr(value) + near(value, allowed))


def names_in(name: str, value) -> list[str]:
    """A name, or several, as a list.

    >>> names_in("levers", "churn"), names_in("levers", ("churn", "arpu"))
    (['churn'], ['churn', 'arpu'])
    >>> names_in("levers", 3)
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: levers is a name or a list of names, not 3
    """
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, Iterable) or isinstance(names, Mapping):
        raise UsageError("errors.names", name=name, value=repr(value)[:60])
    names = list(names)
    if not all(isinstance(one, str) for one in names):
        raise UsageError("errors.names", name=name, value=repr(value)[:60])
    return names


def column_of(column: str, available: Iterable[str], data: str | None = None) -> str:
    """`column`, if the table has it.

    >>> column_of("scor", ["score", "user"])
    Traceback (most recent call last):
    ...
    engagelab.errors.NoColumn: the table has no column 'scor'; it has 'score', 'user'; did you mean 'score'?
    """
    if isinstance(available, Mapping) and isinstance(column, str) and column in available:
        return column  # it may know more than it lists
    available = list(available)
    if column in available:
        return column
    shown = [*map(repr, available[:MOST]), *["..."] * (len(available) > MOST)]
    raise NoColumn("errors.no_column", data=data or words.text("errors.the_table"), column=repr(column),
                   available=words.joined(shown) + near(column, available))
