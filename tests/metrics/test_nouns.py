"""What a noun accepts, and how it refuses the rest."""

import pandas as pd
import pytest

from engagelab.errors import UsageError
from engagelab.metrics.nouns import Noun, ces, csat, mean, nps, quantile, rate, ratio


@pytest.mark.parametrize("make", [rate, mean, quantile, nps, csat, ces])
@pytest.mark.parametrize("value", [pd.Series([1.0]), [1], None, 3, ""])
def test_data_in_place_of_a_columns_name_gets_a_helpful_error(make, value):
    with pytest.raises(TypeError, match=f'{make.__name__} takes the name of a column, such as el.mean\\("spend"\\)'):
        make(value)
    with pytest.raises(UsageError):
        ratio("x", value)


def test_nouns_are_frozen_equal_by_content_and_named_by_their_columns():
    assert rate("opened") == rate("opened")
    assert rate("opened") != rate("opened", better="lower")
    assert {rate("opened"): 1}[rate("opened")] == 1
    with pytest.raises(AttributeError):
        rate("opened").column = "other"
    assert [noun.name for noun in (ratio("a", "b"), quantile("a", .9), nps("a"), csat("a"), ces("a"))] == [
        "ratio(a, b)", "quantile(a, 0.9)", "nps(a)", "csat(a)", "ces(a)"]


@pytest.mark.parametrize("q", [0, 1, -1, 1.5, "half", None, True, float("nan")])
def test_a_quantile_lies_between_0_and_1(q):
    with pytest.raises(UsageError, match="q must lie between 0 and 1"):
        quantile("x", q)


def test_scales_and_tops_fit():
    assert csat("x", top=1, scale=(0, 10)).top == 1
    for top in (0, 5, -1, 1.5, True):
        with pytest.raises(UsageError, match="top of csat must be a whole number from 1 to 4"):
            csat("x", top=top)
    for scale in ((5, 1), (1, 1), [1, 5], (1, 5.0), 5, (1, 2, 3)):
        with pytest.raises(UsageError, match="scale of ces must be two whole numbers"):
            ces("x", scale=scale)


def test_directions_and_intervals_are_of_a_list():
    assert mean("x", better="lower").better == "lower"
    with pytest.raises(UsageError, match="better must be one of 'higher', 'lower'"):
        mean("x", better="low")
    with pytest.raises(UsageError, match="did you mean 'wald'"):
        nps("x", interval="wold")


def test_a_noun_says_what_it_is_called_what_it_sums_and_what_comes_of_it():
    with pytest.raises(TypeError, match=r"abstract methods '?ask'?, '?estimates'?, '?name'?"):
        Noun()
    with pytest.raises(UsageError, match=r"quantile\(x, 0.5\) cannot be told from sums; use measure\(\)"):
        quantile("x").estimates(None, .95)
