import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import trees

from engagelab import words
from engagelab.errors import UsageError
from engagelab.kpi.engine import forward
from engagelab.kpi.formula import label, mermaid, parse

BOARD = """
profit    = value - cost            [JPY]              # campaign profit | 施策利益
value     = customers * ltv         [JPY]
ltv       = arpu * margin / churn   [JPY/person]
churn     ~ nps                     [1/month]          # "~": an estimated effect, not a definition
arpu                                [JPY/person/month]
"""


def worked_out(text, **leaves):
    tree = parse(text)
    return forward(tree.program, [leaves[name] for name in tree.program.inputs])[tree.program.slot[tree.root]]


def refused(text):
    with pytest.raises(UsageError) as error:
        parse(text)
    assert error.value.__cause__ is None and (error.value.__suppress_context__ or error.value.__context__ is None)
    return str(error.value)


def test_the_tree_on_the_whiteboard_is_read_whole():
    tree = parse(BOARD)
    assert {name: (node.kind, node.formula, node.unit, node.line) for name, node in tree.nodes.items()} == {
        "profit": ("definition", "value - cost", "JPY", 2), "value": ("definition", "customers * ltv", "JPY", 3),
        "customers": ("leaf", "", "", 0), "ltv": ("definition", "arpu * margin / churn", "JPY/person", 4),
        "arpu": ("leaf", "", "JPY/person/month", 6), "margin": ("leaf", "", "", 0),
        "churn": ("estimated", "nps", "1/month", 5), "nps": ("leaf", "", "", 0), "cost": ("leaf", "", "", 0)}
    assert tree.program.inputs == ("cost", "customers", "arpu", "margin", "churn", "nps")
    assert tree.nodes["churn"].operators == ("~",) and tree.notes == ()
    profit = worked_out(BOARD, cost=1e6, customers=1000, arpu=980, margin=.5, churn=.035, nps=20)
    assert profit == pytest.approx(13_000_000, rel=1e-14)


def test_a_dict_gives_the_same_tree():
    lines = {"profit": "value - cost [JPY] # campaign profit | 施策利益", "value": "customers * ltv [JPY]",
             "ltv": "arpu * margin / churn [JPY/person]", "churn": "~ nps [1/month]", "arpu": "[JPY/person/month]"}
    one, other = parse(lines), parse(BOARD)
    assert one.program == other.program and list(one.nodes) == list(other.nodes)
    assert parse({"a": "", "b": "a * 2"}).root == "b"


def test_a_japanese_keyboard_writes_the_same_formulas():
    text = "利益　＝　売上　－　費用　［円］　＃　Profit　｜　粗利\n売上　＝　（顧客＋２０）×単価÷（１−解約率）"
    tree = parse(text)
    assert tree.nodes["利益"].unit == "円" and tree.nodes["利益"].labels == {"en": "Profit", "ja": "粗利"}
    assert worked_out(text, 費用=10., 顧客=80., 単価=3., 解約率=.5) == 590
    assert parse("合計 = ａｂ * 2\nab ～ ｾｯｼｮﾝ").nodes["ab"].children == ("セッション",)
    assert parse("ﾃﾞｰﾀ = セッション * 2 # か\u3099").nodes["データ"].labels["ja"] == "が"


def test_what_cannot_be_seen_is_shown_in_an_error_and_never_sent_to_the_screen():
    assert "\ufffd[31m" in refused("a = b \x1b[31m") and "\x1b" not in refused("a = b \x1b[31m")


@pytest.mark.parametrize(("text", "kind", "signs", "constants"), [
    ("y = a * b / c", "product", (1, 1, -1), ()), ("y = a / (b / c)", "product", (1, -1, 1), ()),
    ("y = a - (b - (c - d))", "sum", (1, -1, 1, -1), ()), ("y = a", "sum", (1,), ()), ("y = -a", "sum", (-1,), ()),
    ("y = a * -b", "product", (1, 1, 1), (-1,)), ("y = a - -b", "sum", (1, 1), ()),
    ("y = a * a", "product", (1, 1), ()), ("y = a * (0 + b * c)", "product", (1, 1, 1), ()),
    ("y = 2 * a * 3 / 4", "product", (1, 1, -1), (6, 4)), ("y = 1 + a + 2", "sum", (1, 1), (3,)),
    ("y = 1 * a + 0", "sum", (1,), ()), ("y = (1 + 2) * 4", "sum", (1,), (12,)), ("y = 1 / a", "product", (-1,), ()),
    ("y = +(a)", "sum", (1,), ())])
