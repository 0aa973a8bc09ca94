"""A pulse of our own: ten questions that anybody may use, change and pass on.

The wording is the project's own, in English and Japanese, and given away under CC0 1.0: no permission, no licence fee,
no name to mention. It follows no published questionnaire, so no published norm applies to it.
"""

import functools
from importlib.resources import files

import pandas as pd

from engagelab import words
from engagelab.errors import one_of


def pulse(language: str | None = None) -> pd.DataFrame:
    """Ten questions, each answered from 0 to 10, in the language in which the code speaks, or in this one ("en", "ja").

    Columns `question_id, dimension, kind, question, low, high`, as in the table `pulses`: the last two are the words
    beneath 0 and 10. Three questions ask for the overall indicators, one each for vigor, dedication and absorption,
    four for drivers. One question a dimension makes no scale: look at items, not at subscales.
    `.attrs["notes"]` says what to keep where only two questions can be asked.

    >>> asked = pulse()
    >>> asked[["question_id", "dimension", "high"]].head(3)
        question_id dimension        high
    0          enps   overall   certainly
    1  satisfaction   overall  completely
    2          stay   overall   certainly
    """
    spoken = one_of("language", words.language() if language is None else language, words.LANGUAGES)
    table = _bank()
    found = table[["question_id", "dimension", "kind"]].assign(
        question=table[spoken], low=table[f"low_{spoken}"], high=table[f"high_{spoken}"])
    with words.speaking(spoken):
        found.attrs = {"notes": [words.text("scores.two_questions")]}
    return found


@functools.cache
def _bank() -> pd.DataFrame:
    with files(__package__).joinpath("pulse.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype="str")
