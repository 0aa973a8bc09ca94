"""The sample company as it is committed: `data/` of the project, read with the declared dtypes."""

import json
from pathlib import Path
from typing import overload

import pandas as pd

from engagelab.errors import UsageError, one_of
from engagelab.sample.public import cdnow
from engagelab.tables import table, typed

FOLDER, MANIFEST, PUBLIC = "data", "manifest.json", "cdnow"


@overload
def example(name: None = None) -> dict[str, pd.DataFrame]: ...
@overload
def example(name: str) -> pd.DataFrame: ...
def example(name: str | None = None) -> dict[str, pd.DataFrame] | pd.DataFrame:
    """The tables of the sample company by name, or the one that is asked for.

    Looked for as `data/` in the current folder, in those above it, and beside the package.
    Stamps are UTC, amounts in the currency of their row. "cdnow" is no part of the sample: the orders of that shop,
    which come with the package lifetimes (`pip install "engagelab[cdnow]"`).

    Raises UsageError where there is no sample, or no such table in it.

    >>> print(example("targets").loc[:1, ["metric", "target", "kind"]].to_string(index=False))
    metric  target kind
       nps    25.0  own
      csat     0.8  own
    """
    if name == PUBLIC:
        return cdnow()
    folder = _folder()
    files: dict[str, list[str]] = {}
    for file in json.loads((folder / MANIFEST).read_text("utf-8"))["files"]:
        if file.endswith(".csv") and "/" not in file:
            files.setdefault(file.removesuffix(".csv").split("-")[0], []).append(file)
    if name is not None:
        one_of("name", name, [*files, PUBLIC])
        return _read(folder, name, files[name])
    return {each: _read(folder, each, parts) for each, parts in files.items()}


def _folder() -> Path:
    here = Path.cwd()
    for parent in (here, *here.parents, Path(__file__).parents[2]):
        if (parent / FOLDER / MANIFEST).is_file():
            return parent / FOLDER
    raise UsageError("sample.no_data")


def _read(folder: Path, name: str, files: list[str]) -> pd.DataFrame:
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise UsageError("sample.no_file", file=folder / missing[0])
    kinds = {column.name: column.kind for column in table(name).columns.values()}
    dtypes = {column: "str" if kind == "time" else _dtype(kind) for column, kind in kinds.items()}
    parts = [pd.read_csv(folder / file, dtype=dtypes, keep_default_na=False, na_values=[""], encoding="utf-8")
             for file in files]
    frame = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    for column in frame.columns:
        if kinds[column] == "time":
            frame[column] = pd.to_datetime(frame[column], format="%Y-%m-%dT%H:%M:%SZ", utc=True)
        elif kinds[column] == "flag":
            frame[column] = frame[column].astype("boolean")
    return typed(frame, name)


def _dtype(kind: str) -> str:
    """Flags are read as the 1 and 0 that they are written as."""
    return {"flag": "Int64", "integer": "Int64", "number": "float64", "amount": "float64",
            "rate": "float64"}.get(kind, "str")
