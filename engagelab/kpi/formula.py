"""The text of a tree: read as one would write it on a whiteboard, checked, and turned into steps.

    name [= formula | ~ driver + driver] [unit]  # English label | Japanese label    # "a remark in quotation marks"

A formula is names, numbers, + - * / and round brackets: where every contribution is exact. What else stands in it is
refused before Python's own parser (the `ast` module of its manual) sees it; nothing is ever run.
"""

import ast
import keyword
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate
from typing import Any, NoReturn

from engagelab import words
from engagelab.errors import UsageError, near
from engagelab.kpi import units
from engagelab.kpi.structure import Node, Program, Step, Structure

# At most: letters of a text, a formula, a number, a name, and of a line in an error; brackets; nodes;
# a number; words of a derived unit, beyond which it is taken as unknown.
TEXT, FORMULA, DIGITS, NAME, WINDOW, BRACKETS, NODES, LARGEST, WORDS = 20_000, 1_000, 30, 60, 120, 50, 500, 1e15, 20
PLAIN = str.maketrans({chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)} | {   # as Japanese keyboards write
    "\u3000": " ", "\u00a0": " ", "×": "*", "÷": "/", "−": "-", "–": "-", "〜": "~", "￥": "¥", "²": "^", "³": "^"})
LINE = re.compile(r"([^=~[#]*)(?:([=~])([^[#]*))?(?:\[([^]#]*)(]?)([^#]*))?(?:#([^|]*)(?:\|(.*))?)?")
TOKEN = re.compile(r"(?P<number>(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<sign>[-+*/()])|"
                   r"(?P<name>[^-+*/() ]+)", re.ASCII)
WRONG = {"call": r"a\(", "operator": "[a0)][a0(]", "power": r"\*\*", "floor": "//",     # of what stands side by side
         "operand": "[-(+*/][*/)]|[-+*/][-+]{2}"}
HINTS = {letter: hint for letters, hint in (
    ("^", "power"), ("=", "equals"), ("~", "tilde"), ("%", "percent"), (",", "comma"), ("¥$€£", "currency"),
    ("[]{}<>「」【】『』〔〕《》", "brackets"), ("'\"“”‘’`", "quotes"), ("・·", "letter")) for letter in letters}
SIGNS = {("sum", 1): "+", ("sum", -1): "−", ("product", 1): "×", ("product", -1): "÷"}
OPERATORS = {ast.Add: ("sum", 1), ast.Sub: ("sum", -1), ast.UAdd: ("sum", 1), ast.USub: ("sum", -1),
             ast.Mult: ("product", 1), ast.Div: ("product", -1)}


@dataclass(frozen=True)
class Part:
    """A piece of a formula, from one place of its line to another.

    kind : "number", "name", "sum" or "product". value : the number or the name. terms : each with its sign, or power.
    """

    kind: str
    start: int
    end: int
    value: float | str = ""
    terms: tuple[tuple[int, "Part"], ...] = ()

    def ends(self, operator: str = "") -> Iterator[tuple[str, "Part"]]:
        """Every name and number in it and how it enters; the first of a sum or product enters as the whole does."""
        if not self.terms:
            yield operator, self
        for at, (sign, part) in enumerate(self.terms):
            yield from part.ends(operator if at == 0 and sign > 0 else SIGNS[self.kind, sign])


