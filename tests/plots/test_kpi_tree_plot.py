"""The picture of a KPI tree: what it says, that no cards meet, that ribbons add up, that hostile text stays text."""

import base64
import itertools
import math
import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.display import short
from engagelab.plots.kpi_tree import data_uri_html, svg, text_tree
from engagelab.plots.kpi_tree_layout import GAP, LINE, STACK, WIDE, display_width, fitted, place, room, wrapped

NAN = math.nan
TALL = 80
TREE = [  # metric, English, Japanese, parent, operator, unit, per, before, after, contribution, low, high, key
    ("profit", "Campaign profit", "施策利益", "", "", "JPY", "", 639.6e6, 680.2e6, 40.6e6, .7e6, 80e6, True),
    ("value", "Customer value", "顧客価値", "profit", "", "JPY", "", 668.4e6, 718e6, 49.6e6, 10.5e6, 89.2e6, False),
    ("customers", "Active customers", "アクティブ顧客数", "value", "", "count", "", 35200, 36151, 18.4e6, 7e6, 30e6,
     False),
    ("ltv", "Value per customer", "顧客あたり生涯価値", "value", "×", "JPY", "/person", 18987, 19861, 31.2e6,
     -5.5e6, 68e6, False),
    ("arpu", "ARPU", "ユーザーあたり平均売上", "ltv", "", "JPY", "/person/month", 980, 961, -13.5e6, -25.2e6,
     -2e6, False),
    ("margin", "Gross margin", "粗利率", "ltv", "×", "share", "", .62, .62, 0, NAN, NAN, False),
    ("churn", "Monthly churn", "月次解約率", "ltv", "÷", "share", "/month", .032, .03, 44.7e6, 9.6e6, 79.6e6, True),
    ("nps", "NPS", "NPS", "churn", "~", "points", "", 21, 27, 26.8e6, 11e6, 42.9e6, False),
    ("cost", "Campaign cost", "施策費用", "profit", "−", "JPY", "", 28.8e6, 37.8e6, -9e6, NAN, NAN, False)]
NOTE = {"en": "estimated: +1 NPS point moves churn by −0.020 ± 0.006 points; explains ¥26.8M of the ¥44.7M",
        "ja": "推定：NPSが1ポイント上がると解約率は0.020±0.006ポイント下がる。4,470万円のうち2,680万円を説明"}
SAID = {"title": "Profit rose", "subtitle": "May against April"}


def frames(tree=TREE, language="en", more=()):
    """The two frames of a tree; `more` are the edges of further parents."""
    names = ["metric", "en", "ja", "parent", "operator", "unit", "per", "before", "after", "contribution", "low",
             "high", "key"]
    table = pd.DataFrame(tree, columns=names)
    nodes = table.assign(label=table[language], kind="leaf", change=table["after"] - table["before"],
                         noise=(table["low"] <= 0) & (table["high"] >= 0),
                         note=[NOTE[language] if sign == "~" else "" for sign in table["operator"]])
    edges = table[1:].rename(columns={"metric": "child"})[["parent", "child", "operator", "contribution", "low",
                                                           "high"]]
    return nodes.drop(columns=["en", "ja", "operator"]), pd.concat([edges, pd.DataFrame(more)], ignore_index=True)


def small(*rows):
    """A tree of amounts in yen: metric, parent, operator, before, after, contribution, low, high."""
    return frames([(name, name, name, parent, sign, "JPY", "", before, after, part, low, high, False)
                   for name, parent, sign, before, after, part, low, high in rows])


def texts(picture):
    elements = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(element.itertext()) for element in elements]


def amount(picture, text):
    return next(line for line in picture.splitlines() if f">{text}<" in line)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_card_says_label_value_change_and_contribution(language):
    nodes, edges = frames(language=language)
    with words.speaking(language):
        said = texts(svg(nodes, edges, **SAID))
        wanted = {"en": ["¥680M", "▲ 6.3%", "+¥40.6M", "¥961/person/month", "▼ 1.9%", "−¥13.5M", "unchanged",
                         "▼ 0.20 pp", "+27.0", "▲ 6.0 pt"],
                  "ja": ["6.80億円", "▲ 6.3%", "+4,060万円", "−1,350万円", "変化なし", "▼ 0.20ポイント", "▲ 6.0pt"]}
        wanted = wanted[language]
        assert set(nodes["label"]) | set(wanted) <= set(said)
    picture = svg(nodes, edges, **SAID)
    assert amount(picture, "NPS" if language == "en" else "粗利率").startswith('<text x="13.0"')
    assert amount(picture, nodes["label"][0]).startswith('<text x="29.0"')  # after the star of a key indicator
    assert re.findall(rf'<text x="3.0" y="{TALL + LINE}.0"[^>]*>(..)', picture) == [nodes["note"][7][:2]]
    with words.speaking(language):
        assert "".join(nodes["note"]).replace(" ", "") in "".join(said).replace(" ", "")


