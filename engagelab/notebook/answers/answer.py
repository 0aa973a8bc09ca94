"""The answer that an exercise asks for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What is right, what the naive reading gives (None where there is no such reading), and how near is near enough.

    `right` and `naive`: a number, a text, or several of them, whose order does not count. `within` is the largest
    absolute difference of numbers.
    """

    right: object
    naive: object = None
    within: float = 0.0
