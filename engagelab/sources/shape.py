"""Converted columns to canonical tables: one row a post, two where paid is apart; orders and their items; answers.

One raw row may give two canonical rows or, in a table with one row an order, none of its own; so the
account is kept in raw rows: each is in a table, or among the rejects, and never in both.
"""

import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from engagelab import tables
from engagelab.errors import SourceError
from engagelab.privacy.pseudonyms import pseudonym
from engagelab.sources import currencies, questions
from engagelab.sources.addresses import MASK, hidden, masked, mostly_names, reaching
from engagelab.sources.declarations import last_part, names_people, plain
from engagelab.sources.job import Job
from engagelab.sources.values import MISSING, convert


@dataclass(frozen=True)
class Shaped:
    """The tables of a file, their main one first, and the questions where it is a survey."""

    tables: dict[str, pd.DataFrame]
    codebook: pd.DataFrame


def shape(job: Job, wordings: list[str], ids: list[str]) -> Shaped:
    """The canonical tables of a file; `wordings` and `ids` are a survey's further header rows."""
    one = job.one
    asked = _question_places(job) if one.survey else []
    groups = [(one.table, one.columns), (one.table, one.fallback), (one.table, one.paid),
              (one.items_table or one.table, one.items)]
    others = {0, *asked, *job.places(one.boosted), *job.places(one.lifetime), *job.places(one.previews)}
    for theirs in (*one.made_id.values(), *one.joined.values(), tuple(one.only)):
        others |= set(job.places(theirs))
    job.load(groups, sorted(others))
    job.set_aside()
    if one.survey:
        frames, book = _survey(job, asked, wordings, ids)
    else:
        frames = _orders(job) if one.one_per else {one.table: _plain(job)}
        book = questions.codebook([], "")
    _balance(job, frames)
    frames = {name: _finished(job, name, frame) for name, frame in frames.items()}
    return Shaped(frames, book)


def _plain(job: Job) -> pd.DataFrame:
    one = job.one
    made = {name: theirs for name, theirs in one.made_id.items() if not job.places(one.columns.get(name, ()))}
    group = {name: theirs for name, theirs in one.columns.items() if name not in made}
    frame = job.table(one.table, group, optional=frozenset({"user_id"} if _has_email(job) or one.fallback else ()))
    _added(job, one.table, frame, one.constants)
    for word, status in sorted(one.status_from_name.items(), key=lambda item: len(item[0])):
        if Path(job.file).name.casefold().startswith(word):
            frame["status"] = status
            if one.consent_status:
                frame["consent_marketing"] = status == one.consent_status
    _require(job, one.table, frame)
    currencies.check(job, frame, one.table, group)
    _summed(job, frame)
    _promoted(job, frame)
    _once(job, frame, tables.table(one.table).key)
    if not one.second:
        job.release()
        return frame[~job.problems.dropped] if job.problems.dropped.any() else frame
    paid = job.table(one.table, one.paid)
    _summed(job, paid)
    there = paid.notna().any(axis="columns").to_numpy(bool) & ~job.problems.dropped
    rest = frame[[name for name in frame if name not in paid]]
    second = pd.concat([rest, paid], axis="columns")[there].assign(promotion=one.second)
    both = pd.concat([frame[~job.problems.dropped], second[list(dict.fromkeys([*frame, *second]))]])
    return both.sort_index(kind="stable")


def _added(job: Job, table: str, frame: pd.DataFrame, constants: Mapping[str, object]) -> None:
    """What no column of the file holds by itself: made ids, joined columns, what is said of every row."""
    if table == job.one.table:
        for name, theirs in job.one.made_id.items():
            if name not in frame:
                frame[name] = _made(job, name, theirs)
    for name, value in constants.items():
        said = job.constant(tables.table(table).columns[name], value)
        frame[name] = frame[name].where(frame[name].notna(), said) if name in frame else said


