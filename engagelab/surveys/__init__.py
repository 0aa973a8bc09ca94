"""What people answer: scores, reliability, agreement, drivers, weights, links and free text."""

from engagelab.surveys.wide import wide

__all__ = ["wide"]


def __dir__() -> list[str]:
    return sorted(__all__)