def test_a_formula_becomes_one_flat_step(text, kind, signs, constants):
    program = parse(text).program
    step, = program.steps
    assert (step.kind, step.signs, program.constants) == (kind, signs, constants)
    assert program.size == len(program.inputs) + len(constants) + 1 and step.out == program.slot["y"]


@pytest.mark.parametrize(("text", "operators"), [
    ("y = a + b - c", {"a": "", "b": "+", "c": "−"}), ("y = (a + b) * c / d", {"a": "", "b": "+", "c": "×", "d": "÷"}),
    ("y = c * (a - b)", {"c": "", "a": "×", "b": "−"}), ("y = 1 - a", {"a": "−"}), ("y = 2 * a", {"a": ""}),
    ("y = a / (b * c)", {"a": "", "b": "÷", "c": "÷"}), ("y = a / b - a", {"a": "−", "b": "÷"}),
    ("y = a + b / a", {"a": "÷", "b": "+"}), ("y = a - b - b", {"a": "", "b": "−−"}),
    ("y ~ a + b", {"a": "~", "b": "~"})])
def test_each_child_says_how_it_enters(text, operators):
    node = parse(text).nodes["y"]
    assert dict(zip(node.children, node.operators, strict=True)) == operators


@given(trees())
def test_a_random_tree_comes_to_what_python_makes_of_its_formulas(made):
    tree = parse(made.text)
    assert tree.root == made.root
    for leaves in (made.before, made.after):
        found = forward(tree.program, [leaves[name] for name in tree.program.inputs])
        expected = made.values(leaves)
        for name, slot in tree.program.slot.items():
            assert math.isclose(found[slot], expected[name], rel_tol=1e-12, abs_tol=1e-12 * made.scale(leaves))


@given(trees())
def test_no_step_holds_a_step_of_its_own_kind_and_children_are_what_the_formula_names(made):
    tree = parse(made.text)
    named = set(tree.program.slot.values())
    kinds = {step.out: step.kind for step in tree.program.steps}
    for step in tree.program.steps:
        assert all(one < step.out for one in step.ins)
        assert all(kinds.get(one) != step.kind for one in step.ins if one not in named)
    for name, formula in made.formulas.items():
        tokens = formula.replace("(", " ").replace(")", " ").replace("-", " ").split()
        assert list(tree.nodes[name].children) == list(dict.fromkeys(one for one in tokens if one[0] in "xn"))


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused_in_a_clear_line(text):
    try:
        assert parse(text).nodes
    except UsageError as error:
        assert str(error).splitlines()[0]


