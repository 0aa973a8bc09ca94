"""Where all answered alike, a share says what each one said.

Where all but one did, that one knows what the others said, and a mask over unanimous cells alone would tell as much as
the number. So both are masked, as shares near 0 and 1 are in small groups elsewhere (National Center for Education
Statistics, SLDS Technical Brief 3, 2011-603: top and bottom coding by the size of the group).
"""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.metrics.nouns import ALIKE, Noun
from engagelab.privacy import cells
from engagelab.summaries.moments import Ask, Sums

DIFFER = 1  # answers that may differ in a masked cell; with 0 the mask itself would tell what all said
KINDS = {2: ("high", "low"), 3: ("promoters", "detractors", "passives")}
MASKED = (*KINDS[2], *KINDS[3], cells.ALIKE, cells.BESIDE)  # the flags, as keys of words


def kinds(noun: Noun, ask: Ask, sums: Sums) -> dict[str, np.ndarray]:
    """Columns that tell how alike the answers of each group are.

    Of a share or NPS `kind_0, kind_1 ...`, how many rows gave each kind of answer; else `same`, whether all
    rows have one value. A quantile does not tell whether all are alike.
    """
    if ask.flags:
        counts = np.column_stack([sums.counts, sums.n - sums.counts.sum(axis=1)]) if ask.values else sums.counts
        return {f"kind_{i}": counts[:, i] for i in range(counts.shape[1])}
    gradient = noun.gradient(sums.mean)
    with np.errstate(invalid="ignore"):
        spread = np.einsum("gi,gij,gj->g", gradient, sums.cov, gradient)
        return {"same": spread <= (ALIKE * np.abs(gradient * sums.mean).sum(axis=1)) ** 2}


def alike(table: pd.DataFrame) -> cells.Alike:
    """Whether some rows together, by their `kinds`, show that respondents answered alike, or all but one."""
    counts = _counts(table)
    if counts.shape[1]:
        return lambda places, unsaid: _plain(counts[places], np.array(unsaid))
    same, value = (table[name].to_numpy() if name in table else np.zeros(len(table)) for name in ("same", "estimate"))
    near = ALIKE * np.abs(value).max(initial=0)
    return lambda places, unsaid: bool(same[places].all() and np.ptp(value[places]) <= near)


def _counts(table: pd.DataFrame) -> np.ndarray:
    return table.filter(regex=r"^kind_\d+$").to_numpy(dtype="float64", na_value=0)


def _plain(counts: np.ndarray, unsaid: np.ndarray) -> bool:
    """Whether the sum of these cells tells what each respondent said, or how many differ in a masked cell.

    In a masked cell one answer at most differs, and two at least in a cell that is not: a sum at an end of what is
    possible has one solution. Of cells hidden for their size (`unsaid`) nothing is known.
    """
    whole, size, many = counts.sum(axis=0), counts.sum(axis=1, keepdims=True), len(counts.T)
    if whole.sum() - whole.max() <= DIFFER:
        return True
    main = counts.argmax(axis=1)[:, None] == np.arange(many)
    masked = (size - counts.max(axis=1, keepdims=True) <= DIFFER) & ~unsaid[:, None]
    low = np.select([masked & main, masked | unsaid[:, None]], [size - DIFFER, 0], DIFFER + 1 if many == 2 else 0)
    high = np.select([masked & main, masked, unsaid[:, None]], [size, DIFFER, size], size - DIFFER - 1)
    tight = (whole == low.sum(axis=0)) | (whole == high.sum(axis=0)) | ((high > low).sum(axis=0) < 2)
    return bool((tight & (masked & main).any(axis=0)).any())


def flags(table: pd.DataFrame, why: list[str], least: np.ndarray) -> list[str]:
    """Why each row is hidden or masked, in words; "" where it is shown."""
    said = []
    for reason, need, of_each in zip(why, least, _counts(table), strict=True):
        if reason == cells.ALIKE:
            kind = KINDS[len(of_each)][of_each.argmax()] if len(of_each) else reason
            one = 100 * DIFFER / max(of_each.sum(), 1) if len(of_each) else 0.0  # per cent that may differ
            share = np.floor(100 - one + 1e-9) if kind == "high" else np.ceil(one - 1e-9)
            said.append(words.text(f"metrics.flag_{kind}", n=int(share)))
        else:
            said.append(words.text(f"metrics.flag_{reason}", n=need) if reason else "")
    return said