def test_the_same_frames_give_the_same_bytes_and_leave_the_frames_as_they_were():
    nodes, edges = frames()
    before = nodes.copy(), edges.copy()
    assert svg(nodes, edges, **SAID).encode() == svg(nodes, edges, **SAID).encode()
    pd.testing.assert_frame_equal(nodes, before[0])
    pd.testing.assert_frame_equal(edges, before[1])


def test_the_picture_refers_to_nothing_outside_and_every_place_is_a_finite_number():
    picture = svg(*frames(), **SAID)
    assert re.findall(r"https?://[^\" ]+", picture) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"href|url\(|<image|<style|<script|nan|inf\b", picture)


def test_hostile_labels_stay_text():
    nodes, edges = frames()
    bad = "</svg><script>alert('x')</script>&\"\x00\x0b\ud800\u202e"
    picture = svg(nodes.assign(label=bad, per=bad, note=bad), edges, title=bad, subtitle=bad)
    tags = {element.tag.partition("}")[2] for element in ElementTree.fromstring(picture.encode()).iter()}
    assert tags == {"svg", "title", "rect", "g", "path", "text", "tspan", "polygon"}
    html = data_uri_html(picture, bad)
    assert html.count("<") == 1 and 'alt="&lt;/svg&gt;' in html
    assert base64.b64decode(html.partition("base64,")[2].removesuffix('">')).decode() == picture
    text_tree(nodes.assign(label=bad), edges).encode()


def of_ribbons(nodes, edges):
    return place(nodes.to_dict("records"), edges.to_dict("records"), TALL)


def test_ribbons_are_as_wide_as_what_goes_through_them_and_add_up_at_each_card():
    layout = of_ribbons(*frames())
    width = {ribbon.edge["child"]: math.copysign(ribbon.width, ribbon.edge["contribution"])
             for ribbon in layout.ribbons}
    assert width["value"] == pytest.approx(width["customers"] + width["ltv"])
    assert width["ltv"] == pytest.approx(width["arpu"] + width["margin"] + width["churn"])
    scale = width["value"] / 49.6e6
    assert width["cost"] == pytest.approx(-9e6 * scale) and width["nps"] == width["margin"] == 0
    widest = max(49.6e6 + 9e6, 18.4e6 + 31.2e6, 13.5e6 + 44.7e6)
    assert scale * widest == pytest.approx(STACK * TALL)
    for near, side in (("parent", "start"), ("child", "end")):
        for name, (_, top) in layout.cards.items():
            stack = sorted((ribbon for ribbon in layout.ribbons if ribbon.edge[near] == name and ribbon.width),
                           key=lambda ribbon: getattr(ribbon, side))
            for upper, lower in itertools.pairwise(stack):
                assert getattr(upper, side) + upper.width / 2 == pytest.approx(getattr(lower, side) - lower.width / 2)
            if stack:
                ends = [getattr(ribbon, side) + turn * ribbon.width / 2 for ribbon in stack for turn in (-1, 1)]
                assert (min(ends) + max(ends)) / 2 == pytest.approx(top + TALL / 2)


def test_the_drawn_ribbon_has_the_width_of_the_layout():
    nodes, edges = frames()
    bands = [re.findall(r"-?\d+\.?\d*", path) for path in re.findall(r'<path d="(M[^"]+Z)"', svg(nodes, edges, **SAID))]
    drawn = [abs(float(band[-2]) - float(band[1])) for band in bands]
    planned = [ribbon.width for ribbon in of_ribbons(nodes, edges).ribbons if ribbon.width > 1.2]
    assert drawn == pytest.approx(planned, abs=.11) and len(drawn) == 6


def test_bars_share_one_scale_that_holds_every_whisker_and_zero():
    picture = svg(*small(("a", "", "", 10, 14, 4., -2., 10.), ("b", "a", "", 5, 11, 6., 5., 7.),
                         ("c", "a", "+", 5, 3, -2., -2., -2.)), **SAID)
    bars = [(float(x), float(wide)) for x, wide in
            re.findall(r'<rect x="([\d.]+)" y="58.0" width="([\d.]+)" height="9.0"', picture)]
    assert bars == [(29.0, 32.0), (29.0, 48.0), (13.0, 16.0)]       # 96 pixels from -2 to 10, zero at 29
    whiskers = re.findall(r'<rect x="([\d.]+)" y="61.8" width="([\d.]+)" height="1.4"', picture)
    assert whiskers[0] == ("13.0", "96.0")


