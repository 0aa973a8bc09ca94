"""What a KPI tree is made of: its lines, and the steps by which it is worked out.

A line defines a node (`=`), says what an observed node is driven by (`~`), or names a leaf. Every formula becomes steps
that are either a sum with signs or a product with powers of plus and minus one: all that the exact explanation needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """A line of the tree.

    kind : "definition", "estimated" (observed, with `~` drivers) or "leaf". formula : as written, in plain blanks.
    children : what it is made of or driven by, each once, in the order of writing. operators : how each enters:
    "+", "−", "×", "÷", "~"; "" for the first of a sum or product, several signs in one name where it enters twice.
    unit : as written without brackets, "" where none. labels : by language, {} where none. line : where it stands.
    """

    name: str
    kind: str
    formula: str = ""
    children: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    unit: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True)
class Step:
    """One sum or product: which slots go in, each with its sign (of a sum) or power, +1 or -1 (of a product)."""

    out: int
    kind: str  # "sum" or "product"
    ins: tuple[int, ...]
    signs: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """The steps in the order in which they can be worked out.

    Slots hold the inputs first, then constants, then what the steps give. `slot` : the place of each node.
    """

    inputs: tuple[str, ...]            # the names that are measured: leaves and estimated nodes, in order of writing
    constants: tuple[float, ...]
    steps: tuple[Step, ...]
    slot: Mapping[str, int]
    size: int


@dataclass(frozen=True)
class Link:
    """An estimated effect: by how much a node moves when its driver rises by one; its standard error and source.

    origin : the comparison that it comes from.
    """

    node: str
    driver: str
    effect: float
    se: float
    source: str = ""
    origin: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Structure:
    """A tree as it was read: nodes from the root down, depth first; its program, effects and key indicators."""

    nodes: Mapping[str, Node]
    root: str
    program: Program
    links: Mapping[tuple[str, str], Link] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()        # what the reader should look at again, such as a name that looks like a slip
