"""The page of the KPI tree from whatever data there are: whole exports, orders alone, one's own tree, too little."""

import random
from datetime import date, timedelta

import pytest
from test_pages import EXPORTS, english, made
from test_value_pages import write

from engagelab import cli

pytestmark = pytest.mark.slow
__all__ = ["english"]  # the fixture that each page starts with


def page(data, out):
    assert cli.main(["report", "07", "--data", str(data), "--out", str(out)]) == 0
    return made(out, "07_kpi_tree")


def small(folder, *, days=190, people=120, grow=1.0, tables=("orders",), settings="", language="en", currency="EUR",
          costs=1000):
    """A made-up shop whose customers order more in its second quarter, or not."""
    chance, first = random.Random(7), date(2025, 1, 1)
    folder.mkdir()
    (folder / "engagelab.toml").write_text(
        f'name = "Kiefer"\nlanguage = "{language}"\ncurrency = "{currency}"\n{settings}', encoding="utf-8")
    made = {"orders": [], "costs": [], "subscriptions": [], "customers": []}
    for number in range(people):
        who, opened = f"c{number:04}", first - timedelta(days=chance.randint(0, 300))
        leaves = opened + timedelta(days=chance.randint(60, 900))
        made["customers"].append({"user_id": who, "channel": chance.choice(["web", "shop"]), "segment": "home"})
        made["subscriptions"].append({
            "subscription_id": who, "user_id": who, "plan": "basic", "opened_at": f"{opened}T00:00:00Z",
            "closed_at": f"{leaves}T00:00:00Z" if leaves < first + timedelta(days=days) else "", "amount": 20,
            "currency": currency})
    for day in range(days):
        when = first + timedelta(days=day)
        for number in range(round((3 if day < 90 else 3 * grow) + chance.random())):
            made["orders"].append({
                "order_id": f"{day}-{number}", "user_id": f"c{chance.randrange(people):04}",
                "total": chance.randint(10, 60), "currency": currency, "status": "paid",
                "ordered_at": f"{when}T05:00:00Z"})
        if when.day == 1:
            for kind in ("media", "people"):
                made["costs"].append({"month": f"{when}T00:00:00Z", "channel": "web", "kind": kind,
                                      "amount": costs * (2 if when.month > 3 else 1), "currency": currency})
    for name in tables:
        write(folder, name, made[name])
    return folder


def test_the_exports_say_what_the_sample_says(tmp_path):
    text = page(EXPORTS, tmp_path)
    assert "Marketing (lower) alone is worth" in text and "more than noise" in text
    assert "It does not pay: net value" in text
    assert "Vote" not in text and "Key points" not in text and "nudge" not in text
    assert "@" not in text.replace("@context", "") and "050-0000" not in text


@pytest.mark.parametrize(("how", "said"), [
    ({"grow": 2.0}, "Orders rose by €"),
    ({"grow": .4}, "Orders fell by €"),
    ({"grow": 1.0}, "which may be noise"),
    ({"days": 20}, "compared with"),
    ({"days": 3}, "no two whole periods"),
    ({"tables": ("orders", "costs")}, "Sales less marketing fell by"),
    ({"tables": ("subscriptions",)}, "Months of those who stayed"),
    ({"tables": ("orders", "subscriptions", "costs", "customers"), "settings": "[value]\nmargin = 0.3\n"},
     "Profit after marketing fell by"),
    ({"grow": 2.0, "language": "ja"}, "増加"),
    ({"currency": "JPY", "grow": 2.0}, "rose by ¥"),
    ({"tables": ("orders", "costs"), "settings": '[kpi]\nvalues = {rent = 50}\ntree = """\nleft = customers * '
      'frequency * order_value - marketing - rent  # What is left\n"""\n'}, "What is left"),
    ({"tables": ("orders", "costs", "customers", "subscriptions"), "costs": 0, "settings": "[kpi]\nbudget = 100\n"},
     "Sales less marketing"),
])
def test_a_small_shop_gets_a_page_that_reads_right(tmp_path, how, said):
    text = page(small(tmp_path / "data", **how), tmp_path / "out")
    assert said in text
    for broken in ("Traceback", "NaN", "nan%", "Error:", "{", "}"):
        assert broken not in text.replace("{rent", "")


@pytest.mark.parametrize(("tree", "said"), [
    ("left = orders *", "engagelab.toml, [kpi]: line 1"),
    ("left = customers * unheard_of", "no table tells unheard_of"),
    ("left = order_sale * 2", "did you mean 'order_sales'?"),
    ("left = order_sales\"\nvalues = {rnt = 2}\n#\"", "no leaf rnt")])
def test_a_tree_of_ones_own_that_cannot_be_read_is_said_with_its_line(tmp_path, tree, said, capsys):
    folder = small(tmp_path / "data", settings=f'[kpi]\ntree = "{tree}"\n')
    assert cli.main(["report", "07", "--data", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().out