def test_what_may_be_noise_is_pale_and_not_bold_and_colours_follow_the_sign():
    picture = svg(*frames(), **SAID, colors=("#111111", "#222222"))
    assert 'fill="#111111"' in amount(picture, "+¥44.7M") and "font-weight" in amount(picture, "+¥44.7M")
    assert 'fill="#222222"' in amount(picture, "−¥13.5M")
    opacities = [float(opacity) for opacity in re.findall(r'Z" fill="#111111" fill-opacity="([.\d]+)"', picture)]
    assert opacities.count(min(opacities)) == 1 and min(opacities) < .5 * max(opacities)    # towards value per customer
    assert "font-weight" not in amount(picture, "+¥31.2M")
    pale = [line for line in picture.splitlines() if 'fill-opacity=".18" stroke="#111111"' in line]
    assert len(pale) == 1


def test_an_estimated_effect_is_dashed_and_has_no_badge():
    picture = svg(*frames(), **SAID)
    assert picture.count("stroke-dasharray") == 2       # the edge and the legend
    assert [text for text in texts(picture) if text in ("×", "÷", "−", "+", "~")] == ["×", "×", "÷", "−"]


def test_the_legend_holds_only_what_occurs():
    calm = small(("a", "", "", 1, 1, 0., NAN, NAN), ("b", "a", "", 1, 1, 0., NAN, NAN))
    marks = ("raises", "lowers", "noise", "interval", "unknown", "estimated", "key")
    legend = {words.text(f"kpi_picture.{key}", name="a", confidence="90%") for key in marks}
    assert not legend & set(texts(svg(*calm, **SAID, confidence=.9)))
    rising = small(("a", "", "", 1, 2, 1., .5, 1.5), ("b", "a", "", NAN, NAN, NAN, NAN, NAN))
    assert legend & set(texts(svg(*rising, **SAID, confidence=.9))) == {"raises a", "90% interval"}
    half_known = small(("a", "", "", 1, 2, 1., .5, 1.5), ("b", "a", "", 1, 2, 1., NAN, NAN))
    assert legend & set(texts(svg(*half_known, **SAID))) == {"raises a", words.text("kpi_picture.unknown")}
    assert text_tree(*half_known, .9).splitlines()[0].endswith("90% interval")
    nodes, edges = small(("a", "", "", 1, 2, 1., -1., 3.), ("b", "a", "~", 1, 2, -1., -1.5, 3.))
    narrow = svg(nodes.assign(key=True), edges, **SAID)
    wide = frames()
    assert "translate(0.0,22)" in narrow
    assert "translate(0.0,22)" not in svg(wide[0].fillna({"low": 0}), wide[1], **SAID)
    full = frames()
    assert len(texts(svg(*full, **SAID))) - len(texts(svg(full[0].assign(key=False), full[1], **SAID))) == 1


def test_a_tree_of_levels_has_equal_thin_lines_and_the_interval_of_each_level():
    nodes, edges = frames()
    nothing = dict.fromkeys(["contribution", "low", "high"], NAN)
    nodes = nodes.assign(**nothing, before=NAN, change=NAN, noise=False)
    edges = edges.assign(**nothing)
    low = svg(nodes, edges, **SAID)
    assert "Z" not in "".join(re.findall(r' d="([^"]+)"', low)) and "▲" not in low
    assert "contribution" not in text_tree(nodes, edges)
    assert len(set(re.findall(r'<path d="M[^H]+H[^C]+C[^H]+H[^"]+" (.*)/>', low))) == 2     # dashed, and the others
    tall = svg(nodes.assign(level_low=nodes["after"] * .9, level_high=nodes["after"] * 1.1), edges, **SAID)
    assert "95%: ¥612M to ¥748M" in texts(tall)
    assert float(re.search(r'height="(\d+)"', low)[1]) < float(re.search(r'height="(\d+)"', tall)[1])


@pytest.mark.parametrize(("before", "after", "text"), [
    (100, 90, "▼ 10.0%"), (100, 100 * (1 + 1e-12), "unchanged"), (0, 5, "▲ ¥5"), (-50, 50, "▲ ¥100"),
    (50, -50, "▼ ¥100"), (1, 1e12, "▲ 100T%"), (0, 0, "unchanged"), (100, 0, "▼ 100.0%")])
