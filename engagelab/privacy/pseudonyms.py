"""Keyed pseudonyms: the same address gives the same name, and no name gives an address.

BLAKE2b with a secret key (RFC 7693), 16 bytes as hex. Without the key nobody can try addresses
out; with the same key tables of different vendors and months still join. So the same key is part
of reproducing a result: who shares a folder of results for that purpose shares the key another way.
"""

import hashlib
import os
import secrets
import sys
import unicodedata
from pathlib import Path

import pandas as pd

from engagelab.errors import UsageError
from engagelab.files import write_new

VARIABLE = "ENGAGELAB_KEY"


def normal(value: str) -> str:
    """An address or id as it is compared: NFKC, without outer blanks, lower case.

    >>> normal(" Ａnn@Example.com ")
    'ann@example.com'
    """
    return unicodedata.normalize("NFKC", value).strip().lower()


def pseudonym(values: pd.Series, key: bytes | str) -> pd.Series:
    """A pseudonym for each value, missing where the value is.

    >>> pseudonym(pd.Series(["ann@example.com", " ANN@example.com", None]), b"a key for examples").tolist()
    ['81f69abc21cd7d62443811f8e34da85b', '81f69abc21cd7d62443811f8e34da85b', None]

    Raises UsageError for a key under 8 bytes, which could be guessed.
    """
    _bytes(key)
    codes, unique = pd.factorize(values)
    named = [keyed(text, key) if (text := normal(str(value))) else None for value in unique]
    return pd.Series([named[code] if code >= 0 else None for code in codes], index=values.index, dtype=object)


def keyed(text: str, key: bytes | str) -> str:
    """The pseudonym of a text, just as it is written.

    >>> keyed("ann@example.com", b"a key for examples")
    '81f69abc21cd7d62443811f8e34da85b'
    """
    return hashlib.blake2b(text.encode("utf-8"), key=_bytes(key), digest_size=16).hexdigest()


def _bytes(key: bytes | str) -> bytes:
    secret = key.encode("utf-8") if isinstance(key, str) else key
    if len(secret) < 8:
        raise UsageError("privacy.short_key", n=len(secret))
    return secret if len(secret) <= 64 else hashlib.blake2b(secret).digest()


def key_file(folder: Path | str) -> Path:
    """Where the key for a folder of data is kept: for each user, outside the folder and outside git.

    The environment variable ENGAGELAB_KEY names another file. Raises UsageError where the place is
    inside the folder or inside a git checkout, from where it would be handed on with the data.
    """
    named = os.environ.get(VARIABLE)
    place = Path(named).expanduser() if named else _config() / "engagelab" / "pseudonyms.key"
    place = place.resolve()
    inside = Path(folder).resolve() in place.parents
    if inside or any((parent / ".git").exists() for parent in place.parents):
        raise UsageError("privacy.key_place", place=place, variable=VARIABLE)
    return place


def _config() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def read_key(folder: Path | str) -> tuple[bytes, bool]:
    """The key for a folder, and whether it was made just now.

    A new key is written with read and write for its owner alone.
    """
    place = key_file(folder)
    if place.exists():
        key = place.read_bytes().strip()
        _bytes(key)
        return key, False
    key = secrets.token_hex(32).encode("ascii")
    return (key, True) if write_new(place, key + b"\n") else read_key(folder)    # another process made it meanwhile