def _made(job: Job, name: str, theirs: tuple[str, ...]) -> pd.Series:
    """An id of several columns; under the key where it names a person, or is made of what does."""
    cells = [job.cell(place).fillna("").astype(str).str.strip() for place in job.places(theirs)]
    person = name in tables.table(job.one.table).people
    if not person and not (name in job.options.joined and any(reaching(each).any() for each in cells)):
        return job.made_id(theirs)
    if job.options.key is None and not job.options.keep_personal:
        raise SourceError("sources.needs_key", file=job.file, column=job.titles[job.places(theirs)[0]])
    whole = pd.Series([".".join(row) for row in zip(*cells, strict=True)], dtype=object)
    if person:      # half an id is none
        whole = whole.mask(functools.reduce(operator.or_, (each == "" for each in cells)), None)
    return whole if job.options.key is None else pseudonym(whole, job.options.key)


def _summed(job: Job, frame: pd.DataFrame) -> None:
    """Counts that the file gives in parts; missing where a part is."""
    for name, parts in job.one.sums.items():
        if all(part in frame for part in parts):
            frame[name] = functools.reduce(operator.add, (frame[part] for part in parts))


def _once(job: Job, frame: pd.DataFrame, key: tuple[str, ...]) -> None:
    """No row twice: the same once more is set aside, and so is another row under the same key."""
    names = sorted((name for name in key if name in frame), key=lambda name: not name.endswith("_id"))
    if not names or any(frame[name].is_unique for name in names):
        return
    live = frame[~job.problems.dropped]
    again = live.index[live.duplicated(names)].to_numpy(int)
    same = live.index[live.duplicated()].to_numpy(int)
    job.problems.rows(same, "repeated_row")
    job.problems.rows(np.setdiff1d(again, same), "same_key")


def _has_email(job: Job) -> bool:
    return bool(job.places(job.one.columns.get("email", ())))


def _require(job: Job, table: str, frame: pd.DataFrame) -> None:
    """The person's id, where it could come from more than one column, is seen to once it is made."""
    columns = tables.table(table).columns
    for name in tables.table(table).people:
        if name in frame and name != "user_id":
            frame[name] = _unnamed(job, name, frame[name].astype(object))
    if "user_id" not in columns:
        return
    frame["user_id"] = _person(job, frame)
    if not columns["user_id"].required or not (job.one.fallback or _has_email(job)):
        return
    empty = frame["user_id"].isna().to_numpy(bool) & ~job.problems.dropped
    column = job.titles[job.places(job.one.columns.get("email", ()) + job.one.columns.get("user_id", ()))[0]]
    if job.options.key is None and "email" in frame and frame["email"][empty].notna().any():
        raise SourceError("sources.needs_key", file=job.file, column=column)
    job.problems.rows(np.flatnonzero(empty), "no_person", column, "user_id")


def _person(job: Job, frame: pd.DataFrame) -> pd.Series:
    """Who it is: the company's own id, else a pseudonym of the address, else the vendor's id."""
    person = frame["user_id"] if "user_id" in frame else pd.Series(None, index=frame.index, dtype=object)
    person = person.astype(object)
    if job.options.key is not None and "email" in frame:
        address = frame["email"].where(frame["email"].str.contains("[@＠]").fillna(False).astype(bool))
        person = person.where(person.notna(), pseudonym(address, job.options.key))
    for place in job.places(job.one.fallback.get("user_id", ())):
        vendor = convert(job.cell(place), tables.table(job.one.table).columns["user_id"])
        person = person.where(person.notna(), vendor.values)
    return _unnamed(job, "user_id", person.where(person.notna(), None))


def _unnamed(job: Job, ours: str, ids: pd.Series, people: bool = True) -> pd.Series:
    """No address or telephone number is left where an id belongs, and where it is that of `people` no name.

    It gives way to its pseudonym, so that it joins with other tables.
    """
    places = _places(job, ours)
    naming = reaching(ids, people)
    if people and mostly_names(ids):
        naming = ids.notna()
    for place in places if people else ():
        if names_people(job.names[place]):
            naming |= ids.notna() & (ids == job.cell(place).astype("str").str.strip())
    if not naming.any() or (job.options.key is None and job.options.keep_personal):
        return ids
    if job.options.key is None:
        raise SourceError("sources.needs_key", file=job.file, column=job.titles[places[0]] if places else ours)
    return _replaced(job, ours, ids, naming.to_numpy(bool), job.options.key)


