"""What the tests of pictures share."""

import itertools

import pytest
from matplotlib import pyplot


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture
def apart():
    """Whether texts that stand from left to right, once drawn, leave room between them; empty ones do not count."""
    def question(texts):
        texts[0].figure.canvas.draw()
        boxes = [text.get_window_extent() for text in texts if text.get_text().strip()]
        return all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
    return question