def test_a_change_is_told_in_percent_only_where_that_has_sense(before, after, text):
    picture = svg(*small(("a", "", "", before, after, 1., NAN, NAN), ("b", "a", "", 1, 1, 1., NAN, NAN)), **SAID)
    assert text in texts(picture)


def test_what_rounding_leaves_of_nothing_is_nothing():
    tree = text_tree(*small(("a", "", "", 1, 2, 1., NAN, NAN), ("b", "a", "", 1, 1, -1e-13, NAN, NAN)))
    assert tree.splitlines()[2].split() == ["└─", "b", "¥1", "unchanged", "¥0"]


def test_an_interval_without_ends_runs_through_the_scale_and_has_no_tips():
    picture = svg(*small(("a", "", "", 1, 2, 1., -math.inf, math.inf), ("b", "a", "", 1, 2, 1., 0., 2.)), **SAID)
    open_, closed = picture.split("<title>a ")[1].split("<title>b ")
    assert 'x="13.0" y="61.8" width="96.0"' in open_ and 'width="1.4"' not in open_
    assert closed.split("</g>")[0].count('width="1.4"') == 2


def test_long_numbers_are_set_smaller_and_never_cut():
    nodes, edges = small(("a", "", "", 0, -999_499, 1e300, NAN, NAN), ("b", "a", "", 1, 2, 1e300, NAN, NAN))
    picture = svg(nodes.assign(unit=["number", "JPY"]), edges, **SAID)
    value, change, part = (amount(picture, text) for text in ("−999,499.00", "▼ 999,499.00", "+1.0e+300"))
    size, letters = (float(re.search(r'font-size="([\d.]+)"', line)[1]) for line in (value, part))
    assert 1.07 * room("−999,499.00", size) + room("▼ 999,499.00", 12.5) < WIDE - 26 and 10 < size < 18
    assert letters <= 12.5 and 'text-anchor="end"' in change and 'text-anchor="end"' in part
    part = amount(svg(*small(("a", "", "", 1, 2, -1e300, NAN, NAN), ("b", "a", "", 1, 2, -1e300, NAN, NAN)), **SAID),
                  "−¥1.0e+300")
    letters = float(re.search(r'font-size="([\d.]+)"', part)[1])
    assert letters < 12.5 and 1.07 * room("−¥1.0e+300", letters) < 70


def test_huge_tiny_and_endless_numbers_have_a_place():
    picture = svg(*small(("a", "", "", 1e300, 2e300, 1e300, -math.inf, math.inf),
                         ("b", "a", "", 1e-300, 1e300, 1e300, NAN, NAN),
                         ("c", "a", "+", -1e15, 12345678.5, 1e-200, 0., math.inf)), **SAID)
    assert not re.search(r'"[^"]*(nan|inf)[^"]*"', picture)


def test_long_labels_are_cut_by_their_width_and_stand_whole_in_the_title():
    for label in ("キャンペーン経由の新規顧客獲得数（オンライン店舗のみ）",
                  "New customers won through campaigns in online shops only"):
        nodes, edges = frames()
        picture = svg(nodes.assign(label=label), edges, **SAID)
        cut = [text for text in texts(picture) if text.endswith("…") and text[:3] == label[:3]]
        assert cut and all(room(text, 12.5) <= WIDE - 26 for text in cut)
        assert any(element.text.startswith(label) for element in ElementTree.fromstring(picture).iter()
                   if element.tag.endswith("title"))


