"""The table, the headline and the sentences say what the numbers say, and never more."""

import numpy as np
import pytest

from engagelab import words
from engagelab.kpi.explain import outline_svg
from engagelab.kpi.tree import Tree

TREE = Tree("""
profit = value - cost         [JPY]     # Profit | 利益
value  = customers * spend    [JPY]     # Value | 売上
customers                     [person]  # Customers | 顧客数
spend  ~ nps                  [JPY/person]  # Spend | 客単価
cost                          [JPY]     # Cost | 費用
nps                           [pt]      # NPS
""").link("spend", "nps", 2.0, .5, "a survey")
BEFORE = {"customers": (1000, 10), "spend": (100, 1), "cost": 40_000, "nps": (20, 2)}
AFTER = BEFORE | {"customers": (1100, 10), "spend": (120, 1), "nps": (25, 2)}
COLUMNS = ["metric", "label", "parent", "kind", "unit", "per", "before", "after", "change", "contribution", "low",
           "high", "share", "noise", "n_before", "n_after", "method", "flag", "key", "note"]


def test_the_table_has_a_row_a_node_and_one_for_what_drivers_leave():
    found = TREE.key(["profit", "spend", "cost"]).explain(BEFORE, AFTER)
    assert found.frame.columns.tolist() == COLUMNS
    assert found.frame["metric"].tolist() == ["profit", "value", "customers", "spend", "nps", "cost", "spend"]
    assert found.frame["kind"].tolist() == ["definition", "definition", "leaf", "estimated", "leaf", "leaf",
                                            "unexplained"]
    assert found.frame["key"].tolist() == [True, False, False, True, False, True, False]
    frame = found.frame.iloc[:6].set_index("metric")
    assert frame.loc["spend", "contribution"] == pytest.approx(20 * 1050)
    assert frame.loc["nps", "contribution"] == pytest.approx(2 * 5 * 1050)
    assert found.frame["contribution"].iloc[-1] == pytest.approx((20 - 10) * 1050)
    assert frame.loc["cost", "contribution"] == 0 and frame.loc["cost", "noise"] is None


def test_edges_carry_operators_and_what_flows_through_them():
    edges = TREE.explain(BEFORE, AFTER).edges
    assert edges.columns.tolist() == ["parent", "child", "operator", "contribution", "low", "high"]
    assert dict(zip(zip(edges["parent"], edges["child"], strict=True), edges["operator"], strict=True)) == {
        ("profit", "value"): "", ("profit", "cost"): "−", ("value", "customers"): "", ("value", "spend"): "×",
        ("spend", "nps"): "~", ("spend", ""): "~"}


def test_the_headline_and_the_sentences_tell_what_moved_it():
    found = TREE.explain(BEFORE, AFTER)
    assert found.title == "Profit rose by ¥32,000: Spend (higher) alone is worth +¥21,000"
    said = found.say()
    assert said[0].startswith("Profit went from ¥60,000 to ¥92,000: +¥32,000") and said[0].endswith("more than noise.")
    assert said[1].startswith("Spend (¥100 to ¥120) contributed +¥21,000") and len(found.say(1)) == 2
    assert "explains +¥10,500 of the +¥21,000" in repr(found)


def test_noise_is_called_so_and_never_given_a_share():
    after = BEFORE | {"customers": (1005, 10), "spend": (100.4, 1)}
    found = TREE.explain(BEFORE, after)
    assert found.frame["noise"].iloc[0] is True and found.frame["share"].isna().all()
    assert "may be noise" in found.title and "may be noise" in found.say()[0]


def test_where_no_error_is_known_nothing_is_called_noise_or_sure():
    ends = [{name: value[0] if isinstance(value, tuple) else value for name, value in end.items()}
            for end in (BEFORE, AFTER)]
    found = Tree("profit = customers * spend - cost + 0 * nps").explain(*ends)
    assert (found.frame["noise"].isna()).all() and found.frame["low"].isna().all()
    assert found.frame["share"].iloc[0] == 1 and any("No errors" in note for note in found.notes)
    assert "noise" not in found.say()[0]


def test_shares_are_parts_of_the_whole_change():
    frame = TREE.explain(BEFORE, AFTER).frame
    leaves = frame[frame["metric"].isin(["customers", "spend", "cost"]) & (frame["kind"] != "unexplained")]
    assert leaves["share"].sum() == pytest.approx(1)


def test_the_headline_names_periods_where_they_are_known():
    tree = Tree("sales = orders * basket [JPY]")
    values = tree.evaluate({"orders": {"2026Q1": (100, 2), "2026Q2": (130, 2)}, "basket": 50}, every="quarter")
    found = tree.explain(values["2026Q1"], values["2026Q2"])
    assert found.subtitle.startswith("2026Q2 against 2026Q1.")
    assert found.frame["contribution"].tolist() == pytest.approx([1500, 1500, 0])


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_picture_is_the_same_bytes_and_speaks_the_language(language):
    with words.speaking(language):
        found = TREE.explain(BEFORE, AFTER)
        assert found.svg() == TREE.explain(BEFORE, AFTER).svg()
        assert ("利益" if language == "ja" else "Profit") in found.svg()
        assert "data:image/svg+xml;base64," in found._repr_html_()


def test_what_cannot_be_told_is_said_so():
    told = {name: {"a": value} for name, value in AFTER.items()} | {"cost": {"a": 5.0, "b": 4.0}}
    values = TREE.evaluate(told, by="shop")
    found = TREE.explain(values["a"], values["b"])
    assert found.title == "Profit: what moved it cannot be told"
    assert np.isnan(found.frame["contribution"].iloc[0]) and "not measured here" in found.frame["flag"].tolist()


