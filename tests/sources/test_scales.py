"""Scales: what a wording says of them, and which answers are points of them."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sources.scales import MEASURED, named, of_kind, strays


@pytest.mark.parametrize(
    "wording, scale",
    [
        ("Recommend us? (0-10)", (0, 10)),
        ("勧めますか（0〜10）", (0, 10)),
        ("0点から10点でお答えください", (0, 10)),
        ("Rate from 1 to 5", (1, 5)),
        ("(1：とても不満 〜 5：とても満足)", (1, 5)),
        ("on a 7-point scale", (1, 7)),
        ("11段階で", (0, 10)),
        ("Were you satisfied with the event on 1/5?", None),
        ("Version 1.1-2", None),
        ("2026-04-01 to 2026-04-10", None),
        ("Which of the 3?", None),
    ],
)
def test_the_scale_that_a_wording_names(wording, scale):
    assert named(wording) == scale


def test_strays_are_what_is_no_point():
    score = pd.Series([0, 1, 4.5, 5, 6, np.nan])
    assert strays(score, "csat").tolist() == [True, False, True, False, True, False]
    assert not strays(score, "scale").any()
    assert [of_kind(kind) for kind in MEASURED] == [(0, 10), (0, 10), (1, 7), (1, 5)]