def _replaced(job: Job, ours: str, cells: pd.Series, which: np.ndarray, key: bytes | str) -> pd.Series:
    """Cells of which some give way to their pseudonyms; the column does not show as it stands, and it is said."""
    job.naming |= set(_places(job, ours))
    job.renamed[ours] = True
    out = cells.to_numpy(object, copy=True)
    out[which] = pseudonym(cells[which], key).to_numpy(object)
    return pd.Series(out, index=cells.index, dtype=object)


def _places(job: Job, ours: str) -> list[int]:
    """The columns of the file from which a column of ours is taken."""
    one = job.one
    return job.places(tuple(name for group in (one.columns, one.fallback, one.items) for name in group.get(ours, ())))


def _promoted(job: Job, frame: pd.DataFrame) -> None:
    """Organic or paid, where the file tells."""
    one = job.one
    if one.second:
        frame["promotion"] = "organic"
    places = job.places(one.boosted)
    if places:
        nothing = MISSING | {"0", "0.0", "not funded"}
        filled = [~job.words(place).isin(nothing).to_numpy(bool) for place in places]
        frame["promotion"] = np.where(np.logical_or.reduce(filled), "paid", "organic")


def _orders(job: Job) -> dict[str, pd.DataFrame]:
    """Orders from the first row of each that holds goods, or its first; items from every row that does."""
    one = job.one
    goods = ~job.of_another_kind()
    items = job.table(one.items_table, one.items, among=goods)
    number = items[one.one_per]
    ranked = number.iloc[np.argsort(~goods, kind="stable")]
    head = (~ranked.duplicated() & ranked.notna()).sort_index().to_numpy(bool)
    orders = job.table(one.table, one.columns, among=head)
    _added(job, one.table, orders, one.constants)
    _added(job, one.items_table, items, one.items_constants)
    currencies.check(job, orders, one.table, one.columns, head)
    _require(job, one.table, orders)
    _same_totals(job, orders, number, head)
    for name, parts in one.less.items():
        for part in parts:
            if {name, part} <= set(orders):
                orders[name] -= orders[part].fillna(0)
    job.problems.rows(np.flatnonzero(~goods & ~head), "other_kind")
    # an order whose own row could not be read is set aside whole
    lost = set(number[head & job.problems.dropped])
    orphans = number.isin(lost).to_numpy(bool) & ~job.problems.dropped
    job.problems.rows(np.flatnonzero(orphans), "order_rejected")
    currency = orders.set_index(one.one_per)["currency"] if "currency" in orders else None
    if currency is not None:
        items["currency"] = number.map(currency[~currency.index.duplicated()])
    currencies.check(job, items, one.items_table, one.items)
    kept = ~job.problems.dropped
    items = items[kept & goods]
    items.insert(1, "line", items.groupby(one.one_per).cumcount() + 1)
    return {one.table: orders[kept & head], one.items_table: items}


def _same_totals(job: Job, orders: pd.DataFrame, number: pd.Series, head: np.ndarray) -> None:
    """Where an order's total stands on each of its rows, it is the same one; else which of them holds?"""
    if "total" not in orders:
        return
    first = number.map(pd.Series(orders["total"][head].to_numpy(), index=number[head]))
    other = (orders["total"].notna() & first.notna() & (orders["total"] != first)).to_numpy(bool)
    job.problems.rows(np.flatnonzero(other & ~job.problems.dropped), "same_key")


def _question_places(job: Job) -> list[int]:
    """Columns that may be questions: what the declaration does not know."""
    names = job.one.names()
    return [place for place, name in enumerate(job.names) if name.strip() and not job.one.knows(name, names)]


