"""Words that people use and the list of words lacks: what to add to it next.

Runs of two to eight Chinese characters before a particle, runs of katakana, English words and pairs of them.
"""

import itertools
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from engagelab.surveys.lexicon import NAME, STOP_WORD, Lexicon, plain
from engagelab.surveys.tone import Found

RESPONDENTS = 5  # the fewest whose word is shown
LATIN, ADDRESS = re.compile(r"[a-z0-9@#_.%+/:?=&~-]+"), re.compile(r"[0-9@#_]|://|www\.")
RUN = re.compile(r"[一-龯々]{2,8}(?=[はがをにでともやのへなだ]|から|まで|より|です|[^ぁ-ん一-龯々]|$)|"
                 r"[ァ-ヴー]{2,12}(?![ァ-ヴー])")
ENGLISH = re.compile(r"(?<![a-z0-9'])[a-z]{3,20}(?![a-z0-9'@])")
HONORED = re.compile(r"([一-龯々]{1,8}?|[ァ-ヴー]{1,12}?)"
                     r"(?:さん|さま|様|氏|くん|君|ちゃん|先生|店長|部長|課長|係長|社長|主任|リーダー)")
CAPITAL = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{1,20}\b|\b(?:Mr|Mrs|Ms|Dr)\.? ?[A-Z][a-z]{1,20}\b")


def new_terms(texts: pd.Series, who: np.ndarray, found: Mapping[str, set[str]], lexicon: Lexicon) -> pd.DataFrame:
    """Words that are not in the list, with how many respondents use them: `term`, `respondents`, most of them first.

    texts : what each answer says; who : a number for its respondent; found : `candidates` of each text. Left out: what
    fewer than 5 use, stop words, frequent names, and words that anywhere stand with an honorific or a title or, in
    English, with a capital inside a sentence.

    >>> from engagelab.surveys.lexicon import read_lexicon
    >>> found = {text: candidates(text, []) for text in ("定期便が便利", "定期便は田中さん")}
    >>> new_terms(pd.Series([*found] * 3), np.arange(6), found, read_lexicon())
      term  respondents
    0  定期便            6
    """
    barred = set(lexicon.sets[NAME] | lexicon.sets[STOP_WORD])
    for text in found:
        shown = plain(text)
        barred |= {name.casefold() for name in HONORED.findall(shown)}
        barred |= {word.casefold() for run in CAPITAL.findall(shown) for word in run.split()}
    seen: dict[str, set[int]] = {}
    for person, text in zip(who.tolist(), texts, strict=True):
        for term in found[text]:
            seen.setdefault(term, set()).add(person)
    counts = {term: len(people) for term, people in seen.items()
              if len(people) >= RESPONDENTS and barred.isdisjoint({term, *term.split()})}
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return pd.DataFrame(ordered, columns=["term", "respondents"]).astype({"term": "str", "respondents": "int64"})


def candidates(clean: str, found: list[Found]) -> set[str]:
    """Those of a normalised text: runs that touch none of its words `found`, no address, no number; never all of it."""
    covered = bytearray(len(clean) + 2)   # a letter's place is one further
    spans = [(each.start, each.end) for each in found]
    for start, end in spans + [match.span() for match in LATIN.finditer(clean) if ADDRESS.search(match[0])]:
        covered[start + 1:end + 1] = b"\1" * (end - start)
    runs = {match[0] for match in RUN.finditer(clean) if 1 not in covered[match.start():match.end() + 2]}
    english = [match for match in ENGLISH.finditer(clean) if not covered[match.start() + 1]]
    pairs = {f"{one[0]} {two[0]}" for one, two in itertools.pairwise(english) if clean[one.end():two.start()] == " "}
    return (runs | {match[0] for match in english} | pairs) - {clean.strip("。.!? ")}