def test_a_node_with_several_parents_is_drawn_once_and_told_once():
    roi = [("roi", "ROI", "ROI", "", "", "number", "", 2., 2.2, .2, .05, .35, True),
           ("profit", "Profit", "利益", "roi", "", "JPY", "", 2e6, 2.42e6, .3, .1, .5, False),
           ("sales", "Sales", "売上", "profit", "", "JPY", "", 3e6, 3.52e6, .5, .3, .7, False),
           ("cost", "Cost", "費用", "profit", "−", "JPY", "", 1e6, 1.1e6, -.3, -.35, -.25, False)]
    nodes, edges = frames(roi, more=[{"parent": "roi", "child": "cost", "operator": "÷", "contribution": -.1,
                                      "low": -.1, "high": -.1}])
    edges.loc[edges["parent"] == "profit", "contribution"] = [.5, -.2]
    layout = of_ribbons(nodes, edges)
    assert layout.cards["cost"][0] == layout.cards["sales"][0] == 2 * (WIDE + GAP)
    into = sorted((ribbon for ribbon in layout.ribbons if ribbon.edge["child"] == "cost"),
                  key=lambda ribbon: ribbon.end)
    assert [ribbon.edge["parent"] for ribbon in into] == ["profit", "roi"]     # the farther one outside
    assert into[1].width == pytest.approx(into[0].width / 2)
    picture = svg(nodes, edges, **SAID)
    assert texts(picture).count("Cost") == 1
    assert [re.search(r'x="([\d.]+)"', amount(picture, sign))[1] for sign in "−÷"] == ["502.5", "210.0"]  # card; ribbon
    assert text_tree(nodes, edges).splitlines()[-2:] == [
        "│  └─ − Cost             ¥1.10M  ▲ 10.0%         −0.30   −0.35 to −0.25",
        "└─ ÷ Cost (shown above)                          −0.10   −0.10 to −0.10"]


def test_a_ribbon_bends_where_no_card_is_in_its_way():
    def ribbon_to_x(parents, further):
        """That of the last edge, from a to x; what does not come from a carries ten times as much."""
        rows = [{"metric": name, "parent": parent, "note": ""} for name, parent in parents]
        edges = [{"parent": parent, "child": name, "operator": "", "contribution": 1. if parent == "a" else 10.}
                 for name, parent in parents[1:]]
        return place(rows, [*edges, dict(further, operator="", contribution=1.)], TALL).ribbons[-1]
    to_x = {"parent": "a", "child": "x"}
    level = ribbon_to_x([("a", ""), ("p", "a"), ("q", "a"), ("x", "q")], to_x)   # q stands before x
    assert level.bend == level.left + WIDE + GAP
    aside = ribbon_to_x([("a", ""), ("p", "a"), ("q", "p"), ("r", "p"), ("s", "p"), ("x", "p")], to_x)
    assert aside.bend == aside.left                                             # p stands before a


def test_the_text_is_a_tree_in_columns_in_both_languages():
    assert text_tree(*frames()).splitlines() == [
        "                                         value     change  contribution          95% interval",
        "Campaign profit ★                        ¥680M     ▲ 6.3%       +¥40.6M  +¥700,000 to +¥80.0M",
        "├─ Customer value                        ¥718M     ▲ 7.4%       +¥49.6M    +¥10.5M to +¥89.2M",
        "│  ├─ Active customers                  36,151     ▲ 2.7%       +¥18.4M    +¥7.00M to +¥30.0M",
        "│  └─ × Value per customer     ¥19,861 /person     ▲ 4.6%       +¥31.2M    −¥5.50M to +¥68.0M  may be noise",
        "│     ├─ ARPU               ¥961 /person/month     ▼ 1.9%       −¥13.5M    −¥25.2M to −¥2.00M",
        "│     ├─ × Gross margin                  62.0%  unchanged            ¥0",
        "│     └─ ÷ Monthly churn ★         3.0% /month  ▼ 0.20 pp       +¥44.7M    +¥9.60M to +¥79.6M",
        "│        └─ ~ NPS                        +27.0   ▲ 6.0 pt       +¥26.8M    +¥11.0M to +¥42.9M",
        "└─ − Campaign cost                      ¥37.8M    ▲ 31.2%       −¥9.00M",
        f"NPS: {NOTE['en']}"]
    with words.speaking("ja"):
        lines = text_tree(*frames(language="ja")).splitlines()
    assert len({display_width(line) for line in lines[1:4]}) == 1 and lines[3].startswith("│  ├─ アクティブ顧客数 ")
    assert lines[4].endswith("  誤差の範囲とも考えられる")


@st.composite
def trees(draw, most=60):
    """Rows of a random tree in depth-first order, some with notes, and its edges with some further parents."""
    count = draw(st.integers(1, most))
    parents = [draw(st.integers(0, max(child - 1, 0))) for child in range(count)]
    order, coming = [], [0]
    while coming:
        order.append(node := coming.pop())
        coming += [child for child in range(count - 1, 0, -1) if parents[child] == node]
    noted = draw(st.sets(st.integers(0, count - 1), max_size=6))
    rows = [{"metric": str(node), "parent": str(parents[node]) if node else "",
             "note": NOTE["en"] if node in noted else ""} for node in order]
    number = st.integers(0, count - 1)
    further = draw(st.lists(st.tuples(number, number), max_size=5))
    pairs = {(parents[node], node) for node in order[1:]} | {pair for pair in further if pair[0] < pair[1]}  # no circle
    return rows, [{"parent": str(parent), "child": str(child), "operator": draw(st.sampled_from(["", "+", "~"])),
                   "contribution": draw(st.floats(-1e9, 1e9))} for parent, child in sorted(pairs)]


