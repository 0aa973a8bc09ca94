"""What people write about, and in which tone: themes in free text, counted in respondents with intervals.

Japanese and English, without a tokenizer: the texts are read by a list of words (see `engagelab.surveys.lexicon` for
the list and `engagelab.surveys.tone` for the rules). A respondent counts once for a theme, however often and in however
many texts it is named. No text is ever printed: neither in a table, nor in a note, nor in an error.
"""

import html
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval, named, shown, table_html
from engagelab.errors import DataError, UsageError
from engagelab.metrics.answer import grouping, is_hidden
from engagelab.metrics.intervals import z_value
from engagelab.metrics.shares import shares
from engagelab.metrics.suppress import BLANK, SIZES, suppressed
from engagelab.metrics.unanimity import DIFFER
from engagelab.plots.themes import themes as drawn
from engagelab.summaries.frames import fetched
from engagelab.surveys.candidates import candidates, new_terms
from engagelab.surveys.lexicon import NO_ANSWER, Lexicon, normalised, read_lexicon
from engagelab.surveys.tone import joined, themes, words_in

Tokenizer = Callable[[str], Sequence[str]]
TONES = {1: "positive", -1: "negative", 0: "neutral"}
TEXT_MIN_N = 10              # the fewest who wrote, with whom a group is shown
MENTIONS, KNOWN = 3, 50      # the fewest who mention a theme; where fewer than 50 wrote, they know each other's views


