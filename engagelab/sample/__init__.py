"""The sample company: Asanagi Coffee, made up from a seed, of any size, with its known truth.

Nobody and nothing in it is real. Fourteen truths are planted in which the naive reading of the
tables is wrong; `truths()` and `data/truth.json` name them.
"""

from engagelab.sample.committed import example
from engagelab.sample.company import generate
from engagelab.sample.truths import truths
from engagelab.sample.writing import write

__all__ = ["example", "generate", "truths", "write"]