@settings(max_examples=60, deadline=None)
@given(trees())
def test_no_two_cards_meet_whatever_the_tree(tree):
    rows, edges = tree
    layout = place(rows, edges, TALL)
    boxes = [(x, y, x + WIDE, y + TALL + LINE * len(layout.notes[name])) for name, (x, y) in layout.cards.items()]
    for (x, y, right, foot), (other_x, other_y, other_right, other_foot) in itertools.combinations(boxes, 2):
        assert right < other_x or other_right < x or foot < other_y or other_foot < y
    assert min(box[0] for box in boxes) == 0 <= min(box[1] for box in boxes)
    assert max(box[2] for box in boxes) == layout.wide and max(box[3] for box in boxes) <= layout.tall
    for ribbon in layout.ribbons:
        assert ribbon.left + GAP <= ribbon.right and ribbon.left <= ribbon.bend <= ribbon.right - GAP
        for at, side in (("parent", ribbon.start), ("child", ribbon.end)):
            top = layout.cards[ribbon.edge[at]][1]
            assert top <= side - ribbon.width / 2 <= side + ribbon.width / 2 <= top + TALL


def test_sixty_cards_are_drawn_smaller_and_two_are_wide_enough_for_the_headline():
    many = small(("a", "", "", 1, 2, 1., NAN, NAN), *((f"n{i}", "a", "+", 1, 2, 1., NAN, NAN) for i in range(59)))
    wide, inner = (float(re.search(pattern, svg(*many, **SAID))[1])
                   for pattern in (r'width="(\d+)"', r'viewBox="0 0 (\d+) '))
    assert wide == pytest.approx(.8 * inner)
    assert re.search(r'width="(\d+)" height="(\d+)" viewBox="0 0 \1 \2"', svg(*frames(), **SAID))
    long = "Profit rose by a lot more than anybody had thought that it could, since churn fell and costs fell with it"
    two = svg(*small(("a", "", "", 1, 2, 1., NAN, NAN), ("b", "a", "", 1, 2, 1., NAN, NAN)), title=long, subtitle="")
    head = [text for text in texts(two) if len(text) > 1 and text in long]
    assert " ".join(head) == long and all(room(line, 19) <= 592 for line in head)


def test_letters_take_the_room_of_their_width():
    assert room("▲", 10) == 7.5 and room("利", 10) == 10 and room("i", 10) < room("a", 10) < room("W", 10)


@given(st.text(max_size=80), st.integers(20, 300))
def test_texts_are_cut_and_wrapped_to_their_room(text, most):
    assert room(fitted(text, most, 12), 12) <= most
    lines = wrapped(text, most, 12)
    assert all(room(line, 12) <= most for line in lines)
    if not any(line.endswith("…") for line in lines):
        assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(("value", "unit", "signed", "english", "japanese"), [
    (999_499, "JPY", False, "¥999,499", "999,499円"), (999_500, "JPY", False, "¥1.00M", "100万円"),
    (99_960_000, "JPY", True, "+¥100M", "+1.00億円"), (-1.234e12, "JPY", False, "−¥1.23T", "−1.23兆円"),
    (19861.2, "JPY", False, "¥19,861", "19,861円"),
    (12.345, "USD", False, "$12.35", "$12.35"), (-2.5e6, "CHF", True, "−CHF 2.50M", "−CHF 250万"),
    (0, "JPY", True, "¥0", "0円"), (3.052, "JPY", False, "¥3.05", "3.05円"),
    (.031, "share", True, "+3.1 pp", "+3.1ポイント"), (5e7, "share", False, "5.00B%", "50.0億%"),
    (2e6, "points", False, "+2.00M", "+200万"), (1e-9, "number", False, "1.0e−09", "1.0e−09"),
    (math.inf, "JPY", True, "+∞", "+∞"), (NAN, "JPY", False, "–", "–"), (1e20, "count", False, "1.0e+20", "1.0e+20")])
def test_a_number_is_told_shortly(value, unit, signed, english, japanese):
    assert short(value, unit, signed=signed) == english
    with words.speaking("ja"):
        assert short(value, unit, signed=signed) == japanese
