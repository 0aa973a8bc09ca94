"""Which themes a text mentions and in which tone, by a list of words: the longest word first, then what turns it round.

A text is cut into clauses (at full stops and at words such as "but", ですが) and those into parts (at commas). The tone
of a mention is its own polarity, or that of the nearest word of tone in its part, or else in a part of its clause that
mentions no other theme. What turns a tone round: in English a "not", "never", "nobody" ... within three words before it
in its part; in Japanese a ない, ません, ず ... in the ending that follows it, which is hiragana with at most two verbs
such as 思 or 言. Two of them turn it back (なくはない), and しかない turns nothing. A theme without any tone that is
said not to be there ("no training", 研修がない) is negative. Irony is not understood.
"""

import itertools
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from engagelab.surveys.lexicon import Lexicon, Word, normalised

CLAUSE = (r"[。.!?\n]|(?:(?<=です)|(?<=ます)|(?<=ません)|(?<=[ただ])|(?<=[しよな良高安]い))が|が、|のに、|けれど|"
          r"けど|しかし|ものの|反面|一方|"
          r"(?<![a-z])(?:but|however|although|though|yet|whereas|except|despite)(?![a-z])")
BREAKS = re.compile(rf"(?P<clause>{CLAUSE})|[、,;:()「」…~/]")
BEFORE = re.compile(r"(?:not(?! only)|no|never|hardly|barely|rarely|without|lack|lacks|lacking|neither|nor|nobody|none|"
                    r"nothing|cannot|[a-z]+n't)(?![a-z'])")
ENDING = re.compile(r"[ぁ-ん]{0,10}(?:[言思感見得出来][ぁ-ん]{0,10}){0,2}")
LACKING = re.compile(r"[ぁ-ん]{0,4}[一-龯]{0,2}[ぁ-ん]{0,10}")
AFTER = re.compile("ない|なく|なかっ|なさそう|ません|ず(?=に|$)|ぬ$")
ASCII = re.compile("[a-z0-9']")
NEAR, BEHIND = 5, 3  # words of the list that are looked at on either side; letters that a tone before is further away


class Found(NamedTuple):
    """A word of the list at a place in a text: in which clause and part of it, and whether it is turned round."""

    start: int
    end: int
    word: Word
    clause: int
    part: int
    turned: bool
    lacking: bool


def themes(found: list[Found]) -> dict[str, int]:
    """The themes that the words of a text mention, each with its tone: 1, -1, or 0 for neither or both alike.

    >>> from engagelab.surveys.lexicon import read_lexicon
    >>> themes(words_in("給料は悪くないですが、休憩が取れません", read_lexicon()))
    {'pay': 1, 'workload': -1}
    """
    sums: dict[str, int] = {}
    for place, each in enumerate(found):
        if each.word.theme and not _tells(place, found):
            sums[each.word.theme] = sums.get(each.word.theme, 0) + _tone(place, found)
    return {theme: (total > 0) - (total < 0) for theme, total in sums.items()}


def words_in(text: str, lexicon: Lexicon, edges: set[int] | None = None) -> list[Found]:
    """The words of the list in a normalised text, from left to right, none over another; between `edges` of tokens."""
    breaks = list(BREAKS.finditer(text))
    starts = [each.start() for each in breaks]
    clauses = [0]
    for each in breaks:
        clauses.append(clauses[-1] + (each["clause"] is not None))
    spans = list(_spans(text, lexicon, edges))
    found: list[Found] = []
    told = 0   # where the last word of tone ended: a "not" turns one of them round, not all that follow
    for (start, end, word), (ahead, _, _) in itertools.pairwise([*spans, (len(text), 0, Word())]):
        part = bisect_right(starts, start)
        before = text[max(breaks[part - 1].end() if part else 0, told):start]
        after = text[end:min([ahead, *starts[part:part + 1]])]
        turned = found[-1].turned if before.strip() == "or" else _denied(before, after, ENDING)
        bare = bool(word.theme) and not word.polarity
        found.append(Found(start, end, word, clauses[part], part, turned,
                           turned or (bare and _denied(before, after, LACKING))))
        told = end if word.polarity or word.tones else told
    return found


def joined(tokens: Sequence[str]) -> tuple[str, set[int]]:
    """The text of the tokens, a space between two that are both written in Latin letters, and where tokens end."""
    text, edges = "", {0}
    for token in map(normalised, tokens):
        apart = text and token and ASCII.match(text[-1]) and ASCII.match(token)
        start = len(text) + bool(apart)
        text += f" {token}" if apart else token
        edges |= {start, len(text)}
    return text, edges


def _spans(text: str, lexicon: Lexicon, edges: set[int] | None):
    """The longest words from left to right that stand alone: between edges of tokens, or of Latin letters."""
    at = 0
    while match := lexicon.pattern.search(text, at):
        start, end = match.span()
        longest: re.Match[str] | None = match
        while longest and not _alone(text, start, end := longest.end(), lexicon.words[longest[0]], edges):
            longest = lexicon.pattern.match(text, start, end - 1)
        if longest:
            yield start, end, lexicon.words[longest[0]]
        at = end if longest else start + 1


def _alone(text: str, start: int, end: int, word: Word, edges: set[int] | None) -> bool:
    if edges is not None:
        return start in edges and (word.ending or end in edges)
    if ASCII.match(text[start]) and start and ASCII.match(text[start - 1]):
        return False
    return word.ending or not (ASCII.match(text[end - 1]) and ASCII.match(text[end:end + 1]))


def _denied(before: str, after: str, ending: re.Pattern[str]) -> bool:
    """Whether an odd number of negations stands before or behind."""
    count = 0
    if len(before) > 1:
        last = before.split(" and ")[-1].split()[-3:]
        count = sum(bool(BEFORE.match(word)) for word in last) - ("not only" in before)
    if match := ending.match(after):
        count += len(AFTER.findall(match[0])) - ("しか" in match[0])
    return count % 2 == 1


def _near(place: int, found: list[Found]) -> range:
    return range(max(0, place - NEAR), min(len(found), place + NEAR + 1))


def _tells(place: int, found: list[Found]) -> bool:
    """Whether a word only tells the tone of another theme that its part names, as 安い does of 時給."""
    own = found[place]
    return any(found[other].part == own.part and found[other].word.theme in own.word.tones
               for other in _near(place, found) if other != place and found[other].word.theme)


def _polarity(each: Found, own: Found) -> int | None:
    """What a word near a mention says of its theme, None where it says nothing."""
    told = each.word.tones.get(own.word.theme, each.word.tones.get("", each.word.polarity or None))
    if told is not None:
        return -told if each.turned else told
    return -1 if each.lacking and each is not own and each.word.theme else None


def _tone(place: int, found: list[Found]) -> int:
    """The tone of one mention."""
    own = found[place]
    if own.word.polarity:
        return -own.word.polarity if own.turned else own.word.polarity
    near = _near(place, found)
    taken = {found[other].part for other in near if found[other].word.theme not in ("", own.word.theme)} - {own.part}
    tones = []
    for other in near:
        each = found[other]
        polarity = _polarity(each, own)
        if polarity is not None and each.clause == own.clause and each.part not in taken:
            gap = each.start - own.end if other >= place else own.start - each.end + BEHIND
            tones.append((abs(each.part - own.part), gap, polarity))
    if tones:
        return min(tones)[2]
    return -1 if own.lacking else 0