def _survey(job: Job, places: list[int], wordings: list[str], ids: list[str]) -> tuple[dict[str, pd.DataFrame],
                                                                                         pd.DataFrame]:
    one, options = job.one, job.options
    survey = options.survey or Path(job.file).stem
    base = job.table(one.table, one.columns, optional=frozenset({"respondent_id"}))
    _added(job, one.table, base, one.constants)
    if "respondent_id" not in base:
        when = base["answered_at"].dt.strftime("%Y%m%dT%H%M%SZ") if "answered_at" in base else ""
        lines = pd.Series(job.rows.lines.astype(str), dtype=object)
        base["respondent_id"] = pd.Series(when, index=base.index).fillna("").astype(object) + "-" + lines
    elif base["respondent_id"].isna().any():
        missing = base["respondent_id"].isna().to_numpy() & ~job.problems.dropped
        job.problems.rows(np.flatnonzero(missing), "missing", job.titles[job.places(one.columns["respondent_id"])[0]])
    _once(job, base, ("respondent_id",))
    base["user_id"] = _person(job, base)
    base.insert(0, "survey", survey)
    for name, value in (("channel", options.channel), ("touchpoint", options.touchpoint)):
        if value:
            base[name] = value
    asked = [found for place in places if (found := _question(job, place, wordings, ids)) is not None]
    job.asked = [item.place for item in asked]
    for item in asked:
        job.problems.cells(questions.outside(item), "not_on_scale", job.titles[item.place], "score",
                           job.cell(item.place), required=False)
    asked = [_clean(item, job) for item in asked]
    frame = questions.long(asked, base)
    frame = frame[~job.problems.dropped[frame.index.to_numpy(int)]] if len(frame) else frame
    return {one.table: frame}, questions.codebook([_kept(item, job) for item in asked], survey)


def _question(job: Job, place: int, wordings: list[str], ids: list[str]) -> questions.Question | None:
    wording = (wordings[place].strip() if place < len(wordings) else "") or job.names[place].strip()
    given = ids[place] if place < len(ids) else ""
    wording = wording if job.options.keep_personal else hidden(wording)
    kinds = {plain(name): kind for name, kind in job.options.kinds.items()}
    cells = job.cell(place).where(~pd.Series(job.problems.dropped), None)
    own = next((kinds[plain(name)] for name in (wording, job.names[place], given, questions.slug(place, wording))
                if plain(name) in kinds), "")
    asked = questions.question(cells, place, wording, given, own)
    name, last = job.names[place], last_part(job.names[place])
    if asked is None or not names_people(name) or job.words(place).isin({"", plain(last)}).all():
        return asked            # "e-mail" as an option that is ticked names nobody
    return asked if last != name and asked.kind not in ("text", "choice") else None     # nor does it as an item rated


def _clean(item: questions.Question, job: Job) -> questions.Question:
    """The question without the answers that lie off its scale."""
    wrong = np.zeros(job.n, bool)
    wrong[questions.outside(item)] = True
    return replace(item, score=item.score.mask(wrong), text=item.text.mask(wrong, None))


def _kept(item: questions.Question, job: Job) -> questions.Question:
    kept = ~job.problems.dropped
    return replace(item, score=item.score[kept], text=item.text[kept])


def _balance(job: Job, frames: dict[str, pd.DataFrame]) -> None:
    """Nothing lost, nothing twice: each raw row is in a table or among the rejects."""
    kept = np.zeros(job.n, bool)
    if job.one.survey:
        kept |= ~job.problems.dropped           # who answered nothing is a respondent all the same
    for frame in frames.values():
        kept[frame.index.to_numpy(int)] = True
    both, neither = int((kept & job.problems.dropped).sum()), int((~kept & ~job.problems.dropped).sum())
    if both or neither:
        raise SourceError("sources.unbalanced", file=job.file, both=both, neither=neither)


def _finished(job: Job, name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Declared dtypes, no address where an id belongs, and nothing personal unless it was asked for."""
    table = tables.table(name)
    if not job.options.keep_personal:
        frame = frame.drop(columns=[column for column in table.personal if column in frame])
    for column in table.columns.values():
        if column.name not in frame or column.personal:
            continue
        cells = frame[column.name]
        if column.kind == "id" and column.name not in table.people:
            frame[column.name] = _unnamed(job, column.name, cells, people=False)
        elif column.kind in ("text", "category") and not column.allowed and not job.options.keep_personal:
            cells = _colleague(job, column.name, cells) if "person" in column.role else cells
            frame[column.name], n = masked(cells)
            job.masked += n
    return tables.typed(frame, name).reset_index(drop=True)


def _colleague(job: Job, ours: str, cells: pd.Series) -> pd.Series:
    """Who of us it is, by a pseudonym where it is told by name; without a key the name is masked."""
    if not mostly_names(cells):
        return cells
    if job.options.key is not None:
        return _replaced(job, ours, cells, cells.notna().to_numpy(bool), job.options.key)
    job.naming |= set(_places(job, ours))
    job.masked += int(cells.notna().sum())
    return cells.mask(cells.notna(), MASK)

