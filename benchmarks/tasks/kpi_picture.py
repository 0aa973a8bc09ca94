"""The picture of an explained tree of twelve nodes, drawn a hundred times: five milliseconds of CPU each at most."""

from collections.abc import Callable
from pathlib import Path

TITLE = "kpi: the picture of 12 nodes, 100 times"
OURS = PEER = "svg"
SCAN = None
TARGETS = {"cpu_s": .5}
TEXT = """
profit    = value - cost            [JPY]
value     = customers * ltv         [JPY]
ltv       = arpu * margin / churn   [JPY/person]
arpu      = orders * basket         [JPY/person/month]
cost      = media + staff           [JPY]
customers [person]
orders [order/person/month]
basket [JPY/order]
margin [%]
churn [1/month]
media [JPY]
staff [JPY]
"""


def data(folder: Path) -> Path:
    """Nothing is read."""
    return folder


def ours(path: Path) -> Callable[[], None]:
    """`Explained.svg`."""
    from engagelab.kpi.tree import Tree

    before = {"customers": (995, 9), "orders": (1.2, .02), "basket": (810, 8), "margin": .62,
              "churn": (.032, .0004), "media": 2e6, "staff": 1e6}
    found = Tree(TEXT).explain(before, before | {"customers": (1030, 9), "churn": (.030, .0004), "media": 2.6e6})
    found.svg()

    def run() -> None:
        for _ in range(100):
            found.svg()
    return run


CANDIDATES = {OURS: ours}