class Line:
    """One line of a tree. `code` is its text, letter by letter as the rules know it: places are the same in both."""

    def __init__(self, number: int, row: str):
        plain = unicodedata.normalize("NFC", row.replace("\t", " ").strip("\ufeff").strip())
        self.text = "".join(one if one.isprintable() or one == "\u3000" else "\ufffd" for one in plain)
        self.number, self.code, self.part = number, self.text.translate(PLAIN), Part("number", 0, 0)
        match = next(LINE.finditer(self.code))
        self.body, self.unit_at, self.sign = match.span(3), match.start(4) - 1, match[2] or ""
        self.unit, english, japanese = (self.text[slice(*match.span(at))].strip() for at in (4, 7, 8))
        remark = english[:1] in tuple("'\"“‘「『")  # a quotation says something of the line, and is no label
        self.labels = {} if remark or not english + japanese else {"en": english or japanese, "ja": japanese or english}
        self.name, self.own = match[1].rstrip(), units.read(self.unit)
        self.uses: dict[str, int] = {}         # of each name in the formula, where it stands last
        self.children: dict[str, str] = {}     # and how it enters
        if match[4] is not None and (not match[5] or match[6].strip() or self.own is None):
            self.refuse("kpi.formula.unit", self.unit_at)

    def refuse(self, key: str, at: int, **values: object) -> NoReturn:
        """An error that names the line and points at the place."""
        at += len(self.text[at:]) - len(self.text[at:].lstrip())
        left = max(0, at - WINDOW // 2)
        blank = "".join("\u3000" if unicodedata.east_asian_width(one) in "WF" else " " for one in self.text[left:at])
        raise UsageError("kpi.formula.at", line=self.number, what=words.text(key, **values),
                         pointed=f"\n    {self.text[left:left + WINDOW]}\n    {blank}^") from None

    def read(self) -> None:
        """Check all that stands in the line, and make a part of its formula."""
        gap = re.search(r"[-+*/() ]", self.name)
        if gap or not self.name:
            self.refuse("kpi.formula.no_name" if self.sign else "kpi.formula.no_equals", gap.start() if gap else 0)
        self.name = self.named(self.name, 0)
        if self.sign:
            self.check()
            try:
                self.part = self.made(ast.parse(f"({self.code[slice(*self.body)]})", mode="eval").body)
            except RecursionError:    # far down in somebody's program
                self.refuse("kpi.formula.long", self.body[0], most=FORMULA, brackets=BRACKETS)
        for operator, part in self.part.ends() if self.sign else ():
            if self.sign == "~" and (part.kind != "name" or operator not in ("", "+")):
                self.refuse("kpi.formula.drivers", part.start)
            if part.kind == "name":
                name = str(part.value)
                self.uses[name] = part.start
                self.children[name] = "~" if self.sign == "~" else self.children.get(name, "") + operator

    def node(self, unit: units.Unit | None) -> Node:
        """The line as a node of the tree, with the unit that it has or comes to."""
        return Node(self.name, {"=": "definition", "~": "estimated"}.get(self.sign, "leaf"),
                    " ".join(self.text[slice(*self.body)].split()), tuple(self.children), tuple(self.children.values()),
                    self.unit or ("" if unit is None else units.written(unit)), self.labels, self.number)

    def named(self, run: str, at: int) -> str:
        """The name that stands here, its letters written as Python writes those of names."""
        for place, letter in enumerate(run, at):
            if letter in HINTS or not f"a{letter}".isidentifier():
                self.refuse(f"kpi.formula.{HINTS.get(letter, 'letter')}", place, letter=repr(self.text[place]))
        name = unicodedata.normalize("NFKC", run)
        if not name.isidentifier() or name[0] == "_" or keyword.iskeyword(name) or len(name) > NAME:
            self.refuse("kpi.formula.name", at, name=repr(name[:NAME]), most=NAME)
        return name

    def check(self) -> None:
        """Only names, numbers, + - * / and round brackets go on to the parser, each where it can stand."""
        start, end = self.body
        if end - start > FORMULA or self.code[start:end].count("(") > BRACKETS:
            self.refuse("kpi.formula.long", start, most=FORMULA, brackets=BRACKETS)
        tokens = list(TOKEN.finditer(self.code, start, end))
        for token in tokens:
            if token["name"]:
                self.named(token["name"], token.start())
            if token["number"] and (len(token[0]) > DIGITS or float(token[0]) > LARGEST):
                self.refuse("kpi.formula.number", token.start(), digits=DIGITS, most=LARGEST)
        kinds = "".join("a" if token["name"] else "0" if token["number"] else token[0] for token in tokens)
        places = [token.start() for token in tokens] + [end]
        if wrong := re.search("|".join(f"(?P<{key}>{pair})" for key, pair in WRONG.items()), f"({kinds})"):
            self.refuse(f"kpi.formula.{wrong.lastgroup}", places[wrong.end() - 2])
        depth = list(accumulate({"(": 1, ")": -1}.get(kind, 0) for kind in kinds))
        if min(depth) < 0 or depth[-1] > 0:
            self.refuse("kpi.formula.unpaired", places[depth.index(-1) if min(depth) < 0 else kinds.rindex("(")])

    def made(self, node: Any) -> Part:
        """The part that an expression comes to: its numbers worked out, sums in sums and products in products one."""
        source = f"({self.code[slice(*self.body)]})".encode()
        start, end = (self.body[0] - 1 + len(source[:at].decode()) for at in (node.col_offset, node.end_col_offset))
        if isinstance(node, ast.Name):
            return Part("name", start, end, node.id)
        if isinstance(node, ast.Constant):
            return Part("number", start, end, float(node.value))  # type: ignore[arg-type]
        kind, own = OPERATORS[type(node.op)]
        parts = [(1, self.made(node.left)), (own, self.made(node.right))] if isinstance(node, ast.BinOp) else [
            (own, self.made(node.operand))]
        terms: list[tuple[int, Part]] = []
        for sign, part in parts:
            if kind == "product" and part.kind == "sum" and len(part.terms) == 1:   # a minus in front
                terms.append((1, Part("number", start, end, -1.0)))
                part = part.terms[0][1]
            terms += [(sign * inner, one) for inner, one in part.terms] if part.kind == kind else [(sign, part)]
        together = math.fsum if kind == "sum" else math.prod
        plus, minus = (together(float(part.value) for power, part in terms if part.kind == "number" and power == sign)
                       for sign in (1, -1))
        numbers = [(1, plus - minus)] if kind == "sum" else [(1, plus), (-1, minus)]
        if any(not math.isfinite(value) or (sign < 0 and not value) for sign, value in numbers):
            self.refuse("kpi.formula.infinite", start)
        terms = [(sign, part) for sign, part in terms if part.kind != "number"]
        if not terms:
            return Part("number", start, end, plus - minus if kind == "sum" else plus / minus)
        terms += [(sign, Part("number", start, end, value)) for sign, value in numbers if value != (kind == "product")]
        return terms[0][1] if len(terms) == 1 == terms[0][0] else Part(kind, start, end, "", tuple(terms))


def parse(text: str | Mapping[str, str]) -> Structure:
    """A tree from its text, or from a dict {name: the rest of its line}.

    The root is the one node that no other uses; a name without a line of its own is a leaf. Such a name that is used
    once and differs by one letter from a line's name is refused as a slip where all other leaves have lines; where
    leaves are named in formulas alone, it is told in `.notes`. A unit that is not written is worked out where known.

    >>> tree = parse('''
    ... profit    = value - cost            [JPY]              # campaign profit | 施策利益
    ... value     = customers * ltv         [JPY]
    ... ltv       = arpu * margin / churn   [JPY/person]
    ... churn     ~ nps                     [1/month]          # "~": an estimated effect, not a definition
    ... arpu                                [JPY/person/month]
    ... ''')
    >>> tree.root, list(tree.nodes)
    ('profit', ['profit', 'value', 'customers', 'ltv', 'arpu', 'margin', 'churn', 'nps', 'cost'])
    >>> tree.nodes["ltv"].children, tree.nodes["ltv"].operators, label(tree.nodes["profit"], "ja")
    (('arpu', 'margin', 'churn'), ('', '×', '÷'), '施策利益')
    >>> parse("profit = value - cost\\nvalue = arpu ** 2")
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: line 2: there are no powers; write x * x
        value = arpu ** 2
                      ^
    """
    lines: dict[str, Line] = {}
    for line in _lines(text):
        if line.name in lines:
            line.refuse("kpi.formula.twice", 0, name=repr(line.name), first=lines[line.name].number)
        lines[line.name] = line
    names = list(dict.fromkeys(name for line in lines.values() for name in (line.name, *line.children)))
    if not 0 < len(names) <= NODES:
        raise UsageError("kpi.formula.size", most=NODES)
    notes, order = _slips(lines), _order(lines)
    roots = [name for name in lines if not any(name in line.children for line in lines.values())]
    if len(roots) > 1:
        lines[roots[1]].refuse("kpi.formula.roots", 0, roots=words.joined(map(repr, roots)), name=repr(roots[1]),
                               near=near(roots[1], [name for name in names if name not in lines]))
    found = _units(order, lines)
    nodes: dict[str, Node] = {}
    ahead = roots
    while ahead:
        if (name := ahead.pop()) not in nodes:
            nodes[name] = lines[name].node(found[name]) if name in lines else Node(name, "leaf")
            ahead += reversed(nodes[name].children)
    return Structure(nodes, next(iter(nodes)), _program(order, lines, names), notes=notes)


def _lines(text: str | Mapping[str, str]) -> Iterator[Line]:
    """The lines that say something."""
    if isinstance(text, str):
        rows = text[:TEXT + 1].splitlines(keepends=True)
    elif isinstance(text, Mapping) and all(isinstance(each, str) for pair in text.items() for each in pair):
        rows = [f"{name.translate(PLAIN).replace('#', '?')} "
                f"{'' if rest.translate(PLAIN).strip()[:1] in ('', '~', '[', '#') else '='} {rest}"
                for name, rest in text.items()]
    else:
        raise UsageError("kpi.formula.no_text", kind=type(text).__name__)
    if sum(map(len, rows)) > TEXT:
        raise UsageError("kpi.formula.text_long", most=TEXT)
    for number, row in enumerate(rows, 1):
        line = Line(number, row)
        if line.code.partition("#")[0].strip():
            line.read()
            yield line


def _slips(lines: Mapping[str, Line]) -> tuple[str, ...]:
    """What to say of names that look like slips; an error where the tree names its other leaves on lines."""
    bare = [(line, name) for line in lines.values() for name in line.children if name not in lines]
    once = [(line, name) for line, name in bare if [other for _, other in bare].count(name) == 1]
    slips = [(line, name, own) for line, name in once for own in lines
             if own != line.name and own not in line.children and _one_slip(name, own)]
    if slips and {name for _, name, _ in slips} == {name for _, name in bare} and not all(
            line.sign for line in lines.values()):
        line, name, own = slips[0]
        line.refuse("kpi.formula.slip", line.uses[name], name=repr(name), near=repr(own))
    return tuple(words.text("kpi.formula.looks_like", line=line.number, name=repr(name), near=repr(own))
                 for line, name, own in slips)


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter of a word of a name was left out, added, mistaken or moved; other digits are meant so."""
    left, right = ({name, *(name[:at] + name[at + 1:] for at in range(len(name)))} for name in (one, other))
    changed = set(one.split("_")) ^ set(other.split("_"))
    return bool(left & right) and all(len(word) > 3 and word.isascii() and word.isalpha() for word in changed)


def _order(lines: Mapping[str, Line]) -> list[str]:
    """The names in an order in which they can be worked out."""
    try:
        return list(TopologicalSorter({name: line.children for name, line in lines.items()}).static_order())
    except CycleError as error:
        circle = error.args[1][::-1]
        line = lines[circle[0]]
        line.refuse("kpi.formula.circle", line.uses[circle[1]], circle=" -> ".join(circle))


def _units(order: list[str], lines: Mapping[str, Line]) -> dict[str, units.Unit | None]:
    """The unit of every name, written or worked out; None where it is not known."""
    found: dict[str, units.Unit | None] = {}
    for name in order:
        line = lines.get(name)
        found[name] = own = line.own if line else None
        if line and line.sign == "=":
            made = _unit(line, line.part, found)
            found[name] = made if own is None else own
            if own is not None and made is not None and not units.alike(own, made):
                line.refuse("kpi.formula.unlike_own", line.unit_at, name=name, plain=units.written(made),
                            own=units.written(own, shown=True), made=units.written(made, shown=True),
                            remedy=units.remedy(words.text("kpi.formula.the_formula"), made, own))
    return found


def _unit(line: Line, part: Part, found: Mapping[str, units.Unit | None]) -> units.Unit | None:
    """The unit of a part: that of what is known in a sum, the product of all in a product."""
    if not part.terms:
        return found.get(str(part.value))
    terms = [(sign, term, _unit(line, term, found)) for sign, term in part.terms if term.kind != "number"]
    if part.kind == "product":
        made: units.Unit = {}
        for sign, _, own in terms:
            if own is None or sum(map(abs, made.values())) > WORDS:
                return None
            made = units.product(made, own, sign)
        return made
    known = [(" ".join(line.text[term.start:term.end].split()), term, own) for _, term, own in terms if own is not None]
    for name, term, own in known:
        if not units.alike(own, known[0][2]):
            line.refuse("kpi.formula.unlike", term.start, first=known[0][0], other=name,
                        unit=units.written(known[0][2], shown=True), another=units.written(own, shown=True),
                        remedy=units.remedy(name, own, known[0][2]))
    return next((own for _, _, own in known if "%" in own), known[0][2] if known else None)


def _program(order: list[str], lines: Mapping[str, Line], names: list[str]) -> Program:
    """The steps of all formulas: a step a sum or product, in the order in which they can be worked out."""
    made = {name: lines[name].part for name in order if name in lines and lines[name].sign == "="}
    inputs = tuple(name for name in names if name not in made)
    constants = tuple(dict.fromkeys(float(part.value) for whole in made.values() for _, part in whole.ends()
                                    if part.kind == "number"))
    slot = {name: at for at, name in enumerate(inputs)}
    free = len(inputs) + len(constants)
    steps: list[Step] = []

    def placed(part: Part) -> int:
        if not part.terms:
            return slot[part.value] if isinstance(part.value, str) else len(inputs) + constants.index(part.value)
        ins = tuple(placed(one) for _, one in part.terms)
        steps.append(Step(free + len(steps), part.kind, ins, tuple(sign for sign, _ in part.terms)))
        return steps[-1].out

    for name, part in made.items():
        slot[name] = placed(part if part.terms else Part("sum", part.start, part.end, "", ((1, part),)))
    return Program(inputs, constants, tuple(steps), slot, free + len(steps))


def label(node: Node, language: str = "") -> str:
    """What a node is called, in the current language or this one: its label, or its name with blanks.

    >>> label(Node("new_customers", "leaf"))
    'new customers'
    """
    return node.labels.get(language or words.language()) or node.name.replace("_", " ")


def mermaid(structure: Structure) -> str:
    """The tree as a text that Mermaid draws (https://mermaid.js.org/syntax/flowchart.html); dashed where estimated.

    >>> print(mermaid(parse("ltv = margin / churn")))
    flowchart LR
        n0["ltv"]
        n0 --- n1
        n0 ---|"÷"| n2
        n1["margin"]
        n2["churn"]
    """
    place = {name: f"n{at}" for at, name in enumerate(structure.nodes)}
    texts = ["flowchart LR"]
    for node in structure.nodes.values():
        said = re.sub(r"[^\w /%()]", lambda letter: f"#{ord(letter[0])};", label(node))
        texts.append(f'{place[node.name]}["{said}"]')
        for child, sign in zip(node.children, node.operators, strict=True):
            badge = f'|"{sign}"|' if sign else ""
            texts.append(f"{place[node.name]} {'-.-' if sign == '~' else '---'}{badge} {place[child]}")
    return "\n    ".join(texts)
