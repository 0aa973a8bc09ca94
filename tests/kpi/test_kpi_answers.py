"""What the answers share: on what the root depends, what has to be known, and how a table is looked at."""

from dataclasses import replace

import numpy as np
import pytest

from engagelab.errors import DataError
from engagelab.kpi.answers import between, described, known, reached
from engagelab.kpi.leaves import Window, cells_of
from engagelab.kpi.tree import Tree

TREE = Tree("profit = sold * price [JPY]\nsold ~ nps + price\nprice [JPY]\nnps [pt] # NPS").link("sold", "price", -2, 1)


def test_the_root_depends_on_what_defines_it_and_on_known_effects():
    assert reached(TREE, effects=False) == [name for name in TREE.program.inputs if name != "nps"]
    assert "nps" not in reached(TREE) and "nps" in reached(TREE.link("sold", "nps", 1, 1))


def test_a_missing_value_is_named_where_it_is_needed():
    inputs = cells_of(TREE, {"sold": 3, "price": 10, "nps": 5}, Window())[()]
    at = inputs.names.index("nps")
    unknown = replace(inputs, value=np.where(np.arange(3) == at, np.nan, inputs.value))
    assert known(TREE, unknown) == 30
    with pytest.raises(DataError, match="no value is known for nps"):
        known(TREE, unknown, ["nps"])
    with pytest.raises(DataError, match="no value is known for sold"):
        known(TREE, replace(inputs, value=np.where(np.array(inputs.names) == "sold", np.nan, inputs.value)))


def test_a_row_says_what_it_is_of_in_words_and_units():
    assert described(TREE, "nps") == {"metric": "nps", "label": "NPS", "unit": "points"}
    assert between({"low": 1e6, "high": 2.5e6}, "JPY", signed=True) == "+¥1.00M to +¥2.50M"
    assert between({"low": np.nan, "high": np.nan}, "JPY") == ""