WRONG = [
    ("profit = value * retension\nvalue = a / b\na\nb\nretention = value * 2", "line 1: 'retension' is not defined; "
     "did you mean 'retention'?", "retension"),
    ("a = b ** 2", "line 1: there are no powers; write x * x", "* 2"), ("a = b ^ 2", "write x * x", "^"),
    ("a = b²", "write x * x", "²"), ("a = b // 2", "write one /", "/ 2"), ("new customers", "'=' is missing here", "c"),
    ("a + b", "'=' is missing here", "+"), ("a == b", "one '=' alone", "= b"), ("a = b = c", "one '=' alone", "= c"),
    ("a = b * 5%", "write 0.05 for 5 percent", "%"), ("a = b * 1,000", "write 1000 for 1,000", ","),
    ("a = b * 1_000", "a number is written 1000", "_000"), ("a = b + ¥500", "its currency is the unit", "¥"),
    ("a = b * {c}", "write round brackets", "{"), ("a = b * c [JPY", "this unit cannot be read", "["),
    ("a = b [JPY] * c", "in a formula write round brackets", "["),
    ("a [JPY per person]", "as in [JPY/person/month]", "["), ("a = b * ---c", "is missing here", "--c"),
    ("a = min(b, c)", "there are no functions", ","), ("a = log(b)", "to multiply, write *", "(b"),
    ("a = b c", "an operator is missing", "c"), ("a = b * * c", "there are no powers", "* c"),
    ("a = b * / c", "a name or a number is missing here", "/"), ("a = ", "a name or a number is missing here", ""),
    ("a = (b + c", "this bracket has no partner", "(b"), ("a = b + c) * 2", "this bracket has no partner", ")"),
    ("a = b) + (c", "this bracket has no partner", ")"), ("= b", "a name is one word", "="), ("monthly-cost = b",
    "a name is one word", "-"),
    ("a = b - 'c'", "names are written without quotes", "'c"), ("a = b.c", "cannot stand here", "."),
    ("a = b + __c__", "cannot be a name", "__c__"), ("a = lambda", "no word of Python", "lambda"),
    ("a = b\nb = c * 2\na = b", "line 3: 'a' stands on line 1 already", "a = b"),
    ("x = y + 1\ny = x * 2", "line 1: this is a circle, x -> y -> x", "y"), ("x = x + 1", "circle, x -> x", "x +"),
    ("a = b * 2\nc = b * 3", "nothing uses 'a', 'c'; use 'c' in a formula", "c"),
    ("a = ltv * churm\nltv = b / c * d\nchurn = b", "nothing uses 'a', 'churn'", "churn"),
    ("a ~ b * c", "names of drivers, joined by +", "c"), ("a ~ b - c", "names of drivers", "c"),
    ("a = b ~ c", "'~' stands only between", "~"), ("a = b / 0", "divide by zero", "b"),
    ("a = b / (2 - 2)", "divide by zero", "b"), ("a = " + "1e15*" * 40 + "b", "beyond all bounds", "1e15"),
    ("a = 1e16 * b", "at most 1e+15", "1e16"), ("a = b * " + "1" * 31, "at most 30 figures", "1"),
    ("a = " + "b" * 61, "at most 60 letters", "b"), ("a = " + "b + " * 250 + "b", "at most 1,000 letters", "b"),
    ("a = " + "(" * 51 + "b" + ")" * 51, "50 pairs of brackets", "("),
    ("profit = a - b [JPY]\na [JPY]\nb [JPY/person]", "line 1: a is JPY, b is JPY/person: only like can be added; "
     "multiply b by something in person", "b [JPY]"),
    ("ltv = arpu * margin [JPY/person]\narpu [JPY/person/month]\nmargin [%]", "ltv is JPY/person, its formula comes "
     "out in JPY/person/month; multiply the formula by something in month, or write [JPY/person/month]", "[")]


@pytest.mark.parametrize(("text", "says", "at"), WRONG, ids=[one[0].splitlines()[0][:30] for one in WRONG])
def test_a_wrong_tree_gets_one_line_with_its_place_and_a_remedy(text, says, at):
    """The first line of the error says all, the second is the line of the text, the third points at the place."""
    first, line, caret = refused(text).split("\n")
    assert says in first and first.startswith("line ")
    assert line[4:] in "\n".join(each.strip() for each in text.splitlines()) and set(caret) == {" ", "^"}
    assert line[len(caret) - 1:].startswith(at)
    with words.speaking("ja"):
        told = refused(text).split("\n")
    assert told[0].startswith(first.split(":")[0].removeprefix("line ") + "行目：") and told[1:] == [line, caret]


def test_the_caret_counts_a_japanese_letter_as_two_columns():
    first, line, caret = refused("利益 ＝ 売上 － 費用！").split("\n")
    width = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line.partition("！")[0])
    assert sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in caret.removesuffix("^")) == width
    assert "'！'" in first


def test_a_long_line_is_shown_around_its_place():
    _, line, caret = refused("a = b ! c # " + "x" * 5000).split("\n")
    assert len(line) == 124 and line[len(caret) - 1] == "!"
    _, line, caret = refused("a = " + "b + " * 100 + "c! # " + "x" * 5000).split("\n")
    assert len(line) == 124 and line[len(caret) - 1] == "!"