@dataclass(frozen=True)
class Terms:
    """Themes in free text: `.frame`, an answer; `.new_terms`; `.coverage`, the share of texts with any theme."""

    frame: pd.DataFrame
    new_terms: pd.DataFrame = field(repr=False)
    coverage: float
    notes: tuple[str, ...] = ()

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: a row a theme and group, rounded."""
        keys = ["theme", *self.frame.columns[3:list(self.frame.columns).index("estimate")]]
        total = self.frame[self.frame["tone"] == words.text("metrics.all")].set_index(keys)
        out = total.index.to_frame(index=False)
        out["theme"] = [named(theme, "theme") for theme in out["theme"]]
        out = out.rename(columns={"theme": words.text("label.theme")})
        out[words.text("terms.mentioned")] = [shown(share, "share") for share in total["estimate"]]
        out[words.text("label.interval")] = [interval(low, high, "share") if low == low else "" for low, high in zip(
            total["low"], total["high"], strict=True)]
        for tone in TONES.values():
            part = self.frame[self.frame["tone"] == tone].set_index(keys)["estimate"].reindex(total.index)
            out[named(tone, "tone")] = [shown(share, "share") for share in part]
        out["n"] = [shown(n, "count") for n in total["n"].astype("float64")]
        return out.assign(**{words.text("label.flag"): total["flag"].to_numpy()})

    def __repr__(self) -> str:
        table = words.text("terms.no_mention") if self.frame.empty else self.cells().to_string(index=False)
        return "\n".join([table, *self.notes])

    def _repr_html_(self) -> str:
        said = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in self.notes)
        if self.frame.empty:
            return f"<p>{html.escape(words.text('terms.no_mention'))}</p>{said}"
        return table_html(self.cells()) + said

    def plot(self, **how: Any):
        """The themes of all respondents as a picture: see `plots.themes`."""
        groups = self.frame.columns[3:list(self.frame.columns).index("estimate")]
        return drawn(self.frame[(self.frame[groups] == words.text("metrics.all")).all(axis="columns")], **how)


def terms(data: Any, text: str, *, by: str | Sequence[str] | None = None, user: str | None = None,
          lexicon: Any = None, tokenizer: Tokenizer | None = None, min_n: int = TEXT_MIN_N,
          confidence: float = .95) -> Terms:
    """The share of respondents who mention each theme, by tone, with Wilson's interval.

    data : whatever `measure()` takes, a row a text; text : its column. user : the column of respondents, who count once
        with all their texts; without it, each row is one. by : columns of groups; "(all)" is the total over one. Who is
        in several groups, as in waves, counts once in each and once in the total, so that groups do not add up to it;
        a note says so.
    lexicon : a frame or the path of a CSV file with `theme`, `term_ja`, `term_en`, `polarity`, instead of ours.
    tokenizer : a callable that gives the tokens of a text, as janome's or SudachiPy's; a word then begins and (unless
        it is marked with *) ends where a token does. Without it, Japanese is matched letter by letter.

    Returns `Terms`. `.frame` has the rows of an answer by `theme`, `tone` and `by`; `tone` is "positive", "negative"
    (a wish for change too), "neutral" (without tone, or of both alike) or "(all)", which is their sum. `n` are
    respondents with a text, `n_missing` those without one or with one that says nothing ("none", 特になし).
    Themes that nobody mentions have no rows; a note names them.

    Hidden are groups in which fewer than `min_n` wrote, and themes that 1 or 2 mention, with their tones. In groups of
    fewer than 50 also what 1 or 2 praise or blame, and a theme that all, or all but one, see alike: whose the one voice
    against the manager is, twelve people will guess and 400 will not. A theme that nobody in a group mentions is
    shown as 0. What would give a hidden cell away is hidden too, over groups and tones alike.

    `.new_terms` are words that the list lacks, of at least 5 respondents, without what looks like a name, an address
    or a number; look through them before you show them.

    Raises NoColumn; DataError for a column that is not text or wholly empty, and for a list with a wrong row.

    >>> answers = pd.DataFrame({"comment": ["給料が低い"] * 6 + ["The team is great"] * 12 + ["特になし"] * 2})
    >>> terms(answers, "comment").frame.query("tone != 'neutral'").round(3)[
    ...     ["theme", "tone", "estimate", "low", "high", "count", "n", "n_missing"]]
            theme      tone  estimate    low   high  count   n  n_missing
    0         pay     (all)     0.333  0.163  0.563    6.0  18          2
    1         pay  positive     0.000  0.000  0.176    0.0  18          2
    2         pay  negative     0.333  0.163  0.563    6.0  18          2
    4  colleagues     (all)     0.667  0.437  0.837   12.0  18          2
    5  colleagues  positive     0.667  0.437  0.837   12.0  18          2
    6  colleagues  negative     0.000  0.000  0.176    0.0  18          2
    """
    z_value(confidence)
    if isinstance(min_n, bool) or not isinstance(min_n, int) or min_n < 0:
        raise UsageError("metrics.min_n", value=repr(min_n))
    groups = grouping(by, "theme", "tone")
    known = read_lexicon(lexicon)
    table = fetched(data, [text, *([user] if user else []), *groups])
    said, empty = _said(table[text], text, known)
    person = _people(table, user)
    read, lacking = _read(said.dropna().unique(), known, tokenizer)
    labels = {f"by_{i}": _labels(table[name]) for i, name in enumerate(groups)}
    rows = pd.DataFrame({"who": person, "wrote": said.notna(), **labels})
    met = rows.drop_duplicates(["who", *labels])["who"]
    pairs = [(place, *each) for place, one in said.dropna().items() for each in read[one].items()]
    hits = pd.DataFrame(pairs, columns=["row", "theme", "tone"]).astype({"row": "int64"})
    named_themes = [theme for theme in known.themes if (hits["theme"] == theme).any()]
    frame = _hidden(_answer(rows, hits, named_themes, len(groups), confidence), list(labels), min_n).rename(
        columns={f"by_{i}": name for i, name in enumerate(groups)})
    wrote = rows.loc[rows["wrote"], "who"].nunique()
    if wrote < min_n:  # the list of themes would be what these few said
        few = (words.text("terms.few", n=min_n),)
        return Terms(frame.head(0), new_terms(said.head(0), person[:0], {}, known), float("nan"), few)
    covered = float(np.mean([bool(read[one]) for one in said.dropna()])) if said.notna().any() else float("nan")
    notes = _notes(covered, empty, [theme for theme in known.themes if theme not in named_themes],
                   met[met.duplicated()].nunique())
    frame.attrs = {"notes": list(notes)}
    new = new_terms(said.dropna(), person[said.notna().to_numpy()], lacking, known)
    return Terms(frame, new, covered, notes)


def _people(table: pd.DataFrame, user: str | None) -> np.ndarray:
    """A number for each respondent."""
    if user is None:
        return np.arange(len(table))
    who = pd.factorize(table[user])[0]
    if (who < 0).any():
        raise DataError("surveys.no_key", column=repr(user), row=int(np.argmax(who < 0)) + 1, n=int((who < 0).sum()))
    return who


def _said(texts: pd.Series, name: str, lexicon: Lexicon) -> tuple[pd.Series, int]:
    """The texts that say something, the others missing; and how many of those there are that say nothing in words."""
    texts = texts.astype(object)
    for row, one in enumerate(texts):
        if not isinstance(one, str) and not pd.isna(one):
            raise DataError("terms.no_text", column=repr(name), row=row + 1, type=type(one).__name__)
    bare = texts.map(lambda one: normalised(one).strip(" \t\r\n。.!?、,-ー") if isinstance(one, str) else "")
    if not bare.ne("").any():
        raise DataError("terms.all_empty", column=repr(name))
    nothing = bare.str.removesuffix("です").isin(lexicon.sets[NO_ANSWER]) | bare.isin(lexicon.sets[NO_ANSWER])
    return texts.where(bare.ne("") & ~nothing, None), int(nothing.sum())


def _read(texts: Iterable[str], lexicon: Lexicon,
          tokenizer: Tokenizer | None) -> tuple[dict[str, dict[str, int]], dict[str, set[str]]]:
    """The themes of each text with their tones, and the words in it that the list may lack."""
    read, lacking = {}, {}
    for one in texts:
        clean = normalised(one)
        found = words_in(clean, lexicon)
        lacking[one] = candidates(clean, found)
        if tokenizer is not None:
            text, edges = joined(_tokens(tokenizer, one))
            found = words_in(text, lexicon, edges)
        read[one] = themes(found)
    return read, lacking


def _tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    tokens = list(tokenizer(text))
    if not all(isinstance(token, str) for token in tokens):
        raise UsageError("terms.tokenizer", type=type(next(
            token for token in tokens if not isinstance(token, str))).__name__)
    return tokens


def _labels(column: pd.Series) -> pd.Series:
    missing, total = words.text("metrics.missing"), words.text("metrics.all")
    known = column.dropna().astype("str")
    if known.isin([missing, total]).any():
        raise DataError("metrics.reserved_value", value=repr(known[known.isin([missing, total])].iloc[0]))
    return known.reindex(column.index).fillna(missing)


def _answer(rows: pd.DataFrame, hits: pd.DataFrame, order: list[str], depth: int, confidence: float) -> pd.DataFrame:
    """Every theme and tone in every group and in the totals, as an answer."""
    total, names = words.text("metrics.all"), [f"by_{i}" for i in range(depth)]
    grid = pd.DataFrame(itertools.product(order, [total, *TONES.values()]), columns=["theme", "tone"])
    keys, tables = ["metric", *names], []
    for level in itertools.product((False, True), repeat=depth):
        part = rows.assign(metric="mentioned", **{name: total for name, over in zip(names, level, strict=True) if over})
        people = part.groupby(keys)["who"].nunique().rename("everybody").to_frame()
        people["n"] = part[part["wrote"]].groupby(keys)["who"].nunique().reindex(people.index, fill_value=0)
        each = part.loc[hits["row"]].reset_index(drop=True).join(hits[["theme", "tone"]])
        told = np.sign(each.groupby([*keys, "theme", "who"])["tone"].sum()).map(TONES).reset_index()
        told = pd.concat([told, told.assign(tone=total)])
        count = told.groupby([*keys, "theme", "tone"]).size().rename("count")
        tables.append(people.reset_index().merge(grid, how="cross").join(count, on=[*keys, "theme", "tone"]))
    table = pd.concat(tables, ignore_index=True).fillna({"count": 0})
    table["n_missing"] = table["everybody"] - table["n"]
    place = table["theme"].map(order.index).to_numpy().argsort(kind="stable")
    return shares(table.iloc[place].reset_index(drop=True)[
        ["metric", "theme", "tone", *names, "count", "n", "n_missing"]], confidence=confidence)


def _hidden(frame: pd.DataFrame, groups: list[str], min_n: int) -> pd.DataFrame:
    """The answer with its small cells hidden: groups by who wrote, then themes and tones by who mentions them.

    A theme that is rare in a group, or seen alike by nearly all of it, is hidden with all its tones: "fewer than 3" or
    "92 % or more" beside a plain 0 and 1 would be a number.
    """
    if frame.empty or not min_n:
        return frame
    wrote, count, toned = frame["n"].astype("float64"), frame["count"], frame["tone"].isin([TONES[1], TONES[-1]])
    frame = frame.assign(wrote=wrote, mentions=count)   # the first round blanks what the second looks at
    frame = suppressed(frame, groups, min_n=min_n, people="wrote")
    before = is_hidden(frame["flag"])
    cells = [frame[name] for name in ("theme", *groups)]
    many, main = (counts.groupby(cells).transform("max") for counts in (count, count.where(toned)))
    few, known = min(MENTIONS, min_n), wrote < KNOWN
    rare, alike = (many > 0) & (many < few), known & (main > 0) & (main >= wrote - DIFFER)
    told: Any = np.select([rare | alike, known & (frame["tone"] != TONES[0])], [count + 1, few], 0)
    found = suppressed(frame, ["tone", *groups], min_n=told, people="mentions")
    blank = [name for name in BLANK if name in found]
    found[blank] = found[blank].mask(rare | alike)
    found[list(SIZES)] = found[list(SIZES)].mask(alike, frame[list(SIZES)])
    share = 100 * DIFFER / wrote.clip(lower=1)
    high, low = ([words.text(f"metrics.flag_{key}", n=int(end)) for end in ends] for key, ends in (
        ("high", np.floor(100 - share + 1e-9)), ("low", np.ceil(share - 1e-9))))
    found["flag"] = np.select([before, rare, alike & (count >= wrote - DIFFER), alike], [
        frame["flag"], words.text("metrics.flag_few", n=few), high, low], found["flag"])
    return found.drop(columns=["wrote", "mentions"]).astype({"flag": "str"})


def _notes(covered: float, empty: int, unnamed: list[str], again: int) -> tuple[str, ...]:
    notes = [words.text("terms.coverage", share=shown(covered, "share")), words.text("terms.caution")]
    if empty:
        notes.append(words.text("terms.nothing", n=empty))
    if again:
        notes.append(words.text("terms.again", n=again))
    if unnamed:
        notes.append(words.text("terms.unnamed", themes=words.joined(named(theme, "theme") for theme in unnamed)))
    return tuple(notes)