def test_shapley_names_the_largest_of_what_was_measured():
    found = Tree("p = v - c\nv = a * b").explain({"a": 1, "b": 2, "c": .5}, {"a": 2, "b": 2.5, "c": .4},
                                                method="shapley")
    assert "a (higher)" in found.title
    assert np.isnan(found.frame.set_index("metric").loc["v", "contribution"])


def test_a_change_of_a_share_is_in_percentage_points_and_one_of_points_has_no_plus():
    tree = Tree("conversion = orders / visits [%]\norders [order]\nvisits [order]")
    found = tree.explain({"orders": 10, "visits": 100}, {"orders": 12, "visits": 100})
    assert found.title == "conversion rose by 2.0 pp: orders (higher) alone is worth +2.0 pp"
    score = Tree("nps = a - b [pt]\na [pt]\nb [pt]")
    ends = {"a": (50, 1), "b": (30, 1)}, {"a": (40, 1), "b": (30, 1)}
    assert score.explain(*ends).title.startswith("nps fell by 10.0 pt:")
    linked = Tree("churn ~ nps [1/month]\nnps [pt]").link("churn", "nps", -.0002, .00003)
    note = linked.explain({"churn": .03, "nps": 20}, {"churn": .028, "nps": 30}).frame["note"].iloc[1]
    assert "by −0.020 pp ± 0.0059 pp; explains −0.20 pp of the −0.20 pp" in note
    with words.speaking("ja"):
        assert score.explain(*ends).title.startswith("npsは10.0pt低下：a（低下）")
        assert TREE.explain(BEFORE, AFTER).title == "利益は32,000円増加：客単価（増加）だけで+21,000円"


def test_the_interval_is_called_by_the_confidence_that_was_asked_for():
    found = TREE.explain(BEFORE, AFTER, confidence=.999)
    assert "99.9% interval" in repr(found) and ">99.9% interval<" in found.svg() and "95%" not in repr(found)
    assert found.frame["method"].iloc[0].endswith("99.9% intervals") and "99.9%" in found.subtitle


def test_shapley_hangs_what_was_measured_on_the_root_and_leaves_out_what_is_between():
    tree = Tree("p = v - c\nv = a * b\nc ~ n").link("c", "n", 1, .1)
    found = tree.explain({"a": 1, "b": 2, "c": .5, "n": 1}, {"a": 2, "b": 2.5, "c": .4, "n": 2}, method="shapley")
    assert found.edges["parent"].unique().tolist() == ["p"] and set(found.edges["child"]) == {"a", "b", "c"}
    assert found.edges["contribution"].sum() == pytest.approx(found.frame["contribution"].iloc[0])
    assert found.svg().count('rx="8" stroke=') == 4 and found.svg().count("fill-opacity") == 3    # cards, ribbons
    assert [line.split()[1] for line in repr(found).splitlines()[3:6]] == ["c", "a", "b"]
    assert found.frame.set_index("metric").loc[["v", "n"], "contribution"].isna().all()


def test_a_driver_without_a_told_effect_is_unknown_and_the_rest_is_always_shown():
    tree = Tree("value = kept * 10 [JPY]\nkept ~ nps + price\nprice = list - off")
    before = {"kept": (1, .1), "nps": 5, "list": 4, "off": 1}
    after = before | {"kept": (2, .1), "nps": 15, "off": 2}
    found = tree.link("kept", "nps", .02, .005).explain(before, after)
    rows = found.frame[found.frame["kind"] != "unexplained"].set_index("metric")
    assert rows.loc[["price", "list", "off"], "contribution"].isna().all() and rows.loc["nps", "contribution"] == 2
    assert rows.loc["price", "note"] == 'effect on kept not known: tree.link("kept", "price", effect, se)'
    assert any(line.lstrip().startswith("└─ ~ not explained") and "+¥8" in line for line in repr(found).splitlines())
    assert "not explained: +¥8 (" in " ".join(found.svg().split())
    alone = tree.explain(before, after)
    assert alone.frame.iloc[-1][["kind", "contribution"]].tolist() == ["unexplained", 10.0]
    assert alone.frame.set_index("metric").loc["nps", "contribution"] != 0 and "Shapley" not in alone.title
    plain = tree.explain({**before, "kept": 1}, {**after, "kept": 2}).svg()
    assert "not explained: +¥10<" in plain


def test_notes_stand_beneath_the_picture():
    found = Tree("x = a + b").explain({"a": 1, "b": 2}, {"a": 2, "b": 2})
    assert "<p><small>No errors of these figures are known" in found._repr_html_()
    assert "no whisker: no error known" in found.svg()


def test_a_tree_without_values_is_drawn_with_its_formulas_and_units():
    picture = outline_svg(TREE)
    for text in ("Value", "value = customers * spend", "JPY/person", "spend ~ nps"):
        assert f">{text}<" in picture
    assert "–" not in picture and outline_svg(TREE) == picture


def test_levels_that_look_alike_in_short_are_told_in_full():
    tree = Tree("sales = orders * price [JPY]\norders\nprice [JPY]")
    found = tree.explain({"orders": 10_000, "price": 2_071.0}, {"orders": 10_000, "price": 2_074.0})
    assert found.say()[0].startswith("sales went from ¥20,710,000 to ¥20,740,000: +¥30,000")
