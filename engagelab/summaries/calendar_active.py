"""How many users were active in the trailing windows that end with each period: `calendar_active.sql` over a calendar.

Every other count of a calendar that needs no cohort follows from windows by inclusion and exclusion: who is in the
window of two periods and not in the last one has churned, and so on.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from engagelab.summaries import sql
from engagelab.summaries.calendar import FULL, WORD, Calendar


def active(calendar: Calendar, windows: Sequence[int]) -> tuple[pd.DataFrame, str]:
    """Users active in each window that ends with each period, and the SQL that ran.

    windows : lengths in periods. Returns a row a group and period: keys, ranks, `place`, and `w0, w1 ...` (int64).
    """
    if min(windows) == 1 < max(windows):  # a window of one period needs no other word
        alone, text = active(calendar, [1])
        wider, more = active(calendar, [size for size in windows if size > 1])
        counts = iter([name for name in map(str, wider) if name.startswith("w")])
        return wider.assign(**{f"w{i}": alone["w0"] if size == 1 else wider[next(counts)]
                                                  for i, size in enumerate(windows)}), f"{text};\n\n{more}"
    last = (calendar.length - 1) // WORD
    reach = min((max(windows) + WORD - 2) // WORD, last)  # how many words further a bit can be felt
    steps = [*_beside(calendar.keys, reach, last), *_spreading(calendar.keys, max(windows), reach)]
    body = sql.fill(
        sql.text("calendar_active"), steps=[",\n".join(f"{name} AS (\n{text}\n)" for name, text in steps) + ","],
        reached=[" | ".join([_spread(size), *(_over(size, words) for words in range(1, reach + 1) if size > 1)])
                 + f" AS a{i}" for i, size in enumerate(windows)],
        last_step=[steps[-1][0]], sums=counted([f"a{i}" for i, _ in enumerate(windows)]))
    table, text = calendar.ask(body)
    return unfolded(table, calendar, {f"w{i}": f"a{i}_" for i, _ in enumerate(windows)}), text


def counted(columns: Sequence[str]) -> list[str]:
    """The sums that count users by period: two bits, half a word apart, in one sum."""
    half = WORD // 2
    return [f"CAST(sum(({column} >> {bit}) & {1 | 1 << half}) AS BIGINT) AS {column}_{bit}"
            for column in columns for bit in range(half)]


def unfolded(table: pd.DataFrame, calendar: Calendar, columns: dict[str, str]) -> pd.DataFrame:
    """A row a period, from a row a word with a column a bit: `columns` says which name each prefix gets.

    A period of which the table says nothing had nobody.
    """
    half, keys = WORD // 2, [name for name in table.columns if name.startswith(("key_", "rank_", "first"))]
    groups = table[keys].drop_duplicates(ignore_index=True) if keys else pd.DataFrame(index=[0])
    table = table[table["word"] >= 0]
    group = table[keys].merge(groups.assign(group=groups.index), on=keys, how="left")["group"] if keys else 0
    rows = groups.loc[groups.index.repeat(calendar.length)].reset_index(drop=True)
    rows["place"] = np.tile(np.arange(calendar.length), len(groups))
    words = (calendar.length - 1) // WORD + 1
    for name, prefix in columns.items():
        counts = np.zeros((len(groups), words, WORD), dtype="int64")
        sums = table[[f"{prefix}{bit}" for bit in range(half)]].to_numpy("int64")
        counts[group, table["word"].to_numpy()] = np.hstack([sums & ((1 << half) - 1), sums >> half])
        rows[name] = counts.reshape(len(groups), words * WORD)[:, :calendar.length].ravel()
    return rows


def _beside(by: tuple[str, ...], reach: int, last: int) -> Iterator[tuple[str, str]]:
    """The steps that put each word beside the words before it; a word of which there is no row yet gets one."""
    keys = "".join(f"{key}, " for key in by)
    # a group of which everybody was there before only has its counts too: zeros
    bits, held = ("CASE WHEN word >= 0 THEN bits ELSE 0 END", "") if by else ("bits", "word >= 0 AND ")
    yield "near_0", (f"    SELECT {keys}user_id, word, {bits} AS s1\n    FROM events\n"
                     f"    WHERE {held}user_id IS NOT NULL")
    for words in range(1, reach + 1):
        held = "".join(f"coalesce(own.{key}, earlier.{key}) AS {key}, " for key in by)
        kept = "".join(f"coalesce(own.before_{i}, 0) AS before_{i}, " for i in range(1, words))
        same = "".join(f"\n        AND coalesce(CAST(own.{key} AS VARCHAR), '') = "
                       f"coalesce(CAST(earlier.{key} AS VARCHAR), '')"
                       f"\n        AND (own.{key} IS NULL) = (earlier.{key} IS NULL)" for key in by)
        yield f"near_{words}", (
            f"    SELECT {held}coalesce(own.user_id, earlier.user_id) AS user_id,\n"
            f"        coalesce(own.word, earlier.word + {words}) AS word, coalesce(own.s1, 0) AS s1,\n"
            f"        {kept}coalesce(earlier.s1, 0) AS before_{words}\n"
            f"    FROM near_{words - 1} AS own FULL JOIN (\n"
            f"        SELECT {keys}user_id, word, s1 FROM near_0 WHERE word <= {last - words}) AS earlier\n"
            f"    ON own.user_id = earlier.user_id AND own.word = earlier.word + {words}{same}")


def _spreading(by: tuple[str, ...], longest: int, reach: int) -> Iterator[tuple[str, str]]:
    """The steps that spread bits over 1, 2, 4 ... periods within a word, and fill the words before downwards."""
    keys, source = "".join(f"{key}, " for key in by), f"near_{reach}"
    sizes, shift = ["s1"], 1
    while shift < min(longest, WORD):
        wider = f"s{shift} | ((s{shift} & {FULL >> shift}) << {shift}) AS s{2 * shift}"
        filled = "".join(f", before_{i} | (before_{i} >> {shift}) AS before_{i}" for i in range(1, reach + 1))
        yield f"step_{2 * shift}", f"    SELECT {keys}word, {', '.join(sizes)}, {wider}{filled}\n    FROM {source}"
        source = f"step_{2 * shift}"
        sizes.append(f"s{2 * shift}")
        shift *= 2


def _spread(size: int) -> str:
    """The bits of a word spread over so many periods, from the widest step that fits."""
    size = min(size, WORD)
    step = 1 << (size.bit_length() - 1)
    rest = size - step
    return f"s{step} | ((s{step} & {FULL >> rest}) << {rest})" if rest else f"s{step}"


def _over(size: int, words: int) -> str:
    """What a window of `size` periods reaches from so many words before."""
    short = WORD * words - (size - 1)
    earlier = f"before_{words}"
    if short >= WORD:
        return "0"
    if short >= 0:
        return f"({earlier} >> {short})"
    if -short >= WORD:
        return f"CASE WHEN {earlier} <> 0 THEN {FULL} ELSE 0 END"
    moved = f"(({earlier} & {FULL >> -short}) << {-short}) | {(1 << -short) - 1}"
    return f"CASE WHEN {earlier} <> 0 THEN {moved} ELSE 0 END"