def test_what_is_not_a_line_of_text_is_refused_by_its_kind():
    assert "not list" in refused([BOARD]) and "not bytes" in refused(BOARD.encode()) and "not dict" in refused({"a": 2})
    assert "20,000 letters" in refused("a = b\n" * 4000) and "20,000 letters" in refused({"a": "b + " * 5001})
    assert "1 to 500 nodes" in refused(" \n# nothing but a remark\n")
    assert "1 to 500 nodes" in refused("\n".join(f"a{at} = b{at}" for at in range(251)))
    assert "a name is one word" in refused({"a # b": "c"}) and "cannot stand here" in refused({"a": "b\nc = 2"})


@pytest.mark.parametrize(("name", "other", "slip"), [
    ("retension", "retention", True), ("retnetion", "retention", True), ("customer", "customers", True),
    ("cost_of_sale", "cost_of_sales", True), ("retention", "retail", False), ("cost_a", "cost_b", False),
    ("visits_2020", "visits_2002", False), ("sales1", "sales2", False), ("ltv", "ltw", False),
    ("新規顧客数", "新規顧客率", False), ("new_visits", "old_visits", False)])
def test_a_name_that_differs_by_one_letter_is_a_slip_and_one_that_is_meant_so_is_none(name, other, slip):
    on_lines = f"root = {name} * a + {other}_ * b\n{other}_ = {other} * a\n{other} = a / b\na\nb"
    if slip:
        assert f"{name!r} is not defined; did you mean {other!r}?" in refused(on_lines)
    else:
        assert parse(on_lines).notes == ()
    on_the_board = parse(f"root = {name} * a + c\nc = {other} * b\n{other} = e / f")
    assert on_the_board.notes == ((f"line 1: {name!r} is used once and looks like {other!r}",) if slip else ())


def test_a_name_that_is_used_twice_or_beside_its_like_is_meant_so():
    assert parse("root = customer * a + c\nc = customer * customers\ncustomers = a * a\na").notes == ()
    assert parse("root = customer / customers\ncustomers = a * a\na").notes == ()
    assert parse("customers = customer * a\na").notes == ()
    assert len(parse("root = retension * c\nc = retention * 2\nretention = 3").notes) == 1


def test_a_unit_that_is_not_written_is_worked_out():
    tree = parse("profit = value - 5\nvalue = people * ltv\nltv = arpu / churn\npeople [人]\narpu [円/人/月]\n"
                 "churn [%/月]")
    assert {name: tree.nodes[name].unit for name in ("profit", "value", "ltv", "arpu")} == {
        "profit": "JPY", "value": "JPY", "ltv": "JPY/person", "arpu": "円/人/月"}
    assert parse("y = 1 - a\na [%]").nodes["y"].unit == "%" and parse("y = a * b\na [JPY]").nodes["y"].unit == ""
    assert parse("y = a + b\na [1]\nb [%]").nodes["y"].unit == "%" and parse("y = 3").nodes["y"].unit == ""
    assert parse("y = a * year\na [JPY/month]\nyear = 12 [month/year]").nodes["y"].unit == "JPY/year"


def test_a_label_is_in_the_language_that_is_spoken():
    tree = parse("profit = new_value - cost  # Profit | 利益\ncost # Costs\nnew_value # | 価値")
    shown = {name: (label(node), label(node, "ja")) for name, node in tree.nodes.items()}
    assert shown == {"profit": ("Profit", "利益"), "cost": ("Costs", "Costs"), "new_value": ("価値", "価値")}
    with words.speaking("ja"):
        assert label(tree.nodes["profit"]) == "利益"


@pytest.mark.parametrize("remark", ['"~": an estimated effect', "'so'", "「注」"])
def test_a_remark_in_quotation_marks_is_no_label(remark):
    assert label(parse(f"churn ~ nps [1/month]  # {remark}").nodes["churn"]) == "churn"


def test_the_text_for_mermaid_is_the_same_each_time_and_holds_no_letter_that_mermaid_reads():
    tree = parse("profit = value - cost # x\"]; click <b> `x` 1. a\nvalue ~ nps")
    assert mermaid(tree) == mermaid(tree) == "\n    ".join((
        "flowchart LR", 'n0["x#34;#93;#59; click #60;b#62; #96;x#96; 1#46; a"]', "n0 --- n1", 'n0 ---|"−"| n3',
        'n1["value"]', 'n1 -.-|"~"| n2', 'n2["nps"]', 'n3["cost"]'))
